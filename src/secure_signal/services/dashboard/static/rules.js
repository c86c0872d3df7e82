// Which rules are in force, and why changed ones are not.

import { byId } from "./dom.js";
import { count, time } from "./format.js";

const EVERY_MS = 5_000;

// Asks again and again; where there is no answer, what was told stays.
export async function followRules() {
  try {
    const answer = await fetch("v1/rules");
    if (answer.ok) show((await answer.json()).detectors);
  } catch {
    // The stream tells that the connection is lost.
  }
  setTimeout(followRules, EVERY_MS);
}

function show(detectors) {
  // A detector that has died has no rules in force; another may have its work already.
  const sets = new Map(detectors.filter((each) => !each.silent).map((each) => [each.ruleset, each.rules]));
  byId("rules").textContent = [...sets.values()].map(count).join(" and ") || "–";
  const unit = sets.size > 1 ? `in force: ${sets.size} rule sets` : "in force";
  byId("rules-unit").textContent = unit + silence(detectors.filter((each) => each.silent));
  const refusing = detectors.find((each) => each.refusal && !each.silent);
  byId("refusal").textContent = refusing ? text(refusing.refusal) : "";
  byId("refusal").hidden = !refusing;
}

function silence(detectors) {
  if (!detectors.length) return "";
  const [last] = detectors.sort((one, other) => other.seen_at.localeCompare(one.seen_at));
  const more = detectors.length > 1 ? ` and ${count(detectors.length - 1)} more` : "";
  return `; no sign from ${last.instance}${more} since ${time(last.seen_at)}`;
}

function text(refusal) {
  const [first] = refusal.problems;
  const where = first.line === null ? first.file : `${first.file}:${first.line}`;
  const more = refusal.count > 1 ? ` And ${count(refusal.count - 1)} more.` : "";
  return `Changed rules were refused at ${time(refusal.time)}; those from before stay in force. ${where}: ${first.text}.${more}`;
}

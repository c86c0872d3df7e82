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
  const sets = new Map(detectors.map((detector) => [detector.ruleset, detector.rules]));
  byId("rules").textContent = [...sets.values()].map(count).join(" and ") || "–";
  byId("rules-unit").textContent = sets.size > 1 ? `in force: ${sets.size} rule sets` : "in force";
  const refusing = detectors.find((detector) => detector.refusal);
  byId("refusal").textContent = refusing ? text(refusing.refusal) : "";
  byId("refusal").hidden = !refusing;
}

function text(refusal) {
  const [first] = refusal.problems;
  const where = first.line === null ? first.file : `${first.file}:${first.line}`;
  const more = refusal.count > 1 ? ` And ${count(refusal.count - 1)} more.` : "";
  return `Changed rules were refused at ${time(refusal.time)}; those from before stay in force. ${where}: ${first.text}.${more}`;
}

// One anomaly with the signals that made it.

import { byId, element, timeElement } from "./dom.js";
import { count, time } from "./format.js";

export async function showDetail(anomaly) {
  byId("detail-summary").textContent = anomaly.summary;
  byId("detail-summary").className = "foreign";
  byId("detail-fields").replaceChildren(...fields(anomaly));
  byId("evidence").replaceChildren();
  byId("detail-note").textContent = "Loading…";
  byId("detail").dataset.id = anomaly.id;
  byId("detail").showModal();
  const [signals, note] = await evidence(anomaly.id);
  if (byId("detail").dataset.id !== anomaly.id) return;
  byId("detail-note").textContent = note;
  byId("evidence").replaceChildren(...signals.map(render));
}

async function evidence(id) {
  try {
    const answer = await fetch(`v1/anomalies/${encodeURIComponent(id)}`);
    if (!answer.ok) return [[], (await answer.json()).detail];
    const found = JSON.parse(await answer.text(), exactly);
    const missing = found.not_shown.length;
    const note = `${count(found.signals.length)} ${found.signals.length === 1 ? "signal" : "signals"}, the oldest first.`;
    return [found.signals, missing ? `${note} ${count(missing)} more, stored no more or not yet.` : note];
  } catch {
    return [[], "The service does not answer. Close this and try again."];
  }
}

// A number is shown as it was stored, however many digits it has.
function exactly(_, value, context) {
  return typeof value === "number" && context && JSON.rawJSON ? JSON.rawJSON(context.source) : value;
}

function fields(anomaly) {
  const severity = element("span", "severity", anomaly.severity);
  severity.dataset.severity = anomaly.severity;
  return [
    ["Severity", severity],
    ["User", element("bdi", "foreign", anomaly.user_id)],
    ["Rule", element("span", "foreign", anomaly.rule_title)],
    ["Type", element("span", "foreign", anomaly.anomaly_type)],
    ["Happened", timeElement(anomaly.event_time, time(anomaly.event_time))],
    ["Detected", timeElement(anomaly.detection_timestamp, time(anomaly.detection_timestamp))],
    ["Group", element("code", "foreign", JSON.stringify(anomaly.group))],
  ].flatMap(([name, value]) => {
    const description = document.createElement("dd");
    description.append(value);
    return [element("dt", "", name), description];
  });
}

function render(signal) {
  const item = document.createElement("li");
  item.append(
    timeElement(signal.timestamp, time(signal.timestamp)),
    " ",
    element("b", "foreign", signal.type),
    " ",
    element("bdi", "foreign", signal.user_id),
    element("pre", "foreign", JSON.stringify(signal.payload, null, 2)),
  );
  return item;
}

// How the pipeline does, in numbers.

import { byId, element } from "./dom.js";
import { count, rate } from "./format.js";

const SEVERITIES = ["critical", "high", "medium", "low", "informational"];

export function showPulse(pulse) {
  byId("arrival-rate").textContent = rate(pulse.arrival_rate);
  byId("storing-rate").textContent = rate(pulse.storing_rate);
  byId("lag").textContent = count(pulse.lag);
  byId("stored").textContent = count(pulse.stored);
  byId("trouble").textContent = pulse.trouble;
  byId("trouble").hidden = !pulse.trouble;
  const found = SEVERITIES.filter((severity) => pulse.anomalies[severity]);
  byId("found").textContent = count(found.reduce((sum, severity) => sum + pulse.anomalies[severity], 0));
  byId("severities").replaceChildren(...found.map((severity) => figure(severity, pulse.anomalies[severity])));
}

function figure(severity, number) {
  const made = element("span", "severity", `${count(number)} ${severity}`);
  made.dataset.severity = severity;
  return made;
}

import { Anomalies } from "./anomalies.js";
import { Chart } from "./chart.js";
import { byId } from "./dom.js";
import { showPulse } from "./figures.js";
import { follow } from "./live.js";
import { followRules } from "./rules.js";
import { signedIn, signOut } from "./session.js";

const anomalies = new Anomalies();
const chart = new Chart(byId("chart"));

function status(state, text) {
  byId("status").dataset.state = state;
  byId("status").textContent = text;
  byId("live").classList.toggle("stale", state === "lost");
}

const handlers = {
  history(pulses) {
    status("live", "Live");
    byId("live").hidden = false;
    chart.replace(pulses);
    if (pulses.length) showPulse(pulses.at(-1));
    // A failure is the pulse's trouble, too.
    anomalies.load().catch(() => {});
  },
  pulse(pulse) {
    showPulse(pulse);
    chart.add(pulse);
  },
  anomaly(anomaly) {
    anomalies.add(anomaly);
  },
  lost() {
    status("lost", "Connection lost. Trying again…");
  },
};

async function start() {
  try {
    await signedIn();
    follow(handlers, signedIn);
    followRules();
  } catch (error) {
    status("lost", `The service does not answer (${error.message}). Trying again…`);
    setTimeout(start, 2000);
  }
}

byId("sign-out").onclick = signOut;
start();

// The list of the latest anomalies, the last detected first.

import { byId, element, timeElement } from "./dom.js";
import { showDetail } from "./detail.js";
import { time } from "./format.js";

const PAGE = 50;

export class Anomalies {
  #list = byId("anomalies");
  #items = new Map();
  // What comes live pushes the oldest out; "Show older" brings them back.
  #most = 200;

  constructor() {
    byId("older").onclick = () => this.#older();
  }

  // The first page; whatever is shown already stays.
  async load() {
    const page = await ask(`v1/anomalies?limit=${PAGE}`);
    for (const anomaly of page.items.reverse()) this.#insert(anomaly);
    if (this.#items.size <= PAGE) byId("older").hidden = page.next === null;
    this.#trim();
  }

  add(anomaly) {
    this.#insert(anomaly)?.classList.add("new");
    this.#trim();
  }

  async #older() {
    // Up to the millisecond after the last one, for others may have been detected in the same instant.
    const until = new Date(Date.parse(this.#list.lastElementChild.dataset.detected) + 1).toISOString();
    let url = `v1/anomalies?limit=${PAGE}&until=${until}`;
    let found = 0;
    while (url && !found) {
      const page = await ask(url);
      found = page.items.filter((anomaly) => this.#insert(anomaly)).length;
      url = page.next;
    }
    this.#most = Math.max(this.#most, this.#items.size);
    byId("older").hidden = !url;
  }

  #insert(anomaly) {
    if (this.#items.has(anomaly.id)) return null;
    const item = render(anomaly);
    this.#items.set(anomaly.id, item);
    const after = [...this.#list.children].find((other) => other.dataset.detected < item.dataset.detected);
    this.#list.insertBefore(item, after ?? null);
    return item;
  }

  #trim() {
    while (this.#items.size > this.#most) {
      const last = this.#list.lastElementChild;
      this.#items.delete(last.dataset.id);
      last.remove();
      byId("older").hidden = false;
    }
    byId("empty").hidden = this.#items.size > 0;
  }
}

function render(anomaly) {
  const item = document.createElement("li");
  item.dataset.id = anomaly.id;
  item.dataset.detected = anomaly.detection_timestamp;
  const button = document.createElement("button");
  button.dataset.severity = anomaly.severity;
  button.append(
    element("span", "severity", anomaly.severity),
    element("span", "summary foreign", anomaly.summary),
    timeElement(anomaly.detection_timestamp, time(anomaly.detection_timestamp)),
    meta(anomaly),
  );
  button.onclick = () => showDetail(anomaly);
  item.append(button);
  return item;
}

function meta(anomaly) {
  const made = element("span", "meta", "");
  made.append(element("bdi", "foreign", anomaly.user_id), " · ", anomaly.rule_title);
  return made;
}

async function ask(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error((await answer.json()).detail);
  return answer.json();
}

// Signals per second over the last minutes.

import { minute } from "./format.js";
import uPlot from "./vendor/uPlot.esm.js";

const SECONDS = 300;

export class Chart {
  #container;
  #plot;
  #data = [[], [], []];

  constructor(container) {
    this.#container = container;
    new ResizeObserver(() => this.#plot?.setSize(this.#size())).observe(container);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#draw());
  }

  replace(pulses) {
    this.#data = [[], [], []];
    for (const pulse of pulses) this.#push(pulse);
    this.#draw();
  }

  add(pulse) {
    this.#push(pulse);
    this.#plot?.setData(this.#data);
  }

  #push(pulse) {
    const seconds = Date.parse(pulse.time) / 1000;
    const row = [seconds, pulse.arrival_rate, pulse.storing_rate];
    this.#data.forEach((column, i) => column.push(row[i]));
    while (this.#data[0][0] < seconds - SECONDS) this.#data.forEach((column) => column.shift());
  }

  #size() {
    return { width: this.#container.clientWidth, height: this.#container.clientHeight };
  }

  #draw() {
    this.#plot?.destroy();
    const axis = { stroke: this.#colour("--quiet"), ticks: { show: false } };
    axis.grid = { stroke: this.#colour("--line"), width: 1 };
    const options = {
      ...this.#size(),
      legend: { show: false },
      cursor: { show: false },
      scales: { x: { range: (_, low, high) => [high - SECONDS, high] }, y: { range: (_, low, high) => [0, Math.max(10, high * 1.1)] } },
      axes: [{ ...axis, size: 26, space: 90, incrs: [60, 120, 300], values: (_, times) => times.map(minute) }, { ...axis, size: 48 }],
      series: [
        {},
        { stroke: this.#colour("--arriving"), width: 2, points: { show: false } },
        { stroke: this.#colour("--storing"), width: 2, points: { show: false } },
      ],
    };
    this.#plot = new uPlot(options, this.#data, this.#container);
  }

  // A canvas wants the colour itself, not the variable or light-dark().
  #colour(variable) {
    const probe = document.createElement("i");
    probe.style.color = `var(${variable})`;
    this.#container.append(probe);
    const colour = getComputedStyle(probe).color;
    probe.remove();
    return colour;
  }
}

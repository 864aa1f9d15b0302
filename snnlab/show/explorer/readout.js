// The readout of a network: bars of its classes, what it says, and its decision at each timestep.

const MOST_CLASSES = 10; // number of bars; if there are more classes, the strongest are drawn

// The classes that are drawn, in their own order; the true one is always among them.
function strongest({ label, classes, networks }) {
  const peaks = classes.map((_, k) =>
    k === label ? Infinity : Math.max(...networks.flatMap((network) => network.readout.map((at) => at[k]))),
  );
  const order = peaks.map((_, k) => k).sort((a, b) => peaks[b] - peaks[a]);
  return order.slice(0, MOST_CLASSES).sort((a, b) => a - b);
}

// The column beside the readouts, with the names of the classes in `drawn`.
function readoutLabel({ label, classes, words }, drawn) {
  const lines = [];
  if (label != null) lines.push(`\u25C6 ${words.true_class}: ${classes[label]}`);
  if (drawn.length < classes.length) lines.push(phrase(words.some_classes, { shown: drawn.length, classes: classes.length }));
  return node("div", { class: "side" }, node("h4", {}, words.readout), ...lines.map((line) => node("div", { class: "grey small" }, line)));
}

// The lowest value of all bars, at most 0, and the length of the scale.
function scaleOf(networks, drawn) {
  const all = networks.flatMap((network) => network.readout.flatMap((at) => drawn.map((k) => at[k])));
  const low = Math.min(0, ...all);
  return { low, span: Math.max(0, ...all) - low || 1 };
}

// Colour and mark of a decision.
function judged(decision, label) {
  if (label == null) return { colour: "var(--neutral)", mark: "\u25B8" };
  return decision === label ? { colour: "var(--right)", mark: "\u2713" } : { colour: "var(--wrong)", mark: "\u2717" };
}

class Readout {
  constructor(network, frames, drawn) {
    this.network = network;
    this.T = frames.T;
    this.label = frames.label;
    this.classes = frames.classes;
    this.scale = scaleOf(frames.networks, drawn);
    this.mark = node("i", { "aria-hidden": "true" });
    this.verdict = node("span");
    this.bars = drawn.map((k) => this.bar(k));
    this.drawnBars = node("div", { class: "bars", role: "img" }, ...this.bars.map((bar) => bar.row));
    this.strip = node("div", { class: "strip number", "aria-hidden": "true", title: frames.words.decisions });
    this.cell = this.build();
  }

  build() {
    const zero = (-this.scale.low / this.scale.span) * 100;
    return node(
      "div",
      { class: "cell readout", style: `--zero: ${zero.toFixed(2)}%` },
      node("div", { class: "beam" }),
      node("div", { class: "verdict" }, this.mark, this.verdict),
      this.drawnBars,
      this.strip,
      node("div", { class: "ends small grey" }, node("span", {}, "t = 1"), node("span", {}, `t = ${this.T}`)),
    );
  }

  bar(k) {
    const isTrue = k === this.label;
    const fill = node("div", { class: "fill" });
    const value = node("div", { class: "bar-value number" });
    const name = node("div", { class: "bar-name", title: this.classes[k] }, `${isTrue ? "\u25C6 " : ""}${this.classes[k]}`);
    const row = node("div", { class: isTrue ? "bar-row true" : "bar-row" }, name, node("div", { class: "track" }, fill), value);
    return { k, row, fill, value };
  }

  // The decision at each timestep: a cell for each, or, if names are too long, one for a run of equal ones.
  fillStrip() {
    const { decisions } = this.network;
    const names = decisions.map((k) => this.classes[k]);
    const room = this.strip.clientWidth / this.T;
    const each = Math.max(...names.map((name) => name.length)) * 8 + 3 <= room;
    this.cells = names.map((name, i) => {
      const changed = i > 0 && decisions[i] !== decisions[i - 1];
      const { colour } = judged(decisions[i], this.label);
      const cell = node("span", { class: changed ? "changed" : "", style: `--judged: ${colour}`, title: `t = ${i + 1}: ${name}` });
      if (each) cell.textContent = name;
      return cell;
    });
    if (!each) this.nameRuns(names, room);
    this.now = node("i", { class: "now", style: `width: ${100 / this.T}%` });
    this.since = node("i", { class: "since" });
    this.strip.replaceChildren(...this.cells, this.now, this.since);
  }

  // Names of runs, laid over their cells where they have room.
  nameRuns(names, room) {
    for (let i = 0, end; i < this.T; i = end) {
      for (end = i + 1; end < this.T && names[end] === names[i]; ) end++;
      if ((end - i) * room < names[i].length * 8 + 2) continue;
      const cell = this.cells[i];
      cell.style.overflow = "visible";
      cell.append(node("em", { style: `display: block; font-style: normal; position: relative; z-index: 1; width: ${100 * (end - i)}%` }, names[i]));
    }
  }

  // Draw the readout at t; at 0 there is none yet.
  paint(t) {
    const { name, says, decisions } = this.network;
    const decision = t ? decisions[t - 1] : null;
    const { colour, mark } = judged(decision, this.label);
    this.at_t = t;
    this.cell.style.setProperty("--judged", colour);
    this.mark.textContent = t ? mark : "";
    this.verdict.textContent = t ? says[t - 1] : "";
    this.drawnBars.setAttribute("aria-label", t ? `${name} ${says[t - 1]}` : name);
    for (const bar of this.bars) this.paintBar(bar, t, bar.k === decision);
    this.paintStrip(t);
  }

  // The longest bar wins, also below 0.
  paintBar({ k, row, fill, value }, t, chosen) {
    const number = t ? this.network.readout[t - 1][k] : this.scale.low;
    fill.style.transform = `scaleX(${((number - this.scale.low) / this.scale.span).toFixed(4)})`;
    value.textContent = t ? signed(number, 1) : "";
    row.classList.toggle("chosen", chosen);
  }

  paintStrip(t) {
    if (!this.cells) return;
    this.cells.forEach((cell, i) => cell.classList.toggle("ahead", i >= t));
    this.now.style.left = `${((Math.max(t, 1) - 1) / this.T) * 100}%`;
    const since = t ? this.network.since[t - 1] : 1;
    this.since.style.display = since > 1 ? "" : "none";
    this.since.style.left = `${((since - 1) / this.T) * 100}%`;
  }
}

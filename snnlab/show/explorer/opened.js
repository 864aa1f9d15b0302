// The neuron that was opened, below its stage: what it did at every timestep.

class Opened {
  constructor(player, place) {
    this.player = player;
    this.chosen = null; // its network, stage and index
    this.begin();
    this.chosen = placed(place);
  }

  // Before new stages are shown.
  begin() {
    this.panel = node("div", { class: "opened", hidden: true });
    if (!this.chosen || this.stage) return;
    this.chosen = null;
    this.player.tell?.("neuron", null);
  }

  get stage() {
    return this.chosen && this.player.stageOf(this.chosen);
  }

  open(stage, at) {
    this.chosen = { network: stage.n, stage: stage.s, index: before(stage) + placeOf(stage, at) };
    this.paint();
    this.panel.scrollIntoView({ block: "nearest" });
    this.player.live.textContent = this.panel.getAttribute("aria-label");
    this.player.tell?.("neuron", this.chosen);
  }

  // Open the neuron that the host names; null: close.
  show(place) {
    this.chosen = placed(place);
    this.paint();
  }

  close() {
    const { canvas } = this.stage;
    this.chosen = null;
    this.paint();
    canvas.focus({ preventScroll: true });
    this.player.tell?.("neuron", null);
  }

  paint() {
    const { stage, panel } = this;
    const { networks } = this.player;
    for (const network of networks) for (const each of network.stages) each.kept.style.display = "none";
    panel.hidden = !stage;
    if (!stage) return;
    const last = networks.at(-1).parts[stage.s + 1]; // below the row of its stage
    if (last.nextSibling !== panel) last.after(panel);
    const at = neuronAt(stage, this.chosen.index - before(stage));
    if (stage.tiles) frameNeuron(stage.kept, stage, at);
    panel.style.setProperty("--hue", networks[stage.n].hue);
    this.fill(stage, at);
  }

  // Details that are open, and the focus, are kept.
  fill(stage, at) {
    const { panel } = this;
    const { frames, networks, T, t, root, width, narrow } = this.player;
    const { words } = frames;
    const now = Math.max(t, 1);
    const title = `${networks[stage.n].name}, ${stage.name}, ${nameOf(stage, at, words)}`;
    const wasOpen = panel.querySelector("details")?.open;
    const active = root.getRootNode().activeElement;
    const focused = panel.contains(active) && active.dataset.key;
    const scrolled = panel.querySelector(".table")?.scrollTop ?? 0;
    const numbers = Array.from({ length: T }, (_, i) => numbersOf(stage, at, i + 1, frames));
    const close = button({ "data-key": "close" }, () => this.close(), words.close);
    const details = node("details", { open: wasOpen }, node("summary", { "data-key": "numbers" }, words.numbers), tableOf(numbers, now, words));
    panel.setAttribute("aria-label", title);
    panel.replaceChildren(
      node("header", {}, node("h4", {}, node("i"), title), ...this.wayOn(), close),
      factsOf(numbers[now - 1], now, words),
      chartOf(stage, at, now, title, Math.max(width - 28 - (narrow ? 0 : 344), 96), frames),
      details,
    );
    panel.querySelector(".table").scrollTop = scrolled;
    if (focused) panel.querySelector(`[data-key="${focused}"]`).focus({ preventScroll: true });
  }

  // A button that leads to further charts of the host, with a text from the host.
  wayOn() {
    const { given, tell } = this.player;
    return given.more ? [button({ "data-key": "further" }, () => tell?.("further", this.chosen), given.more)] : [];
  }
}

// A neuron as [network, stage, index], for the host.
function placed(place) {
  const [network, stage, index] = place ?? [];
  return place ? { network, stage, index } : null;
}

function factsOf({ spike, h, v, rate }, t, words) {
  const facts = [
    [words.timestep, String(t)],
    [words.spikes, spike ? words.spike : words.no_spike],
    [`${words.h} (v_th)`, h],
    [`${words.v} (v_th)`, v],
    [words.rates, rate],
  ];
  return node("dl", { class: "number small" }, ...facts.flatMap(([name, value]) => [node("dt", {}, name), node("dd", {}, value)]));
}

function tableOf(numbers, now, words) {
  const head = ["t", words.spikes, "h (v_th)", "v (v_th)", words.rates].map((name) => node("th", { scope: "col" }, name));
  const lines = numbers.map(({ spike, h, v, rate }, i) => {
    const cells = [i + 1, spike ? 1 : 0, h, v, rate].map((value) => node("td", {}, String(value)));
    return node("tr", { class: i + 1 === now ? "now" : "" }, ...cells);
  });
  return node("div", { class: "table", tabindex: 0, "data-key": "table" }, node("table", { class: "number" }, node("thead", {}, node("tr", {}, ...head)), node("tbody", {}, ...lines)));
}

// Potentials over t: charged up to h, after a spike down to v.
function chartOf(stage, at, now, title, wide, { T, levels, words }) {
  const { low, high, codes } = levels;
  const { values } = stage;
  const [tall, left] = [96, 32];
  const place = placeOf(stage, at);
  const x = (i) => left + ((i + 0.5) / T) * (wide - left);
  const y = (value) => tall - 4 - share(value, [low, high]) * (tall - 20);
  const line = (part, i) => y(mix(low, high, values[part][i * values.size + place] / codes));
  const steps = Array.from({ length: T }, (_, i) => i);
  const path = steps.map((i) => `${i ? "L" : "M"}${x(i)} ${line("h", i)}L${x(i)} ${line("v", i)}`).join("");
  const half = (wide - left) / T / 2;
  const text = (at, word) => drawing("text", { x: left - 4, y: at + 4, "text-anchor": "end", "font-size": 11, fill: "var(--grey)" }, word);
  return drawing(
    "svg",
    { width: wide, height: tall, viewBox: `0 0 ${wide} ${tall}`, role: "img", "aria-label": `${title}: ${words.h}, ${words.v}` },
    drawing("rect", { x: x(now - 1) - half, y: 0, width: 2 * half, height: tall, fill: "var(--faint)" }),
    drawing("line", { x1: left, x2: wide, y1: y(1), y2: y(1), stroke: "var(--grey)", "stroke-dasharray": "4 4" }),
    drawing("line", { x1: left, x2: wide, y1: y(0), y2: y(0), stroke: "var(--line)" }),
    text(y(1), "v_th"),
    text(y(0), "0"),
    drawing("path", { d: path, fill: "none", stroke: "var(--hue)", "stroke-width": 2, "stroke-linejoin": "round" }),
    ...steps.map((i) => drawing("circle", { cx: x(i), cy: line("h", i), r: 3, fill: "var(--hue)" })),
    ...steps
      .filter((i) => values.spikes[i * values.size + place])
      .map((i) => drawing("rect", { x: x(i) - 1.5, y: 0, width: 3, height: 12, fill: "var(--hue)" })),
  );
}

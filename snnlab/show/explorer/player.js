// The player: one image on its way through networks, timestep by timestep.
//
// mount(element, frames, tell, options) draws what frames.py has packed and plays it. All words,
// colours and numbers come from there; this file only moves them. It needs nothing but a browser.

const SPEEDS = { slow: 2400, normal: 1200, fast: 400 }; // ms for one timestep
const VIEWS = ["spikes", "h", "v", "rates"];
const REST = 300; // ms without a change until others are told
const HEARD = 5000; // ms for which a host may still answer to what it was told
const NARROW = 680; // px of the player below which labels stand above the columns
const TALL = { 1: 216, 2: 192, 3: 176 }; // px of the maps of a stage, by networks
const BESIDE = 200; // px beside the maps that are enough for the numbers
const RULED = 10; // px of a neuron from which gaps are drawn between neurons
const MOST_CLASSES = 10; // bars that are drawn; of more classes the strongest
const SVG = "http://www.w3.org/2000/svg";

const STYLE = `
.snn { position: relative; box-sizing: border-box; font: inherit; font-size: 14px; line-height: 20px;
  color: var(--ink); text-align: left; outline-offset: 4px; border-radius: 4px; padding: 4px 0; }
.snn *, .snn *::before, .snn *::after { box-sizing: border-box; }
.snn p, .snn figure, .snn h3, .snn h4 { margin: 0; padding: 0; color: inherit; }
.snn :focus-visible, .snn:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; }
.snn canvas { display: block; }
.snn .grey { color: var(--grey); }
.snn .small { font-size: 12px; line-height: 16px; }
.snn .number { font-variant-numeric: tabular-nums; }
.snn .unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
  white-space: nowrap; }
.snn .top { display: grid; grid-template-columns: 144px minmax(0, 1fr); gap: 8px 24px;
  align-items: start; padding-bottom: 16px; }
.snn .image canvas { image-rendering: pixelated; border-radius: 4px; width: 120px; height: auto;
  background: var(--faint); }
.snn .image figcaption { padding-top: 4px; }
.snn .image figcaption b { display: block; color: var(--ink); font-size: 14px; line-height: 20px; }
.snn .desk { display: grid; gap: 12px; }
.snn .bar { display: flex; flex-wrap: wrap; gap: 8px 16px; align-items: center; }
.snn .buttons { display: flex; gap: 8px; }
.snn button { font: inherit; font-size: 14px; line-height: 20px; color: var(--ink); cursor: pointer;
  background: transparent; border: 1px solid var(--line); border-radius: 8px; padding: 7px 14px;
  min-height: 36px; display: inline-flex; gap: 8px; align-items: center; justify-content: center;
  touch-action: manipulation; margin: 0; }
.snn button:hover:not(:disabled) { background: var(--faint); border-color: var(--grey); }
.snn button:disabled { opacity: .45; cursor: default; }
.snn button svg { width: 12px; height: 12px; fill: currentColor; flex: none; }
.snn .play { background: var(--ink); color: var(--paper); border-color: var(--ink); min-width: 96px;
  font-weight: 600; }
.snn .play:hover:not(:disabled) { background: var(--ink); opacity: .85; }
.snn .time { display: flex; flex: 1 1 240px; align-items: center; gap: 12px; min-width: 0; }
.snn .time input { flex: 1; min-width: 80px; height: 36px; margin: 0; accent-color: var(--focus);
  cursor: pointer; touch-action: pan-y; }
.snn .time output { font-size: 20px; line-height: 24px; font-weight: 600; white-space: nowrap;
  min-width: 6.2em; }
.snn .choice { display: flex; align-items: center; gap: 8px; min-width: 0; }
.snn .segments { display: inline-flex; border: 1px solid var(--line); border-radius: 8px;
  overflow: hidden; }
.snn .segments button { border: 0; border-radius: 0; min-height: 34px; padding: 6px 12px; }
.snn .segments button + button { border-left: 1px solid var(--line); }
.snn .segments button[aria-pressed="true"] { background: var(--chosen); box-shadow: inset 0 -3px var(--focus); }
.snn .segments button:focus-visible { outline-offset: -3px; }
.snn .legend { display: flex; flex-wrap: wrap; gap: 4px 12px; align-items: center; min-height: 36px;
  flex: 1 1 280px; }
.snn .swatch { display: inline-flex; align-items: center; gap: 6px; }
.snn .swatch i { width: 12px; height: 12px; border-radius: 2px; display: inline-block; }
.snn .scale { display: grid; width: 160px; padding-top: 6px; }
.snn .scale i { height: 10px; border-radius: 2px; }
.snn .scale .ticks { position: relative; height: 16px; }
.snn .scale .ticks span { position: absolute; transform: translateX(-50%); white-space: nowrap; }
.snn .scale .ticks span:first-child { transform: none; }
.snn .scale .ticks span:last-child { transform: translateX(-100%); }
.snn .said { font-size: 16px; line-height: 24px; max-width: 110ch; }
.snn .body { display: grid; grid-template-columns: 144px repeat(var(--networks), minmax(0, 1fr));
  column-gap: 24px; }
.snn .side { padding: 16px 0 12px; border-top: 1px solid var(--line); margin-right: -24px; }
.snn .side h4 { font-size: 16px; line-height: 24px; font-weight: 600; }
.snn .side button { margin-top: 8px; padding: 3px 10px; min-height: 28px; font-size: 12px; }
.snn .head { padding: 0 0 8px 15px; min-width: 0; position: relative; }
.snn .head h3 { font-size: 18px; line-height: 24px; font-weight: 700; color: var(--hue);
  overflow-wrap: anywhere; }
.snn .cell { position: relative; padding: 16px 0 12px 15px; min-width: 0;
  border-top: 1px solid var(--line); }
.snn .cell::before, .snn .head::before { content: ""; position: absolute; left: 0; top: 0; bottom: -1px;
  width: 3px; background: var(--hue); opacity: .35; }
.snn .cell::after { content: ""; position: absolute; left: 0; top: 0; bottom: 0; right: 0; opacity: 0;
  pointer-events: none; transition: opacity 400ms ease-out; z-index: -1;
  background: linear-gradient(90deg, color-mix(in srgb, var(--hue) 22%, transparent), transparent 70%); }
.snn .body { isolation: isolate; }
.snn .fires.cell::after { opacity: 1; transition-duration: 60ms; }
.snn .fires .board canvas { animation: snn-flash 420ms ease-out; }
.snn .image.fires canvas { animation: snn-flash 420ms ease-out;
  box-shadow: 0 0 0 3px color-mix(in srgb, var(--focus) 45%, transparent); }
.snn .beam { position: absolute; left: -2px; width: 7px; height: 44px; top: -44px; border-radius: 4px;
  opacity: 0; pointer-events: none; background: linear-gradient(transparent, var(--hue)); }
.snn .beam::after { content: ""; position: absolute; left: -2px; bottom: -4px; width: 11px; height: 11px;
  border-radius: 50%; background: var(--hue);
  box-shadow: 0 0 12px 3px color-mix(in srgb, var(--hue) 60%, transparent); }
.snn .fires > .beam { animation: snn-travel var(--phase) linear; }
@keyframes snn-flash { from { filter: brightness(1.5) saturate(1.3); } to { filter: none; } }
@keyframes snn-travel { from { top: -44px; opacity: 1; } to { top: calc(100% - 44px); opacity: 1; } }
.snn .board { position: relative; width: fit-content; touch-action: manipulation; }
.snn .board canvas { cursor: crosshair; touch-action: manipulation; }
.snn .spot { position: absolute; pointer-events: none; border-radius: 2px; display: none;
  box-shadow: 0 0 0 2px var(--paper), 0 0 0 4px var(--ink); }
.snn .spot.kept { box-shadow: 0 0 0 1px var(--paper), 0 0 0 3px var(--focus); }
.snn .under { padding-top: 8px; display: grid; gap: 4px; min-width: 0; align-content: start; }
.snn .beside { display: flex; gap: 24px; } .snn .beside .under { padding-top: 0; gap: 12px; flex: 1; }
.snn .moved { display: flex; flex-wrap: wrap; align-items: end; gap: 0 12px; }
.snn .moved span { width: 100%; }
.snn .moved b { font-size: 22px; line-height: 28px; font-weight: 700; width: 60px; }
.snn .moved svg { display: block; overflow: visible; flex: none; }
.snn .bars { display: grid; grid-template-columns: max-content minmax(0, 1fr) max-content; gap: 2px 8px; }
.snn .bar-row { display: contents; }
.snn .bar-row > * { height: 20px; }
.snn .bar-name { white-space: nowrap; text-align: right; max-width: 88px; overflow: hidden;
  text-overflow: ellipsis; }
.snn .bar-row.true .bar-name { font-weight: 700; }
.snn .track { position: relative; border-radius: 2px; }
.snn .track::before { content: ""; position: absolute; left: var(--zero); top: -1px; bottom: -1px; width: 1px;
  background: var(--line); }
.snn .fill { position: absolute; top: 2px; bottom: 2px; left: 0; width: 100%; border-radius: 2px;
  background: var(--grey); opacity: .45; transform-origin: 0 50%; transform: scaleX(0);
  transition: transform 260ms ease-out, background-color 200ms; }
.snn .bar-row.chosen .fill { background: var(--judged); opacity: 1; }
.snn .bar-row.chosen .bar-value, .snn .bar-row.chosen .bar-name { color: var(--ink); font-weight: 700; }
.snn .bar-value { text-align: right; font-size: 12px; min-width: 52px; color: var(--grey); }
.snn .verdict span { min-width: 0; }
.snn .verdict { display: flex; gap: 8px; align-items: baseline; font-size: 18px; line-height: 24px;
  font-weight: 600; padding-bottom: 8px; }
.snn .verdict i { font-style: normal; color: var(--judged); font-weight: 800; width: 1em; flex: none;
  text-align: center; }
.snn .strip { position: relative; display: grid; grid-auto-flow: column; grid-auto-columns: minmax(0, 1fr);
  padding-top: 12px; }
.snn .strip span { height: 24px; line-height: 22px; text-align: center; font-size: 12px; overflow: hidden;
  white-space: nowrap; border-bottom: 2px solid var(--judged);
  background: color-mix(in srgb, var(--judged) 16%, transparent); border-left: 1px solid var(--paper); }
.snn .strip span.ahead { opacity: .4; }
.snn .strip span.changed { border-left: 3px solid var(--ink); }
.snn .strip .now { position: absolute; top: 9px; height: 30px; border: 2px solid var(--ink); border-radius: 4px;
  transition: left 160ms ease-out; }
.snn .strip .since { position: absolute; bottom: -14px; width: 0; height: 0; margin-left: -4px;
  border: 5px solid transparent; border-bottom: 7px solid var(--ink); border-top: 0; bottom: -9px; }
.snn .ends { display: flex; justify-content: space-between; padding-top: 10px; }
.snn .tip { position: absolute; left: 0; top: 0; z-index: 5; pointer-events: none; background: var(--ink);
  color: var(--paper); border-radius: 6px; padding: 6px 10px; font-size: 12px; line-height: 16px;
  max-width: min(260px, 90vw); width: max-content; display: none; }
.snn .opened { grid-column: 1 / -1; background: var(--faint); margin: 4px 0 12px; border-left: 3px solid var(--hue);
  border-radius: 0 8px 8px 0; padding: 8px 12px; display: flex; flex-wrap: wrap; gap: 4px 24px;
  min-width: 0; scroll-margin: 8px; }
.snn .opened[hidden] { display: none; }
.snn .opened header { display: flex; justify-content: space-between; align-items: center; gap: 8px; width: 100%; }
.snn .opened h4 { font-size: 14px; line-height: 20px; font-weight: 600; }
.snn .opened h4 i { display: inline-block; width: 10px; height: 10px; border-radius: 5px; margin-right: 8px;
  background: var(--hue); }
.snn .opened header button { min-height: 28px; padding: 3px 10px; font-size: 12px; }
.snn .opened dl { display: grid; grid-template-columns: max-content max-content; gap: 0 12px; margin: 0;
  align-content: start; }
.snn .opened dt, .snn .opened dd { float: none; width: auto; margin: 0; padding: 0; } /* JupyterLab's float */
.snn .opened dt { color: var(--grey); font-weight: 400; } .snn .opened dd { font-weight: 600; min-width: 9em; }
.snn .opened svg { display: block; }
.snn .opened details { width: 100%; font-size: 12px; } .snn .opened summary { cursor: pointer; min-height: 24px; }
.snn .opened .table { max-height: 160px; overflow: auto; }
.snn table { border-collapse: collapse; font-size: 12px; line-height: 16px; width: 100%; margin: 0; }
.snn th, .snn td { padding: 2px 8px; text-align: right; border: 0; border-top: 1px solid var(--line);
  background: none; color: inherit; }
.snn tr.now td { font-weight: 700; background: var(--chosen); }
.snn .notes { padding-top: 16px; display: grid; gap: 4px; max-width: 110ch; }
.snn.narrow .top { grid-template-columns: minmax(0, 1fr); }
.snn.narrow .image { display: flex; gap: 12px; align-items: center; }
.snn.narrow .image canvas { width: 84px; flex: none; }
.snn.narrow .body { grid-template-columns: repeat(var(--networks), minmax(0, 1fr)); column-gap: 12px; }
.snn.narrow .side { grid-column: 1 / -1; padding: 16px 0 8px; display: flex; flex-wrap: wrap; gap: 0 12px;
  align-items: center; margin: 0; }
.snn.narrow .side.corner { display: none; }
.snn.narrow .side button { margin-top: 0; }
.snn.narrow .cell { border-top: 0; padding-top: 4px; padding-left: 9px; }
.snn.narrow .head { padding-left: 9px; }
.snn.narrow .head h3 { font-size: 16px; line-height: 20px; }
.snn.narrow .cell, .snn.narrow .head { padding-bottom: 8px; }
.snn.narrow .moved b { font-size: 18px; line-height: 24px; width: 52px; }
.snn.narrow .bar-value { display: none; }
.snn.narrow .bars { grid-template-columns: max-content minmax(0, 1fr); }
.snn.narrow .said { font-size: 14px; line-height: 20px; }
.snn.narrow .verdict { font-size: 14px; line-height: 20px; gap: 4px; }
.snn.narrow .choice { width: 100%; align-items: start; flex-direction: column; gap: 4px; }
.snn.narrow .segments { display: flex; flex-wrap: wrap; width: 100%; }
.snn.narrow .segments button { flex: 1 1 40%; }
.snn.narrow .segments.three button { flex: 1 1 25%; }
.snn.narrow .segments.four button:nth-child(3) { border-left: 0; }
.snn.narrow .segments.four button:nth-child(n+3) { border-top: 1px solid var(--line); }
.snn.narrow .buttons { width: 100%; flex-wrap: wrap; } .snn.narrow .buttons button { flex: 1; }
@media (pointer: coarse) {
  .snn button, .snn .segments button, .snn .side button, .snn .opened header button { min-height: 44px; min-width: 44px; }
  .snn .time input { height: 44px; }
  .snn .opened summary { min-height: 44px; padding: 12px 0; }
}
.snn.still * { animation: none !important; transition: none !important; }
`;

const ICONS = {
  play: "M2 0 L12 6 L2 12 Z",
  pause: "M1 0 H4.5 V12 H1 Z M7.5 0 H11 V12 H7.5 Z",
  back: "M10 0 V12 L3 6 Z M0 0 H2 V12 H0 Z",
  step: "M2 0 V12 L9 6 Z M10 0 H12 V12 H10 Z",
};

// A new element with attributes and children; strings become text.
function node(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

// The same for drawings.
function drawing(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes))
    if (value !== false && value != null) made.setAttribute(name, value === true ? "" : value);
  made.append(...children);
  return made;
}

function icon(name) {
  return drawing("svg", { viewBox: "0 0 12 12", "aria-hidden": "true" }, drawing("path", { d: ICONS[name] }));
}

// "t = {t} of {T}" with its values.
function phrase(template, values) {
  return template.replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);
}

function within(value, low, high) {
  return Math.min(Math.max(value, low), high);
}

// Base64 of deflated bytes.
async function unpacked(text) {
  const packed = atob(text);
  const bytes = new Uint8Array(packed.length);
  for (let i = 0; i < packed.length; i++) bytes[i] = packed.charCodeAt(i);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

// Spikes, potentials and rates of one stage, each T * maps * height * width.
function valuesOf(stage, T, data) {
  const size = stage.shown * stage.height * stage.width;
  const [spikes, h, v] = [0, 1, 2].map((part) =>
    data.subarray(stage.at + part * T * size, stage.at + (part + 1) * T * size),
  );
  return { size, spikes, h, v, rates: ratesOf(spikes, T, size) };
}

// Running means of spikes as bytes: 255 is a spike at every timestep.
function ratesOf(spikes, T, size) {
  const rates = new Uint8Array(spikes.length);
  const fired = new Uint16Array(size);
  for (let t = 0; t < T; t++)
    for (let i = 0; i < size; i++) {
      fired[i] += spikes[t * size + i];
      rates[t * size + i] = Math.round((255 * fired[i]) / (t + 1));
    }
  return rates;
}

// "#RRGGBB" and an opacity as one pixel.
function pixel(hex, opacity = 1) {
  const [r, g, b] = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
  return new Uint32Array(new Uint8Array([r, g, b, Math.round(255 * opacity)]).buffer)[0];
}

// How maps are tiled: as large as fits the width and the height, in device pixels.
function tiling(stage, width, height, ratio) {
  let best = null;
  for (let scale = Math.ceil(28 * ratio); scale >= 1; scale--) {
    const gap = Math.round((scale < RULED * ratio ? 3 : 6) * ratio);
    const most = Math.floor((width * ratio + gap) / (stage.width * scale + gap));
    if (most < 1) continue;
    const rows = Math.ceil(stage.shown / Math.min(most, stage.shown));
    const columns = Math.ceil(stage.shown / rows);
    const tall = rows * (stage.height * scale + gap) - gap;
    const tiles = { scale, columns, rows, gap, wide: columns * (stage.width * scale + gap) - gap, tall };
    if (tall <= height * ratio) return tiles;
    best = tiles; // too tall: the smallest scale that is left
  }
  return best ?? tiling(stage, stage.width / ratio, height, ratio);
}

// A number with a true minus, and no "minus zero".
function signed(value, places) {
  return value.toFixed(places).replace(/^-(0\.?0*)$/, "$1").replace("-", "\u2212");
}

class Player {
  constructor(element, frames, tell, options = {}) {
    this.element = element;
    this.tell = tell;
    this.t = options.t ?? 1;
    this.view = VIEWS.includes(options.view) ? options.view : "spikes";
    this.speed = "normal";
    this.playing = null; // of the play in progress: when it began and how far it is
    this.opened = null; // the neuron whose numbers are shown
    this.cursors = new Map(); // where the keyboard stands in each stage
    this.told = []; // what hosts were told lately
    this.given = options; // what the host asked for last
    this.root = node("div", { class: "snn", tabindex: 0, role: "group", "data-lm-suppress-shortcuts": "true" });
    this.ends = new AbortController();
    element.append(node("style", {}, STYLE), this.root);
    this.style = this.root.previousSibling;
    this.listen();
    this.load(frames, () => options.playing && !this.still && this.play());
  }

  // What comes from outside: keys, width, the wish for a dark or a still picture.
  listen() {
    const always = { signal: this.ends.signal };
    this.wishes = ["(prefers-color-scheme: dark)", "(prefers-reduced-motion: reduce)"].map((wish) => matchMedia(wish));
    this.wishes[0].addEventListener("change", () => this.frames && this.dress(), always);
    this.wishes[1].addEventListener("change", () => this.frames && this.dress(), always);
    this.root.addEventListener("keydown", (event) => this.key(event), always);
    addEventListener("scroll", () => this.refreshTip(), { ...always, passive: true, capture: true });
    addEventListener("pointerdown", (event) => event.composedPath()[0] !== this.pointing?.stage.canvas && this.hideTip(), always);
    this.watch = new ResizeObserver(() => this.resized());
    this.watch.observe(this.root);
  }

  get still() {
    return this.wishes[1].matches;
  }

  get dark() {
    return this.given.dark ?? this.wishes[0].matches;
  }

  // New frames: unpacked first, then put in place at once.
  async load(frames, then) {
    this.wanted = frames;
    let parts;
    try {
      parts = await Promise.all([unpacked(frames.data), unpacked(frames.image.pixels)]);
    } catch (trouble) {
      console.error(trouble);
      this.root.textContent = frames.words.broken;
      return;
    }
    if (this.wanted !== frames || this.ends.signal.aborted) return;
    this.show(frames, ...parts);
    then?.();
  }

  show(frames, data, pixels) {
    const focused = this.root.getRootNode().activeElement?.dataset?.key;
    this.frames = frames;
    this.words = frames.words;
    this.T = frames.T;
    this.t = within(this.t, 1, this.T);
    this.networks = frames.networks.map((network, n) => ({
      ...network,
      n,
      stages: network.stages.map((stage, s) => ({ ...stage, n, s, values: valuesOf(stage, this.T, data) })),
    }));
    this.rows = Math.max(...this.networks.map((network) => network.stages.length));
    if (this.opened && !this.stageOf(this.opened)) this.opened = null;
    this.width = 0; // nothing is drawn until there are tiles
    this.build(pixels);
    this.dress();
    this.resized(true);
    this.goes();
    if (focused) this.root.querySelector(`[data-key="${focused}"]`)?.focus({ preventScroll: true });
    this.root.dataset.ready = "true";
  }

  stageOf({ network, stage, index }) {
    const found = this.networks[network]?.stages[stage];
    if (!found) return null;
    const first = found.is_map ? found.first * found.height * found.width : 0;
    const most = found.is_map ? found.values.size : found.neurons;
    return index >= first && index < first + most ? found : null;
  }

  // ---- what stands on the page

  build(pixels) {
    this.root.setAttribute("aria-label", this.frames.title);
    this.live = node("p", { class: "unseen", "aria-live": "polite" });
    this.said = node("p", { class: "said", "aria-hidden": "true" });
    this.tip = node("div", { class: "tip number", "aria-hidden": "true" });
    this.panel = node("section", { class: "opened", hidden: true });
    this.legend = node("div", { class: "legend small" });
    this.root.replaceChildren(
      node(
        "div",
        { class: "top" },
        this.imageFigure(pixels),
        node("div", { class: "desk" }, this.bar(), node("div", { class: "bar" }, this.choice("view", VIEWS), this.legend), this.said),
      ),
      this.body(),
      node("div", { class: "notes small grey" }, node("p", {}, `${this.words.moved}: ${this.words.moved_help}`), node("p", {}, this.words.keys)),
      this.live,
      this.tip,
    );
  }

  imageFigure(pixels) {
    const [channels, height, width] = this.frames.image.shape;
    const canvas = node("canvas", { width, height, role: "img", "aria-label": `${this.words.image}: ${this.frames.title}` });
    const drawn = new ImageData(width, height);
    const size = width * height;
    for (let i = 0; i < size; i++) {
      for (let c = 0; c < 3; c++) drawn.data[4 * i + c] = pixels[(channels === 3 ? c : 0) * size + i];
      drawn.data[4 * i + 3] = 255;
    }
    canvas.getContext("2d").putImageData(drawn, 0, 0);
    this.image = node(
      "figure",
      { class: "image" },
      canvas,
      node("figcaption", { class: "small grey" }, node("b", {}, this.frames.title), this.words.image),
    );
    return this.image;
  }

  bar() {
    this.playButton = this.button("play", () => (this.playing ? this.pause() : this.play()));
    this.playButton.classList.add("play");
    this.backButton = this.button("back", () => this.move(this.t - 1));
    this.stepButton = this.button("step", () => this.move(this.t + 1));
    this.slider = node("input", { type: "range", min: 1, max: this.T, step: 1, "aria-label": this.words.timestep, "data-key": "slider" });
    this.slider.addEventListener("input", () => this.move(Number(this.slider.value)));
    this.clock = node("output", { class: "number" });
    return node(
      "div",
      { class: "bar" },
      node("div", { class: "buttons" }, this.playButton, this.backButton, this.stepButton),
      node("label", { class: "time" }, this.slider, this.clock),
      this.choice("speed", Object.keys(SPEEDS)),
    );
  }

  button(name, press) {
    const made = node("button", { type: "button", "data-key": name }, icon(name), node("span", {}, this.words[name]));
    made.addEventListener("click", press);
    return made;
  }

  // A few buttons of which one is pressed.
  choice(name, options) {
    const count = { 3: "three", 4: "four" }[options.length];
    const group = node("div", { class: `segments ${count}`, role: "group", "aria-label": this.words[name] });
    for (const option of options) {
      const made = node("button", { type: "button", "data-key": `${name}-${option}`, "aria-pressed": String(this[name] === option) }, this.words[option]);
      made.addEventListener("click", () => {
        this[name] = option;
        for (const other of group.children) other.setAttribute("aria-pressed", String(other === made));
        if (name === "view") this.viewed();
      });
      group.append(made);
    }
    return node("div", { class: "choice" }, node("span", { class: "grey small", "aria-hidden": "true" }, this.words[name]), group);
  }

  body() {
    const body = node("div", { class: "body", style: `--networks: ${this.networks.length}` });
    body.append(node("div", { class: "side corner", style: "border: 0" }));
    for (const network of this.networks) {
      const head = node("div", { class: "head", "data-network": network.n }, node("h3", {}, network.name));
      network.parts = [head];
      body.append(head);
    }
    for (let s = 0; s < this.rows; s++) {
      body.append(this.stageLabel(s));
      const most = Math.max(...this.networks.flatMap((network) => network.stages[s]?.moved ?? []));
      for (const network of this.networks) body.append(this.stageCell(network, s, most || 1));
    }
    body.append(this.readoutLabel());
    for (const network of this.networks) body.append(this.readoutCell(network));
    return body;
  }

  // Name and size of the stages of a row; a size that differs stands in its own cell.
  stageLabel(s) {
    const stages = this.networks.map((network) => network.stages[s]).filter(Boolean);
    const side = node("div", { class: "side" }, node("h4", {}, stages[0].name));
    const same = stages.every((stage) => stage.size === stages[0].size);
    if (same) side.append(node("div", { class: "grey small" }, stages[0].size));
    const long = stages.find((stage) => stage.maps > stage.shown);
    if (long) side.append(node("div", { class: "grey small" }, long.part));
    if (long && this.tell) {
      const next = long.first + long.shown < long.maps ? long.first + long.shown : 0;
      const more = node("button", { type: "button", "data-key": `more-${s}` }, this.words.more);
      more.addEventListener("click", () => this.tell("more", { stage: s, first: next }));
      side.append(more);
    }
    return side;
  }

  stageCell(network, s, most) {
    const stage = network.stages[s];
    const cell = node("div", { class: "cell" });
    network.parts.push(cell);
    if (!stage) return cell;
    stage.cell = cell;
    stage.canvas = node("canvas", { tabindex: 0, role: "application", "data-key": `stage-${network.n}-${s}`, "data-network": network.n, "data-stage": s });
    stage.small = node("canvas", { width: stage.width, height: stage.height * stage.shown });
    stage.pixels = new ImageData(stage.width, stage.height * stage.shown);
    stage.spot = node("div", { class: "spot" });
    stage.kept = node("div", { class: "spot kept" });
    stage.fires = node("span", { class: "small grey number" });
    stage.distance = node("b", { class: "number" });
    stage.spark = drawing("svg", { "aria-hidden": "true" });
    stage.most = most;
    const moved = node("span", { class: "small grey" }, this.words.moved);
    stage.inside = node(
      "div",
      {},
      node("div", { class: "board" }, stage.canvas, stage.spot, stage.kept),
      node("div", { class: "under" }, stage.fires, node("div", { class: "moved", title: this.words.moved_help }, moved, stage.distance, stage.spark)),
    );
    cell.append(node("div", { class: "beam" }), stage.inside);
    this.pointed(stage);
    return cell;
  }

  // The distance from training over t, on the scale of the row, with a mark that moves.
  drawSpark(stage, wide, tall) {
    const x = (t) => (this.T > 1 ? 4 + ((t - 1) / (this.T - 1)) * (wide - 8) : wide / 2);
    const y = (t) => tall - 1 - (stage.moved[t - 1] / stage.most) * (tall - 6);
    const points = stage.moved.map((_, i) => `${x(i + 1).toFixed(1)},${y(i + 1).toFixed(1)}`).join(" ");
    const hue = "var(--hue)";
    const mark = drawing("circle", { r: 4.5, fill: hue, stroke: "var(--paper)", "stroke-width": 1.5 });
    filled(stage.spark, { width: wide, height: tall, viewBox: `0 0 ${wide} ${tall}` }, []);
    stage.spark.replaceChildren(
      drawing("polygon", { points: `${x(1)},${tall} ${points} ${x(this.T)},${tall}`, fill: hue, opacity: 0.16 }),
      drawing("line", { x1: 0, x2: wide, y1: tall - 0.5, y2: tall - 0.5, stroke: "var(--line)" }),
      drawing("polyline", { points, fill: "none", stroke: hue, "stroke-width": 2, "stroke-linejoin": "round" }),
      mark,
    );
    stage.markAt = (t) => {
      mark.setAttribute("visibility", t ? "visible" : "hidden");
      if (t) filled(mark, { cx: x(t), cy: y(t) }, []);
    };
  }

  readoutLabel() {
    const side = node("div", { class: "side" }, node("h4", {}, this.words.readout));
    const { label, classes } = this.frames;
    this.classes = this.strongest();
    if (label != null) side.append(node("div", { class: "grey small" }, `\u25C6 ${this.words.true_class}: ${classes[label]}`));
    if (this.classes.length < classes.length)
      side.append(node("div", { class: "grey small" }, phrase(this.words.some_classes, { shown: this.classes.length, classes: classes.length })));
    return side;
  }

  // The classes that are drawn, in their own order; the true one is always among them.
  strongest() {
    const { label, classes } = this.frames;
    const peaks = classes.map((_, k) =>
      k === label ? Infinity : Math.max(...this.networks.flatMap((network) => network.readout.map((at) => at[k]))),
    );
    const order = peaks.map((_, k) => k).sort((a, b) => peaks[b] - peaks[a]);
    return order.slice(0, MOST_CLASSES).sort((a, b) => a - b);
  }

  readoutCell(network) {
    const { label, classes } = this.frames;
    const all = this.networks.flatMap((each) => each.readout.flatMap((at) => this.classes.map((k) => at[k])));
    const low = Math.min(0, ...all);
    const span = Math.max(0, ...all) - low || 1;
    const cell = node("div", { class: "cell readout", style: `--zero: ${((-low / span) * 100).toFixed(2)}%` });
    network.parts.push(cell);
    network.length = (value) => (value - low) / span; // of a bar: the longest wins, also below 0
    network.mark = node("i", { "aria-hidden": "true" });
    network.verdict = node("span");
    network.bars = this.classes.map((k) => {
      const fill = node("div", { class: "fill" });
      const value = node("div", { class: "bar-value number" });
      const name = node("div", { class: "bar-name", title: classes[k] }, `${k === label ? "\u25C6 " : ""}${classes[k]}`);
      const row = node("div", { class: k === label ? "bar-row true" : "bar-row" }, name, node("div", { class: "track" }, fill), value);
      return { k, row, fill, value };
    });
    network.drawnBars = node("div", { class: "bars", role: "img" }, ...network.bars.map((bar) => bar.row));
    network.strip = node("div", { class: "strip number", "aria-hidden": "true", title: this.words.decisions });
    cell.append(
      node("div", { class: "beam" }),
      node("div", { class: "verdict" }, network.mark, network.verdict),
      network.drawnBars,
      network.strip,
      node("div", { class: "ends small grey" }, node("span", {}, "t = 1"), node("span", {}, `t = ${this.T}`)),
    );
    return cell;
  }

  // The decision at each timestep: a cell each, or where names are too long one cell for a run.
  fillStrip(network) {
    const names = network.decisions.map((k) => this.frames.classes[k]);
    const room = network.strip.clientWidth / this.T;
    const each = Math.max(...names.map((name) => name.length)) * 8 + 3 <= room;
    const cells = names.map((name, i) => {
      const changed = i > 0 && network.decisions[i] !== network.decisions[i - 1];
      const judged = this.judged(network.decisions[i]);
      const cell = node("span", { class: changed ? "changed" : "", style: `--judged: ${judged.colour}`, title: `t = ${i + 1}: ${name}` });
      if (each) cell.textContent = name;
      return cell;
    });
    if (!each) this.nameRuns(network, names, cells, room);
    network.cells = cells;
    network.now = node("i", { class: "now", style: `width: ${100 / this.T}%` });
    network.sinceMark = node("i", { class: "since" });
    network.strip.replaceChildren(...cells, network.now, network.sinceMark);
  }

  // Names of runs, laid over their cells where they have room.
  nameRuns(network, names, cells, room) {
    for (let i = 0, end; i < this.T; i = end) {
      for (end = i + 1; end < this.T && names[end] === names[i]; ) end++;
      if ((end - i) * room < names[i].length * 8 + 2) continue;
      cells[i].style.overflow = "visible";
      cells[i].append(node("em", { style: `display: block; font-style: normal; position: relative; z-index: 1; width: ${100 * (end - i)}%` }, names[i]));
    }
  }

  // Colour and mark of a decision.
  judged(decision) {
    const { label } = this.frames;
    if (label == null) return { colour: "var(--neutral)", mark: "\u25B8" };
    return decision === label ? { colour: "var(--right)", mark: "\u2713" } : { colour: "var(--wrong)", mark: "\u2717" };
  }

  // ---- colours and sizes

  // The colours of this background, and whether anything may move.
  dress() {
    const colours = this.frames.colours[this.dark ? "dark" : "light"];
    const set = (name, value) => this.root.style.setProperty(name, value);
    set("--ink", colours.ink);
    set("--grey", colours.grey);
    set("--paper", colours.paper);
    set("--line", `color-mix(in srgb, ${colours.ink} 16%, transparent)`);
    set("--faint", `color-mix(in srgb, ${colours.ink} 8%, transparent)`);
    set("--chosen", `color-mix(in srgb, ${colours.hue_blue} 24%, transparent)`);
    set("--focus", colours.hue_blue);
    set("--right", colours.hue_green);
    set("--wrong", colours.hue_vermillion);
    set("--neutral", colours.hue_blue);
    this.root.style.colorScheme = this.dark ? "dark" : "light";
    this.root.classList.toggle("still", this.still);
    for (const network of this.networks) {
      network.hue = network.colour[this.dark ? "dark" : "light"];
      for (const part of network.parts) part.style.setProperty("--hue", network.hue);
    }
    this.ink = colours.ink;
    this.colour();
    if (this.width) this.paint();
  }

  // Colours and legend of the view.
  colour() {
    for (const network of this.networks) network.palette = this.palette(network);
    this.fillLegend();
  }

  // The bytes of the view as pixels.
  palette(network) {
    const found = new Uint32Array(256);
    if (this.view === "spikes") {
      found.fill(pixel(network.hue));
      found[0] = pixel(this.ink, 0.11);
      return found;
    }
    const { colours } = this.frames.levels;
    for (let code = 0; code < 256; code++) found[code] = pixel(colours[Math.round((code / 255) * (colours.length - 1))]);
    return found;
  }

  fillLegend() {
    const { levels } = this.frames;
    if (this.view === "spikes") {
      const on = this.networks.map((network) => node("i", { style: `background: ${network.hue}` }));
      const off = node("i", { style: `background: ${this.ink}; opacity: .11` });
      this.legend.replaceChildren(
        node("span", { class: "swatch" }, ...on, this.words.spike),
        node("span", { class: "swatch" }, off, this.words.no_spike),
      );
      return;
    }
    const rates = this.view === "rates";
    const [low, high] = rates ? [0, 1] : [levels.low, levels.high];
    const ticks = rates ? [[0, "0"], [0.5, "0.5"], [1, "1"]] : [[low, signed(low, 0)], [0, "0"], [1, "v_th"], [high, String(high)]];
    const places = ticks.map(([at, text]) => node("span", { style: `left: ${((at - low) / (high - low)) * 100}%` }, text));
    const bar = node("i", { style: `background: linear-gradient(90deg, ${levels.colours.join(", ")})` });
    const name = rates ? this.words.rate_axis : this.words.potential_axis;
    this.legend.replaceChildren(
      node("span", {}, name),
      node("div", { class: "scale" }, bar, node("div", { class: "ticks" }, ...places)),
      ...(rates ? [] : [node("span", { class: "grey" }, this.words.beyond)]),
    );
  }

  // Tiles anew when the width has changed.
  resized(always = false) {
    const width = this.root.clientWidth;
    if (!this.frames || !width || (!always && width === this.width && devicePixelRatio === this.ratio)) return;
    this.width = width;
    this.ratio = devicePixelRatio;
    this.root.classList.toggle("narrow", width < NARROW);
    const longest = (texts) => texts.reduce((a, b) => (b.length > a.length ? b : a));
    this.reserve([this.said], longest(this.frames.said));
    const verdicts = this.networks.map((network) => network.verdict);
    this.reserve(verdicts, longest(this.networks.flatMap((network) => network.says)));
    for (const network of this.networks) {
      for (const stage of network.stages) this.tile(stage);
      this.fillStrip(network);
    }
    this.paint();
    this.goes(this.spoken); // what stood there before room was made
  }

  // Room for the longest sentence, so that nothing jumps and columns stay level.
  reserve([first, ...others], text) {
    first.style.minHeight = "";
    first.textContent = text;
    for (const place of [first, ...others]) place.style.minHeight = `${first.offsetHeight}px`;
  }

  tile(stage) {
    const padding = this.width < NARROW ? 9 : 15;
    const room = Math.floor(stage.cell.getBoundingClientRect().width) - padding;
    const high = this.width < NARROW ? 240 : TALL[this.networks.length] ?? TALL[3];
    stage.tiles = tiling(stage, room, high, this.ratio);
    const { wide, tall, scale, columns, gap } = stage.tiles;
    Object.assign(stage.canvas, { width: wide, height: tall });
    stage.canvas.style.width = `${wide / this.ratio}px`;
    stage.canvas.style.height = `${tall / this.ratio}px`;
    Object.assign(stage.canvas.dataset, { scale, columns, gap });
    const left = room - wide / this.ratio - 24;
    const beside = left >= BESIDE;
    stage.inside.classList.toggle("beside", beside);
    const free = (beside ? left : room) - (this.width < NARROW ? 64 : 72); // beside the number
    this.drawSpark(stage, Math.min(free >= 48 ? free : room, 240), beside ? 56 : 32);
  }

  // ---- what is seen at t

  paint() {
    for (const network of this.networks) {
      for (const stage of network.stages) this.paintStage(network, stage, stage.at_t ?? this.t);
      this.paintReadout(network, network.at_t ?? this.t);
    }
    this.paintOpened();
  }

  // All maps of a stage at t; at 0 nothing has happened yet.
  paintStage(network, stage, t) {
    stage.at_t = t;
    const { values, pixels, tiles, width, height } = stage;
    const colours = network.palette;
    const drawn = new Uint32Array(pixels.data.buffer);
    if (t) {
      const from = (t - 1) * values.size;
      const shown = values[this.view];
      for (let i = 0; i < values.size; i++) drawn[i] = colours[shown[from + i]];
    } else drawn.fill(pixel(this.ink, 0.11));
    if (!stage.is_map) drawn.fill(0, stage.neurons); // the padding
    stage.small.getContext("2d").putImageData(pixels, 0, 0);
    const context = stage.canvas.getContext("2d");
    context.imageSmoothingEnabled = false;
    context.clearRect(0, 0, tiles.wide, tiles.tall);
    for (let m = 0; m < stage.shown; m++) {
      const { x, y } = this.corner(stage, m, 0, 0);
      context.drawImage(stage.small, 0, m * height, width, height, x, y, width * tiles.scale, height * tiles.scale);
    }
    this.rule(stage, context);
    stage.canvas.dataset.t = t;
    stage.canvas.setAttribute("aria-label", t ? stage.says[t - 1] : stage.name);
    const neurons = stage.neurons.toLocaleString("en-US");
    stage.fires.textContent = phrase(this.words.fire, { fired: (t ? stage.fired[t - 1] : 0).toLocaleString("en-US"), neurons });
    stage.distance.textContent = t ? stage.moved[t - 1].toFixed(3) : "\u2013";
    stage.markAt(t);
  }

  // Thin gaps between neurons that are large enough.
  rule(stage, context) {
    const { scale, wide, tall, gap } = stage.tiles;
    if (scale < RULED * this.ratio) return;
    const thin = Math.max(1, Math.round(this.ratio * (scale > 14 * this.ratio ? 2 : 1)));
    for (let column = 0; column < stage.tiles.columns; column++)
      for (let c = 1; c < stage.width; c++)
        context.clearRect(column * (stage.width * scale + gap) + c * scale - thin, 0, thin, tall);
    for (let row = 0; row < stage.tiles.rows; row++)
      for (let r = 1; r < stage.height; r++)
        context.clearRect(0, row * (stage.height * scale + gap) + r * scale - thin, wide, thin);
  }

  // Where a neuron stands on its canvas, in device pixels.
  corner(stage, m, r, c) {
    const { scale, columns, gap } = stage.tiles;
    return {
      x: (m % columns) * (stage.width * scale + gap) + c * scale,
      y: Math.floor(m / columns) * (stage.height * scale + gap) + r * scale,
    };
  }

  paintReadout(network, t) {
    network.at_t = t;
    const decision = t ? network.decisions[t - 1] : null;
    const judged = this.judged(decision);
    network.parts.at(-1).style.setProperty("--judged", judged.colour);
    network.mark.textContent = t ? judged.mark : "";
    network.verdict.textContent = t ? network.says[t - 1] : "";
    network.drawnBars.setAttribute("aria-label", t ? `${network.name} ${network.says[t - 1]}` : network.name);
    for (const bar of network.bars) {
      const value = t ? network.readout[t - 1][bar.k] : 0;
      bar.fill.style.transform = `scaleX(${(t ? network.length(value) : 0).toFixed(4)})`;
      bar.value.textContent = t ? signed(value, 1) : "";
      bar.row.classList.toggle("chosen", bar.k === decision);
    }
    network.cells?.forEach((cell, i) => cell.classList.toggle("ahead", i >= t));
    if (!network.now) return;
    network.now.style.left = `${((Math.max(t, 1) - 1) / this.T) * 100}%`;
    const since = t ? network.since[t - 1] : 1;
    network.sinceMark.style.display = since > 1 ? "" : "none";
    network.sinceMark.style.left = `${((since - 1) / this.T) * 100}%`;
  }

  // Everything at one timestep, at once.
  settle(t) {
    for (const network of this.networks) {
      for (const stage of network.stages) this.paintStage(network, stage, t);
      this.paintReadout(network, t);
    }
    this.goes();
    this.paintOpened();
    this.refreshTip();
  }

  // Controls and sentence at the present timestep.
  goes(spoken = this.t) {
    const { words, t, T } = this;
    this.slider.value = t;
    this.slider.max = T;
    this.clock.textContent = phrase(words.at, { t, T });
    this.slider.setAttribute("aria-valuetext", this.clock.textContent);
    this.spoken = spoken;
    if (spoken) this.said.textContent = this.frames.said[spoken - 1];
    this.backButton.disabled = t <= 1;
    this.stepButton.disabled = t >= T;
    this.playButton.disabled = T < 2;
    const name = this.playing ? "pause" : "play";
    if (this.playButton.dataset.shows !== name) {
      this.playButton.replaceChildren(icon(name), node("span", {}, words[name]));
      this.playButton.dataset.shows = name;
    }
    this.root.dataset.t = t;
  }

  viewed() {
    this.colour();
    this.paint();
    this.refreshTip();
    if (!this.playing) this.rests();
  }

  // ---- moving

  // To a timestep, by a step, the slider or a key.
  move(t) {
    this.stopPlay();
    this.t = within(t, 1, this.T);
    this.settle(this.t);
    this.rests();
  }

  play() {
    if (this.T < 2) return;
    const over = this.t >= this.T;
    if (over) {
      this.t = 0;
      for (const network of this.networks) {
        for (const stage of network.stages) this.paintStage(network, stage, 0);
        this.paintReadout(network, 0);
      }
    }
    clearTimeout(this.resting);
    this.playing = { phase: -1, since: null, frame: 0 };
    this.playing.frame = requestAnimationFrame((now) => this.tick(now));
    this.begin();
  }

  // The next timestep sets out from the image.
  begin() {
    this.t += 1;
    this.playing.phase = -1;
    this.playing.since = null;
    this.goes(this.t - 1);
  }

  // One frame of the play: stages light up one after the other, then the readout.
  tick(now) {
    const { playing } = this;
    if (!playing) return;
    playing.since ??= now;
    const phases = this.rows + 2;
    const length = SPEEDS[this.speed] / phases;
    const phase = this.still ? phases - 1 : Math.floor((now - playing.since) / length);
    this.root.style.setProperty("--phase", `${Math.max(length, 60)}ms`);
    while (playing.phase < Math.min(phase, phases - 1)) this.reach(++playing.phase);
    if (now - playing.since >= SPEEDS[this.speed]) {
      if (this.t >= this.T) return this.pause();
      this.begin();
    }
    playing.frame = requestAnimationFrame((next) => this.tick(next));
  }

  // The wave reaches the image, a stage, or in the end the readout.
  reach(phase) {
    this.highlight(phase);
    for (const network of this.networks) {
      const stage = network.stages[phase - 1];
      if (stage) this.paintStage(network, stage, this.t);
      if (phase === this.rows + 1) this.paintReadout(network, this.t);
    }
    if (phase === this.rows + 1) {
      this.goes();
      this.paintOpened();
    }
    this.refreshTip();
  }

  // A soft light on what fires now; nowhere if it should keep still.
  highlight(phase) {
    const lit = (part, on) => part.classList.toggle("fires", on && !this.still);
    lit(this.image, phase === 0);
    for (const network of this.networks) network.parts.slice(1).forEach((part, i) => lit(part, phase === i + 1));
  }

  pause() {
    this.stopPlay();
    this.settle(this.t);
    this.rests();
  }

  stopPlay() {
    if (this.playing) cancelAnimationFrame(this.playing.frame);
    this.playing = null;
    this.highlight(-1);
  }

  // It has come to rest: said aloud, and told to the host.
  rests() {
    clearTimeout(this.resting);
    this.resting = setTimeout(() => {
      this.live.textContent = this.frames.said[this.t - 1];
      this.told.push({ t: this.t, view: this.view, when: Date.now() });
      this.tell?.("at", { t: this.t, view: this.view });
    }, REST);
  }

  // ---- neurons

  // Mouse, finger and focus on the maps of a stage.
  pointed(stage) {
    const { canvas } = stage;
    canvas.addEventListener("pointermove", (event) => {
      if (event.pointerType === "mouse") this.hover(stage, this.under(stage, event));
    });
    canvas.addEventListener("pointerleave", (event) => {
      if (event.pointerType === "mouse") this.leave(stage);
    });
    canvas.addEventListener("click", (event) => {
      const at = this.under(stage, event);
      if (!at) return;
      this.cursors.set(canvas.dataset.key, at);
      this.hover(stage, at);
      this.open(stage, at);
    });
    canvas.addEventListener("focus", () => {
      if (canvas.matches(":focus-visible")) this.stand(stage, this.cursors.get(canvas.dataset.key) ?? { m: 0, r: 0, c: 0 });
    });
    canvas.addEventListener("blur", () => this.leave(stage));
  }

  // The neuron under a pointer, or null between maps.
  under(stage, event) {
    const { scale, columns, gap } = stage.tiles;
    const box = stage.canvas.getBoundingClientRect();
    const x = (event.clientX - box.left) * (stage.tiles.wide / box.width);
    const y = (event.clientY - box.top) * (stage.tiles.tall / box.height);
    const [wide, tall] = [stage.width * scale + gap, stage.height * scale + gap];
    const [column, row] = [Math.floor(x / wide), Math.floor(y / tall)];
    const at = { m: row * columns + column, r: Math.floor((y - row * tall) / scale), c: Math.floor((x - column * wide) / scale) };
    return column >= 0 && column < columns && this.exists(stage, at) ? at : null;
  }

  exists(stage, { m, r, c }) {
    const inside = m >= 0 && m < stage.shown && r >= 0 && r < stage.height && c >= 0 && c < stage.width;
    return inside && (stage.is_map || r * stage.width + c < stage.neurons);
  }

  // A neuron's place among the bytes of one timestep.
  placeOf(stage, { m, r, c }) {
    return (m * stage.height + r) * stage.width + c;
  }

  nameOf(stage, { m, r, c }) {
    if (!stage.is_map) return phrase(this.words.row_neuron, { neuron: r * stage.width + c + 1 });
    return phrase(this.words.map_neuron, { map: stage.first + m + 1, row: r + 1, column: c + 1 });
  }

  // Whether it fires at t, its potentials, and its rate so far.
  numbersOf(stage, at, t) {
    const { values } = stage;
    const place = this.placeOf(stage, at);
    const code = (part) => values[part][(t - 1) * values.size + place];
    let fired = 0;
    for (let i = 0; i < t; i++) fired += values.spikes[i * values.size + place];
    const spike = code("spikes") > 0;
    return { spike, h: this.potential(code("h"), !spike), v: this.potential(code("v"), true), rate: (fired / t).toFixed(2) };
  }

  // A byte as potential, in words where it stands for all beyond.
  potential(code, quiet) {
    const { low, high, codes } = this.frames.levels;
    const value = low + (code / codes) * (high - low);
    const text = signed(value, 2);
    if (quiet && text === "1.00") return phrase(this.words.about, { value: text });
    if (code === 0) return phrase(this.words.at_most, { value: text });
    return code === codes ? phrase(this.words.at_least, { value: text }) : text;
  }

  sentence(stage, at, t) {
    if (!t) return this.nameOf(stage, at);
    const { spike, h, v, rate } = this.numbersOf(stage, at, t);
    const fired = spike ? this.words.spike : this.words.no_spike;
    return `${this.nameOf(stage, at)}: ${phrase(this.words.values, { t, fired, h, v, rate })}`;
  }

  hover(stage, at) {
    if (!at) return this.leave(stage);
    this.pointing = { stage, at };
    this.frame(stage, stage.spot, at);
    this.refreshTip();
  }

  leave(stage) {
    stage.spot.style.display = "none";
    if (this.pointing?.stage === stage) this.hideTip();
  }

  hideTip() {
    this.pointing = null;
    if (this.tip) this.tip.style.display = "none";
  }

  // A frame around one neuron.
  frame(stage, spot, at) {
    const { x, y } = this.corner(stage, at.m, at.r, at.c);
    const size = `${stage.tiles.scale / this.ratio}px`;
    Object.assign(spot.style, { display: "block", left: `${x / this.ratio}px`, top: `${y / this.ratio}px`, width: size, height: size });
  }

  // The tip beside its neuron, always on the screen.
  refreshTip() {
    if (!this.pointing) return;
    const { stage, at } = this.pointing;
    const { tip } = this;
    tip.textContent = this.sentence(stage, at, stage.at_t);
    tip.style.display = "block";
    const [board, root] = [stage.canvas.getBoundingClientRect(), this.root.getBoundingClientRect()];
    const { x, y } = this.corner(stage, at.m, at.r, at.c);
    const size = stage.tiles.scale / this.ratio;
    const [left, top] = [board.left + x / this.ratio, board.top + y / this.ratio];
    const edge = document.documentElement.clientWidth;
    const above = top - tip.offsetHeight - 10;
    const place = above >= 4 ? above : top + size + 10;
    tip.style.left = `${within(left + size + 4, 4, edge - tip.offsetWidth - 4) - root.left - this.root.clientLeft}px`;
    tip.style.top = `${place - root.top - this.root.clientTop}px`;
  }

  // The keyboard stands on a neuron: shown and said.
  stand(stage, at) {
    this.cursors.set(stage.canvas.dataset.key, at);
    this.hover(stage, at);
    this.live.textContent = this.sentence(stage, at, stage.at_t);
  }

  // To the neuron beside, over the edges of maps.
  wander(stage, right, down) {
    const at = this.cursors.get(stage.canvas.dataset.key) ?? { m: 0, r: 0, c: 0 };
    const { columns } = stage.tiles;
    const x = (at.m % columns) * stage.width + at.c + right;
    const y = Math.floor(at.m / columns) * stage.height + at.r + down;
    if (x < 0 || y < 0 || x >= columns * stage.width) return;
    const m = Math.floor(y / stage.height) * columns + Math.floor(x / stage.width);
    const next = { m, r: y % stage.height, c: x % stage.width };
    if (this.exists(stage, next)) this.stand(stage, next);
  }

  open(stage, at) {
    const first = stage.is_map ? stage.first * stage.height * stage.width : 0;
    const chosen = { network: stage.n, stage: stage.s, index: first + this.placeOf(stage, at) };
    this.opened = chosen;
    this.paintOpened();
    this.panel.scrollIntoView({ block: "nearest" });
    this.tell?.("neuron", chosen);
  }

  close() {
    const { network, stage } = this.opened;
    this.opened = null;
    this.paintOpened();
    this.networks[network].stages[stage].canvas.focus({ preventScroll: true });
  }

  // Where the opened neuron stands among the maps that are shown.
  openedAt(stage) {
    const place = this.opened.index - (stage.is_map ? stage.first * stage.height * stage.width : 0);
    const size = stage.height * stage.width;
    return { m: Math.floor(place / size), r: Math.floor((place % size) / stage.width), c: place % stage.width };
  }

  // What the opened neuron did at every timestep.
  paintOpened() {
    for (const network of this.networks) for (const each of network.stages) each.kept.style.display = "none";
    const stage = this.opened && this.stageOf(this.opened);
    this.panel.hidden = !stage;
    if (!stage) return;
    const last = this.networks.at(-1).parts[stage.s + 1]; // below the row of its stage
    if (last.nextSibling !== this.panel) last.after(this.panel);
    const at = this.openedAt(stage);
    if (stage.tiles) this.frame(stage, stage.kept, at);
    const t = Math.max(this.t, 1);
    const network = this.networks[stage.n];
    const title = `${network.name}, ${stage.name}, ${this.nameOf(stage, at)}`;
    const now = this.numbersOf(stage, at, t);
    const { words } = this;
    const wasOpen = this.panel.querySelector("details")?.open;
    const hadFocus = this.panel.contains(this.root.getRootNode().activeElement) && this.root.getRootNode().activeElement.tagName;
    const close = node("button", { type: "button", "data-key": "close" }, words.close);
    close.addEventListener("click", () => this.close());
    const facts = [
      [words.timestep, String(t)],
      [words.spikes, now.spike ? words.spike : words.no_spike],
      [`${words.h} (v_th)`, now.h],
      [`${words.v} (v_th)`, now.v],
      [words.rates, now.rate],
    ];
    const factsWide = this.width < NARROW ? 0 : 344;
    const details = node("details", { open: wasOpen }, node("summary", {}, words.numbers), this.table(stage, at, t));
    this.panel.style.setProperty("--hue", network.hue);
    this.panel.setAttribute("aria-label", title);
    this.panel.replaceChildren(
      node("header", {}, node("h4", {}, node("i"), title), ...this.wayOn(), close),
      node("dl", { class: "number small" }, ...facts.flatMap(([name, value]) => [node("dt", {}, name), node("dd", {}, value)])),
      this.chart(stage, at, t, title, this.width - 28 - factsWide),
      details,
    );
    if (hadFocus) (hadFocus === "SUMMARY" ? details.firstChild : close).focus({ preventScroll: true });
  }

  // A button to what a host shows of the neuron besides, in its words.
  wayOn() {
    if (!this.given.more) return [];
    const made = node("button", { type: "button", "data-key": "further" }, this.given.more);
    made.addEventListener("click", () => this.tell?.("further", this.opened));
    return [made];
  }

  table(stage, at, t) {
    const { words } = this;
    const head = ["t", words.spikes, "h (v_th)", "v (v_th)", words.rates].map((name) => node("th", { scope: "col" }, name));
    const lines = Array.from({ length: this.T }, (_, i) => {
      const { spike, h, v, rate } = this.numbersOf(stage, at, i + 1);
      const cells = [i + 1, spike ? 1 : 0, h, v, rate].map((value) => node("td", {}, String(value)));
      return node("tr", { class: i + 1 === t ? "now" : "" }, ...cells);
    });
    return node("div", { class: "table", tabindex: 0 }, node("table", { class: "number" }, node("thead", {}, node("tr", {}, ...head)), node("tbody", {}, ...lines)));
  }

  // Potentials over t: charged up to h, after a spike down to v.
  chart(stage, at, t, title, wide) {
    const { low, high, codes } = this.frames.levels;
    const { values } = stage;
    const [tall, left] = [96, 32];
    const place = this.placeOf(stage, at);
    const x = (i) => left + ((i + 0.5) / this.T) * (wide - left);
    const y = (value) => tall - 4 - ((value - low) / (high - low)) * (tall - 20);
    const value = (part, i) => low + (values[part][i * values.size + place] / codes) * (high - low);
    const steps = Array.from({ length: this.T }, (_, i) => i);
    const path = steps.map((i) => `${i ? "L" : "M"}${x(i)} ${y(value("h", i))}L${x(i)} ${y(value("v", i))}`).join("");
    const half = (wide - left) / this.T / 2;
    const text = (line, words) => drawing("text", { x: left - 4, y: line + 4, "text-anchor": "end", "font-size": 11, fill: "var(--grey)" }, words);
    return drawing(
      "svg",
      { width: wide, height: tall, viewBox: `0 0 ${wide} ${tall}`, role: "img", "aria-label": `${title}: ${this.words.h}, ${this.words.v}` },
      drawing("rect", { x: x(t - 1) - half, y: 0, width: 2 * half, height: tall, fill: "var(--faint)" }),
      drawing("line", { x1: left, x2: wide, y1: y(1), y2: y(1), stroke: "var(--grey)", "stroke-dasharray": "4 4" }),
      drawing("line", { x1: left, x2: wide, y1: y(0), y2: y(0), stroke: "var(--line)" }),
      text(y(1), "v_th"),
      text(y(0), "0"),
      drawing("path", { d: path, fill: "none", stroke: "var(--hue)", "stroke-width": 2, "stroke-linejoin": "round" }),
      ...steps.map((i) => drawing("circle", { cx: x(i), cy: y(value("h", i)), r: 3, fill: "var(--hue)" })),
      ...steps
        .filter((i) => values.spikes[i * values.size + place])
        .map((i) => drawing("rect", { x: x(i) - 1.5, y: 0, width: 3, height: 12, fill: "var(--hue)" })),
    );
  }

  // ---- keys

  key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || !this.frames) return;
    const { target } = event;
    const canvas = target.matches(".board canvas") ? target : null;
    const stage = canvas && this.networks[canvas.dataset.network].stages[canvas.dataset.stage];
    const act = this.action(event.key, target, stage);
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }

  // What a key does where it was pressed; undefined: what it does anyway.
  action(key, target, stage) {
    const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (key === "Escape" && this.opened) return () => this.close();
    if (stage && arrows[key]) return () => this.wander(stage, ...arrows[key]);
    if (stage && key === "Enter") return () => this.open(stage, this.cursors.get(stage.canvas.dataset.key) ?? { m: 0, r: 0, c: 0 });
    if (target.matches(".table")) return undefined;
    if (key === " " && !target.matches("button, summary")) return () => (this.playing ? this.pause() : this.play());
    if (target === this.slider) return undefined;
    return {
      ArrowLeft: () => this.move(this.t - 1),
      ArrowRight: () => this.move(this.t + 1),
      Home: () => this.move(1),
      End: () => this.move(this.T),
    }[key];
  }

  // ---- for the host

  // New frames or wishes; the timestep and the view stay where the user left them.
  update(frames, options = {}) {
    const { given } = this;
    this.given = { ...given, ...options };
    const asked = { t: options.t, view: options.view };
    for (const name of ["t", "view"])
      if (asked[name] == null || asked[name] === given[name] || this.heard(name, asked[name])) delete asked[name];
    const same = this.frames && frames.data === this.frames.data && JSON.stringify(frames) === JSON.stringify(this.frames);
    const follow = () => this.follow(asked);
    if (!same) return void this.load(frames, follow);
    this.wanted = this.frames; // whatever was still being unpacked
    this.dress();
    follow();
  }

  // Whether a host only repeats what it was told a moment ago.
  heard(name, value) {
    this.told = this.told.filter(({ when }) => Date.now() - when < HEARD);
    return this.told.some((told) => told[name] === value);
  }

  // The host itself moves on.
  follow({ t, view }) {
    if (view && VIEWS.includes(view) && view !== this.view) this.root.querySelector(`[data-key="view-${view}"]`)?.click();
    if (t && t !== this.t) this.move(t);
  }

  remove() {
    this.ends.abort();
    this.watch.disconnect();
    clearTimeout(this.resting);
    if (this.playing) cancelAnimationFrame(this.playing.frame);
    this.root.remove();
    this.style.remove();
  }
}

// Draws and plays frames inside an element; see frames.py for what they hold.
export function mount(element, frames, tell, options) {
  const player = new Player(element, frames, tell, options ?? {});
  return { update: (next, wishes) => player.update(next, wishes), remove: () => player.remove() };
}

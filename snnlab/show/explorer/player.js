// The player: one image on its way through networks, timestep by timestep.
//
// mount(element, frames, tell, options) draws what frames.py has packed and plays it. All words,
// colours and numbers come from there; this file only moves them. It needs nothing but a browser.
// player.py lists the files that it is made of.

const NARROW = 680; // px of the player below which labels stand above the columns

class Player extends Mounted {
  constructor(element, frames, tell, options = {}) {
    super(element, tell, options, { kind: "snn", style: PLAYER_STYLE, narrow: NARROW });
    this.t = options.t ?? 1;
    this.view = frames.views.includes(options.view) ? options.view : frames.views[0];
    this.networks = [];
    this.play = new Play(this);
    this.pointing = new Pointing(this);
    this.opened = new Opened(this, options.neuron);
    const always = { signal: this.ends.signal };
    addEventListener("scroll", () => this.pointing.refresh(), { ...always, passive: true, capture: true });
    addEventListener("pointerdown", (event) => event.composedPath()[0] !== this.pointing.stage?.canvas && this.pointing.hide(), always);
    this.load(frames, () => options.playing && !this.still && this.play.start());
  }

  // ---- new frames

  // Unpack all frames first, then show them at once.
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
    this.networks = networksOf(frames, data);
    this.rows = Math.max(...this.networks.map((network) => network.stages.length));
    this.width = 0; // nothing is drawn until there are tiles
    this.build(pixels);
    this.dress();
    this.resized();
    this.goes();
    if (focused) this.root.querySelector(`[data-key="${focused}"]`)?.focus({ preventScroll: true });
    this.root.dataset.ready = "true";
  }

  // The stage of a neuron; null: there is none, or its map is not shown.
  stageOf({ network, stage, index }) {
    const found = this.networks[network]?.stages[stage];
    if (!found) return null;
    const most = found.is_map ? found.values.size : found.neurons;
    return index >= before(found) && index < before(found) + most ? found : null;
  }

  // ---- parts of the page

  build(pixels) {
    const { words, frames } = this;
    this.pointing.begin();
    this.opened.begin();
    this.controls = new Controls(this, { min: 1, max: this.T, step: 1 }, words.timestep, Object.keys(SPEEDS));
    this.image = imageFigure(frames, pixels);
    this.live = node("p", { class: "unseen", "aria-live": "polite" }, frames.said[this.t - 1]);
    this.said = node("p", { class: "said", "aria-hidden": "true" });
    this.legend = node("div", { class: "legend small" });
    const views = choice("view", frames.views, this.view, words, (view) => this.look(view));
    this.root.setAttribute("aria-label", frames.title);
    this.root.replaceChildren(
      node("div", { class: "top" }, this.image, node("div", { class: "desk" }, this.controls.bar, node("div", { class: "bar" }, views, this.legend), this.said)),
      this.body(),
      node("div", { class: "notes small grey" }, node("p", {}, `${words.moved}: ${words.moved_help}`), node("p", {}, words.keys)),
      this.live,
      this.pointing.tip,
    );
  }

  // A row of headings, a row for each stage, and one of readouts; each network is a column.
  body() {
    const stages = Array.from({ length: this.rows }, (_, s) => this.stageRow(s));
    const rows = [this.headRow(), ...stages, this.readoutRow()];
    this.networks.forEach((network, n) => (network.parts = rows.map((row) => row[n + 1])));
    return node("div", { class: "body", style: `--networks: ${this.networks.length}` }, ...rows.flat());
  }

  headRow() {
    const heads = this.networks.map(({ n, name }) => node("div", { class: "head", "data-network": n }, node("h3", {}, name)));
    return [node("div", { class: "side corner", style: "border: 0" }), ...heads];
  }

  stageRow(s) {
    const stages = this.networks.map((network) => network.stages[s]);
    const there = stages.filter(Boolean);
    const cells = stages.map((stage) => (stage ? stageCell(stage, this.words) : node("div", { class: "cell" })));
    for (const stage of there) this.pointing.listen(stage);
    return [stageLabel(there, this.words, this.tell), ...cells];
  }

  readoutRow() {
    const drawn = strongest(this.frames);
    for (const network of this.networks) network.shown = new Readout(network, this.frames, drawn);
    return [readoutLabel(this.frames, drawn), ...this.networks.map((network) => network.shown.cell)];
  }

  // ---- colours and sizes

  // The colours of this background.
  dress() {
    if (!this.frames) return;
    this.dressIn(this.frames.colours);
    for (const network of this.networks) {
      network.hue = network.colour[this.dark ? "dark" : "light"];
      for (const part of network.parts) part.style.setProperty("--hue", network.hue);
    }
    this.colour();
    if (this.width) this.paint();
  }

  // Colours and legend of the view.
  colour() {
    const { networks, view, frames } = this;
    const { ink } = this.colours;
    for (const network of networks) network.palette = paletteOf(view, network.hue, ink, frames.levels);
    const hues = networks.map((network) => network.hue);
    const legends = { spikes: () => legendOfSpikes(hues, ink, this.words), rates: () => legendOfRates(frames) };
    this.legend.replaceChildren(...(legends[view] ?? (() => legendOfPotentials(frames)))());
  }

  resized() {
    if (this.frames) super.resized();
  }

  // Lay out everything for another width.
  lay() {
    reserve([this.said], this.frames.said);
    reserve(this.networks.map((network) => network.shown.verdict), this.networks.flatMap((network) => network.says));
    this.tile();
    this.paint();
    this.goes(this.spoken); // what stood there before room was made
  }

  tile() {
    const room = { networks: this.networks.length, narrow: this.narrow, ratio: this.ratio };
    for (const network of this.networks) {
      for (const stage of network.stages) layStage(stage, this.farthest(stage.s), room);
      network.shown.fillStrip();
    }
  }

  // The largest distance from training in a row.
  farthest(s) {
    return Math.max(...this.networks.flatMap((network) => network.stages[s]?.moved ?? [])) || 1;
  }

  // ---- drawing timestep t

  // Redraw with other colours or sizes.
  paint() {
    this.paintAll();
    this.opened.paint();
  }

  // Draw all stages and readouts at t; without t, each at the timestep that it shows.
  paintAll(t) {
    for (const network of this.networks) {
      for (const stage of network.stages) this.paintStage(stage, t ?? stage.at_t ?? this.t);
      network.shown.paint(t ?? network.shown.at_t ?? this.t);
    }
  }

  paintStage(stage, t) {
    const { view, words, colours } = this;
    paintStage(stage, t, { view, words, palette: this.networks[stage.n].palette, blank: pixel(colours.ink, SILENT) });
  }

  // Everything at the present timestep, at once.
  settle() {
    this.paintAll(this.t);
    this.goes();
    this.opened.paint();
    this.pointing.refresh();
  }

  // Update the controls to the present timestep, and the sentence to a timestep.
  goes(spoken = this.t) {
    this.controls.show(this.t, this.play.goes, phrase(this.words.at, { t: this.t, T: this.T }));
    this.spoken = spoken;
    if (spoken) this.said.textContent = this.frames.said[spoken - 1];
    this.root.dataset.t = this.t;
  }

  // ---- moving

  // Change the view.
  look(view) {
    this.view = view;
    this.colour();
    this.paint();
    this.pointing.refresh();
    if (!this.play.goes) this.rests();
  }

  // Go some steps forward, or back.
  go(by) {
    this.move(this.t + by);
  }

  // Announce the sentence of the timestep to screen readers, and return the position for the host.
  rested() {
    this.live.textContent = this.frames.said[this.t - 1];
    return { t: this.t, view: this.view };
  }

  // The action of a key on the element with the focus; undefined: the browser's own.
  action(key, target) {
    if (!this.frames) return undefined;
    const { network, stage: number } = target.dataset; // of a canvas with maps
    const stage = number && this.networks[network].stages[number];
    if (key === "Escape" && this.opened.chosen) return () => this.opened.close();
    if (stage && ARROWS[key]) return () => this.pointing.wander(stage, ...ARROWS[key]);
    if (stage && key === "Enter") return () => this.opened.open(stage, this.pointing.cursor(stage));
    if (target.matches(".table")) return undefined;
    if (key === " " && !target.matches("button, summary")) return () => this.play.toggle();
    if (target === this.controls.slider) return undefined;
    return {
      ArrowLeft: () => this.go(-1),
      ArrowRight: () => this.go(1),
      Home: () => this.move(1),
      End: () => this.move(this.T),
    }[key];
  }

  // ---- for the host

  // New frames or options; timestep and view stay as the user left them.
  update(frames, options = {}) {
    const { given } = this;
    this.given = { ...given, ...options };
    const asked = { t: options.t, view: options.view };
    for (const name of ["t", "view"])
      if (asked[name] == null || asked[name] === given[name] || this.heard(name, asked[name])) delete asked[name];
    if (String(options.neuron ?? "") !== String(given.neuron ?? "")) asked.neuron = options.neuron ?? null;
    const same = this.frames && frames.data === this.frames.data && JSON.stringify(frames) === JSON.stringify(this.frames);
    const follow = () => this.follow(asked);
    if (!same) return void this.load(frames, follow);
    this.wanted = this.frames; // discards frames that are still being unpacked
    this.dress();
    follow();
  }

  // The host itself moves on.
  follow({ t, view, neuron }) {
    if (this.frames.views.includes(view) && view !== this.view) this.root.querySelector(`[data-key="view-${view}"]`)?.click();
    if (t && t !== this.t) this.move(t);
    if (neuron !== undefined) this.opened.show(neuron);
  }
}

// The image as the networks see it, with its title.
function imageFigure({ image, title, words }, pixels) {
  const [channels, height, width] = image.shape;
  const planes = channels === 3 ? [0, 1, 2] : [0, 0, 0]; // of red, green and blue
  const canvas = picture(width, height, (i) => planes.map((plane) => pixels[plane * width * height + i]));
  filled(canvas, { role: "img", "aria-label": `${words.image}: ${title}` });
  const caption = node("figcaption", { class: "small grey" }, node("b", {}, title), words.image);
  return node("figure", { class: "image" }, canvas, caption);
}

// Reserve room for the longest sentence in each place, so that nothing jumps and columns stay level.
function reserve(places, sentences) {
  const [first] = places;
  first.style.minHeight = "";
  first.textContent = sentences.reduce((a, b) => (b.length > a.length ? b : a));
  const height = `${first.offsetHeight}px`;
  for (const place of places) place.style.minHeight = height;
}

// Draws and plays frames inside an element; see frames.py for what they hold.
export function mount(element, frames, tell, options) {
  return new Player(element, frames, tell, options);
}

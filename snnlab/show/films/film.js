// A film: a scene that draws any moment, with its clock and controls.
//
// mountFilm(element, given, tell, options) shows what film.py has packed. All words, colours and
// numbers come from there. It needs nothing but a browser, and never starts by itself.
//
// A scene is a class in SCENES. It has `constructor(film)`, `element`, and `paint(time)`, which draws the
// picture of a moment and depends on nothing else; `resize()`, called when `film.width` or `film.narrow`
// has changed; and `poster`, the position of the play sign at first, as shares of width and height. Its
// data are in `film.scene`, its words in `film.words`, its colours in `film.colours`.

const SCENES = {}; // scenes by the kind of the film; the file of each scene adds it
const NARROW = 600; // px: width of a film below which scenes have the layout of a phone
const NUDGE = 1; // s by which arrows move the slider

class Film extends Mounted {
  constructor(element, given, tell, options = {}) {
    super(element, tell, options, { kind: "snn film", style: FILM_STYLE, narrow: NARROW });
    this.t = options.t ?? 0;
    this.play = new Clock(this);
    this.show(given);
  }

  // ---- parts of the page

  show(data) {
    this.data = data;
    Object.assign(this, { words: data.words, length: data.length, steps: data.steps, scene: data.scene });
    this.t = within(this.t, 0, this.length);
    this.play.stop();
    this.width = 0; // nothing is drawn until there is a scene
    this.dress();
    this.build();
    this.resized();
    this.root.dataset.ready = "true";
  }

  build() {
    const { words, data } = this;
    this.controls = new Controls(this, { min: 0, max: this.length, step: 0.05 }, words.moment, Object.keys(SPEEDS));
    this.drawn = new SCENES[data.kind](this);
    this.poster = node("div", { class: "poster", "aria-hidden": "true" }, icon("play"));
    this.screen = node("div", { class: "screen", role: "img", "aria-label": data.alt }, this.drawn.element, this.poster);
    this.screen.addEventListener("click", () => this.play.toggle());
    this.said = node("p", { class: "said", "aria-live": "polite" });
    this.marks = data.chapters.map((chapter, i) => this.mark(chapter, i));
    this.root.setAttribute("aria-label", data.title);
    this.root.replaceChildren(
      this.screen,
      this.said,
      this.controls.bar,
      node("div", { class: "chapters", role: "group", "aria-label": words.chapters }, ...this.marks),
      node("p", { class: "keys small grey" }, words.keys),
    );
  }

  // The button of a chapter.
  mark({ at, name }, i) {
    const number = node("span", { class: "number", "aria-hidden": "true" }, `${i + 1}`);
    return button({ "data-key": `chapter-${i + 1}` }, () => this.jump(at), number, node("span", {}, name));
  }

  // Colours of the background.
  dress() {
    this.dressIn(this.data.colours);
    if (this.width) this.paint();
  }

  // Lay out everything for another width.
  lay() {
    this.drawn.resize?.();
    const [x, y] = this.drawn.poster ?? [0.5, 0.5];
    Object.assign(this.poster.style, { left: `${100 * x}%`, top: `${100 * y}%` });
    this.makeRoom();
    this.paint();
  }

  // Reserve room for the longest sentence, so that nothing below it jumps.
  makeRoom() {
    const { said } = this;
    const shown = said.textContent;
    said.removeAttribute("aria-live"); // measured without being announced
    said.style.minHeight = "";
    const heights = this.data.chapters.map((chapter) => {
      said.textContent = chapter.said;
      return said.offsetHeight;
    });
    said.style.minHeight = `${Math.max(...heights)}px`;
    said.textContent = shown;
    said.setAttribute("aria-live", "polite");
  }

  // ---- drawing a moment

  get chapter() {
    return this.data.chapters.findLast(({ at }) => at <= this.t + 0.001);
  }

  paint() {
    const { chapter, play, root } = this;
    this.drawn.paint(this.t);
    const clock = phrase(this.words.clock, { now: Math.floor(this.t), length: Math.floor(this.length) });
    const where = `${chapter.name}, ${clock}`;
    this.controls.show(this.t, play.goes, clock, play.goes ? chapter.name : where); // not each second in play
    if (this.said.textContent !== chapter.said) this.said.textContent = chapter.said;
    this.marks.forEach((mark, i) => mark.setAttribute("aria-current", String(this.data.chapters[i] === chapter)));
    root.dataset.t = this.t.toFixed(2);
    root.dataset.plays = play.goes;
    this.poster.classList.toggle("unseen", play.goes || this.t > 0);
  }

  // ---- moving

  // Go to the step before or after this moment, or to the beginning or the end.
  stepFrom(by) {
    const { steps, t } = this;
    const near = 0.02;
    if (by > 0) return steps.find((step) => step > t + near) ?? this.length;
    return steps.findLast((step) => step < t - near) ?? 0;
  }

  go(by) {
    this.move(this.stepFrom(by));
  }

  settle() {
    this.paint();
  }

  // Go to a moment, and play on from there if it plays.
  jump(t) {
    const goes = this.play.goes;
    this.move(t);
    if (goes && !this.still) this.play.start();
  }

  rested() {
    return { t: Number(this.t.toFixed(2)) };
  }

  // The action of a key on the element with the focus; undefined: the browser's own.
  action(key, target) {
    if (key === " " && target.matches("button")) return undefined;
    const nudge = target === this.controls.slider;
    const by = (sign) => () => (nudge ? this.move(this.t + sign * NUDGE) : this.go(sign));
    const acts = {
      " ": () => this.play.toggle(),
      ArrowLeft: by(-1),
      ArrowRight: by(1),
      Home: () => this.move(0),
      End: () => this.move(this.length),
    };
    return acts[key] ?? (nudge ? { ArrowDown: by(-1), ArrowUp: by(1) }[key] : undefined);
  }

  // ---- for the host

  // Another film or other options; the moment stays as the user left it.
  update(data, options = {}) {
    const { given } = this;
    this.given = { ...given, ...options };
    if (JSON.stringify(data) !== JSON.stringify(this.data)) this.show(data);
    this.dress();
    if (options.t != null && options.t !== given.t && !this.heard("t", options.t)) this.move(options.t);
  }
}

// Shows a film inside an element; see film.py for what it is given.
export function mountFilm(element, given, tell, options) {
  return new Film(element, given, tell, options);
}

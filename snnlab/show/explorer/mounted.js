// What a host mounts in an element: it is as wide as there is room and as dark as the page, keys move it, and the
// host hears where it rests.
//
// A class derived from it has a `play`, its `controls`, and the methods `dress()`, of the colours, `lay()`, which draws
// in another width, `settle()`, which draws where it is, `action(key, target)`, what a key does, and `rested()`, which
// says where it is.

const REST = 300; // ms without a change until the host is told
const HEARD = 5000; // ms for which the host may still answer to what it was told

class Mounted {
  // `options` are what the host asks for; below `narrow` px it stands upright.
  constructor(element, tell, options, { kind, style, narrow }) {
    Object.assign(this, { tell, given: options, narrowBelow: narrow });
    this.told = []; // to the host, lately
    this.root = node("div", { class: kind, tabindex: 0, role: "group", "data-lm-suppress-shortcuts": "true" }); // JupyterLab's
    this.style = node("style", {}, CONTROLS_STYLE + style);
    element.append(this.style, this.root);
    this.ends = new AbortController();
    const always = { signal: this.ends.signal };
    const wishes = ["(prefers-color-scheme: dark)", "(prefers-reduced-motion: reduce)"].map((wish) => matchMedia(wish));
    for (const wish of wishes) wish.addEventListener("change", () => this.dress(), always);
    [this.forDark, this.forStill] = wishes;
    this.root.addEventListener("keydown", (event) => this.key(event), always);
    this.watch = new ResizeObserver(() => this.resized());
    this.watch.observe(this.root);
  }

  // ---- the page around it

  // Whether nothing may move, as the reader told the browser.
  get still() {
    return this.forStill.matches;
  }

  get dark() {
    return this.given.dark ?? this.forDark.matches;
  }

  // In the colours of the background, and still if nothing may move.
  dressIn({ light, dark }) {
    const { root } = this;
    const colours = (this.colours = this.dark ? dark : light);
    const named = {
      ink: colours.ink,
      grey: colours.grey,
      paper: colours.paper,
      line: faintly(colours.ink, 16),
      faint: faintly(colours.ink, 8),
      chosen: faintly(colours.hue_blue, 24),
      focus: colours.hue_blue,
      right: colours.hue_green,
      wrong: colours.hue_vermillion,
      neutral: colours.hue_blue,
    };
    for (const [name, value] of Object.entries(named)) root.style.setProperty(`--${name}`, value);
    root.style.colorScheme = this.dark ? "dark" : "light";
    root.classList.toggle("still", this.still);
  }

  // Sizes anew when the width has changed.
  resized() {
    const width = this.root.clientWidth;
    const ratio = devicePixelRatio;
    if (!width || (width === this.width && ratio === this.ratio)) return;
    Object.assign(this, { width, ratio, narrow: width < this.narrowBelow });
    this.root.classList.toggle("narrow", this.narrow);
    this.lay();
  }

  // ---- moving

  // To a place of the slider's range, by a button, the slider or a key; there it rests.
  move(t) {
    const { min, max } = this.controls.range;
    this.play.stop();
    this.t = within(t, min, max);
    this.settle();
    this.rests();
  }

  // ---- keys

  key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const act = this.action(event.key, event.target);
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }

  // ---- the host

  // Tells the host where it is, unless it moves on meanwhile.
  rests() {
    this.hush();
    this.waiting = setTimeout(() => {
      const at = this.rested();
      this.told.push({ ...at, when: Date.now() });
      this.tell?.("at", at);
    }, REST);
  }

  hush() {
    clearTimeout(this.waiting);
  }

  // Whether the host only repeats what it was told a moment ago.
  heard(name, value) {
    this.told = this.told.filter(({ when }) => Date.now() - when < HEARD);
    return this.told.some((told) => told[name] === value);
  }

  remove() {
    this.ends.abort();
    this.watch.disconnect();
    this.hush();
    this.play.stop();
    this.root.remove();
    this.style.remove();
  }
}

// A colour, so many percent of it.
function faintly(colour, percent) {
  return `color-mix(in srgb, ${colour} ${percent}%, transparent)`;
}

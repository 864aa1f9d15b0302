// A part that a host (dashboard, notebook or web page) mounts in an element. It adapts to the width and the theme of
// the page, is moved by keys, and tells the host where it has stopped.
//
// A derived class has `play`, `controls`, and these methods: `dress()` sets colours, `lay()` draws at another width,
// `settle()` draws the present position, `action(key, target)` returns the action of a key, and `rested()` tells the
// host the position.

const REST = 300; // ms without a change until the host is told
const HEARD = 5000; // ms for which the host may repeat what it was told

class Mounted {
  // `options` come from the host; below a width of `narrow` px the layout is that of a phone.
  constructor(element, tell, options, { kind, style, narrow }) {
    Object.assign(this, { tell, given: options, narrowBelow: narrow });
    this.told = []; // messages to the host in the last seconds
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

  // Whether the reader has asked the browser for reduced motion.
  get still() {
    return this.forStill.matches;
  }

  get dark() {
    return this.given.dark ?? this.forDark.matches;
  }

  // Adapt to the theme of the page, and to reduced motion.
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

  // Lay out again when the width has changed.
  resized() {
    const width = this.root.clientWidth;
    const ratio = devicePixelRatio;
    if (!width || (width === this.width && ratio === this.ratio)) return;
    Object.assign(this, { width, ratio, narrow: width < this.narrowBelow });
    this.root.classList.toggle("narrow", this.narrow);
    this.lay();
  }

  // ---- moving

  // Move to a value of the slider's range, by a button, the slider or a key, and stop there.
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

  // Tell the host the position after a moment, unless it changes meanwhile.
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

  // Whether the host merely repeats a message that it got a moment ago.
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

// A colour with an opacity in percent.
function faintly(colour, percent) {
  return `color-mix(in srgb, ${colour} ${percent}%, transparent)`;
}

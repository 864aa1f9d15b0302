// The controls of a player: buttons, a slider, and choices.

class Controls {
  // `player` has `words`, `play`, `go(by)` and `move(to)`; the slider gets a range and a label.
  constructor(player, range, label, speeds) {
    const { words, play } = player;
    this.words = words;
    this.range = range;
    this.play = this.button("play", () => play.toggle());
    this.play.classList.add("play");
    this.back = this.button("back", () => player.go(-1));
    this.step = this.button("step", () => player.go(1));
    this.slider = node("input", { type: "range", ...range, "aria-label": label, "data-key": "slider" });
    this.slider.addEventListener("input", () => player.move(Number(this.slider.value)));
    // Hidden from screen readers, which would announce each timestep of a play; the slider has the same text.
    this.clock = node("output", { class: "number", "aria-hidden": "true" });
    this.bar = node(
      "div",
      { class: "bar" },
      node(
        "div",
        { class: "transport" },
        node("div", { class: "buttons" }, this.play, this.back, this.step),
        node("label", { class: "time" }, this.slider, this.clock),
      ),
      choice("speed", speeds, play.speed, words, (speed) => (play.speed = speed)),
    );
  }

  button(name, press) {
    return button({ "data-key": name }, press, icon(name), node("span", {}, this.words[name]));
  }

  // Show a value of the range, in play or at rest: the text of the clock, and that of the slider.
  show(at, plays, shown, said = shown) {
    const { min, max } = this.range;
    this.slider.value = at;
    this.clock.textContent = shown;
    this.slider.setAttribute("aria-valuetext", said);
    const pressed = this.bar.getRootNode().activeElement;
    this.back.disabled = at <= min;
    this.step.disabled = at >= max;
    if ([this.back, this.step].includes(pressed) && pressed.disabled) this.bar.closest("[tabindex]")?.focus({ preventScroll: true }); // so that keys work
    this.play.disabled = max <= min;
    const name = plays ? "pause" : "play";
    if (this.play.dataset.shows === name) return;
    this.play.replaceChildren(icon(name), node("span", {}, this.words[name]));
    this.play.dataset.shows = name;
  }
}

// A group of buttons, one of which is pressed.
function choice(name, options, chosen, words, choose) {
  const count = { 3: "three", 4: "four" }[options.length];
  const group = node("div", { class: `segments ${count}`, role: "group", "aria-label": words[name] });
  for (const option of options) {
    const press = ({ currentTarget }) => {
      for (const other of group.children) other.setAttribute("aria-pressed", String(other === currentTarget));
      choose(option);
    };
    group.append(button({ "data-key": `${name}-${option}`, "aria-pressed": String(option === chosen) }, press, words[option]));
  }
  return node("div", { class: "choice" }, node("span", { class: "grey small", "aria-hidden": "true" }, words[name]), group);
}

// Pointing at neurons with mouse, finger or keys: a frame, a tip beside it, and a sentence aloud.

class Pointing {
  constructor(player) {
    this.player = player;
    this.cursors = new Map(); // where the keyboard stands in each stage
    this.begin();
  }

  // Before new stages are shown.
  begin() {
    this.tip = node("div", { class: "tip number", "aria-hidden": "true" });
    this.stage = this.at = null; // what is pointed at
  }

  // Mouse, finger and focus on the maps of a stage.
  listen(stage) {
    const { canvas } = stage;
    canvas.addEventListener("pointermove", (event) => {
      if (event.pointerType === "mouse") this.hover(stage, neuronUnder(stage, event));
    });
    canvas.addEventListener("pointerleave", (event) => {
      if (event.pointerType === "mouse") this.leave(stage);
    });
    canvas.addEventListener("click", (event) => this.press(stage, neuronUnder(stage, event)));
    canvas.addEventListener("focus", () => {
      if (canvas.matches(":focus-visible")) this.stand(stage, this.cursor(stage));
    });
    canvas.addEventListener("blur", () => this.leave(stage));
  }

  press(stage, at) {
    if (!at) return;
    this.cursors.set(stage.canvas.dataset.key, at);
    this.hover(stage, at);
    this.player.opened.open(stage, at);
  }

  hover(stage, at) {
    if (!at) return this.leave(stage);
    Object.assign(this, { stage, at });
    frameNeuron(stage.spot, stage, at);
    this.refresh();
  }

  leave(stage) {
    stage.spot.style.display = "none";
    if (this.stage === stage) this.hide();
  }

  hide() {
    this.stage = this.at = null;
    this.tip.style.display = "none";
  }

  // The tip beside its neuron, always on the screen.
  refresh() {
    const { stage, at, tip } = this;
    if (!stage) return;
    const { frames, root } = this.player;
    tip.textContent = sentence(stage, at, stage.at_t, frames);
    tip.style.display = "block";
    const [board, origin] = [stage.canvas.getBoundingClientRect(), root.getBoundingClientRect()];
    const box = boxOf(stage, at);
    const [left, top] = [board.left + box.left, board.top + box.top];
    const edge = document.documentElement.clientWidth;
    const above = top - tip.offsetHeight - 10;
    const place = above >= 4 ? above : top + box.size + 10;
    tip.style.left = `${within(left + box.size + 4, 4, edge - tip.offsetWidth - 4) - origin.left - root.clientLeft}px`;
    tip.style.top = `${place - origin.top - root.clientTop}px`;
  }

  // Where the keyboard stands.
  cursor(stage) {
    return this.cursors.get(stage.canvas.dataset.key) ?? { m: 0, r: 0, c: 0 };
  }

  // The keyboard stands on a neuron: shown and said.
  stand(stage, at) {
    this.cursors.set(stage.canvas.dataset.key, at);
    this.hover(stage, at);
    this.player.live.textContent = sentence(stage, at, stage.at_t, this.player.frames);
  }

  wander(stage, right, down) {
    const next = neuronBeside(stage, this.cursor(stage), right, down);
    if (next) this.stand(stage, next);
  }
}

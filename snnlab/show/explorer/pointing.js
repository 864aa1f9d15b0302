// Pointing at neurons with mouse, finger or keys: a frame, a tooltip, and a sentence for screen readers.

class Pointing {
  constructor(player) {
    this.player = player;
    this.cursors = new Map(); // the cursor of the keyboard in each stage
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

  // Place the tooltip beside its neuron, but inside the window.
  refresh() {
    const { stage, at, tip } = this;
    if (!stage) return;
    const { frames, root } = this.player;
    tip.textContent = sentence(stage, at, stage.at_t, frames);
    tip.style.display = "block";
    const [board, origin] = [stage.canvas.getBoundingClientRect(), root.getBoundingClientRect()];
    const scale = origin.width / root.offsetWidth || 1; // a slide shows the player larger or smaller
    const [x, y] = [board.left - origin.left, board.top - origin.top].map((far) => far / scale);
    const [left, top, edge] = [origin.left, origin.top, document.documentElement.clientWidth].map((far) => far / scale);
    const box = boxOf(stage, at);
    const above = y + box.top - tip.offsetHeight - 10;
    const place = above + top >= 4 ? above : y + box.top + box.size + 10;
    const beside = within(x + box.left + box.size + 4, 4 - left, edge - left - tip.offsetWidth - 4);
    tip.style.left = `${beside - root.clientLeft}px`;
    tip.style.top = `${place - root.clientTop}px`;
  }

  // The cursor of the keyboard.
  cursor(stage) {
    return this.cursors.get(stage.canvas.dataset.key) ?? { m: 0, r: 0, c: 0 };
  }

  // Move the cursor of the keyboard to a neuron; show and announce it.
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

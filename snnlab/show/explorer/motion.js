// The motion of a player: while it plays, `tick(now)` is called at each frame; `run` is its state.

class Motion {
  constructor(player) {
    this.player = player;
    this.speed = "normal";
    this.run = null; // null unless it plays
  }

  get goes() {
    return this.run !== null;
  }

  toggle() {
    if (this.goes) this.pause();
    else this.start();
  }

  // Request the next frame.
  next() {
    this.run.frame = requestAnimationFrame((now) => this.run && this.tick(now));
  }

  // Stop where it is.
  pause() {
    this.stop();
    this.player.settle();
    this.player.rests();
  }

  stop() {
    if (this.run) cancelAnimationFrame(this.run.frame);
    this.run = null;
  }
}

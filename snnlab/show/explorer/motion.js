// What moves a player on while it plays: `tick(now)` at each frame, with what `run` holds.

class Motion {
  constructor(player) {
    this.player = player;
    this.speed = "normal";
    this.run = null; // while it plays
  }

  get goes() {
    return this.run !== null;
  }

  toggle() {
    if (this.goes) this.pause();
    else this.start();
  }

  // Asks for the next frame.
  next() {
    this.run.frame = requestAnimationFrame((now) => this.run && this.tick(now));
  }

  // It rests where it is.
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

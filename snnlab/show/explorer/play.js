// The play: at each timestep a wave goes from the image through the stages to the readout.

const SPEEDS = { slow: 2400, normal: 1200, fast: 400 }; // ms for one timestep

class Play {
  constructor(player) {
    this.player = player;
    this.speed = "normal";
    this.wave = null; // of the timestep in play: when it began and how far it is
  }

  get goes() {
    return this.wave !== null;
  }

  toggle() {
    if (this.goes) this.pause();
    else this.start();
  }

  // From here, or at the end from before the first timestep.
  start() {
    const { player } = this;
    if (player.T < 2) return;
    if (player.t >= player.T) {
      player.t = 0;
      player.paintAll(0);
    }
    player.hush();
    this.wave = { phase: -1, since: null, frame: 0 };
    this.wave.frame = requestAnimationFrame((now) => this.tick(now));
    this.begin();
  }

  // The next timestep sets out from the image.
  begin() {
    const { player } = this;
    player.t += 1;
    Object.assign(this.wave, { phase: -1, since: null });
    player.goes(player.t - 1);
  }

  // One frame of the play: stages light up one after the other, then the readout.
  tick(now) {
    const { wave, player } = this;
    if (!wave) return;
    wave.since ??= now;
    const phases = player.rows + 2;
    const length = SPEEDS[this.speed] / phases;
    const phase = player.still ? phases - 1 : Math.floor((now - wave.since) / length);
    player.root.style.setProperty("--phase", `${Math.max(length, 60)}ms`);
    while (wave.phase < Math.min(phase, phases - 1)) this.reach(++wave.phase);
    if (now - wave.since >= SPEEDS[this.speed]) {
      if (player.t >= player.T) return this.pause();
      this.begin();
    }
    wave.frame = requestAnimationFrame((next) => this.tick(next));
  }

  // The wave reaches the image, a stage, or in the end the readout.
  reach(phase) {
    const { player } = this;
    const isLast = phase === player.rows + 1;
    this.highlight(phase);
    for (const network of player.networks) {
      const stage = network.stages[phase - 1];
      if (stage) player.paintStage(stage, player.t);
      if (isLast) network.shown.paint(player.t);
    }
    if (isLast) {
      player.goes();
      player.opened.paint();
    }
    player.pointing.refresh();
  }

  // A soft light on what fires now; nowhere if it should keep still.
  highlight(phase) {
    const { image, networks, still } = this.player;
    const lit = (part, on) => part.classList.toggle("fires", on && !still);
    lit(image, phase === 0);
    for (const network of networks) network.parts.slice(1).forEach((part, i) => lit(part, phase === i + 1));
  }

  pause() {
    this.stop();
    this.player.settle();
    this.player.rests();
  }

  stop() {
    if (this.wave) cancelAnimationFrame(this.wave.frame);
    this.wave = null;
    this.highlight(-1);
  }
}

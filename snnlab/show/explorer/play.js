// The play: at each timestep a wave goes from the image through the stages to the readout.

const SPEEDS = { slow: 2400, normal: 1200, fast: 400 }; // ms for one timestep

class Play extends Motion {
  // Play from here; at the end, play from the beginning.
  start() {
    const { player } = this;
    if (player.T < 2) return;
    if (player.t >= player.T) {
      player.t = 0;
      player.paintAll(0);
    }
    player.hush();
    this.run = {};
    this.next();
    this.begin();
  }

  // Start the next timestep: the wave begins at the image with the next frame.
  begin() {
    const { player } = this;
    player.t += 1;
    Object.assign(this.run, { phase: -1, since: null });
    player.goes(player.t - 1);
  }

  // One frame of the play: stages light up one after the other, then the readout.
  tick(now) {
    const { run, player } = this;
    run.since ??= now;
    const phases = player.rows + 2;
    const length = SPEEDS[this.speed] / phases;
    const phase = player.still ? phases - 1 : Math.floor((now - run.since) / length);
    player.root.style.setProperty("--phase", `${Math.max(length, 60)}ms`);
    while (run.phase < Math.min(phase, phases - 1)) this.reach(++run.phase);
    if (now - run.since >= SPEEDS[this.speed]) {
      if (player.t >= player.T) return this.pause();
      this.begin();
    }
    this.next();
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

  // Highlight the stage that fires now, unless reduced motion is on.
  highlight(phase) {
    const { image, networks, still } = this.player;
    const lit = (part, on) => part.classList.toggle("fires", on && !still);
    lit(image, phase === 0);
    for (const network of networks) network.parts.slice(1).forEach((part, i) => lit(part, phase === i + 1));
  }

  stop() {
    if (this.goes) this.highlight(-1);
    super.stop();
  }
}

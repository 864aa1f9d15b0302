// The clock of a film: it runs at a speed, or goes from step to step where nothing should move.

const SPEEDS = { slow: 0.5, normal: 1, fast: 2 }; // seconds of film per second
const STALL = 0.1; // s: longest time that one frame may advance the film
const LOOK = 3; // s for which a step is shown at least
const READ = 2.5; // words that people read per second

class Clock extends Motion {
  // Play from here; at the end, play from the beginning.
  start() {
    const film = this.player;
    film.hush();
    if (film.t >= film.length) film.t = 0;
    if (film.still) film.t = film.stepFrom(1);
    this.run = { last: null, held: 0 }; // the last frame, and for how long a step has been held
    this.next();
    film.paint();
  }

  tick(now) {
    const { run, player: film } = this;
    const past = run.last === null ? 0 : Math.min((now - run.last) / 1000, STALL) * SPEEDS[this.speed];
    run.last = now;
    run.held += past;
    if (!film.still) this.to(film.t + past);
    else if (run.held >= this.hold()) {
      run.held = 0;
      this.to(film.t < film.steps.at(-1) ? film.stepFrom(1) : film.length);
    }
    if (this.goes) this.next();
  }

  // Advance the film to a moment, and stop at its end.
  to(t) {
    const film = this.player;
    film.t = Math.min(t, film.length);
    if (film.t >= film.length) this.pause();
    else film.paint();
  }

  // Seconds for which a step is shown, so that a new sentence can be read.
  hold() {
    const film = this.player;
    const first = film.steps.findIndex((step) => step >= film.chapter.at - 0.001);
    const isFirst = Math.abs(film.steps[first] - film.t) < 0.001;
    return isFirst ? Math.max(LOOK, film.chapter.said.split(" ").length / READ) : LOOK;
  }
}

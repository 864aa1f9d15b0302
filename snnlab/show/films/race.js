// The race: trainings against the clock, each with a lane and a flag; then accuracy as T grows.

const MOVE = 0.4; // s that points take to the next T
const FLAG = "M0 6V-11L12 -6.5L0 -2"; // a flag on its pole, right of the end of a lane
const FLAG_WIDE = 30; // px that it takes with the mark before it
const ABOVE = 13; // px between a lane and the words above it
const SIZES = {
  wide: { text: 18, tick: 15, now: 40, mark: 13, line: 3.5, parts: 480, row: 38, left: 52, right: 24, column: 100 },
  narrow: { text: 13, tick: 12, now: 26, mark: 10, line: 2.5, parts: 394, row: 36, left: 36, right: 10, column: 49 },
};

class Race {
  constructor(film) {
    this.film = film;
    this.svg = drawing("svg", { "aria-hidden": "true" });
    this.element = node("div", { class: "race" }, node("style", {}, RACE_STYLE), this.svg);
  }

  // ---- parts that do not move

  resize() {
    const { film, svg } = this;
    const { racers } = film.scene;
    this.size = { ...SIZES[film.narrow ? "narrow" : "wide"] };
    const { row, tick, text, parts } = this.size;
    const plot = (this.size.plot = parts - racers.length * row); // with few racers the plot is higher
    this.head = Math.round(2.1 * tick); // height of the heading of a plot
    this.rows = this.head + plot + Math.round(0.8 * row); // where the first lane begins
    this.foot = this.rows + racers.length * row + 4; // where the lanes end
    this.height = Math.round(this.foot + 2.9 * tick);
    Object.assign(svg.style, { width: `${film.width}px`, height: `${this.height}px` });
    this.training = drawing("g", { "data-part": "training" });
    this.sweep = drawing("g", { "data-part": "sweep" });
    svg.replaceChildren(this.training, this.sweep);
    this.names = racers.map(({ name }) => fitted(name, this.roomForNames(), text, svg));
    this.drawTraining();
    this.drawSweep();
    this.dressed = null;
  }

  // In the plot, above what the clock says.
  get poster() {
    const { course, film, height } = this;
    const { left, right, top, bottom } = course.area;
    return [(left + right) / 2 / film.width, mix(top, bottom, 0.4) / height];
  }

  // On the board, left of the columns.
  roomForNames() {
    const { film, size } = this;
    return film.width - size.column * (film.scene.board.length + 1) - 2.4 * size.mark - 12;
  }

  // The heading of a plot: the name of its vertical axis, and the present epoch or T.
  above(parent, name) {
    const { size, head } = this;
    const now = written("", 0, head + size.plot, { class: "strong halo", "font-size": size.now, "text-anchor": "end", "data-part": "now" });
    parent.append(written(name, 0, size.tick, { class: "axis", "font-size": size.tick }));
    return now;
  }

  below(parent, name, { left, right }, y) {
    parent.append(written(name, (left + right) / 2, y, { class: "axis", "font-size": this.size.tick, "text-anchor": "middle" }));
  }

  // A part of a racer's picture that has its colour.
  coloured(racer, i, ...children) {
    return drawing("g", { "data-racer": i, "data-hue": racer.hue }, ...children);
  }

  lineOf(racer) {
    return drawing("path", { class: "line", "stroke-width": this.size.line, "stroke-dasharray": racer.dashes.join(" ") });
  }

  markOf(racer) {
    return drawing("path", { class: "mark", d: racer.marker });
  }

  drawTraining() {
    const { film, size, training, head } = this;
    const { axes, racers } = film.scene;
    const took = Math.max(...racers.map((racer) => widthOf(phrase(film.words.second, { number: racer.took }), 1.1 * size.text, this.svg)));
    const area = { left: size.left, right: film.width - took - FLAG_WIDE, top: head, bottom: head + size.plot };
    this.course = new Plot(area, axes.seconds, axes.validation);
    this.clock = this.above(training, film.words.validation);
    this.moment = drawing("path", { class: "now" });
    training.append(...this.course.grid(size.tick, this.foot), this.moment);
    this.below(training, film.words.seconds, area, this.height - 4);
    this.runners = racers.map((racer, i) => this.runner(racer, i));
    const parts = (name) => this.runners.map((runner) => runner[name]).reverse(); // the first on top
    const inside = drawing("g", { "clip-path": this.clip(area) }, ...parts("curve"));
    training.append(...parts("lane"), inside, this.clock);
  }

  // Values below the lower end of the vertical axis are hidden: lines enter the plot from there.
  clip({ left, right, top, bottom }) {
    const id = `race-${Math.random().toString(36).slice(2)}`;
    const edge = this.size.mark;
    const seen = drawing("rect", { x: left - edge, y: top - edge, width: right - left + 2 * edge, height: bottom - top + edge });
    this.training.append(drawing("clipPath", { id }, seen));
    return `url(#${id})`;
  }

  // What moves of a racer while it trains.
  runner(racer, i) {
    const { film, size, course, rows } = this;
    const { left, right } = course.area;
    const floor = rows + (i + 1) * size.row - 8;
    const [line, track, place] = [this.lineOf(racer), this.lineOf(racer), this.markOf(racer)];
    const mark = filled(this.markOf(racer), { "data-part": "head" });
    const flag = drawing("path", { class: "flag", d: FLAG, "data-part": "flag" });
    const took = written("", film.width, floor - ABOVE, { class: "halo", "font-size": size.text, "text-anchor": "end", "data-part": "took" });
    const words = fitted(racer.name, 0.6 * (right - left), size.text, this.svg);
    const name = written(words, left + 6, floor - ABOVE, { class: "halo", "font-size": size.text });
    const rail = drawing("path", { class: "grid", d: `M${left} ${floor}H${right}` });
    const points = racer.ends.map((end, k) => [end, racer.validation[k]]);
    return {
      ...{ racer, points, floor, line, mark, track, place, flag, took },
      lane: this.coloured(racer, i, rail, track, name, took, flag, place),
      curve: this.coloured(racer, i, line, mark),
    };
  }

  drawSweep() {
    const { film, size, sweep, head, names } = this;
    const { axes, racers, frames } = film.scene;
    const highest = Math.log2(frames.at(-1)[0]) || 1;
    const doubled = frames.map(([T]) => T).filter((T) => Math.log2(T) % 1 === 0);
    const labels = racers.map(({ name }) => fitted(name, 0.34 * film.width, size.text, this.svg));
    const values = film.narrow ? 0 : widthOf(" 100.00", size.text, this.svg);
    const room = Math.max(...labels.map((label) => widthOf(label, size.text, this.svg))) + values + 1.6 * size.mark;
    const area = { left: size.left, right: film.width - Math.max(room, size.right), top: head, bottom: head + size.plot - 2.2 * size.tick };
    this.table = new Plot(area, { limits: [0, highest], ticks: doubled.map((T) => [Math.log2(T), String(T)]) }, axes.accuracy);
    this.now = this.above(sweep, film.words.accuracy);
    sweep.append(...this.table.grid(size.tick));
    this.below(sweep, film.words.timesteps, area, area.bottom + 2.7 * size.tick);
    this.points = racers.map((racer, i) => this.point(racer, i, labels[i]));
    const parts = (name) => this.points.map((point) => point[name]).reverse();
    sweep.append(...parts("area"), ...parts("curve"), ...parts("said"), this.now);
    this.cells = this.drawBoard(names);
  }

  // What moves of a racer while T grows.
  point(racer, i, label) {
    const along = (values) => racer.timesteps.map((T, k) => [Math.log2(T), values[k]]);
    const [line, band] = [this.lineOf(racer), drawing("path", { class: "band" })];
    const mark = filled(this.markOf(racer), { "data-part": "head" });
    const marks = along(racer.accuracy).map(() => this.markOf(racer));
    const leader = drawing("path", { class: "leader" });
    const name = written("", 0, 0, { class: "halo", "font-size": this.size.text, "data-part": "label" });
    return {
      ...{ racer, label, line, mark, marks, band, leader, name },
      points: along(racer.accuracy),
      edges: racer.band?.map(along),
      area: this.coloured(racer, i, band),
      curve: this.coloured(racer, i, line, ...marks, mark),
      said: this.coloured(racer, i, leader, name),
    };
  }

  // The numbers, a row for each racer; they stand where the lanes were.
  drawBoard(names) {
    const { film, size, sweep, rows } = this;
    const { racers, board } = film.scene;
    const { words } = film;
    const right = film.width;
    const at = (column) => right - (board.length - column) * size.column;
    const small = { class: "axis", "font-size": size.tick, "text-anchor": "end" };
    const top = rows + 0.5 * size.row - 4;
    const heads = [words.training, ...board.map((T) => phrase(words.T, { T }))];
    sweep.append(written(words.accuracy, 0, top, { ...small, "text-anchor": "start" }));
    sweep.append(...heads.map((head, column) => written(head, at(column), top, small)));
    return racers.map((racer, i) => {
      const floor = top + (i + 1) * size.row * 0.92;
      const cell = (column, part) => written("", at(column), floor, { "font-size": size.text, "text-anchor": "end", "data-part": part });
      const cells = { took: cell(0, "board-took"), tests: board.map((T, k) => cell(k + 1, `board-${T}`)) };
      const sample = this.markOf(racer);
      put(sample, size.mark, floor - 0.36 * size.text, size.mark);
      const name = written(names[i], 2.4 * size.mark, floor, { "font-size": size.text });
      const rule = drawing("path", { class: "grid", d: `M0 ${floor + 0.3 * size.row}H${right}` });
      sweep.append(rule, this.coloured(racer, i, sample, name, cells.took, ...cells.tests));
      return cells;
    });
  }

  // ---- drawing a moment

  paint(time) {
    const { film } = this;
    const [from, to] = film.scene.turn;
    const middle = (from + to) / 2;
    this.dress();
    seen(this.training, 1 - eased(time, from, middle));
    seen(this.sweep, eased(time, middle, to));
    this.paintTraining(time);
    this.paintSweep(time);
  }

  dress() {
    const { colours } = this.film;
    if (this.dressed === colours) return;
    this.dressed = colours;
    for (const part of this.svg.querySelectorAll("[data-hue]")) part.style.setProperty("--hue", colours[part.dataset.hue]);
  }

  paintTraining(time) {
    const { film, course, foot } = this;
    const { start, scale, axes, digits } = film.scene;
    const longest = axes.seconds.limits[1];
    const seconds = within((time - start) * scale, 0, longest);
    const [left, { top }] = [course.left(seconds), course.area];
    const said = (number) => phrase(film.words.second, { number });
    filled(this.moment, { d: `M${left} ${top}V${foot}` });
    seen(this.moment, seconds < longest ? 0.6 : 0);
    this.tell(this.clock, course.area, said(seconds.toFixed(digits)));
    for (const runner of this.runners) this.paintRunner(runner, seconds, said);
  }

  // The present epoch or T, in a corner of the plot where lines are rare.
  tell(place, { right, bottom }, now) {
    place.textContent = now;
    filled(place, { x: right, y: bottom - 0.4 * this.size.now });
  }

  paintRunner(runner, seconds, said) {
    const { course, size, film } = this;
    const { racer, points, floor } = runner;
    const end = racer.ends.at(-1);
    const done = points.filter(([at]) => at <= seconds + 1e-9);
    const trained = done.length === points.length;
    const x = course.left(Math.min(seconds, end));
    runner.line.setAttribute("d", course.path(done));
    const low = course.y.limits[0];
    seen(runner.mark, done.length && done.at(-1)[1] >= low ? 1 : 0);
    if (done.length) put(runner.mark, course.left(done.at(-1)[0]), course.top(done.at(-1)[1]), size.mark);
    runner.track.setAttribute("d", `M${course.area.left} ${floor}H${x}`);
    put(runner.place, x, floor, size.mark);
    seen(runner.flag, trained ? 1 : 0);
    runner.flag.setAttribute("transform", `translate(${x + 0.9 * size.mark} ${floor})`);
    runner.took.textContent = said(trained ? racer.took : seconds.toFixed(film.scene.digits));
    runner.took.classList.toggle("strong", trained);
  }

  paintSweep(time) {
    const { film, table, size } = this;
    const { frames } = film.scene;
    const shown = frames.findLast(([, at]) => at <= time + 0.001) ?? frames[0];
    const next = frames[frames.indexOf(shown) + 1];
    const come = next ? eased(time, next[1] - MOVE, next[1]) : 0;
    const x = mix(Math.log2(shown[0]), Math.log2(next?.[0] ?? shown[0]), come);
    this.tell(this.now, table.area, phrase(film.words.T, { T: shown[0] }));
    const ends = this.points.map((point) => this.paintPoint(point, x));
    const gap = 1.25 * size.text;
    const heights = spread(ends.map(([, top]) => top), gap, table.area.top, table.area.bottom);
    this.points.forEach((point, i) => this.paintLabel(point, ends[i], heights[i], shown[0]));
    this.paintBoard(time, shown[0]);
  }

  // A line up to now; returns where it ends.
  paintPoint(point, x) {
    const { table, size } = this;
    const line = until(point.points, x);
    const end = [table.left(line.at(-1)[0]), table.top(line.at(-1)[1])];
    point.line.setAttribute("d", table.path(line));
    put(point.mark, ...end, size.mark);
    point.marks.forEach((mark, k) => {
      const [at, value] = point.points[k];
      seen(mark, at <= x && at % 1 === 0 ? 1 : 0); // at the doubled T, as figures have them
      put(mark, table.left(at), table.top(value), 0.8 * size.mark);
    });
    if (point.edges) {
      const [low, high] = point.edges.map((edge) => until(edge, x));
      point.band.setAttribute("d", `${table.path(low)}${table.path(high.reverse()).replace("M", "L")}Z`);
    }
    return end;
  }

  paintLabel(point, [x, y], height, T) {
    const { film, size } = this;
    const left = x + 0.9 * size.mark;
    const value = point.racer.accuracy[point.racer.timesteps.indexOf(T)];
    const number = film.narrow || value === undefined ? "" : ` ${value.toFixed(2)}`;
    point.name.textContent = `${point.label}${number}`;
    filled(point.name, { x: left + 4, y: height + 0.35 * size.text });
    const apart = Math.abs(height - y) > 0.6 * size.text;
    point.leader.setAttribute("d", apart ? `M${x} ${y}L${left + 2} ${height}` : "");
  }

  paintBoard(time, T) {
    const { film } = this;
    const { racers, board, turn, frames } = film.scene;
    const begun = time >= frames[0][1] - 0.001;
    racers.forEach((racer, i) => {
      this.cells[i].took.textContent = time >= turn[0] ? phrase(film.words.second, { number: racer.took }) : "";
      board.forEach((at, k) => {
        const value = racer.accuracy[racer.timesteps.indexOf(at)];
        const known = begun && at <= T;
        this.cells[i].tests[k].textContent = known ? (value?.toFixed(2) ?? "–") : "";
      });
    });
  }
}

// A mark at a place, `size` px wide.
function put(mark, x, y, size) {
  mark.setAttribute("transform", `translate(${x.toFixed(2)} ${y.toFixed(2)}) scale(${size})`);
}

function seen(part, share) {
  filled(part, { opacity: share.toFixed(3), visibility: share > 0.004 ? "visible" : "hidden" });
}

SCENES.race = Race;

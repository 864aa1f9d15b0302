// The film of the idea: residuals go around a circle, and noise can replace them in training.
//
// Everything is computed by idea.py; here it is only drawn. Potentials are in units of v_th.

const FADE = 1.2; // s of the transition between two pictures
const TURN = 2 * Math.PI;
const FLIGHT = 0.35; // s of a mark's flight from the circle into the histogram
const RING = 6; // units: width of the line of a large circle
const FRAMES = { quarter: "beside", golden: "beside", noise: "whole", crowd: "aside", layer: "aside", meaning: "aside" };
const SHAPES = {
  wide: {
    unit: 1100, height: 540, text: 21, large: 44, small: 19,
    circle: { x: 275, y: 246, r: 160 }, current: { x: 275, y: 504 },
    beside: { zero: 590, one: 1050, base: 440, scale: 190 },
    whole: { zero: 400, one: 700, base: 390, scale: 210 },
    aside: { zero: 690, one: 930, base: 390, scale: 205 },
    crowd: { x: 30, y: 16, width: 470, columns: 12, cell: 39, beside: 372, legend: 442, stamp: 486, image: { x: 30, y: 464, side: 62 } },
    title: { x: 825, y: 150, size: 32 }, poster: [0.75, 0.5], top: -32, bottom: 46,
    pair: { xs: [290, 810], y: 262, r: 118, title: 84, lines: 436, gap: 34 },
  },
  narrow: {
    unit: 390, height: 520, text: 15, large: 28, small: 14,
    circle: { x: 195, y: 124, r: 86 }, current: { x: 195, y: 274 },
    beside: { zero: 40, one: 350, base: 448, scale: 104 },
    whole: { zero: 115, one: 275, base: 384, scale: 190 },
    aside: { zero: 115, one: 275, base: 404, scale: 108 },
    crowd: { x: 8, y: 6, width: 374, columns: 20, cell: 18.7, beside: 176, legend: 142, stamp: 178, image: { x: 10, y: 158, side: 52 } },
    title: { x: 195, y: 332, size: 22 }, poster: [0.5, 0.78], top: -26, bottom: 36,
    pair: { xs: [97, 293], y: 190, r: 72, title: 62, lines: 312, gap: 26 },
  },
};

class Idea {
  constructor(film) {
    this.film = film;
    this.sheet = new Sheet();
    this.element = this.sheet.canvas;
    const { begins, length } = film.scene;
    const names = Object.keys(begins);
    this.parts = names.map((name, i) => ({ name, at: begins[name], until: begins[names[i + 1]] ?? length + FADE }));
    if (!film.scene.layer) return;
    const { width, height, rgb } = film.scene.layer.image;
    this.photo = picture(width, height, (i) => rgb.slice(3 * i, 3 * i + 3));
  }

  resize() {
    const { width, narrow } = this.film;
    this.shape = SHAPES[narrow ? "narrow" : "wide"];
    this.unit = width / this.shape.unit;
    this.sheet.resize(width, this.shape.height * this.unit, this.unit);
  }

  get poster() {
    return this.shape.poster;
  }

  // ---- drawing a moment

  paint(time) {
    const { sheet } = this;
    this.ink = inks(this.film.colours);
    sheet.clear();
    this.histogram(time);
    for (const part of this.parts) sheet.with(this.shown(part, time), () => this[part.name]?.(time));
    sheet.with(1 - eased(time, 0.6, 1.6), () => this.title());
  }

  // The opacity of a part: 1 from its beginning until the transition to the next part.
  shown({ at, until }, time) {
    const comes = at === 0 ? 1 : part(time, at - FADE / 2, at);
    return Math.min(comes, 1 - part(time, until - FADE, until - FADE / 2));
  }

  begin(name) {
    return this.film.scene.begins[name] ?? Infinity;
  }

  // ---- words

  write(words, x, y, look = {}) {
    const { sheet, unit, shape, ink } = this;
    return sheet.text(words, x * unit, y * unit, { size: shape.text, colour: ink.ink, ...look });
  }

  title() {
    const { x, y, size } = this.shape.title;
    this.write(this.film.words.title, x, y, { size, weight: 700, align: "center" });
  }

  // ---- one neuron on its circle

  quarter(time) {
    this.one(time, this.film.scene.quarter, this.film.words.quarter);
    this.unroll(time);
  }

  golden(time) {
    this.one(time, this.film.scene.golden, this.film.words.golden);
  }

  one(time, path, current) {
    const { shape, sheet, unit, ink, film } = this;
    const { words } = film;
    const circle = scaled(shape.circle, unit);
    const { done, share, pace } = progress(path.moments, time);
    sheet.ring(circle, { colour: ink.line, width: RING });
    this.write(words.top, shape.circle.x, shape.circle.y - shape.circle.r + shape.top, { align: "center", colour: ink.grey });
    this.write(words.bottom, shape.circle.x, shape.circle.y + shape.circle.r + shape.bottom, { align: "center", colour: ink.grey });
    this.tick(circle);
    this.landings(path, done, circle);
    this.flash(path, time, circle);
    const from = done ? after(path, done, 0) : path.first[0];
    const to = done < path.h.length ? path.h[done][0] : from;
    const now = mix(from, to, share);
    if (to > from && share > 0) sheet.arc(circle.x, circle.y, circle.r, angle(now), angle(from), { colour: ink.residual, width: RING });
    const at = onCircle(now, circle);
    sheet.dot(at.x, at.y, 11 * unit * (film.narrow ? 0.8 : 1), ink.residual);
    this.fly(path, done, time, pace, circle);
    this.count(path, done, share, from, to);
    this.write(current, shape.current.x, shape.current.y, { align: "center" });
  }

  // The mark of the threshold, which is also that of 0.
  tick({ x, y, r }) {
    const { sheet, unit, ink } = this;
    sheet.line([[x, y - r - 9 * unit], [x, y - r + 9 * unit]], { colour: ink.spike, width: 4 });
  }

  // Marks at the positions where the neuron has landed.
  landings(path, done, { x, y, r }) {
    const { sheet, unit, ink } = this;
    const [inner, outer] = [r + 7 * unit, r + 17 * unit];
    for (let t = 1; t <= done; t++) {
      const turn = angle(after(path, t, 0));
      const [dx, dy] = [Math.cos(turn), Math.sin(turn)];
      sheet.with(0.75, () => sheet.line([[x + dx * inner, y + dy * inner], [x + dx * outer, y + dy * outer]], { colour: ink.residual, width: 2 }));
    }
  }

  // A spike: a ring that grows from the threshold, and the text of the subtraction.
  flash(path, time, { x, y, r }) {
    const { sheet, unit, ink, film, shape } = this;
    const { done, pace } = progress(path.moments, time);
    const lasts = Math.min(0.9, Math.max(pace * 1.6, 0.25));
    for (const t of [done, done + 1]) {
      if (!(t > 0 && t <= path.h.length && path.spikes[t - 1][0])) continue;
      const past = time - crossing(path, t);
      if (past < 0 || past > lasts) continue;
      const grown = eased(past, 0, lasts);
      sheet.with(1 - grown, () => {
        sheet.ring({ x, y: y - r, r: mix(10, 46, grown) * unit * (film.narrow ? 0.7 : 1) }, { colour: ink.spike, width: 5 });
        if (pace > 0.35) this.write(film.words.taken, shape.circle.x + (film.narrow ? 34 : 62), shape.circle.y - shape.circle.r + (film.narrow ? 4 : 8) - 10 * grown, { colour: ink.spike, weight: 700 });
      });
    }
  }

  // Marks of landings fly into the histogram.
  fly(path, done, time, pace, circle) {
    if (!done || pace < 0.25) return;
    const past = time - path.moments[done - 1];
    if (past >= FLIGHT) return;
    const { sheet, unit, ink } = this;
    const frame = scaled(this.shape.beside, unit);
    const v = after(path, done, 0);
    const from = onCircle(v, circle);
    const to = { x: mix(frame.zero, frame.one, v), y: frame.base - 12 * unit };
    const share = eased(past, 0, FLIGHT);
    sheet.dot(mix(from.x, to.x, share), mix(from.y, to.y, share), 7 * unit, ink.residual);
  }

  // Spikes and timesteps so far, in the middle of the circle.
  count(path, done, share, from, to) {
    const { words, narrow } = this.film;
    const { circle, large, small } = this.shape;
    let spikes = 0;
    for (let t = 0; t < done; t++) spikes += path.spikes[t][0];
    if (share > 0 && path.spikes[done]?.[0] && mix(from, to, share) >= 1) spikes += 1;
    const steps = done + (share > 0 ? 1 : 0);
    const number = spikes === 1 ? words.one_spike : phrase(words.spikes, { spikes });
    const during = steps === 1 ? words.one_step : phrase(words.steps, { t: steps });
    this.write(number, circle.x, circle.y + (narrow ? 0 : 4), { align: "center", size: large * 0.82, weight: 700 });
    this.write(during, circle.x, circle.y + (narrow ? 24 : 38), { align: "center", size: small, colour: this.ink.grey });
  }

  // The circle is cut at the threshold and straightened: it becomes the axis.
  unroll(time) {
    const { shape, sheet, unit, ink } = this;
    const share = eased(time, 1.2, 2.8);
    if (share <= 0 || share >= 1) return;
    const [circle, frame] = [scaled(shape.circle, unit), scaled(shape.beside, unit)];
    const length = mix(TURN * circle.r, frame.one - frame.zero, share);
    const bend = TURN * (1 - share) + 1e-6;
    const x = mix(circle.x, (frame.zero + frame.one) / 2, share);
    const y = mix(circle.y + circle.r, frame.base, share);
    const radius = length / bend;
    const points = Array.from({ length: 81 }, (_, i) => {
      const turned = bend * (i / 80 - 0.5);
      return [x + radius * Math.sin(turned), y - radius * (1 - Math.cos(turned))];
    });
    sheet.line(points, { colour: ink.grey, width: 3 });
  }

  // ---- the histogram, which several parts share

  histogram(time) {
    const { film, sheet } = this;
    const { scene } = film;
    const frame = this.frame(time);
    const meaning = this.begin("meaning");
    const gone = 1 - part(time, meaning - FADE, meaning - FADE / 2);
    sheet.with(Math.min(eased(time, 2.4, 3), gone), () => {
      for (const name of ["quarter", "golden", "crowd", "layer"]) {
        const there = { at: this.begin(name), until: this.ends(name === "golden" ? "noise" : name) }; // it lies under the noise
        if (scene[name]) sheet.with(this.shown(there, time), () => this.bars(scene[name], time, frame, name === "quarter" ? 0.3 : 1));
      }
      this.axis(frame, eased(time, this.begin("noise") - 1, this.begin("noise")));
      this.law(time, frame);
      this.numbers(time, frame);
    });
  }

  ends(name) {
    return this.parts.find((one) => one.name === name)?.until ?? Infinity;
  }

  // The position of the histogram at a moment.
  frame(time) {
    let found = this.frameOf(this.parts[0].name);
    for (const { name, at } of this.parts.slice(1)) {
      const share = eased(time, at - 1, at);
      const next = this.frameOf(name);
      if (share > 0) found = Object.fromEntries(Object.keys(next).map((key) => [key, mix(found[key], next[key], share)]));
    }
    return scaled(found, this.unit);
  }

  // Its position in a part, with flatter bars if those of a network would exceed the picture.
  frameOf(name) {
    const { edges, layer } = this.film.scene;
    const place = this.shape[FRAMES[name]];
    if (name !== "layer" || !layer.histogram.total) return place;
    const { counts, total } = layer.histogram;
    const highest = Math.max(...counts.at(-1)) / (total * (edges[1] - edges[0]));
    return { ...place, scale: Math.min(place.scale, this.shape.crowd.beside / highest) };
  }

  // Bars grow with the landings; at the end their heights are a density.
  bars({ histogram, moments }, time, frame, height) {
    const { sheet, ink, film } = this;
    const { edges } = film.scene;
    const { counts, total } = histogram;
    const { done, pace } = progress(moments, time);
    const most = counts.length - 1;
    const [old, now] = [Math.min(Math.max(done - 1, 0), most), Math.min(done, most)];
    const wait = Math.min(FLIGHT, pace) * 0.8;
    const grown = done ? eased(time - moments[done - 1], wait * 0.6, wait) : 0;
    const place = (v) => mix(frame.zero, frame.one, v);
    const bin = edges[1] - edges[0];
    counts[now].forEach((count, i) => {
      const filled = mix(counts[old][i], count, grown) / (total * bin);
      const [left, right] = [place(edges[i]), place(edges[i + 1])];
      const tall = filled * frame.scale * height;
      if (filled > 0) sheet.box(left + 0.5, frame.base - tall, right - left - 1, tall, ink.fill);
    });
  }

  // The axis from 0 to v_th; `wide`: how much of what lies beyond is shown.
  axis(frame, wide) {
    const { sheet, ink, film, unit, shape } = this;
    const { edges } = film.scene;
    const place = (v) => mix(frame.zero, frame.one, v);
    const ends = [mix(0, edges[0], wide), mix(1, edges.at(-1), wide)];
    sheet.line([[place(ends[0]), frame.base], [place(ends[1]), frame.base]], { colour: ink.grey, width: 3 });
    const low = frame.base / unit + (film.narrow ? 20 : 28);
    for (const [v, words] of [[0, "0"], [0.5, film.words.half], [1, film.words.threshold]]) {
      sheet.line([[place(v), frame.base], [place(v), frame.base + 7 * unit]], { colour: ink.grey, width: 3 });
      this.write(words, place(v) / unit, low, { align: "center", size: shape.small, colour: ink.grey });
    }
  }

  // The noise over the histogram.
  law(time, frame) {
    const { scene } = this.film;
    const [noise, layer] = [this.begin("noise"), this.begin("layer")];
    const alone = 1 - part(time, layer - FADE, layer - FADE / 2);
    const drawn = eased(time, noise + 0.8, noise + 3.4);
    this.sheet.with(alone, () => this.curve(scene.law, drawn, frame, time));
    if (scene.layer?.law) this.sheet.with(part(time, layer - FADE / 2, layer), () => this.curve(scene.layer.law, 1, frame, time));
  }

  curve({ x, density }, drawn, frame, time) {
    const { sheet, ink, unit } = this;
    const count = Math.round(drawn * x.length);
    if (count < 2) return;
    const points = x.slice(0, count).map((v, i) => [mix(frame.zero, frame.one, v), frame.base - density[i] * frame.scale]);
    const noise = this.begin("noise");
    const tails = Math.min(eased(time, noise + 6.5, noise + 7.5), 1 - eased(time, this.ends("noise") - 1.2, this.ends("noise") - 0.6));
    sheet.with(0.45 * tails, () => {
      for (const side of [(v) => v <= 0.0001, (v) => v >= 0.9999]) {
        const under = points.filter((_, i) => side(x[i]));
        if (under.length < 2) continue;
        const { pen } = sheet;
        pen.beginPath();
        pen.moveTo(under[0][0], frame.base);
        for (const [px, py] of under) pen.lineTo(px, py);
        pen.lineTo(under.at(-1)[0], frame.base);
        pen.fillStyle = ink.noise;
        pen.fill();
      }
    });
    sheet.line(points, { colour: ink.noise, width: this.film.narrow ? 3 : 4 });
  }

  // Mean and deviation, of the residuals and of the noise.
  numbers(time, frame) {
    const { scene } = this.film;
    const noise = this.begin("noise");
    const whole = { at: noise, until: this.ends("noise") };
    const later = eased(time, noise + 3.4, noise + 4);
    this.sheet.with(this.shown(whole, time), () => this.table(frame, scene.golden.histogram, scene.law, 1, later));
    for (const name of ["crowd", "layer"]) {
      if (!scene[name]) continue;
      const there = { at: this.begin(name), until: this.ends(name) };
      const filled = eased(time, scene[name].moments.at(-1), scene[name].moments.at(-1) + 0.5);
      const law = name === "layer" ? scene.layer.law : scene.law;
      this.sheet.with(this.shown(there, time), () => this.table(frame, scene[name].histogram, law, filled, 1));
    }
  }

  table(frame, measured, law, first, second) {
    const { ink, sheet, unit, shape, film } = this;
    const { words, narrow } = film;
    const top = frame.base / unit + (narrow ? 68 : 76);
    const gap = narrow ? 24 : 34;
    const middle = (frame.zero + frame.one) / 2 / unit;
    const columns = (narrow ? [-150, 0, 90] : [-235, 40, 185]).map((x) => x + middle);
    const row = (name, { mean, std }, y, colour, alpha) =>
      sheet.with(alpha, () => {
        sheet.box((columns[0] - (narrow ? 16 : 24)) * unit, (y - shape.text * 0.62) * unit, 10 * unit, 10 * unit, colour);
        this.write(name, columns[0], y, { weight: 700 });
        [[words.mean, mean], [words.std, std]].forEach(([what, value], i) => {
          const x = columns[i + 1] - (narrow ? 22 : 60);
          this.write(narrow ? signed(value, 3) : `${what} ${signed(value, 3)}`, x, y, {});
        });
      });
    if (narrow) [words.mean, words.std].forEach((what, i) => this.write(what, columns[i + 1] - 22, top - gap + 4, { colour: ink.grey, size: 13 }));
    if (measured.mean !== null) row(words.what, measured, top, ink.residual, first);
    if (law) row(words.noise, law, top + gap, ink.noise, second);
    else this.write(words.no_noise, columns[0], top + gap, { colour: ink.grey });
  }

  // ---- many neurons

  crowd(time) {
    this.many(time, this.film.scene.crowd);
  }

  layer(time) {
    const { layer } = this.film.scene;
    this.many(time, layer);
    const { image } = this.shape.crowd;
    const { pen } = this.sheet;
    const [x, y, side] = [image.x, image.y, image.side].map((one) => one * this.unit);
    pen.imageSmoothingEnabled = false;
    pen.drawImage(this.photo, x, y, side, side);
    layer.caption.forEach((line, i) => this.write(line, image.x + image.side + 14, image.y + (this.film.narrow ? 22 : 24) + i * (this.film.narrow ? 22 : 28), { size: this.shape.small }));
  }

  many(time, path) {
    const { crowd } = this.shape;
    const { done, share } = progress(path.moments, time);
    const { unit } = this;
    path.first.forEach((first, i) => {
      const cell = { x: (crowd.x + (i % crowd.columns + 0.5) * crowd.cell) * unit, y: (crowd.y + (Math.floor(i / crowd.columns) + 0.5) * crowd.cell) * unit, r: 0.34 * crowd.cell * unit };
      const from = done ? after(path, done, i) : first;
      const to = done < path.h.length ? after(path, done + 1, i) : from;
      this.small(cell, from, to, path.spikes[done]?.[i], share, path.groups[i]);
    });
    this.legend(path.sizes, phrase(this.film.words.timestep, { t: Math.min(done + (share > 0 ? 1 : 0), path.h.length), T: path.h.length }));
  }

  // A neuron of a crowd: its circle, and its potential on it; below 0 it sinks in, from v_th on it rises out.
  small(circle, from, to, spike, share, group) {
    const { sheet, ink, unit } = this;
    const colour = ink.groups[group];
    const around = spike && from < 1 && to >= 0 && to < 1;
    const whole = mix(from, around ? to + 1 : to, share);
    const now = around && whole >= 1 ? whole - 1 : whole;
    const flash = spike && share > 0.5 ? Math.sin(Math.PI * (share - 0.5) * 2) : 0;
    sheet.ring(circle, { colour: ink.line, width: 2 });
    sheet.with(flash, () => sheet.ring(circle, { colour: ink.spike, width: 3.5 }));
    const at = onCircle(now, circle);
    sheet.dot(at.x, at.y, Math.max(circle.r * 0.34, 2.6 * unit), colour);
  }

  // How many neurons each group has, and the timestep.
  legend(groups, timestep) {
    const { shape, ink, sheet, unit } = this;
    const { crowd, small } = shape;
    let { x } = crowd;
    for (const group of [1, 0, 2]) {
      sheet.dot((x + 0.3 * small) * unit, (crowd.legend - 0.33 * small) * unit, 0.3 * small * unit, ink.groups[group]);
      x += 0.9 * small;
      x += this.write(groups[group], x, crowd.legend, { size: small }) / unit + 1.1 * small;
    }
    this.write(timestep, crowd.x + crowd.width, crowd.stamp, { size: small, colour: ink.grey, align: "right" });
  }

  // ---- the last part: the meaning

  meaning(time) {
    const { film, shape, sheet, unit, ink } = this;
    const { once, golden, begins } = film.scene;
    const { words, narrow } = film;
    const { pair } = shape;
    const at = begins.meaning;
    const sides = [
      { x: pair.xs[0], title: words.training, lines: ["training_1", "training_2", "training_3"], colour: ink.noise },
      { x: pair.xs[1], title: words.after, lines: ["after_1", "after_2", "after_3"], colour: ink.residual },
    ];
    for (const { x, title, lines, colour } of sides) {
      this.write(title, x, pair.title, { align: "center", weight: 700, size: narrow ? 19 : 28, colour });
      lines.forEach((line, i) => this.lineOf(words[line], x, pair.lines + i * pair.gap, i));
      const circle = scaled({ x, y: pair.y, r: pair.r }, unit);
      sheet.ring(circle, { colour: ink.line, width: RING * 0.8 });
      this.tick(circle);
    }
    const left = scaled({ x: pair.xs[0], y: pair.y, r: pair.r }, unit);
    const share = eased(time, at + 2, at + 4);
    once.first.forEach((first, i) => {
      const [h, spike] = [once.h[0][i], once.spikes[0][i]];
      const whole = mix(first, h, share);
      const spot = onCircle(spike && whole >= 1 ? whole - 1 : whole, left);
      sheet.with(0.75, () => sheet.dot(spot.x, spot.y, 6 * unit, spike && whole >= 1 ? ink.spike : ink.noise));
    });
    const right = scaled({ x: pair.xs[1], y: pair.y, r: pair.r }, unit);
    const moments = golden.moments.slice(0, 24).map((_, t) => at + 2 + (t + 1) * 0.33);
    const path = { ...golden, moments, h: golden.h.slice(0, 24) };
    const { done, share: hop } = progress(moments, time);
    const from = done ? after(path, done, 0) : path.first[0];
    this.landings(path, done, right);
    this.flash(path, time, right);
    const spot = onCircle(done < path.h.length ? mix(from, path.h[done][0], hop) : from, right);
    sheet.dot(spot.x, spot.y, 9 * unit, ink.residual);
  }

  // A line of the last picture; where it is too long for its half it is broken once.
  lineOf(words, x, y, i) {
    const { shape, film, ink } = this;
    const { sheet, unit } = this;
    const size = film.narrow ? 14 : shape.text;
    const cut = film.narrow && words.length > 24 ? words.lastIndexOf(" ", 20) : words.length;
    const wide = this.write(words.slice(0, cut), x, y, { align: "center", size });
    if (i === 2) sheet.dot(x * unit - wide / 2 - 0.8 * size * unit, (y - 0.34 * size) * unit, 0.32 * size * unit, ink.spike); // the colour of a spike
    this.write(words.slice(cut + 1), x, y + 20, { align: "center", size });
  }
}

SCENES.idea = Idea;

// The legend of the colours of the background.
function inks(colours) {
  return {
    ink: colours.ink,
    grey: colours.grey,
    line: faintly(colours.ink, 16),
    residual: colours.hue_vermillion,
    fill: faintly(colours.hue_vermillion, 45),
    noise: colours.hue_blue,
    spike: colours.hue_green,
    groups: [colours.grey, colours.hue_vermillion, colours.hue_violet],
  };
}

// The position of a shape, in px.
function scaled(shape, unit) {
  return Object.fromEntries(Object.entries(shape).map(([key, value]) => [key, value * unit]));
}

// How many landings are done, how far the next hop is, and how long it takes.
function progress(moments, time) {
  const done = moments.findLastIndex((moment) => moment <= time) + 1;
  const next = moments[done] ?? moments.at(-1);
  const before = moments[done - 1] ?? moments[0] - (moments[1] ?? moments[0] + 1) + moments[0];
  const pace = done < moments.length ? next - before : moments.at(-1) - (moments.at(-2) ?? before);
  const share = done < moments.length ? eased(time, next - hopLasts(pace), next) : 0;
  return { done, share, pace };
}

// Seconds of a hop, given the time between landings.
function hopLasts(pace) {
  return Math.min(0.72 * pace, 0.8);
}

// The potential of a neuron after timestep t, counted from 1.
function after(path, t, i) {
  return path.v ? path.v[t - 1][i] : path.h[t - 1][i] - path.spikes[t - 1][i];
}

// When a hop reaches the threshold.
function crossing({ moments, h, spikes, first }, t) {
  const landed = moments[t - 1];
  const pace = landed - (moments[t - 2] ?? landed - (moments[1] - moments[0]));
  const from = t > 1 ? h[t - 2][0] - spikes[t - 2][0] : first[0];
  const share = within((1 - from) / (h[t - 1][0] - from), 0, 1);
  return landed - hopLasts(pace) * (1 - smoothly(share));
}

// The moment, from 0 to 1, at which an eased motion has come so far.
function smoothly(share) {
  return 0.5 - Math.sin(Math.asin(1 - 2 * share) / 3);
}

// The direction of a potential on its circle: 0 on top, then to the left.
function angle(v) {
  return -TURN / 4 - TURN * v;
}

// The position of a potential: on the circle from 0 to v_th, inside it below 0, outside it above v_th.
function onCircle(v, { x, y, r }) {
  const around = v >= 0 && v < 2;
  const sunk = v < 0 ? Math.max(0, 1 + v / 2) : 1;
  const risen = v >= 1 ? 1 + Math.min(v - 1, 1) * 0.35 : 1;
  const turn = around ? angle(Math.min(v, 1)) : angle(0);
  return { x: x + Math.cos(turn) * r * sunk * risen, y: y + Math.sin(turn) * r * sunk * risen };
}

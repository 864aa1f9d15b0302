// One stage of a network: its maps, how many neurons fire, and how far it is from training.

const TALL = { 1: 216, 2: 192, 3: 176 }; // height of the maps of a stage in px, by number of networks
const TALL_NARROW = 240;
const BESIDE = 200; // px: width beside the maps that suffices for the numbers

// Name and size of a stage; sizes that differ between networks are written in their cells.
function stageLabel(stages, words, tell) {
  const side = node("div", { class: "side" }, node("h4", {}, stages[0].name));
  const same = stages.every((stage) => stage.size === stages[0].size);
  if (same) side.append(node("div", { class: "grey small" }, stages[0].size));
  const long = stages.find((stage) => stage.maps > stage.shown);
  if (long) side.append(node("div", { class: "grey small" }, long.part));
  if (long && tell) side.append(moreButton(long, words, tell));
  return side;
}

// Ask the host for the next maps; after the last ones, for the first.
function moreButton(stage, words, tell) {
  const next = stage.first + stage.shown < stage.maps ? stage.first + stage.shown : 0;
  return button({ "data-key": `more-${stage.s}` }, () => tell("more", { stage: stage.s, first: next }), words.more);
}

// The elements of a stage; references to those that change are kept in `stage`.
function stageCell(stage, words) {
  const { n, s, width, height, shown } = stage;
  stage.canvas = node("canvas", { tabindex: 0, role: "application", "data-key": `stage-${n}-${s}`, "data-network": n, "data-stage": s });
  stage.small = node("canvas", { width, height: height * shown });
  stage.pixels = new ImageData(width, height * shown);
  stage.spot = node("div", { class: "spot" });
  stage.kept = node("div", { class: "spot kept" });
  stage.fires = node("span", { class: "small grey number" });
  stage.distance = node("b", { class: "number" });
  stage.spark = drawing("svg", { "aria-hidden": "true" });
  const moved = node("span", { class: "small grey" }, words.moved);
  stage.inside = node(
    "div",
    {},
    node("div", { class: "board" }, stage.canvas, stage.spot, stage.kept),
    node("div", { class: "under" }, stage.fires, node("div", { class: "moved", title: words.moved_help }, moved, stage.distance, stage.spark)),
  );
  stage.cell = node("div", { class: "cell" }, node("div", { class: "beam" }), stage.inside);
  return stage.cell;
}

// Sizes of maps and curve in the room that the cell has; `most` is the end of the curve's scale.
function layStage(stage, most, { networks, narrow, ratio }) {
  const room = stage.cell.clientWidth - (narrow ? 9 : 15);
  stage.tiles = tiling(stage, room, narrow ? TALL_NARROW : TALL[networks] ?? TALL[3], ratio);
  const { wide, tall, scale, columns, gap } = stage.tiles;
  Object.assign(stage.canvas, { width: wide, height: tall });
  stage.canvas.style.width = `${wide / ratio}px`;
  stage.canvas.style.height = `${tall / ratio}px`;
  Object.assign(stage.canvas.dataset, { scale, columns, gap });
  const left = room - wide / ratio - 24;
  const beside = left >= BESIDE;
  stage.inside.classList.toggle("beside", beside);
  const free = (beside ? left : room) - (narrow ? 64 : 72); // beside the number
  drawDistance(stage, most, Math.min(free >= 48 ? free : room, 240), beside ? 56 : 32);
}

// The distance from training over t, on the scale of the row, with a mark that moves.
function drawDistance(stage, most, wide, tall) {
  const T = stage.moved.length;
  const x = (t) => (T > 1 ? 4 + ((t - 1) / (T - 1)) * (wide - 8) : wide / 2);
  const y = (t) => tall - 1 - (stage.moved[t - 1] / most) * (tall - 6);
  const points = stage.moved.map((_, i) => `${x(i + 1).toFixed(1)},${y(i + 1).toFixed(1)}`).join(" ");
  const hue = "var(--hue)";
  const mark = drawing("circle", { r: 4.5, fill: hue, stroke: "var(--paper)", "stroke-width": 1.5 });
  filled(stage.spark, { width: wide, height: tall, viewBox: `0 0 ${wide} ${tall}` });
  stage.spark.replaceChildren(
    drawing("polygon", { points: `${x(1)},${tall} ${points} ${x(T)},${tall}`, fill: hue, opacity: 0.16 }),
    drawing("line", { x1: 0, x2: wide, y1: tall - 0.5, y2: tall - 0.5, stroke: "var(--line)" }),
    drawing("polyline", { points, fill: "none", stroke: hue, "stroke-width": 2, "stroke-linejoin": "round" }),
    mark,
  );
  stage.markAt = (t) => {
    mark.setAttribute("visibility", t ? "visible" : "hidden");
    if (t) filled(mark, { cx: x(t), cy: y(t) });
  };
}

// Draw a stage at t; at 0 there are no values yet.
function paintStage(stage, t, { view, palette, blank, words }) {
  const { values, canvas } = stage;
  stage.at_t = t;
  drawMaps(stage, t && values[view].subarray((t - 1) * values.size, t * values.size), palette, blank);
  canvas.dataset.t = t;
  canvas.setAttribute("aria-label", t ? stage.says[t - 1] : stage.name);
  const [fired, neurons] = [t ? stage.fired[t - 1] : 0, stage.neurons].map((count) => count.toLocaleString("en-US"));
  stage.fires.textContent = phrase(words.fire, { fired, neurons });
  stage.distance.textContent = t ? stage.moved[t - 1].toFixed(3) : "\u2013";
  stage.markAt(t);
}

// The prediction drawn over the picture of the measurement, in the pixels of that picture.

// Draw `said` over the image of a figure; return how many points lie outside its axes.
function overlay(figure, answer, said) {
  figure.querySelector(".snn-over svg")?.remove();
  const points = said.flatMap((y, place) => (y == null ? [] : [pointAt(answer, y, place)]));
  const shapes = points.map((point) => shapeOf(answer, point));
  const svg = drawing("svg", { viewBox: `0 0 ${answer.size.join(" ")}`, "aria-hidden": "true" });
  if (points.length) {
    const corners = points.map(({ x, y }) => `${x},${y}`).join(" ");
    const { colour, thickness, dashes } = answer.look;
    svg.append(drawing("polyline", { points: corners, fill: "none", stroke: colour, "stroke-width": thickness,
      "stroke-dasharray": dashes }), ...shapes, nameOf(answer, points));
  }
  over(figure).append(svg);
  return points.filter((point) => point.side).length;
}

// The image of a figure, in a box of its own size.
function over(figure) {
  const found = figure.querySelector(".snn-over");
  if (found) return found;
  const image = figure.querySelector("img");
  const box = node("span", { class: "snn-over" });
  image.replaceWith(box);
  box.append(image);
  return box;
}

// The position of a value; if it is outside the axes, at their edge, and `side` says which edge.
function pointAt({ x, y: [low, high], span, frame: [, top, , bottom] }, value, place) {
  const y = mix(low, high, share(value, span));
  const side = y < top - 1 ? -1 : y > bottom + 1 ? 1 : 0;
  return { x: x[place], y: within(y, top, bottom), side, value };
}

// A marker; for a value outside the axes an arrow that points there, with the value.
function shapeOf({ look }, { x, y, side, value }) {
  const size = look.size;
  const at = { transform: `translate(${x} ${y})`, fill: look.colour, stroke: "var(--paper)", "stroke-width": 1 };
  if (!side) return drawing("path", { ...at, class: "point", d: look.marker });
  const base = -side * size; // the tip is at the edge
  const tip = `M ${-size / 2} ${base} L ${size / 2} ${base} L 0 0 Z`;
  const text = written(String(Number(value.toPrecision(3))), 0, base + (side < 0 ? look.text : -4), look);
  return drawing("g", { ...at, class: "outside" }, drawing("path", { d: tip }), text);
}

function written(text, x, y, { colour, text: size }) {
  return drawing("text", { x, y, fill: colour, stroke: "var(--paper)", "stroke-width": 5, "paint-order": "stroke",
    "text-anchor": "middle", "font-family": "DejaVu Sans, Verdana, sans-serif", "font-weight": "bold", "font-size": size }, text);
}

// Place the name of the line near it, where it hides nothing: at the nearest free place, or, if there
// is none, at the place farthest from the line.
function nameOf({ name, look, half, free, clear, frame }, points) {
  const values = points.filter(({ side }) => side).map(({ x, y, side }) => [x, y - 2 * side * look.size]);
  const line = [...along(points), ...values];
  const far = (place) => Math.min(...line.map(([x, y]) =>
    Math.hypot(Math.max(Math.abs(x - place[0]) - half[0], 0), Math.max(Math.abs(y - place[1]) - half[1], 0))));
  const places = free.map((place) => ({ place, far: far(place) })).sort((one, other) => one.far - other.far);
  const best = places.find((one) => one.far >= clear) ?? places.at(-1);
  const { x, y } = points.at(-1);
  const [across, down] = best?.place ?? [
    within(x, frame[0] + half[0], frame[2] - half[0]), within(y, frame[1] + half[1], frame[3] - half[1])];
  return written(name, across, down + half[1], look);
}

// Points all along a line.
function along(points) {
  return points.flatMap(({ x, y }, i) => {
    const to = points[i + 1] ?? { x, y };
    return Array.from({ length: 20 }, (_, k) => [mix(x, to.x, k / 20), mix(y, to.y, k / 20)]);
  });
}

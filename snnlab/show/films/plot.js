// A plot of lines: an area with two axes, texts that fit, names that keep apart.

const MEASURING = document.createElement("canvas").getContext("2d");

// Where numbers lie in an area, given the limits of both axes.
class Plot {
  constructor(area, x, y) {
    Object.assign(this, { area, x, y });
  }

  left(value) {
    return mix(this.area.left, this.area.right, share(value, this.x.limits));
  }

  top(value) {
    return mix(this.area.bottom, this.area.top, share(value, this.y.limits));
  }

  // Lines across at the numbers of the axis of height, down to `foot` at those of the other.
  grid(size, foot = this.area.bottom) {
    const { left, right, top } = this.area;
    const low = foot + 1.3 * size;
    return [
      ...this.y.ticks.flatMap(([value, said]) => [
        drawing("path", { class: "grid", d: `M${left} ${this.top(value)}H${right}` }),
        written(said, left - 8, this.top(value) + 0.35 * size, { class: "tick", "font-size": size, "text-anchor": "end" }),
      ]),
      ...this.x.ticks.flatMap(([value, said]) => [
        drawing("path", { class: "grid", d: `M${this.left(value)} ${top}V${foot}` }),
        written(said, this.left(value), low, { class: "tick", "font-size": size, "text-anchor": "middle" }),
      ]),
    ];
  }

  // Points (x, y) as a path.
  path(points) {
    return points.map(([x, y], i) => `${i ? "L" : "M"}${this.left(x).toFixed(2)} ${this.top(y).toFixed(2)}`).join("");
  }
}

function written(words, x, y, attributes = {}) {
  return drawing("text", { x, y, ...attributes }, words);
}

// The points up to some x, with an interpolated last one.
function until(points, x) {
  const done = points.filter(([at]) => at <= x);
  const [a, b] = [done.at(-1), points[done.length]];
  if (!a || !b) return done;
  return [...done, [x, mix(a[1], b[1], part(x, a[0], b[0]))]];
}

function widthOf(words, size, element) {
  MEASURING.font = `${size}px ${getComputedStyle(element).fontFamily}`;
  return MEASURING.measureText(words).width;
}

// The words, shortened if they do not fit.
function fitted(words, width, size, element) {
  if (widthOf(words, size, element) <= width) return words;
  let length = words.length;
  while (length > 1 && widthOf(`${words.slice(0, length)}…`, size, element) > width) length--;
  return `${words.slice(0, length).trimEnd()}…`;
}

// Heights nearest to those wanted, at least `gap` apart and between two ends.
function spread(wanted, gap, low, high) {
  const order = wanted.map((_, i) => i).sort((a, b) => wanted[a] - wanted[b]);
  const groups = []; // of neighbours that touch: where the first of them would be, and how many they are
  order.forEach((i, rank) => {
    let group = { level: wanted[i] - rank * gap, count: 1 };
    while (groups.length && groups.at(-1).level > group.level) {
      const before = groups.pop();
      const count = before.count + group.count;
      group = { level: (before.level * before.count + group.level * group.count) / count, count };
    }
    groups.push(group);
  });
  const levels = groups.flatMap(({ level, count }) => Array(count).fill(level));
  const last = high - gap * (wanted.length - 1);
  const heights = [];
  order.forEach((i, rank) => (heights[i] = within(levels[rank], low, Math.max(last, low)) + rank * gap));
  return heights;
}

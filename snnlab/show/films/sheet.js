// A sheet to draw a scene on: a canvas as sharp as the screen, in units of the page.

class Sheet {
  constructor() {
    this.canvas = node("canvas");
    this.pen = this.canvas.getContext("2d");
  }

  // Set the size in px; `unit` is the length of one px of a sheet that is 1100 px wide, or 390 if narrow.
  resize(width, height, unit) {
    const ratio = devicePixelRatio || 1;
    Object.assign(this, { width, height, unit });
    Object.assign(this.canvas, { width: Math.round(width * ratio), height: Math.round(height * ratio) });
    Object.assign(this.canvas.style, { width: `${width}px`, height: `${height}px` });
    this.pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.font = getComputedStyle(this.canvas).fontFamily;
  }

  clear() {
    this.pen.globalAlpha = 1;
    this.pen.clearRect(0, 0, this.width, this.height);
  }

  // Draw with some opacity; nothing at 0.
  with(alpha, draw) {
    if (alpha <= 0.004) return;
    const before = this.pen.globalAlpha;
    this.pen.globalAlpha = before * Math.min(alpha, 1);
    draw();
    this.pen.globalAlpha = before;
  }

  // Words at a place; `size` in units, `align` left, center or right. Returns their width.
  text(words, x, y, { size = 20, colour, align = "left", weight = 400, base = "alphabetic" }) {
    const { pen } = this;
    pen.font = `${weight} ${size * this.unit}px ${this.font}`;
    Object.assign(pen, { fillStyle: colour, textAlign: align, textBaseline: base });
    pen.fillText(words, x, y);
    return pen.measureText(words).width;
  }

  // A line through points [x, y].
  line(points, { colour, width = 2, dash = [], join = "round" }) {
    const { pen, unit } = this;
    pen.beginPath();
    points.forEach(([x, y], i) => (i ? pen.lineTo(x, y) : pen.moveTo(x, y)));
    Object.assign(pen, { strokeStyle: colour, lineWidth: width * unit, lineJoin: join, lineCap: "round" });
    pen.setLineDash(dash.map((length) => length * unit));
    pen.stroke();
    pen.setLineDash([]);
  }

  // An arc, clockwise between two angles; 0 points to the right.
  arc(x, y, radius, from, to, { colour, width = 2 }) {
    const { pen, unit } = this;
    pen.beginPath();
    pen.arc(x, y, radius, from, to);
    Object.assign(pen, { strokeStyle: colour, lineWidth: width * unit, lineCap: "round" });
    pen.stroke();
  }

  ring({ x, y, r }, look) {
    this.arc(x, y, r, 0, 2 * Math.PI, look);
  }

  dot(x, y, radius, colour) {
    const { pen } = this;
    pen.beginPath();
    pen.arc(x, y, radius, 0, 2 * Math.PI);
    pen.fillStyle = colour;
    pen.fill();
  }

  box(x, y, width, height, colour) {
    this.pen.fillStyle = colour;
    this.pen.fillRect(x, y, width, height);
  }
}

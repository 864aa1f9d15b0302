// Drawings of lines.

const SVG = "http://www.w3.org/2000/svg";
const ICONS = {
  play: "M2 0 L12 6 L2 12 Z",
  pause: "M1 0 H4.5 V12 H1 Z M7.5 0 H11 V12 H7.5 Z",
  back: "M10 0 V12 L3 6 Z M0 0 H2 V12 H0 Z",
  step: "M2 0 V12 L9 6 Z M10 0 H12 V12 H10 Z",
};

// A new SVG element, as `node` makes elements of HTML.
function drawing(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function icon(name) {
  return drawing("svg", { viewBox: "0 0 12 12", "aria-hidden": "true" }, drawing("path", { d: ICONS[name] }));
}

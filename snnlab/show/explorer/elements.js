// Elements of a page, and the words and numbers in them.

// A new element with attributes and children; strings become text.
function node(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

function filled(made, attributes, children = []) {
  for (const [name, value] of Object.entries(attributes))
    if (value !== false && value != null) made.setAttribute(name, value === true ? "" : value);
  made.append(...children);
  return made;
}

// A button that calls a function.
function button(attributes, does, ...children) {
  const made = node("button", { type: "button", ...attributes }, ...children);
  made.addEventListener("click", does);
  return made;
}

// The direction of an arrow key: steps to the right, and down.
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

// A text such as "t = {t} of {T}", with names in braces replaced by values.
function phrase(template, values) {
  return template.replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);
}

// A number with a true minus, and no "minus zero".
function signed(value, places) {
  return value.toFixed(places).replace(/^-(0\.?0*)$/, "$1").replace("-", "\u2212");
}

// The position of a number relative to two others: 0 at the first, 1 at the second; may be below 0 or above 1.
function share(value, [low, high]) {
  return (value - low) / (high - low);
}

// The number at a position between two others; the inverse of the function above.
function mix(low, high, part) {
  return low + (high - low) * part;
}

function within(value, low, high) {
  return Math.min(Math.max(value, low), high);
}

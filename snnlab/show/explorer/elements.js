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

// A button that does something.
function button(attributes, does, ...children) {
  const made = node("button", { type: "button", ...attributes }, ...children);
  made.addEventListener("click", does);
  return made;
}

// Which way a key leads: to the right, and down.
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

// "t = {t} of {T}" with its values.
function phrase(template, values) {
  return template.replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);
}

// A number with a true minus, and no "minus zero".
function signed(value, places) {
  return value.toFixed(places).replace(/^-(0\.?0*)$/, "$1").replace("-", "\u2212");
}

// Where a number lies between two others: 0 at the first, 1 at the second; beyond them below 0 or above 1.
function share(value, [low, high]) {
  return (value - low) / (high - low);
}

// What lies so far between two numbers.
function mix(low, high, part) {
  return low + (high - low) * part;
}

function within(value, low, high) {
  return Math.min(Math.max(value, low), high);
}

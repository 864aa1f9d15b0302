// The reader predicts; the measurement is hidden until then, or until the reader asks for it.

document.head.append(node("style", {}, DRESS_STYLE + PREDICT_STYLE));
for (const place of document.querySelectorAll("[data-sketch]")) {
  const asked = JSON.parse(place.dataset.sketch);
  const figure = [...document.querySelectorAll("[data-answer]")].find(
    (one) => JSON.parse(one.dataset.answer).sketch === asked.id);
  predictIn(place, asked, figure);
}

// An interactive sketch, and the figure with the measurement, if the page has one.
function predictIn(place, asked, figure) {
  const { words } = asked;
  const rings = ringsIn(asked, () => ask.classList.add("ready"));
  const ask = button({}, () => (result.hidden ? show() : again()), words.show);
  const parts = [node("p", {}, words.asked), rings.whole];
  dress(place);
  if (!figure) return place.replaceChildren(...parts);

  const answer = JSON.parse(figure.dataset.answer);
  const hidden = hiddenUntilAsked(place, figure, words);
  const result = dress(node("div", { class: "snn-result", role: "region", tabindex: "-1", "aria-label": words.result, hidden: true }));
  const waiting = dress(node("div", { class: "snn-waiting", role: "region", "aria-label": words.result }, node("p", {}, hidden.more ? `${words.waiting} ${words.rest}` : words.waiting),
    node("div", { class: "buttons" }, button({}, focusFirst, words.predict), button({}, show, words.show))));
  hidden.start.before(waiting, result);
  const keys = answer.curves.map((curve) => node("span", { hidden: true }, ...namedCurve(curve, answer.curves, words)));
  const key = node("div", { class: "snn-key" }, node("span", {}, ...mineNamed(words)), ...keys);
  place.replaceChildren(...parts, key, node("div", { class: "buttons" }, ask));
  const silent = withoutLine(figure, words.nothing);

  function show() {
    const said = rings.said();
    rings.close(answer.curves);
    turn(true);
    const outside = overlay(figure, answer, said);
    const sentence = said.some((y) => y != null) ? howFarOff({ ...asked, ...answer }, said) : words.unpredicted;
    result.replaceChildren(
      node("p", { class: "told" }, sentence),
      ...(outside ? [node("p", {}, phrase(outside === 1 ? words.outside_one : words.outside_several, { count: outside }))] : []),
      tableOf(asked, said, answer.curves),
      node("div", { class: "buttons" }, button({}, again, words.again)),
    );
    ask.classList.remove("ready");
    dispatchEvent(new Event("resize")); // for pictures that were hidden and fit themselves
    goTo(result);
  }

  function again() {
    rings.clear();
    turn(false);
    figure.querySelector(".snn-over svg")?.remove();
    focusFirst();
  }

  // Go to the measurement, or back to the prediction.
  function turn(measured) {
    hidden.set(!measured);
    silent(measured);
    for (const one of [result, ...keys]) one.hidden = !measured;
    waiting.hidden = measured;
    ask.textContent = measured ? words.again : words.show;
  }

  function focusFirst() {
    goTo(place, rings.rings[0]);
  }
}

function dress(element) {
  element.classList.add("snn-page");
  return element;
}

// A piece of a line, and the name of the curve; what was measured where it is the only one.
function namedCurve({ name, predicted, ...look }, curves, words) {
  const text = predicted && (!name || curves.length === 1) ? words.measured
    : predicted ? phrase(words.measured_one, { name }) : name;
  return [pieceOf({ predicted, ...look }), text];
}

function mineNamed(words) {
  return [pieceOf({ colour: "var(--predicted)", dashes: "6 3", predicted: true }), words.mine];
}

function pieceOf({ colour, dashes, predicted }) {
  const line = drawing("line", { x1: 0, x2: 28, y1: 4, y2: 4, stroke: colour, "stroke-dasharray": dashes, "stroke-width": predicted ? 3 : 2 });
  return drawing("svg", { viewBox: "0 0 28 8", "aria-hidden": "true" }, line);
}

// Scroll to a place, and move the focus there. The place may be on another slide: so an event "sought"
// is sent first, by which slides turn to it and prevent scrolling.
function goTo(place, focused = place) {
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const scrolls = place.dispatchEvent(new Event("sought", { bubbles: true, cancelable: true }));
  focused.focus({ preventScroll: true });
  if (scrolls) place.scrollIntoView({ behavior: still ? "instant" : "smooth", block: "start" });
}

// The parts that reveal the answer: outputs between sketch and answer, and the rest of the section. `set` hides or
// shows them, `start` is the output of the answer, `more` says whether there is a rest of the section.
function hiddenUntilAsked(place, figure, words) {
  const cells = [...document.querySelectorAll(".jp-Cell")];
  const [first, last] = [place, figure].map((one) => cells.indexOf(one.closest(".jp-Cell")));
  const outputs = cells.slice(first + 1, last + 1).map(outputOf)
    .filter((output) => output && !output.querySelector("[data-sketch]"));
  const start = outputs.at(-1) ?? figure;
  const slides = document.querySelector(".reveal"); // on slides the speaker decides when to go on
  const rest = last < 0 || slides ? [] : restOfSection(cells.slice(last + 1));
  const others = [...outputs, ...rest].filter((one) => one !== start && one.matches(".jp-Cell-outputWrapper"));
  const notes = others.map((output) => {
    const note = dress(node("p", { class: "quiet snn-waiting" }, words.later));
    output.before(note);
    return note;
  });
  const set = (away) => {
    for (const one of outputs.length ? [...outputs, ...rest] : [figure]) one.classList.toggle("snn-unasked", away);
    for (const note of notes) note.hidden = !away;
  };
  set(true);
  return { set, start, more: rest.length > 0 };
}

function outputOf(cell) {
  return cell.querySelector(".jp-Cell-outputWrapper");
}

// Texts and outputs of these cells up to the next heading, or the next prediction.
function restOfSection(cells) {
  const rest = [];
  for (const cell of cells) {
    if (cell.querySelector("[data-sketch], [data-answer]")) return rest;
    const texts = cell.matches(".jp-MarkdownCell") ? [...cell.querySelector(".jp-RenderedMarkdown").children] : [];
    const end = texts.findIndex((text) => text.matches("h1, h2, h3"));
    rest.push(...(end < 0 ? texts : texts.slice(0, end)));
    if (end >= 0) return rest;
    const output = outputOf(cell);
    if (output) rest.push(output);
  }
  return rest;
}

// Python printed a sentence without a prediction; the one below replaces it.
function withoutLine(figure, line) {
  const cell = figure.closest(".slides > section") ?? figure.closest(".jp-Cell"); // slides take cells apart
  const outputs = cell?.querySelectorAll("pre") ?? [];
  const found = [...outputs].find((pre) => pre.textContent.split("\n").includes(line));
  if (!found) return () => {};
  const before = found.textContent;
  const rest = before.split("\n").filter((one) => one !== line).join("\n");
  return (away) => {
    found.textContent = away ? rest : before;
    found.hidden = away && !rest.trim();
  };
}

// The prediction, what was measured and the other curves of the figure, at each x.
function tableOf({ words, x, labels }, said, curves) {
  const mine = said.map((y) => (y == null ? "\u2013" : String(Number(y.toPrecision(3))).replace("-", "\u2212")));
  const head = [labels[0], ...x.map(({ text }) => text)].map((text) => node("th", { scope: "col" }, text));
  const rows = [rowOf(mineNamed(words), mine, "mine"),
    ...curves.map((curve) => rowOf(namedCurve(curve, curves, words), curve.texts, curve.predicted ? "measured" : ""))];
  return node("div", { class: "table", role: "region", tabindex: "0", "aria-label": labels[1] },
    node("table", {}, node("caption", {}, labels[1]), node("thead", {}, node("tr", {}, ...head)), node("tbody", {}, ...rows)));
}

function rowOf(named, texts, kind) {
  return node("tr", { class: kind }, node("th", { scope: "row" }, ...named), ...texts.map((text) => node("td", {}, text)));
}

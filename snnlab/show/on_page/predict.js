// The reader predicts; what was measured is hidden until then, or until the reader asks for it.

document.head.append(node("style", {}, DRESS_STYLE + PREDICT_STYLE));
for (const place of document.querySelectorAll("[data-sketch]")) {
  const asked = JSON.parse(place.dataset.sketch);
  const figure = [...document.querySelectorAll("[data-answer]")].find(
    (one) => JSON.parse(one.dataset.answer).sketch === asked.id);
  predictIn(place, asked, figure);
}

// A sketch that can be drawn into, and the figure that answers it, if the page has one.
function predictIn(place, asked, figure) {
  const { words } = asked;
  const rings = ringsIn(asked, () => button.classList.add("ready"));
  const button = toButton(words.show, () => (result.hidden ? show() : again()));
  const parts = [node("p", {}, words.asked), rings.whole];
  dress(place);
  if (!figure) return place.replaceChildren(...parts);

  const answer = JSON.parse(figure.dataset.answer);
  const hidden = hiddenUntilAsked(place, figure, words);
  const result = dress(node("div", { class: "snn-result", role: "region", tabindex: "-1", "aria-label": words.result, hidden: true }));
  const waiting = dress(node("div", { class: "snn-waiting", role: "region", "aria-label": words.result }, node("p", {}, words.waiting),
    node("div", { class: "buttons" }, toButton(words.predict, focusFirst), toButton(words.show, show))));
  hidden.start.before(waiting, result);
  const measuredKey = keyTo(words.measured, "measured", true);
  const key = node("div", { class: "snn-key" }, keyTo(words.mine, "mine"), measuredKey);
  place.replaceChildren(...parts, key, node("div", { class: "buttons" }, button));
  const silent = withoutLine(figure, words.nothing);

  function show() {
    const said = rings.said();
    const { measured } = answer;
    rings.close(measured);
    hidden.set(false);
    silent(true);
    const outside = overlay(figure, answer, said);
    const sentence = said.some((y) => y != null) ? howFarOff({ ...asked, ...answer }, said) : words.unpredicted;
    result.replaceChildren(
      node("p", { class: "told" }, sentence),
      ...(outside ? [node("p", {}, phrase(outside === 1 ? words.outside_one : words.outside_several, { count: outside }))] : []),
      tableOf(asked, said, answer.texts),
      node("div", { class: "buttons" }, toButton(words.again, again)),
    );
    [result.hidden, waiting.hidden, measuredKey.hidden] = [false, true, false];
    button.textContent = words.again;
    button.classList.remove("ready");
    dispatchEvent(new Event("resize")); // for pictures that were hidden and fit themselves
    goTo(result);
  }

  function again() {
    rings.clear();
    hidden.set(true);
    silent(false);
    figure.querySelector(".snn-over svg")?.remove();
    [result.hidden, waiting.hidden, measuredKey.hidden] = [true, false, true];
    button.textContent = words.show;
    focusFirst();
  }

  function focusFirst() {
    goTo(place, rings.rings[0]);
  }
}

function dress(element) {
  element.classList.add("snn-page");
  for (const [name, value] of Object.entries(COLOURS)) element.style.setProperty(name, value);
  return element;
}

function toButton(text, does) {
  const button = node("button", { type: "button" }, text);
  button.addEventListener("click", does);
  return button;
}

function keyTo(text, kind, hidden = false) {
  return node("span", { class: kind, hidden }, node("i"), text);
}

// Brings a place into sight, and the keyboard to what is in it. On slides it may be on another one, so
// who shows them hears "sought" first, and prevents that anything is scrolled.
function goTo(place, focused = place) {
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const scrolls = place.dispatchEvent(new Event("sought", { bubbles: true, cancelable: true }));
  focused.focus({ preventScroll: true });
  if (scrolls) place.scrollIntoView({ behavior: still ? "instant" : "smooth", block: "start" });
}

// Outputs from behind the sketch to the answer: `set` hides and shows them, `start` is that of the answer.
function hiddenUntilAsked(place, figure, words) {
  const cells = [...document.querySelectorAll(".jp-Cell")];
  const [first, last] = [place, figure].map((one) => cells.indexOf(one.closest(".jp-Cell")));
  const outputs = cells.slice(first + 1, last + 1).map((cell) => cell.querySelector(".jp-Cell-outputWrapper"))
    .filter((output) => output && !output.querySelector("[data-sketch]"));
  const start = outputs.at(-1) ?? figure;
  const notes = outputs.slice(0, -1).map((output) => {
    const note = dress(node("p", { class: "quiet snn-waiting" }, words.later));
    output.before(note);
    return note;
  });
  const set = (away) => {
    for (const one of outputs.length ? outputs : [figure]) one.classList.toggle("snn-unasked", away);
    for (const note of notes) note.hidden = !away;
  };
  set(true);
  return { set, start };
}

// The sentence that Python printed knows no prediction: it gives way to the one below.
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

// Prediction and measurement at each x.
function tableOf({ words, x, labels }, said, texts) {
  const rows = x.map(({ text }, place) => node("tr", {}, node("th", { scope: "row" }, text),
    node("td", { class: "mine" }, said[place] == null ? "\u2013" : String(Number(said[place].toPrecision(3)))),
    node("td", {}, texts[place] ?? "\u2013")));
  const head = [labels[0], words.mine, words.measured].map((text) => node("th", { scope: "col" }, text));
  return node("table", {}, node("thead", {}, node("tr", {}, ...head)), node("tbody", {}, ...rows));
}

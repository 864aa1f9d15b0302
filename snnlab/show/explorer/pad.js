// A pad to draw a digit on with mouse, pen, finger or keys, and beside it what the network sees.
//
//   const pad = mountPad(element, given, tell);
//   pad.update(given);   // changes words, colours, picture or sentence; the drawing stays
//   pad.remove();
//
// `given` is what `drawing.pad_given` in Python returns. `tell("ink", {side, pixels})` is called
// when a stroke ends, and a moment after the last key; `tell("ink", null)` once nothing is left.
// drawing.py lists the files that it is made of.

const PAUSE = 400; // milliseconds after the last key until the drawing is sent
const STEP = 1 / 28; // step of an arrow key, as a share of the side
const BIG_STEP = 4 / 28; // with Shift
const WHITE = 255;
const AS_GIVEN = { paper: "#000000", ink: "#ffffff" }; // the colours in which a network gets the drawing

export function mountPad(element, given, tell) {
  const dom = build();
  element.append(dom.style, dom.root);

  let shown = given;
  let base = given.ink ? bytesOf(given.ink) : null; // grey values of an earlier drawing, below all strokes
  let strokes = []; // each a list of [x, y] in parts of the side
  let pointer = null; // the id of the pointer that draws
  let penDown = false; // whether the keys draw
  let byKeys = false; // whether the keys' cursor is shown
  let cursor = [0.5, 0.5];
  let timer = 0;
  let frame = 0;

  // -- What is drawn -------------------------------------------------------------------------

  const isEmpty = () => !base && strokes.length === 0;
  const cannotUndo = () => isEmpty() || pointer !== null; // and not during a stroke

  // Paints all ink, `side` pixels wide.
  function paintInk(context, side, { paper, ink }) {
    context.fillStyle = paper;
    context.fillRect(0, 0, side, side);
    if (base) context.drawImage(shaded(base, shown.side, shown.side, paper, ink), 0, 0, side, side);
    context.strokeStyle = context.fillStyle = ink;
    context.lineWidth = shown.pen * side;
    context.lineCap = context.lineJoin = "round";
    for (const points of strokes) paintStroke(context, points, side);
  }

  // The drawing as grey values, at the size that is sent.
  function inkPixels() {
    const { side } = shown;
    const context = node("canvas", { width: side, height: side }).getContext("2d", { willReadFrequently: true });
    paintInk(context, side, AS_GIVEN);
    return everyFourth(context.getImageData(0, 0, side, side).data);
  }

  function tellInk() {
    clearTimeout(timer);
    timer = 0;
    tell("ink", isEmpty() ? null : { side: shown.side, pixels: base64Of(inkPixels()) });
    showButtons();
  }

  function tellSoon() {
    clearTimeout(timer);
    timer = setTimeout(() => {
      tellInk();
      say(placeWords());
    }, PAUSE);
  }

  function undo() {
    if (cannotUndo()) return;
    liftPen();
    if (strokes.length) strokes.pop();
    else base = null;
    changed(shown.words.undone);
  }

  function clear() {
    if (cannotUndo()) return;
    liftPen();
    strokes = [];
    base = null;
    changed(shown.words.cleared);
  }

  function changed(words) {
    redraw();
    tellInk();
    say(words);
  }

  // -- What is seen --------------------------------------------------------------------------

  const redraw = () => {
    if (!frame) frame = requestAnimationFrame(drawSheet);
  };

  // The sheet on the screen, with as many pixels as the screen has.
  function drawSheet() {
    frame = 0;
    const width = dom.sheet.clientWidth;
    if (!width) return;
    const side = Math.round(width * (window.devicePixelRatio || 1));
    if (dom.sheet.width !== side) dom.sheet.width = dom.sheet.height = side;
    const context = dom.sheet.getContext("2d");
    paintInk(context, side, palette());
    if (byKeys) paintCursor(context, side);
  }

  // The cursor of the keys: a ring as wide as the pen, filled while the pen is down.
  function paintCursor(context, side) {
    const { paper, hue_blue: accent } = palette();
    const ring = new Path2D();
    ring.arc(cursor[0] * side, cursor[1] * side, (shown.pen * side) / 2 + side / 100, 0, 7);
    for (const [style, width] of [[paper, side / 50], [accent, side / 90]]) {
      context.strokeStyle = style;
      context.lineWidth = width;
      context.stroke(ring);
    }
    context.fillStyle = accent;
    if (penDown) context.fill(ring);
  }

  const palette = () => shown.colours[shown.dark ? "dark" : "light"];

  // Update words, colours, the image that the network sees, and the sentence of the host.
  function show() {
    const { words, seen } = shown;
    for (const [name, value] of Object.entries(palette()))
      dom.root.style.setProperty(`--pad-${name}`, value);
    setText(dom.sheetLabel, words.sheet);
    setText(dom.seenLabel, words.seen);
    setText(dom.undo, words.undo);
    setText(dom.clear, words.clear);
    setText(dom.keys, words.keys);
    setText(dom.said, shown.said || words.ask);
    dom.root.setAttribute("aria-label", words.pad);
    dom.sheet.setAttribute("aria-label", words.sheet_alt);
    dom.seen.setAttribute("aria-label", seen ? seen.alt : words.nothing);
    dom.seen.classList.toggle("snn-pad-none", !seen);
    drawSeen(dom.seen, seen, AS_GIVEN);
    showButtons();
    redraw();
  }

  // Disabled buttons keep the focus; otherwise it would jump to the top of the page.
  function showButtons() {
    for (const button of [dom.undo, dom.clear])
      button.setAttribute("aria-disabled", String(isEmpty()));
  }

  // Announce a text to screen readers, also if it is the same as before.
  function say(words) {
    dom.live.textContent = dom.live.textContent === words ? `${words}\u00a0` : words;
  }

  function placeWords() {
    const [across, down] = cursor.map((part) => Math.round(100 * part));
    const { words } = shown;
    return `${penDown ? words.pen_down : words.pen_up} ${phrase(words.place, { across, down })}`;
  }

  // -- Mouse, pen and finger -----------------------------------------------------------------

  function place(event) {
    const box = dom.sheet.getBoundingClientRect();
    const edge = dom.sheet.clientLeft;
    return [event.clientX - box.left - edge, event.clientY - box.top - edge].map(
      (pixels) => pixels / dom.sheet.clientWidth,
    );
  }

  function onDown(event) {
    if (pointer !== null || event.button !== 0) return;
    liftPen();
    byKeys = false;
    pointer = event.pointerId;
    dom.sheet.setPointerCapture(pointer);
    strokes.push([place(event)]);
    redraw();
  }

  function onMove(event) {
    if (event.pointerId !== pointer) return;
    const all = event.getCoalescedEvents?.() ?? [];
    for (const one of all.length ? all : [event]) strokes.at(-1).push(place(one));
    redraw();
  }

  function onUp(event) {
    if (event.pointerId !== pointer) return;
    pointer = null;
    tellInk();
  }

  // -- Keys ----------------------------------------------------------------------------------

  function onKey(event) {
    if (pointer !== null) return;
    const known = onArrow(event) || onCommand(event);
    if (!known) return;
    event.preventDefault();
    event.stopPropagation(); // a notebook has shortcuts on the same keys
    byKeys = true;
    redraw();
  }

  function onArrow(event) {
    const way = ARROWS[event.key];
    if (!way || event.ctrlKey || event.metaKey || event.altKey) return false;
    const step = event.shiftKey ? BIG_STEP : STEP;
    cursor = cursor.map((part, i) => within(part + way[i] * step, 0, 1));
    if (penDown) strokes.at(-1).push(cursor);
    if (penDown) tellSoon();
    else saySoon();
    return true;
  }

  function saySoon() {
    clearTimeout(timer);
    timer = setTimeout(() => say(placeWords()), PAUSE);
  }

  function onCommand(event) {
    const isUndo = event.key === "Backspace" || (event.key === "z" && (event.ctrlKey || event.metaKey));
    if (isUndo) undo();
    else if (event.key === " " && !event.repeat) togglePen();
    else if (event.key === "Escape" && penDown) togglePen();
    else return event.key === " ";
    return true;
  }

  function togglePen() {
    if (penDown) {
      liftPen();
    } else {
      penDown = true;
      strokes.push([cursor]);
      tellSoon();
    }
    say(penDown ? shown.words.pen_down : shown.words.pen_up);
  }

  // End the stroke of the keys, if there is one, and send the drawing at once.
  function liftPen() {
    if (!penDown) return;
    penDown = false;
    tellInk();
    redraw();
  }

  function onFocus() {
    byKeys = pointer === null && dom.sheet.matches(":focus-visible");
    redraw();
  }

  function onBlur() {
    liftPen();
    byKeys = false;
    redraw();
  }

  // -- Life ----------------------------------------------------------------------------------

  const listeners = new AbortController();
  const on = (target, name, act) => target.addEventListener(name, act, { signal: listeners.signal });
  on(dom.sheet, "pointerdown", onDown);
  on(dom.sheet, "pointermove", onMove);
  on(dom.sheet, "pointerup", onUp);
  on(dom.sheet, "pointercancel", onUp);
  on(dom.sheet, "keydown", onKey);
  on(dom.sheet, "focus", onFocus);
  on(dom.sheet, "blur", onBlur);
  on(window, "resize", redraw); // zooming is a resize, too
  on(dom.undo, "click", undo);
  on(dom.clear, "click", clear);
  const resized = new ResizeObserver(redraw);
  resized.observe(dom.sheet);
  show();

  return {
    update(next) {
      shown = { ...shown, ...next };
      show();
    },
    remove() {
      clearTimeout(timer);
      cancelAnimationFrame(frame);
      resized.disconnect();
      listeners.abort();
      dom.style.remove();
      dom.root.remove();
    },
  };
}

// -- Parts of the page -----------------------------------------------------------------------

function build() {
  const keysId = `snn-pad-keys-${Math.random().toString(36).slice(2)}`;
  const dom = {
    style: node("style", {}, PAD_STYLE),
    sheetLabel: node("div", { class: "snn-pad-label" }),
    // an application, so that a screen reader passes on the arrow keys
    sheet: node("canvas", { class: "snn-pad-sheet", tabindex: 0, role: "application", "aria-describedby": keysId }),
    seenLabel: node("div", { class: "snn-pad-label" }),
    seen: node("canvas", { class: "snn-pad-seen", role: "img" }),
    said: node("p", { class: "snn-pad-said", "aria-live": "polite" }),
    undo: node("button", { class: "snn-pad-undo", type: "button" }),
    clear: node("button", { class: "snn-pad-clear", type: "button" }),
    keys: node("p", { class: "snn-pad-keys", id: keysId }),
    live: node("div", { class: "snn-pad-live", "aria-live": "polite" }),
  };
  const row = node("div", { class: "snn-pad-row" }, dom.sheetLabel, dom.seenLabel, dom.sheet, dom.seen);
  const buttons = node("div", { class: "snn-pad-buttons" }, dom.undo, dom.clear);
  const quiet = { "data-lm-suppress-shortcuts": "true" }; // JupyterLab's
  dom.root = node("div", { class: "snn-pad", role: "group", ...quiet }, row, buttons, dom.said, dom.keys, dom.live);
  return dom;
}

// Set a text only if it differs, as a screen reader reads any text that is set.
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// -- Pixels ----------------------------------------------------------------------------------

// A smooth line: curves between the midpoints of segments, with the points as control points.
function paintStroke(context, points, side) {
  const [[x0, y0], ...rest] = points.map(([x, y]) => [x * side, y * side]);
  context.beginPath();
  context.arc(x0, y0, context.lineWidth / 2, 0, 7);
  context.fill(); // a point alone is a dot
  context.beginPath();
  context.moveTo(x0, y0);
  rest.forEach(([x, y], i) => {
    const [nextX, nextY] = rest[i + 1] ?? [x, y];
    context.quadraticCurveTo(x, y, (x + nextX) / 2, (y + nextY) / 2);
  });
  context.stroke();
}

// Grey values as shades between paper, at 0, and ink.
function shaded(grey, width, height, paper, ink) {
  const [from, to] = [rgb(paper), rgb(ink)];
  return picture(width, height, (i) => from.map((start, c) => mix(start, to[c], grey[i] / WHITE)));
}

function drawSeen(canvas, seen, { paper, ink }) {
  canvas.width = seen ? seen.width : 1; // this also clears the canvas
  canvas.height = seen ? seen.height : 1;
  if (!seen) return;
  canvas.getContext("2d").drawImage(shaded(bytesOf(seen.pixels), seen.width, seen.height, paper, ink), 0, 0);
}

const everyFourth = (data) => Uint8Array.from({ length: data.length / 4 }, (_, i) => data[4 * i]);

// Axes with a ring at each x, to be dragged, tapped or moved by keys.

const STEPS = 100; // from the lowest value to the highest

// The value of a place from 0 to 100.
function valueAt({ low, high }, step) {
  return low + ((high - low) / STEPS) * step;
}

// Rings in axes; `changed()` is called whenever one is moved. `said()` has null for rings that were not moved.
function ringsIn(asked, changed) {
  const span = [asked.low, asked.high];
  const atStart = () => asked.start.map((value) => STEPS * share(value, span));
  let steps = atStart();
  const moved = steps.map(() => false);
  let open = true;

  const line = drawing("polyline", { class: "mine" });
  const found = drawing("g");
  const lines = drawing("svg", { viewBox: "0 0 100 100", preserveAspectRatio: "none", "aria-hidden": "true" }, found, line);
  const axes = node("div", { class: "axes" }, ...asked.ticks.flatMap(ruleAt), lines);
  const rings = asked.x.map(ringAt);
  const dots = [];

  const whole = node("div", { class: "snn-rings", role: "group", "aria-label": asked.words.axes },
    node("div", { class: "y-name" }, asked.labels[1]), axes, node("div", { class: "x-name" }, asked.labels[0]));
  rings.forEach((_, place) => show(place));
  return { whole, rings, said, close, clear };

  function ruleAt({ share, text }) {
    const top = `top: ${100 * (1 - share)}%`;
    return [node("div", { class: "rule", style: top }), node("div", { class: "tick y", style: top }, text)];
  }

  function ringAt({ share, text, name }, place) {
    const ring = node("div", { class: "ring", role: "slider", tabindex: "0", "aria-label": name,
      "aria-orientation": "vertical", "aria-valuemin": asked.low, "aria-valuemax": asked.high }, node("b"));
    const left = `left: ${100 * share}%`;
    const column = node("div", { class: "column", style: left }, ring);
    axes.append(column, node("div", { class: "tick x", style: left }, text));
    column.addEventListener("pointerdown", (event) => {
      // a finger beside the ring may want to scroll the page: it moves the ring by a tap
      if (!open || event.button !== 0 || (event.pointerType !== "mouse" && !ring.contains(event.target))) return;
      event.preventDefault();
      ring.focus({ preventScroll: true });
      ring.setPointerCapture(event.pointerId);
      if (!ring.contains(event.target)) moveTo(event.clientY);
    });
    ring.addEventListener("pointermove", (event) => ring.hasPointerCapture(event.pointerId) && moveTo(event.clientY));
    column.addEventListener("click", (event) => !ring.contains(event.target) && moveTo(event.clientY));
    ring.addEventListener("keydown", (event) => {
      const to = byKey(event.key, steps[place]);
      if (to == null || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      move(place, to);
    });
    return ring;

    function moveTo(clientY) {
      const { top, height } = column.getBoundingClientRect();
      move(place, STEPS * (1 - (clientY - top) / height));
    }
  }

  function byKey(key, step) {
    const far = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1, PageUp: 10, PageDown: -10 };
    if (key in far) return step + far[key];
    return { Home: 0, End: STEPS, Enter: step, " ": step }[key];
  }

  function move(place, step) {
    if (!open) return;
    steps[place] = within(Math.round(step), 0, STEPS);
    moved[place] = true;
    show(place);
    changed();
  }

  function show(place) {
    const ring = rings[place];
    const value = Number(valueAt(asked, steps[place]).toPrecision(4));
    ring.style.top = `${100 - steps[place]}%`;
    ring.classList.toggle("said", moved[place]);
    ring.classList.toggle("high", steps[place] > 88);
    ring.firstChild.textContent = moved[place] ? String(Number(value.toPrecision(3))) : "";
    ring.setAttribute("aria-valuenow", value);
    ring.setAttribute("aria-valuetext", moved[place] ? String(value) : phrase(asked.words.waits, { value }));
    const corners = steps.flatMap((step, i) => (moved[i] ? [`${100 * asked.x[i].share},${100 - step}`] : []));
    line.setAttribute("points", corners.join(" "));
  }

  // The predicted value at each x.
  function said() {
    return steps.map((step, place) => (moved[place] ? valueAt(asked, step) : null));
  }

  // Lock the rings, and draw the measurement beside them, with dots at the predictions.
  function close(curves) {
    setOpen(false);
    for (const { y: values, colour, dashes, predicted } of [...curves].reverse()) {
      const points = values.flatMap((y, place) =>
        y == null ? [] : [[100 * asked.x[place].share, 100 * (1 - share(y, span))]]);
      found.append(drawing("polyline", { points: points.join(" "), stroke: colour, "stroke-dasharray": dashes,
        class: predicted ? "predicted" : "" }));
      for (const [x, y] of points.filter(([, y]) => predicted && y >= 0 && y <= 100))
        dots.push(node("i", { class: "dot", style: `left: ${x}%; top: ${y}%; background: ${colour}` }));
    }
    axes.append(...dots);
  }

  // Reset to the state before any prediction.
  function clear() {
    for (const dot of dots.splice(0)) dot.remove();
    found.replaceChildren();
    moved.fill(false);
    steps = atStart();
    rings.forEach((_, place) => show(place));
    setOpen(true);
  }

  function setOpen(now) {
    open = now;
    axes.classList.toggle("closed", !open);
    for (const ring of rings) ring.setAttribute("aria-disabled", String(!open));
  }
}

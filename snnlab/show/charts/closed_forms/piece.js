// Draws the charts of each piece, which compute their numbers in the browser and follow its controls.

// Append a new element with a class to another.
function added(parent, tag, className) {
  const made = document.createElement(tag);
  made.className = className;
  return parent.appendChild(made);
}

// A number with the decimals of its slider, and a true minus.
function written(number, step) {
  const decimals = (step.split(".")[1] ?? "").length;
  return Number(number).toFixed(decimals).replace("-", "\u2212");
}

// Names a control for screen readers, and shows the value of a slider with its decimals.
function dress(label) {
  const [name, control, value] = label.children;
  control.setAttribute("aria-label", name.textContent);
  if (control.type !== "range") return;
  value.className = "value";
  value.setAttribute("aria-hidden", "true");
  const show = () => (value.textContent = written(control.value, control.step));
  for (const event of ["input", "change"]) control.addEventListener(event, show);
  show();
}

// Make the other charts follow the parameters of the first.
function follow([first, ...others], params) {
  for (const { name, bind } of params) {
    if (!bind) continue;
    first.addSignalListener(name, (_, value) => {
      for (const view of others) view.signal(name, value).runAsync();
    });
  }
}

// Write the sentence of the picture below its controls, and as alternative text of each chart.
function say(views, charts, place) {
  const words = views[0].signal("said");
  place.textContent = words;
  views.forEach((view, i) => view.description(`${charts[i].description} ${words}`));
}

// Wait until a place has a width; hidden answers and slides that are not shown have none.
function seen(place) {
  return new Promise((resolve) => {
    const watch = new ResizeObserver(() => {
      if (!place.clientWidth) return;
      watch.disconnect();
      resolve();
    });
    watch.observe(place);
  });
}

// Keep a chart as wide as its place whenever that changes.
function fit(view, place) {
  const watch = new ResizeObserver(() => {
    if (place.clientWidth) view.width(place.clientWidth).runAsync();
  });
  watch.observe(place);
}

// Draws the charts of a piece in place of its picture at rest, as soon as it is seen.
async function live(piece, whole) {
  const charts = JSON.parse(piece.querySelector("script").textContent);
  const controls = added(whole, "div", "controls");
  const said = added(whole, "p", "said");
  said.setAttribute("role", "status");
  const row = added(whole, "div", "charts");
  const places = charts.map(() => added(row, "div", "chart")); // all, so that each has its width
  const options = { actions: false, defaultStyle: false, mode: "vega-lite", renderer: "svg" };
  const views = [];
  await seen(row);
  for (const [i, chart] of charts.entries()) {
    const bind = i ? undefined : controls; // who is given them empties them first
    const { view } = await window.vegaEmbed(places[i], chart, { ...options, bind });
    fit(view, places[i]);
    views.push(view);
  }
  controls.querySelectorAll("label").forEach(dress);
  follow(views, charts[0].params);
  views[0].addSignalListener("said", () => say(views, charts, said));
  say(views, charts, said);
  piece.querySelector(".at-rest").remove();
}

document.head.append(Object.assign(document.createElement("style"), { textContent: PIECE_STYLE }));
for (const piece of document.querySelectorAll(".snn-live-chart")) {
  const whole = added(piece, "div", "live");
  const failed = (error) => {
    whole.setAttribute("role", "alert");
    whole.textContent = `This picture stays at rest: its charts cannot be drawn here. ${error}`;
  };
  piece.setAttribute("aria-busy", "true");
  live(piece, whole).catch(failed).finally(() => piece.removeAttribute("aria-busy"));
}

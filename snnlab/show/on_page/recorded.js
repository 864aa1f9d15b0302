// Controls that choose among recorded pictures.

document.head.append(node("style", {}, DRESS_STYLE + RECORDED_STYLE));
for (const place of document.querySelectorAll("[data-recorded]")) play(place);

// Put controls above a recorded picture, which then follows them.
function play(place) {
  const { controls, pictures, frames, words } = JSON.parse(place.querySelector("script").textContent);
  const image = place.querySelector("img");
  const caption = place.querySelector("figcaption");
  const chosen = controls.map(({ at }) => at);
  caption.setAttribute("aria-live", "polite");
  place.classList.add("snn-page");
  place.prepend(node("div", { class: "controls" }, ...controls.map(controlOf)));
  place.querySelector("[data-note]").textContent = words;
  show();

  function controlOf(control, index) {
    const field = control.choice ? choiceOf(control) : rangeOf(control);
    const value = node("output", {}, control.choice ? "" : control.texts[control.at]);
    field.addEventListener("input", () => {
      chosen[index] = Number(field.value);
      if (!control.choice) {
        value.textContent = control.texts[chosen[index]];
        field.setAttribute("aria-valuetext", value.textContent);
      }
      show();
    });
    return node("label", {}, node("span", {}, control.label), field, ...(control.choice ? [] : [value]));
  }

  // Frames are in the order of the controls; the last control changes fastest.
  function show() {
    const index = controls.reduce((sum, { texts }, i) => sum * texts.length + chosen[i], 0);
    const { picture, alt, summary } = frames[index];
    image.src = `data:image/png;base64,${pictures[picture]}`;
    image.alt = alt;
    caption.textContent = summary;
  }
}

function rangeOf({ label, texts, at }) {
  const range = node("input", { type: "range", min: 0, max: texts.length - 1, step: 1, "aria-label": label, "aria-valuetext": texts[at] });
  range.value = at;
  return range;
}

function choiceOf({ label, texts, at }) {
  const options = texts.map((text, i) => node("option", { value: i, selected: i === at }, text));
  return node("select", { "aria-label": label }, ...options);
}

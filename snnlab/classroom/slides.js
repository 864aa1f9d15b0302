// Starts reveal.js, and gives live pieces on a slide the keys, the pointer and the room they need.
const WIDTH = 1280;
const HEIGHT = 720;
const LARGEST = 1.4; // how much a live picture may grow
const SMALLEST = 0.5;
const SMALLEST_TEXT = 0.86; // 24 of 28 pixels
const STEPS = 6; // of the search for a size

// ---- keys: a piece that has the focus keeps its keys; those of a clicker always turn slides

// Whether a control of a picture, or something that unfolds, has the focus.
function held() {
  const active = document.activeElement;
  return Boolean(active?.parentElement?.closest(".jp-OutputArea-output, .snn-page")) || active?.matches("summary");
}

function onKey(event) {
  if (event.altKey || event.ctrlKey || event.metaKey || !held()) return;
  const turn = { PageDown: () => Reveal.next(), PageUp: () => Reveal.prev(), Escape: () => {} }[event.key];
  const first = event.eventPhase === Event.CAPTURING_PHASE; // a piece hears Escape before the slides do
  if (!turn || first === (event.key === "Escape") || event.defaultPrevented) return;
  event.preventDefault();
  event.stopPropagation();
  document.activeElement.blur();
  turn();
}

// Turn to the slide with an element that a piece asks for, such as the answer to a prediction.
function onSought(event) {
  const slide = event.target.closest(".slides section:not(.stack)");
  if (!slide) return;
  event.preventDefault();
  const { h, v } = Reveal.getIndices(slide);
  Reveal.slide(h, v);
}

// ---- room: pictures as large as the slide holds, text a little smaller if a font is wide

const frame = () => new Promise(requestAnimationFrame);
const fits = (slide) => slide.scrollHeight <= slide.clientHeight && slide.scrollWidth <= slide.clientWidth;

// Smallest and largest scale of the content of a slide; the style sheet says what is scaled.
function range(slide) {
  const pieces = [...slide.querySelectorAll(".jp-RenderedHTML")];
  if (pieces.some((piece) => piece.querySelector(".snn:not(.film)"))) return [1, 1];
  if (!pieces.length) return [SMALLEST_TEXT, 1];
  return [SMALLEST, pieces.every((piece) => piece.querySelector(":scope > figure")) ? 1 : LARGEST];
}

// Find the largest size at which the content fits on the slide; pieces are laid out again at each size.
async function fit(slide) {
  if (!slide || slide.dataset.fitted) return;
  slide.dataset.fitted = "busy";
  while (slide.querySelector('[aria-busy="true"]')) {
    if (slide !== Reveal.getCurrentSlide()) return delete slide.dataset.fitted; // it is drawn when it is seen
    await frame();
  }
  const tried = async (size) => {
    slide.style.setProperty("--size", size);
    await frame();
    await frame();
    return fits(slide);
  };
  let [low, high] = range(slide);
  if (low < high && !(await tried(high))) {
    for (let step = 0; step < STEPS; step++) {
      const middle = (low + high) / 2;
      if (await tried(middle)) low = middle;
      else high = middle;
    }
    await tried(low);
  }
  slide.dataset.fitted = "done";
}

// Fits a slide again when something on it has grown too large, such as an answer that was asked for.
const watch = new ResizeObserver(() => {
  const slide = Reveal.getCurrentSlide();
  if (slide?.dataset.fitted !== "done" || fits(slide)) return;
  delete slide.dataset.fitted;
  fit(slide);
});

// ---- the slides

for (const piece of document.querySelectorAll(".jp-RenderedHTML")) piece.dataset.preventSwipe = "";
addEventListener("keydown", onKey);
addEventListener("keydown", onKey, true);
addEventListener("sought", onSought);

await Reveal.initialize({
  width: WIDTH,
  height: HEIGHT,
  margin: 0,
  minScale: 0.1,
  maxScale: 4,
  center: false,
  hash: true,
  slideNumber: "c/t",
  transition: "none",
  backgroundTransition: "none",
  scrollActivationWidth: null,
  keyboardCondition: () => !held(),
  plugins: [RevealNotes],
});
Reveal.on("slidechanged", ({ currentSlide }) => fit(currentSlide));
fit(Reveal.getCurrentSlide());
for (const part of document.querySelectorAll(".slides section:not(.stack) > *")) watch.observe(part);

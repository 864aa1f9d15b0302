// Pictures that are wider than the page: those that do not fit can be moved by keys.

const boxes = new ResizeObserver((seen) => seen.forEach(({ target }) => letKeysMove(target)));
for (const box of document.querySelectorAll(".snn-sideways > div")) boxes.observe(box);

// Tab stops at a box only if it can be moved; in it the arrow keys move the picture.
function letKeysMove(box) {
  const said = { tabindex: "0", role: "group", "aria-label": "A wide picture: arrow keys move it sideways" };
  const wide = box.scrollWidth > box.clientWidth + 1;
  for (const [name, value] of Object.entries(said)) wide ? box.setAttribute(name, value) : box.removeAttribute(name);
}

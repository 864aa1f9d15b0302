// The colours of maps, and their legend.

const SILENT = 0.11; // opacity of a neuron that does not fire

// The bytes of a view as pixels.
function paletteOf(view, hue, ink, levels) {
  const found = new Uint32Array(256);
  if (view === "spikes") {
    found.fill(pixel(hue));
    found[0] = pixel(ink, SILENT);
    return found;
  }
  const { colours } = levels;
  for (let code = 0; code < 256; code++) found[code] = pixel(colours[Math.round((code / 255) * (colours.length - 1))]);
  return found;
}

// The legend of the colours of spikes.
function legendOfSpikes(hues, ink, words) {
  const on = hues.map((hue) => node("i", { style: `background: ${hue}` }));
  const off = node("i", { style: `background: ${ink}; opacity: ${SILENT}` });
  return [node("span", { class: "swatch" }, ...on, words.spike), node("span", { class: "swatch" }, off, words.no_spike)];
}

function legendOfRates({ levels, words }) {
  return [node("span", {}, words.rate_axis), colourBar(levels.colours, [[0, "0"], [0.5, "0.5"], [1, "1"]])];
}

function legendOfPotentials({ levels, words }) {
  const { low, high, colours } = levels;
  const bar = colourBar(colours, [[low, signed(low, 0)], [0, "0"], [1, "v_th"], [high, String(high)]]);
  return [node("span", {}, words.potential_axis), bar, node("span", { class: "grey" }, words.beyond)];
}

// Colours from the first to the last of the ticks, each [value, text].
function colourBar(colours, ticks) {
  const ends = [ticks[0][0], ticks.at(-1)[0]];
  const places = ticks.map(([at, text]) => node("span", { style: `left: ${share(at, ends) * 100}%` }, text));
  const bar = node("i", { style: `background: linear-gradient(90deg, ${colours.join(", ")})` });
  return node("div", { class: "scale" }, bar, node("div", { class: "ticks" }, ...places));
}

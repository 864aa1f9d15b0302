// One neuron in words and numbers.

function nameOf(stage, { m, r, c }, words) {
  if (!stage.is_map) return phrase(words.row_neuron, { neuron: r * stage.width + c + 1 });
  return phrase(words.map_neuron, { map: stage.first + m + 1, row: r + 1, column: c + 1 });
}

// Whether it fires at t, its potentials, and its rate so far.
function numbersOf(stage, at, t, frames) {
  const { values } = stage;
  const place = placeOf(stage, at);
  const code = (part) => values[part][(t - 1) * values.size + place];
  let fired = 0;
  for (let i = 0; i < t; i++) fired += values.spikes[i * values.size + place];
  const spike = code("spikes") > 0;
  return { spike, h: potential(code("h"), !spike, frames), v: potential(code("v"), true, frames), rate: (fired / t).toFixed(2) };
}

// A byte as potential; the ends of the scale as "... or less" and "... or more".
function potential(code, quiet, { levels, words }) {
  const { low, high, codes } = levels;
  const value = signed(mix(low, high, code / codes), 2);
  if (quiet && value === "1.00") return phrase(words.about, { value });
  if (code === 0) return phrase(words.at_most, { value });
  return code === codes ? phrase(words.at_least, { value }) : value;
}

function sentence(stage, at, t, frames) {
  const { words } = frames;
  const name = nameOf(stage, at, words);
  if (!t) return name;
  const { spike, h, v, rate } = numbersOf(stage, at, t, frames);
  const fired = spike ? words.spike : words.no_spike;
  return `${name}: ${phrase(words.values, { t, fired, h, v, rate })}`;
}

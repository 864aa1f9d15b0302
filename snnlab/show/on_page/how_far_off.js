// How far off a prediction was, in a sentence: the twin of show/how_far_off.py, with its words.

// A difference of two values, with its unit. Ties are rounded up.
function amount(difference, unit) {
  const size = Math.abs(difference) * (1 + 1e-12);
  const written = size >= 10 ? size.toFixed(0) : String(Number(size.toPrecision(2)));
  return `${written} ${unit}`.trim();
}

// `said` has null where nothing was predicted, `measured` where nothing was measured.
function howFarOff({ words, where, unit, width, measured }, said) {
  const at = said.flatMap((y, place) => (y == null || measured[place] == null ? [] : [place]));
  if (!at.length) return words.nothing;
  const off = at.map((place) => said[place] - measured[place]);
  const sizes = off.map(Math.abs);
  const most = Math.max(...sizes);
  const worst = sizes.indexOf(most);
  if (most / width < 0.005) return words.right;
  const side = off[worst] > 0 ? words.high : words.low;
  const values = {
    where: where[at[worst]],
    far: phrase(side, { amount: amount(most, unit) }),
    mean: amount(sizes.reduce((sum, size) => sum + size, 0) / sizes.length, unit),
  };
  return phrase(at.length === 1 ? words.one : words.several, values);
}

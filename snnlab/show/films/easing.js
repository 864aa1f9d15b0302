// How far things have come at a moment.

// From 0 at `from` to 1 at `to`, evenly.
function part(time, from, to) {
  return within(share(time, [from, to]), 0, 1);
}

// The same, with a soft start and a soft end.
function eased(time, from, to) {
  const x = part(time, from, to);
  return x * x * (3 - 2 * x);
}

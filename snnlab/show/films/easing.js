// The progress of a motion at a moment.

// Linear progress: 0 at `from`, 1 at `to`.
function part(time, from, to) {
  return within(share(time, [from, to]), 0, 1);
}

// The same, with a soft start and a soft end.
function eased(time, from, to) {
  const x = part(time, from, to);
  return x * x * (3 - 2 * x);
}

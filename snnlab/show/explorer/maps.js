// The maps of a stage on their canvas: how they are tiled and drawn, and where each neuron lies.
// A neuron of a stage is {m, r, c}: its map among those that are shown, row and column, from 0.

const RULED = 10; // px: size of a neuron from which on gaps are drawn between neurons

// The layout of maps in device pixels: as large as fits the width and the height.
function tiling(stage, width, height, ratio) {
  let best = null;
  for (let scale = Math.ceil(28 * ratio); scale >= 1; scale--) {
    const gap = Math.round((scale < RULED * ratio ? 3 : 6) * ratio);
    const most = Math.floor((width * ratio + gap) / (stage.width * scale + gap));
    if (most < 1) continue;
    const rows = Math.ceil(stage.shown / Math.min(most, stage.shown));
    const columns = Math.ceil(stage.shown / rows);
    const wide = columns * (stage.width * scale + gap) - gap;
    const tall = rows * (stage.height * scale + gap) - gap;
    best = { scale, columns, rows, gap, wide, tall, ratio };
    if (tall <= height * ratio) return best;
  } // too tall: use the smallest scale
  return best ?? tiling(stage, stage.width / ratio, height, ratio);
}

// The bytes of one timestep in the colours of a palette; without bytes all is blank.
function drawMaps(stage, bytes, palette, blank) {
  const { canvas, small, pixels, tiles, width, height } = stage;
  const drawn = new Uint32Array(pixels.data.buffer);
  if (bytes) for (let i = 0; i < bytes.length; i++) drawn[i] = palette[bytes[i]];
  else drawn.fill(blank);
  if (!stage.is_map) drawn.fill(0, stage.neurons); // the padding
  small.getContext("2d").putImageData(pixels, 0, 0);
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = false;
  context.clearRect(0, 0, tiles.wide, tiles.tall);
  for (let m = 0; m < stage.shown; m++) {
    const { x, y } = corner(stage, { m, r: 0, c: 0 });
    context.drawImage(small, 0, m * height, width, height, x, y, width * tiles.scale, height * tiles.scale);
  }
  ruleMaps(stage, context);
}

// Thin gaps between neurons that are large enough.
function ruleMaps(stage, context) {
  const { scale, wide, tall, gap, rows, columns, ratio } = stage.tiles;
  if (scale < RULED * ratio) return;
  const thin = Math.max(1, Math.round(ratio * (scale > 14 * ratio ? 2 : 1)));
  for (let column = 0; column < columns; column++)
    for (let c = 1; c < stage.width; c++)
      context.clearRect(column * (stage.width * scale + gap) + c * scale - thin, 0, thin, tall);
  for (let row = 0; row < rows; row++)
    for (let r = 1; r < stage.height; r++)
      context.clearRect(0, row * (stage.height * scale + gap) + r * scale - thin, wide, thin);
}

// The position of a neuron on its canvas, in device pixels.
function corner(stage, { m, r, c }) {
  const { scale, columns, gap } = stage.tiles;
  return {
    x: (m % columns) * (stage.width * scale + gap) + c * scale,
    y: Math.floor(m / columns) * (stage.height * scale + gap) + r * scale,
  };
}

// The same in pixels of the page, with its size.
function boxOf(stage, at) {
  const { x, y } = corner(stage, at);
  const { scale, ratio } = stage.tiles;
  return { left: x / ratio, top: y / ratio, size: scale / ratio };
}

// A frame around one neuron.
function frameNeuron(spot, stage, at) {
  const { left, top, size } = boxOf(stage, at);
  Object.assign(spot.style, { display: "block", left: `${left}px`, top: `${top}px`, width: `${size}px`, height: `${size}px` });
}

// The neuron under a pointer, or null between maps.
function neuronUnder(stage, event) {
  const { scale, columns, gap } = stage.tiles;
  const box = stage.canvas.getBoundingClientRect();
  const x = (event.clientX - box.left) * (stage.tiles.wide / box.width);
  const y = (event.clientY - box.top) * (stage.tiles.tall / box.height);
  const [wide, tall] = [stage.width * scale + gap, stage.height * scale + gap];
  const [column, row] = [Math.floor(x / wide), Math.floor(y / tall)];
  const at = { m: row * columns + column, r: Math.floor((y - row * tall) / scale), c: Math.floor((x - column * wide) / scale) };
  return column >= 0 && column < columns && exists(stage, at) ? at : null;
}

// The neuron at a distance to the right and down, also in the next map, or null.
function neuronBeside(stage, { m, r, c }, right, down) {
  const { columns } = stage.tiles;
  const x = (m % columns) * stage.width + c + right;
  const y = Math.floor(m / columns) * stage.height + r + down;
  if (x < 0 || y < 0 || x >= columns * stage.width) return null;
  const map = Math.floor(y / stage.height) * columns + Math.floor(x / stage.width);
  const at = { m: map, r: y % stage.height, c: x % stage.width };
  return exists(stage, at) ? at : null;
}

function exists(stage, { m, r, c }) {
  const inside = m >= 0 && m < stage.shown && r >= 0 && r < stage.height && c >= 0 && c < stage.width;
  return inside && (stage.is_map || r * stage.width + c < stage.neurons);
}

// The index of a neuron in the bytes of one timestep.
function placeOf(stage, { m, r, c }) {
  return (m * stage.height + r) * stage.width + c;
}

// The neuron with an index.
function neuronAt(stage, place) {
  const size = stage.height * stage.width;
  return { m: Math.floor(place / size), r: Math.floor((place % size) / stage.width), c: place % stage.width };
}

// The number of neurons in the maps before the first one that is shown.
function before(stage) {
  return stage.is_map ? stage.first * stage.height * stage.width : 0;
}

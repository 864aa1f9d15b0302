// Bytes as text, and as colours.

function bytesOf(base64) {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

function base64Of(bytes) {
  let letters = "";
  for (const byte of bytes) letters += String.fromCharCode(byte);
  return btoa(letters);
}

// "#RRGGBB" as three numbers.
function rgb(hex) {
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
}

// "#RRGGBB" and an opacity as one pixel.
function pixel(hex, opacity = 1) {
  return new Uint32Array(new Uint8Array([...rgb(hex), Math.round(255 * opacity)]).buffer)[0];
}

// A picture at its own size; `colour(i)` is red, green and blue of pixel i, row by row.
function picture(width, height, colour) {
  const canvas = node("canvas", { width, height });
  const drawn = new ImageData(width, height);
  for (let i = 0; i < width * height; i++) drawn.data.set([...colour(i), 255], 4 * i);
  canvas.getContext("2d").putImageData(drawn, 0, 0);
  return canvas;
}

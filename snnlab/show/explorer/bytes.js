// Bytes and colours as text.

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

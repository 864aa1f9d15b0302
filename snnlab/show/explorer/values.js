// The values of every neuron: bytes of spikes, potentials and rates.

// Base64 of deflated bytes.
async function unpacked(text) {
  const stream = new Blob([bytesOf(text)]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

// Unpack the networks of frames; each stage gets its indices and its values.
function networksOf(frames, data) {
  return frames.networks.map((network, n) => ({
    ...network,
    n,
    stages: network.stages.map((stage, s) => ({ ...stage, n, s, values: valuesOf(stage, frames.T, data) })),
  }));
}

// Spikes, potentials and rates of one stage, each T * maps * height * width.
function valuesOf(stage, T, data) {
  const size = stage.shown * stage.height * stage.width;
  const [spikes, h, v] = [0, 1, 2].map((part) =>
    data.subarray(stage.at + part * T * size, stage.at + (part + 1) * T * size),
  );
  return { size, spikes, h, v, rates: ratesOf(spikes, T, size) };
}

// Running means of spikes as bytes: 255 is a spike at every timestep.
function ratesOf(spikes, T, size) {
  const rates = new Uint8Array(spikes.length);
  const fired = new Uint16Array(size);
  for (let t = 0; t < T; t++)
    for (let i = 0; i < size; i++) {
      fired[i] += spikes[t * size + i];
      rates[t * size + i] = Math.round((255 * fired[i]) / (t + 1));
    }
  return rates;
}

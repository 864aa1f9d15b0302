"""How long a training step and a forward pass take, against the same network with ReLU.

What was tried for the hot loops of `snnlab.neuron.kernels`, on a two-core x86-64 CPU with
AVX-512, one thread, per element of a 128 x 32 x 28 x 28 tensor:

- Comparing the firing probability with 16 random bits, four from one draw of the generator,
  takes 2.9 ns forwards; drawing Gaussian numbers alone took 5.2 ns.
- Blocks that fit into the cache: 7 % faster forwards, 3 % backwards. Not worth the code.
- NumPy's SFC64 in place of PyTorch's Mersenne Twister: 0.3 ns less. Not worth a second
  source of randomness.
- A polynomial in place of erf: exact to 7e-6, 0.35 ns less. Not worth the inexactness.
- Channels-last: a training step of the convnet took 0.72 of the time.
- Average pooling before the neurons: a quarter of the neurons, so a quarter of the noise.
- Batch norm and pooling merged into the convolutions before inference (`streamline`): a
  forward pass at T = 8 took 0.6 to 0.7 of the time.
- More than 32 MB at once: page faults cost more than the arithmetic, see CHUNK_ELEMENTS.
"""

from __future__ import annotations

import functools
import statistics
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from snnlab.bench.timing import alternate, median_ratio
from snnlab.conversion.folding import streamline
from snnlab.network.models import build
from snnlab.network.net import SpikingNet, StagedNet
from snnlab.network.spec import Architecture
from snnlab.neuron.spec import Noise

TRAIN_TIMESTEPS = (1, 4)
INFER_TIMESTEPS = (1, 4, 8, 16)
CLASSES = 10


@dataclass(frozen=True)
class Row:
    """One measurement."""

    work: str
    """train: forward, backward, optimizer step. infer: forward without gradient."""
    timesteps: int
    """T; 1 for the ReLU network."""
    library: str
    """Training: snnlab, snnlab-noise (single step with noise) or relu. Inference: snnlab and
    relu-streamlined after `streamline`; snnlab-plain and relu as they were trained."""
    ms: float
    """Median milliseconds per batch."""
    ratio_to_relu: float
    """Median over the rounds of the time over the ReLU network's time in the same round."""


def speed_rows(
    architecture: Architecture,
    image_shape: tuple[int, int, int],
    *,
    batch_size: int = 128,
    rounds: int = 9,
    device: torch.device | None = None,
    progress: bool = False,
) -> list[Row]:
    """Measure training steps and forward passes, all taking turns in one run.

    Args:
        architecture: of all networks.
        image_shape: (C, H, W).
        batch_size: images per batch.
        rounds: how often each piece of work is timed.
        device: default CPU.
        progress: show a progress bar, if there is a terminal.
    """
    device = device or torch.device("cpu")
    images = torch.randn(batch_size, *image_shape, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(batch_size) % CLASSES
    batch = (images.to(device, memory_format=torch.channels_last), labels.to(device))

    def network(activation: str, noise: Noise | None = None) -> StagedNet:
        net = build(
            architecture,
            image_shape=image_shape,
            classes=CLASSES,
            seed=0,
            activation=activation,
            noise=noise,
        )
        return net.to(device).to(memory_format=torch.channels_last)

    training: dict[tuple[str, int], Callable[[], object]] = {
        ("relu", 1): TrainingStep(network("relu"), batch, 1),
        ("snnlab-noise", 1): TrainingStep(network("spiking", Noise()), batch, 1),
    }
    training |= {("snnlab", T): TrainingStep(network("spiking"), batch, T) for T in TRAIN_TIMESTEPS}
    relu, spiking = network("relu").eval(), network("spiking").eval()
    inference: dict[tuple[str, int], Callable[[], object]] = {
        ("relu", 1): functools.partial(forward, relu, batch[0], 1),
        ("relu-streamlined", 1): functools.partial(forward, streamline(relu), batch[0], 1),
    }
    for name, net in (("snnlab", streamline(spiking)), ("snnlab-plain", spiking)):
        for T in INFER_TIMESTEPS:
            inference[name, T] = functools.partial(forward, net, batch[0], T)
    rows = []
    for work, pieces in (("train", training), ("infer", inference)):
        named = {f"{library} {T}": piece for (library, T), piece in pieces.items()}
        times = alternate(named, rounds, device, progress=progress)
        for library, T in pieces:
            took = times[f"{library} {T}"]
            ratio = median_ratio(took, times["relu 1"])
            rows.append(Row(work, T, library, statistics.median(took), ratio))
    return rows


class TrainingStep:
    """One update of a network's weights; call it.

    Args:
        net: on the device of the batch.
        batch: images (B, C, H, W) and labels (B,).
        timesteps: T of a spiking network.
    """

    def __init__(self, net: StagedNet, batch: tuple[Tensor, Tensor], timesteps: int) -> None:
        self.net, (self.images, self.labels) = net.train(), batch
        self.generator = torch.Generator(self.images.device).manual_seed(0)
        self.options = {"timesteps": timesteps} if isinstance(net, SpikingNet) else {}
        self.optimizer = torch.optim.AdamW(net.parameters(), fused=True)

    def __call__(self) -> None:
        """Forward, backward, update."""
        logits = self.net(self.images, generator=self.generator, **self.options)
        loss = nn.functional.cross_entropy(logits, self.labels)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()


@torch.no_grad()
def forward(net: StagedNet, images: Tensor, timesteps: int) -> Tensor:
    """Logits without gradient."""
    options = {"timesteps": timesteps} if isinstance(net, SpikingNet) else {}
    logits: Tensor = net(images, **options)
    return logits

"""How long a training step and a forward pass take, side by side with other libraries.

The limits: a step of the same network with ReLU, as PyTorch has it, is the floor for T = 1,
and T of its passes are the ceiling for T. `docs/bench_notes.md` says what was tried to get
near them.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

import torch
from torch import Tensor, nn

from snnlab.bench.peers import Net, PeerNet, peer_networks, plain_ann
from snnlab.bench.spec import SpeedConfig
from snnlab.bench.timing import alternate, median_ratio
from snnlab.conversion.folding import streamline
from snnlab.learning.cuda_graph import WARM_UP, RecordedPasses
from snnlab.measure.speed import memory_use
from snnlab.network.models import build
from snnlab.network.net import ANN, SpikingNet
from snnlab.network.spec import Architecture
from snnlab.neuron.spec import Neuron, Noise
from snnlab.runs.assemble import pick_device

CLASSES = 10
HEADER = ["work", "T", "network", "ms", "ratio to ReLU", "peak MiB"]
"""Of tables of rows."""
OWN = ("relu", "snnlab", "snnlab-noise")
"""Libraries of rows that are ours or the limit; the others are peers."""
BESIDE = ("relu-merged", "relu-streamlined", "relu-graph", "snnlab-plain", "snnlab-noise-graph")
"""Variants of ours that are not the comparison itself, see `Row.library`."""

Batch = tuple[Tensor, Tensor]
Key = tuple[str, int]
"""Library and T."""


@dataclass(frozen=True)
class Row:
    """One measurement."""

    work: str
    """train: forward, backward, optimizer step. infer: forward without gradient."""
    timesteps: int
    """T; 1 for the ReLU network."""
    library: str
    """relu: the network with ReLU, of PyTorch's own layers. snnlab: ours; trained by BPTT, run
    after `streamline`. snnlab-noise: ours, a single noisy step. snntorch, spikingjelly, norse.
    Beside them, in rows of their own: relu-merged and relu-streamlined, the ReLU network with
    our merged layers; snnlab-plain, ours run as it was trained; on a CUDA GPU relu-graph and
    snnlab-noise-graph, training recorded as a CUDA graph."""
    ms: float
    """Median milliseconds per batch; processor time on one CPU thread."""
    ratio_to_relu: float
    """Median over the rounds of the time over the ReLU network's time in the same round."""
    peak_mib: float | None
    """Most memory that the work needed at once, beyond weights and data, in MiB; None: unknown."""

    @property
    def cells(self) -> list[str]:
        """As tables show it, see `HEADER`."""
        times = [f"{number:.2f}" for number in (self.ms, self.ratio_to_relu)]
        return [self.work, str(self.timesteps), self.library, *times, mib(self.peak_mib)]


@dataclass(frozen=True)
class Comparison:
    """Ours against the fastest other library at one T."""

    work: str
    """train or infer."""
    timesteps: int
    """T."""
    fastest_peer: str
    """The library."""
    times_as_fast: float
    """Its median milliseconds over ours."""


@dataclass(frozen=True)
class Speed:
    """All that a benchmark found."""

    rows: list[Row]
    """Ours, the ReLU network and the other libraries."""
    rows_beside: list[Row]
    """Variants that are not the comparison itself, see `Row.library`."""
    comparisons: list[Comparison] = field(default_factory=list)
    """One for each kind of work and T at which another library was measured."""
    notes: list[str] = field(default_factory=list)
    """Libraries that are absent, and how to install them."""


def measure_speed(config: SpeedConfig, *, progress: bool = False) -> Speed:
    """Measure training steps and forward passes, all taking turns in one run.

    Args:
        config: what to measure, where.
        progress: show a progress bar, if there is a terminal.

    Raises:
        ConfigError: the device is not there.
        ValueError: fewer than 1 round.

    Example:
        >>> measure_speed(SpeedConfig(Architecture("mlp"), size=8, rounds=7)).rows[0].library
        'relu'
    """
    device = pick_device(config.device)
    shape = (config.batch_size, *config.image_shape)
    images = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(config.batch_size) % CLASSES
    batch = (images.to(device, memory_format=torch.channels_last), labels.to(device))
    makers = Networks(config.model, config.image_shape, device)
    pieces = {
        "train": lambda: training_work(makers, batch, config.train_timesteps),
        "infer": lambda: inference_work(makers, batch[0], config.infer_timesteps),
    }
    rows = [
        row
        for work, make in pieces.items()
        if work in config.work
        for row in measured(work, make(), config.rounds, device, progress=progress)
    ]
    ours = [row for row in rows if row.library not in BESIDE]
    beside = [row for row in rows if row.library in BESIDE]
    return Speed(ours, beside, compared(ours), makers.peers()[1])


@dataclass(frozen=True)
class Networks:
    """Makes networks of the same architecture and weights."""

    architecture: Architecture
    image_shape: tuple[int, int, int]
    device: torch.device

    def spiking(self, noise: Noise | None = None) -> SpikingNet:
        """Ours, of IF neurons that start at 0 (or from the noise)."""
        return cast(SpikingNet, self.make("spiking", noise))

    def relu(self) -> ANN:
        """With ReLU."""
        return cast(ANN, self.make("relu"))

    def make(self, activation: str, noise: Noise | None = None) -> nn.Module:
        """A network on the device."""
        net = build(
            self.architecture,
            image_shape=self.image_shape,
            classes=CLASSES,
            seed=0,
            activation=activation,
            neuron=Neuron(v_init=0.0),
            noise=noise,
        )
        return net.to(self.device).to(memory_format=torch.channels_last)

    def peers(self) -> tuple[dict[str, PeerNet], list[str]]:
        """The other libraries, and notes on those that are absent."""
        nets, notes = peer_networks(self.spiking())
        return {name: net.to(self.device) for name, net in nets.items()}, notes


def training_work(
    makers: Networks, batch: Batch, timesteps: tuple[int, ...]
) -> dict[Key, Callable[[], object]]:
    """The training steps to time."""
    work: dict[Key, Callable[[], object]] = {
        ("relu", 1): TrainingStep(cast(ANN, plain_ann(makers.relu())), batch, 1),
        ("relu-merged", 1): TrainingStep(makers.relu(), batch, 1),
        ("snnlab-noise", 1): TrainingStep(makers.spiking(Noise()), batch, 1),
    }
    if batch[0].is_cuda:
        work["relu-graph", 1] = TrainingStep(makers.relu(), batch, 1, graph=True)
        work["snnlab-noise-graph", 1] = TrainingStep(makers.spiking(Noise()), batch, 1, graph=True)
    for T in timesteps:
        work["snnlab", T] = TrainingStep(makers.spiking(), batch, T)
        work |= {(name, T): TrainingStep(net, batch, T) for name, net in makers.peers()[0].items()}
    return work


def inference_work(
    makers: Networks, images: Tensor, timesteps: tuple[int, ...]
) -> dict[Key, Callable[[], object]]:
    """The forward passes to time."""
    relu, ours = makers.relu().eval(), makers.spiking().eval()
    nets: dict[str, Net] = {"snnlab": streamline(ours), "snnlab-plain": ours, **makers.peers()[0]}
    work: dict[Key, Callable[[], object]] = {
        ("relu", 1): ForwardPass(cast(ANN, plain_ann(relu)), images, 1),
        ("relu-merged", 1): ForwardPass(relu, images, 1),
        ("relu-streamlined", 1): ForwardPass(streamline(relu), images, 1),
    }
    return work | {
        (name, T): ForwardPass(net, images, T) for T in timesteps for name, net in nets.items()
    }


def measured(
    work: str,
    pieces: dict[Key, Callable[[], object]],
    rounds: int,
    device: torch.device,
    *,
    progress: bool,
) -> list[Row]:
    """One row for each piece, timed in turns; its memory in one more call."""
    times = alternate(pieces, rounds, device, progress=progress)
    rows = []
    for (library, T), took in times.items():
        with memory_use(device) as memory:
            pieces[library, T]()
        ratio = median_ratio(took, times["relu", 1])
        rows.append(Row(work, T, library, statistics.median(took), ratio, memory.peak_mib))
    return rows


def compared(rows: list[Row]) -> list[Comparison]:
    """Ours against the fastest other library, for each kind of work and T."""
    found = []
    for ours in (row for row in rows if row.library == "snnlab"):
        at = (ours.work, ours.timesteps)
        rivals = [r for r in rows if (r.work, r.timesteps) == at and r.library not in OWN]
        if rivals:
            best = min(rivals, key=lambda row: row.ms)
            found.append(Comparison(*at, best.library, round(best.ms / ours.ms, 2)))
    return found


def mib(peak: float | None) -> str:
    """An amount of memory as tables show it; empty if unknown."""
    return "" if peak is None else f"{peak:.0f}"


class TrainingStep:
    """One update of a network's weights; call it.

    Args:
        net: on the device of the batch.
        batch: images (B, C, H, W) and labels (B,).
        timesteps: T of a spiking network.
        graph: record forward and backward pass as a CUDA graph.
    """

    def __init__(self, net: Net, batch: Batch, timesteps: int, *, graph: bool = False) -> None:
        self.net, (self.images, self.labels) = net.train(), batch
        self.timesteps = timesteps
        self.generator = torch.Generator(self.images.device).manual_seed(0)
        self.optimizer = torch.optim.AdamW(net.parameters(), fused=True)
        self.recorded = RecordedPasses(self.passes, self.optimizer.zero_grad, self.generator)
        self.graph = graph
        for _ in range(WARM_UP if graph else 0):
            self()

    def __call__(self) -> None:
        """Forward, backward, update."""
        if self.graph:
            self.recorded(self.images, self.labels)
        else:
            self.optimizer.zero_grad(set_to_none=True)
            self.passes(self.images, self.labels)
        self.optimizer.step()

    def passes(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Loss and logits, detached, and gradients in the parameters."""
        logits = run(self.net, images, self.timesteps, self.generator)
        loss = nn.functional.cross_entropy(logits, labels)
        loss.backward()
        return loss.detach(), logits.detach()


class ForwardPass:
    """Logits without gradient; call it. Arguments as for `TrainingStep`."""

    def __init__(self, net: Net, images: Tensor, timesteps: int) -> None:
        self.net, self.images, self.timesteps = net.eval(), images, timesteps

    @torch.no_grad()
    def __call__(self) -> Tensor:
        """Logits (B, K)."""
        return run(self.net, self.images, self.timesteps, None)


def run(net: Net, images: Tensor, timesteps: int, generator: torch.Generator | None) -> Tensor:
    """Logits (B, K) of any of the networks."""
    if isinstance(net, SpikingNet):
        return cast(Tensor, net(images, timesteps, generator=generator))
    return cast(Tensor, net(images) if isinstance(net, ANN) else net(images, timesteps))

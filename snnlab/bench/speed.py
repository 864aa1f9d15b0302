"""How long a training step and a forward pass take, side by side with other libraries.

The limits: a step of the same network with ReLU, as PyTorch has it, is the floor for T = 1,
and T of its passes are the ceiling for T. `docs/bench_notes.md` says what was tried to get
near them.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, cast

import torch
from torch import nn

from snnlab.bench.peers import Net, PeerNet, peer_networks, peer_notes, plain_ann
from snnlab.bench.pieces import Batch, ForwardPass, TrainingStep
from snnlab.bench.spec import SpeedConfig, Way
from snnlab.bench.timing import alternate, median_ratio
from snnlab.conversion.folding import streamline
from snnlab.measure.speed import memory_use
from snnlab.network.models import build
from snnlab.network.net import ANN, SpikingNet
from snnlab.network.spec import Architecture
from snnlab.neuron.spec import Neuron, Noise
from snnlab.runs.assemble import pick_device
from snnlab.runs.config import ConfigError

CLASSES = 10
HEADER = ["work", "T", "network", "ms", "ratio to ReLU", "peak MiB"]
"""The headings of tables of rows."""
OWN = ("relu", "snnlab", "snnlab-noise")
"""Libraries of rows that are ours or the limit; the others are peers."""
BESIDE = ("relu-merged", "relu-streamlined", "snnlab-plain")
"""Variants of ours that are not compared with peers, see `Row.library`."""
CALLS = {"cuda": 10}
"""How many calls are timed together, by kind of device, else 1: as in an epoch, steps do not wait
for the GPU."""
WAYS: dict[Way, str] = {"eager": "", "graph": " (CUDA graph)", "compile": " (compiled)"}
"""The addition to the name of a network in tables, by the way it was run."""


class Key(NamedTuple):
    """What is timed."""

    library: str
    timesteps: int
    way: Way = "eager"


Work = dict[Key, Callable[[], Callable[[], object]]]
"""Functions that make each piece of work."""


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
    our merged layers; snnlab-plain, ours run as it was trained."""
    ms: float
    """Median milliseconds per batch; processor time on one CPU thread."""
    ratio_to_relu: float
    """Median over the rounds of the time over that of the ReLU network, run in the same way, in the
    same round."""
    peak_mib: float | None
    """Peak of the memory beyond weights and data, in MiB; None: unknown, as for a CUDA graph, which
    holds its memory from its recording on."""
    way: Way = "eager"
    """How it was run, see `SpeedConfig.ways`."""

    @property
    def name(self) -> str:
        """The library and how it was run, as tables show them."""
        return self.library + WAYS[self.way]

    @property
    def cells(self) -> list[str]:
        """As tables show it, see `HEADER`."""
        times = [f"{number:.2f}" for number in (self.ms, self.ratio_to_relu)]
        return [self.work, str(self.timesteps), self.name, *times, mib(self.peak_mib)]


@dataclass(frozen=True)
class Comparison:
    """Ours, run in one way, against the fastest other library at one T, run in its fastest way."""

    work: str
    """train or infer."""
    timesteps: int
    """T."""
    fastest_peer: str
    """The library, and how it was run."""
    times_as_fast: float
    """Its median milliseconds over ours."""
    way: Way = "eager"
    """How ours was run."""

    def __str__(self) -> str:
        return (
            f"{self.work}, T = {self.timesteps}: snnlab{WAYS[self.way]} is "
            f"{self.times_as_fast:.2f} times as fast as {self.fastest_peer}, the fastest other "
            "library"
        )


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
    """Libraries that are absent, and how to install them; what the others run as on a GPU."""


def measure_speed(config: SpeedConfig, *, progress: bool = False) -> Speed:
    """Measure training steps and forward passes, all taking turns in one run.

    Args:
        config: what to measure, where.
        progress: show a progress bar, if there is a terminal.

    Raises:
        ConfigError: the device is not there, or cannot record CUDA graphs.

    Example:
        >>> measure_speed(SpeedConfig(Architecture("mlp"), size=8, rounds=7)).rows[0].library
        'relu'
    """
    device = pick_device(config.device)
    if "graph" in config.ways and device.type != "cuda":
        raise ConfigError(f"ways: a CUDA graph needs a CUDA GPU, and the device is {str(device)!r}")
    shape = (config.batch_size, *config.image_shape)
    images = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(config.batch_size) % CLASSES
    batch = (images.to(device, memory_format=torch.channels_last), labels.to(device))
    makers = Networks(config.model, config.image_shape, device)
    pieces = {"train": training_work, "infer": inference_work}
    nets, notes = makers.peers()
    rows, notes = [], [*notes, *peer_notes(nets, device)]
    for work, make in pieces.items():
        if work in config.work:
            ready, failed = made(make(makers, batch, config))
            rows += measured(work, ready, config.rounds, device, progress=progress)
            notes += [f"no row of {note}" for note in failed]
    ours = [row for row in rows if row.library not in BESIDE]
    beside = [row for row in rows if row.library in BESIDE]
    return Speed(ours, beside, compared(ours), notes)


def made(work: Work) -> tuple[dict[Key, Callable[[], object]], list[str]]:
    """The pieces of work that can be made, and a note for each that cannot.

    Step by step each network must run; not each can be recorded or compiled.
    """
    ready: dict[Key, Callable[[], object]] = {}
    notes = []
    for key, make in work.items():
        try:
            ready[key] = make()
        except Exception as error:
            if key.way == "eager":
                raise
            said = (str(error).strip().splitlines() or [""])[0]
            problem = f"{type(error).__name__}: {said}"
            notes.append(f"{key.library}{WAYS[key.way]}, T = {key.timesteps}: {problem}")
    return ready, notes


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


def training_work(makers: Networks, batch: Batch, config: SpeedConfig) -> Work:
    """The training steps to time."""

    def step(make: Callable[[], Net], T: int, way: Way) -> Callable[[], Callable[[], object]]:
        return lambda: TrainingStep(make(), batch, T, way=way, precision=config.precision)

    work: Work = {}
    if makers.device.type == "cpu":  # elsewhere pooling is not merged
        work[Key("relu-merged", 1)] = step(makers.relu, 1, "eager")
    for way in config.ways:
        work[Key("relu", 1, way)] = step(lambda: plain_ann(makers.relu()), 1, way)
        work[Key("snnlab-noise", 1, way)] = step(lambda: makers.spiking(Noise()), 1, way)
        for T in config.train_timesteps:
            work[Key("snnlab", T, way)] = step(makers.spiking, T, way)
            for name, peer in makers.peers()[0].items():
                work[Key(name, T, way)] = step(lambda peer=peer: peer, T, way)  # type: ignore[misc]
    return work


def inference_work(makers: Networks, batch: Batch, config: SpeedConfig) -> Work:
    """The forward passes to time."""

    def forward(net: Net, T: int, way: Way) -> Callable[[], Callable[[], object]]:
        return lambda: ForwardPass(net, batch, T, way=way, precision=config.precision)

    relu, ours = makers.relu().eval(), makers.spiking().eval()
    plain = plain_ann(relu)
    nets: dict[str, Net] = {"snnlab": streamline(ours), **makers.peers()[0]}
    work: Work = {Key("relu-streamlined", 1): forward(streamline(relu), 1, "eager")}
    if makers.device.type == "cpu":
        work[Key("relu-merged", 1)] = forward(relu, 1, "eager")
    for T in config.infer_timesteps:
        work[Key("snnlab-plain", T)] = forward(ours, T, "eager")
    for way in config.ways:
        work[Key("relu", 1, way)] = forward(plain, 1, way)
        for T in config.infer_timesteps:
            work |= {Key(name, T, way): forward(net, T, way) for name, net in nets.items()}
    return work


def measured(
    work: str,
    pieces: Mapping[Key, Callable[[], object]],
    rounds: int,
    device: torch.device,
    *,
    progress: bool,
) -> list[Row]:
    """One row for each piece, timed in turns; its memory in one more call."""
    times = alternate(pieces, rounds, device, calls=CALLS.get(device.type, 1), progress=progress)
    rows = []
    for key, took in times.items():
        with memory_use(device) as memory:
            pieces[key]()
        reference = times.get(Key("relu", 1, key.way), times[Key("relu", 1)])
        ratio, ms = median_ratio(took, reference), statistics.median(took)
        peak = memory.peak_mib if key.way == "eager" else None
        rows.append(Row(work, key.timesteps, key.library, ms, ratio, peak, key.way))
    return rows


def compared(rows: list[Row]) -> list[Comparison]:
    """Ours against the fastest other library, for each kind of work and T."""
    found = []
    for ours in (row for row in rows if row.library == "snnlab"):
        at = (ours.work, ours.timesteps)
        rivals = [r for r in rows if (r.work, r.timesteps) == at and r.library not in OWN]
        if rivals:
            best = min(rivals, key=lambda row: row.ms)
            found.append(Comparison(*at, best.name, round(best.ms / ours.ms, 2), ours.way))
    return found


def mib(peak: float | None) -> str:
    """An amount of memory as tables show it; empty if unknown."""
    return "" if peak is None else f"{peak:.0f}"

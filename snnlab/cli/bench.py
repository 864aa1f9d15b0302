"""`snnlab bench`: how fast training and inference are on this machine."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Literal

from snnlab.cli.answer import answer, table
from snnlab.network.spec import Architecture
from snnlab.runs.config import Device

if TYPE_CHECKING:
    from snnlab.bench.speed import Speed


@dataclass(frozen=True)
class Bench:
    """Time training steps and forward passes against the same network with ReLU and elsewhere."""

    model: Architecture = field(default_factory=lambda: Architecture("convnet"))
    """The network."""
    channels: int = 1
    """Channels of the images."""
    size: int = 28
    """Height and width of the images in pixels."""
    batch_size: int = 128
    """Images per batch."""
    rounds: int = 9
    """How often each piece of work is timed; all pieces take turns."""
    work: tuple[Literal["train", "infer"], ...] = ("train", "infer")
    """What to measure: training steps, forward passes, or both."""
    train_timesteps: tuple[int, ...] = (1, 4, 8, 16)
    """T of the training steps."""
    infer_timesteps: tuple[int, ...] = (1, 4, 16, 64)
    """T of the forward passes."""
    device: Device = "auto"
    """Where to measure."""
    cifar10: bool = False
    """Also train VGG-16 and ResNet-18 on CIFAR-10, with noise and as ANN, and write a report to
    runs/bench-gpu; needs a CUDA GPU."""
    epochs: int = 30
    """Epochs of each of these trainings."""
    seeds: int = 3
    """How many seeds each of them gets."""
    root: str = ""
    """Where CIFAR-10 is, or goes; empty: the usual place for data."""
    json: bool = False
    """Print one JSON object instead of text."""

    def execute(self) -> None:
        """Measure and answer."""
        if self.cifar10 and self.device != "cuda":
            raise ValueError(f"--cifar10 is for a GPU: add --device cuda (got {self.device})")
        from snnlab.bench.speed import measure_speed
        from snnlab.runs.assemble import pick_device
        from snnlab.runs.provenance import environment

        device = pick_device(self.device)
        found = measure_speed(
            self.model,
            (self.channels, self.size, self.size),
            batch_size=self.batch_size,
            rounds=self.rounds,
            work=self.work,
            train_timesteps=self.train_timesteps,
            infer_timesteps=self.infer_timesteps,
            device=device,
            progress=not self.json,
        )
        made_by = environment(str(device))
        data = asdict(found) | made_by
        text = speed_text(found)
        if self.cifar10:
            from snnlab.bench.gpu_report import train_on_cifar10, write_report

            trained = train_on_cifar10(range(self.seeds), self.epochs, self.root or None)
            place = write_report(found, trained, made_by)
            data |= {"trainings": [asdict(one) for one in trained], "report": str(place)}
            text += f"\nreport: {place}"
        answer(data, text, as_json=self.json)


def speed_text(found: Speed) -> str:
    """Tables of all rows, how we compare, and what is missing."""
    from snnlab.bench.speed import HEADER

    comparisons = [
        f"{one.work}, T = {one.timesteps}: snnlab is {one.times_as_fast:.2f} times as fast as "
        f"{one.fastest_peer}, the fastest other library"
        for one in found.comparisons
    ]
    rows = [row.cells for row in [*found.rows, *found.rows_beside]]
    return "\n".join([table(HEADER, rows), *comparisons, *found.notes])

"""`snnlab bench`: how fast training and inference are on this machine."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from snnlab.bench.spec import SpeedConfig
from snnlab.cli.answer import answer, table

if TYPE_CHECKING:
    from snnlab.bench.speed import Speed


@dataclass(frozen=True)
class Bench(SpeedConfig):
    """Time training steps and forward passes against the same network with ReLU and elsewhere."""

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

        found = measure_speed(self, progress=not self.json)
        made_by = environment(str(pick_device(self.device)))
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

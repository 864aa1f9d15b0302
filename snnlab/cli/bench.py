"""`snnlab bench` and `snnlab bench-gpu`: how fast training and inference are on this machine."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from snnlab.bench.spec import SpeedConfig
from snnlab.cli.answer import answer, table
from snnlab.runs.store import runs_folder
from snnlab.settings import Positive, settle

if TYPE_CHECKING:
    from snnlab.bench.speed import Speed


@dataclass(frozen=True)
class Bench(SpeedConfig):
    """Time training steps and forward passes against the same network with ReLU and elsewhere."""

    json: bool = False
    """Print one JSON object instead of text."""

    def execute(self) -> None:
        """Measure and answer."""
        from snnlab.bench.speed import measure_speed
        from snnlab.runs.assemble import pick_device
        from snnlab.runs.provenance import environment

        found = measure_speed(self, progress=not self.json)
        data = asdict(found) | environment(str(pick_device(self.device)))
        answer(data, speed_text(found), as_json=self.json)


@dataclass(frozen=True)
class BenchGPU:
    """Measure on a CUDA GPU what RESULTS.md says of it, part by part.

    Each part is written as soon as it is measured, and the same command goes on where an earlier
    one stopped.
    """

    folder: Path | None = None
    """Where the report and the parts are written; default: bench-gpu in the folder of runs."""
    parts: tuple[str, ...] = ()
    """Which parts, by name; none: all of them but the trainings on CIFAR-10."""
    minutes: Positive = 8.0
    """No part begins after so many minutes."""
    cifar10: bool = False
    """Also train VGG-16 and ResNet-18 on CIFAR-10, with noise and as ANN, as long as it takes."""
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
        settle(self)
        from snnlab.bench.cifar10 import train_on_cifar10
        from snnlab.bench.gpu_report import Report
        from snnlab.runs.assemble import pick_device

        pick_device("cuda")  # a machine without is refused
        report = Report(self.folder or runs_folder() / "bench-gpu")
        report.measure(self.parts, self.minutes, said=lambda line: print(line, file=sys.stderr))
        if self.cifar10:
            report.trained = train_on_cifar10(range(self.seeds), self.epochs, self.root or None)
        report.write()
        text = f"{report.text()}\nreport: {report.place}"
        answer(report.data() | {"report": str(report.place)}, text, as_json=self.json)


def speed_text(found: Speed) -> str:
    """Tables of all rows, how we compare, and what is missing."""
    from snnlab.bench.speed import HEADER

    rows = [row.cells for row in [*found.rows, *found.rows_beside]]
    return "\n".join([table(HEADER, rows), *map(str, found.comparisons), *found.notes])

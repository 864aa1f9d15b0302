"""`snnlab bench` and `snnlab bench-gpu`: how fast training and inference are on this machine."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from snnlab.bench.spec import SpeedConfig
from snnlab.cli.answer import answer, table
from snnlab.data.spec import CATALOGUE
from snnlab.network.spec import ModelName
from snnlab.runs.files import write_json
from snnlab.runs.store import COLLECTION, runs_folder
from snnlab.settings import Count, Positive, settle

if TYPE_CHECKING:
    from snnlab.bench.cifar10 import Comparison
    from snnlab.bench.gpu_report import Report
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


ON_CIFAR10 = ("seeds", "epochs", "seconds", "model", "readout_gain", "data", "root")
"""Options of `bench-gpu` that only its trainings on CIFAR-10 use."""


@dataclass(frozen=True)
class BenchGPU:
    """Measure on a CUDA GPU what RESULTS.md says of it, part by part.

    Each part is written as soon as it is measured, and the same command goes on where an earlier
    one stopped.
    """

    folder: Path | None = None
    """Where the report and the parts are written; default: bench-gpu in the folder of runs."""
    parts: tuple[str, ...] = ()
    """Which parts, by name; none: all of them."""
    minutes: Positive = 8.0
    """No part begins after so many minutes, and no training that would end after them."""
    cifar10: bool = False
    """In place of the parts, compare ReLU, QCFS, noise, noise-then-spikes and BPTT on all of
    CIFAR-10, each with the best of several learning rates. The report goes to cifar10-MODEL in the
    folder; call again until all is done."""
    seeds: Count = 1
    """On CIFAR-10: whole trainings of each method; a later call may add some."""
    epochs: Count | None = None
    """On CIFAR-10: epochs of all but BPTT, which trains as long as noise-then-spikes; None: as many
    as fit into --seconds."""
    seconds: Positive = 90.0
    """On CIFAR-10: of one training, for the slowest method but BPTT."""
    model: ModelName = "resnet18"
    """On CIFAR-10: the network."""
    readout_gain: Positive = 1.0
    """On CIFAR-10: factor before the readout of all networks, see train --help model."""
    data: str = "cifar10"
    """The images: cifar10, or the path of a folder or an archive that holds them."""
    root: str = ""
    """Where CIFAR-10 is, or goes; empty: the usual place for data."""
    json: bool = False
    """Print one JSON object instead of text."""

    def execute(self) -> None:
        """Measure and answer."""
        settle(self)
        self.check_options()
        from snnlab.runs.assemble import pick_device

        pick_device("cuda")  # a machine without is refused
        folder = self.folder or runs_folder() / "bench-gpu"
        if folder.exists() and not folder.is_dir():
            raise ValueError(f"--folder must be a folder, and {folder} is a file")
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / COLLECTION, {"holds": "measurements on a GPU"})  # it is no run
        done = (
            self.full_size(folder / f"cifar10-{self.model}") if self.cifar10 else self.speed(folder)
        )
        done.write()
        text = f"{done.text()}\nreport: {done.place}"
        answer(done.data() | {"report": str(done.place)}, text, as_json=self.json)

    def check_options(self) -> None:
        """Raise ValueError for options that would have no effect."""
        if self.cifar10 and self.parts:
            raise ValueError(f"--cifar10 takes the place of --parts, got {', '.join(self.parts)}")
        changed = [name for name in ON_CIFAR10 if getattr(self, name) != getattr(BenchGPU, name)]
        if changed and not self.cifar10:
            raise ValueError(f"--{changed[0].replace('_', '-')} goes with --cifar10")
        if self.data in CATALOGUE and self.data != "cifar10":
            raise ValueError(f"--data must be cifar10 or the path of its images, got {self.data}")

    def speed(self, folder: Path) -> Report:
        """The measured parts."""
        from snnlab.bench.gpu_report import Report

        report = Report(folder)
        report.measure(self.parts, self.minutes, said=say)
        return report

    def full_size(self, folder: Path) -> Comparison:
        """The trainings on CIFAR-10."""
        from snnlab.bench.cifar10 import Comparison, FullSize, cifar10_config

        config = cifar10_config(self.data, self.root or None, self.model, self.readout_gain)
        found = Comparison(folder, FullSize(config, self.seconds, self.epochs))
        found.train(self.seeds, minutes=self.minutes, said=say)
        return found


def say(line: str) -> None:
    """Print a line of progress beside the answer."""
    print(line, file=sys.stderr, flush=True)


def speed_text(found: Speed) -> str:
    """Tables of all rows, how we compare, and what is missing."""
    from snnlab.bench.speed import HEADER

    rows = [row.cells for row in [*found.rows, *found.rows_beside]]
    return "\n".join([table(HEADER, rows), *map(str, found.comparisons), *found.notes])

"""Measurements on a GPU, part by part, and their report.

A part is a comparison of `speed`, or a set of whole runs as the command line carries them out.
Each is written to its own file when it is complete. So an interrupted measurement keeps its
finished parts, and continues from there on the same machine with the same code.
"""

from __future__ import annotations

import contextlib
import gc
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch

from snnlab.bench.spec import SpeedConfig
from snnlab.bench.speed import HEADER, Comparison, Row, measure_speed
from snnlab.network.spec import Architecture
from snnlab.runs.assemble import pick_device
from snnlab.runs.files import RunError, read_json, write_json, write_text
from snnlab.runs.provenance import environment
from snnlab.runs.store import read_run
from snnlab.studies.tables import document, markdown

LARGE = SpeedConfig(
    channels=3, size=32, device="cuda", precision="bfloat16", ways=("eager", "graph"), rounds=7
)
"""Images as large as those of CIFAR-10, mixed precision, step by step and recorded."""
STEPS = replace(LARGE, batch_size=512, work=("train",), train_timesteps=())
PEERS = replace(LARGE, train_timesteps=(1, 4), infer_timesteps=(4, 16))
SPEED: dict[str, SpeedConfig] = {
    "resnet18-step": replace(STEPS, model=Architecture("resnet18")),
    "vgg16-step": replace(STEPS, model=Architecture("vgg16")),
    "vgg16": replace(PEERS, model=Architecture("vgg16")),
    "vgg16-float32": replace(PEERS, model=Architecture("vgg16"), precision="float32"),
    "convnet": replace(PEERS, channels=1, size=28, precision="float32"),
}
"""Parts that time training steps and forward passes."""
COMPILED: dict[str, SpeedConfig] = {
    f"{name}-compiled": replace(SPEED[name], ways=("eager", "graph", "compile"))
    for name in ("convnet", "vgg16", "resnet18-step")
}
"""The same parts, also with torch.compile, which takes long to compile."""
DEVICES = (("cpu",), ("cuda",), ("cuda", "--training.cuda-graph"))
WHOLE: dict[str, tuple[str, ...]] = {
    "digits-runs": ("digits",),
    "digits-mlp-runs": ("digits-mlp",),
    "mnist-5k-runs": ("mnist-5k",),
    "mnist-runs": ("mnist", "--training.epochs", "1"),
}
"""Parts that time whole runs on each of `DEVICES`: a preset, and other options."""
LAST = "vgg16-float32"
PARTS = (*(name for name in SPEED if name != LAST), *WHOLE, *COMPILED, LAST)
"""In the order in which they are measured: the longest comes last, as it says least."""


@dataclass(frozen=True)
class WholeRun:
    """One `snnlab train` in a process of its own, as a user starts it."""

    arguments: list[str]
    """Of the command."""
    seconds: float
    """From start to end, the start of Python and of the GPU included."""
    seconds_of_epochs: list[float]
    """Seconds of the training steps in each epoch."""
    accuracy: float
    """In percent on the test images at the largest T."""
    threads: int
    """Of torch."""

    @property
    def device(self) -> tuple[str, ...]:
        """Where and how it trained, one of `DEVICES`."""
        return tuple(self.arguments[self.arguments.index("--device") + 1 :])

    @property
    def cells(self) -> list[str]:
        """The cells of its row; the first epoch is slower and does not count."""
        epochs = self.seconds_of_epochs[1:] or self.seconds_of_epochs
        numbers = [f"{self.seconds:.1f}", f"{statistics.median(epochs):.3f}"]
        return [" ".join(self.arguments), *numbers, f"{self.accuracy:.2f}", str(self.threads)]


def whole_run(arguments: Sequence[str]) -> WholeRun:
    """Carry out a training and time it.

    Args:
        arguments: of `snnlab train`.

    Raises:
        RuntimeError: the command fails; the message is what it said.
    """
    code = "import sys; from snnlab.cli.main import main; sys.exit(main())"
    with tempfile.TemporaryDirectory() as folder:
        options = ["train", *arguments, "--runs", folder, "--json"]
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", code, *options], capture_output=True, text=True
        )
        seconds = time.perf_counter() - began
        if done.returncode:
            raise RuntimeError(done.stderr.strip())
        made = read_run(Path(folder) / json.loads(done.stdout)["id"])
        epochs, curve = [epoch["seconds"] for epoch in made.metrics], made.accuracy
        threads = (made.environment or {})["hardware"]["threads"]
    return WholeRun(list(arguments), seconds, epochs, curve[max(curve)], threads)


class Report:
    """The parts that a folder holds, and the report of them.

    Args:
        folder: is made; what it holds of the same machine and code is kept.
        device: where to measure; the CPU in tests.
    """

    def __init__(self, folder: Path, device: str = "cuda") -> None:
        self.folder, self.made_by = folder, environment(device)
        self.conditions = {key: self.made_by[key] for key in ("code", "versions", "hardware")}
        self.found: dict[str, dict[str, Any]] = {}
        for name in PARTS:
            with contextlib.suppress(RunError):
                part = read_json(folder / f"{name}.json")
                if part.get("made_by") == self.conditions:
                    self.found[name] = part

    @property
    def place(self) -> Path:
        """The report's file."""
        return self.folder / "report.md"

    def measure(
        self,
        names: Sequence[str] = (),
        minutes: float = 8,
        *,
        said: Callable[[str], None] = lambda line: None,
    ) -> None:
        """Measure the missing parts one by one, and write each when it is complete.

        Args:
            names: which parts; none: all.
            minutes: no part begins later than this.
            said: called with a text when a part begins, or is left for later.

        Raises:
            ValueError: there is no such part.
        """
        if unknown := [name for name in names if name not in PARTS]:
            raise ValueError(f"unknown part {unknown[0]!r}; valid: {', '.join(PARTS)}")
        began = time.monotonic()
        for name in names or PARTS:
            passed = time.monotonic() - began
            if name in self.found:
                said(f"{name}: measured before")
            elif passed > 60 * minutes:
                said(f"{name}: left for later, {minutes:g} minutes have passed")
            else:
                said(f"{name}: begins after {passed:.0f} s")
                part = measured_part(name) | {"made_by": self.conditions}
                self.folder.mkdir(parents=True, exist_ok=True)
                write_json(self.folder / f"{name}.json", part)
                self.found[name] = part
                self.write()

    def data(self) -> dict[str, Any]:
        """All of it, as JSON holds it."""
        return self.made_by | {"parts": self.found}

    def text(self) -> str:
        """Tables in Markdown, under hardware and versions."""
        parts = ["# Speed on a GPU", facts(self.made_by)]
        for name in (name for name in PARTS if name in self.found):
            parts += [f"## {name}", *part_text(self.found[name])]
        return document(*parts)

    def write(self) -> None:
        """Write the report as it stands."""
        self.folder.mkdir(parents=True, exist_ok=True)
        write_text(self.place, self.text())


def facts(made_by: dict[str, Any]) -> str:
    """Hardware, versions and code in a line."""
    found = {**made_by["hardware"], **made_by["versions"]}
    found |= {"commit": made_by["git_commit"], "code": made_by["code"]}
    return ", ".join(f"{key}: {value}" for key, value in found.items())


def measured_part(name: str) -> dict[str, Any]:
    """The result of a part. If it fails, its error message: other parts are still measured."""
    try:
        if name in WHOLE:
            preset, *options = WHOLE[name]
            given = [["--preset", preset, *options, "--device", *device] for device in DEVICES]
            return {"runs": [asdict(whole_run(arguments)) for arguments in given]}
        config = (SPEED | COMPILED)[name]
        found = measure_speed(config, progress=True)
        return json.loads(json.dumps({"config": asdict(config), "speed": asdict(found)}))
    except RuntimeError as error:  # out of memory, or a command that failed
        return {"failed": f"{type(error).__name__}: {error}"}
    finally:
        gc.collect()
        torch.cuda.empty_cache()


def quickest(runs: Sequence[WholeRun]) -> str:
    """Which device was the quickest, and whether it is the one that `auto` takes."""
    best = min(runs, key=lambda one: one.seconds)
    auto = str(pick_device("auto"))
    of_auto = next((one for one in runs if one.device == (auto,)), best)
    times = of_auto.seconds / best.seconds
    said = f"The quickest: {' '.join(best.device)}."
    return said if best is of_auto else f"{said} `auto` takes {auto}, {times:.2f} times as long."


def part_text(part: dict[str, Any]) -> list[str]:
    """Paragraphs of the report."""
    if "failed" in part:
        return [f"Not measured. {part['failed']}"]
    if "runs" in part:
        header = ["snnlab train", "s in all", "s per epoch", "accuracy", "threads"]
        runs = [WholeRun(**one) for one in part["runs"]]
        return [markdown(header, [one.cells for one in runs]), quickest(runs)]
    config, speed = part["config"], part["speed"]
    rows = [Row(**row).cells for row in [*speed["rows"], *speed["rows_beside"]]]
    said = [str(Comparison(**one)) for one in speed["comparisons"]] + speed["notes"]
    what = f"{config['model']['name']}, batches of {config['batch_size']}, {config['precision']}."
    return [what, markdown(HEADER, rows), *(f"- {line}" for line in said)]

"""`snnlab list`, `snnlab show` and `snnlab export`: look at what is there."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast, get_args

from snnlab.cli.answer import RunName, answer, table
from snnlab.cli.study import accuracy_figure, save_all
from snnlab.cli.train import run_entry, run_text
from snnlab.runs.curves import ACCURACY_CSV, accuracy_csv
from snnlab.runs.exporting import Format, export_run
from snnlab.runs.files import RunError, write_text
from snnlab.runs.hashes import HASHES, WEIGHTS
from snnlab.runs.provenance import changed_images
from snnlab.runs.store import Run, list_runs, load_run, usual_runs
from snnlab.settings import nearest

FORMATS = get_args(Format)
"""The file formats for the network of a run."""


@dataclass(frozen=True)
class List:
    """List the runs, newest first; damaged ones with the reason."""

    runs: Path = field(default_factory=usual_runs)
    """Folder of the run folders."""
    json: bool = False
    """Print one JSON object instead of text."""

    def execute(self) -> None:
        """List."""
        found = list_runs(self.runs)
        rows = [[run.id, run.status, *best_accuracies(run), run.reason] for run in found]
        header = ["run", "status", "T = 1 (%)", f"T = {RIGHT} (%)", ""]
        text = table(header, rows) if rows else f"no runs in {self.runs} yet: snnlab train"
        entries = [
            {"id": run.id, "status": run.status, "reason": run.reason}
            | {"accuracy": run.accuracy.to_json()}
            for run in found
        ]
        answer({"runs": entries}, text, as_json=self.json)


RIGHT = 8
"""The second T whose accuracy the list shows."""


def best_accuracies(run: Run) -> list[str]:
    """Accuracy at T = 1 and at T = RIGHT, as text."""
    return [f"{run.accuracy[T]:.2f}" if T in run.accuracy else "" for T in (1, RIGHT)]


@dataclass(frozen=True)
class Show:
    """Show one run: configuration, metrics, result and what made it."""

    run: RunName
    """Id of a run, see snnlab list."""
    runs: Path = field(default_factory=usual_runs)
    """Folder of the run folders."""
    json: bool = False
    """Print one JSON object instead of text."""

    def execute(self) -> None:
        """Show."""
        found = load_run(self.run, self.runs)
        lines = [run_text(found), "", "configuration"]
        entry = run_entry(found)
        if found.result is not None:
            lines.insert(1, hashes_text(found))
            assert found.config is not None
            lines[2:2] = filter(None, [changed_images(found.config, found.environment)])
        lines += flat_lines(entry["config"])
        lines += ["", "made by", *flat_lines(found.environment)]
        answer(entry, "\n".join(lines), as_json=self.json)


def hashes_text(run: Run) -> str:
    """Say whether hashes prove that configuration and weights are the measured ones."""
    if HASHES in (run.result or {}):
        return "configuration and weights are those that were measured"
    return "whether the weights are those that were measured was not recorded; they are finite"


def flat_lines(group: dict[str, object], prefix: str = "") -> list[str]:
    """Nested settings as lines `  group.setting  value`."""
    lines: list[str] = []
    for key, value in group.items():
        if isinstance(value, dict):
            lines += flat_lines(value, f"{prefix}{key}.")
        else:
            lines.append(f"  {prefix + key:<32} {value}")
    return lines


@dataclass(frozen=True)
class Export:
    """Copy a run's files into a folder of your own, or write its network for other tools.

    A folder gets configuration, weights, table and figure. A NIR file, for simulators and chips,
    holds the spiking network; of a run of method ann or qcfs its best-practice conversion. An ONNX
    file, for any runtime, holds the network with its timesteps.
    """

    run: RunName
    """Id of a run, see snnlab list."""
    to: str
    """nir, onnx, or the folder to write, which must not exist, or be empty."""
    timesteps: int | None = None
    """T inside an ONNX file. Default: the highest T that the run was measured at; of a run of
    method ann or qcfs the ANN itself, in one pass."""
    out: Path | None = None
    """The NIR or ONNX file; it must not exist. Default: RUN.nir or RUN.onnx in this folder."""
    runs: Path = field(default_factory=usual_runs)
    """Folder of the run folders."""
    json: bool = False
    """Print one JSON object instead of text."""

    def execute(self) -> None:
        """Export."""
        found = load_run(self.run, self.runs)
        if found.status != "finished":
            raise RunError(f"run {self.run!r} is {found.status}; only finished runs are exported")
        near = [] if "/" in self.to or self.to in FORMATS else nearest(self.to, FORMATS)
        if near and not Path(self.to).exists():
            raise RunError(
                f"--to must be {', '.join(FORMATS)} or a folder, got {self.to!r}: did you mean "
                f"{near[0]}? A folder of that name is ./{self.to}"
            )
        if self.to in FORMATS:
            self.write_network(found, cast("Format", self.to))
        elif self.timesteps is not None or self.out is not None:
            raise RunError(
                f"--timesteps and --out go with --to {' or '.join(FORMATS)}, got --to {self.to}"
            )
        else:
            self.copy_files(found, Path(self.to))

    def write_network(self, found: Run, to: Format) -> None:
        """Into a NIR or ONNX file."""
        file = self.out or Path(f"{found.id}.{to}")
        if file.exists():
            raise RunError(f"{file} exists; nothing was written. Name another with --out")
        timesteps, notes = export_run(found, to, file, self.timesteps)
        size = file.stat().st_size
        at = "" if timesteps is None else f"T = {timesteps}, "
        text = "\n".join([f"{file}  ({at}{size / 1000:,.0f} kB)", *(f"  {note}" for note in notes)])
        entry = {"run": found.id, "to": to, "file": str(file), "bytes": size}
        answer(entry | {"timesteps": timesteps, "notes": notes}, text, as_json=self.json)

    def copy_files(self, found: Run, folder: Path) -> None:
        """Into a folder."""
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise RunError(f"{folder} exists and is not an empty folder; nothing was written")
        names = ("config.json", "environment.json", "metrics.jsonl", "result.json", WEIGHTS)
        there = [name for name in names if (found.folder / name).is_file()]
        folder.mkdir(parents=True, exist_ok=True)
        for name in there:  # a run is whole without its environment
            shutil.copyfile(found.folder / name, folder / name)
        if found.accuracy:
            draw(found, folder)
        files = sorted(path.name for path in folder.iterdir())
        text = "\n".join(f"{folder / name}" for name in files)
        answer({"run": found.id, "folder": str(folder), "files": files}, text, as_json=self.json)


def draw(run: Run, folder: Path) -> None:
    """Write the accuracy table and figure of a spiking run."""
    write_text(folder / ACCURACY_CSV, accuracy_csv([run]))
    method = run.config.method if run.config else run.id
    save_all(accuracy_figure({method: run.accuracy}), folder)

"""`snnlab demo`: the whole story on a data set that needs no network."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from textwrap import fill

from snnlab.cli.answer import answer, table
from snnlab.cli.study import accuracy_figure, save_all
from snnlab.cli.train import trained
from snnlab.measure.curve import SeedCurves
from snnlab.measure.statistics import RULE, Verdict
from snnlab.runs.config import Device, RunConfig
from snnlab.runs.curves import ACCURACY_CSV, accuracy_csv
from snnlab.runs.files import write_json, write_text
from snnlab.runs.methods import COMPARED, PLAIN
from snnlab.runs.presets import PRESETS, QUICKSTART, compared
from snnlab.runs.store import COLLECTION, Run, runs_folder, usual_runs
from snnlab.studies.tables import columns_at, with_deviation

STARTS = """\
The three differ only in where neurons start in training. From the second timestep on a neuron
carries a residual: v_th / 2 on average, spread over [0, v_th). From rest, training had neither;
from v_th / 2 it had that mean without the spread; the noise has both.
How much the missing spread costs can differ much from seed to seed."""
OWN = "quickstart"
"""The name of the demo's default configuration."""


@dataclass(frozen=True)
class Demo:
    """Train with one timestep, from three starts; run with many; show accuracy against T."""

    preset: str = OWN
    """Data, network and training: quickstart, or one of the presets."""
    seeds: int = 3
    """Networks per start, with seeds 0, 1, ..."""
    timesteps: int = 16
    """Highest T."""
    device: Device = "auto"
    """Where to train."""
    runs: Path = field(default_factory=usual_runs)
    """Folder of the run folders; table and figure go to its subfolder demo."""
    again: bool = False
    """Train anew even if the runs are finished."""
    json: bool = False
    """Print one JSON object instead of text."""

    def execute(self) -> None:
        """Train, draw and answer."""
        if self.seeds < 1:
            raise ValueError(f"seeds must be at least 1, got {self.seeds}")
        presets = {OWN: QUICKSTART, **PRESETS}
        if self.preset not in presets:
            raise ValueError(f"unknown preset {self.preset!r}; valid: {', '.join(presets)}")
        config = replace(presets[self.preset], timesteps=self.timesteps, device=self.device)
        runs = {
            start: [
                self.train(replace(side, seed=seed), COMPARED[start].title)
                for seed in range(self.seeds)
            ]
            for start, side in compared(config).items()
        }
        done = [run for group in runs.values() for run in group]
        curves = {
            start: SeedCurves.of(run.accuracy.thinned() for run in group)
            for start, group in runs.items()
        }
        files = write(runs, curves, runs_folder(self.runs) / "demo")
        found = verdicts(runs)
        said = verdict_lines(found, self.timesteps)
        place = f"All of it lies in {self.runs.resolve()}; figure and table:"
        parts = [headline(done), "", as_table(curves), "", *said, "", STARTS, "", place, *files]
        text = "\n".join(parts)
        measured = {start: curve.to_json() for start, curve in curves.items()}
        entries = {"curves": measured, "verdicts": found, "files": files}
        answer(entries, text, as_json=self.json)

    def train(self, config: RunConfig, title: str) -> Run:
        """One run, with a progress bar."""
        return trained(config, self.runs, f"{title}, seed {config.seed}", again=self.again)


def write(runs: dict[str, list[Run]], curves: dict[str, SeedCurves], folder: Path) -> list[str]:
    """Write table and figure; returns the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    names = {run.id: start for start, group in runs.items() for run in group}
    write_json(folder / COLLECTION, {"runs": list(names)})
    csv = folder / ACCURACY_CSV
    write_text(csv, accuracy_csv((run for group in runs.values() for run in group), names))
    figures = accuracy_figure(curves, "Trained with one timestep, run with T")
    return [str(path) for path in [*save_all(figures, folder), csv]]


def headline(done: list[Run]) -> str:
    """A line with data, network and training time."""
    seconds = sum(run.result["training_seconds"] for run in done if run.result)
    run = done[0]
    name = run.config.data.name if run.config else ""
    images = run.result["test_images"] if run.result else 0
    seeds = len(done) // len(COMPARED)
    over = "one seed" if seeds == 1 else f"mean of {seeds} seeds (standard deviation)"
    return (
        f"{len(done)} networks trained with ONE timestep on {name} in {seconds:.0f} s, then "
        f"run with T.\nTest accuracy (%) on {images:,} images without noise, {over}:"
    )


def verdicts(runs: dict[str, list[Run]]) -> dict[str, list[Verdict]]:
    """Whether each network kept its accuracy from T = 1 to the highest T, by `RULE`."""
    return {
        start: [run.accuracy.since_1(max(run.accuracy)).verdict for run in group]
        for start, group in runs.items()
    }


def verdict_lines(found: dict[str, list[Verdict]], timesteps: int) -> list[str]:
    """The verdicts, counted."""
    lines = [fill(f"Accuracy from T = 1 to {timesteps}, network by network. {RULE}", 95)]
    for start, each in found.items():
        counted = ", ".join(f"{verdict} {number}" for verdict, number in Counter(each).items())
        lines.append(f"  {COMPARED[start].title}: {counted} of {len(each)}")
    return lines


def as_table(curves: dict[str, SeedCurves]) -> str:
    """Mean and standard deviation over seeds, by start and T."""
    rows = [
        [COMPARED[start].title, *map(with_deviation, found.estimates)]
        for start, found in curves.items()
    ]
    return table(["trained", *columns_at(curves[PLAIN].timesteps)], rows)

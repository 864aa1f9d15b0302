"""`snnlab demo`: the whole story on a data set that needs no network."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from snnlab.cli.answer import answer, table
from snnlab.cli.study import accuracy_figure, save_all
from snnlab.cli.train import trained
from snnlab.measure.curve import SeedCurves
from snnlab.runs.config import Device, RunConfig
from snnlab.runs.curves import ACCURACY_CSV, accuracy_csv
from snnlab.runs.methods import METHODS, PAIR, PLAIN
from snnlab.runs.presets import PRESETS
from snnlab.runs.store import COLLECTION, RUNS, Run, write_json, write_text

REST = "Without noise the neurons start at rest (v_init = 0); see RESULTS.md for v_init = v_th / 2."


@dataclass(frozen=True)
class Demo:
    """Train with one timestep, with noise and without; convert; show accuracy against T."""

    preset: str = next(iter(PRESETS))
    """Data, network and training: one of the presets."""
    seeds: int = 3
    """Networks per method, with seeds 0, 1, ..."""
    timesteps: int = 16
    """Highest T."""
    device: Device = "auto"
    """Where to train."""
    runs: Path = RUNS
    """Folder of the run folders; table and figure go to its subfolder demo."""
    again: bool = False
    """Train anew even if the runs are finished."""
    json: bool = False
    """Print one JSON object instead of text."""

    def execute(self) -> None:
        """Train, draw and answer."""
        if self.seeds < 1:
            raise ValueError(f"seeds must be at least 1, got {self.seeds}")
        if self.preset not in PRESETS:
            raise ValueError(f"unknown preset {self.preset!r}; valid: {', '.join(PRESETS)}")
        config = replace(PRESETS[self.preset], timesteps=self.timesteps, device=self.device)
        runs = {
            method: [
                self.train(replace(config, method=method, seed=seed)) for seed in range(self.seeds)
            ]
            for method in PAIR
        }
        done = [run for group in runs.values() for run in group]
        curves = {
            method: SeedCurves.of(run.accuracy.thinned() for run in group)
            for method, group in runs.items()
        }
        files = write(done, curves, self.runs / "demo")
        text = "\n".join([headline(done), "", as_table(curves), "", REST, "", *files])
        measured = {method: found.to_json() for method, found in curves.items()}
        answer({"curves": measured, "files": files}, text, as_json=self.json)

    def train(self, config: RunConfig) -> Run:
        """One run, with a progress bar."""
        says = f"{config.method}, seed {config.seed}"
        return trained(config, self.runs, says, again=self.again)


def write(done: list[Run], curves: dict[str, SeedCurves], folder: Path) -> list[str]:
    """Write table and figure; returns the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / COLLECTION, {"runs": [run.id for run in done]})
    csv = folder / ACCURACY_CSV
    write_text(csv, accuracy_csv(done))
    figures = accuracy_figure(curves, "Trained with one timestep, run with T")
    return [str(path) for path in [*save_all(figures, folder), csv]]


def headline(done: list[Run]) -> str:
    """What was done, and how long the training took."""
    seconds = sum(run.result["training_seconds"] for run in done if run.result)
    run = done[0]
    name = run.config.data.name if run.config else ""
    images = run.result["test_images"] if run.result else 0
    return (
        f"{len(done)} networks trained with ONE timestep on {name} in {seconds:.0f} s, then "
        f"run with T.\nTest accuracy (%) on {images} images without noise, mean of "
        f"{len(done) // len(PAIR)} seeds (standard deviation):"
    )


def as_table(curves: dict[str, SeedCurves]) -> str:
    """Mean and standard deviation over seeds, by method and T."""
    rows = []
    for method, found in curves.items():
        spread = "" if found.seeds == 1 else " ({0.deviation:.2f})"
        cells = [f"{each.mean:.2f}{spread.format(each)}" for each in found.estimates]
        rows.append([METHODS[method].title, *cells])
    return table(["trained", *(f"T = {T}" for T in curves[PLAIN].timesteps)], rows)

"""A sweep: every combination of some settings, on all cores or on a Dask cluster.

    sweeps/<name>/sweep.json    what was asked for, and the accuracies of every run
    <id>/                       the runs, beside those of other commands, see `store`

Each run trains in a separate process with one thread, so that all cores are used. Its result is,
bit for bit, that of `OMP_NUM_THREADS=1 snnlab train` with its settings.
"""

from __future__ import annotations

import contextlib
import itertools
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from snnlab.jobs.pool import Pool, job_of
from snnlab.jobs.pool import carry_out as carry_out_jobs
from snnlab.runs.config import ConfigError, RunConfig, anchored, to_dict, with_settings
from snnlab.runs.files import RunError, read_json, write_json
from snnlab.runs.provenance import command
from snnlab.runs.store import Run, read_run, run_id, runs_folder
from snnlab.studies.study import Entry, Kind, Result

SWEEP = Kind("sweep", shelf="sweeps", key="sweep", option="--name")
ATTEMPTS = 3
"""Number of attempts for a run whose process or worker is killed."""

Grid = dict[str, tuple[Any, ...]]
"""Dotted names of settings, and their values."""


class SweepError(RuntimeError):
    """Some runs of a sweep failed; the message says which and why."""


@dataclass(frozen=True)
class SweepConfig:
    """The configuration of a sweep: the settings that vary with their values, and all others.

    Raises:
        ConfigError: an empty grid, an unknown setting, or a value it cannot have.
    """

    config: RunConfig
    """All settings that are not in the grid."""
    grid: Grid
    """Every combination of these is one run; the first setting changes slowest."""

    def __post_init__(self) -> None:
        if not self.grid:
            raise ConfigError("the grid is empty: name a setting and its values")
        for name, values in self.grid.items():
            if not values:
                raise ConfigError(f"{name} needs at least one value")
            if len({json.dumps(value) for value in values}) < len(values):
                raise ConfigError(f"{name} must have different values, got {list(values)}")
        ids = [run_id(config) for config in self.configs()]
        if len(set(ids)) < len(ids):
            raise ConfigError("two combinations of the grid mean the same run")

    def settings(self) -> list[dict[str, Any]]:
        """The combinations, by dotted name."""
        combinations = itertools.product(*self.grid.values())
        return [dict(zip(self.grid, values, strict=True)) for values in combinations]

    def configs(self) -> list[RunConfig]:
        """One configuration per combination."""
        return [with_settings(self.config, settings) for settings in self.settings()]


def parse_grid(texts: Sequence[str]) -> Grid:
    """The grid of a sweep, from texts like `noise.sigma=0,0.1,0.2887`.

    Values are read as JSON where that is possible (3, 0.5, true, null), else as text.

    Raises:
        ConfigError: a text without name or values, or the same name twice.

    Example:
        >>> parse_grid(["seed=0,1", "model.name=mlp,convnet"])
        {'seed': (0, 1), 'model.name': ('mlp', 'convnet')}
    """
    given = named_texts(texts, "a grid is", "NAME=VALUE,VALUE,... ", "is in the grid twice")
    return {name: values_of(values) for name, values in given.items()}


def named_texts(texts: Sequence[str], subject: str, form: str, twice: str) -> dict[str, str]:
    """Split each text at its "=": the right sides by the left sides.

    Args:
        texts: like `name=values`.
        subject: the beginning of an error message.
        form: the valid form, for the message.
        twice: the end of the message for a repeated name.

    Raises:
        ConfigError: a text without one side, or the same name twice.
    """
    given: dict[str, str] = {}
    for text in texts:
        name, equals, values = text.partition("=")
        if not (name and equals and values):
            raise ConfigError(f"{subject} given as {form}, got {text!r}")
        if name in given:
            raise ConfigError(f"{name} {twice}")
        given[name] = values
    return given


def values_of(text: str) -> tuple[Any, ...]:
    """Values separated by commas: read as one JSON list if possible, else one by one."""
    with contextlib.suppress(ValueError):
        return tuple(json.loads(f"[{text}]"))
    return tuple(value_of(part) for part in text.split(","))


def value_of(text: str) -> Any:
    """A value read as JSON if possible, else the text itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def sweep(
    asked: SweepConfig,
    folder: Path,
    open_pool: Callable[[], Pool],
    root: Path | None = None,
    on_end: Callable[[RunConfig], None] = lambda config: None,
) -> Result:
    """Carry out a sweep, or continue it; sweep.json holds the result.

    Finished runs are used again. A run whose process or worker is killed continues elsewhere. A
    run that fails does not stop the others.

    Args:
        asked: the configuration of the sweep.
        folder: the folder of the sweep.
        open_pool: makes the pool where the runs train; called unless all are finished.
        root: the folder of run folders.
        on_end: called with the configuration of each run that has ended, well or badly.

    Returns:
        The content of sweep.json: `entries`, one per finished run, and `failures`.

    Raises:
        RunError: the folder holds another sweep.

    Example:
        >>> two = partial(LocalPool, [Place()] * 2)
        >>> sweep(SweepConfig(PRESETS["digits"], {"seed": (0, 1)}), Path("s"), two)["entries"]
    """
    configs, root = [anchored(config) for config in asked.configs()], runs_folder(root)
    described = {"start": to_dict(asked.config), "grid": asked.grid}
    with SWEEP.open(folder, described):
        failures = carry_out(configs, root, open_pool, on_end)
    result = {
        "sweep": described,
        "finished": not failures,
        "command": command(),
        "entries": [
            entry(settings, read_run(root / run_id(config)))
            for settings, config in zip(asked.settings(), configs, strict=True)
            if run_id(config) not in failures
        ],
        "failures": failures,
    }
    write_json(folder / SWEEP.file, result)
    return read_json(folder / SWEEP.file)


def carry_out(
    configs: list[RunConfig],
    root: Path,
    open_pool: Callable[[], Pool],
    on_end: Callable[[RunConfig], None],
) -> dict[str, str]:
    """Carry out all runs that are not finished; returns the reasons of those that failed."""
    by_id = {run_id(config): config for config in configs}
    failures: dict[str, str] = {}
    missing = {}
    for name, config in by_id.items():
        if read_run(root / name).status == "finished":
            on_end(config)
        else:
            missing[name] = job_of(config, root, threads=1)
    if missing:
        with contextlib.closing(open_pool()) as pool:
            for attempt in range(1, ATTEMPTS + 1):
                again = {}
                with contextlib.closing(carry_out_jobs(pool, missing)) as endings:
                    for name, outcome in endings:
                        if outcome.status == "interrupted" and attempt < ATTEMPTS:
                            again[name] = missing[name]
                            continue
                        if read_run(root / name).status != "finished":
                            failures[name] = outcome.reason or outcome.status
                        on_end(by_id[name])
                missing = again
    return failures


def entry(settings: dict[str, Any], run: Run) -> Entry:
    """A finished run as sweep.json holds it."""
    if run.result is None:
        raise RunError(f"run {run.id!r} is {run.status} {run.reason}")
    return {
        "settings": settings,
        "run": run.id,
        "accuracy": run.result["accuracy"],
        "test_images": run.result["test_images"],
        "training_seconds": run.result["training_seconds"],
    }


def check(done: Result) -> None:
    """Raise SweepError if some runs of a sweep failed."""
    failures = done["failures"]
    if failures:
        total = len(failures) + len(done["entries"])
        reasons = "; ".join(f"{name}: {reason}" for name, reason in failures.items())
        raise SweepError(f"{len(failures)} of {total} runs failed: {reasons}")

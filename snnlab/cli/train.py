"""`snnlab train`: one run."""

from __future__ import annotations

import argparse
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import tyro

from snnlab.cli.answer import Bar, answer, table
from snnlab.runs.config import RunConfig, from_dict, to_dict
from snnlab.runs.files import read_json
from snnlab.runs.presets import PRESETS, with_noise
from snnlab.runs.store import Run, usual_runs
from snnlab.settings import suggestion

DEFAULT_PRESET = next(iter(PRESETS))
START_OPTIONS: dict[str, tuple[str, str, str | None]] = {
    "--preset": (
        "NAME",
        f"Start from what works well: {', '.join(PRESETS)}. Other options change it.",
        DEFAULT_PRESET,
    ),
    "--config": (
        "FILE",
        "Start from the configuration in a file, such as the config.json of a run. A download "
        "from the dashboard is one, too. Other options change it.",
        None,
    ),
}
"""Options for the configuration from which a command starts: value, description, default."""


@dataclass(frozen=True)
class Train:
    """Train a network, measure it, and keep both in a run folder."""

    config: Annotated[RunConfig, tyro.conf.arg(name="")] = field(
        default_factory=lambda: PRESETS[DEFAULT_PRESET]
    )
    runs: Path = field(default_factory=usual_runs)
    """Folder of the run folders."""
    again: bool = False
    """Train anew even if this run is finished."""
    json: bool = False
    """Print one JSON object instead of text."""

    def execute(self) -> None:
        """Train and answer."""
        says = f"train {self.config.method}, seed {self.config.seed}"
        done = trained(self.config, self.runs, says, again=self.again)
        answer(run_entry(done), run_text(done), as_json=self.json)


def trained(config: RunConfig, root: Path, says: str, *, again: bool) -> Run:
    """The finished run of a configuration, with a progress bar; see `run`."""
    from snnlab.runs.run import run

    few_threads(config)
    with closing(Bar(says, config.acting_training)) as bar:
        return run(config, root, again=again, on_batch=bar.on_batch, on_epoch=bar.on_epoch)


def few_threads(config: RunConfig) -> None:
    """Use one thread for digits: too little work to share, and waiting for a busy core is slow."""
    if config.data.name == "digits":
        import torch

        torch.set_num_threads(1)


def start_of(args: list[str]) -> tuple[list[str], RunConfig]:
    """Split the arguments of a command that trains into the others and its first configuration.

    The latter is given by `--preset NAME`, or for `train` by `--config FILE`. Commands that compare
    methods use method noise in place of the preset's.

    Raises:
        ValueError: an unknown name, a file that holds no configuration, or both.
    """
    if args[:1] not in (["train"], ["race"], ["sweep"], ["noise"]):
        return args, PRESETS[DEFAULT_PRESET]
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument("--preset", nargs="?", default=DEFAULT_PRESET)
    if args[0] == "train":
        parser.add_argument("--config", nargs="?", default="", const=None)
    known, rest = parser.parse_known_args(args)
    if (file := getattr(known, "config", "")) != "":
        if any(arg.partition("=")[0] == "--preset" for arg in args):
            raise ValueError("--preset and --config both say where to start: give one of them")
        return rest, configuration_in(file)
    if known.preset not in PRESETS:
        wrong = f"unknown preset {known.preset!r}" if known.preset else "--preset needs a name"
        near = suggestion(known.preset or "", PRESETS)
        raise ValueError(f"{wrong}; valid: {', '.join(PRESETS)}{near}")
    chosen = PRESETS[known.preset]
    return rest, chosen if args[0] == "train" else with_noise(chosen)


def configuration_in(file: str | None) -> RunConfig:
    """The configuration in a JSON file.

    Raises:
        ValueError: there is none.
    """
    if not file:
        raise ValueError("--config needs a file: the config.json of a run, say")
    try:
        return from_dict(read_json(Path(file)))
    except ValueError as error:
        raise ValueError(f"--config {file}: {error}") from error


def run_entry(run: Run) -> dict[str, Any]:
    """A run as a JSON object."""
    return {
        "id": run.id,
        "folder": str(run.folder),
        "status": run.status,
        "reason": run.reason,
        "config": to_dict(run.config) if run.config else None,
        "note": run.config.note if run.config else "",
        "metrics": run.metrics,
        "result": run.result,
        "environment": run.environment,
    }


def run_text(run: Run) -> str:
    """A run in a few lines."""
    lines = [f"{run.id}  ({run.status}{': ' + run.reason if run.reason else ''})"]
    if run.result is not None:
        seconds, images = run.result["training_seconds"], run.result["test_images"]
        lines.append(f"trained {len(run.metrics)} epochs in {seconds:.1f} s")
        if run.config is not None and run.config.note:
            lines.append(f"{run.config.entry.title}: {run.config.note}")
        if run.accuracy:
            shown = run.accuracy.thinned()
            lines.append(f"test accuracy (%) on {images:,} images, without noise:")
            cells = [f"{accuracy:.2f}" for accuracy in shown.values()]
            lines.append(table(["timesteps T", *map(str, shown)], [["accuracy", *cells]]))
        else:
            lines.append(f"test accuracy {run.result['ann_accuracy']:.2f} % on {images:,} images")
    return "\n".join(lines)

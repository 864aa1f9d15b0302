"""Finished runs that come with the kit, so that a new user sees results at once.

    python -m snnlab.runs.examples

trains them again, in a minute. Their run folders are in `example_runs/`.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import MappingProxyType

from snnlab.runs.config import RunConfig
from snnlab.runs.files import RunError
from snnlab.runs.methods import PLAIN
from snnlab.runs.presets import PRESETS, QUICKSTART, compared
from snnlab.runs.store import Run, list_runs

SHIPPED = Path(__file__).with_name("example_runs")
"""The folder with the run folders of the examples."""
SEEDS = (0, 1)
"""Seeds of the examples on the small digits."""
SMALL_DIGITS, FIRST_NOTEBOOK = "digits-mlp", "quickstart"
"""The examples that the dashboard shows first; those of the first notebook and the demo."""

EXAMPLE_IMAGE = 27
"""The test image that the notebooks use: the first one of `parting_images` for the networks of the
first notebook. The network with noise is right at every T; the others are right only at first."""


@cache
def examples() -> Mapping[str, tuple[RunConfig, ...]]:
    """Configurations of the examples by name, one for each side of the comparison and seed."""
    small = compared(PRESETS[SMALL_DIGITS]).values()
    return MappingProxyType(
        {
            SMALL_DIGITS: tuple(replace(side, seed=seed) for seed in SEEDS for side in small),
            FIRST_NOTEBOOK: tuple(compared(QUICKSTART).values()),
        }
    )


def example_configs(*names: str) -> tuple[RunConfig, ...]:
    """The configurations of some of `examples`, or of all."""
    return tuple(config for name in names or examples() for config in examples()[name])


def is_example(run: Run, *names: str) -> bool:
    """Whether a run is finished and has the configuration of an example, in any version.

    Args:
        run: a run.
        names: names of `examples`; none given: all of them.
    """
    return run.status == "finished" and run.config in example_configs(*names)


def example(start: str = PLAIN) -> Run:
    """The run of a network of the first notebook that comes with the kit.

    Args:
        start: a name of `COMPARED`: noise, no-noise-half, no-noise-rest.

    Raises:
        RunError: another name.

    Example:
        >>> net = example("noise").network()
    """
    found = compared(QUICKSTART)
    if start not in found:
        raise RunError(f"there is no example {start!r}; valid: {', '.join(found)}")
    return next(run for run in list_runs(SHIPPED) if run.config == found[start])


def bring_examples(root: Path) -> None:
    """Copy the examples into a folder of runs where none is finished.

    Raises:
        OSError: nothing can be written there.
    """
    if any(run.status == "finished" for run in list_runs(root)):
        return
    for folder in sorted(SHIPPED.iterdir()):
        bring_example(folder, root)


def bring_example(folder: Path, root: Path) -> None:
    """Copy an example.

    Args:
        folder: folder of the example.
        root: the folder of runs; a run of the same name there is replaced.

    Raises:
        OSError: nothing can be written there.
    """
    root.mkdir(parents=True, exist_ok=True)
    hidden = root / f".{folder.name}.partial"  # hidden until it is complete
    shutil.rmtree(hidden, ignore_errors=True)
    shutil.copytree(folder, hidden)
    shutil.rmtree(root / folder.name, ignore_errors=True)
    hidden.rename(root / folder.name)


def train_examples() -> None:
    """Train the examples, then replace the old ones."""
    from snnlab.runs.run import run

    with tempfile.TemporaryDirectory() as folder:
        trained = Path(folder) / SHIPPED.name
        for config in example_configs():
            run(config, trained)
        shutil.rmtree(SHIPPED, ignore_errors=True)
        shutil.copytree(trained, SHIPPED)


if __name__ == "__main__":
    train_examples()

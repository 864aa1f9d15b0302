"""Finished runs that come with the kit, so that the first visit has something to show.

    python -m snnlab.runs.examples

trains them anew, a minute in all. They lie in `example_runs/` as any run does.
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
"""The folder of the run folders."""
SEEDS = (0, 1)
"""Of the examples on the small digits."""
SMALL_DIGITS, FIRST_NOTEBOOK = "digits-mlp", "quickstart"
"""What the dashboard shows at first; the networks that the first notebook and the demo train."""

EXAMPLE_IMAGE = 27
"""The test image that the notebooks follow: the first at which the networks of the first notebook
part, see `parting_images`. That with noise is right throughout; the others are right at first."""


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
    """Whether a run is finished and is what an example is, whichever version trained it.

    Args:
        run: any.
        names: of `examples`; none: any of them.
    """
    return run.status == "finished" and run.config in example_configs(*names)


def example(start: str = PLAIN) -> Run:
    """One of the networks that the first notebook trains, as it comes with the kit.

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
    """Copy one of them.

    Args:
        folder: of the example.
        root: the folder of runs. What lies there under the same name makes room.

    Raises:
        OSError: nothing can be written there.
    """
    root.mkdir(parents=True, exist_ok=True)
    hidden = root / f".{folder.name}.partial"  # no reader finds half a run
    shutil.rmtree(hidden, ignore_errors=True)
    shutil.copytree(folder, hidden)
    shutil.rmtree(root / folder.name, ignore_errors=True)
    hidden.rename(root / folder.name)


def train_examples() -> None:
    """Train the examples, then put them in the place of those that are there."""
    from snnlab.runs.run import run

    with tempfile.TemporaryDirectory() as folder:
        trained = Path(folder) / SHIPPED.name
        for config in example_configs():
            run(config, trained)
        shutil.rmtree(SHIPPED, ignore_errors=True)
        shutil.copytree(trained, SHIPPED)


if __name__ == "__main__":
    train_examples()

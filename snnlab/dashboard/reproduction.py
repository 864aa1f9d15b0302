"""A notebook that trains a run again and holds its numbers against those of the first time."""

from __future__ import annotations

import json
import pprint
from typing import Any

from snnlab.runs.config import to_dict
from snnlab.runs.store import Run


def notebook(run: Run) -> bytes:
    """The notebook, as a file; it needs snnlab and nothing else.

    Raises:
        ValueError: the run has no configuration.
    """
    if run.config is None:
        raise ValueError(f"run {run.id!r} is damaged: there is nothing to reproduce")
    settings = pprint.pformat(to_dict(run.config), sort_dicts=False, width=92)
    measured = pprint.pformat(dict(run.accuracy), compact=True, width=92)
    made_by = run.environment
    versions = made_by.get("versions") or {}
    told = ", ".join(f"{name} {version}" for name, version in versions.items())
    cells = [
        text(
            f"# Run `{run.id}`, once more\n\n"
            f"Trained with code {made_by.get('code', 'unknown')}"
            + (f", {told}" if told else "")
            + ". The same configuration, code and hardware give the same numbers."
        ),
        code(
            "from pathlib import Path\n\n"
            "from snnlab.runs import from_dict, run\n\n"
            f"config = from_dict({settings})"
        ),
        code('done = run(config, Path("runs"))\ndone.accuracy'),
        text("The accuracy (%) by T of the first time, and the largest difference to it:"),
        code(
            f"measured = {measured}\n"
            "max((abs(done.accuracy[T] - value) for T, value in measured.items()), default=0.0)"
        ),
    ]
    if run.accuracy:
        cells.append(
            code(
                "from snnlab import show\n\n"
                f"ax = show.accuracy_against_timesteps({{{run.config.method!r}: done.accuracy}})"
            )
        )
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    whole = {
        "cells": cells,
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return (json.dumps(whole, indent=1) + "\n").encode()


def text(source: str) -> dict[str, Any]:
    """A cell of text."""
    return {"cell_type": "markdown", "metadata": {}, "source": source}


def code(source: str) -> dict[str, Any]:
    """A cell of code that has not run."""
    cell = text(source) | {"cell_type": "code", "execution_count": None, "outputs": []}
    return cell

"""Files that a visitor takes home from a finished run."""

from __future__ import annotations

import json
import pprint
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from snnlab.runs.config import to_dict
from snnlab.runs.curves import accuracy_csv
from snnlab.runs.store import WEIGHTS, Run

Content = Callable[[], bytes]


def downloads(run: Run) -> list[tuple[str, str, str, Content]]:
    """Label, file name, kind and content of each file; the content is made when it is wanted."""
    files: list[tuple[str, str, str, Content]] = [
        ("Config", f"{run.id}.json", "application/json", lambda: config_json(run)),
        ("Notebook", f"{run.id}.ipynb", "application/x-ipynb+json", lambda: notebook(run)),
        (
            "Weights",
            f"{run.id}.safetensors",
            "application/octet-stream",
            lambda: (run.folder / WEIGHTS).read_bytes(),
        ),
    ]
    if run.accuracy:
        files = [
            ("CSV", f"{run.id}.csv", "text/csv", lambda: accuracy_csv([run]).encode()),
            ("PNG", f"{run.id}.png", "image/png", lambda: figure(run, "png")),
            ("SVG", f"{run.id}.svg", "image/svg+xml", lambda: figure(run, "svg")),
            *files,
        ]
    return files


def config_json(run: Run) -> bytes:
    """The configuration, as `from_dict` reads it."""
    settings: dict[str, Any] = to_dict(run.config) if run.config else {}
    return (json.dumps(settings, indent=2) + "\n").encode()


def figure(run: Run, kind: str) -> bytes:
    """Accuracy against timesteps as a picture, with its description inside."""
    from snnlab.show.accuracy import accuracy_against_timesteps
    from snnlab.show.page import blank_axes
    from snnlab.show.saving import save

    method = run.config.method if run.config else run.id
    ax = accuracy_against_timesteps({method: run.accuracy}, ax=blank_axes())
    with tempfile.TemporaryDirectory() as folder:
        (path,) = save(ax, Path(folder) / "accuracy_against_timesteps", (kind,))
        return path.read_bytes()


def notebook(run: Run) -> bytes:
    """A notebook that trains a run again and compares its numbers with those of the first time.

    Raises:
        ValueError: the run has no configuration.
    """
    if run.config is None:
        raise ValueError(f"run {run.id!r} is damaged: there is nothing to reproduce")
    from nbformat import v4

    text, code = v4.new_markdown_cell, v4.new_code_cell
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
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    whole = v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    return (v4.writes(whole) + "\n").encode()

"""Files that a visitor takes home from a finished run."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from snnlab.dashboard.reproduction import notebook
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

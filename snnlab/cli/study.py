"""The common end of the commands of studies: write tables and figures, and print an answer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from snnlab.cli.answer import answer
from snnlab.runs.files import write_text
from snnlab.studies.study import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def finish(
    done: Result,
    folder: Path,
    file: str,
    tables: dict[str, str],
    draw: Callable[[Result], dict[str, Axes]],
    *,
    as_json: bool,
) -> None:
    """Write tables and figures of a study into its folder, and answer.

    Args:
        done: its result.
        folder: of the study.
        file: holds the result already.
        tables: text by file; the last one is the answer for people.
        draw: makes the figures, by file without suffix.
        as_json: answer with the result instead.
    """
    for name, text in tables.items():
        write_text(folder / name, text)
    paths = [*(folder / name for name in (file, *tables)), *save_all(draw(done), folder)]
    files = [str(path) for path in paths]
    text = "\n".join([*list(tables.values())[-1:], *files])
    answer({"folder": str(folder), "files": files} | done, text, as_json=as_json)


def save_all(figures: dict[str, Axes], folder: Path) -> list[Path]:
    """Write figures as PNG and SVG; returns the paths."""
    from snnlab.show.saving import save

    return [path for name, ax in figures.items() for path in save(ax, folder / name)]


def accuracy_figure(curves: dict[str, Any], title: str | None = None) -> dict[str, Axes]:
    """Accuracy against timesteps of some networks, by the name of its file."""
    from snnlab.show.accuracy import accuracy_against_timesteps
    from snnlab.show.page import blank_axes

    ax = accuracy_against_timesteps(curves, ax=blank_axes(), title=title)
    return {"accuracy_vs_timesteps": ax}

"""What races, sweeps and the noise laboratory share: a folder of their own, and who watches."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from snnlab.runs.config import RunConfig
from snnlab.runs.store import COLLECTION, RunError, optional_json, write_json

if TYPE_CHECKING:
    from snnlab.learning.fit import Batch, Epoch

Result = dict[str, Any]


def name_of(start: RunConfig) -> str:
    """How the folder of a study is called: what is learned, and by which network."""
    return f"{Path(start.data.name).stem}-{start.model.name}"


@dataclass(frozen=True)
class Step:
    """One training or measurement that is about to start."""

    number: int
    """1 to `steps`."""
    steps: int
    """How many the study has."""
    label: str
    """What it is, in a few words."""


@dataclass(frozen=True)
class Watch:
    """What a progress display wants to know; all may be left out."""

    on_step: Callable[[Step], None] = lambda step: None
    on_batch: Callable[[Batch], None] | None = None
    on_epoch: Callable[[Epoch], None] | None = None


def open_folder(
    folder: Path, file: str, asked: Result, *, key: str, kind: str, shelf: str, option: str
) -> Result | None:
    """Make the folder of a study ready, and note in it what is asked for.

    Args:
        folder: of this study alone.
        file: what holds its result.
        asked: all that decides the result.
        key: under which the file holds that.
        kind: of study, in words.
        shelf: name of the folder in which such folders lie.
        option: of the command line that names another folder.

    Returns:
        What the file holds so far; None in a fresh folder.

    Raises:
        RunError: the folder holds another study.
    """
    asked = json.loads(json.dumps(asked))
    there = optional_json(folder / file)
    if there is not None:
        held = there.get(key, {})
        different = [name for name in asked if held.get(name) != asked[name]]
        if different:
            raise RunError(
                f"{folder} holds another {kind} (other {', '.join(different)}): choose another "
                f"folder with {option}, or delete this one"
            )
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / COLLECTION, {"holds": file})
    if folder.parent.name == shelf:  # no run either, for those who list the folder above
        write_json(folder.parent / COLLECTION, {"holds": f"folders with {file}"})
    if there is None:
        write_json(folder / file, {key: asked, "finished": False, "entries": []})
    return there

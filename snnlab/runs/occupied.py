"""One process at a time trains in a run folder: it leaves a mark there while it does."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

from snnlab.runs.provenance import this_process
from snnlab.runs.store import RUNNING, RunError, is_occupied


@contextlib.contextmanager
def occupied(folder: Path) -> Iterator[None]:
    """Keep a run folder to this process until the end of the block.

    A killed process leaves its mark behind; that counts for nothing.

    Raises:
        RunError: another process, or another thread of this one, trains there.
    """
    mark = folder / RUNNING
    if not is_occupied(folder):
        mark.unlink(missing_ok=True)
    try:
        with mark.open("x", encoding="utf-8") as file:
            file.write(json.dumps(this_process()))
    except FileExistsError:
        raise RunError(f"run {folder.name!r} is being trained by another process") from None
    try:
        yield
    finally:
        mark.unlink(missing_ok=True)

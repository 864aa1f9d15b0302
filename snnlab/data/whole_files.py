"""Files that are written whole or not at all: a kill or a full disk leaves the old one there."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4


@contextlib.contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """A hidden path beside `path` to write to, which takes its place at the end of the block.

    After an error the file at `path` is what it was, and nothing else is left.

    Example:
        >>> with written_whole(Path("table.csv")) as partial:
        ...     partial.write_text("method,seed")
    """
    partial = path.with_name(f".{path.name}.{uuid4().hex}.partial")
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)

"""Files that are written whole or not at all: a kill or a full disk leaves the old one there.

On Windows a file cannot be moved or removed while another program has it open, if only for the
moment in which a dashboard or a virus scanner reads it. `patiently` waits for that moment to pass.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

ATTEMPTS, PAUSE = (50 if sys.platform == "win32" else 1), 0.02
"""How often a file that is in use is tried, and seconds in between: a second in all."""
Result = TypeVar("Result")


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
        patiently(lambda: partial.replace(path))
    finally:
        remove(partial)


def patiently(act: Callable[[], Result]) -> Result:
    """Do something with a file that others may have open; on Windows for up to a second.

    Example:
        >>> patiently(lambda: staged.replace(path))
    """
    for _ in range(ATTEMPTS - 1):
        with contextlib.suppress(PermissionError):
            return act()
        time.sleep(PAUSE)
    return act()


def remove(file: Path) -> None:
    """Delete a file, if it is there."""
    patiently(lambda: file.unlink(missing_ok=True))

"""Write files completely or not at all: if writing is interrupted, the old file stays.

On Windows a file cannot be moved or removed while another program has it open, even for the short
time in which a dashboard or a virus scanner reads it. `patiently` tries again until it is closed.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

ATTEMPTS, SECONDS_BETWEEN_ATTEMPTS = (50 if sys.platform == "win32" else 1), 0.02
"""How often a file that is in use is tried, and seconds in between: a second in all."""
Result = TypeVar("Result")


@contextlib.contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """A hidden path beside `path` to write to; at the end of the block it replaces `path`.

    After an error the file at `path` is unchanged, and the hidden one is removed.

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
    """Run an operation on a file that others may have open; on Windows retry for up to a second.

    Example:
        >>> patiently(lambda: staged.replace(path))
    """
    for _ in range(ATTEMPTS - 1):
        with contextlib.suppress(PermissionError):
            return act()
        time.sleep(SECONDS_BETWEEN_ATTEMPTS)
    return act()


def remove(file: Path) -> None:
    """Delete a file, if it is there."""
    patiently(lambda: file.unlink(missing_ok=True))

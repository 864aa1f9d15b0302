"""For all that reads and writes files of other tools: their packages, and a file to write to."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import ModuleType

from snnlab.data.whole_files import written_whole
from snnlab.settings import checked, quoted


def package(name: str, needed_by: str) -> ModuleType:
    """A package of the extra `exchange`.

    Args:
        name: of the module.
        needed_by: what is to be done, for the message.

    Raises:
        ValueError: it is not installed.
    """
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        raise ValueError(
            f'{needed_by} needs the package {error.name}: pip install "snnlab[exchange]"'
        ) from None


@contextmanager
def written(path: str | Path) -> Iterator[Path]:
    """A path to write a file to, which then stands whole at `path`, see `written_whole`.

    Raises:
        ValueError: it cannot be written; before the block, if there is no such folder.
    """
    target = Path(checked("path", str, path))
    problem = errno.EISDIR if target.is_dir() else 0 if target.parent.is_dir() else errno.ENOENT
    try:
        if problem:
            raise OSError(problem, os.strerror(problem))
        with written_whole(target) as partial:
            yield partial
    except OSError as error:
        reason = error.strerror or error
        raise ValueError(f"cannot write {quoted(str(path))}: {reason}") from None

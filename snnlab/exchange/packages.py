"""Import the packages of other tools, and write files safely."""

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
        needed_by: the calling function, for the message.

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
    """A path to write to, which replaces `path` at the end of the block, see `written_whole`.

    Raises:
        ValueError: the file cannot be written; if its folder is missing, before the block.
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

"""What all that reads or writes files of other tools needs: packages of an extra, and words."""

from __future__ import annotations

import errno
import os
from importlib import import_module
from pathlib import Path
from types import ModuleType

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


def target_of(path: str | Path) -> Path:
    """Where a file is to be written; ValueError, before any work, where that cannot be."""
    target = Path(checked("path", str, path))
    problem = errno.EISDIR if target.is_dir() else 0 if target.parent.is_dir() else errno.ENOENT
    if problem:
        raise ValueError(f"cannot write {quoted(str(path))}: {os.strerror(problem)}")
    return target

"""The user's own code: import it from a folder, and read its source for the record of a run."""

from __future__ import annotations

import importlib
import inspect
import sys
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any


def imported(module: str, folder: str) -> ModuleType:
    """Import a module that Python finds, or that is in `folder`; raises what the import raises."""
    if folder not in sys.path:
        sys.path.append(folder)
    importlib.invalidate_caches()  # the file may have been written a moment ago
    return importlib.import_module(module)


def source_of(call: Any) -> str:
    """The file or the cell in which something that can be called is written.

    Raises:
        OSError, TypeError: it cannot be read.
    """
    if isinstance(call, partial):
        return f"{source_of(call.func)}{call.args}{call.keywords}"
    if not (inspect.isroutine(call) or inspect.isclass(call)):  # an object with __call__
        return f"{source_of(type(call))}{sorted(vars(call).items())}"
    file = Path(inspect.getfile(call))
    return file.read_text(encoding="utf-8") if file.exists() else inspect.getsource(call)

"""The user's own data sets, named `module:function`. `python -m` must be able to find the module.

The function takes no arguments and returns a value that `data_of` accepts: a torch `Dataset` or
`DataLoader`, images and labels, a `Data`, or (train, test). The id of a run depends on the file of
the module, but not on modules that it imports or files that it reads: after a change to those,
change the file, too.

A server of the dashboard offers only the data sets that the environment variable `SNNLAB_DATASETS`
names (separated by commas): visitors must not choose which code it runs. No torch here.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import os
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from snnlab.data.spec import DataError, is_own
from snnlab.neuron.own_code import imported

OFFERED = "SNNLAB_DATASETS"
_read: dict[str, str] = {}
"""Digest of each module's file when this process imported it, by module."""
_lock = threading.RLock()


@dataclass(frozen=True)
class Source:
    """Where a user's own data set comes from."""

    module: str
    """The module with the function."""
    folder: str
    """The folder from which the module is imported."""
    digest: str
    """Twelve hex digits of the hash of its file, as it is now."""


def offered() -> tuple[str, ...]:
    """The names of users' own data sets that a server offers.

    Raises:
        DataError: the environment variable holds anything but `module:function`.
    """
    found = tuple(filter(None, map(str.strip, os.environ.get(OFFERED, "").split(","))))
    for name in found:
        if not is_own(name):
            raise DataError(
                f"{OFFERED} names functions as in my_data:train, separated by commas; got {name!r}"
            )
    return found


def check_offered(name: str) -> None:
    """Raise DataError for a user's own data set that this server does not offer."""
    if is_own(name) and name not in offered():
        raise DataError(
            f"the data set {name!r} is a function of somebody's own, which this server may not "
            f"run: whoever runs the server names it in {OFFERED}"
        )


def source(name: str) -> Source:
    """Find the module of a user's own data set, without importing it.

    Raises:
        DataError: there is no such module, or it has no file.
    """
    module, here = name.partition(":")[0], str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)
    importlib.invalidate_caches()  # the file may have been written a moment ago
    try:
        spec = None if module == "__main__" else importlib.util.find_spec(module)
    except Exception:  # a package around it cannot be imported
        spec = None
    if spec is None or not spec.origin or not spec.has_location:
        if module == "__main__":
            problem = (
                "stands where processes that train cannot find it: put the function into a file, "
                "say my_data.py"
            )
        elif module.endswith(".py"):
            problem = f"names a file: without '.py' it is {name.replace('.py:', ':')!r}"
        elif spec is not None:
            problem = (
                f"needs a module in a file of its own, and {module!r} stands in none: put the "
                "function into a file, say my_data.py"
            )
        else:
            problem = (
                f"needs the module {module!r}, which is not in {here} nor where Python looks: go "
                f"to the folder of {module.partition('.')[0]}.py, or name that folder in PYTHONPATH"
            )
        raise DataError(f"the data set {name!r} {problem}")
    file = Path(spec.origin)
    try:
        digest = hashlib.sha256(file.read_bytes()).hexdigest()[:12]
    except OSError as error:
        raise DataError(f"the file of the data set {name!r} cannot be read: {error}") from error
    depth = module.count(".") + (file.stem == "__init__")
    return Source(module, str(file.absolute().parents[depth]), digest)


def made_by_own(name: str) -> Any:
    """Call the function of a user's own data set; its module is reloaded if the file changed.

    Raises:
        DataError: the function cannot be imported or called.
    """
    there, function = source(name), name.partition(":")[2]
    with _lock:
        try:
            module = imported(there.module, there.folder)
            if _read.setdefault(there.module, there.digest) != there.digest:
                module = importlib.reload(module)
                _read[there.module] = there.digest
        except (Exception, SystemExit) as error:
            raise DataError(
                f"the module of the data set {name!r} cannot be imported: {said(error)}"
            ) from error
        found = getattr(module, function, None)
        if not callable(found):
            given = "there is none" if found is None else f"that is of type {type(found).__name__}"
            raise DataError(f"{name!r} must name a function of {there.module}: {given}")
        try:
            return found()
        except (Exception, SystemExit) as error:
            raise DataError(
                f"{function}() of the data set {name!r} fails: {said(error)}"
            ) from error


def said(error: BaseException) -> str:
    """The kind of an error and its message."""
    return f"{type(error).__name__}: {error}"

"""Confine a process before a student's code runs in it: limits, walls, guard, and their test.

Nothing of this can be undone until the process ends.
"""

# Mostly strings in place of Path, since the kernel takes strings.
# ruff: noqa: PTH108, PTH109, PTH118, PTH120, PTH123
from __future__ import annotations

import contextlib
import math
import os
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from snnlab.classroom.assignments.walls import kernel
from snnlab.classroom.assignments.walls.guard import bar_machine_code, guard

MEGABYTE = 1 << 20
LARGEST_FILE = 32 * MEGABYTE
SYSTEM = (
    *("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache"),
    *("/dev/urandom", "/proc/cpuinfo", "/proc/meminfo", "/sys/devices/system/cpu"),
)
"""System files that libraries read."""


def on_the_clock(seconds: float) -> float:
    """Wall-clock seconds for work of `seconds` on a processor that is shared with others."""
    return 3 * seconds + 5


def shut_in(package: str, seconds: float, megabytes: int) -> dict[str, bool]:
    """Set the limits and raise the walls; return which of them hold.

    Args:
        package: the folder that holds snnlab.
        seconds: processor time that is left to this process.
        megabytes: memory that is left to it.
    """
    hidden = os.path.realpath(os.path.join(package, "snnlab", "classroom"))
    wanted = {*libraries(), *SYSTEM, os.path.dirname(hidden), os.getcwd()}
    readable = [part for path in wanted for part in without(hidden, os.path.realpath(path))]
    above = [path for path in map(str, Path(hidden).parents) if path.startswith(tuple(libraries()))]
    limits = limit(seconds, megabytes)
    return kernel.raise_walls(readable, above) | {"limits": limits}


def keep_watch(package: str, *, walled: bool) -> None:
    """Remove modules that only graders use, and install the guard."""
    vars(kernel)["ctypes"] = None
    for name in [name for name in sys.modules if name.startswith("snnlab.classroom")]:
        del sys.modules[name]
    vars(sys.modules["snnlab"]).pop("classroom", None)
    bar_machine_code()
    folders = tuple(f"{path}/" for path in libraries())
    sys.addaudithook(guard(package, folders, walled=walled))


def libraries() -> set[str]:
    """Folders of Python and of the packages beside NumPy."""
    found = {sys.prefix, sys.base_prefix, os.path.dirname(os.__file__)}
    found.add(os.path.dirname(os.path.dirname(np.__file__)))
    return found | {os.path.realpath(path) for path in found}


def without(hidden: str, path: str) -> Iterator[str]:
    """A folder, or, if a hidden folder lies below, its other contents."""
    if not f"{hidden}/".startswith(f"{path}/"):
        yield path
    elif path != hidden:
        with os.scandir(path) as entries:
            for entry in entries:
                yield from without(hidden, entry.path)


def limit(seconds: float, megabytes: int) -> bool:
    """Limit processor time, memory and file sizes; return whether all limits hold."""
    try:
        import resource
    except ImportError:  # Windows: the parent's clock alone bounds the time
        return False
    used = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
    wanted = {
        "RLIMIT_CPU": math.ceil(used + seconds),
        "RLIMIT_FSIZE": LARGEST_FILE,
        "RLIMIT_CORE": 0,
    }
    for name, field in (("RLIMIT_AS", "VmSize"), ("RLIMIT_DATA", "VmData")):
        wanted[name] = held(field) + megabytes * MEGABYTE
    for name, most in wanted.items():
        try:
            resource.setrlimit(getattr(resource, name), (most, most))
        except (AttributeError, OSError, ValueError):  # unknown or not allowed on this system
            return False
    return True


def held(field: str) -> int:
    """Bytes of memory that this process has already, on Linux; 0 elsewhere."""
    try:
        with open("/proc/self/status") as status:
            line = next(line for line in status if line.startswith(field + ":"))
    except (OSError, StopIteration):
        return 0
    return int(line.split()[1]) * 1024


def ways_out(file: str, megabytes: int) -> list[str]:
    """Try what walls and limits must prevent, and name what was possible.

    Args:
        file: an existing, readable and writable file that this process must not reach.
        megabytes: memory that is left to this process.
    """
    ways: dict[str, Callable[[], object]] = {
        "reading files": lambda: open(file, "rb").close(),
        "writing files": lambda: open(file, "ab").close(),
        "making files": lambda: open(file + "-made", "xb").close(),
        "deleting files": lambda: os.unlink(file),
        "starting processes": lambda: os.fork() or os._exit(0),
        "starting programs": lambda: os.execv(sys.executable, [sys.executable, "-c", ""]),
        "the network": lambda: socket.socket().close(),
        "signals to others": lambda: os.kill(os.getppid(), 0),
        "memory without bounds": lambda: bytearray(2 * megabytes * MEGABYTE),
    }
    found = []
    for way, attempt in ways.items():
        with contextlib.suppress(OSError, MemoryError):
            attempt()
            found.append(way)
    return found

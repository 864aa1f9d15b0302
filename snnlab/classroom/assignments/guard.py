"""An audit hook of Python that keeps a student's code to itself, and says why."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

HARMLESS = ("os.listdir", "os.scandir", "os.putenv", "os.unsetenv")
FORBIDDEN = (
    *("os.", "subprocess.", "socket.", "ctypes.", "shutil.", "sqlite3.", "fcntl.", "resource."),
    *("gc.", "pty.", "signal.", "syslog.", "webbrowser.", "urllib.", "ftplib.", "smtplib."),
    *("glob.", "tempfile.", "sys.settrace", "sys.setprofile"),
)
SILENT = ("_posixsubprocess", "_posixshmem", "_cffi_backend", "readline", "_xxsubinterpreters")
"""Modules that reach the system without an audit event: missing where there are no walls."""
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def guard(
    package: str, folders: tuple[str, ...], *, library: bool, walled: bool
) -> Callable[[str, tuple[Any, ...]], None]:
    """An audit hook that says in Python's words what is not allowed.

    The walls of the kernel hold without it. Where there are none, it is what keeps the code
    to itself: no files of others, no processes, no network. It uses nothing of this module, and
    names of Python as they are now, so that what the student patches changes it less.

    Args:
        package: the folder that holds snnlab.
        folders: what may be read, each with a slash at its end.
        library: whether the code may use torch and snnlab.
        walled: whether the walls of the kernel stand.
    """
    packages = (f"{package}/snnlab/", f"{os.path.realpath(package)}/snnlab/")
    classrooms = tuple(f"{path}classroom" for path in packages)
    files, writing = (os.devnull, "/dev/urandom"), WRITING
    forbidden, harmless, silent = FORBIDDEN, HARMLESS, () if walled else SILENT
    kind, text, number, denied, missing = type, str, int, PermissionError, ImportError
    barred = () if library else ("torch", "torchvision", "snnlab")

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, mode, flags = arguments
            if kind(path) is number:
                return
            name = path.decode() if kind(path) is bytes else path
            if kind(name) is not text or not name.startswith("/") or "/../" in name:
                raise denied("a check opens no such file")
            writes = flags & writing if flags else mode is not None and mode not in ("r", "rb")
            own = name.startswith(packages)
            if own and library and not writes and not name.startswith(classrooms):
                return
            if (not own and not writes and name.startswith(folders)) or name in files:
                return
            raise denied(f"a check opens no files: {name[:80]}")
        if event == "import":
            name = arguments[0]
            if name.split(".")[0] in (*barred, *silent) or name.startswith("snnlab.classroom"):
                raise missing(f"{name} is not there in this check; write it yourself")
            return
        if event.startswith(forbidden) and event not in harmless:
            raise denied(f"a check does not allow {event}")

    return hook

"""An audit hook of Python that confines a student's code, with messages that say why."""

from __future__ import annotations

import _imp
import os
import sys
from collections.abc import Callable
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

HARMLESS = ("os.listdir", "os.scandir", "os.putenv", "os.unsetenv")
FORBIDDEN = (
    *("os.", "subprocess.", "socket.", "ctypes.", "shutil.", "sqlite3.", "fcntl.", "resource."),
    *("gc.", "pty.", "signal.", "syslog.", "webbrowser.", "urllib.", "ftplib.", "smtplib."),
    *("glob.", "tempfile.", "sys.settrace", "sys.setprofile"),
)
MACHINE_CODE = ("ctypes", "_ctypes", "cffi", "_cffi_backend", "_ctypes_test")
"""Modules that can call any function in memory, past Python's checks: never available."""
SILENT = ("_posixsubprocess", "_posixshmem", "readline", "_xxsubinterpreters")
"""Modules that reach the system without an audit event: not available without walls."""
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def forget_machine_code(but: ModuleType) -> None:
    """Remove the modules of `MACHINE_CODE`, and all objects from them, from other modules."""
    for module in list(sys.modules.values()):
        if not is_a(module, ModuleType) or module is but or root(module) in MACHINE_CODE:
            continue
        for name, value in list(vars(module).items()):
            if root(value) in MACHINE_CODE:
                vars(module)[name] = None
    for name in list(sys.modules):
        if name.split(".")[0] in MACHINE_CODE:
            del sys.modules[name]


def bar_machine_code() -> None:
    """Refuse to load the modules of `MACHINE_CODE` from their files."""
    create, barred = _imp.create_dynamic, frozenset(MACHINE_CODE)

    def create_dynamic(spec: Any, *rest: Any) -> ModuleType:
        if str(spec.name).rpartition(".")[2] in barred:
            raise ImportError(f"{spec.name} is not there in this check; write it yourself")
        return create(spec, *rest)

    vars(_imp)["create_dynamic"] = create_dynamic


def root(value: object) -> str:
    """Name of the package of a module, or in which a class, function or object was made."""
    if is_a(value, ModuleType):
        name = vars(value).get("__name__")
    else:
        made = value if is_a(value, type, FunctionType, BuiltinFunctionType) else type(value)
        name = made.__module__
    return name.split(".")[0] if isinstance(name, str) else ""


def is_a(value: object, *kinds: type) -> bool:
    """Like `isinstance`, but by the real type, as objects can pretend to have another class."""
    return issubclass(type(value), kinds)


def guard(
    package: str, folders: tuple[str, ...], *, walled: bool, windows: bool = os.sep == "\\"
) -> Callable[[str, tuple[Any, ...]], None]:
    r"""An audit hook that raises errors of Python for forbidden actions.

    The walls of the kernel do not depend on it. Without walls, this hook alone confines the code:
    no other files, no processes, no network. It uses nothing of this module, and binds names of
    Python when it is made, so that patches by the student affect it less.

    Args:
        package: the folder that holds snnlab.
        folders: folders that may be read, each with a slash at its end.
        walled: whether the walls of the kernel hold.
        windows: whether paths are like `C:\Users`, and upper and lower case are the same.
    """

    def normalised(path: str) -> str:
        return path.replace("\\", "/").lower() if windows else path

    packages = tuple(normalised(f"{path}/snnlab/") for path in (package, os.path.realpath(package)))
    folders, classrooms = (
        tuple(map(normalised, folders)),
        tuple(f"{path}classroom" for path in packages),
    )
    files, writing = (os.devnull, "/dev/urandom"), WRITING
    forbidden, harmless = FORBIDDEN, HARMLESS
    barred = frozenset(MACHINE_CODE if walled else MACHINE_CODE + SILENT)
    kind, text, number, denied, missing = type, str, int, PermissionError, ImportError

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, mode, flags = arguments
            if kind(path) is number:
                return
            name = path.decode() if kind(path) is bytes else path
            if kind(name) is not text:
                raise denied("a check opens no such file")
            if name in files:
                return
            if windows:
                name = name.replace("\\", "/").lower()
            whole = name[1:3] == ":/" if windows else name.startswith("/")
            if not whole or "/../" in name or "/./" in name or "//" in name:
                raise denied("a check opens no such file")
            writes = flags & writing if flags else mode is not None and mode not in ("r", "rb")
            read = name.startswith((*folders, *packages)) and not name.startswith(classrooms)
            if read and not writes:
                return
            raise denied(f"a check opens no files: {name[:80]}")
        if event == "import":
            name = arguments[0]
            if not barred.isdisjoint(name.split(".")) or name.startswith("snnlab.classroom"):
                raise missing(f"{name} is not there in this check; write it yourself")
            return
        if event.startswith(forbidden) and event not in harmless:
            raise denied(f"a check does not allow {event}")

    return hook

"""A Python on Linux that looks to snnlab like one on Windows, or on macOS.

With the folder of this file on PYTHONPATH every Python loads it as it starts, so the processes that
snnlab starts see the same. SNNLAB_TEST_SYSTEM says which system: win32, or darwin.

Only modules of snnlab are shown it: libraries know the systems that they run on.
"""

import builtins
import importlib.abc
import multiprocessing.context
import os
import sys
from types import ModuleType

SYSTEM = os.environ.get("SNNLAB_TEST_SYSTEM", "win32")
ON_LINUX_ONLY = {
    "os": {"sched_getaffinity", "sched_setaffinity", "O_PATH", "posix_fadvise", "memfd_create"},
    "signal": {"SIGPWR", "SIGSTKFLT", "SIGPOLL"},
}
ON_POSIX_ONLY = {
    "os": {
        *("fork", "forkpty", "killpg", "setsid", "setpgid", "getpgid", "getpgrp", "getsid", "nice"),
        *("getuid", "geteuid", "getgid", "getegid", "setuid", "setgid", "getgroups", "uname"),
        *("fchmod", "fchown", "chown", "lchown", "chroot", "mkfifo", "mknod", "openpty", "ttyname"),
        *("wait", "wait3", "wait4", "WIFEXITED", "WEXITSTATUS", "WIFSIGNALED", "statvfs", "sync"),
        *("O_CLOEXEC", "O_NOFOLLOW", "O_DIRECTORY", "O_NONBLOCK", "getloadavg", "pread", "pwrite"),
        *("posix_spawn", "pipe2", "sysconf", "confstr", "environb", "fsencodeb", "sendfile"),
    },
    "signal": {
        *("SIGKILL", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGPROF", "SIGVTALRM", "SIGXCPU"),
        *("SIGCHLD", "SIGCONT", "SIGSTOP", "SIGTSTP", "SIGPIPE", "SIGQUIT", "SIGWINCH", "SIGTRAP"),
        *("setitimer", "getitimer", "alarm", "pause", "pthread_sigmask", "pthread_kill", "sigwait"),
        *(
            "ITIMER_REAL",
            "ITIMER_PROF",
            "ITIMER_VIRTUAL",
            "SIG_BLOCK",
            "SIG_SETMASK",
            "siginterrupt",
        ),
    },
    "time": {"tzset", "clock_gettime", "CLOCK_MONOTONIC", "CLOCK_PROCESS_CPUTIME_ID"},
    "select": {"poll", "epoll"},
    "socket": {"AF_UNIX", "socketpair_unix", "SO_REUSEPORT"},
}
MISSING = {"fcntl", "resource", "pwd", "grp", "spwd", "termios", "tty", "pty", "syslog", "readline"}
MISSING |= {"posix", "crypt", "nis", "_posixsubprocess", "_posixshmem", "curses"}
if SYSTEM == "darwin":
    ON_POSIX_ONLY, MISSING = {}, {"spwd", "nis"}


class Shown(ModuleType):
    """A module without what another system does not have."""

    def __init__(self, real: ModuleType, hidden: set[str]) -> None:
        super().__init__(real.__name__, real.__doc__)
        vars(self)["_real"], vars(self)["_hidden"] = real, hidden

    def __getattr__(self, name: str) -> object:
        if name in self._hidden:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r} on {SYSTEM}")
        if self.__name__ == "sys" and name == "platform":
            return SYSTEM
        return getattr(self._real, name)

    def __setattr__(self, name: str, value: object) -> None:
        setattr(self._real, name, value)

    def __delattr__(self, name: str) -> None:
        delattr(self._real, name)

    def __dir__(self) -> list[str]:
        return sorted(set(dir(self._real)) - self._hidden)


SHOWN: dict[str, ModuleType] = {}


def shown(module: ModuleType) -> ModuleType:
    """What snnlab gets for a module."""
    name = module.__name__
    hidden = ON_LINUX_ONLY.get(name, set()) | ON_POSIX_ONLY.get(name, set())
    if not hidden and name != "sys":
        return module
    return SHOWN.setdefault(name, Shown(module, hidden))


def of_snnlab(names: dict[str, object] | None) -> bool:
    """Whether an import stands in a module of snnlab, also in one that is run as a script."""
    file = str((names or {}).get("__file__", ""))
    return str((names or {}).get("__name__", "")).startswith("snnlab") or "/snnlab/" in file


def imported(name, names=None, local=None, fromlist=(), level=0):  # type: ignore[no-untyped-def]
    """In place of `__import__`."""
    mine = level == 0 and of_snnlab(names)
    if mine and name.split(".")[0] in MISSING:
        raise ModuleNotFoundError(f"No module named {name!r} on {SYSTEM}", name=name)
    module = real_import(name, names, local, fromlist, level)
    return shown(module) if mine and isinstance(module, ModuleType) else module


class Uvloop(importlib.abc.MetaPathFinder):
    """uvloop is not there on Windows."""

    def find_spec(self, name, path=None, target=None):  # type: ignore[no-untyped-def]
        """Refuse it."""
        if name == "uvloop" and SYSTEM == "win32":
            raise ModuleNotFoundError("No module named 'uvloop'", name=name)


def get_context(self, method=None):  # type: ignore[no-untyped-def]
    """As `multiprocessing.get_context`, where processes are spawned only."""
    if method not in (None, "spawn"):
        raise ValueError(f"cannot find context for {method!r}")
    return real_context(self, method)


real_import, builtins.__import__ = builtins.__import__, imported
sys.meta_path.insert(0, Uvloop())
multiprocessing.set_start_method("spawn")
Default = multiprocessing.context.DefaultContext
real_context = Default.get_context
Default.get_context = get_context  # type: ignore[method-assign]
Default.get_all_start_methods = lambda self: ["spawn"]  # type: ignore[method-assign]

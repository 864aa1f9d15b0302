"""The program in which a student's code runs: limits first, then cells, then calls.

It is started by `isolation` as a script of its own and reads one job, JSON, from its standard
input. It writes lines of JSON to its standard output, which is a file of limited size: an empty
object when the student's time begins, then one for every call. It holds no right results. Of
snnlab it imports `walls` and `guard` only, unless the job says that the task needs the library.
"""

# Plain strings in place of Path: what a student patches must change nothing here.
# ruff: noqa: PTH109, PTH118, PTH120, PTH123
from __future__ import annotations

import ast
import base64
import copy
import importlib.util
import io
import json
import linecache
import math
import os
import sys
import traceback
import warnings
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from types import ModuleType
from typing import Any

import numpy as np

MEGABYTE = 1 << 20
MOST_NUMBERS = 100_000
"""Numbers in an array that is reported; tasks ask for 4,000 at most."""
SHOWN = 300
"""Characters of an error or a print that are reported."""
SYSTEM = (
    *("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache"),
    *("/dev/urandom", "/proc/cpuinfo", "/proc/meminfo", "/sys/devices/system/cpu"),
)
"""What libraries read of the system."""


def main() -> None:
    """Carry out the job on standard input."""
    job = json.load(sys.stdin, object_hook=decoded)
    results = os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    load_modules(job)
    say = reporter(results)
    confine(job)
    say({})
    scope, error = scope_of(job["cells"], given=job["given"])
    function = scope.get(job["function"])
    if function is None:
        say({"missing": job["function"], "error": error})
    else:
        for call in job["calls"]:
            say(outcome(function, call))
    os._exit(0)  # threads and exit handlers of the student end here


def load_modules(job: dict[str, Any]) -> None:
    """Import what the cells name, before the limits hold."""
    text = "\n".join(job["cells"] + job["given"])
    if job["library"]:
        sys.path.insert(0, job["package"])
        load_library()
    if "scipy" in text:
        import scipy.special
    if "stats" in text:
        import scipy.stats  # noqa: F401


def load_library() -> None:
    """Train a tiny network for one step: torch imports much of itself only when it is used."""
    import torch

    from snnlab.data.images import Data, Images
    from snnlab.learning.fit import fit
    from snnlab.learning.objectives import SingleStep
    from snnlab.learning.spec import Training
    from snnlab.network.models import build
    from snnlab.network.spec import Architecture
    from snnlab.neuron.spec import Noise

    torch.set_num_threads(1)
    pixels = torch.zeros(4, 1, 8, 8, dtype=torch.uint8)
    part = Images(pixels, torch.arange(4) % 2, torch.zeros(1), torch.ones(1))
    data = Data("", ("0", "1"), part, part, part)
    design = Architecture("mlp", width=2)
    net = build(design, image_shape=(1, 8, 8), classes=2, seed=0, noise=Noise())
    fit(net, data, SingleStep(), Training(epochs=1, batch_size=4), seed=0)


def limit(seconds: float, megabytes: int) -> None:
    """Bound processor time, memory, file sizes and processes, where the system can."""
    try:
        import resource
    except ImportError:  # Windows: the parent's clock alone bounds the time
        return
    used = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
    cpu = math.ceil(used + seconds)
    wanted = {
        "RLIMIT_CPU": cpu,
        "RLIMIT_FSIZE": 4 * MEGABYTE,
        "RLIMIT_CORE": 0,
        "RLIMIT_NPROC": 0,
    }
    for name, field in (("RLIMIT_AS", "VmSize"), ("RLIMIT_DATA", "VmData")):
        wanted[name] = held(field) + megabytes * MEGABYTE
    for name, most in wanted.items():
        try:
            resource.setrlimit(getattr(resource, name), (most, most))
        except (AttributeError, OSError, ValueError):  # not known, or not allowed, here
            continue


def held(field: str) -> int:
    """Bytes of memory that this process has already, from Linux; 0 elsewhere."""
    try:
        with open("/proc/self/status") as status:
            line = next(line for line in status if line.startswith(field + ":"))
    except (OSError, StopIteration):
        return 0
    return int(line.split()[1]) * 1024


def confine(job: dict[str, Any]) -> None:
    """Limits, walls of the kernel, and a guard, from here to the end of this process."""
    walls, guard = sibling("walls"), sibling("guard")
    package, library = job["package"], job["library"]
    rooms = []
    if library:
        with os.scandir(os.path.join(package, "snnlab")) as entries:
            rooms = [entry.path for entry in entries if entry.name != "classroom"]
    limit(job["seconds"], job["memory_mb"])
    walled = walls.raise_walls([*libraries(), *SYSTEM, *rooms, os.getcwd()])
    folders = tuple(f"{path}/" for path in libraries())
    sys.addaudithook(guard.guard(package, folders, library=library, walled=walled))


def sibling(name: str) -> ModuleType:
    """A module beside this file, without the package around it."""
    place = os.path.join(os.path.dirname(os.path.realpath(__file__)), f"{name}.py")
    spec = importlib.util.spec_from_file_location(name, place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def libraries() -> set[str]:
    """Folders of Python and of the packages beside NumPy."""
    found = {sys.prefix, sys.base_prefix, os.path.dirname(os.__file__)}
    found.add(os.path.dirname(os.path.dirname(np.__file__)))
    return found | {os.path.realpath(path) for path in found}


def scope_of(cells: list[str], given: list[str]) -> tuple[dict[str, Any], dict[str, str] | None]:
    """Run all cells in one scope, statement by statement; the first error does not end it."""
    scope: dict[str, Any] = {"np": np, "math": math, "__name__": "__main__"}
    first: dict[str, str] | None = None
    for number, source in enumerate([*given, *cells], 1):
        name = f"<cell {number}>"
        linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
        try:
            statements = ast.parse(source, name).body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            first = first or described(error)
            continue
        for statement in statements:
            try:
                code = compile(ast.Module([statement], []), name, "exec")
                with redirect_stdout(Sink()), redirect_stderr(Sink()):
                    exec(code, scope)
            except BaseException as error:
                first = first or described(error)
    return scope, first


class Sink(io.TextIOBase):
    """Keeps the first characters that are written to it and drops the rest."""

    def __init__(self) -> None:
        self.text = ""

    def writable(self) -> bool:
        """True."""
        return True

    def write(self, text: str) -> int:
        """Take text in."""
        if len(self.text) < SHOWN:
            self.text += text[:SHOWN]
        return len(text)


def outcome(function: Any, call: list[Any]) -> dict[str, Any]:
    """What one call did: its value, or its error."""
    printed = Sink()
    given = copy.deepcopy(call)
    try:
        with redirect_stdout(printed), redirect_stderr(Sink()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            value = encoded(function(*given))
    except BaseException as error:
        return {"error": described(error), "printed": printed.text}
    return {"value": value, "printed": printed.text}


def described(error: BaseException) -> dict[str, str]:
    """Kind, message and line of an error, all as short text."""
    try:
        message = str(error)[:SHOWN]
    except BaseException:
        message = ""
    line = ""
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename.startswith("<cell "):
            line = (frame.line or "")[:SHOWN]
    if isinstance(error, SyntaxError):
        line = (error.text or "").strip()[:SHOWN]
    kinds = " ".join(kind.__name__ for kind in type(error).__mro__)[:SHOWN]
    return {"kind": type(error).__name__[:80], "kinds": kinds, "message": message, "line": line}


def decoded(part: dict[str, Any]) -> Any:
    """An array from JSON; other objects stay as they are."""
    if "bytes" not in part:
        return part
    array = np.frombuffer(base64.b64decode(part["bytes"]), part["dtype"])
    return array.reshape(part["shape"]).copy()


def encoded(value: Any, depth: int = 0) -> dict[str, Any]:
    """A result as JSON: arrays of numbers, sequences and mappings of them, else its kind."""
    if value is None or value is Ellipsis or isinstance(value, NotImplementedError):
        return {"nothing": True}
    if hasattr(value, "state_dict"):
        value = dict(value.state_dict())
    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    if isinstance(value, dict) and depth < 2:
        return {"mapping": {str(key): encoded(item, depth + 1) for key, item in value.items()}}
    if isinstance(value, tuple | list) and depth < 3 and not is_numbers(value):
        return {"sequence": [encoded(item, depth + 1) for item in value]}
    try:
        array = np.asarray(value)
        if array.size > MOST_NUMBERS:
            return {"kind": "array", "text": f"too large, shape {array.shape}"[:SHOWN]}
        if array.dtype.kind in "biuf":
            array = np.ascontiguousarray(array, "<f8")
            text = base64.b64encode(array.tobytes()).decode()
            return {"shape": list(np.shape(value)), "floats": text}
    except Exception:
        return {"kind": type(value).__name__[:80]}
    return {"kind": type(value).__name__[:80], "text": repr(value)[:SHOWN]}


def is_numbers(value: Any) -> bool:
    """Whether a list holds plain numbers only, so that it is an array."""
    return isinstance(value, list) and all(type(item) in (int, float, bool) for item in value)


def reporter(results: int) -> Callable[[dict[str, Any]], None]:
    """A function that writes one line of JSON to a file."""
    write, dumps = os.write, json.dumps

    def say(line: dict[str, Any]) -> None:
        data = memoryview(dumps(line).encode() + b"\n")
        while data:
            data = data[write(results, data) :]

    return say


if __name__ == "__main__":
    main()

"""A notebook without a kernel: cells run in one scope, in order, and answers are called.

It runs in the process of a student's code, see `process`. After any error in a cell or an answer
the next one is run, unless the process itself ends; the report says where that happened.
"""

from __future__ import annotations
import __future__

import ast
import asyncio
import builtins
import contextlib
import faulthandler
import inspect
import json
import linecache
import os
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict
from types import ModuleType
from typing import Any

from IPython.core.inputtransformer2 import TransformerManager

from snnlab.classroom.assignments.walls.confinement import on_the_clock
from snnlab.classroom.assignments.walls.report import encoded
from snnlab.classroom.calling import Beginning, OutOfTime, call, raised, random_states_kept
from snnlab.classroom.outcomes import Outcome

RUN_HERE = ("time", "capture", "prun", "debug")
"""Magics whose code is run in the scope of the notebook; all others do nothing."""
FUTURE = sum(getattr(__future__, name).compiler_flag for name in __future__.all_feature_names)
REPEAT_SECONDS = 0.2
"""Seconds until OutOfTime is raised again in code that caught it."""
GRACE_SECONDS = 1.0
"""Further seconds of processor time until the kernel ends the process."""
Say = Callable[[dict[str, Any]], None]


class Shell:
    """The result of `get_ipython()`: a stand-in for the shell of a notebook."""

    def __init__(self, run: Callable[[str, str], Any]) -> None:
        self.run = run

    def run_cell(self, code: str, *rest: Any, **options: Any) -> Any:
        """Run code as a cell."""
        return self.run(code, "run_cell")

    def run_line_magic(self, name: str, line: str = "", *rest: Any) -> Any:
        """Run the code of `%time code`, and import what `%pylab` does; other magic does nothing."""
        if name == "pylab":
            return self.run("import numpy as np\nfrom pylab import *", f"%{name}")
        return self.run(line, f"%{name}") if name in RUN_HERE else None

    def getoutput(self, *rest: Any) -> list[str]:
        """The output of a shell command, which is always empty."""
        return []

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *arguments, **options: None


class Absent:
    """Stands in for the module of an assignment, whose checks are made elsewhere."""

    def __getattr__(self, name: str) -> Absent:
        return self

    def __call__(self, *arguments: Any, **options: Any) -> None:
        """None, as a check returns in a notebook."""


class Session:
    """One scope in which cells run and answers are called.

    Args:
        results: number of the open file that takes the report.
        calls: arguments of all calls, by name of the answer.
        seconds: processor time for all calls of an answer, by its name.
    """

    def __init__(
        self, results: int, calls: dict[str, list[tuple[Any, ...]]], seconds: dict[str, float]
    ) -> None:
        self.results, self.calls, self.seconds = results, calls, seconds
        self.say = reporter(results)
        self.flags = 0
        self.tried: set[str] = set()
        self.settled: set[str] = set()
        self.number, self.told, self.own = 0, -1, True
        self.loop = asyncio.new_event_loop()
        main = ModuleType("__main__")
        sys.modules["__main__"] = main  # where dataclasses and pickle look for a student's names
        self.scope = vars(main)
        shell = Shell(self.run)
        there: dict[str, Any] = {"get_ipython": lambda: shell, "display": lambda *what, **how: None}
        vars(builtins).update(there)

    def carry_out(self, cells: list[dict[str, Any]], skipped: set[int]) -> None:
        """Run the cells; call each answer at its check, and again at the end if that failed.

        Once all answers have given their results, the remaining cells are not run.
        """
        for cell in cells:
            if cell["check"]:
                self.scope[cell["source"].partition(".")[0]] = Absent()
        for number, cell in enumerate(cells):
            if self.calls and self.settled >= set(self.calls):
                break
            if cell["check"]:
                self.make_calls(cell["check"], last=False)
            elif number not in skipped:
                self.number, self.own = number, cell["own"] or bool(cell["answer"])
                self.run_cell(number, cell)
        for name in self.calls:
            if name not in self.settled:
                self.make_calls(name, last=True)
        self.say({"end": True})

    def run_cell(self, number: int, cell: dict[str, Any]) -> None:
        """Run a cell, statement by statement, within its time."""
        self.say({"cell": number})
        with self.limited(cell["seconds"]), quiet():
            try:
                self.run(cell["source"])
            except BaseException as error:
                self.tell(error)

    def run(self, source: str, magic: str = "") -> Any:
        """Run code in the scope, and give the value of its last expression.

        An error ends the cell, as in a notebook; except an error that the walls may have raised,
        and errors in released cells, since not all their imports exist here.
        """
        name = f"<cell {self.number + 1}{magic and ': '}{magic}>"
        code = code_in(source)
        linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)
        tree = compile(code, name, "exec", ast.PyCF_ONLY_AST | self.flags, dont_inherit=True)
        value = None
        for statement in tree.body:
            try:
                value = self.run_statement(statement, name)
            except BaseException as error:
                self.tell(error)
                walled = isinstance(error, OSError | ImportError) or not self.own
                if isinstance(error, OutOfTime) or not walled:
                    break
        if value is not None:
            self.scope["_"] = value
        return value

    def run_statement(self, statement: ast.stmt, name: str) -> Any:
        """Run one statement as a notebook does: `await` is allowed, `from __future__` lasts."""
        flags = self.flags | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        tree: Any = ast.Module([statement], [])
        if isinstance(statement, ast.Expr):
            tree = ast.Expression(statement.value)
        mode = "eval" if isinstance(statement, ast.Expr) else "exec"
        code = compile(tree, name, mode, flags, dont_inherit=True)
        self.flags |= code.co_flags & FUTURE
        value = eval(code, self.scope)
        if code.co_flags & inspect.CO_COROUTINE:
            value = self.loop.run_until_complete(value)
        return value

    def tell(self, error: BaseException) -> None:
        """Report the first error of a cell. A MemoryError ends all, as the memory stays full."""
        if self.told != self.number:
            self.say({"error": asdict(raised(error))})
            self.told = self.number
        if isinstance(error, MemoryError):
            os._exit(1)

    def make_calls(self, name: str, *, last: bool) -> None:
        """Call an answer with all arguments, until one fails.

        Args:
            name: of the answer.
            last: whether all cells have run. An earlier failure counts only if it happens again.
        """
        if name not in self.calls or name in self.settled:
            return
        if name not in self.scope:
            if last and name not in self.tried:
                self.say({"missing": name})
            return
        again = name in self.tried
        self.tried.add(name)
        self.say({"again" if again else "calls": name})
        outcomes = []
        with self.limited(self.seconds[name]), random_states_kept():
            for arguments in self.calls[name]:
                outcomes.append(self.outcome(name, arguments))
                if not again:
                    self.say(outcomes[-1])
                if outcomes[-1]["error"] is not None:
                    break
        kind = (outcomes[-1]["error"] or {"kind": ""})["kind"] if outcomes else "OutOfTime"
        if kind in ("", "OutOfTime"):
            self.settled.add(name)
        if kind == "" and again:
            for line in [{"calls": name}, *outcomes]:
                self.say(line)
        if kind == "MemoryError" and not again:
            os._exit(1)

    def outcome(self, name: str, arguments: tuple[Any, ...]) -> dict[str, Any]:
        """The outcome of one call, for JSON."""
        try:
            clock = on_the_clock(self.seconds[name])
            return encoded(call(self.scope[name], arguments, seconds=clock))
        except BaseException as error:  # a malicious result
            return encoded(Outcome(error=raised(error)))

    @contextlib.contextmanager
    def limited(self, seconds: float) -> Iterator[None]:
        """Raise OutOfTime after some processor time, or a longer time on the clock.

        Code that ignores it is ended by a signal without a handler, and finally by a thread that
        runs even while Python is blocked, and writes "Timeout" into the report.
        """
        clock = on_the_clock(seconds)
        faulthandler.dump_traceback_later(clock + GRACE_SECONDS, exit=True, file=self.results)
        with contextlib.suppress(OutOfTime):
            if hasattr(signal, "setitimer"):
                for number in (signal.SIGPROF, signal.SIGALRM):
                    signal.signal(number, out_of_time)
                signal.signal(signal.SIGVTALRM, signal.SIG_DFL)
                signal.setitimer(signal.ITIMER_PROF, seconds, REPEAT_SECONDS)
                signal.setitimer(signal.ITIMER_REAL, clock, REPEAT_SECONDS)
                signal.setitimer(signal.ITIMER_VIRTUAL, seconds + GRACE_SECONDS)
            yield
        if hasattr(signal, "setitimer"):
            for timer in (signal.ITIMER_VIRTUAL, signal.ITIMER_PROF, signal.ITIMER_REAL):
                signal.setitimer(timer, 0)
        faulthandler.cancel_dump_traceback_later()


def out_of_time(number: int, frame: Any) -> None:
    """The handler of the signals for time."""
    raise OutOfTime


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Drop prints and warnings."""
    with (
        contextlib.redirect_stdout(Beginning()),
        contextlib.redirect_stderr(Beginning()),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        yield


def code_in(source: str) -> str:
    r"""A cell as Python, as IPython reads it.

    Example:
        >>> code_in("%%time\nx = 2")
        'x = 2\n'
    """
    while True:
        code = TransformerManager().transform_cell(source)
        if not code.startswith("get_ipython().run_cell_magic("):
            return code
        magic = ast.parse(code, mode="eval").body
        assert isinstance(magic, ast.Call)
        name, _, body = map(ast.literal_eval, magic.args)
        if name not in RUN_HERE:
            return ""
        source = body


def reporter(results: int) -> Say:
    """A function that writes one line of JSON to a file."""
    write, dumps = os.write, json.dumps

    def say(line: dict[str, Any]) -> None:
        data = memoryview(dumps(line).encode() + b"\n")
        while data:
            data = data[write(results, data) :]

    return say

"""Call a function that a student wrote, in a notebook or in grading, and record its outcome.

Answers are called in the same way everywhere: with copies of the arguments. The result is converted
to plain data, and any error becomes part of the outcome.
"""

from __future__ import annotations

import _thread
import contextlib
import copy
import inspect
import io
import random
import signal
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from types import FrameType
from typing import Any

import numpy as np

from snnlab.classroom.outcomes import (
    MOST_TEXT,
    Outcome,
    Raised,
    as_data,
    differ,
    without_addresses,
)

STOPPED_AGAIN_AFTER = 1.0
"""Seconds until an answer that ignored the first stop is stopped again."""
NAMES_OF_CELLS = ("<cell", "<ipython-input")
"""Beginnings of the file names of notebook cells in tracebacks."""


Arguments = tuple[Any, ...]


class OutOfTime(BaseException):
    """The answer ran too long; no Exception, so that `except Exception` cannot swallow it."""


class OtherArguments(TypeError):
    """The answer does not take as many arguments as it is called with."""


class NotAFunction(TypeError):
    """The answer cannot be called."""


def outcomes_of(
    answer: Any, calls: Sequence[Arguments], *, seconds: float = 10.0
) -> Iterator[Outcome]:
    """Call `answer` with the arguments of each call, up to the first error.

    The global random states are seeded first, so that an answer that ignores its seed gives the
    same results each time, and are restored afterwards.

    Args:
        answer: the student's function, or another object.
        calls: positional arguments of each call.
        seconds: for all calls together; each call may use the time that is left.
    """
    end = time.monotonic() + seconds
    with random_states_kept():
        for arguments in calls:
            left = end - time.monotonic()
            outcome = (
                call(answer, arguments, seconds=left)
                if left > 0
                else Outcome(error=Raised(OutOfTime.__name__))
            )
            yield outcome
            if outcome.error is not None:
                return


def call(answer: Any, arguments: Arguments, *, seconds: float = 10.0) -> Outcome:
    """Call `answer` with copies of the arguments; nothing that it does has an effect outside.

    Errors, exits and endless loops become part of the outcome, and prints and warnings are
    caught. Only an interrupt by the user is passed on. Endless loops are stopped only in the main
    thread, where signals arrive.

    Args:
        answer: what the student wrote.
        arguments: positional arguments.
        seconds: after which the call is given up.
    """
    given = copy.deepcopy(arguments)
    printed = Beginning()
    try:
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stdout(printed),
            contextlib.redirect_stderr(Beginning()),
            stopped_after(seconds),
        ):
            warnings.simplefilter("ignore")
            inspected(answer, len(given))
            value = as_data(answer(*given))
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return Outcome(None, printed.getvalue(), raised(error))
    changed = tuple(i for i, pair in enumerate(zip(arguments, given, strict=True)) if differ(*pair))
    return Outcome(value, printed.getvalue(), None, changed)


def inspected(answer: Callable[..., Any], number: int) -> None:
    """Check that a function takes this number of arguments.

    Raises:
        OtherArguments: it does not; the message is the function's first line.
        NotAFunction: there is nothing to call; the message is what there is.
    """
    if not callable(answer):
        raise NotAFunction(repr(answer))
    try:
        signature = inspect.signature(answer)
    except (TypeError, ValueError):  # a builtin without a known signature
        return
    try:
        signature.bind(*range(number))
    except TypeError:
        raise OtherArguments(f"{getattr(answer, '__name__', 'it')}{signature}") from None


class Beginning(io.StringIO):
    """Keeps the first characters that are written to it and drops the rest."""

    def write(self, text: str) -> int:
        """Keep the text as far as there is room."""
        if self.tell() < MOST_TEXT:
            super().write(text[:MOST_TEXT])
        return len(text)


def raised(error: BaseException) -> Raised:
    """Kind, message and line of an error, all as short text. It raises nothing itself."""
    try:
        message = without_addresses(str(error))[:MOST_TEXT]
    except BaseException:  # the student's own error class may raise errors, too
        message = ""
    kinds = tuple(kind.__name__[:80] for kind in type(error).__mro__[:8])
    return Raised(type(error).__name__[:80], kinds, message, line_of(error)[:MOST_TEXT])


def line_of(error: BaseException) -> str:
    """The last line of the student's own code on the way to an error, or nothing."""
    if isinstance(error, SyntaxError):
        return (error.text or "").strip()
    all_frames = traceback.extract_tb(error.__traceback__)
    frames = [frame for frame in all_frames if frame.filename != __file__]
    cells = [frame for frame in frames if frame.filename.startswith(NAMES_OF_CELLS)]
    if not cells and frames:  # a notebook's kernel keeps its cells in files of other names
        cells = [frame for frame in frames if frame.filename == frames[0].filename]
    return (cells[-1].line or "") if cells else ""


@contextlib.contextmanager
def random_states_kept() -> Iterator[None]:
    """Seed Python, NumPy and torch, and put their global random states back afterwards."""
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002
    torch = sys.modules.get("torch")
    kept = torch.random.get_rng_state() if torch is not None else None
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002
    if torch is not None:
        torch.default_generator.manual_seed(0)  # of the CPU only
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002
        if torch is not None:
            torch.random.set_rng_state(kept)


@contextlib.contextmanager
def stopped_after(seconds: float) -> Iterator[None]:
    """Raise OutOfTime in the block after some seconds; another timer goes on afterwards.

    Only in the main thread, where signals arrive.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    if not hasattr(signal, "setitimer"):  # on Windows
        with interrupted_after(seconds):
            yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        raise OutOfTime

    handler = signal.signal(signal.SIGALRM, stop)
    earlier = signal.getitimer(signal.ITIMER_REAL)
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds, STOPPED_AGAIN_AFTER)
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, *earlier)


@contextlib.contextmanager
def interrupted_after(seconds: float) -> Iterator[None]:
    """The same without a system timer: a thread sends the signal of Ctrl-C."""
    done, late = threading.Event(), threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        if late.is_set() and not done.is_set():
            raise OutOfTime
        if not late.is_set() and callable(handler):  # Ctrl-C itself
            handler(number, frame)

    def wait() -> None:
        pause = seconds
        while not done.wait(pause):
            late.set()
            _thread.interrupt_main()
            pause = STOPPED_AGAIN_AFTER

    handler = signal.signal(signal.SIGINT, stop)
    clock = threading.Thread(target=wait, daemon=True)
    try:
        clock.start()
        yield
    finally:
        done.set()
        clock.join()
        signal.signal(signal.SIGINT, handler)

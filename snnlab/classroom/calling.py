"""Call a function that a student wrote, in a notebook or in grading, and say what it did.

There is one way to call an answer, wherever it runs: copies of the arguments go in, plain data
comes out, and whatever goes wrong becomes part of the outcome. Nothing in an outcome depends on
the run: no places in memory, no order of a set.
"""

from __future__ import annotations

import contextlib
import copy
import inspect
import io
import random
import re
import signal
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from types import FrameType
from typing import Any

import numpy as np

MOST_NUMBERS = 100_000
"""Numbers of an array, or items of an iterator, that are looked at."""
MOST_TEXT = 300
"""Characters of a message, a print or a text that are kept."""
AGAIN = 1.0
"""Seconds until an answer is stopped again, if it went on."""
DEEPEST = 3
"""Lists in lists that are looked into, where they are no array."""
ADDRESS = re.compile(r"( at)? ?\b0x[0-9a-fA-F]{6,}|(?<![\d.])\d{12,}(?![\d.])")
CELL = ("<cell", "<ipython-input")
"""How the name of a notebook's cell begins, where a traceback gives it as a file."""


Arguments = tuple[Any, ...]


class OutOfTime(BaseException):
    """The answer ran too long; no Exception, so that `except Exception` cannot swallow it."""


class OtherArguments(TypeError):
    """The answer does not take as many arguments as it is called with."""


class NotAFunction(TypeError):
    """The answer cannot be called."""


@dataclass(frozen=True)
class Raised:
    """An error that an answer raised, in words."""

    kind: str
    """Name of its class."""
    kinds: tuple[str, ...] = ()
    """Names of its class and of the classes above it."""
    message: str = ""
    line: str = ""
    """The line of the student's code, if it is known."""


class Foreign:
    """Stands for a returned object that is neither a number nor an array."""

    text = ""

    def __repr__(self) -> str:
        return self.text


def foreign(kind: str, text: str) -> Foreign:
    """A stand-in whose class has the name of the object's class, as diagnoses say it."""
    name = kind if kind.isidentifier() else "object"
    text = without_addresses(text)[:MOST_TEXT] or f"<{name}>"
    stand_in: Foreign = type(name[:80], (Foreign,), {"text": text})()
    return stand_in


@dataclass(frozen=True)
class Outcome:
    """What one call did, as plain data: the same from a notebook and from another process."""

    value: Any = None
    """A float64 array, a tuple or a mapping of these, or Foreign; None: nothing was returned."""
    printed: str = ""
    """The first characters that it printed."""
    error: Raised | None = None
    """What it raised."""
    changed: tuple[int, ...] = ()
    """Places of the arguments that it changed in place."""


def outcomes_of(
    answer: Any, calls: Sequence[Arguments], *, seconds: float = 10.0
) -> Iterator[Outcome]:
    """Call `answer` with the arguments of each call, up to the first error.

    The global random states begin at the same place each time, so that an answer that forgets
    its seed does so in the same way each time, and are put back afterwards.

    Args:
        answer: what the student wrote.
        calls: positional arguments of each call.
        seconds: for all calls together; each one gets what those before it left.
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
    """Call `answer` with copies of the arguments; nothing that it does comes through.

    Errors, exits and endless loops become part of the outcome, and prints and warnings are
    caught. Only the interrupt of the user is let through. Endless loops are stopped where signals
    can do it: in the main thread, not on Windows.

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
            value = plain(answer(*given))
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return Outcome(None, printed.text, raised(error))
    changed = tuple(i for i, pair in enumerate(zip(arguments, given, strict=True)) if differ(*pair))
    return Outcome(value, printed.text, None, changed)


def inspected(answer: Callable[..., Any], number: int) -> None:
    """See that a function takes this number of arguments.

    Raises:
        OtherArguments: it does not; the message is the function's first line.
        NotAFunction: there is nothing to call; the message is what there is.
    """
    if not callable(answer):
        raise NotAFunction(repr(answer))
    try:
        signature = inspect.signature(answer)
    except (TypeError, ValueError):  # of Python itself, and keeps its arguments secret
        return
    try:
        signature.bind(*range(number))
    except TypeError:
        raise OtherArguments(f"{getattr(answer, '__name__', 'it')}{signature}") from None


class Beginning(io.TextIOBase):
    """Keeps the first characters that are written to it and drops the rest."""

    def __init__(self) -> None:
        self.text = ""

    def writable(self) -> bool:
        """True."""
        return True

    def write(self, text: str) -> int:
        """Take text in."""
        if len(self.text) < MOST_TEXT:
            self.text += text[:MOST_TEXT]
        return len(text)


def raised(error: BaseException) -> Raised:
    """Kind, message and line of an error, all as short text. It raises nothing itself."""
    try:
        message = without_addresses(str(error))[:MOST_TEXT]
    except BaseException:  # a class of the student's own that refuses to say
        message = ""
    kinds = tuple(kind.__name__[:80] for kind in type(error).__mro__[:8])
    return Raised(type(error).__name__[:80], kinds, message, line_of(error)[:MOST_TEXT])


def line_of(error: BaseException) -> str:
    """The last line of the student's own code on the way to an error, or nothing."""
    if isinstance(error, SyntaxError):
        return (error.text or "").strip()
    all_frames = traceback.extract_tb(error.__traceback__)
    frames = [frame for frame in all_frames if frame.filename != __file__]
    cells = [frame for frame in frames if frame.filename.startswith(CELL)]
    if not cells and frames:  # a notebook's kernel keeps its cells in files of other names
        cells = [frame for frame in frames if frame.filename == frames[0].filename]
    return (cells[-1].line or "") if cells else ""


def without_addresses(text: str) -> str:
    """A text without places in memory, in any form, which are others in every run."""
    return ADDRESS.sub("", text)


def plain(value: Any, depth: int = 0) -> Any:
    """What an answer returned, as data that can be compared, printed and sent.

    Args:
        value: anything.
        depth: lists around it.

    Returns:
        None for None, `...` and NotImplementedError; a float64 array for a number of any kind, an
        array, a tensor and a list of numbers; a tuple for other sequences and for what can be
        iterated over; a mapping for mappings and networks; `Foreign` for anything else.
    """
    if value is None or value is Ellipsis or isinstance(value, NotImplementedError):
        return None
    if hasattr(value, "state_dict"):
        value = dict(value.state_dict())
    if hasattr(value, "detach"):
        value = value.detach().cpu().double().numpy()
    if isinstance(value, Mapping):
        return {str(key): plain(item, depth + 1) for key, item in islice(value.items(), 1000)}
    if isinstance(value, str | bytes):
        return foreign(type(value).__name__, repr(value))
    if isinstance(value, set | frozenset):  # it has no order to be judged by
        return foreign(type(value).__name__, "")
    array = None if isinstance(value, tuple) else array_of(value)
    if array is not None:
        return array
    if isinstance(value, Iterable) and depth < DEEPEST:
        items = list(islice(value, MOST_NUMBERS))
        array = None if isinstance(value, tuple | list) else array_of(items)
        return tuple(plain(item, depth + 1) for item in items) if array is None else array
    return foreign(type(value).__name__, written(value))


def written(value: Any) -> str:
    """What Python writes for an object, if it does."""
    try:
        return repr(value)
    except Exception:
        return ""


def array_of(value: Any) -> Any:
    """A value as a float64 array, or None where it is none."""
    try:
        if isinstance(value, list) and any(hasattr(item, "detach") for item in value):
            value = [plain(item) for item in value]
        array = np.asarray(value)
        if array.dtype.kind == "O":  # exact fractions, decimals, numbers of one's own
            flat = array.ravel()
            if any(item is None or isinstance(item, str | bytes) for item in flat):
                return None
            array = np.asarray(array, dtype=np.float64)
        if array.dtype.kind == "c" and not array.imag.any():
            array = array.real
        if array.dtype.kind not in "biuf":
            return None
        if array.size > MOST_NUMBERS:
            return foreign("array", f"too large, shape {array.shape}")
        return np.array(array, dtype=np.float64)
    except Exception:
        return None


def differ(before: Any, after: Any) -> bool:
    """Whether an argument is not what it was before the call."""
    try:
        one, other = np.asarray(before, dtype=np.float64), np.asarray(after, dtype=np.float64)
    except Exception:  # settings and other objects, which have no values to compare
        return False
    return not np.array_equal(one, other, equal_nan=True)


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
    """Raise OutOfTime in the block after some seconds; another timer goes on afterwards."""
    main = threading.current_thread() is threading.main_thread()
    if not (main and hasattr(signal, "setitimer")):
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        raise OutOfTime

    handler = signal.signal(signal.SIGALRM, stop)
    earlier = signal.getitimer(signal.ITIMER_REAL)
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN)
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, *earlier)

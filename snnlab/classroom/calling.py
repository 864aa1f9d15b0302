"""Call a function that a student wrote, and keep whatever it does within bounds."""

from __future__ import annotations

import contextlib
import copy
import io
import signal
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import FrameType
from typing import Any

import torch


class OutOfTime(BaseException):
    """The answer ran too long; no Exception, so that `except Exception` cannot swallow it."""


@dataclass(frozen=True)
class Outcome:
    """What one call did."""

    value: Any = None
    """What it returned."""
    printed: str = ""
    """What it printed."""
    error: BaseException | None = None
    """What it raised."""
    arguments: tuple[Any, ...] = ()
    """The arguments as it left them."""

    @property
    def place(self) -> str:
        """The line of the answer in which the error was raised, or nothing."""
        if self.error is None or self.error.__traceback__ is None:
            return ""
        frames = traceback.extract_tb(self.error.__traceback__)[1:]  # the first is `call`
        if not frames:
            return ""
        written = [frame for frame in frames if frame.filename == frames[0].filename]
        return written[-1].line or ""


def call(
    answer: Callable[..., Any], arguments: tuple[Any, ...], *, seconds: float = 10.0
) -> Outcome:
    """Call `answer` with copies of the arguments; nothing that it does comes through.

    Errors, exits and endless loops become part of the outcome, prints and warnings are
    caught, and torch's global random state is put back. Only the interrupt of the user is let
    through. Endless loops are stopped where signals can do it: in the main thread, not on Windows.

    Args:
        answer: what the student wrote.
        arguments: positional arguments.
        seconds: after which the call is given up.
    """
    given = copy.deepcopy(arguments)
    printed = io.StringIO()
    try:
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stdout(printed),
            contextlib.redirect_stderr(io.StringIO()),
            torch.random.fork_rng(devices=[]),
            _stopped_after(seconds),
        ):
            warnings.simplefilter("ignore")
            value = answer(*given)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return Outcome(None, printed.getvalue(), error, given)
    return Outcome(value, printed.getvalue(), None, given)


@contextlib.contextmanager
def _stopped_after(seconds: float) -> Iterator[None]:
    """Raise OutOfTime in the block after some seconds; another timer goes on afterwards."""
    main = threading.current_thread() is threading.main_thread()
    if not (main and hasattr(signal, "setitimer")):
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        raise OutOfTime

    handler = signal.signal(signal.SIGALRM, stop)
    earlier = signal.setitimer(signal.ITIMER_REAL, seconds, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, *earlier)

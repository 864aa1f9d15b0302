"""Estimate how long a training still takes, from the time of its steps so far."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from snnlab.learning.fit import Batch


class TimeLeft:
    """Estimates the seconds left from the mean time per step, after the first one.

    The first step is slower, so its time does not count. Time between steps, such as the validation
    after each epoch, does.

    Args:
        clock: seconds, never going back.

    Example:
        >>> left = TimeLeft()
        >>> fit(net, data, SingleStep(), seed=0, on_batch=lambda batch: print(left.after(batch)))
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.first: tuple[int, float] | None = None  # number and time of the first step

    def after(self, batch: Batch) -> float:
        """Seconds until training ends; 0 before a second step."""
        now = self.clock()
        if self.first is None:
            self.first = (batch.step, now)
        done = batch.step - self.first[0]
        return (now - self.first[1]) / done * (batch.steps - batch.step) if done else 0.0


def left_in_words(seconds: float) -> str:
    """A time that is left: "12 s left", "3 min left"; empty below a second.

    Example:
        >>> left_in_words(200)
        '3 min left'
    """
    return "" if seconds < 1 else f"{in_words(seconds)} left"


def in_words(seconds: float) -> str:
    """A time in one number: "12 s", "3 min", "2 h".

    Example:
        >>> in_words(9000)
        '2 h'
    """
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 100 * 60 else f"{seconds / 3600:.0f} h"

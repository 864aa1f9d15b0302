"""Time several pieces of work against each other."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Hashable, Mapping
from typing import TypeVar

import torch
from tqdm.auto import tqdm

from snnlab.measure.speed import stopwatch

Key = TypeVar("Key", bound=Hashable)
WARM_UP = 2
"""Rounds that are not counted."""


def alternate(
    work: Mapping[Key, Callable[[], object]],
    rounds: int,
    device: torch.device,
    *,
    calls: int = 1,
    progress: bool = False,
) -> dict[Key, list[float]]:
    """Milliseconds of each piece of work in each round, all pieces taking turns.

    Taking turns spreads a disturbance of the machine over all of them, so that ratios hold
    where absolute times do not. On one CPU thread processor time counts, see `stopwatch`.

    Args:
        work: what to time, by name.
        rounds: counted rounds.
        device: waited for before the clock is read.
        calls: of a piece in a round, one after the other without waiting; the time is that of one.
        progress: show a progress bar, if there is a terminal.
    """
    clock = stopwatch(device)
    times: dict[Key, list[float]] = {name: [] for name in work}
    bar = tqdm(range(WARM_UP + rounds), desc="bench", disable=None if progress else True)
    for turn in bar:
        for name, function in work.items():
            wait(device)
            started = clock()
            for _ in range(calls):
                function()
            wait(device)
            if turn >= WARM_UP:
                times[name].append(1e3 * (clock() - started) / calls)
    return times


def median_ratio(times: list[float], reference: list[float]) -> float:
    """Median over the rounds of the ratio within a round."""
    return statistics.median(a / b for a, b in zip(times, reference, strict=True))


def wait(device: torch.device) -> None:
    """Wait until the device has done all work given to it."""
    if device.type != "cpu":
        torch.accelerator.synchronize(device)

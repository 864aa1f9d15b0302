"""Accuracy against timesteps of many runs: grouped by method, and as a table."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import TypedDict

from snnlab.experiment.store import Run, RunError

COLUMNS = ("method", "seed", "timesteps", "accuracy")


class MethodCurve(TypedDict):
    """Runs that differ only in the seed, as `show.accuracy_against_timesteps` takes them."""

    timesteps: list[int]
    """(n,)"""
    accuracy: list[list[float]]
    """(seeds, n), in percent."""


def curves_by_method(runs: Iterable[Run], timesteps: list[int]) -> dict[str, MethodCurve]:
    """Accuracy of finished spiking runs at the given T, by method, seeds in rising order.

    Raises:
        RunError: a run without accuracies at these T.
    """
    curves: dict[str, MethodCurve] = {}
    for run in sorted(runs, key=lambda run: run.config.seed if run.config else 0):
        missing = [T for T in timesteps if T not in run.accuracy]
        if run.config is None or missing:
            raise RunError(f"run {run.id!r} ({run.status}) has no accuracy at T = {missing}")
        curve = curves.setdefault(run.config.method, {"timesteps": list(timesteps), "accuracy": []})
        curve["accuracy"].append([run.accuracy[T] for T in timesteps])
    return curves


def accuracy_table(runs: Iterable[Run]) -> str:
    """CSV of every measured accuracy, in percent, columns as in `COLUMNS`."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for run in runs:
        for T, accuracy in run.accuracy.items():
            if run.config is not None:
                writer.writerow((run.config.method, run.config.seed, T, f"{accuracy:.4f}"))
    return text.getvalue()


def powers_of_two(highest: int) -> list[int]:
    """1, 2, 4, ... up to `highest`, which is included."""
    powers = [2**k for k in range(highest.bit_length()) if 2**k <= highest]
    return powers if powers[-1] == highest else [*powers, highest]

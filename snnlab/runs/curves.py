"""Accuracy against timesteps in JSON files and as CSV."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from snnlab.measure.curve import AccuracyCurve
from snnlab.runs.store import Run

ACCURACY_CSV = "accuracy_vs_timesteps.csv"
"""The name of a CSV file with accuracies."""
COLUMNS = ("method", "seed", "timesteps", "accuracy")


def curve_of(entry: Mapping[str, Any]) -> AccuracyCurve:
    """The accuracy by T in an entry of a race, a sweep or the laboratory, or in its `subset`.

    For a network of activation functions it is that of its first conversion, the best practice.

    Raises:
        ValueError: the entry has no valid accuracy by T.
    """
    best = next(iter(conversions_of(entry).values()), None)
    return AccuracyCurve.from_entries(entry) if best is None else best


def conversions_of(subset: Mapping[str, Any]) -> dict[str, AccuracyCurve]:
    """Every conversion of a network of activation functions, best practice first."""
    found = subset.get("conversions", {})
    return {name: AccuracyCurve.from_json(curve) for name, curve in found.items()}


def accuracy_csv(runs: Iterable[Run], names: Mapping[str, str] | None = None) -> str:
    """CSV of every measured accuracy, in percent, columns as in `COLUMNS`.

    Args:
        runs: finished ones.
        names: texts for the column of the method, by the id of a run, if methods are ambiguous.
    """
    from pandas import DataFrame

    names = names or {}
    rows = [
        (names.get(run.id, run.config.method), run.config.seed, T, f"{accuracy:.4f}")
        for run in runs
        if run.config is not None
        for T, accuracy in run.accuracy.items()
    ]
    return DataFrame(rows, columns=list(COLUMNS)).to_csv(index=False, lineterminator="\n")

"""Accuracy against timesteps as JSON files hold it, and as CSV."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from snnlab.measure.curve import AccuracyCurve
from snnlab.runs.store import Run

ACCURACY_CSV = "accuracy_vs_timesteps.csv"
"""The name of a file that holds it."""
COLUMNS = ("method", "seed", "timesteps", "accuracy")


def curve_of(entry: Mapping[str, Any]) -> AccuracyCurve:
    """What an entry of a race, a sweep or the laboratory holds, or the `subset` of one.

    Of a network of activation functions, its first conversion, which is the best practice.

    Raises:
        ValueError: something else stands where accuracy by T should.
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
        names: what stands for the method, by the id of a run, where it alone does not tell.
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

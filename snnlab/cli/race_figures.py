"""The figures of a race: accuracy against timesteps, training time, operations, early exit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from snnlab.measure.curve import SeedCurves
from snnlab.runs.curves import curve_of
from snnlab.show.accuracy import accuracy_against_timesteps
from snnlab.show.cost import CostCurve, accuracy_against_cost
from snnlab.show.page import blank_axes
from snnlab.show.saving import save
from snnlab.studies.race import TERMS, by_method

Entry = dict[str, Any]


def draw(race: dict[str, Any], folder: Path) -> list[Path]:
    """Write all figures of a finished race as PNG and SVG; returns the paths."""
    equal_epochs = by_method(race, TERMS[0])
    T = race["race"]["start"]["bptt_timesteps"]
    T = min(T, *(max(curve_of(runs[0])) for runs in equal_epochs.values()))
    images = next(iter(equal_epochs.values()))[0]["subset"]["images"]
    figures = {
        "accuracy_vs_timesteps": accuracy_against_timesteps(
            {
                method: SeedCurves.of(curve_of(run["subset"]).thinned() for run in runs)
                for method, runs in equal_epochs.items()
            },
            ax=blank_axes(),
            title=f"Accuracy against timesteps, first {images:,} test images",
        ),
        "accuracy_vs_training_time": accuracy_against_cost(
            training_curves(race, T),
            "Training time (s)",
            note=f"At T = {T}; one point with equal epochs, one with equal time",
            ax=blank_axes(),
            title="Accuracy against training time",
        ),
        "accuracy_vs_operations": accuracy_against_cost(
            {method: operations_curve(runs) for method, runs in equal_epochs.items()},
            "Synaptic operations per image",
            note="Points: T = 1, 2, 4 and so on",
            ax=blank_axes(),
            title="Accuracy against operations",
        ),
        "early_exit": accuracy_against_cost(
            {method: exit_curve(runs) for method, runs in equal_epochs.items()},
            "Timesteps per image, mean",
            note="Points: thresholds of the confidence at which an image stops",
            ax=blank_axes(),
            title="Early exit",
        ),
    }
    return [path for name, ax in figures.items() for path in save(ax, folder / name)]


def training_curves(race: dict[str, Any], T: int) -> dict[str, CostCurve]:
    """Training seconds and accuracy at T, a point per set of terms."""
    groups = [by_method(race, terms) for terms in TERMS]
    return {
        method: cost_curve(
            runs,
            [group[method] for group in groups if method in group],
            lambda run: (run["training_seconds"], curve_of(run)[T]),
        )
        for method, runs in groups[0].items()
    }


def cost_curve(
    runs: list[Entry], columns: list[list[Entry]], point: Callable[[Entry], tuple[float, float]]
) -> CostCurve:
    """Points (cost, accuracy): a row per seed of `runs`, a column per list of runs."""
    rows = [[point(column[i]) for column in columns] for i in range(len(runs))]
    return {
        "cost": [[cost for cost, _ in row] for row in rows],
        "accuracy": [[accuracy for _, accuracy in row] for row in rows],
    }


def operations_curve(runs: list[Entry]) -> CostCurve:
    """Synaptic operations and accuracy at powers of two, on all test images."""
    curves = SeedCurves.of(curve_of(run).thinned() for run in runs)
    operations = [run["cost"]["synaptic_operations"] for run in runs]
    return {
        "cost": [[max(by_T[T - 1], 1.0) for T in curves.timesteps] for by_T in operations],
        "accuracy": curves.accuracy,
    }


def exit_curve(runs: list[Entry]) -> CostCurve:
    """Mean timesteps and accuracy at each threshold."""
    return {
        "cost": [[point["mean_timesteps"] for point in run["early_exit"]] for run in runs],
        "accuracy": [[point["accuracy"] for point in run["early_exit"]] for run in runs],
    }

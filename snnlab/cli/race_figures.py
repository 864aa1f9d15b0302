"""Figures of a race: accuracy over timesteps, training time, operations, early exit; its film."""

from __future__ import annotations

from pathlib import Path

from matplotlib.axes import Axes

from snnlab.measure.curve import SeedCurves
from snnlab.runs.curves import curve_of
from snnlab.show.accuracy import accuracy_against_timesteps
from snnlab.show.cost import CostCurve, accuracy_against_cost
from snnlab.show.described import TRAINING_TIME
from snnlab.show.films.race import race as film_of
from snnlab.show.page import blank_axes
from snnlab.studies.race import TERMS, by_method
from snnlab.studies.recorded_race import recorded_runs
from snnlab.studies.study import Entry, Result


def draw(race: Result) -> dict[str, Axes]:
    """All figures of a finished race, by file."""
    equal_epochs = by_method(race, TERMS[0])
    T = race["race"]["start"]["bptt_timesteps"]
    T = min(T, *(max(curve_of(runs[0])) for runs in equal_epochs.values()))
    images = next(iter(equal_epochs.values()))[0]["subset"]["images"]
    return {
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
            TRAINING_TIME,
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


def film_page(race: Result, folder: Path) -> str:
    """The race as a film, a page that plays from disk; empty without validation images.

    Without these the accuracy after each epoch is unknown, so there is nothing to show.
    """
    if not race["race"]["start"]["data"]["validation_fraction"]:
        return ""
    return film_of(recorded_runs(race, folder)).page()


def training_curves(race: Result, T: int) -> dict[str, CostCurve]:
    """Training seconds and accuracy at T, a point per set of terms."""
    terms = [by_method(race, each) for each in TERMS]
    seeds = {
        method: list(zip(*(each[method] for each in terms if method in each), strict=True))
        for method in terms[0]
    }
    return {
        method: {
            "cost": [[run["training_seconds"] for run in runs] for runs in by_seed],
            "accuracy": [[curve_of(run)[T] for run in runs] for runs in by_seed],
        }
        for method, by_seed in seeds.items()
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

"""The figures of the noise laboratory."""

from __future__ import annotations

from collections.abc import Callable
from statistics import mean
from typing import Any

from matplotlib.axes import Axes

from snnlab.measure.curve import SeedCurves
from snnlab.neuron.spec import Noise
from snnlab.runs.curves import curve_of
from snnlab.runs.methods import PAIR, PLAIN
from snnlab.show.accuracy import accuracy_against_timesteps
from snnlab.show.error_parts import PARTS, error_parts_by_stage, error_size
from snnlab.show.laboratory import (
    STRENGTH_PANEL,
    accuracy_against_sigma,
    accuracy_against_strength,
    against_reference,
)
from snnlab.show.page import blank_axes, blank_grid, blank_panels
from snnlab.show.potentials import STAGE_PANEL, histogram_of, residual_histograms
from snnlab.studies.breaks import Breaks
from snnlab.studies.calibration import VARIANTS, Calibration
from snnlab.studies.noise_sweep import NONE, NoiseSweep
from snnlab.studies.robustness import KINDS, Robustness
from snnlab.studies.study import Entry, Result, groups
from snnlab.studies.switches import REFERENCE

MOST_BELOW = 10.0
"""The accuracy axes reach at most this many points below the best mean."""
LEFT_OUT = ("matched Gaussian", "calibrated by residuals")
"""Leaky variants that the table has and the figure leaves out."""


def draw_calibration(result: Result) -> dict[str, Axes]:
    """Residuals of the first seed over the noise of the training; leaky neurons against T."""
    first = result["asked"]["seeds"][0]
    stages = [histogram_of(e) for e in result["residuals"] if e["seed"] == first]
    noise = Noise(**result["asked"]["start"]["noise"])
    title = "Residuals, and the noise that stood for them"
    axes = blank_grid(len(stages), panel=STAGE_PANEL)
    residual_histograms(stages, noise=noise, axes=axes, title=title)
    return {"residuals": axes[0]} | {
        f"leak_{beta:g}".replace(".", "_"): accuracy_against_timesteps(
            leak_curves(result["leaks"], beta),
            names={PLAIN: "IF neurons"},
            ax=blank_axes(),
            title=f"Leaky neurons, beta = {beta:g}",
        )
        for beta in result["asked"]["betas"]
    }


def leak_curves(entries: list[Entry], beta: float) -> dict[str, SeedCurves]:
    """Accuracy of the IF network, which looks like the method noise, and of one leak's variants."""
    found = curves_of(groups(entries, "variant", "beta"))
    shown = [variant for variant in VARIANTS if variant not in LEFT_OUT]
    return {PLAIN: found["IF", 1.0]} | {variant: found[variant, beta] for variant in shown}


def curves_of(entries: dict[Any, list[Entry]]) -> dict[Any, SeedCurves]:
    """Accuracy against T of groups of networks that differ only in the seed."""
    return {name: SeedCurves.of(map(curve_of, found)) for name, found in entries.items()}


def draw_sweep(result: Result) -> dict[str, Axes]:
    """Accuracy against sigma: at each T for each family, and for all families at the highest T."""
    points, families = result["points"], result["asked"]["families"]
    shown = curve_of(points[0]).timesteps
    by_family = {name: [p for p in points if p["family"] in (name, NONE)] for name in families}
    figures = {}
    for family, own in by_family.items():
        curves = {f"T = {T}": curves_over("sigma", own, T) for T in shown}
        title = f"{family.capitalize()} noise"
        figures[f"sigma_{family}"] = sigma_axes(curves, title, ordered=True)
    curves = {f: curves_over("sigma", own, shown[-1]) for f, own in by_family.items()}
    title = f"Families of noise, T = {shown[-1]}"
    return figures | {"families": sigma_axes(curves, title, ordered=False)}


def sigma_axes(curves: dict[str, SeedCurves], title: str, *, ordered: bool) -> Axes:
    """Accuracy against sigma, see `accuracy_against_sigma`."""
    low = bottom(curves)
    return accuracy_against_sigma(curves, ordered=ordered, low=low, ax=blank_axes(), title=title)


def curves_over(setting: str, points: list[Entry], T: int) -> SeedCurves:
    """Accuracy at T against a setting of the points, one row per seed."""
    rows = [
        {point[setting]: curve_of(point)[T] for point in own}
        for own in groups(points, "seed").values()
    ]
    x = sorted(rows[0])
    return SeedCurves(tuple(x), tuple(tuple(row[at] for at in x) for row in rows))


def bottom(curves: dict[str, SeedCurves]) -> float | None:
    """Where the accuracy axis begins if the lowest mean is too far below the best one."""
    means = [mean for seeds in curves.values() for mean in seeds.mean]
    low = max(means) - MOST_BELOW
    return low if min(means) < low else None


def draw_break(result: Result) -> dict[str, Axes]:
    """Accuracy against T under each switch, and the parts of the error."""
    by_name = groups(result["entries"], "name")
    curves, figures = curves_of(by_name), dict[str, Axes]()
    if len(curves) > 1:
        figures["switches"] = against_reference(
            curves,
            REFERENCE.name,
            axes=blank_grid(len(curves) - 1),
            low=bottom(curves),
            title="What breaks lossless conversion",
        )[0]
    sizes = {name: part_sizes(found) for name, found in by_name.items()}
    T = result["asked"]["error_timesteps"]
    figures["error_parts"] = error_parts_by_stage(
        sizes,
        axes=blank_panels(len(PARTS), size=error_size(len(sizes))),
        title=f"Error at T = {T}: root mean square by stage",
    )[0]
    return figures


def part_sizes(entries: list[Entry]) -> dict[str, list[float]]:
    """Root mean square of each part in each stage, means over seeds."""
    stages = list(zip(*(entry["errors"] for entry in entries), strict=True))
    return {
        part: [mean(stage["root_mean_square"][part] for stage in seeds) for seeds in stages]
        for part in PARTS
    }


def draw_robustness(result: Result) -> dict[str, Axes]:
    """Accuracy against the strength of each disturbance, at the lowest and the highest T."""
    figures, points = {}, result["points"]
    lines = groups(points, "kind", "method")
    shown = curve_of(points[0]).timesteps
    for T in dict.fromkeys([shown[0], shown[-1]]):
        kinds = {
            kind: {method: curves_over("strength", lines[kind, method], T) for method in PAIR}
            for kind in KINDS
        }
        axes = blank_grid(len(kinds), panel=STRENGTH_PANEL)
        title = f"Robustness at T = {T}"
        figures[f"robustness_{T}"] = accuracy_against_strength(kinds, axes=axes, title=title)[0]
    return figures


DRAW: dict[str, Callable[[Result], dict[str, Axes]]] = {
    Calibration.name: draw_calibration,
    NoiseSweep.name: draw_sweep,
    Breaks.name: draw_break,
    Robustness.name: draw_robustness,
}
"""The function that draws the figures of each experiment, by file."""

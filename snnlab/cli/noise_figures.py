"""The figures of the noise laboratory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from snnlab.measure.curve import SeedCurves
from snnlab.neuron.spec import Noise
from snnlab.runs.curves import curve_of
from snnlab.runs.methods import PAIR, PLAIN
from snnlab.runs.tables import groups
from snnlab.show.accuracy import accuracy_against_timesteps
from snnlab.show.error_parts import PARTS, error_parts_by_stage, error_size
from snnlab.show.laboratory import (
    accuracy_against_sigma,
    accuracy_against_strength,
    against_reference,
)
from snnlab.show.page import blank_axes, blank_grid, blank_panels
from snnlab.show.potentials import histogram_of, residual_histograms
from snnlab.show.saving import save
from snnlab.studies.laboratory_breaks import BREAK
from snnlab.studies.laboratory_calibration import CALIBRATE, VARIANTS
from snnlab.studies.laboratory_robustness import KINDS, ROBUSTNESS
from snnlab.studies.laboratory_sweep import NONE, SWEEP
from snnlab.studies.switches import REFERENCE

Result = dict[str, Any]
Entry = dict[str, Any]

MOST_BELOW = 10.0
"""The accuracy axes reach at most this many points below the best mean."""

LEFT_OUT = ("matched Gaussian", "calibrated by residuals")
"""Leaky variants that the table has and the figure leaves out."""


def draw_calibration(result: Result, folder: Path) -> list[Path]:
    """Residuals of the first seed over the noise of the training; leaky neurons against T."""
    first = result["asked"]["seeds"][0]
    stages = [histogram_of(e) for e in result["residuals"] if e["seed"] == first]
    noise = Noise(**result["asked"]["start"]["noise"])
    title = "Residuals, and the noise that stood for them"
    axes = residual_histograms(stages, noise=noise, axes=blank_grid(len(stages)), title=title)
    files = save(axes[0], folder / "residuals")
    for beta in result["asked"]["betas"]:
        curves = leak_curves(result["leaks"], beta)
        ax = accuracy_against_timesteps(
            curves,
            names={PLAIN: "IF neurons"},
            ax=blank_axes(),
            title=f"Leaky neurons, beta = {beta:g}",
        )
        files += save(ax, folder / f"leak_{beta:g}".replace(".", "_"))
    return files


def leak_curves(entries: list[Entry], beta: float) -> dict[str, SeedCurves]:
    """Accuracy of the IF network, which looks like the method noise, and of one leak's variants."""
    chosen = {PLAIN: [e for e in entries if e["variant"] == "IF"]}
    for variant in VARIANTS:
        if variant not in LEFT_OUT:
            chosen[variant] = [e for e in entries if (e["variant"], e["beta"]) == (variant, beta)]
    return {name: SeedCurves.of(map(curve_of, found)) for name, found in chosen.items()}


def draw_sweep(result: Result, folder: Path) -> list[Path]:
    """Accuracy against sigma: at each T for each family, and for all families at the highest T."""
    points, families = result["points"], result["asked"]["families"]
    shown = curve_of(points[0]).timesteps
    by_family = {name: [p for p in points if p["family"] in (name, NONE)] for name in families}
    files = []
    for family, own in by_family.items():
        curves = {f"T = {T}": curves_over("sigma", own, T) for T in shown}
        title = f"{family.capitalize()} noise"
        files += save_sweep(curves, folder / f"sigma_{family}", title, ordered=True)
    curves = {f: curves_over("sigma", own, shown[-1]) for f, own in by_family.items()}
    return files + save_sweep(curves, folder / "families", f"Families of noise, T = {shown[-1]}")


def save_sweep(
    curves: dict[str, SeedCurves], path: Path, title: str, *, ordered: bool = False
) -> list[Path]:
    """One figure of accuracy against sigma, see `accuracy_against_sigma`; returns the paths."""
    low = bottom(curves)
    ax = accuracy_against_sigma(curves, ordered=ordered, low=low, ax=blank_axes(), title=title)
    return save(ax, path)


def curves_over(setting: str, points: list[Entry], T: int) -> SeedCurves:
    """Accuracy at T against a setting of the points, one row per seed."""
    by_seed: dict[int, dict[float, float]] = {}
    for point in points:
        by_seed.setdefault(point["seed"], {})[point[setting]] = curve_of(point)[T]
    x = sorted(next(iter(by_seed.values())))
    return SeedCurves(tuple(x), tuple(tuple(found[at] for at in x) for found in by_seed.values()))


def bottom(curves: dict[str, SeedCurves]) -> float | None:
    """Where the accuracy axis begins if the lowest mean is too far below the best one."""
    means = [mean for seeds in curves.values() for mean in seeds.mean]
    low = max(means) - MOST_BELOW
    return low if min(means) < low else None


def draw_break(result: Result, folder: Path) -> list[Path]:
    """Accuracy against T under each switch, and the parts of the error."""
    by_name = groups(result["entries"], lambda entry: entry["name"])
    curves = {name: SeedCurves.of(map(curve_of, found)) for name, found in by_name.items()}
    files: list[Path] = []
    if len(curves) > 1:
        axes = against_reference(
            curves,
            REFERENCE.name,
            axes=blank_grid(len(curves) - 1),
            low=bottom(curves),
            title="What breaks lossless conversion",
        )
        files += save(axes[0], folder / "switches")
    sizes = {name: part_sizes(found) for name, found in by_name.items()}
    T = result["asked"]["error_timesteps"]
    axes = error_parts_by_stage(
        sizes,
        axes=blank_panels(len(PARTS), size=error_size(len(sizes))),
        title=f"Error at T = {T}: root mean square by stage",
    )
    return files + save(axes[0], folder / "error_parts")


def part_sizes(entries: list[Entry]) -> dict[str, list[float]]:
    """Root mean square of each part in each stage, means over seeds."""
    stages = zip(*(entry["errors"] for entry in entries), strict=True)
    found = [[stage["root_mean_square"] for stage in seeds] for seeds in stages]
    return {part: [sum(s[part] for s in seeds) / len(seeds) for seeds in found] for part in PARTS}


def draw_robustness(result: Result, folder: Path) -> list[Path]:
    """Accuracy against the strength of each disturbance, at the lowest and the highest T."""
    files = []
    points = result["points"]
    lines = groups(points, lambda point: (point["kind"], point["method"]))
    shown = curve_of(points[0]).timesteps
    for T in dict.fromkeys([shown[0], shown[-1]]):
        kinds = {
            kind: {method: curves_over("strength", lines[kind, method], T) for method in PAIR}
            for kind in KINDS
        }
        axes = accuracy_against_strength(
            kinds, axes=blank_grid(len(kinds), panel=(5.2, 4.8)), title=f"Robustness at T = {T}"
        )
        files += save(axes[0], folder / f"robustness_{T}")
    return files


DRAW: dict[str, Callable[[Result, Path], list[Path]]] = {
    CALIBRATE: draw_calibration,
    SWEEP: draw_sweep,
    BREAK: draw_break,
    ROBUSTNESS: draw_robustness,
}
"""Experiment to what draws its result as PNG and SVG and returns the paths."""

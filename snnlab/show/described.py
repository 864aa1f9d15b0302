"""Names of axes, limits, densities and alternative text of pictures.

Figures of matplotlib and charts of Altair that show the same use the same functions from here.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from snnlab.measure.curve import SeedCurves
from snnlab.neuron.spec import MATCHED_SIGMA, Noise
from snnlab.show.arrays import Floats

if TYPE_CHECKING:
    from snnlab.measure.one_neuron import OneNeuron
    from snnlab.measure.residuals import ResidualSummary

TIMESTEPS, STEP, EPOCH = "Timesteps T", "Timestep t", "Epoch"
ACCURACY, VALIDATION = "Test accuracy (%)", "Validation accuracy (%)"
OWN_SPIKES = "own spikes, several T"
"""The label of the epochs of a rates phase."""
TRAINING_TIME = "Training time (s)"
POTENTIAL, RESIDUAL = "Membrane potential (v_th)", "Residual (v_th)"
SIGMA = "Noise σ (v_th)"
DENSITY = "Density (1/v_th)"
CURRENT, RATE = "Current (v_th)", "Rate (spikes per timestep)"
CHARGE, RESET, SPIKE, INFLOW = "charge: v[t-1] to h[t]", "reset: h[t] to v[t]", "spike", "current"
"""Names in keys of what happens to a neuron."""

DRAWING, SEEN = "Your drawing", "What the network sees"
"""The title of a drawing, and the caption of every input image."""

Points = tuple[Sequence[float], Sequence[float]]
"""Positions and values of a line."""

_MOST_POINTS, _MOST_SPIKES = 6, 20
_MERGED = 5
"""How many bins of the measurement are merged into one bin of a picture."""
_NOISE_SPAN, _NOISE_POINTS = (-4.0, 5.0), 361
"""Span in units of v_th, and points, of the density of noise; wide enough for the widest noise."""
_WIDE_BINS = 120
"""Bins of a picture that also shows drifting neurons: about so many, or fewer."""


def accuracy_limits(values: Iterable[float]) -> tuple[float, float]:
    """Limits around accuracies in percent, never above 100."""
    low, high = min(values := list(values)), max(values)
    margin = max(0.07 * (high - low), 0.3)
    return low - margin, min(high + margin, 100)


def accuracy_words(curves: Mapping[str, SeedCurves]) -> str:
    """Accuracy against T in words: the mean of each curve at its first and last T."""
    parts = []
    for name, found in curves.items():
        count = "1 seed" if found.seeds == 1 else f"{found.seeds} seeds"
        parts.append(f"{ends_in_words(name, found)} ({count})")
    return f"Mean test accuracy against timesteps. {'; '.join(parts)}."


def ends_in_words(name: str, curves: SeedCurves) -> str:
    """Mean accuracy at the first and the last T."""
    ends = dict.fromkeys([(curves.x[0], curves.mean[0]), (curves.x[-1], curves.mean[-1])])
    return f"{name}: {' and '.join(f'{mean:.2f} % at T = {T:g}' for T, mean in ends)}"


def map_words(means: Mapping[str, Mapping[int, float]]) -> str:
    """Mean accuracies of many settings in words: the best of each."""
    parts = []
    for name, mean in means.items():
        best = max(mean, key=lambda T: mean[T])
        parts.append(f"{name}: best {mean[best]:.2f} % at T = {best:g}")
    return f"Mean test accuracy of {len(means)} settings against timesteps. {'; '.join(parts)}."


def sigma_name(sigma: float) -> str:
    """A sigma as text; the sigma that matches the residual is written as a formula."""
    return "1/√12" if sigma == MATCHED_SIGMA else f"{sigma:.4g}"


def sigma_map_words(
    curves: Mapping[float, SeedCurves], best: Collection[float], sigmas: int
) -> str:
    """The map of sigma and T in words: how many rows are measured, the best, that without noise.

    Args:
        curves: accuracy by sigma, of the measured rows.
        best: the sigmas that validation images choose.
        sigmas: rows of the map.
    """
    parts = [f"{len(curves)} of {sigmas} values of sigma are measured"]
    if curves:
        names = {sigma: f"sigma {sigma:.4g}" for sigma in sorted(curves)}
        means = {
            name: dict(zip(curves[sigma].timesteps, curves[sigma].mean, strict=True))
            for sigma, name in names.items()
        }
        parts.append(map_words(means).removesuffix("."))
        ends = {sigma: ends_in_words(name, curves[sigma]) for sigma, name in names.items()}
        if best:
            chosen = "; ".join(ends[sigma] for sigma in sorted(best))
            parts.append(f"Best on the validation images: {chosen}")
        if 0 in ends:
            parts.append(f"Without noise: {ends[0]}")
    return f"Map of sigma and T. {'. '.join(parts)}."


def cost_words(cost: str, lines: Mapping[str, Points]) -> str:
    """Accuracy against a cost in words: all points of a line, or the first, last and best."""
    parts = []
    for name, (costs, accuracy) in lines.items():
        points = [f"{y:.2f} % at {three_digits(x)}" for x, y in zip(costs, accuracy, strict=True)]
        told = ", ".join(points)
        if len(points) > _MOST_POINTS:
            best = points[int(np.argmax(accuracy))]
            told = f"from {points[0]} to {points[-1]}, best {best}"
        parts.append(f"{name}: {told}")
    return f"Mean test accuracy against {cost[0].lower()}{cost[1:]}. {'; '.join(parts)}."


def three_digits(number: float) -> str:
    """A number with three significant digits, without a power of ten.

    Example:
        >>> three_digits(18_934.0)
        '18,900'
    """
    return f"{float(f'{number:.3g}'):,.15g}"


def with_minus(number: str) -> str:
    """A number as text, with a true minus in place of a hyphen."""
    return number.replace("-", "\u2212")


def training_words(
    what: str,
    epochs: Sequence[float] | Floats,
    lines: Mapping[str, Sequence[float] | Floats],
    own_spikes: Sequence[int] = (),
) -> str:
    """Values by epoch in words: the first and the last of each line.

    Args:
        what: name of the value, with its unit.
        epochs: the epochs; a line of an unfinished training has values for the first of them only.
        lines: the values by name.
        own_spikes: the first epochs of rates phases.
    """
    late = "".join(f" From epoch {first} on: {OWN_SPIKES}." for first in own_spikes)
    parts = [
        f"{name}: {y[0]:.3g} after epoch {epochs[0]:g}"
        + (f", {y[-1]:.3g} after epoch {epochs[len(y) - 1]:g}" if len(y) > 1 else "")
        for name, y in lines.items()
    ]
    return (f"{what} by epoch. {'; '.join(parts)}." if parts else f"{what} by epoch.") + late


def trace_words(h: Sequence[float], spikes: Sequence[float], v_th: float, v_init: float) -> str:
    """The potential of a neuron in words: when it fires, and its highest value.

    Args:
        h: potential before firing (T,).
        spikes: 0 or 1 (T,).
        v_th: threshold, in the unit of h.
        v_init: potential before the first timestep; nan if it is not known.
    """
    times = [f"{t}" for t, fired in enumerate(spikes, 1) if fired]
    start = f" from v_init = {v_init / v_th:g} v_th" if np.isfinite(v_init) else ""
    more = ", ..." * (len(times) > _MOST_SPIKES)
    listed = f"{', '.join(times[:_MOST_SPIKES])}{more}"
    fired = f"{len(times)} spike{'s' * (len(times) > 1)}, at t = {listed}" if times else "no spikes"
    time = f"{len(h)} timestep{'s' * (len(h) > 1)}"
    return (
        f"Membrane potential of one neuron over {time}{start}: {fired}; "
        f"highest potential before firing {max(h) / v_th:.2f} v_th."
    )


def current_words(currents: Sequence[float], v_th: float) -> str:
    """The currents into a neuron in words.

    Args:
        currents: (T,).
        v_th: threshold, in the unit of the currents.

    Example:
        >>> current_words([0.5, -0.2, 0.9], 1.0)
        'Current from -0.20 to 0.90 v_th, mean 0.40.'
    """
    parts = np.asarray(currents) / v_th
    low, high = parts.min(), parts.max()
    if low == high:
        return f"Current {low:.2f} v_th at each timestep."
    return f"Current from {low:.2f} to {high:.2f} v_th, mean {parts.mean():.2f}."


def beside_words(left: Sequence[float], noise: Noise | None, v_th: float) -> str:
    """Mean and deviation of the residuals of a neuron, and of the noise that replaces them.

    Args:
        left: v[t-1], one per timestep.
        noise: None if there is none.
        v_th: threshold, in the unit of `left`.
    """
    parts = np.asarray(left) / v_th
    carried = f"Left over: mean {parts.mean():.2f}, deviation {parts.std():.2f} v_th"
    if noise is None:
        return f"{carried}; no noise stands for it."
    return f"{carried}; noise in its place: mean {noise.mu:.2f}, deviation {noise.sigma:.2f} v_th."


def binned(values: Floats, span: tuple[float, float], bins: int) -> tuple[Floats, Floats]:
    """Density of values in each bin; the total area is the share of values inside the span.

    Returns:
        Densities (bins,) and edges (bins + 1,).
    """
    counts, edges = np.histogram(values, bins, span)
    return counts / (len(values) * np.diff(edges)), edges


def residual_bins(found: ResidualSummary) -> tuple[Floats, Floats]:
    """Density of the residuals of a stage, and the edges of its bins, in units of v_th."""
    density = np.asarray(found.density).reshape(-1, _MERGED).mean(axis=1)
    return density, np.asarray(found.edges)[::_MERGED]


@lru_cache(1)
def noise_points() -> Floats:
    """Potentials at which the density of a noise is drawn, in units of v_th."""
    return np.linspace(*_NOISE_SPAN, _NOISE_POINTS)


def noise_density(noise: Noise, x: Floats) -> Floats:
    """Density of a noise at potentials in units of v_th, same shape."""
    import torch  # here, as figures do not load torch

    z = torch.as_tensor((x - noise.mu) / noise.sigma, dtype=torch.float64)
    density: Floats = (noise.law.density(z) / noise.sigma).numpy()
    return density


def wide_bins(
    found: ResidualSummary, group: str, span: tuple[float, float]
) -> tuple[Floats, Floats]:
    """Density of the residuals of a group of neurons over a span in units of v_th, and the edges.

    The span lies inside the wide range of `residuals`, and has about `_WIDE_BINS` bins, or fewer.
    """
    from snnlab.measure.residuals import WIDE_BINS_PER_THRESHOLD, WIDE_RANGE

    fine = np.asarray(found.wide[group])
    merged = max(1, round(WIDE_BINS_PER_THRESHOLD * (span[1] - span[0]) / _WIDE_BINS))
    first, last = (WIDE_BINS_PER_THRESHOLD * (end - WIDE_RANGE[0]) for end in span)
    bins = max(1, int(np.ceil((last - first) / merged)))
    places = int(first) + merged * np.arange(bins + 1)
    sums = np.concatenate([[0.0], fine.cumsum()])
    density = np.diff(sums[np.clip(places, 0, len(fine))]) / merged
    return density, places / WIDE_BINS_PER_THRESHOLD + WIDE_RANGE[0]


def drifted_span(found: ResidualSummary, usual: tuple[float, float]) -> tuple[float, float] | None:
    """The usual span, widened to hold 90 % of the residuals of active neurons.

    None if the usual span holds them, or if drifting neurons were not measured.
    """
    low, high = (wide_quantiles(found, "active") if found.wide else None) or usual
    if usual[0] <= low and high <= usual[1]:
        return None
    return min(low, usual[0]), max(high, usual[1])


def wide_quantiles(found: ResidualSummary, group: str) -> tuple[float, float] | None:
    """Potentials between which 90 % of the residuals of a group lie; None if it is empty."""
    from snnlab.measure.residuals import WIDE_RANGE, edges_of

    reached = np.asarray(found.wide[group]).cumsum()
    if not reached[-1] > 0:
        return None
    edges = edges_of(WIDE_RANGE, len(reached))
    low, high = np.searchsorted(reached / reached[-1], (0.05, 0.95))
    return edges[low], edges[high + 1]


def residual_words(stage: str, found: ResidualSummary) -> str:
    """The residuals of a stage in words: mean, deviation, shares of active and other neurons."""
    moments = f"mean {found.mean:.2f}, deviation {found.std:.2f}; " if found.std >= 0 else ""
    return (
        f"Residual potentials of {stage} in units of v_th: {whole_percent(found.active)} of the "
        f"neurons active, {moments}{whole_percent(found.silent)} silent, "
        f"{whole_percent(found.saturated)} saturated, not shown."
    )


def image_title(number: int, label: str) -> str:
    """The title of a test image: its number and the name of its class.

    Example:
        >>> image_title(17, "5")
        'Test image 17, of class 5'
    """
    return f"Test image {number}, of class {label}"


def one_neuron_words(found: OneNeuron, noise: Noise | None) -> str:
    """The residuals of one neuron over many images in words, and whether the noise fits.

    Args:
        found: from `neuron_residuals`.
        noise: that of the training; None: trained without.
    """
    from snnlab.measure.match import FEWEST, Match  # here, as figures do not load torch

    silent, active, saturated = (int(group.sum()) for group in found.groups)
    images = f"Over {found.images} image{'s' * (found.images != 1)}"
    others = f"silent for {silent}, saturated for {saturated}"
    match = Match(found.summary, noise)
    if not active:
        return f"{images} it was never active ({others}): there is no residual to compare."
    said = (
        f"{images} it was active for {active} ({others}): its residuals then have mean "
        f"{found.summary.mean:.2f}, deviation {found.summary.std:.2f} v_th."
    )
    if match.distance is None:
        return f"{said} No verdict: each channel has learned a σ of its own."
    if match.verdict is None:
        return f"{said} No verdict on the noise: it must be active for {FEWEST} images or more."
    return f"{said} {match.text()}"


def drift_words(found: ResidualSummary) -> str:
    """In words, the potentials of the silent and the saturated neurons of a stage."""
    parts = []
    for group in ("silent", "saturated"):
        ends = wide_quantiles(found, group)
        share = whole_percent(getattr(found, group))
        where = ""
        if ends:
            low, high = (with_minus(f"{end:.1f}") for end in ends)
            where = f", 90 % of them between {low} and {high} v_th"
        parts.append(f"{share} {group}{where}")
    return "; ".join(parts)


def whole_percent(share: float) -> str:
    """A share as a whole number of percent."""
    return f"{100 * share:.0f} %"


def unbroken(text: str) -> str:
    """A text without line breaks between a number and its unit, or within "T = 4"."""
    text = re.sub(r" (?=%|v_th)|(?<=\d) (?=s\b)", "\u00a0", text)
    return re.sub(r"\bT = (?=\d)", "T\u00a0=\u00a0", text)

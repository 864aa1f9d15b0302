"""The map of sigma and T: accuracy at every T of networks that differ only in sigma.

Its networks are a sweep over `noise.sigma`, and one network trained without noise.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from snnlab.neuron.spec import MATCHED_SIGMA
from snnlab.runs.config import RunConfig, to_dict
from snnlab.runs.methods import QUIET
from snnlab.runs.presets import compared, with_noise
from snnlab.runs.store import Run
from snnlab.studies.noise_sweep import SIGMAS
from snnlab.studies.study import Result
from snnlab.studies.sweep import SweepConfig, entry

SIGMA = "noise.sigma"
"""The setting that differs between the rows of the map."""
WITHOUT = 0.0
"""The row of the network without noise."""


def networks(config: RunConfig) -> dict[float, RunConfig]:
    """What trains for each sigma, rising: `SIGMAS`, as studies of the noise take them, and 0.

    Args:
        config: all other settings; its method becomes training with noise.

    Raises:
        ConfigError: sigma cannot be chosen, as that of a measured distribution.
    """
    noisy = with_noise(config)
    swept = SweepConfig(noisy, {SIGMA: SIGMAS}).configs()
    return {WITHOUT: quiet_twin(noisy), **dict(zip(SIGMAS, swept, strict=True))}


def quiet_twin(config: RunConfig) -> RunConfig:
    """The configuration without noise, with the same initial weights and v_init."""
    half = compared(config)[f"{QUIET}-half"]
    return replace(half, neuron=config.acting_neuron)


def coarse_to_fine(sigmas: Iterable[float]) -> list[float]:
    """A good order for training: 1/sqrt(12), 0, then always the sigma farthest from all before.

    Example:
        >>> coarse_to_fine([0, 0.1, MATCHED_SIGMA, 0.5, 1])
        [0.288..., 0, 1, 0.1, 0.5]
    """
    rows = sorted(sigmas)
    first = [n for n, sigma in enumerate(rows) if sigma in (MATCHED_SIGMA, WITHOUT)][::-1]
    chosen, rest = first or [0], [n for n in range(len(rows)) if n not in (first or [0])]
    while rest:
        farthest = max(rest, key=lambda n: min(abs(n - other) for other in chosen))
        chosen.append(farthest)
        rest.remove(farthest)
    return [rows[n] for n in chosen]


def validation(run: Run) -> float | None:
    """Accuracy of a finished run on its validation images, in percent; None without any.

    As training measures it in the end: with one timestep, and without noise.
    """
    last = run.metrics[-1].get("validation_accuracy") if run.metrics else None
    return float(last) if isinstance(last, int | float) else None


def best_sigmas(runs: Mapping[float, Run]) -> list[float]:
    """Those with the most validation images right; several if they tie, none without images.

    Args:
        runs: finished ones by sigma.
    """
    found = {sigma: right for sigma, run in runs.items() if (right := validation(run)) is not None}
    return [sigma for sigma, right in found.items() if right == max(found.values())]


def as_sweep(config: RunConfig, runs: Mapping[float, Run]) -> Result:
    """The runs of a map as the result of a sweep, for its tables.

    Args:
        config: see `networks`.
        runs: finished ones by sigma.
    """
    return {
        "sweep": {"start": to_dict(with_noise(config)), "grid": {SIGMA: [WITHOUT, *SIGMAS]}},
        "entries": [entry({SIGMA: sigma}, runs[sigma]) for sigma in sorted(runs)],
    }

"""Sweep of the noise: families, and sigma from 0 to 1, against accuracy at each T."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from snnlab.measure.statistics import estimate
from snnlab.neuron import registry
from snnlab.neuron.spec import MATCHED_SIGMA, Noise
from snnlab.runs.config import ConfigError, RunConfig
from snnlab.runs.curves import curve_of
from snnlab.runs.study import Result, Step, Watch
from snnlab.studies.laboratory import Laboratory, conduct

if TYPE_CHECKING:
    from snnlab.network.net import SpikingNet

SWEEP = "sweep"
NONE = "none"
SIGMAS = (0.05, 0.1, 0.2, MATCHED_SIGMA, 0.4, 0.5, 0.7, 1.0)
"""Standard deviations in units of v_th; the matched one is among them."""


@dataclass(frozen=True)
class NoiseSweep:
    """Which noise is tried. Without noise (sigma 0) is always part of it.

    Raises:
        ConfigError: no or unknown families, no sigmas, or one not above 0.
    """

    families: tuple[str, ...] = field(default_factory=registry.names)
    """Shapes; empirical is the shape of the residuals measured in the network of the first
    seed that trained with matched Gaussian noise, stretched to each sigma."""
    sigmas: tuple[float, ...] = SIGMAS
    """Standard deviations in units of v_th; the mean is that of the configuration."""

    def __post_init__(self) -> None:
        registry.ask_for(*self.families)
        unknown = [family for family in self.families if family not in registry.names()]
        if unknown or not self.families:
            got = ", ".join(self.families) or "none"
            raise ConfigError(f"families must be some of {', '.join(registry.names())}, got {got}")
        if not self.sigmas or not all(sigma > 0 for sigma in self.sigmas):
            raise ConfigError(f"sigmas must be numbers above 0, got {list(self.sigmas)}")


def sweep_noise(
    lab: Laboratory, asked: NoiseSweep | None = None, watch: Watch | None = None
) -> Result:
    """Train one network per family, sigma and seed, convert it, measure it at each T.

    Args:
        lab: on what.
        asked: which noise.
        watch: progress.

    Returns:
        The content of sweep.json: `points` holds family, sigma, seed and accuracy by T of each
        network; `best` the best sigma for each family and T, see `best_sigma`.

    Raises:
        RunError: the folder holds another sweep.

    Example:
        >>> sweep_noise(Laboratory(plain(PRESETS["digits-mlp"])), NoiseSweep(("gaussian",)))["best"]
    """
    asked, watch = asked or NoiseSweep(), watch or Watch()
    sigmas = sorted(set(asked.sigmas))
    settings = {"families": asked.families, "sigmas": sigmas}
    return conduct(lab, SWEEP, settings, lambda: swept(lab, asked.families, sigmas, watch))


def swept(lab: Laboratory, families: tuple[str, ...], sigmas: list[float], watch: Watch) -> Result:
    """Every network of a sweep, and the best sigmas."""
    settings: list[tuple[str, float]] = [("none", 0.0)]
    settings += [(family, sigma) for sigma in sigmas for family in families]
    steps = len(settings) * lab.seeds
    points: list[dict[str, Any]] = []
    shape = measured_shape(lab, watch) if "empirical" in families else None
    for seed in lab.seed_numbers:
        for family, sigma in settings:
            label = f"{family}, sigma {sigma:.3g}, seed {seed}"
            watch.on_step(Step(len(points) + 1, steps, label))
            run = lab.train(config_for(lab, family, sigma, seed, shape), watch)
            accuracy = run.accuracy.only(lab.timesteps).to_json()
            points.append({"family": family, "sigma": sigma, "seed": seed, "accuracy": accuracy})
    best = [best_sigma(points, f, T) for f in families for T in lab.timesteps]
    shaped = None if shape is None else list(shape)
    return {"points": points, "best": best, "shape": shaped}


def config_for(
    lab: Laboratory,
    family: str,
    sigma: float,
    seed: int,
    shape: tuple[float, ...] | None,
) -> RunConfig:
    """The configuration of one network; `shape` is that of the empirical family."""
    if family == "none":
        return lab.without_noise(seed)
    mu = lab.start.noise.mu
    if shape is not None and family == "empirical":
        noise = Noise("empirical", quantiles=tuple(mu + sigma * z for z in shape))
    else:
        noise = replace(lab.start.noise, family=family, sigma=sigma)
    return replace(lab.start, seed=seed, noise=noise)


def measured_shape(lab: Laboratory, watch: Watch) -> tuple[float, ...]:
    """Quantiles, with mean 0 and deviation 1, of the residuals of a network with matched noise."""
    seed = lab.seed_numbers[0]
    watch.on_step(Step(1, 1, f"residuals of the network with matched noise, seed {seed}"))
    matched = replace(lab.start, seed=seed, noise=Noise(mu=lab.start.noise.mu))
    return standard_shape(lab.network(matched, watch), lab)


def standard_shape(net: SpikingNet, lab: Laboratory) -> tuple[float, ...]:
    """The mean over the stages of their residuals' quantiles, brought to mean 0, deviation 1."""
    import numpy as np

    from snnlab.conversion.noise_calibration import calibrate_noise

    T = max(lab.start.timesteps, 2)
    noises = calibrate_noise(net, lab.data(), T, family="empirical")
    pooled = tuple(np.mean([noise.quantiles for noise in noises], axis=0).tolist())
    return Noise("empirical", quantiles=pooled).standard_quantiles


def best_sigma(points: list[dict[str, Any]], family: str, timesteps: int) -> dict[str, Any]:
    """The sigma with the highest mean accuracy at T, no noise (0) included.

    Returns:
        family, timesteps, sigma, accuracy (mean over seeds in percent); `level`, all sigmas
        whose mean lies inside the best one's 95 % interval over seeds (only the best with one
        seed); `behind`, by how many points the sigma nearest to the matched one is behind the
        best, seed by seed: mean and 95 % interval.
    """
    curves: dict[float, dict[int, float]] = {}
    for point in points:
        if point["family"] in (family, NONE):
            curves.setdefault(point["sigma"], {})[point["seed"]] = curve_of(point)[timesteps]
    means = {sigma: estimate(list(curve.values())) for sigma, curve in curves.items()}
    best = max(means, key=lambda sigma: means[sigma].mean)
    near = min((s for s in means if s > 0), key=lambda sigma: abs(sigma - MATCHED_SIGMA))
    behind = estimate([curves[best][seed] - curves[near][seed] for seed in curves[best]])
    return {
        "family": family,
        "timesteps": timesteps,
        "sigma": best,
        "accuracy": means[best].mean,
        "level": sorted(s for s, found in means.items() if found.mean >= means[best].floor),
        "matched": near,
        "behind": behind.mean,
        "interval": behind.interval,
    }

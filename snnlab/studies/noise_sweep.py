"""Sweep of the noise: families, and sigma from 0 to 1, against accuracy at each T."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Annotated, Any

from snnlab.measure.statistics import estimate
from snnlab.neuron import registry
from snnlab.neuron.spec import MATCHED_SIGMA, Noise
from snnlab.runs.config import ConfigError
from snnlab.runs.curves import curve_of
from snnlab.settings import Positive, Valid, settle
from snnlab.studies.laboratory import (
    BAND,
    Experiment,
    Laboratory,
    accuracy_cells,
    accuracy_header,
    difference_text,
)
from snnlab.studies.study import Entry, Result, groups
from snnlab.studies.tables import markdown

NONE = "none"
"""The name of the family for networks without noise."""
SIGMAS = (0.05, 0.1, 0.2, MATCHED_SIGMA, 0.4, 0.5, 0.7, 1.0)
"""Standard deviations in units of v_th; the matched one is among them."""
FamilyName = Annotated[str, Valid(options=registry.names, called="noise family")]


@dataclass(frozen=True)
class NoiseSweep(Experiment):
    """The experiment that tries families and sigmas of noise; no noise (sigma 0) is part of it.

    Its result: `points` holds family, sigma, seed and accuracy by T of each network; `best` the
    best sigma for each family and T, see `best_sigma`.

    Raises:
        ConfigError: no or unknown families, no sigmas, or one not above 0.
    """

    name = "sweep"
    says = (
        "Sweep families and sigma of the noise: accuracy at each T, and where the best sigma lies."
    )
    title = "Noise: families and sigma"

    families: tuple[FamilyName, ...] = field(default_factory=registry.names)
    """Shapes; empirical is the shape of the residuals measured in the network of the first
    seed that trained with matched Gaussian noise, stretched to each sigma."""
    sigmas: tuple[Positive, ...] = SIGMAS
    """Standard deviations in units of v_th; the mean is that of the configuration."""

    def __post_init__(self) -> None:
        registry.ask_for(*self.families)
        settle(self, ConfigError)
        if not self.families:
            raise ConfigError(f"families must be some of {', '.join(registry.names())}, got none")
        if not self.sigmas:
            raise ConfigError("sigmas must be numbers above 0, got none")

    @property
    def settings(self) -> dict[str, Any]:
        """Families as given; each sigma once, rising."""
        return {"families": self.families, "sigmas": sorted(set(self.sigmas))}

    def plan(self, lab: Laboratory) -> list[Entry]:
        """One network per seed, family and sigma."""
        noises = [(family, sigma) for sigma in self.settings["sigmas"] for family in self.families]
        return [
            {"family": family, "sigma": sigma, "seed": seed}
            for seed in lab.seed_numbers
            for family, sigma in [(NONE, 0.0), *noises]
        ]

    def label(self, each: Entry) -> str:
        """Its noise and seed."""
        return "{family}, sigma {sigma:.3g}, seed {seed}".format(**each)

    def measure(self, lab: Laboratory, each: Entry) -> Result:
        """Train the network, convert it, measure it at each T."""
        seed, family, sigma = each["seed"], each["family"], each["sigma"]
        given = lab.config.noise
        if family == NONE:
            config = lab.without_noise(seed)
        elif family == "empirical":
            quantiles = tuple(given.mu + sigma * z for z in measured_shape(lab))
            config = replace(lab.seeded(seed), noise=Noise(family, quantiles=quantiles))
        else:
            noise = replace(given, family=family, sigma=sigma)
            config = replace(lab.seeded(seed), noise=noise)
        return {"accuracy": lab.train(config).accuracy.only(lab.timesteps).to_json()}

    def summary(self, lab: Laboratory, found: list[Entry]) -> Result:
        """The points, the best sigmas, and the shape of the empirical family."""
        best = [best_sigma(found, family, T) for family in self.families for T in lab.timesteps]
        shape = measured_shape(lab) if "empirical" in self.families else None
        return {"points": found, "best": best, "shape": shape}

    @staticmethod
    def parts(result: Result) -> list[str]:
        """Accuracy by family, sigma and T, and the best sigma."""
        points = sorted(result["points"], key=order_of)
        rows = [
            [family, f"{sigma:.4g}", *accuracy_cells(found)]
            for (family, sigma), found in groups(points, "family", "sigma").items()
        ]
        best = [
            [
                found["family"],
                str(found["timesteps"]),
                f"{found['sigma']:.4g}",
                f"{found['accuracy']:.2f}",
                ", ".join(f"{sigma:.3g}" for sigma in found["level"]),
                f"{found['matched']:.4g}",
                difference_text(found["behind"], found["interval"]),
            ]
            for found in result["best"]
        ]
        header = ["family", "T", "best sigma", "accuracy (%)", "level with it", "matched", "behind"]
        return [
            f"Accuracy in percent. {BAND}",
            markdown(["family", "sigma", *accuracy_header(points)], rows),
            "## Best sigma",
            markdown(header, best),
            f"Matched: the sigma nearest to v_th / sqrt(12) = {MATCHED_SIGMA:.4f}. Level: sigmas "
            "whose mean lies inside the best one's 95 % interval. Sigma 0 is without noise, from "
            "v_init = v_th / 2 on. Behind: points by which matched is behind the best, seed by "
            "seed.",
        ]


def order_of(point: Entry) -> tuple[bool, str, float]:
    """Sort key: no noise first, then by family, then by sigma."""
    return point["family"] != NONE, point["family"], point["sigma"]


def measured_shape(lab: Laboratory) -> list[float]:
    """Quantiles, with mean 0 and deviation 1, of the residuals of a network with matched noise.

    They are the means over its stages; the network is that of the first seed.
    """
    matched = replace(lab.config, noise=Noise(mu=lab.config.noise.mu))

    def measure() -> Result:
        import numpy as np

        from snnlab.conversion.noise_calibration import calibrate_noise

        net, T = lab.network(matched), lab.residual_timesteps
        noises = calibrate_noise(net, lab.data, T, family="empirical")
        pooled = tuple(np.mean([noise.quantiles for noise in noises], axis=0).tolist())
        return {"quantiles": Noise("empirical", quantiles=pooled).standard_quantiles}

    return list(lab.remembered({"shape": matched.seed}, measure)["quantiles"])


def best_sigma(points: list[Entry], family: str, timesteps: int) -> Entry:
    """The sigma with the highest mean accuracy at T, no noise (0) included.

    Returns:
        family, timesteps, sigma, accuracy (mean over seeds in percent); `level`, all sigmas
        whose mean lies inside the best one's 95 % interval over seeds (only the best with one
        seed); `behind`, by how many points the sigma nearest to the matched one is behind the
        best, seed by seed: mean and 95 % interval.
    """
    own = [point for point in points if point["family"] in (family, NONE)]
    seeds = {
        sigma: [curve_of(point)[timesteps] for point in found]
        for sigma, found in groups(own, "sigma").items()
    }
    means = {sigma: estimate(accuracies) for sigma, accuracies in seeds.items()}
    best = max(means, key=lambda sigma: means[sigma].mean)
    near = min((s for s in means if s > 0), key=lambda sigma: abs(sigma - MATCHED_SIGMA))
    behind = estimate([a - b for a, b in zip(seeds[best], seeds[near], strict=True)])
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

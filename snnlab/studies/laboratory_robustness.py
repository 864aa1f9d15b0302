"""Is a network that trained with noise more robust? Disturbed images, weights and spikes."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import mean
from typing import TYPE_CHECKING, Annotated, Any

from snnlab.measure.curve import AccuracyCurve
from snnlab.measure.statistics import estimate
from snnlab.runs.config import ConfigError, RunConfig
from snnlab.runs.curves import curve_of
from snnlab.runs.methods import PAIR, PLAIN, QUIET
from snnlab.runs.study import Result, Step, Watch
from snnlab.settings import Count, Share, Valid, settle
from snnlab.studies.laboratory import Laboratory, conduct

if TYPE_CHECKING:
    from snnlab.data.images import Data
    from snnlab.network.net import SpikingNet

ROBUSTNESS = "robustness"
KINDS = ("input_noise", "weight_noise", "dropped_spikes")
Strength = Annotated[float, Valid(low=0)]


@dataclass(frozen=True)
class Robustness:
    """How strongly networks are disturbed.

    Raises:
        ConfigError: no strengths, a strength below 0, lost spikes above 1, or no draws.
    """

    input_noise: tuple[Strength, ...] = (0.0, 0.1, 0.2, 0.3, 0.4)
    """Standard deviations of the noise on pixels; 1 is the range from black to white."""
    weight_noise: tuple[Strength, ...] = (0.0, 0.1, 0.2, 0.3, 0.5)
    """Standard deviations of the noise on weights, as a share of their root mean square."""
    dropped_spikes: tuple[Share, ...] = (0.0, 0.1, 0.2, 0.3, 0.5)
    """Shares of the spikes that get lost."""
    draws: Count = 3
    """How often each disturbance is drawn anew; accuracies are means over the draws."""

    def __post_init__(self) -> None:
        settle(self, ConfigError)
        for kind in KINDS:
            if not getattr(self, kind):
                raise ConfigError(f"{kind} needs at least one strength")


def measure_robustness(
    lab: Laboratory, asked: Robustness | None = None, watch: Watch | None = None
) -> Result:
    """Disturb networks that trained with noise and without, and measure their accuracy.

    The network without noise starts from v_init = v_th / 2, as the one with noise does. Both
    run without the noise of the training, and meet the same disturbance, number for number.

    Args:
        lab: on what.
        asked: how strongly.
        watch: progress.

    Returns:
        The content of robustness.json: `points` holds method, seed, kind, strength and accuracy
        by T; `gains` how many points noise in training brings, see `gain`.

    Raises:
        RunError: the folder holds another experiment.

    Example:
        >>> measure_robustness(Laboratory(plain(PRESETS["digits"])))["gains"][0]
    """
    asked, watch = asked or Robustness(), watch or Watch()
    settings = {kind: getattr(asked, kind) for kind in KINDS} | {"draws": asked.draws}
    return conduct(lab, ROBUSTNESS, settings, lambda: compared(lab, asked, watch))


def compared(lab: Laboratory, asked: Robustness, watch: Watch) -> Result:
    """Every network under every disturbance."""
    data = lab.data()
    order = [(seed, method) for seed in lab.seed_numbers for method in PAIR]
    points: list[dict[str, Any]] = []
    for number, (seed, method) in enumerate(order, start=1):
        watch.on_step(Step(number, len(order), f"{method}, seed {seed}"))
        points += network_points(lab, asked, method, seed, data, watch)
    gains = [
        gain(points, kind, strength, T)
        for kind in KINDS
        for strength in getattr(asked, kind)
        for T in lab.timesteps
    ]
    return {"points": points, "gains": gains}


def network_points(
    lab: Laboratory, asked: Robustness, method: str, seed: int, data: Data, watch: Watch
) -> list[dict[str, Any]]:
    """All measurements of one network."""

    def measure() -> Result:
        net = lab.network(configured(lab, method, seed), watch)
        return {
            "points": [
                {"kind": kind, "strength": strength}
                | {"accuracy": disturbed(net, data, lab, kind, strength, seed, asked.draws)}
                for kind in KINDS
                for strength in getattr(asked, kind)
            ]
        }

    key = {"method": method, "seed": seed, "draws": asked.draws}
    key |= {kind: getattr(asked, kind) for kind in KINDS}
    found = lab.remembered(key, measure)["points"]
    return [{"method": method, "seed": seed} | point for point in found]


def configured(lab: Laboratory, method: str, seed: int) -> RunConfig:
    """The configuration of a network with noise or without."""
    return lab.seeded(seed) if method == PLAIN else lab.without_noise(seed)


def disturbed(
    net: SpikingNet, data: Data, lab: Laboratory, kind: str, strength: float, seed: int, draws: int
) -> dict[str, float]:
    """Accuracy by T under one disturbance, mean over the draws."""
    import torch

    from snnlab.measure.disturbance import Disturbance, disturbed_accuracy

    disturbance = Disturbance(**{kind: strength})
    found = []
    for draw in range(draws if strength else 1):
        generator = torch.Generator(data.test.device).manual_seed(1000 * seed + draw)
        found.append(
            disturbed_accuracy(net, data.test, lab.timesteps, disturbance, generator=generator)
        )
    means = {T: mean(accuracy[T] for accuracy in found) for T in lab.timesteps}
    return AccuracyCurve(means).to_json()


def gain(points: list[dict[str, Any]], kind: str, strength: float, T: int) -> dict[str, Any]:
    """By how many points noise in training raises the accuracy at T under a disturbance.

    Returns:
        kind, strength, timesteps; `noise` and `no-noise`, mean accuracies in percent; `gain`,
        the mean difference seed by seed, and its 95 % `interval` (None with one seed).
    """
    by_method: dict[str, list[float]] = {
        method: [
            curve_of(point)[T]
            for point in points
            if (point["method"], point["kind"], point["strength"]) == (method, kind, strength)
        ]
        for method in PAIR
    }
    with_noise, without = (by_method[method] for method in PAIR)
    found = estimate([a - b for a, b in zip(with_noise, without, strict=True)])
    return {
        "kind": kind,
        "strength": strength,
        "timesteps": T,
        PLAIN: mean(with_noise),
        QUIET: mean(without),
        "gain": found.mean,
        "interval": found.interval,
    }

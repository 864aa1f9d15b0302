"""Is a network that trained with noise more robust? Disturbed images, weights and spikes."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import mean
from typing import TYPE_CHECKING, Annotated

from snnlab.measure.curve import AccuracyCurve
from snnlab.measure.statistics import estimate
from snnlab.runs.config import ConfigError
from snnlab.runs.curves import curve_of
from snnlab.runs.methods import METHODS, PAIR, PLAIN, QUIET
from snnlab.settings import Count, Share, Valid, settle
from snnlab.studies.laboratory import BAND, Experiment, Laboratory, difference_text
from snnlab.studies.study import Entry, Result, groups
from snnlab.studies.tables import markdown

if TYPE_CHECKING:
    from snnlab.network.net import SpikingNet

KINDS = {
    "input_noise": "input noise",
    "weight_noise": "weight noise",
    "dropped_spikes": "dropped spikes",
}
"""The disturbances, with their names in tables."""
Strength = Annotated[float, Valid(low=0)]
TABLE_TIMESTEPS = (0, -2)
"""Which of the measured T the table shows: the first, and the last but one."""


@dataclass(frozen=True)
class Robustness(Experiment):
    """The experiment that disturbs networks, those that trained with noise and those without.

    The network without noise starts from v_init = v_th / 2, as the one with noise does. Both
    run without the noise of the training, and under exactly the same disturbance.

    Its result: `points` holds method, seed, kind, strength and accuracy by T; `gains` how many
    points noise in training brings, see `gain`.

    Raises:
        ConfigError: no strengths, a strength below 0, lost spikes above 1, or no draws.
    """

    name = "robustness"
    says = "Disturb images, weights and spikes of networks that trained with noise and without."
    title = "Robustness"

    input_noise: tuple[Strength, ...] = (0.0, 0.1, 0.2, 0.3, 0.4)
    """Standard deviations of the noise on pixels; 1 is the range from black to white."""
    weight_noise: tuple[Strength, ...] = (0.0, 0.1, 0.2, 0.3, 0.5)
    """Standard deviations of the noise on weights, as a share of their root mean square."""
    dropped_spikes: tuple[Share, ...] = (0.0, 0.1, 0.2, 0.3, 0.5)
    """Shares of the spikes that are lost."""
    draws: Count = 3
    """How often each disturbance is drawn anew; accuracies are means over the draws."""

    def __post_init__(self) -> None:
        settle(self, ConfigError)
        for kind in KINDS:
            if not getattr(self, kind):
                raise ConfigError(f"{kind} needs at least one strength")

    @property
    def disturbances(self) -> list[tuple[str, float]]:
        """Kinds and strengths."""
        return [(kind, strength) for kind in KINDS for strength in getattr(self, kind)]

    def plan(self, lab: Laboratory) -> list[Entry]:
        """Networks with noise and without, seed by seed."""
        return [{"method": method, "seed": seed} for seed in lab.seed_numbers for method in PAIR]

    def label(self, each: Entry) -> str:
        """Method and seed."""
        return "{method}, seed {seed}".format(**each)

    def measure(self, lab: Laboratory, each: Entry) -> Result:
        """One network under every disturbance."""
        seed = each["seed"]
        noisy = each["method"] == PLAIN
        net = lab.network(lab.seeded(seed) if noisy else lab.without_noise(seed))
        points = [
            {"kind": kind, "strength": strength}
            | {"accuracy": disturbed(net, lab, {kind: strength}, seed, self.draws)}
            for kind, strength in self.disturbances
        ]
        return {"points": points}

    def summary(self, lab: Laboratory, found: list[Entry]) -> Result:
        """The points of all networks, and what noise gains under each disturbance."""
        points = [each | point for each in found for point in each.pop("points")]
        gains = [gain(points, *each, T) for each in self.disturbances for T in lab.timesteps]
        return {"points": points, "gains": gains}

    @staticmethod
    def parts(result: Result) -> list[str]:
        """Accuracy with and without noise under each disturbance, and the difference."""
        measured = sorted({gain["timesteps"] for gain in result["gains"]})
        shown = {measured[max(at, -len(measured))] for at in TABLE_TIMESTEPS}
        parts = [f"Accuracy in percent. {BAND}"]
        for kind, name in KINDS.items():
            rows = [
                [
                    f"{gain['strength']:g}",
                    str(gain["timesteps"]),
                    *(f"{gain[method]:.2f}" for method in PAIR),
                    difference_text(gain["gain"], gain["interval"]),
                ]
                for gain in result["gains"]
                if gain["kind"] == kind and gain["timesteps"] in shown
            ]
            titles = [METHODS[method].title for method in PAIR]
            parts.append(f"## {name.capitalize()}")
            parts.append(markdown([name, "T", *titles, "gain (points)"], rows))
        note = (
            "Both networks start from v_init = v_th / 2 and run without the noise of the training. "
            "Gain: seed by seed."
        )
        return [*parts, note]


def disturbed(
    net: SpikingNet, lab: Laboratory, strengths: dict[str, float], seed: int, draws: int
) -> dict[str, float]:
    """Accuracy by T under a disturbance, mean over the draws."""
    import torch

    from snnlab.measure.disturbance import Disturbance, disturbed_accuracy

    images, disturbance = lab.data.test, Disturbance(**strengths)
    found = []
    for draw in range(draws if any(strengths.values()) else 1):
        generator = torch.Generator(images.device).manual_seed(1000 * seed + draw)
        found.append(
            disturbed_accuracy(net, images, lab.timesteps, disturbance, generator=generator)
        )
    means = {T: mean(accuracy[T] for accuracy in found) for T in lab.timesteps}
    return AccuracyCurve(means).to_json()


def gain(points: list[Entry], kind: str, strength: float, T: int) -> Entry:
    """By how many points noise in training raises the accuracy at T under a disturbance.

    Returns:
        kind, strength, timesteps; `noise` and `no-noise`, mean accuracies in percent; `gain`,
        the mean difference seed by seed, and its 95 % `interval` (None with one seed).
    """
    own = groups(points, "kind", "strength", "method")
    with_noise, without = (
        [curve_of(point)[T] for point in own[kind, strength, method]] for method in PAIR
    )
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

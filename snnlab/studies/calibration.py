"""Measure which noise fits a network: residuals, repeated calibration, and leaky neurons."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from statistics import mean
from typing import TYPE_CHECKING, Annotated, Any

from snnlab.neuron.spec import Noise
from snnlab.runs.config import ConfigError, RunConfig
from snnlab.runs.files import finite
from snnlab.settings import Count, Positive, Valid, settle
from snnlab.studies.laboratory import (
    BAND,
    Experiment,
    Laboratory,
    accuracy_cells,
    accuracy_header,
)
from snnlab.studies.study import Entry, Result, groups
from snnlab.studies.tables import markdown, mean_text

if TYPE_CHECKING:
    from snnlab.conversion.noise_calibration import Round, Source
    from snnlab.measure.residuals import ResidualSummary
    from snnlab.network.net import SpikingNet

VARIANTS = (
    "matched Gaussian",
    "matched to the leak",
    "calibrated by residuals",
    "calibrated by rates",
    "made leaky after training",
    "leak switched on",
)
"""Ways to treat a leak, see `leaky_network`."""
FINE_TUNING = 3
"""Fine-tuning takes the epochs of the training divided by this number."""
COMPARED_LAWS = ("uniform", "gaussian", "training")
"""The distributions with which residuals are compared."""
ROUND_NOTE = (
    "Noise measured in each round, in units of v_th, and by how much it moved at most from what "
    "the network had trained with; a seed whose noise rests has no further rounds."
)


@dataclass(frozen=True)
class Calibration(Experiment):
    """The experiment that measures which noise fits a network, and which one a leaky network.

    Its result: `residuals` holds seed, stage and a `ResidualSummary` each, channels without
    histograms; `rounds` seed, round, noise trained with and measured by stage, how far it moved,
    accuracy by T; `leaks` beta, variant (see `VARIANTS`), seed, noise by stage, accuracy by T;
    beta 1 for the IF neuron.

    Raises:
        ConfigError: no rounds, a tolerance not above 0, or a leak outside (0, 1).
    """

    name = "calibrate"
    says = "Measure which noise fits: residuals, calibrated noise, and the noise of leaky neurons."
    title = "Calibrated noise"

    rounds: Count = 4
    """Largest number of measurements, with a fine-tuning between each two."""
    tolerance: Positive = 0.01
    """The rounds end when no value of the noise changes by more than this, in units of v_th."""
    betas: tuple[Annotated[float, Valid(above=0, below=1)], ...] = (0.9, 0.5)
    """Leak factors of leaky neurons; IF neurons are always measured, too."""

    def __post_init__(self) -> None:
        settle(self, ConfigError)

    def plan(self, lab: Laboratory) -> list[Entry]:
        """For each seed residuals and rounds (beta None), and then each way to deal with a leak."""
        leaks = [(beta, variant) for beta in self.betas for variant in VARIANTS]
        return [
            {"beta": beta, "variant": variant, "seed": seed}
            for seed in lab.seed_numbers
            for beta, variant in [(None, ""), (1.0, "IF"), *leaks]
        ]

    def label(self, each: Entry) -> str:
        """The seed, and the leak and what is done about it."""
        leak = "calibration" if each["beta"] is None else "beta {beta:g}, {variant}"
        return f"{leak}, seed {{seed}}".format(**each)

    def measure(self, lab: Laboratory, each: Entry) -> Result:
        """Accuracy by T of a network of leaky neurons; or residuals and rounds of a seed."""
        from snnlab.measure.accuracy import accuracy_against_timesteps

        if each["beta"] is None:
            return self.rounds_of(lab, each["seed"])
        net = leaky_network(lab, **each)
        curve = accuracy_against_timesteps(net, lab.data.test, max(lab.timesteps))
        noises = [layer.noise for layer in net.neuron_layers()]
        return {
            "noise": [noise and noise_entry(noise) for noise in noises],
            "accuracy": curve.only(lab.timesteps).to_json(),
        }

    def rounds_of(self, lab: Laboratory, seed: int) -> Result:
        """Residuals by stage of the network of one seed, and its noise, round by round."""
        from snnlab.conversion.noise_calibration import refine_noise
        from snnlab.measure.residuals import residuals

        net, data, T = lab.network(lab.seeded(seed)), lab.data, lab.residual_timesteps
        stages = [residual_entry(found) for found in residuals(net, data.test, T)]
        training = lab.config.training
        fine = replace(training, epochs=max(1, training.epochs // FINE_TUNING))
        limits: dict[str, Any] = {"rounds": self.rounds, "tolerance": self.tolerance}
        _, rounds = refine_noise(net, data, T, fine, seed=seed, **limits)
        return {"residuals": stages, "rounds": [round_entry(lab, found) for found in rounds]}

    def summary(self, lab: Laboratory, found: list[Entry]) -> Result:
        """Residuals and rounds, numbered, of every seed; and the leaky networks."""
        return {
            f"{name}s": [
                {"seed": each["seed"], number: i} | entry
                for each in found
                for i, entry in enumerate(each.get(f"{name}s", []), start=1)
            ]
            for name, number in (("residual", "stage"), ("round", "round"))
        } | {"leaks": [each for each in found if each["beta"] is not None]}

    @staticmethod
    def parts(result: Result) -> list[str]:
        """Residuals by stage, noise round by round, and leaky neurons."""
        shown = accuracy_header(result["leaks"])
        stages = groups(result["residuals"], "stage")
        trained = groups(result["rounds"], "round")
        leaks = groups(result["leaks"], "beta", "variant")
        rounds = ["round", "seeds", "mean by stage", "deviation by stage", "moved", *shown]
        return [
            BAND,
            "## Residuals",
            markdown(RESIDUAL_HEADER, [residual_row(*item) for item in stages.items()]),
            "Residuals of active neurons in units of v_th. KS: Kolmogorov-Smirnov distance, "
            "W: Wasserstein distance.",
            "## Measured, trained with, measured again",
            markdown(rounds, [round_row(*item) for item in trained.items()]),
            ROUND_NOTE,
            "## Leaky neurons",
            markdown(
                ["beta", "noise", "deviation by stage", *shown],
                [leak_row(*item) for item in leaks.items()],
            ),
        ]


def residual_entry(found: ResidualSummary) -> dict[str, Any]:
    """A summary in plain values; channels without their histograms."""
    entry = asdict(found)
    for channel in entry["channels"]:
        del channel["density"], channel["channels"]
    return dict(finite(entry))


def round_entry(lab: Laboratory, found: Round) -> dict[str, Any]:
    """A round in plain values."""
    return {
        "trained": [noise and noise_entry(noise) for noise in found.trained],
        "measured": [noise_entry(noise) for noise in found.measured],
        "moved": found.moved,
        "accuracy": found.accuracy.only(lab.timesteps).to_json(),
    }


def noise_entry(noise: Noise) -> dict[str, Any]:
    """A noise as family, mean and standard deviation."""
    return {"family": noise.family, "mu": noise.mu, "sigma": noise.sigma}


def leaky_network(lab: Laboratory, beta: float, variant: str, seed: int) -> SpikingNet:
    """A network of leaky neurons.

    IF: no leak. Matched Gaussian: trained with the leak and the noise of the IF neuron. Matched
    to the leak: with the noise of `leaky_noise`. Calibrated: with the noise measured, stage by
    stage, in the network of "matched Gaussian". Made leaky: the IF network after
    `leaky_equivalent`. Switched on: the IF network with nothing else changed.
    """
    from snnlab.conversion.leak import leaky_equivalent, leaky_noise
    from snnlab.network.neurons import with_neurons

    config = lab.seeded(seed)
    leaky = replace(config, neuron=replace(config.neuron, beta=beta))
    makers: dict[str, Callable[[], SpikingNet]] = {
        "IF": lambda: lab.network(config),
        "matched Gaussian": lambda: lab.network(leaky),
        "matched to the leak": lambda: lab.network(replace(leaky, noise=leaky_noise(beta))),
        "calibrated by residuals": lambda: recalibrated(lab, leaky, "residuals"),
        "calibrated by rates": lambda: recalibrated(lab, leaky, "rates"),
        "made leaky after training": lambda: leaky_equivalent(lab.network(config), beta),
        "leak switched on": lambda: with_neurons(lab.network(config), beta=beta),
    }
    return makers[variant]()


def recalibrated(lab: Laboratory, config: RunConfig, source: Source) -> SpikingNet:
    """Train the configuration again with the noise measured in its network."""
    from snnlab.conversion.noise_calibration import calibrate_noise

    net, T = lab.network(config), lab.residual_timesteps
    noises = calibrate_noise(net, lab.data, T, source=source)
    return lab.network(replace(config, stage_noise=tuple(noises)))


RESIDUAL_HEADER = ["stage", "silent", "active", "saturated", "mean", "deviation"] + [
    f"{distance} {law}" for law in ("uniform", "Gaussian", "training") for distance in ("KS", "W")
]


def residual_row(stage: int, entries: list[Entry]) -> list[str]:
    """One stage, means over seeds."""
    shares = [
        f"{100 * mean(entry[name] for entry in entries):.1f} %"
        for name in ("silent", "active", "saturated")
    ]
    moments = [mean_text([entry[name] for entry in entries], 3) for name in ("mean", "std")]
    distances = [
        mean_text([entry["distances"].get(law, {}).get(name) for entry in entries], 3)
        for law in COMPARED_LAWS
        for name in ("ks", "wasserstein")
    ]
    return [str(stage), *shares, *moments, *distances]


def by_stage(noises: Sequence[Sequence[Entry | None]], name: str) -> str:
    """A number of each stage's noise, means over seeds."""
    stages = zip(*noises, strict=True)
    return ", ".join(
        "none" if None in stage else f"{mean(noise[name] for noise in stage if noise):.3f}"
        for stage in stages
    )


def round_row(number: int, entries: list[Entry]) -> list[str]:
    """One round, means over the seeds that took part in it."""
    measured = [entry["measured"] for entry in entries]
    moved = f"{mean(entry['moved'] for entry in entries):.3f}"
    cells = [by_stage(measured, "mu"), by_stage(measured, "sigma"), moved]
    return [str(number), str(len(entries)), *cells, *accuracy_cells(entries)]


def leak_row(kind: tuple[float, str], entries: list[Entry]) -> list[str]:
    """One way to deal with a leak."""
    sigma = by_stage([entry["noise"] for entry in entries], "sigma")
    return [f"{kind[0]:g}", kind[1], sigma, *accuracy_cells(entries)]

"""Which noise fits a network: residuals, noise measured again and again, and leaky neurons."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

from snnlab.neuron.spec import Noise
from snnlab.runs.config import ConfigError, RunConfig
from snnlab.runs.store import finite
from snnlab.runs.study import Result, Step, Watch
from snnlab.settings import Count, Positive, Valid, settle
from snnlab.studies.laboratory import Laboratory, conduct

if TYPE_CHECKING:
    from snnlab.conversion.noise_calibration import Round, Source
    from snnlab.data.images import Data
    from snnlab.measure.residuals import ResidualSummary
    from snnlab.network.net import SpikingNet

CALIBRATE = "calibrate"
VARIANTS = (
    "matched Gaussian",
    "matched to the leak",
    "calibrated by residuals",
    "calibrated by rates",
    "made leaky after training",
    "leak switched on",
)
"""What is done about a leak, see `leaky_network`."""

FINE_TUNING = 3
"""Fine-tuning takes this part of the epochs of the training."""


@dataclass(frozen=True)
class Calibration:
    """How long noise is measured again, and which leaks are tried.

    Raises:
        ConfigError: no rounds, a tolerance not above 0, or a leak outside (0, 1).
    """

    rounds: Count = 4
    """Measurements at most, with a fine-tuning between each two."""
    tolerance: Positive = 0.01
    """The noise rests when nothing moves by more, in units of v_th."""
    betas: tuple[Annotated[float, Valid(above=0, below=1)], ...] = (0.9, 0.5)
    """Leak factors of leaky neurons; IF neurons are always part of it."""

    def __post_init__(self) -> None:
        settle(self, ConfigError)


def calibrate_networks(
    lab: Laboratory, asked: Calibration | None = None, watch: Watch | None = None
) -> Result:
    """Measure residuals, calibrate the noise until it rests, and find the noise for leaks.

    Args:
        lab: on what.
        asked: how long, which leaks.
        watch: progress.

    Returns:
        The content of calibrate.json. `residuals`: seed, stage and a `ResidualSummary` each,
        channels without histograms. `rounds`: seed, round, noise trained with and measured by
        stage, how far it moved, accuracy by T. `leaks`: beta, variant (see `VARIANTS`), seed,
        noise by stage, accuracy by T; beta 1 for the IF neuron.

    Raises:
        RunError: the folder holds another calibration.

    Example:
        >>> calibrate_networks(Laboratory(plain(PRESETS["digits"])))["rounds"][-1]["moved"]
    """
    asked, watch = asked or Calibration(), watch or Watch()
    return conduct(lab, CALIBRATE, asdict(asked), lambda: calibrated(lab, asked, watch))


def calibrated(lab: Laboratory, asked: Calibration, watch: Watch) -> Result:
    """Every measurement of a calibration."""
    data = lab.data()
    plan = [(1.0, "IF")] + [(beta, variant) for beta in asked.betas for variant in VARIANTS]
    steps, number = lab.seeds * (1 + len(plan)), 0
    found: dict[str, list[dict[str, Any]]] = {"residuals": [], "rounds": [], "leaks": []}
    for seed in lab.seed_numbers:
        number += 1
        watch.on_step(Step(number, steps, f"calibration, seed {seed}"))
        for name, entries in one_seed(lab, asked, seed, data, watch).items():
            found[name] += entries
        for beta, variant in plan:
            number += 1
            watch.on_step(Step(number, steps, f"beta {beta:g}, {variant}, seed {seed}"))
            found["leaks"].append(leak_entry(lab, beta, variant, seed, data, watch))
    return found


def one_seed(
    lab: Laboratory, asked: Calibration, seed: int, data: Data, watch: Watch
) -> dict[str, list[dict[str, Any]]]:
    """Residuals and rounds of the network of one seed."""

    def measure() -> Result:
        from snnlab.conversion.noise_calibration import refine_noise
        from snnlab.measure.residuals import residuals

        net, T = lab.network(lab.seeded(seed), watch), max(lab.start.timesteps, 2)
        stages = [residual_entry(found) for found in residuals(net, data.test, T)]
        training = lab.start.training
        fine = replace(training, epochs=max(1, training.epochs // FINE_TUNING))
        settings: dict[str, Any] = {"rounds": asked.rounds, "tolerance": asked.tolerance}
        _, rounds = refine_noise(net, data, T, fine, seed=seed, **settings)
        return {"residuals": stages, "rounds": [round_entry(lab, found) for found in rounds]}

    key = {"seed": seed, "rounds": asked.rounds, "tolerance": asked.tolerance}
    measured = lab.remembered(key, measure)
    return {
        "residuals": [
            {"seed": seed, "stage": i} | entry
            for i, entry in enumerate(measured["residuals"], start=1)
        ],
        "rounds": [
            {"seed": seed, "round": i} | entry
            for i, entry in enumerate(measured["rounds"], start=1)
        ],
    }


def residual_entry(found: ResidualSummary) -> dict[str, Any]:
    """A summary in plain values; channels without their histograms."""
    entry = asdict(found)
    for channel in entry["channels"]:
        del channel["density"], channel["channels"]
    plain: dict[str, Any] = finite(entry)
    return plain


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


def leak_entry(
    lab: Laboratory, beta: float, variant: str, seed: int, data: Data, watch: Watch
) -> dict[str, Any]:
    """Accuracy by T of one network of leaky neurons."""

    def measure() -> Result:
        from snnlab.measure.accuracy import accuracy_against_timesteps

        net = leaky_network(lab, beta, variant, seed, data, watch)
        curve = accuracy_against_timesteps(net, data.test, max(lab.timesteps))
        noises = [layer.noise for layer in net.neuron_layers()]
        return {
            "noise": [noise and noise_entry(noise) for noise in noises],
            "accuracy": curve.only(lab.timesteps).to_json(),
        }

    found = lab.remembered({"beta": beta, "variant": variant, "seed": seed}, measure)
    return {"beta": beta, "variant": variant, "seed": seed} | {
        name: found[name] for name in ("noise", "accuracy")
    }


def leaky_network(
    lab: Laboratory, beta: float, variant: str, seed: int, data: Data, watch: Watch
) -> SpikingNet:
    """A network of leaky neurons.

    IF: no leak. Matched Gaussian: trained with the leak and the noise of the IF neuron. Matched
    to the leak: with the noise of `leaky_noise`. Calibrated: with the noise measured, stage by
    stage, in the network of "matched Gaussian". Made leaky: the IF network after
    `leaky_equivalent`.
    Switched on: the IF network with nothing else changed.
    """
    from snnlab.conversion.leak import leaky_equivalent, leaky_noise
    from snnlab.network.neurons import with_neurons

    start = lab.seeded(seed)
    leaky = replace(start, neuron=replace(start.neuron, beta=beta))
    makers: dict[str, Callable[[], SpikingNet]] = {
        "IF": lambda: lab.network(start, watch),
        "matched Gaussian": lambda: lab.network(leaky, watch),
        "matched to the leak": lambda: lab.network(replace(leaky, noise=leaky_noise(beta)), watch),
        "calibrated by residuals": lambda: recalibrated(lab, leaky, "residuals", data, watch),
        "calibrated by rates": lambda: recalibrated(lab, leaky, "rates", data, watch),
        "made leaky after training": lambda: leaky_equivalent(lab.network(start, watch), beta),
        "leak switched on": lambda: with_neurons(lab.network(start, watch), beta=beta),
    }
    return makers[variant]()


def recalibrated(
    lab: Laboratory, config: RunConfig, source: Source, data: Data, watch: Watch
) -> SpikingNet:
    """The configuration trained with the noise that its own network calls for."""
    from snnlab.conversion.noise_calibration import calibrate_noise

    T = max(lab.start.timesteps, 2)
    noises = calibrate_noise(lab.network(config, watch), data, T, source=source)
    return lab.network(replace(config, stage_noise=tuple(noises)), watch)

"""The film of the idea: residuals go around a circle, and noise can replace them in training."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any, Final, cast

import numpy as np
import torch

from snnlab.data.images import Images
from snnlab.data.sources import load_data
from snnlab.measure.residuals import ResidualSummary, Several
from snnlab.network.net import SpikingNet
from snnlab.neuron.dynamics import trace
from snnlab.neuron.noise import sample
from snnlab.neuron.spec import Neuron, Noise
from snnlab.neuron.transfer import firing_probability
from snnlab.runs.examples import EXAMPLE_IMAGE, example
from snnlab.runs.presets import QUICKSTART
from snnlab.settings import checked
from snnlab.show.described import RESIDUAL, unbroken, whole_percent
from snnlab.show.films.film import Chapter, Film
from snnlab.show.films.hops import (
    MOST_NEURONS,
    Hops,
    LayerSeen,
    edges,
    histogram,
    hops,
    law,
    of_one,
    see_layer,
)

DRAWS = 48
"""Neurons with noise that are drawn."""
MOST_IMAGES = 64
"""Images on which residuals are measured, at most."""
TITLE: Final = "What is left in the membrane"
QUARTER, GOLDEN = 0.25, (math.sqrt(5) - 1) / 2
"""Currents in units of v_th. With 1/4 a neuron has four different residuals. With the golden ratio,
the number that fractions approximate worst, its residuals fill the circle."""
QUARTER_STEPS, GOLDEN_STEPS, CROWD_STEPS = 12, 200, 32
CROWD, CURRENTS = MOST_NEURONS, (-0.3, 1.3)
"""The number of neurons in a crowd, and their lowest and highest current in units of v_th."""

WORDS: Final = {
    "title": TITLE,
    "residual": RESIDUAL,
    "top": "0 and v_th",
    "bottom": "v_th/2",
    "threshold": "v_th",
    "half": "v_th/2",
    "taken": "− v_th",
    "spike": "spike",
    "spikes": "{spikes} spikes",
    "one_spike": "1 spike",
    "steps": "in {t} timesteps",
    "one_step": "in 1 timestep",
    "timestep": "timestep {t} of {T}",
    "what": "Residuals",
    "noise": "Noise",
    "mean": "mean",
    "std": "deviation",
    "no_noise": "It trained without noise.",
    "training": "In training",
    "training_1": "one timestep",
    "training_2": "noise for the residual",
    "after": "Afterwards",
    "after_1": "many timesteps",
    "after_2": "the residual itself",
}
"""Texts inside the picture; the sentences of the chapters stand below it."""


def evenly(begin: float, until: float, steps: int) -> list[float]:
    """Moments of landings, spread evenly from `begin` to `until`."""
    return np.linspace(begin, until, steps + 1)[1:].tolist()


def ever_faster(begin: float, until: float, steps: int) -> list[float]:
    """Moments of landings: slow at first, so that the motion can be followed, then ever faster."""
    grown = np.log1p(0.2 * np.arange(1, steps + 1))
    return (begin + (until - begin) * grown / grown[-1]).tolist()


def idea(
    net: SpikingNet | None = None,
    images: Images | None = None,
    *,
    timesteps: int = 16,
    stage: int = 0,
) -> Film:
    """The film of the idea: one neuron, the noise, a crowd, a layer of a trained network.

    Args:
        net: trained with one timestep; None: the chapter on the network is left out.
        images: inputs of the network, of which the first `MOST_IMAGES` are used; the first is
            shown.
        timesteps: T of the network.
        stage: the stage whose residuals are shown, from 0.

    Raises:
        ValueError: a network without images, no such stage, or fewer than 2 timesteps.

    Example:
        >>> show.films.idea(net, data.test)
    """
    timesteps = checked("timesteps", Several, timesteps)
    seen = None
    if net is not None:
        if images is None or not len(images):
            raise ValueError("a network needs images: give `images`")
        if not 0 <= stage < len(net.stages):
            raise ValueError(f"stage must be 0 to {len(net.stages) - 1}, got {stage}")
        few = images.first(min(MOST_IMAGES, len(images)))
        seen = see_layer(net, few, timesteps, stage)
    return cut(seen, stage)


def example_idea() -> Film:
    """The film with the network of notebook 00, on the image that the course follows first."""
    few = torch.arange(MOST_IMAGES)
    few = torch.cat([few[EXAMPLE_IMAGE:], few[:EXAMPLE_IMAGE]])
    images = load_data(**asdict(QUICKSTART.data)).test.subset(few)
    return idea(cast(SpikingNet, example().network()), images)


def cut(seen: LayerSeen | None, stage: int) -> Film:
    """Make the film, given the recording of a network; None: without one."""
    quarter = hops(torch.full((QUARTER_STEPS, 1), QUARTER, dtype=torch.float64))
    golden = hops(torch.full((GOLDEN_STEPS, 1), GOLDEN, dtype=torch.float64))
    low, high = CURRENTS
    drawn = torch.Generator().manual_seed(0)
    currents = low + (high - low) * torch.rand(CROWD, generator=drawn, dtype=torch.float64)
    crowd = hops(currents.expand(CROWD_STEPS, CROWD))
    noise = Noise()
    start = sample(noise, (DRAWS,), torch.Generator().manual_seed(1), dtype=torch.float64)
    once = trace(torch.full((1, DRAWS), GOLDEN, dtype=torch.float64), Neuron(), start)

    begins = {"quarter": 0.0, "golden": 14.0, "noise": 31.5, "crowd": 44.0}
    meaning = 60.0
    moments = {
        "quarter": [*evenly(3.6, 7.6, 4), *evenly(7.6, 11.6, QUARTER_STEPS - 4)],
        "golden": ever_faster(begins["golden"] + 0.6, begins["noise"] - 2.0, GOLDEN_STEPS),
        "crowd": evenly(begins["crowd"] + 1.0, meaning - 4.0, CROWD_STEPS),
    }
    scene: dict[str, Any] = {
        "edges": edges().tolist(),
        "quarter": quarter.sent(moments["quarter"]) | {"histogram": of_one(quarter)},
        "golden": golden.sent(moments["golden"]) | {"histogram": of_one(golden)},
        "law": law(noise),
    }
    active = np.asarray(crowd.groups) == 1
    residuals = [values[active] for values in crowd.v[:-1]]
    together = np.concatenate(residuals)
    scene["crowd"] = crowd.sent(moments["crowd"]) | {
        "histogram": histogram(residuals, float(together.mean()), float(together.std())),
        "sizes": counted(crowd.groups),
    }
    said = first_sentences(scene)
    if seen is not None:
        begins["layer"], meaning = meaning, meaning + 17.0
        moments["layer"] = evenly(begins["layer"] + 1.2, meaning - 4.0, len(seen.path.h))
        scene["layer"] = seen.path.sent(moments["layer"]) | {
            "histogram": histogram(seen.landed, seen.found.mean, seen.found.std),
            "sizes": shares(seen.found),
            "law": law(seen.noise) if seen.noise else None,
            "image": seen.image,
            "caption": [
                f"{len(seen.path.first)} of {seen.neurons:,} neurons",
                f"of stage {stage + 1}, on this image",
            ],
        }
        said["layer"] = layer_sentence(seen, stage)
    begins["meaning"], length = meaning, meaning + 11.0
    probability = float(firing_probability(torch.tensor(GOLDEN), noise))
    rate = float(golden.spikes.mean())
    scene["once"] = Hops(start.numpy(), *(part.numpy() for part in once)).sent([meaning + 4.0])
    scene["begins"], scene["length"] = begins, length
    names = {"quarter": f"Current {QUARTER:g} v_th", "golden": f"Current {GOLDEN:.3f}… v_th"}
    told = {
        "training_3": f"fires with probability {probability:.2f}",
        "after_3": f"fires at {rate:.2f} of the timesteps",
    }
    return Film(
        "idea",
        TITLE,
        alt_of(said, scene["crowd"]["histogram"]),
        length,
        tuple(Chapter(at, TITLES[name], unbroken(said[name])) for name, at in begins.items()),
        tuple(round(step, 3) for step in steps_of(begins, moments, length)),
        scene,
        WORDS | names | told,
    )


TITLES: Final = {
    "quarter": "One neuron",
    "golden": "It fills the circle",
    "noise": "The noise",
    "crowd": "A crowd",
    "layer": "A trained network",
    "meaning": "What this means",
}
"""Names of the chapters."""


def first_sentences(scene: dict[str, Any]) -> dict[str, str]:
    """The sentences of each chapter but that of the network."""
    one, noise = scene["golden"]["histogram"], scene["law"]
    silent, active, saturated = scene["crowd"]["sizes"]
    return {
        "quarter": (
            "Each timestep adds a current. At v_th the neuron spikes and v_th is taken away, so "
            "its potential goes around a circle. What is left over is its residual. With a current "
            "of v_th/4 it only knows four."
        ),
        "golden": (
            f"The golden section of v_th, {GOLDEN:.3f}…, is no ratio of whole numbers. With such a "
            "current the neuron never lands in one place twice: after "
            f"{GOLDEN_STEPS} timesteps its residuals fill the circle evenly."
        ),
        "noise": (
            f"The residuals have mean {one['mean']:.3f} and deviation {one['std']:.3f} v_th. "
            "Matched noise has the two numbers of an even spread: v_th/2 and v_th/√12 = "
            f"{noise['std']:.4f} v_th. But a Gaussian reaches further: "
            f"{whole_percent(noise['outside'])} of it lies below 0 or above v_th."
        ),
        "crowd": (
            f"{CROWD} neurons, each with its own current. The residuals of the {active} "
            f"ones fill the histogram. Left out: {silent} neurons, which never spike, and "
            f"{saturated} ones, which always do. Most of those drift away, and their "
            "residual changes no spike."
        ),
        "meaning": (
            "In training, noise stands for the residual, so one timestep is enough. Afterwards the "
            "noise goes and the weights stay: over many timesteps the real residual plays its part."
        ),
    }


def layer_sentence(seen: LayerSeen, stage: int) -> str:
    """The sentences on the network."""
    found = seen.found
    images = f"{seen.images} image{'s' * (seen.images != 1)}"
    noise = WORDS["no_noise"]
    if seen.noise:
        noise = (
            f"The noise in training had mean {seen.noise.mu:.3f} and deviation "
            f"{seen.noise.sigma:.3f}."
        )
    if math.isnan(found.mean):
        return (
            f"Stage {stage + 1} of a trained network, {images}. No neuron is active: "
            f"{whole_percent(found.silent)} are silent, {whole_percent(found.saturated)} "
            f"saturated. So no residual counts, and the histogram stays empty. {noise}"
        )
    return (
        f"Stage {stage + 1} of a trained network, {images}. Its active neurons, "
        f"{whole_percent(found.active)} of all, carry residuals of mean {found.mean:.3f} and "
        f"deviation {found.std:.3f} v_th. {noise} Left out: {whole_percent(found.silent)} silent, "
        f"{whole_percent(found.saturated)} saturated."
    )


def counted(groups: list[int]) -> list[str]:
    """How many neurons of each group there are, in the order of `GROUPS`."""
    silent, active, saturated = (groups.count(group) for group in range(3))
    return [f"{silent} silent", f"{active} active", f"{saturated} saturated"]


def shares(found: ResidualSummary) -> list[str]:
    """Each group of `GROUPS` as a share of all neurons on all images."""
    parts = {"silent": found.silent, "active": found.active, "saturated": found.saturated}
    return [f"{whole_percent(share)} {name}" for name, share in parts.items()]


def alt_of(said: dict[str, str], crowd: dict[str, Any]) -> str:
    """The film in words, chapter by chapter."""
    numbers = f" Mean {crowd['mean']:.3f}, deviation {crowd['std']:.3f} v_th."
    whole = said | {"crowd": said["crowd"] + numbers}
    return " ".join(f"{title}: {whole[name]}" for name, title in TITLES.items() if name in whole)


def steps_of(
    begins: dict[str, float], moments: dict[str, list[float]], length: float
) -> list[float]:
    """The moments at which something new is seen."""
    after = 0.5  # s after a landing, when the mark is in the histogram, too
    landings = {
        "quarter": (1, 2, 3, 4, QUARTER_STEPS),
        "golden": (1, 2, 3, 10, 40, GOLDEN_STEPS),
        "crowd": (1, 2, 8, CROWD_STEPS),
        "layer": (1, 2, 4, len(moments.get("layer", ()))),
    }
    steps = {2.9, begins["noise"] + 4.0, begins["noise"] + 9.0, begins["meaning"] + 5.0, length}
    for name, begin in begins.items():
        steps |= {begin} if begin else set()
        for t in landings[name] if name in moments else ():
            if t > len(moments[name]):
                continue
            landed, following = moments[name][t - 1], [*moments[name], length][t]
            steps.add(landed + min(after, (following - landed) / 2))
    return sorted(steps)

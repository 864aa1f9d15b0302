"""How long the live pictures of the notebooks take to follow their controls.

`python -m snnlab.bench.redraw` builds every live picture as its notebook does, moves each control
over its whole range and prints a table.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median
from typing import Any, cast

import numpy as np
import torch
from ipywidgets import ValueWidget

from snnlab.classroom.preset import preset
from snnlab.data.images import Data
from snnlab.data.sources import load_data
from snnlab.learning.fit import fit
from snnlab.learning.objectives import PlainANN, SingleStep
from snnlab.measure.accuracy import accuracy_against_timesteps
from snnlab.measure.energy import cost_report
from snnlab.network.models import build
from snnlab.network.net import ANN, SpikingNet, StagedNet
from snnlab.network.neurons import with_neurons
from snnlab.neuron.spec import Noise
from snnlab.show.widgets.channels import channel_explorer
from snnlab.show.widgets.live import LivePicture
from snnlab.show.widgets.networks import exit_explorer, margin_explorer
from snnlab.show.widgets.neurons import gradient_explorer, neuron_explorer, residual_explorer
from snnlab.show.widgets.sketch import sketch
from snnlab.show.widgets.timesteps import (
    ann_explorer,
    conversion_explorer,
    disturbance_explorer,
    energy_explorer,
)

ALLOWED_MS = 200.0
"""How many milliseconds a picture may take to follow."""
PLACES = 5
"""Number of positions to which a slider is moved."""


@dataclass(frozen=True)
class Redraw:
    """How long one live picture takes to follow."""

    name: str
    median_ms: float
    """Median over all moves of all controls, in milliseconds."""
    slowest_ms: float
    slowest_control: str
    """The control whose move took longest."""
    moves: int


def redraw_times(name: str, live: LivePicture) -> Redraw:
    """Move each control over its range and time what follows: the picture and its HTML.

    Args:
        name: of the picture, for the answer.
        live: is drawn as it moves; afterwards its controls stand where they stood.

    Raises:
        RuntimeError: a picture that could not be drawn.

    Example:
        >>> redraw_times("neuron_explorer", neuron_explorer()).slowest_ms < 200
        True
    """
    found: list[tuple[float, str]] = []
    for key, control in live.controls.items():
        before = control.value
        for value in [*_places(control), before]:
            if value == control.value:
                continue
            start = time.perf_counter()
            control.value = value
            found.append((1000 * (time.perf_counter() - start), key))
            if live.picture is None:
                raise RuntimeError(f"{name} could not be drawn with {live.values}")
    slowest, where = max(found)
    return Redraw(name, median(ms for ms, _ in found), slowest, where, len(found))


def _places(control: ValueWidget) -> list[Any]:
    """`PLACES` values from one end of the range of a control to the other."""
    if hasattr(control, "options"):
        return [option[1] if isinstance(option, tuple) else option for option in control.options]
    places = np.linspace(control.min, control.max, PLACES)
    return [type(control.value)(place) for place in places]


def course_pictures() -> Iterator[tuple[str, Callable[[], LivePicture]]]:
    """Every live picture of the course: its name, and what builds it as its notebook does."""
    settings = preset("fast")
    data = load_data(settings.data, device=settings.device)
    net = cast(SpikingNet, _trained(data, Noise()))
    quiet = with_neurons(net)  # as converted: the same weights, no noise
    yield (
        "00 sketch",
        lambda: sketch([1, 2, 4, 8, 16], span=(0, 100), x_label="T", y_label="Accuracy (%)"),
    )
    yield "01 neuron_explorer", neuron_explorer
    yield "02 residual_explorer", residual_explorer
    yield "03 gradient_explorer", gradient_explorer
    yield "04 margin_explorer", lambda: margin_explorer({"a": net, "b": quiet}, data.test)
    yield "05 conversion_explorer", lambda: conversion_explorer(net, data.test)
    yield "06 ann_explorer", lambda: _ann_picture(data)
    yield (
        "07 energy_explorer",
        lambda: energy_explorer(
            cost_report(quiet, accuracy_against_timesteps(quiet, data.test, 32))
        ),
    )
    yield "07 exit_explorer", lambda: exit_explorer(quiet, data.test)
    yield (
        "08 disturbance_explorer",
        lambda: disturbance_explorer({"with noise": net, "without": quiet}, data.test),
    )
    yield "09 channel_explorer", channel_explorer


def _trained(data: Data, noise: Noise | None, activation: str = "spiking") -> StagedNet:
    settings = preset("fast")
    net = build(
        settings.architecture,
        image_shape=data.image_shape,
        classes=len(data.classes),
        seed=0,
        activation=activation,
        noise=noise,
    )
    objective = SingleStep() if noise else PlainANN()
    fit(net, data, objective, settings.training, seed=0)
    return net


def _ann_picture(data: Data) -> LivePicture:
    ann = cast(ANN, _trained(data, None, "relu"))
    return ann_explorer(ann, data.train.first(500), data.test)


def main() -> None:
    """Time every live picture of the course and print the table."""
    torch.set_num_threads(1)  # as the notebooks do
    print("| live picture | built in s | median ms | slowest ms | at | moves |")
    print("|---|---|---|---|---|---|")
    slow = []
    for name, make in course_pictures():
        start = time.perf_counter()
        live = make()
        built = time.perf_counter() - start
        row = redraw_times(name, live)
        print(
            f"| {name} | {built:.1f} | {row.median_ms:.0f} | {row.slowest_ms:.0f} "
            f"| {row.slowest_control} | {row.moves} |",
            flush=True,
        )
        if row.slowest_ms > ALLOWED_MS:
            slow.append(name)
    print(f"slower than {ALLOWED_MS:.0f} ms: {', '.join(slow) or 'none'}")


if __name__ == "__main__":
    main()

"""Accuracy and energy against timesteps T, of networks that are changed, converted or disturbed."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

import torch
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from snnlab.conversion.ann import convert_ann
from snnlab.conversion.spec import Threshold
from snnlab.data.images import Images
from snnlab.measure.accuracy import accuracy, accuracy_against_timesteps
from snnlab.measure.disturbance import Disturbance, disturbed_accuracy
from snnlab.measure.energy import Assumptions, CostReport
from snnlab.network.net import ANN, SpikingNet
from snnlab.network.neurons import with_neurons
from snnlab.neuron.spec import Reset
from snnlab.show.arrays import Values
from snnlab.show.curves import line_chart
from snnlab.show.described import ACCURACY, TIMESTEPS
from snnlab.show.picture import Picture, picture
from snnlab.show.widgets.live import (
    MOST_IMAGES,
    RESETS,
    LivePicture,
    choice,
    first_images,
    live_axes,
    slider,
    which_images,
)
from snnlab.show.widgets.recorded import recording

_TIMESTEPS = (1, 2, 4, 8, 16)
_TIMESTEPS_OF_RELU = (*_TIMESTEPS, 32)
_CORRECTED_AT = 4
_DISTURBANCES = {
    "input_noise": "noise on pixels",
    "weight_noise": "noise on weights",
    "dropped_spikes": "lost spikes",
}
_LEVEL, _LEVELS = 0.1, 5


def conversion_explorer(
    net: SpikingNet, images: Images, *, count: int = MOST_IMAGES
) -> LivePicture:
    """Accuracy against T for chosen v_init, leak and reset of all neurons.

    Args:
        net: trained with one timestep; it is run without noise.
        images: of the test set; the first `count` are classified anew for each picture.
        count: number of images.

    Example:
        >>> live = conversion_explorer(net, data.test)
        >>> live.controls["reset"].value = "zero"
    """
    shown = first_images(images, count)

    def curve(changed: SpikingNet) -> list[float]:
        return accuracy_against_timesteps(changed, shown, _TIMESTEPS[-1]).only(_TIMESTEPS).accuracy

    as_trained = curve(with_neurons(net))

    def draw(v_init: float, beta: float, reset: Reset) -> Picture:
        v_th = net.neuron_layers("neuron", needed_by="this picture")[0].neuron.v_th
        changed = curve(with_neurons(net, v_init=v_init * v_th, beta=beta, reset=reset))
        ax = percent_chart(
            _TIMESTEPS, {"as trained": as_trained, "changed": changed}, live_axes(top=0.55)
        )
        return picture(
            ax,
            f"At T = 16: {changed[-1]:.1f} %, as trained {as_trained[-1]:.1f} %. "
            f"{which_images(shown, images)}",
        )

    return recording(
        draw,
        {
            "v_init": slider("v_init (v_th)", 0.0, 1.0, 0.5, 0.05),
            "beta": slider("beta (leak)", 0.5, 1.0, 1.0, 0.05),
            "reset": choice("reset", RESETS),
        },
        v_init=(0.0, 0.25, 0.5, 0.75, 1.0),
        beta=(0.5, 0.9, 1.0),
    )


def ann_explorer(
    net: ANN, calibration: Images, images: Images, *, count: int = MOST_IMAGES
) -> LivePicture:
    """Accuracy against T for chosen rule of thresholds, v_init, and correction of biases.

    All combinations are converted once, at the beginning, which takes some seconds.

    Args:
        net: a network whose stages all end in ReLU.
        calibration: images that determine the thresholds, usually some training images.
        images: of the test set; the first `count` are classified.
        count: number of images.

    Example:
        >>> live = ann_explorer(net, data.train.first(500), data.test)
        >>> live.controls["half_start"].value = False
    """
    shown = first_images(images, count)
    goal = accuracy(net, shown)

    def curve(rule: Threshold, per_channel: bool, half: bool, corrected: bool) -> list[float]:
        converted = convert_ann(
            net,
            _TIMESTEPS_OF_RELU[-1],
            calibration,
            threshold=rule,
            per_channel=per_channel,
            half_threshold_start=half,
            correct_bias_at=_CORRECTED_AT if corrected else 0,
        )
        found = accuracy_against_timesteps(converted, shown, _TIMESTEPS_OF_RELU[-1])
        return found.only(_TIMESTEPS_OF_RELU).accuracy

    rules: tuple[Threshold, ...] = ("max", "percentile")
    switches = (False, True)
    curves = {key: curve(*key) for key in product(rules, switches, switches, switches)}

    def draw(threshold: Threshold, per_channel: bool, half_start: bool, corrected: bool) -> Picture:
        chosen = curves[threshold, per_channel, half_start, corrected]
        lines = {
            "as in 2015": curves["max", False, False, False],
            "chosen": chosen,
            "ReLU network": [goal] * len(_TIMESTEPS_OF_RELU),
        }
        ax = percent_chart(_TIMESTEPS_OF_RELU, lines, live_axes())
        ax.set_xscale("log", base=2)
        ax.set_xticks(_TIMESTEPS_OF_RELU, [str(T) for T in _TIMESTEPS_OF_RELU])
        return picture(
            ax,
            f"At T = 4: {chosen[2]:.1f} %, at T = 32: {chosen[5]:.1f} %; "
            f"the ReLU network: {goal:.1f} %. {which_images(shown, images)}",
        )

    return recording(
        draw,
        {
            "threshold": choice(
                "threshold", [("largest activation", "max"), ("99.9th percentile", "percentile")]
            ),
            "per_channel": choice("one threshold per", [("layer", False), ("channel", True)]),
            "half_start": choice("start", [("0", False), ("v_th / 2", True)], True),
            "corrected": choice(
                "biases", [("as trained", False), (f"corrected at T = {_CORRECTED_AT}", True)]
            ),
        },
    )


def disturbance_explorer(
    nets: Mapping[str, SpikingNet], images: Images, *, count: int = MOST_IMAGES, seed: int = 0
) -> LivePicture:
    """Accuracy of each network against T under a chosen disturbance and strength.

    All combinations are measured once, at the beginning, which takes some seconds.

    Args:
        nets: name to network, at most five.
        images: of the test set; the first `count` are classified.
        count: number of images.
        seed: of the disturbances.

    Raises:
        ValueError: no networks.

    Example:
        >>> live = disturbance_explorer({"with noise": net}, data.test)
        >>> live.controls["level"].value = 3
    """
    if not nets:
        raise ValueError("nets is empty: give at least one network")
    shown = first_images(images, count)

    def measured(name: str, kind: str, level: int) -> list[float]:
        generator = torch.Generator(shown.device).manual_seed(seed)
        disturbance = Disturbance(**{kind: _LEVEL * level})
        found = disturbed_accuracy(nets[name], shown, _TIMESTEPS, disturbance, generator=generator)
        return list(found.values())

    curves = {key: measured(*key) for key in product(nets, _DISTURBANCES, range(_LEVELS + 1))}

    def draw(kind: str, level: int) -> Picture:
        lines = {name: curves[name, kind, level] for name in nets}
        ax = percent_chart(_TIMESTEPS, lines, live_axes())
        ends = ", ".join(f"{name} {values[-1]:.1f} %" for name, values in lines.items())
        what = f"{_DISTURBANCES[kind].capitalize()} of strength {_LEVEL * level:.1f}"
        return picture(ax, f"{what}, at T = 16: {ends}. {which_images(shown, images)}")

    return recording(
        draw,
        {
            "kind": choice("disturbance", [(name, kind) for kind, name in _DISTURBANCES.items()]),
            "level": slider("strength (tenths)", 0, _LEVELS, 2),
        },
        level=range(_LEVELS + 1),
    )


def energy_explorer(report: CostReport) -> LivePicture:
    """Energy against T for chosen energies of the operations, and kind of first layer.

    Args:
        report: of a network, at T = 1, 2, ...

    Example:
        >>> live = energy_explorer(cost_report(net, curve))
        >>> live.controls["first_layer_each_timestep"].value = True
    """

    def draw(mac: float, ac: float, first_layer_each_timestep: bool) -> Picture:
        cost = report.under(Assumptions(mac, ac, first_layer_each_timestep))
        energy, ann = cost.spiking_nanojoules, cost.ann_nanojoules
        ax = line_chart(
            report.timesteps,
            {"spiking network": energy, "ReLU network": [ann] * len(energy)},
            x_label=TIMESTEPS,
            y_label="Energy per image (nJ)",
            ax=live_axes(),
        )
        ax.set_ylim(0, None)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        below = [T for T, used in zip(report.timesteps, energy, strict=True) if used < ann]
        text = f"up to T = {max(below)}" if below else "at no T"
        return picture(ax, f"The spiking network needs less energy {text}.")

    return recording(
        draw,
        {
            "mac": slider("multiply-accumulate (pJ)", 0.1, 10.0, 4.6, 0.1),
            "ac": slider("accumulate (pJ)", 0.1, 10.0, 0.9, 0.1),
            "first_layer_each_timestep": choice(
                "first layer", [("once per image", False), ("at each timestep", True)]
            ),
        },
        mac=(0.9, 2.3, 4.6, 9.2),
        ac=(0.1, 0.9, 2.3, 4.6),
    )


def percent_chart(timesteps: tuple[int, ...], lines: Mapping[str, Values], ax: Axes) -> Axes:
    """Accuracy in percent against T, on an axis from 0 to 100.

    Args:
        timesteps: (n,), in rising order.
        lines: name to accuracies (n,).
        ax: where to draw.
    """
    line_chart(timesteps, lines, x_label=TIMESTEPS, y_label=ACCURACY, ax=ax)
    ax.set_ylim(0, 102)
    return ax

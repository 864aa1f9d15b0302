"""A network on one image, and a stage inside: stateless layers, then neurons."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from matplotlib.axes import Axes
from torch import Tensor, nn

from snnlab.measure.operations import stage_shapes
from snnlab.network.net import SpikingNet, evaluating
from snnlab.network.probes import Recording, record
from snnlab.show.described import with_minus
from snnlab.show.diagrams.diagram import Diagram
from snnlab.show.diagrams.symbols import (
    GREY,
    INK,
    WIDTH,
    arrow,
    bar,
    box,
    frame,
    key,
    line,
    neuron,
    patch_of,
    sheet,
    silence,
    spike,
    write,
)

T, READ = 8, 4
"""Timesteps of the spikes, and of the readout, that are shown."""
_CURRENTS = (-0.2, 0.2, 0.5, 0.8)  # in v_th; the neurons with the nearest currents are shown
_TOP, _BOX, _STEP, _RIGHT = 86, 44, 66, 128  # of stages: first, height, next one, right edge
_INSIDE = 148  # left edge of the enlarged stage

_LAYERS: tuple[tuple[Any, str], ...] = (
    (nn.Conv2d, "convolution"),
    (nn.Linear, "weights"),
    (nn.AvgPool2d, "pooling"),
    ((nn.BatchNorm1d, nn.BatchNorm2d), "norm"),
)


def stages(net: SpikingNet, image: Tensor) -> Diagram:
    """A network on an image: its stages, the inside of the first one, and its readout.

    Currents, spikes and readout are computed by the network, without noise.

    Args:
        net: on any device.
        image: (1, C, H, W), normalised like its inputs, on the same device.

    Raises:
        ValueError: not one image, one of another shape, a network that does not spike, or neurons
            of one's own that cannot be recorded, see `record`.

    Example:
        >>> stages(net, data.test.normalised(slice(1)))
    """
    if not isinstance(net, SpikingNet):
        raise ValueError(f"the drawing is of a SpikingNet, got a {type(net).__name__}")
    if len(image) != 1:
        raise ValueError(f"the drawing follows one image, got shape {tuple(image.shape)}")
    with torch.no_grad(), evaluating(net):
        readout = torch.cat(list(net.unroll(image, READ)))[:, 0].cpu()  # (T, K)
    shown = _rows(net, record(net, image, T)[0])
    shapes = [" \u00d7 ".join(map(str, shape)) for shape in (net.image_shape, *stage_shapes(net))]
    low = _TOP + _STEP * max(len(net.stages), 3)  # the readout is below the enlarged stage
    ax = sheet(low + 154)
    _draw_network(ax, image[0].cpu(), shapes, readout.shape[1], low)
    _draw_inside(ax, net, shown)
    _draw_readout(ax, readout, low)
    signs = [("real number", patch_of(GREY)), ("neuron", neuron), ("spike", spike)]
    key(ax, low + 142, signs)
    return Diagram(ax, _in_words(net, shapes, shown, readout), _summary(len(net.stages)))


class _Row(NamedTuple):
    """A neuron of the first stage."""

    current: float
    """In units of v_th."""
    spikes: list[bool]
    """At each timestep."""


def _rows(net: SpikingNet, first: Recording) -> list[_Row]:
    v_th = net.neuron_layers("v_th", needed_by="stages()")[0].v_th
    currents = first.currents[0].flatten().cpu() / v_th
    spikes = first.spikes.flatten(1).cpu() > 0  # (T, N)
    nearest = [int((currents - wanted).abs().argmin()) for wanted in _CURRENTS]
    return [_Row(float(currents[i]), spikes[:, i].tolist()) for i in nearest]


def _draw_network(ax: Axes, image: Tensor, shapes: list[str], classes: int, readout: float) -> None:
    """The whole network, from the image down to the mean over time."""
    limits = ax.get_ylim()  # since imshow changes them
    low, high = image.min(), image.max()
    pixels = ((image - low) / (high - low).clamp(min=1e-9)).permute(1, 2, 0)  # (H, W, C)
    ax.imshow(
        (pixels if len(image) == 3 else pixels.mean(2)).numpy(),
        cmap="gray_r",
        extent=(8, 64, 64, 8),
        aspect="auto",
        interpolation="none",
    ).set_clip_path(None)
    ax.set(xlim=(0, WIDTH), ylim=limits)
    frame(ax, 8, 8, 56, 56, GREY)
    write(ax, 70, 36, shapes[0].replace(" ", ""))
    middle, step = (8 + _RIGHT) / 2, (readout - _TOP) / len(shapes[1:])
    arrow(ax, (middle, 66), (middle, _TOP - 3))
    for i, shape in enumerate(shapes[1:]):
        y = _TOP + step * i
        frame(ax, 8, y, _RIGHT - 8, _BOX)
        write(ax, middle, y + _BOX / 2, f"stage {i + 1}\n{shape}", ha="center")
        for x in (-9, 0, 9):
            spike(ax, middle + x, y + (_BOX + step) / 2, 11)
    box(ax, 8, readout, _RIGHT - 8, _BOX, f"readout\n{classes} numbers")
    arrow(ax, (middle, readout + _BOX + 1), (middle, readout + _BOX + 15))
    box(ax, 8, readout + _BOX + 16, _RIGHT - 8, _BOX, "mean\nover time")


def _draw_inside(ax: Axes, net: SpikingNet, rows: list[_Row]) -> None:
    """The first stage, enlarged: layers, and some neurons with their currents and spikes."""
    left = _INSIDE + 12
    frame(ax, _INSIDE, 8, 394 - _INSIDE, 252, GREY)
    for start, end in ((_TOP + 2, 12), (_TOP + _BOX - 2, 256)):
        line(ax, [(_RIGHT, start), (_INSIDE, end)], GREY, 1)
    write(ax, left, 25, "inside stage 1", weight="bold")
    box(ax, left, 38, 222, 44, f"stateless layers\n{', '.join(layer_names(net))}")
    arrow(ax, (left + 30, 83), (left + 30, 99))
    for x, name in ((left, "current"), (left + 72, "neuron"), (left + 134, "spikes")):
        write(ax, x, 110, name)
    for i, row in enumerate(rows):
        y = 137 + 29 * i
        write(ax, left + 48, y, with_minus(f"{row.current:.2f}"), ha="right")
        arrow(ax, (left + 56, y), (left + 82, y))
        neuron(ax, left + 94, y)
        arrow(ax, (left + 105, y), (left + 127, y))
        for t, fired in enumerate(row.spikes):
            (spike if fired else silence)(ax, left + 138 + 11.5 * t, y)
    write(ax, left, 248, "real number")
    write(ax, left + 134, 248, "0 or 1")


def _draw_readout(ax: Axes, readout: Tensor, top: float) -> None:
    """The numbers of all classes at each timestep, and their mean."""
    frame(ax, _INSIDE, top - 12, 394 - _INSIDE, 128, GREY)
    for start, end in ((top + 2, top - 8), (top + 102, top + 112)):
        line(ax, [(_RIGHT, start), (_INSIDE, end)], GREY, 1)
    mean = readout.mean(0)
    write(ax, _INSIDE + 12, top + 5, "readout", weight="bold")
    write(ax, 382, top + 5, f"decides: class {int(mean.argmax())}", ha="right")
    most, least = float(readout.max().clamp(min=0)), float(readout.min().clamp(max=0))
    scale = 64 / max(most - least, 1e-9)
    zero = top + 22 + scale * most
    names = ["t = 1", *map(str, range(2, READ + 1)), "mean"]
    group = 228 / len(names)
    width = 0.8 * group / readout.shape[1]
    for i, (name, values) in enumerate(zip(names, [*readout, mean], strict=True)):
        left = _INSIDE + 13 + group * i
        colour = INK if name == "mean" else GREY
        for k, value in enumerate(values.tolist()):
            bar(ax, left + width * k, zero - scale * value, 0.75 * width, zero, colour)
        line(ax, [(left, zero), (left + 0.8 * group, zero)], colour, 1)
        write(ax, left + 0.4 * group, top + 102, name, ha="center")


def layer_names(net: SpikingNet) -> list[str]:
    """The stateless layers of the first stage that compute something, in words."""
    modules = list(net.stages[0].layers.modules())
    found = [name for module in modules for kind, name in _LAYERS if isinstance(module, kind)]
    return list(dict.fromkeys(found))


def _summary(stages: int) -> str:
    return (
        f"Left, the network: {stages} stages, then the readout. Right, one stage: stateless layers "
        "make a current for each neuron, a real number, and each neuron makes of it a 0 or a 1 at "
        "each timestep. Only spikes go from stage to stage. The readout turns those of the last "
        "stage into a number for each class; the mean of these over time is the answer."
    )


def _in_words(net: SpikingNet, shapes: list[str], rows: list[_Row], readout: Tensor) -> str:
    neurons = "; ".join(f"current {row.current:.2f} v_th, {sum(row.spikes)} spikes" for row in rows)
    stages = ", ".join(f"stage {i} ({shape})" for i, shape in enumerate(shapes[1:], start=1))
    mean = readout.mean(0)
    numbers = ", ".join(f"{value:.2f}" for value in mean.tolist())
    return (
        f"A network from top to bottom: the image ({shapes[0]}), {stages}, the readout of "
        f"{len(mean)} numbers, their mean over time. Spikes join the stages. Inside stage 1: "
        f"stateless layers ({', '.join(layer_names(net))}), then neurons; {len(rows)} of them over "
        f"{T} timesteps: {neurons}. The readout as bars for each of {READ} timesteps, and their "
        f"mean: {numbers}; the network decides for class {int(mean.argmax())}."
    )

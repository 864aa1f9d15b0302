"""Networks that are disturbed: noisy images, noisy weights, lost spikes."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from snnlab.data.images import Images
from snnlab.measure.disturbance import Disturbance, disturbed_accuracy
from snnlab.network.net import SpikingNet
from snnlab.show.curves import percent_chart
from snnlab.show.picture import Picture, picture
from snnlab.show.widgets.live import LivePicture, choice, live_axes, slider

_STEPS = (1, 2, 4, 8, 16)
_KINDS = {
    "input_noise": ("noise on pixels", 0.1),
    "weight_noise": ("noise on weights", 0.1),
    "dropped_spikes": ("lost spikes", 0.1),
}
_LEVELS = 5


def disturbance_explorer(
    nets: Mapping[str, SpikingNet], images: Images, *, count: int = 200, seed: int = 0
) -> LivePicture:
    """Choose a disturbance and its strength; accuracy against T of each network follows.

    All combinations are measured once, at the beginning, which takes some seconds.

    Args:
        nets: name to network, at most five.
        images: the first `count` are classified.
        count: how many.
        seed: of the disturbances.

    Raises:
        ValueError: no networks.

    Example:
        >>> live = disturbance_explorer({"with noise": net}, data.test)
        >>> live.controls["level"].value = 3
    """
    if not nets:
        raise ValueError("nets is empty: give at least one network")
    shown = images.first(min(count, len(images)))

    def measured(net: SpikingNet, kind: str, level: int) -> list[float]:
        generator = torch.Generator(shown.device).manual_seed(seed)
        disturbance = Disturbance(**{kind: _KINDS[kind][1] * level})
        found = disturbed_accuracy(net, shown, _STEPS, disturbance, generator=generator)
        return list(found.values())

    curves = {
        (name, kind, level): measured(net, kind, level)
        for name, net in nets.items()
        for kind in _KINDS
        for level in range(_LEVELS + 1)
    }

    def draw(kind: str, level: int) -> Picture:
        lines = {name: curves[name, kind, level] for name in nets}
        ax = percent_chart(_STEPS, lines, live_axes())
        strength = _KINDS[kind][1] * level
        ends = ", ".join(f"{name} {values[-1]:.1f} %" for name, values in lines.items())
        return picture(ax, f"{_KINDS[kind][0].capitalize()} of strength {strength:.1f}: {ends}.")

    return LivePicture(
        draw,
        {
            "kind": choice("disturbance", [(name, kind) for kind, (name, _) in _KINDS.items()]),
            "level": slider("strength (tenths)", 0, _LEVELS, 2),
        },
    )

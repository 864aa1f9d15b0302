"""A converted network whose neurons can be changed: what breaks the conversion."""

from __future__ import annotations

from snnlab.data.images import Images
from snnlab.measure.accuracy import accuracy_against_timesteps
from snnlab.network.net import SpikingNet
from snnlab.network.neurons import with_neurons
from snnlab.neuron.spec import Reset
from snnlab.show.curves import percent_chart
from snnlab.show.picture import Picture, picture
from snnlab.show.widgets.live import LivePicture, choice, live_axes, slider

_STEPS = (1, 2, 4, 8, 16)


def conversion_explorer(net: SpikingNet, images: Images, *, count: int = 200) -> LivePicture:
    """v_init, leak and reset of all neurons; accuracy against T follows.

    Args:
        net: trained with one timestep; run without noise.
        images: the first `count` are classified anew for each picture.
        count: how many.

    Example:
        >>> live = conversion_explorer(net, data.test)
        >>> live.controls["reset"].value = "zero"
    """
    shown = images.first(min(count, len(images)))

    def curve(changed: SpikingNet) -> list[float]:
        return accuracy_against_timesteps(changed, shown, _STEPS[-1]).only(_STEPS).accuracy

    kept = curve(with_neurons(net))

    def draw(v_init: float, beta: float, reset: Reset) -> Picture:
        v_th = net.neuron_layers("neuron", needed_by="this picture")[0].neuron.v_th
        changed = curve(with_neurons(net, v_init=v_init * v_th, beta=beta, reset=reset))
        lines = {"as trained": kept, "changed": changed}
        ax = percent_chart(_STEPS, lines, live_axes(top=0.55))
        return picture(ax, f"At T = 16: {changed[-1]:.1f} %, as trained {kept[-1]:.1f} %.")

    return LivePicture(
        draw,
        {
            "v_init": slider("v_init (v_th)", 0.0, 1.0, 0.5, 0.05),
            "beta": slider("beta (leak)", 0.5, 1.0, 1.0, 0.05),
            "reset": choice("reset", [("by subtraction", "subtract"), ("to zero", "zero")]),
        },
    )

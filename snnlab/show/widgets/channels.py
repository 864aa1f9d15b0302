"""A Hodgkin-Huxley neuron whose current and number of ion channels can be changed."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from snnlab.biology.hodgkin_huxley import MembraneTrace, simulate_membrane
from snnlab.show.page import dress, fixed_panels, head
from snnlab.show.picture import Picture, attach_description, picture
from snnlab.show.style import BLUE, GREY, INK
from snnlab.show.widgets.live import LivePicture, choice, slider
from snnlab.show.widgets.recorded import recording

_DT, _KEEP = 0.025, 8  # timestep in ms; every eighth value is drawn
_STRONGEST = 12  # µA/cm²
_RECORDED = (0, 2, 4, 6, 7, 9, 12)  # µA/cm², on web pages


def channel_explorer(
    channels: tuple[int, ...] = (1000, 3000, 10000, 30000, 100000),
    *,
    milliseconds: float = 80.0,
    trials: int = 10,
    seed: int = 0,
) -> LivePicture:
    """Voltage and spikes for a chosen current and number of sodium channels.

    All combinations are run once, at the beginning, which takes some seconds.

    Args:
        channels: numbers of sodium channels to choose from.
        milliseconds: how long each trial lasts.
        trials: for each combination.
        seed: of the channel noise.

    Raises:
        ValueError: no numbers of channels, or no trials.

    Example:
        >>> live = channel_explorer((1000, 10000))
        >>> live.controls["current"].value = 7
    """
    if not channels or trials < 1:
        raise ValueError(f"channels and trials must not be empty, got {channels}, {trials}")
    currents = np.arange(_STRONGEST + 1, dtype=np.float64)
    steps = round(milliseconds / _DT)
    # one trial after the other of each current, for each number of channels in turn
    each = np.repeat(currents, trials)
    noisy = simulate_membrane(
        np.tile(each, (steps, len(channels))),
        sodium_channels=np.repeat(channels, len(each)),
        dt=_DT,
        keep=_KEEP,
        seed=seed,
    )
    quiet = simulate_membrane(np.tile(currents, (steps, 1)), dt=_DT, keep=_KEEP)

    def draw(current: int, channels_chosen: int) -> Picture:
        row = channels.index(channels_chosen) * len(currents) + current
        shown = _trials(noisy, slice(row * trials, (row + 1) * trials))
        without = _trials(quiet, slice(current, current + 1))
        rate = shown.spikes.sum() / trials * 1000 / milliseconds
        return picture(
            voltage_and_spikes(shown, without),
            f"{rate:.0f} spikes per second with {channels_chosen:,} sodium channels, "
            f"{without.spikes.sum() * 1000 / milliseconds:.0f} without noise.",
        )

    numbers = [(f"{number:,}", number) for number in channels]
    middle = channels[len(channels) // 2]
    return recording(
        draw,
        {
            "current": slider("current (µA/cm²)", 0, _STRONGEST, 4),
            "channels_chosen": choice("sodium channels", numbers, middle),
        },
        current=_RECORDED,
    )


def _trials(trace: MembraneTrace, which: slice) -> MembraneTrace:
    """Some trials of a trace."""
    return MembraneTrace(
        trace.time,
        trace.voltage[:, which],
        trace.spikes[:, which],
        trace.sodium_open[:, which],
        trace.potassium_open[:, which],
    )


def voltage_and_spikes(trace: MembraneTrace, quiet: MembraneTrace) -> Axes:
    """The voltage of the first trial; below it the spikes of all trials, one line each.

    Args:
        trace: one or more trials with the same current.
        quiet: one trial without noise, drawn behind.

    Returns:
        The Axes of the voltage; the Axes of the spikes is the second one of its figure.
    """
    top, below = fixed_panels((11.0, 6.4), (0.12, 0.46, 0.84, 0.43), (0.12, 0.13, 0.84, 0.26))
    below.sharex(top)
    trials, span = trace.voltage.shape[1], float(trace.time[-1])
    dress(top, x="", y="V (mV)")
    without: dict[str, Any] = {"label": "without noise", "color": GREY, "linewidth": 2}
    top.plot(quiet.time, quiet.voltage[:, 0], "--", **without)
    noisy: dict[str, Any] = {"label": "with channel noise", "color": BLUE, "linewidth": 2.2}
    top.plot(trace.time, trace.voltage[:, 0], **noisy)
    top.set_ylim(-95, 65)
    top.set_yticks([-80, -40, 0, 40])
    top.tick_params(labelbottom=False)
    head(top, None, key=True)
    dress(below, x="Time (ms)", y="Trial", grid="x")
    when, which = trace.spikes.nonzero()
    below.scatter(trace.time[when], which + 1, marker="|", s=90, color=INK, linewidths=2)
    below.set_ylim(trials + 0.7, 0.3)
    below.set_yticks([1, trials] if trials > 1 else [1])
    below.set_xlim(0, span)
    lowest, highest = trace.voltage[:, 0].min(), trace.voltage[:, 0].max()
    attach_description(
        top,
        f"Membrane voltage over {span:.0f} ms, from {lowest:.0f} to {highest:.0f} mV, and "
        f"{int(trace.spikes.sum())} spikes in {trials} trials.",
    )
    return top

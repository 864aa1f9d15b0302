"""The voltage of one membrane over the spikes of many."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from snnlab.biology.hodgkin_huxley import MembraneTrace
from snnlab.show.description import attach_description
from snnlab.show.page import dress, head
from snnlab.show.style import BLUE, GREY, INK

_SIZE = (11.0, 6.4)  # inches
_LEFT, _WIDTH = 0.12, 0.84


def voltage_and_spikes(trace: MembraneTrace, *, quiet: MembraneTrace | None = None) -> Axes:
    """The voltage of the first trial; below it the spikes of all trials, one line each.

    Args:
        trace: trials under one and the same current.
        quiet: the same without noise, one trial, drawn behind.

    Returns:
        The Axes of the voltage; the Axes of the spikes is the second one of its figure.

    Raises:
        ValueError: no trials.

    Example:
        >>> ax = voltage_and_spikes(simulate_membrane(current, sodium_channels=[1000] * 8, seed=0))
    """
    trials = trace.voltage.shape[1]
    if trials < 1:
        raise ValueError("there is no trial to draw")
    figure = Figure(figsize=_SIZE)
    top = figure.add_axes((_LEFT, 0.46, _WIDTH, 0.43))
    below = figure.add_axes((_LEFT, 0.13, _WIDTH, 0.26), sharex=top)
    _draw_voltage(top, trace, quiet)
    _draw_spikes(below, trace)
    span = float(trace.time[-1])
    text = (
        f"Membrane voltage over {span:.0f} ms, from {trace.voltage[:, 0].min():.0f} to "
        f"{trace.voltage[:, 0].max():.0f} mV, and {int(trace.spikes.sum())} spikes in "
        f"{trials} trials."
    )
    attach_description(top, text)
    return top


def _draw_voltage(ax: Axes, trace: MembraneTrace, quiet: MembraneTrace | None) -> None:
    dress(ax, x="", y="V (mV)")
    if quiet is not None:
        ax.plot(
            quiet.time,
            quiet.voltage[:, 0],
            label="without noise",
            color=GREY,
            linestyle="--",
            linewidth=2,
        )
    ax.plot(trace.time, trace.voltage[:, 0], label="with channel noise", color=BLUE, linewidth=2.2)
    ax.set_ylim(-95, 65)
    ax.set_yticks([-80, -40, 0, 40])
    ax.tick_params(labelbottom=False)
    head(ax, None, key=quiet is not None)


def _draw_spikes(ax: Axes, trace: MembraneTrace) -> None:
    dress(ax, x="Time (ms)", y="Trial", grid="x")
    trials = trace.spikes.shape[1]
    when, which = trace.spikes.nonzero()
    ax.scatter(trace.time[when], which + 1, marker="|", s=90, color=INK, linewidths=2)
    ax.set_ylim(trials + 0.7, 0.3)
    ax.set_yticks([1, trials] if trials > 1 else [1])
    ax.set_xlim(0, float(trace.time[-1]))

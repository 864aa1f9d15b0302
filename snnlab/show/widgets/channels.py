"""A Hodgkin-Huxley neuron whose current and number of ion channels can be changed."""

from __future__ import annotations

import numpy as np

from snnlab.biology.hodgkin_huxley import MembraneTrace, simulate_membrane
from snnlab.show.arrays import Floats
from snnlab.show.picture import Picture, picture
from snnlab.show.voltage import voltage_and_spikes
from snnlab.show.widgets.live import LivePicture, choice, slider

_DT, _KEEP = 0.025, 8  # ms; every eighth time is drawn
_STRONGEST = 12  # µA/cm²


def channel_explorer(
    channels: tuple[int, ...] = (300, 1000, 3000, 10000, 30000),
    *,
    milliseconds: float = 80.0,
    trials: int = 10,
    seed: int = 0,
) -> LivePicture:
    """Current and number of sodium channels; voltage and spikes follow.

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
    noisy = _run(np.tile(np.repeat(currents, trials), len(channels)), steps, channels, seed)
    quiet = simulate_membrane(np.tile(currents, (steps, 1)), dt=_DT, keep=_KEEP)
    middle = channels[len(channels) // 2]

    def draw(current: int, channels_chosen: int) -> Picture:
        row = channels.index(channels_chosen) * len(currents) + current
        shown = _trials(noisy, slice(row * trials, (row + 1) * trials))
        without = _trials(quiet, slice(current, current + 1))
        ax = voltage_and_spikes(shown, quiet=without)
        per_second = 1000 / milliseconds
        rate = shown.spikes.sum() / trials * per_second
        return picture(
            ax,
            f"{rate:.0f} spikes per second with {channels_chosen:,} sodium channels, "
            f"{without.spikes.sum() * per_second:.0f} without noise.",
        )

    return LivePicture(
        draw,
        {
            "current": slider("current (µA/cm²)", 0, _STRONGEST, 4),
            "channels_chosen": choice(
                "sodium channels", [(f"{number:,}", number) for number in channels], middle
            ),
        },
    )


def _run(currents: Floats, steps: int, channels: tuple[int, ...], seed: int) -> MembraneTrace:
    """All combinations at once: one trial for each entry of `currents`."""
    each = len(currents) // len(channels)
    return simulate_membrane(
        np.broadcast_to(currents, (steps, len(currents))),
        sodium_channels=np.repeat(channels, each),
        dt=_DT,
        keep=_KEEP,
        seed=seed,
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

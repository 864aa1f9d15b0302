"""The currents of a neuron of a network, as a link brings them to the Neuron lab.

Networks compute in single precision, so a link holds each current as the shortest text that is read
back as the same number of single precision: rounded to four digits, some neurons would fire at
another timestep.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import streamlit as st

from snnlab.dashboard import address
from snnlab.dashboard.neuron_numbers import Settings
from snnlab.dashboard.screen import escaped

CURRENTS, NAME = "currents", "from"
"""In the link: the currents at t = 1, 2, ..., separated by commas, and the neuron's name."""
IN_LINKS = (CURRENTS, NAME)
MOST_TIMESTEPS = 64
"""Timesteps whose currents a link holds."""
LARGEST = 1e6
"""The largest current, positive or negative, that a link may hold."""
LONGEST_NAME = 120
"""Characters of a name that are shown."""
CONSTANT = ("current", "T")
"""The controls that are left out when a link brings currents."""


@dataclass(frozen=True)
class GivenCurrents:
    """Currents of a neuron, and its name, from a link."""

    currents: tuple[float, ...]
    """At t = 1 to T, each a number of single precision."""
    name: str
    """Where the neuron is, in the words of whoever made the link; may be empty."""

    @property
    def mean(self) -> float:
        """The mean of the currents."""
        return float(np.mean(self.currents))


def given() -> GivenCurrents | None:
    """The currents in the link of the page; None if it has none, or malformed ones."""
    currents = currents_in(address.link_value(CURRENTS) or "")
    return (
        GivenCurrents(currents, (address.link_value(NAME) or "")[:LONGEST_NAME])
        if currents
        else None
    )


@lru_cache(1000)
def currents_in(text: str) -> tuple[float, ...]:
    """The currents that a text holds; none if it is malformed.

    Example:
        >>> currents_in("0.5,-1"), currents_in("0.5,nan")
        ((0.5, -1.0), ())
    """
    parts = text.split(",")
    if len(parts) > MOST_TIMESTEPS:
        return ()
    try:
        numbers = [float(part) for part in parts]
    except ValueError:
        return ()
    return tuple(np.array(numbers, np.float32).tolist()) if all(map(sensible, numbers)) else ()


def text_of(currents: Sequence[float]) -> str:
    """The first `MOST_TIMESTEPS` currents as a link holds them; empty if one is not sensible.

    Example:
        >>> text_of([0.5, -1.0])
        '0.5,-1'
    """
    numbers = [float(current) for current in currents][:MOST_TIMESTEPS]
    if not all(map(sensible, numbers)):
        return ""
    return ",".join(str(number).removesuffix(".0") for number in np.array(numbers, np.float32))


def sensible(current: float) -> bool:
    """Whether a current is finite and not too large."""
    return abs(current) <= LARGEST


def draw_given(given: GivenCurrents, place: st.delta_generator.DeltaGenerator) -> None:
    """Say whose currents these are, with a button that leads back to one constant current."""
    T = len(given.currents)
    limit = ", as many as a link holds" if T == MOST_TIMESTEPS else ""
    name = f"  \n{escaped(given.name)}" if given.name else ""
    when = "t = 1" if T == 1 else f"t = 1 to {T}"
    when = when.replace(" ", "\u00a0")  # no line break inside
    place.markdown(f"**Currents of a neuron of a trained network, {when}**{limit}{name}")
    place.caption(
        "Computed in single precision, as networks are. Until a control is moved, its spikes are "
        "those of the network without noise."
    )
    if not address.set_by_lesson().intersection(CONSTANT):
        place.button(
            "One constant current", icon=":material/remove:", on_click=leave, args=(given,)
        )


def leave(given: GivenCurrents) -> None:
    """Go on with one constant current, the mean, over as many timesteps."""
    first = Settings()
    address.forget((*IN_LINKS, *CONSTANT))
    address.remember("current", round(given.mean, 2), first.current)
    address.remember("T", len(given.currents), first.T)

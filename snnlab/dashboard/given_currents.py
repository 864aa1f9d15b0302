"""The currents of a neuron of a network, as a link brings them to the Neuron lab.

A link holds each as the shortest text that gives the same number in single precision again, in
which networks compute: rounded to four digits, some neurons would fire at another timestep.
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
"""In the link: what flows at t = 1, 2, ..., separated by commas, and where in a network."""
IN_LINKS = (CURRENTS, NAME)
MOST = 64
"""Timesteps whose currents a link holds."""
LARGEST = 1e6
"""Currents beyond are no currents, in either direction."""
LONGEST_NAME = 120
"""Characters of a name that are shown."""
CONSTANT = ("current", "T")
"""The controls that make way for them."""


@dataclass(frozen=True)
class Given:
    """What a link says of a neuron."""

    currents: tuple[float, ...]
    """At t = 1 to T, each a number of single precision."""
    name: str
    """Where the neuron is, in the words of whoever made the link; may be empty."""

    @property
    def mean(self) -> float:
        """Of the currents."""
        return float(np.mean(self.currents))


def given() -> Given | None:
    """What the link of the page says; None: nothing that makes sense."""
    currents = currents_in(address.said(CURRENTS) or "")
    return Given(currents, (address.said(NAME) or "")[:LONGEST_NAME]) if currents else None


@lru_cache(1000)
def currents_in(text: str) -> tuple[float, ...]:
    """The currents that a text holds; none if it is anything else.

    Example:
        >>> currents_in("0.5,-1"), currents_in("0.5,nan")
        ((0.5, -1.0), ())
    """
    parts = text.split(",")
    if len(parts) > MOST:
        return ()
    try:
        numbers = [float(part) for part in parts]
    except ValueError:
        return ()
    return tuple(np.array(numbers, np.float32).tolist()) if all(map(sensible, numbers)) else ()


def text_of(currents: Sequence[float]) -> str:
    """The first `MOST` of some currents as a link holds them; empty if they make no sense.

    Example:
        >>> text_of([0.5, -1.0])
        '0.5,-1'
    """
    numbers = [float(current) for current in currents][:MOST]
    if not all(map(sensible, numbers)):
        return ""
    return ",".join(str(number).removesuffix(".0") for number in np.array(numbers, np.float32))


def sensible(current: float) -> bool:
    """Whether it is a finite number that is not too large."""
    return abs(current) <= LARGEST


def draw_given(given: Given, place: st.delta_generator.DeltaGenerator) -> None:
    """Whose currents they are, and the way back to one constant current."""
    T = len(given.currents)
    limit = ", as many as a link holds" if T == MOST else ""
    name = f"  \n{escaped(given.name)}" if given.name else ""
    when = "t = 1" if T == 1 else f"t = 1 to {T}"
    when = when.replace(" ", "\u00a0")  # no line ends in it
    place.markdown(f"**Currents of a neuron of a trained network, {when}**{limit}{name}")
    place.caption(
        "Computed in single precision, as networks are. Until a control is moved, its spikes are "
        "those of the network without noise."
    )
    if not address.set_by_lesson().intersection(CONSTANT):
        place.button(
            "One constant current", icon=":material/remove:", on_click=leave, args=(given,)
        )


def leave(given: Given) -> None:
    """Go on with one constant current, the mean, over as many timesteps."""
    first = Settings()
    address.forget((*IN_LINKS, *CONSTANT))
    address.remember("current", round(given.mean, 2), first.current)
    address.remember("T", len(given.currents), first.T)

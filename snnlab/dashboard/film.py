"""Films on pages: behind a switch, so that the page itself loads quickly."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

import streamlit as st

from snnlab.dashboard import address, controls
from snnlab.dashboard.mounted import as_sent, part
from snnlab.dashboard.screen import colours, warn
from snnlab.show.films.film import FILM_JS, Film

SHOWN, MOMENT = "film", "at"
"""In links: whether it is shown, and the second at which it rests."""
IN_LINKS = (SHOWN, MOMENT)
SENT = "film-sent"
"""In the session: the options that were sent to the film, which stay the same while it plays."""

player = part(
    "snnlab.film",
    FILM_JS,
    "(element, tell, given, options) => mountFilm(element, given, tell, options)",
)


class Packed(NamedTuple):
    """A film, ready to be sent to a browser."""

    length: float
    """In seconds."""
    given: bytes


def packed(film: Film) -> Packed:
    """Make a film ready to be sent."""
    return Packed(film.length, json.dumps(film.given()).encode())


@st.cache_resource(show_spinner="Making the film ...")
def idea() -> Packed:
    """The film of the idea; the same for all visitors."""
    from snnlab.show.films.idea import example_idea  # here, as it loads torch

    return packed(example_idea())


@st.fragment
def draw_film(label: str, make: Callable[[], Packed]) -> None:
    """The switch and the film, as a fragment: a press redraws only these.

    Args:
        label: of the switch.
        make: makes the film, once somebody wants to see it. If it raises ValueError, the message is
            shown in place of the film.
    """
    if not controls.toggle(SHOWN, label, False):
        st.session_state.pop(address.key(SENT), None)
        address.forget([MOMENT])
        return
    try:
        length, given = make()
    except ValueError as problem:
        warn(problem)
        return
    wishes = {"t": address.number(MOMENT, 0, 0, length), "dark": colours().dark}
    player(
        address.key("film-player"),
        [given, as_sent(SENT, wishes)],
        at=lambda message: rest(message, length),
    )


def rest(message: Any, length: float) -> None:
    """Write the moment at which the film rests into the link, if the browser sent a valid one."""
    t = message.get("t") if isinstance(message, dict) else None
    if isinstance(t, int | float) and 0 <= t <= length:
        address.remember(MOMENT, float(t), 0.0)

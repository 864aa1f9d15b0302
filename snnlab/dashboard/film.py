"""The film of the idea, on a page: opened by a switch, so that the page stays quick."""

from __future__ import annotations

import json
from typing import Any

import streamlit as st

from snnlab.dashboard import address, controls
from snnlab.dashboard.mounted import part
from snnlab.dashboard.screen import colours
from snnlab.show.films.film import FILM_JS

SHOWN, MOMENT = "film", "at"
"""In links: whether it is shown, and the second at which it rests."""
IN_LINKS = (SHOWN, MOMENT)
SENT = "film-sent"
"""In the session: the wishes that were sent to the film, which stay while it plays."""

player = part(
    "snnlab.film",
    FILM_JS,
    "(element, tell, given, options) => mountFilm(element, given, tell, options)",
)


@st.cache_resource(show_spinner="Making the film ...")
def film() -> tuple[float, bytes]:
    """Its length in seconds, and what the browser is given; the same for all visitors."""
    from snnlab.show.films.idea import example_idea  # here, as it loads torch

    made = example_idea()
    return made.length, json.dumps(made.given()).encode()


@st.fragment
def draw_film() -> None:
    """The switch, and the film; a press draws nothing else of the page anew."""
    if not controls.toggle(SHOWN, "Show the film of the idea", False):
        st.session_state.pop(address.key(SENT), None)
        address.forget([MOMENT])
        return
    length, given = film()
    wishes = {"t": address.number(MOMENT, 0, 0, length), "dark": colours().dark}
    sent = st.session_state.get(address.key(SENT))
    if sent is None or sent["dark"] != wishes["dark"]:
        sent = st.session_state[address.key(SENT)] = wishes
    player(
        address.key("film-player"),
        [given, json.dumps(sent).encode()],
        at=lambda told: rest(told, length),
    )


def rest(told: Any, length: float) -> None:
    """The link follows the film once it has come to rest. A browser can send what it likes."""
    t = told.get("t") if isinstance(told, dict) else None
    if isinstance(t, int | float) and 0 <= t <= length:
        address.remember(MOMENT, float(t), 0.0)

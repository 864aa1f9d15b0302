"""Links for a lesson: a page with its controls set, some of them fixed, some hidden."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

import streamlit as st

from snnlab.dashboard import explorer, film, given_currents, neuron, training_settings
from snnlab.dashboard.address import journey
from snnlab.dashboard.joining import class_address, draw_link
from snnlab.dashboard.navigation import PAGES
from snnlab.dashboard.screen import escaped

LESSONS = {"neuron": neuron, "explorer": explorer, "train": training_settings}
"""Pages whose controls a link can fix or hide."""
ALONG = {
    "neuron": (*given_currents.IN_LINKS, *film.IN_LINKS),
    "explorer": explorer.IN_LINKS,
}
"""Values besides the controls that a lesson's link carries, by page."""
LONGEST = 60
"""Characters of a value that are quoted."""


def shortened(value: str) -> str:
    """A value in a link, shortened for a sentence: a drawing has hundreds of characters."""
    return value if len(value) <= LONGEST else f"{value[:LONGEST]} ..."


def names(page: str) -> list[str]:
    """Names of the controls of a page."""
    return [control.name for control in LESSONS[page].CONTROLS]


def taken_along(page: str, values: Mapping[str, str]) -> dict[str, str]:
    """Those values in the page's own link that a lesson's link carries, too."""
    known = [*names(page), *ALONG.get(page, ())]
    return {name: values[name] for name in known if name in values}


def lesson_link(
    address: str, page: str, values: Mapping[str, str], fix: Sequence[str], hide: Sequence[str]
) -> str:
    """The link of a lesson: the values of the controls, and which are fixed or hidden.

    Args:
        address: of the dashboard, for the class.
        page: one of `LESSONS`.
        values: of the controls, as the link of the page writes them.
        fix: controls that are shown and cannot be moved.
        hide: controls that are not shown.

    Example:
        >>> lesson_link("http://127.0.0.1:8501/", "neuron", {"sigma": "0.29"}, ["sigma"], [])
        'http://127.0.0.1:8501/?sigma=0.29&fix=sigma'
    """
    kept = taken_along(page, values)
    if fix:
        kept["fix"] = ",".join(fix)
    if hide:
        kept["hide"] = ",".join(hide)
    path = "" if page == next(iter(PAGES)) else page  # the first page has no path
    return f"{address.rstrip('/')}/{path}" + (f"?{urlencode(kept, safe=',')}" if kept else "")


def draw_lesson() -> None:
    """Choose the page and its controls, copy the link."""
    page = st.selectbox("Page", tuple(LESSONS), format_func=lambda name: PAGES[name][0])
    fix = st.multiselect("Visible but locked", names(page), key=f"fix-{page}")
    rest = [name for name in names(page) if name not in fix]
    hide = st.multiselect("Hidden", rest, key=f"hide-{page}")
    visited = journey().links.get(page, {})
    known = taken_along(page, visited)
    values = ", ".join(f"{name} {shortened(value)}" for name, value in known.items())
    if values:
        st.caption(f"As you left the page: {escaped(values)}.")
    else:
        st.caption("Open that page first and set its controls: the link takes their values along.")
    draw_link(lesson_link(class_address(), page, visited, fix, hide), "this lesson")

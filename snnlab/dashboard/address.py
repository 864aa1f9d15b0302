"""The state of a page in its link: read from the query parameters, clamped, written back.

A widget starts from what the link says, and what is moved is written into the link, so that the
address bar can be copied at any time. A link that makes no sense gives the default values, and a
default that nobody has moved needs no place in it. Who comes back to a page within a session
finds it as it was.

Streamlit binds a widget to the link, too (`bind="query-params"`), but only one that is drawn and
under its key: a lesson's link holds controls that are hidden, values are clamped and not dropped,
and two pages have a control of the same name.
"""

from __future__ import annotations

import contextlib
import math
import secrets
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

MOST_CHARACTERS = 4000
"""Longer values in a link are passed over. Twelve runs with the longest names take 1,500."""
ONE_ENTRY = """<script>
if (history.visit !== "VISIT") {
  if (!history.visit) {
    const push = history.pushState;
    history.pushState = function (state, title, url) {
      const same = new URL(url ?? "", location).pathname === location.pathname;
      (same ? history.replaceState : push).call(history, state, title, url);
    };
  }
  history.visit = "VISIT";
  history.replaceState({}, "", location.pathname + "LINK");
}
</script>"""
"""Streamlit enters every change of a link into the history of the browser, so that Back would lead
from one control to the one before. With this, it leads from page to page."""


@dataclass
class Journey:
    """What a session knows of its pages."""

    page: str = ""
    """The name of the one that is shown."""
    address: str = ""
    """Tells its addresses apart: the first page has two."""
    arriving: bool = False
    """Whether somebody has just come to it, and `one_entry_per_visit` writes its link."""
    script: str = ""
    """What the browser was told when somebody came to it."""
    links: dict[str, dict[str, str]] = field(default_factory=dict)
    """By page, what its link says, or said when somebody left it."""


def journey() -> Journey:
    """That of this session."""
    found: Journey = st.session_state.setdefault("journey", Journey())
    return found


@contextlib.contextmanager
def one_entry_per_visit() -> Iterator[None]:
    """What is drawn meanwhile makes one entry in the history of the browser.

    Streamlit may bring a link into the address bar before the address of its page, and the script
    is not there yet when the first page is drawn. So it is the script that writes the link of a
    page that somebody comes to.
    """
    yield
    here = journey()
    if here.arriving:
        here.arriving = False
        link = urlencode(current_link())
        script = ONE_ENTRY.replace("VISIT", secrets.token_hex(4))
        here.script = script.replace("LINK", f"?{link}" if link else "")
    st.html(here.script, unsafe_allow_javascript=True)


def enter(page: str, *, hold_back: bool = False) -> None:
    """Say which page is shown.

    What its link says is kept for the session. From the menu one comes with a link that says
    nothing: then the page is as it was in this session. Back and forward mean what they say.

    Args:
        page: its name.
        hold_back: whether `one_entry_per_visit` writes the link of a page that one comes to.
    """
    here, context = journey(), get_script_run_ctx()
    address = context.page_script_hash if context else ""
    back = context is not None and context.is_history_navigation
    if back or (page, address) != (here.page, here.address):
        here.page, here.address, here.arriving = page, address, hold_back
        for name in [name for name in st.session_state if str(name).startswith(key(""))]:
            del st.session_state[name]
        if (link := st.query_params.to_dict()) or back:
            here.links[page] = link
    publish()


def current_link() -> dict[str, str]:
    """What the link of the page that is shown says."""
    here = journey()
    return here.links.setdefault(here.page, {})


def publish() -> None:
    """Bring the link into the address bar, unless it stands there."""
    if not journey().arriving and st.query_params.to_dict() != current_link():
        st.query_params.from_dict(current_link())


def key(name: str) -> str:
    """The key of a widget of the page that is shown."""
    return f"{journey().page}:{name}"


def said(name: str) -> str | None:
    """What the link says about `name`; None if nothing or too much."""
    value = current_link().get(name)
    return value if value is not None and len(value) <= MOST_CHARACTERS else None


def number(name: str, default: float, low: float, high: float) -> float:
    """A number from the link, clamped to [low, high]."""
    try:
        value = float(said(name) or "")
    except ValueError:
        return default
    return min(max(value, low), high) if math.isfinite(value) else default


def whole(name: str, default: int, low: int, high: int) -> int:
    """A whole number from the link, clamped to [low, high]."""
    return round(number(name, default, low, high))


def choice(name: str, options: Collection[str], default: str) -> str:
    """One of the options from the link."""
    value = said(name)
    return value if value is not None and value in options else default


def several(name: str) -> list[str]:
    """What the link lists, separated by commas; each once."""
    return [part for part in dict.fromkeys((said(name) or "").split(",")) if part]


def remember(name: str, value: Any, default: Any = None) -> None:
    """Write a value into the link; nothing (None, no text, an empty list) takes it out.

    Args:
        name: in the link.
        value: a number, a text, a list of texts, or True or False.
        default: a link that says nothing about `name` means this, and goes on saying nothing,
            unless a lesson has set it: that holds, too, when another preset is chosen.
    """
    text, link = written(value), current_link()
    said_anyway = name in link or name in set_by_lesson()
    if not text and name in link:
        del link[name]
    elif text and link.get(name) != text and (said_anyway or text != written(default)):
        link[name] = text
    else:
        return
    publish()


def written(value: Any) -> str:
    """A value as a link holds it: numbers in full, so that they are read back as they were."""
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return ",".join(map(str, value))
    if isinstance(value, bool):
        return str(int(value))
    return repr(value).removesuffix(".0") if isinstance(value, float) else str(value)


def forget(names: Iterable[str]) -> None:
    """Let controls stand where they stand at first: their widgets and the link."""
    for name in names:
        st.session_state.pop(key(name), None)
        current_link().pop(name, None)
    publish()


def fixed() -> set[str]:
    """Names of controls that a lesson link has fixed: `fix=sigma,T`."""
    return set(several("fix"))


def hidden() -> set[str]:
    """Names of controls that a lesson link has hidden: `hide=reset,beta`."""
    return set(several("hide"))


def set_by_lesson() -> set[str]:
    """Names of controls that a visitor cannot move."""
    return fixed() | hidden()

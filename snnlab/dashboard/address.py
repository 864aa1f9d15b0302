"""The state of a page in its link: read from the query parameters, clamped, written back.

A widget starts at the value in the link, and a value that the visitor changes is written into the
link, so that the address bar can be copied at any time. A link that makes no sense gives the
default values. A control that stands at its default is left out of the link. A visitor who comes
back to a page within a session finds it as it was.

Streamlit can bind a widget to the link, too (`bind="query-params"`), but only a widget that is
drawn, and only under its key. That does not suffice here: a lesson's link holds the values of
hidden controls, values out of range are clamped and not dropped, and two pages have a control of
the same name.
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
"""Streamlit enters every change of a link into the history of the browser, so that Back would undo
one control after another. With this script, Back leads from page to page."""


@dataclass
class Journey:
    """What a session knows of its pages."""

    page: str = ""
    """The name of the page that is shown."""
    address: str = ""
    """The address at which it is shown: the first page has two addresses."""
    arriving: bool = False
    """Whether the visitor has just come to this page, so that `one_entry_per_visit` writes its
    link."""
    script: str = ""
    """The script that was sent to the browser when the visitor came to this page."""
    links: dict[str, dict[str, str]] = field(default_factory=dict)
    """By page, the values in its link; of a page that was left, those at that time."""


def journey() -> Journey:
    """The journey of this session."""
    found: Journey = st.session_state.setdefault("journey", Journey())
    return found


@contextlib.contextmanager
def one_entry_per_visit() -> Iterator[None]:
    """All that is drawn inside makes one entry in the history of the browser.

    Streamlit may write the values of a link into the address bar before it writes the address of
    the page, and the script is not there yet when the first page is drawn. So the script itself
    writes the link of a page that somebody comes to.
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

    The values in its link are kept for the session. The menu opens a page with an empty link: then
    the page is as it was before in this session. Back and forward open a page with the link in the
    browser's history, and that link holds.

    Args:
        page: its name.
        hold_back: whether to leave it to `one_entry_per_visit` to write the link of a newly opened
            page.
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
    """The values in the link of the page that is shown, by name."""
    here = journey()
    return here.links.setdefault(here.page, {})


def publish() -> None:
    """Write the link into the address bar, unless it stands there already."""
    if not journey().arriving and st.query_params.to_dict() != current_link():
        st.query_params.from_dict(current_link())


def key(name: str) -> str:
    """The key of a widget of the page that is shown."""
    return f"{journey().page}:{name}"


def link_value(name: str) -> str | None:
    """The value of `name` in the link; None if it is missing or too long."""
    value = current_link().get(name)
    return value if value is not None and len(value) <= MOST_CHARACTERS else None


def number(name: str, default: float, low: float, high: float) -> float:
    """A number from the link, clamped to [low, high]."""
    try:
        value = float(link_value(name) or "")
    except ValueError:
        return default
    return min(max(value, low), high) if math.isfinite(value) else default


def whole_number(name: str, default: int, low: int, high: int) -> int:
    """A whole number from the link, clamped to [low, high]."""
    return round(number(name, default, low, high))


def choice(name: str, options: Collection[str], default: str) -> str:
    """One of the options from the link."""
    value = link_value(name)
    return value if value is not None and value in options else default


def link_values(name: str) -> list[str]:
    """The values that the link lists under a name, separated by commas; each once."""
    return [part for part in dict.fromkeys((link_value(name) or "").split(",")) if part]


def remember(name: str, value: Any, default: Any = None) -> None:
    """Write a value into the link; nothing (None, no text, an empty list) takes it out.

    Args:
        name: in the link.
        value: a number, a text, a list of texts, or True or False.
        default: the value that a link without `name` stands for, so that this value is left out of
            the link. A value that a lesson has set is always written: it must hold when another
            preset is chosen, too.
    """
    text, link = link_text(value), current_link()
    said_anyway = name in link or name in set_by_lesson()
    if not text and name in link:
        del link[name]
    elif text and link.get(name) != text and (said_anyway or text != link_text(default)):
        link[name] = text
    else:
        return
    publish()


def link_text(value: Any) -> str:
    """A value as a link holds it: numbers in full, so that they are read back as they were."""
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return ",".join(map(str, value))
    if isinstance(value, bool):
        return str(int(value))
    return repr(value).removesuffix(".0") if isinstance(value, float) else str(value)


def forget(names: Iterable[str]) -> None:
    """Put controls back to their defaults: forget their widgets and their values in the link."""
    for name in names:
        st.session_state.pop(key(name), None)
        current_link().pop(name, None)
    publish()


def fixed() -> set[str]:
    """Names of controls that a lesson link has fixed: `fix=sigma,T`."""
    return set(link_values("fix"))


def hidden() -> set[str]:
    """Names of controls that a lesson link has hidden: `hide=reset,beta`."""
    return set(link_values("hide"))


def set_by_lesson() -> set[str]:
    """Names of controls that a visitor cannot move."""
    return fixed() | hidden()

"""The state of a page in its link: read from the query parameters, clamped, written back.

A widget starts from what the link says and writes what it holds into the link, so that the
address bar can be copied at any time. A link that makes no sense gives the default values.
Who comes back to a page within a session finds it as it was.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

MOST_CHARACTERS = 400
"""Longer values in a link are passed over."""


KEPT = "kept"


def enter(page: str) -> None:
    """Say which page is shown; what its link says now is kept for the session."""
    st.session_state["page"] = page
    kept().update({name: st.query_params[name] for name in st.query_params})


def kept() -> dict[str, str]:
    """What this session knows of the page that is shown."""
    pages: dict[str, dict[str, str]] = st.session_state.setdefault(KEPT, {})
    return pages.setdefault(str(st.session_state.get("page", "")), {})


def key(name: str) -> str:
    """The key of a widget of the page that is shown."""
    return f"{st.session_state.get('page', '')}:{name}"


def said(name: str) -> str | None:
    """What the link, or the session before it, says about `name`; None if nothing or too much."""
    value: str | None = st.query_params.get(name) or kept().get(name)
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


def choice(name: str, options: Sequence[str], default: str) -> str:
    """One of the options from the link."""
    value = said(name)
    return value if value is not None and value in options else default


def several(name: str, options: Sequence[str], default: Sequence[str]) -> list[str]:
    """Some of the options from the link, separated by commas."""
    value = said(name)
    if value is None:
        return list(default)
    return [option for option in options if option in value.split(",")]


def remember(**values: Any) -> None:
    """Write values into the link; None takes a name out of it."""
    for name, value in values.items():
        if value is None:
            kept().pop(name, None)
            if name in st.query_params:
                del st.query_params[name]
            continue
        text = f"{value:g}" if isinstance(value, float) else str(value)
        if isinstance(value, list | tuple):
            text = ",".join(map(str, value))
        kept()[name] = text
        if st.query_params.get(name) != text:
            st.query_params[name] = text


def fixed() -> set[str]:
    """Names of controls that a lesson link has fixed: `fix=sigma,T`."""
    return set((said("fix") or "").split(",")) - {""}


def hidden() -> set[str]:
    """Names of controls that a lesson link has hidden: `hide=reset,beta`."""
    return set((said("hide") or "").split(",")) - {""}


def set_control(name: str, value: Any) -> None:
    """Move a control from the code, before it is drawn: its widget and the link."""
    st.session_state[key(name)] = value
    remember(**{name: value})


def slider(
    name: str,
    label: str,
    default: float,
    low: float,
    high: float,
    step: float,
    *,
    place: Any = st,
    help: str | None = None,
) -> Any:
    """A slider whose value lives in the link; a whole-number one if `step` is an int.

    A lesson link can fix it (shown, not movable) or hide it (its value still counts). Without a
    place, None, it is hidden, too.
    """
    read: Callable[..., Any] = whole if isinstance(step, int) else number
    value = read(name, default, low, high)
    if start(name, value, place):
        value = place.slider(
            label, low, high, step=step, key=key(name), disabled=name in fixed(), help=help
        )
    remember(**{name: value})
    return value


def select(
    name: str,
    label: str,
    options: Sequence[str],
    default: str,
    *,
    place: Any = st,
    words: Callable[[str], str] = str,
    help: str | None = None,
    on_change: Callable[[], None] | None = None,
) -> str:
    """A choice whose value lives in the link; lesson links act as for `slider`."""
    value = choice(name, options, default)
    if start(name, value, place, options):
        value = place.selectbox(
            label,
            options,
            key=key(name),
            disabled=name in fixed(),
            format_func=words,
            help=help,
            on_change=on_change,
        )
    remember(**{name: value})
    return str(value)


def toggle(
    name: str, label: str, default: bool, *, place: Any = st, help: str | None = None
) -> bool:
    """A switch whose value lives in the link as 0 or 1; lesson links act as for `slider`."""
    value = choice(name, ("0", "1"), str(int(default))) == "1"
    if start(name, value, place):
        value = place.toggle(label, key=key(name), disabled=name in fixed(), help=help)
    remember(**{name: int(value)})
    return bool(value)


def start(name: str, value: Any, place: Any, options: Sequence[Any] | None = None) -> bool:
    """Give a widget its value before it is drawn, if it is new or holds what is no option.

    Returns:
        Whether it is to be drawn. Without a place, or hidden by a lesson link, it is not: then
        the link alone knows its value, and what it held is forgotten.
    """
    if place is None or name in hidden():
        st.session_state.pop(key(name), None)
        return False
    there = st.session_state.get(key(name))
    if there is None or (options is not None and there not in options):
        st.session_state[key(name)] = value
    return True

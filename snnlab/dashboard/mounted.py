"""Parts of a page that live in the browser: modules of JavaScript from the room `show`.

Such a part stays as it is while Streamlit draws the page around it anew: what plays goes on
playing, and what is drawn stays. It hears only of what has changed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from snnlab.dashboard import address

ADAPTER = """
// Streamlit calls this whenever it has drawn the page; the part is made the first time alone.
export default function ({ data, parentElement, setTriggerValue }) {
  const text = new TextDecoder().decode(data);
  const here = (parentElement.snnlab ??= { lines: [], given: [] });
  here.tell = setTriggerValue;
  if (here.text !== text) {
    const lines = text.split("\\n");
    here.given = lines.map((line, i) =>
      line === here.lines[i] ? here.given[i] : JSON.parse(line));
    Object.assign(here, { text, lines });
    if (here.part) here.part.update(...here.given);
  }
  if (!here.part) {
    const element = document.createElement("div");
    parentElement.append(element);
    here.part = (START)(element, (...said) => here.tell(...said), ...here.given);
  }
  const turn = (here.turn = {});
  return () => {
    if (here.turn !== turn) return; // Streamlit has called again meanwhile
    here.part.remove();
    here.part.element?.remove();
    delete parentElement.snnlab;
  };
}
"""
Told = Callable[[Any], None]
"""What becomes of what a part tells."""


def part(name: str, module: str, start: str) -> Callable[..., None]:
    """Make a part of a page from a module.

    Args:
        name: tells it from others.
        module: the text of the module.
        start: a function in JavaScript, given an element, `tell` and what the part is given; it
            returns the part, which has `update(...given)` and `remove()`.

    Returns:
        Draws the part: `draw(key, given, event=told, ...)`, where `given` are lines of JSON, and
        `told` is called with what the part tells under that name, before the page is drawn anew.
    """
    component = st.components.v2.component(name, js=module + ADAPTER.replace("START", start))

    def draw(key: str, given: Sequence[bytes], **events: Told) -> None:
        def hear(event: str, told: Told) -> Callable[[], None]:
            return lambda: told(said_by(key, event))

        listeners: dict[str, Any] = {
            f"on_{event}_change": hear(event, told) for event, told in events.items()
        }
        component(key=key, data=b"\n".join(given), **listeners)

    return draw


def as_sent(name: str, options: dict[str, Any], *about: Any) -> bytes:
    """Options of a part as they were first sent, as a line of JSON.

    What changes as it plays changes nothing in them, else all would be sent again whenever it
    moves. They are sent anew once the theme, or what they are about, is another.

    Args:
        name: under which the session keeps them.
        options: how the part starts; "dark" says the theme.
        about: what is shown.
    """
    known = (*about, options["dark"])
    sent = st.session_state.get(address.key(name))
    if sent is None or sent[0] != known:
        sent = st.session_state[address.key(name)] = (known, json.dumps(options).encode())
    line: bytes = sent[1]
    return line


def said_by(key: str, event: str) -> Any:
    """What the part with this key has just told; None: nothing, or null."""
    said = st.session_state.get(key)
    return said.get(event) if said is not None else None

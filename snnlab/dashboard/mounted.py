"""Parts of a page that live in the browser: modules of JavaScript from the room `show`.

Such a part stays as it is while Streamlit redraws the page around it: an animation goes on, and a
drawing stays. The part is told only those inputs that have changed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from snnlab.dashboard import address

ADAPTER = """
// Streamlit calls this whenever it has drawn the page; only the first call makes the part.
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
Listener = Callable[[Any], None]
"""Is called with the message that a part has sent."""


def part(name: str, module: str, start: str) -> Callable[..., None]:
    """Make a part of a page from a module.

    Args:
        name: a name that no other part has.
        module: the text of the module.
        start: a function in JavaScript `(element, tell, ...inputs)`: it puts the part into the
            element, and returns an object with `update(...inputs)` and `remove()`. The part calls
            `tell(event, message)`.

    Returns:
        A function that draws the part: `draw(key, given, event=listener, ...)`. `given` are the
        inputs as lines of JSON; `listener` is called with the message of that event, before the
        page is drawn anew.
    """
    component = st.components.v2.component(name, js=module + ADAPTER.replace("START", start))

    def draw(key: str, given: Sequence[bytes], **events: Listener) -> None:
        def hear(event: str, listener: Listener) -> Callable[[], None]:
            return lambda: listener(said_by(key, event))

        listeners: dict[str, Any] = {
            f"on_{event}_change": hear(event, listener) for event, listener in events.items()
        }
        component(key=key, data=b"\n".join(given), **listeners)

    return draw


def as_sent(name: str, options: dict[str, Any], *about: Any) -> bytes:
    """Options of a part as they were first sent, as a line of JSON.

    The options say how the part starts. They stay the same while it plays, since otherwise all its
    inputs would be sent again at each move. New options are sent once the theme or the content
    has changed.

    Args:
        name: under which the session keeps them.
        options: how the part starts; "dark" says the theme.
        about: the content that the part shows.
    """
    known = (*about, options["dark"])
    sent = st.session_state.get(address.key(name))
    if sent is None or sent[0] != known:
        sent = st.session_state[address.key(name)] = (known, json.dumps(options).encode())
    line: bytes = sent[1]
    return line


def said_by(key: str, event: str) -> Any:
    """The message that the part with this key has just sent under an event, or None."""
    said = st.session_state.get(key)
    return said.get(event) if said is not None else None

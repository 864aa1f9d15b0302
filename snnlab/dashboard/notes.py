"""What has to be said of runs wherever they are shown: that not all of them is T = 1 training."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import streamlit as st

from snnlab.dashboard.screen import escaped
from snnlab.runs.config import RunConfig


def notes_of(configs: Iterable[RunConfig]) -> list[str]:
    """A sentence for each kind of training of which something has to be said; see `note`."""
    said = [f"**{escaped(one.entry.title)}**: {escaped(one.note)}." for one in configs if one.note]
    return list(dict.fromkeys(said))


def draw_notes(configs: Iterable[RunConfig], place: Any = st) -> None:
    """Write them."""
    for note in notes_of(configs):
        place.caption(note)

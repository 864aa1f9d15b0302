"""Earlier curves: runs that were shown before are drawn faintly behind those that are trained next.

Runs that a visitor has trained in this session stay there for a while. Pinned runs stay for good,
because the link names them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import streamlit as st

from snnlab.dashboard import address, controls
from snnlab.dashboard.groups import Group, config_of
from snnlab.dashboard.service import finished_runs
from snnlab.data.spec import DataSpec
from snnlab.runs.store import Run

BEHIND = "runs left behind"
"""In the session: ids of runs that were shown before, latest first."""
MOST_BEHIND = 9
"""Runs left behind that are remembered."""
MOST_PINNED = 24
"""Pinned runs in a link."""
PIN = "pin"
"""In the link: the last parts of the ids of the pinned runs."""


def leave_behind(ids: Sequence[str]) -> None:
    """Remember runs that were shown until now."""
    before = st.session_state.get(BEHIND, [])
    st.session_state[BEHIND] = list(dict.fromkeys([*ids, *before]))[:MOST_BEHIND]


def clear() -> None:
    """Forget all earlier runs that are not pinned."""
    st.session_state[BEHIND] = []


def mark(run: Run) -> str:
    """The name of a run in a link: the last part of its id, a digest of its settings and code."""
    return run.id.rsplit("-", 1)[-1]


def pinned() -> list[str]:
    """The names of the pinned runs in the link."""
    return address.link_values(PIN)[:MOST_PINNED]


def earlier_runs(front: Iterable[str], data: Sequence[DataSpec]) -> list[Run]:
    """Finished runs to draw behind: pinned ones, and earlier ones on the same data.

    Args:
        front: ids of those that are shown in front, finished or not.
        data: the data sets that those are trained on.
    """
    pins, behind = pinned(), st.session_state.get(BEHIND, [])
    if not pins and not behind:
        return []
    there = [run for run in finished_runs() if run.accuracy and run.id not in set(front)]
    found = [run for run in there if mark(run) in pins]
    same = [run for run in there if run.id in behind and config_of(run).data in data]
    return list({run.id: run for run in [*found, *same]}.values())


def draw_earlier(groups: Sequence[Group]) -> None:
    """Draw buttons that pin, unpin and clear the earlier curves.

    Args:
        groups: the earlier runs.
    """
    if not groups:
        return
    names = {",".join(mark(run) for run in group.runs): group.name for group in groups}
    pins = pinned()
    chosen = [marks for marks in names if set(marks.split(",")) & set(pins)]
    of_groups = set(",".join(names).split(","))
    elsewhere = [name for name in pins if name not in of_groups]  # in front, or gone for now

    def draw(**key: Any) -> list[str]:
        found = st.pills(
            "Earlier curves: press one to pin it",
            tuple(names),
            selection_mode="multi",
            wrap=True,
            format_func=names.__getitem__,
            **key,
        )
        return [*elsewhere, *found]

    kept = controls.linked_widget(PIN, chosen, draw, fits=lambda there: set(there) <= set(names))
    if not set(names) <= set(kept):
        st.button("Clear", icon=":material/layers_clear:", on_click=clear)

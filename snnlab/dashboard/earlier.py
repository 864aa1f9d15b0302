"""Curves of before: what was shown stays behind what is trained next.

What a visitor has trained in this session stays for a while, what is pinned for good: the link
names it.
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
"""Of them."""
MOST_PINNED = 24
"""Runs in a link."""
PIN = "pin"
"""In the link: the last parts of the ids of the pinned runs."""


def leave_behind(ids: Sequence[str]) -> None:
    """These were shown until now."""
    before = st.session_state.get(BEHIND, [])
    st.session_state[BEHIND] = list(dict.fromkeys([*ids, *before]))[:MOST_BEHIND]


def clear() -> None:
    """Forget all that is not pinned."""
    st.session_state[BEHIND] = []


def mark(run: Run) -> str:
    """What a link calls a run: the last part of its id, which tells its settings."""
    return run.id.rsplit("-", 1)[-1]


def pinned() -> list[str]:
    """What the link calls the pinned runs."""
    return address.several(PIN)[:MOST_PINNED]


def earlier_runs(front: Iterable[str], data: Sequence[DataSpec]) -> list[Run]:
    """Finished runs that stay behind: pinned ones, and others on the same data.

    Args:
        front: ids of those that are shown in front, finished or not.
        data: what these are trained on.
    """
    pins, behind = pinned(), st.session_state.get(BEHIND, [])
    if not pins and not behind:
        return []
    there = [run for run in finished_runs() if run.accuracy and run.id not in set(front)]
    found = [run for run in there if mark(run) in pins]
    same = [run for run in there if run.id in behind and config_of(run).data in data]
    return list({run.id: run for run in [*found, *same]}.values())


def draw_earlier(groups: Sequence[Group]) -> None:
    """Pin them, unpin them, clear them.

    Args:
        groups: what stays behind.
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

    kept = controls.held(PIN, chosen, draw, fits=lambda there: set(there) <= set(names))
    if not set(names) <= set(kept):
        st.button("Clear", icon=":material/layers_clear:", on_click=clear)

"""Choosing among finished runs; the choice stands in the link."""

from __future__ import annotations

import streamlit as st

from snnlab.dashboard import address, controls
from snnlab.dashboard.examples import is_example
from snnlab.dashboard.groups import words_of
from snnlab.dashboard.labels import label_of
from snnlab.dashboard.service import active_jobs, finished_runs
from snnlab.runs.store import Run

MOST = 12
"""Runs that can be compared at once."""


def name_of(run: Run) -> str:
    """The title that somebody gave, or what trained on what."""
    if title := label_of(run).title:
        return title
    if run.config is None:
        return run.id
    return " · ".join([*words_of(run.config), run.id[-4:]])


def nothing_yet() -> None:
    """Say what to do where there is no finished run."""
    if active_jobs():
        st.info("The first runs are being trained; they are here in a few seconds.")
        st.fragment(look_again, run_every=2.0)()
    else:
        st.info("No finished run yet. Start one on the page **Train**.", icon=":material/info:")


def look_again() -> None:
    """Draw the page anew once there is a run."""
    if finished_runs() or not active_jobs():
        st.rerun()


def choose_run(label: str) -> Run | None:
    """One finished run with spiking neurons; None if there is none."""
    runs = {run.id: run for run in finished_runs() if run.config and run.config.spiking}
    if not runs:
        nothing_yet()
        return None
    ids = tuple(runs)
    noisy = [run for run in runs.values() if run.config and run.config.acting_noise]
    latest = noisy[0].id if noisy else ids[0]
    examples = [run.id for run in noisy if is_example(run)]
    default = examples[-1] if latest in examples else latest
    words = lambda id: name_of(runs[id])  # noqa: E731
    id = controls.select("run", label, ids, default, words=words, lasting=False)
    return runs[id]


def choose_runs(label: str) -> list[Run]:
    """Finished runs; at first the examples, or the latest ones."""
    runs = {run.id: run for run in finished_runs() if run.accuracy}
    if not runs:
        nothing_yet()
        return []
    default = [id for id, run in runs.items() if is_example(run)][:MOST] or list(runs)[:4]
    chosen = controls.held(
        "run",
        address.several("run", tuple(runs), default)[:MOST] or default,
        lambda **key: st.multiselect(
            label,
            tuple(runs),
            format_func=lambda id: name_of(runs[id]),
            max_selections=MOST,
            **key,
        ),
        fits=lambda there: set(there) <= set(runs),
    )
    if not chosen:
        st.info("Choose at least one run.")
    return [runs[id] for id in chosen]

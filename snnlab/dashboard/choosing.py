"""Choosing among finished runs; the choice stands in the link."""

from __future__ import annotations

from collections.abc import Container, Sequence

import streamlit as st

from snnlab.dashboard import address, controls
from snnlab.dashboard.groups import config_of, words_of
from snnlab.dashboard.labels import label_of
from snnlab.dashboard.screen import escaped, warn
from snnlab.dashboard.service import active_jobs, find_run, finished_runs
from snnlab.dashboard.visitor import visitor
from snnlab.runs.examples import SMALL_DIGITS, is_example
from snnlab.runs.store import Run

MOST_RUNS = 12
"""Runs that can be compared at once."""
MOST_OWN = 6
"""Runs of the visitor that are compared at first: two batches of three seeds."""
MOST_NAMED = 5
"""Runs that a sentence names one by one."""
LONGEST_NAME = 121
"""Characters of a name in a link that a sentence quotes at most: as many as the longest id has."""


def name_of(run: Run) -> str:
    """The title that its owner gave it; else data, network, method, seed and the end of its id."""
    if title := label_of(run).title:
        return title
    if run.config is None:
        return run.id
    return " · ".join([*words_of(run.config), run.id[-4:]])


def named_by_link() -> list[str]:
    """The ids of runs in the link, each once."""
    return address.link_values("run")


def say_missing(asked: Sequence[str], shown: Container[str], needs: str = "") -> None:
    """Say why the page does not show some of the runs that its link names.

    Args:
        asked: ids of runs in the link.
        shown: ids of runs that the page can show.
        needs: why a finished run cannot be shown here: "it has no timesteps".
    """
    missing = [id for id in asked if id not in shown]
    there = {id: run for id in missing if (run := find_run(id))}
    active = {job.id for job in active_jobs()} if missing else set()
    gone = [id for id in missing if id not in there and id not in active]
    if gone:
        what = "a run that is" if len(gone) == 1 else "runs that are"
        st.warning(
            f"This link names {what} not here (any more): {listed(gone)}.",
            icon=":material/link_off:",
        )
    for id in [id for id in missing if id not in gone][:MOST_NAMED]:
        warn(f"Run {id} is not shown here: {why_not(there.get(id), id in active, needs)}.")


def listed(ids: Sequence[str]) -> str:
    """Names as a sentence lists them, and how many more there are."""
    quoted = [f"{id[:LONGEST_NAME]} ..." if len(id) > LONGEST_NAME else id for id in ids]
    more = f" and {len(ids) - MOST_NAMED} more" if len(ids) > MOST_NAMED else ""
    return escaped(", ".join(quoted[:MOST_NAMED])) + more


def why_not(run: Run | None, active: bool, needs: str) -> str:
    """Why a run in the folder of runs or in the queue is not shown."""
    if active or run is None or run.status == "running":
        return "it waits or trains"
    if run.status == "finished":
        return needs
    return f"it is {run.status}" + (f" ({run.reason})" if run.reason else "")


def nothing_yet() -> None:
    """Say what to do where there is no finished run."""
    if active_jobs():
        st.info("The first run is in training: it appears here once it is done.")
        st.fragment(look_again, run_every=2.0)()
    else:
        st.info("No finished run yet. Start one on the page **Train**.", icon=":material/info:")


def look_again() -> None:
    """Draw the page anew once there is a finished run."""
    if finished_runs() or not active_jobs():
        st.rerun()


def choose_run(label: str, example: str = SMALL_DIGITS) -> Run | None:
    """One finished run with spiking neurons; None if there is none.

    Args:
        label: of the menu.
        example: a name of `examples`, shown at first unless somebody has trained since.
    """
    runs = {run.id: run for run in finished_runs() if config_of(run).spiking}
    say_missing(named_by_link(), runs, "it has no spiking neurons")
    if not runs:
        nothing_yet()
        return None
    noisy = [run for run in runs.values() if config_of(run).acting_noise]
    latest = noisy[0] if noisy else next(iter(runs.values()))
    examples = [run.id for run in noisy if is_example(run, example)]
    default = examples[-1] if examples and is_example(latest) else latest.id
    default = next((id for id in named_by_link() if id in runs), default)  # a link may name several
    words = {id: name_of(run) for id, run in runs.items()}
    return runs[controls.select("run", label, words, default, lasting=False)]


def choose_runs(label: str) -> list[Run]:
    """Finished runs; at first the visitor's latest, else the examples, else the latest of all."""
    runs = {run.id: run for run in finished_runs() if run.accuracy}
    asked = named_by_link()
    say_missing(asked, runs, "it has no accuracy against timesteps")
    if not runs:
        nothing_yet()
        return []
    own = [id for id, run in runs.items() if label_of(run).owner == visitor()]
    if address.link_value("run") is not None:
        own = []
    examples = [id for id, run in runs.items() if is_example(run, SMALL_DIGITS)]
    default = own[:MOST_OWN] or examples[:MOST_RUNS] or list(runs)[:4]
    chosen = controls.linked_widget(
        "run",
        [id for id in runs if id in asked][:MOST_RUNS] or default,
        lambda **key: st.multiselect(
            label,
            tuple(runs),
            format_func=lambda id: name_of(runs[id]),
            max_selections=MOST_RUNS,
            **key,
        ),
        fits=lambda there: set(there) <= set(runs),
    )
    if not chosen:
        st.info("Choose at least one run.")
    return [runs[id] for id in chosen]

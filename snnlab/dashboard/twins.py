"""The twin of a run: the same network, data, seed and training, with noise or without.

Runs are compared that differ only in the start of their neurons: `COMPARED` lists these starts.
"""

from __future__ import annotations

import json
from dataclasses import replace
from functools import lru_cache

import streamlit as st

from snnlab.dashboard.groups import config_of, flat
from snnlab.dashboard.live import draw_status, statuses_of
from snnlab.dashboard.screen import announce
from snnlab.dashboard.service import active_jobs, finished_runs
from snnlab.dashboard.trouble import attempt, draw_complaint
from snnlab.dashboard.visitor import submit
from snnlab.runs.config import RunConfig
from snnlab.runs.methods import COMPARED, PAIR, plays_a_part
from snnlab.runs.presets import compared
from snnlab.runs.store import Run

ASIDE = ("method", "device", "neuron.v_init", "model.norm_weight")
"""Settings in which twins may differ, besides those that count for one of them only."""


@lru_cache(2000)
def shared(config: RunConfig) -> str:
    """A text that is equal for runs that differ only in what twins may differ in."""
    both = {
        name: value
        for name, value in flat(config).items()
        if name not in ASIDE and all(plays_a_part(name, method) for method in PAIR)
    }
    return json.dumps(both, sort_keys=True)


def are_twins(one: RunConfig, other: RunConfig) -> bool:
    """Whether one is trained with noise and the other without, and all else is the same."""
    return {one.method, other.method} == set(PAIR) and shared(one) == shared(other)


def twins_of(config: RunConfig) -> list[Run]:
    """Finished twins of a run: those that start from the mean of the noise come first."""
    found: dict[RunConfig, Run] = {}
    for run in finished_runs():
        if run.config and are_twins(config, run.config):
            found.setdefault(replace(run.config, device="auto"), run)
    return sorted(found.values(), key=lambda run: -(config_of(run).acting_neuron.v_init or 0))


def missing_twin(config: RunConfig) -> tuple[str, RunConfig] | None:
    """Title and configuration of the twin of a run; None if its method has none."""
    if config.method not in PAIR:
        return None
    name = next(name for name, side in COMPARED.items() if side.method != config.method)
    return COMPARED[name].title, compared(config)[name]


def draw_missing_twin(run: Run) -> None:
    """Offer to train a missing twin, and show its progress."""
    config, asked = config_of(run), st.session_state.setdefault("twins", {})
    wanted = missing_twin(config)
    if wanted is None:
        return
    title, twin = wanted
    training = next((job.id for job in active_jobs() if are_twins(config, job.config)), None)
    if training is not None:
        st.fragment(watch_twin, run_every=1.0)(training, title)
        return
    if run.id in asked:
        draw_status(*statuses_of([asked[run.id]]))  # says why it has ended
    st.info(f"Its twin is not here yet: {title}.", icon=":material/difference:")
    if st.button("Train the twin", key=f"twin-{run.id}", icon=":material/play_arrow:"):
        attempt(lambda: asked.update({run.id: submit([twin])[0]}))
    draw_complaint()


def watch_twin(id: str, title: str) -> None:
    """The progress of the training of a twin; once it has ended, the page is drawn anew."""
    (status,) = statuses_of([id])
    if not status.active:
        announce(f"The twin is trained: {title}." if status.state == "finished" else "", key="twin")
        st.rerun()
    announce(f"The twin trains: {title}.", key="twin")
    draw_status(status)

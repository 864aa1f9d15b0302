"""The page Train: start runs, watch them, see what became of them."""

from __future__ import annotations

import streamlit as st

from snnlab.dashboard import address, sigma_map
from snnlab.dashboard.examples import is_example
from snnlab.dashboard.live import is_active, watch
from snnlab.dashboard.results import draw_details, draw_results
from snnlab.dashboard.screen import complain, heading
from snnlab.dashboard.service import engine, find_run, finished_runs
from snnlab.dashboard.training_settings import Asked, read_controls
from snnlab.dashboard.visitor import submit
from snnlab.data.spec import DataError
from snnlab.jobs.fair_queue import QueueFull
from snnlab.runs.store import Run

MOST_SHOWN = 8
"""Runs in one link."""


def draw() -> None:
    """The page."""
    heading(
        "Train with one timestep, run with many",
        "Noise stands in for the potential that a neuron carries over. "
        "Train, and watch accuracy against timesteps.",
    )
    picture, controls = st.columns([7, 3], gap="large")
    with controls:
        asked = read_controls(controls)
        if st.button("Start", type="primary", icon=":material/play_arrow:", width="stretch"):
            ask_for(asked)
        sigma_map.offer()
        complaint = st.session_state.pop("complaint", None)
        if complaint:
            complain(complaint)
    with picture:
        done = draw_shown()
    draw_details(done)


def ask_for(asked: Asked) -> None:
    """Hand the runs to the engine and show them."""
    try:
        ids = submit(asked.configs())
    except (QueueFull, DataError, ValueError) as error:
        st.session_state["complaint"] = str(error)
    else:
        address.remember("run", ids)
    st.rerun()


def draw_shown() -> list[Run]:
    """The runs of the link; without any the examples, or the latest run. Returns finished ones."""
    ids = shown_ids()
    if not ids:
        st.info("Press **Start**: a run on digits takes seconds.", icon=":material/play_arrow:")
        return []
    active = any(is_active(id) for id in ids)
    if active or address.said("run") is not None:
        st.fragment(watch, run_every=0.8 if active else None)(ids)
    done = [run for id in ids if (run := find_run(id)) and run.status == "finished"]
    if done:
        draw_results(done)
    return done


def shown_ids() -> list[str]:
    """Ids of runs that are there or asked for."""
    asked = [id for id in (address.said("run") or "").split(",") if id][:MOST_SHOWN]
    known = {job.id for job in engine().jobs()} if asked else set()
    ids = [id for id in asked if id in known or find_run(id) is not None]
    if asked and not ids:
        st.warning("The run of this link is not here (any more).", icon=":material/link_off:")
    if ids:
        return list(dict.fromkeys(ids))
    finished = finished_runs()
    examples = [run for run in finished if is_example(run)][:MOST_SHOWN]
    return [run.id for run in examples or finished[:1]]

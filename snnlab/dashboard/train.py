"""The page Train: start runs, watch them, see what became of them."""

from __future__ import annotations

import streamlit as st

from snnlab.dashboard import address, sigma_map
from snnlab.dashboard.choosing import named_by_link, say_missing
from snnlab.dashboard.examples import is_example
from snnlab.dashboard.hardware import draw_hardware
from snnlab.dashboard.live import is_active, watch
from snnlab.dashboard.results import draw_details, draw_results
from snnlab.dashboard.screen import heading
from snnlab.dashboard.service import engine, find_run, finished_runs
from snnlab.dashboard.training_settings import Asked, read_controls
from snnlab.dashboard.trouble import attempt, draw_complaint
from snnlab.dashboard.visitor import draw_nickname, submit
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
        draw_complaint()
        draw_nickname()
    with picture:
        done = draw_shown()
    draw_details(done)


def ask_for(asked: Asked) -> None:
    """Hand the runs to the engine and show them."""
    attempt(lambda: address.remember("run", submit(asked.configs())))


def draw_shown() -> list[Run]:
    """The runs of the link; without any the examples, or the latest run. Returns finished ones."""
    ids = shown_ids()
    if not ids:
        st.info("Press **Start**: a run on digits takes seconds.", icon=":material/play_arrow:")
        return []
    active = any(is_active(id) for id in ids)
    watched = active or address.said("run") is not None
    if watched:
        st.fragment(watch, run_every=0.8 if active else None)(ids)
    done = [run for id in ids if (run := find_run(id)) and run.status == "finished"]
    if done:
        draw_results(done)
        draw_hardware([] if watched else done)
    return done


def shown_ids() -> list[str]:
    """Ids of runs that are there or asked for."""
    asked = named_by_link()[:MOST_SHOWN]
    known = {job.id for job in engine().jobs()} if asked else set()
    ids = [id for id in asked if id in known or find_run(id) is not None]
    say_missing(asked, ids)
    if ids:
        return ids
    finished = finished_runs()
    examples = [run for run in finished if is_example(run)][:MOST_SHOWN]
    return [run.id for run in examples or finished[:1]]

"""What a visitor asks of the engine: runs, and their end."""

from __future__ import annotations

import streamlit as st

from snnlab.dashboard.labels import own
from snnlab.dashboard.service import engine, example_of, runs_folder
from snnlab.dashboard.visitor import visitor
from snnlab.jobs.job import JobError, QueueFull
from snnlab.runs.config import RunConfig


def submit(configs: list[RunConfig]) -> list[str]:
    """The ids of the runs, asked for in the name of the visitor: all of them or none.

    An example need not be trained, whichever version of the code has done so; other runs belong to
    theirs.

    Raises:
        QueueFull: the visitor would have more than one may have.
    """
    examples = [example_of(config) for config in configs]
    missing = [config for config, run in zip(configs, examples, strict=True) if run is None]
    jobs = engine().submit(missing, user=visitor()) if missing else []
    for job in jobs:
        own(runs_folder(), job.id, visitor())
    trained = iter(jobs)
    return [(run or next(trained)).id for run in examples]


def cancel(id: str) -> None:
    """Withdraw the visitor from a job."""
    try:
        engine().cancel(id, user=visitor())
    except JobError as error:
        st.session_state["complaint"] = str(error)


def resume(config: RunConfig) -> None:
    """Go on with an interrupted run."""
    try:
        submit([config])
    except (QueueFull, ValueError) as error:
        st.session_state["complaint"] = str(error)

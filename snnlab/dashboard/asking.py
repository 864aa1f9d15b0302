"""What a visitor asks of the engine: runs, and their end."""

from __future__ import annotations

import streamlit as st

from snnlab.dashboard.labels import own
from snnlab.dashboard.service import engine, example_of, runs_folder
from snnlab.dashboard.visitor import visitor
from snnlab.experiment.config import RunConfig
from snnlab.experiment.job import JobError, QueueFull


def submit(configs: list[RunConfig]) -> list[str]:
    """The ids of the runs, asked for in the name of the visitor.

    An example need not be trained, whichever version of the code has done so; other runs belong to
    theirs.

    Raises:
        QueueFull: the visitor has too many waiting and none of these was taken.
    """
    ids: list[str] = []
    for config in configs:
        if (example := example_of(config)) is not None:
            ids.append(example.id)
            continue
        try:
            job = engine().submit(config, user=visitor())
        except QueueFull as full:
            if not ids:
                raise
            st.session_state["complaint"] = f"{len(ids)} of {len(configs)} seeds started: {full}"
            break
        own(runs_folder(), job.id, visitor())
        ids.append(job.id)
    return ids


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

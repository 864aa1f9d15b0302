"""Who is looking, by a random name in a cookie of the browser, and what they ask of the engine.

It protects nobody from somebody who copies cookies; it keeps a class from deleting each
other's runs by mistake.
"""

from __future__ import annotations

import re
import secrets

import streamlit as st

from snnlab.dashboard.kept_archives import check_still_there
from snnlab.dashboard.labels import own
from snnlab.dashboard.service import engine, example_of, runs_folder
from snnlab.jobs.fair_queue import JobError, QueueFull
from snnlab.runs.config import RunConfig

COOKIE = "snnlab_visitor"
NAME = re.compile(r"[0-9a-f]{16}")
YEAR = 365 * 24 * 3600


def visitor() -> str:
    """The name of this browser, 16 hex digits; made on the first visit."""
    kept = st.session_state.get(COOKIE)
    if kept is None:
        there = st.context.cookies.get(COOKIE, "")
        kept = there if NAME.fullmatch(str(there)) else secrets.token_hex(8)
        st.session_state[COOKIE] = kept
    return str(kept)


def leave_cookie() -> None:
    """Let the browser keep the name; called once per rerun, at the end of the page."""
    if st.context.cookies.get(COOKIE) != visitor():
        script = f"document.cookie='{COOKIE}={visitor()};max-age={YEAR};path=/;samesite=strict'"
        st.html(f"<script>{script}</script>", unsafe_allow_javascript=True)


def submit(configs: list[RunConfig]) -> list[str]:
    """The ids of the runs, asked for in the name of the visitor: all of them or none.

    An example need not be trained, whichever version of the code has done so; other runs belong to
    theirs.

    Raises:
        QueueFull: the visitor would have more than one may have.
        DataError: the images were uploaded, and removed since.
    """
    for config in configs:
        check_still_there(config.data.name)
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

"""The visitor, known by a random id in a cookie of the browser, and the runs that they submit.

The cookie keeps students from deleting each other's runs by mistake. It is no protection against
somebody who copies cookies.
"""

from __future__ import annotations

import contextlib
import re
import secrets
from collections.abc import Iterable
from typing import Any

import streamlit as st

from snnlab.dashboard.kept_archives import check_still_there
from snnlab.dashboard.labels import own
from snnlab.dashboard.nicknames import (
    MOST_CHARACTERS,
    called,
    choose,
    nicknames,
    settle,
)
from snnlab.dashboard.screen import escaped, leave_cookie
from snnlab.dashboard.service import engine, example_of, runs_folder
from snnlab.dashboard.trouble import attempt_here, try_to_write
from snnlab.data.own_data import check_offered
from snnlab.runs.config import RunConfig

COOKIE = "snnlab_visitor"
NAME = re.compile(r"[0-9a-f]{16}")
YEAR = 365 * 24 * 3600


def visitor() -> str:
    """The id of this browser, 16 hex digits; made on the first visit."""
    kept = st.session_state.get(COOKIE)
    if kept is None:
        there = st.context.cookies.get(COOKIE, "")
        kept = there if NAME.fullmatch(str(there)) else secrets.token_hex(8)
        st.session_state[COOKIE] = kept
    return str(kept)


def remember_visitor() -> None:
    """Write the id into a cookie; called once per rerun, at the end of the page."""
    if st.context.cookies.get(COOKIE) != visitor():
        leave_cookie(COOKIE, visitor(), YEAR)


def submit(configs: list[RunConfig], *, sweep: bool = False) -> list[str]:
    """Submit runs for the visitor, all of them or none; their ids.

    An example run counts as trained, even if another version of the code trained it. Any other run
    must come from the present version, or is trained anew.

    Args:
        configs: what to train.
        sweep: whether they are a sweep; a visitor may have one sweep beside other runs.

    Raises:
        QueueFull: the visitor would have too many runs in the queue.
        RunError, OSError: nothing can be written to the folder of runs.
        DataError: the images were uploaded and have been removed since; or the data set is
            somebody's own and is not offered by this server.
    """
    for config in configs:
        check_still_there(config.data.name)
        check_offered(config.data.name)
    examples = [example_of(config) for config in configs]
    missing = [config for config, run in zip(configs, examples, strict=True) if run is None]
    if missing:
        try_to_write(runs_folder())  # else the runs would be queued, and fail later
    jobs = engine().submit(missing, user=visitor(), sweep=sweep) if missing else []
    for job in jobs:
        own(runs_folder(), job.id, visitor())
    with contextlib.suppress(OSError):  # a run does not depend on its nickname
        settle(runs_folder(), visitor())
    trained = iter(jobs)
    return [(run or next(trained)).id for run in examples]


def withdraw(ids: Iterable[str]) -> None:
    """Withdraw the visitor from these jobs; a job without users is cancelled."""
    for id in ids:
        engine().cancel(id, user=visitor())


def name_of_user(user: str) -> str:
    """The nickname of a visitor; empty for no visitor."""
    return called(user, nicknames(runs_folder())) if user else ""


def draw_nickname(place: Any = st) -> None:
    """The nickname of the visitor, and a field to change it."""
    name = name_of_user(visitor())
    box = place.popover(f"You are {escaped(name)}", icon=":material/badge:", type="tertiary")
    with box, st.form("nickname", border=False):
        wanted = st.text_input(
            "Nickname",
            name,
            max_chars=MOST_CHARACTERS,
            help="The class sees it in the queue and on the page Runs.",
        )
        if st.form_submit_button("Save", icon=":material/save:"):
            attempt_here(lambda: choose(runs_folder(), visitor(), wanted))

"""The page of the teacher: the queue, and links for a lesson. Behind a PIN."""

from __future__ import annotations

import os
import secrets
import time

import pandas as pd
import streamlit as st

from snnlab.dashboard.groups import words_of
from snnlab.dashboard.lesson import draw_lesson
from snnlab.dashboard.navigation import PIN
from snnlab.dashboard.screen import STATES, complain, escaped, heading, state_badge, warn
from snnlab.dashboard.service import engine
from snnlab.dashboard.uploaded import draw_uploaded
from snnlab.jobs.fair_queue import Job, JobError

MOST_TRIES, PAUSE = 5, 30.0
"""Wrong PINs in a row, over all visitors, and seconds until the next one is looked at."""


def draw() -> None:
    """The page."""
    heading("Teacher", "The queue, and links that set up a lesson.")
    if not os.environ.get(PIN):
        st.info("This page needs a PIN on the server.")
        return
    if not is_teacher():
        return
    queue, lesson, uploads = st.tabs(["Queue", "Lesson links", "Uploads"])
    with queue:
        st.fragment(draw_queue, run_every=2.0)()
    with lesson:
        draw_lesson()
    with uploads:
        draw_uploaded(shown_user)


@st.cache_resource(show_spinner=False)
def wrong_pins() -> list[float]:
    """When wrong PINs came in; one list for the server."""
    return []


def is_teacher() -> bool:
    """Whether this session has given the PIN; asks for it if not."""
    if st.session_state.get("teacher") is True:
        return True
    with st.form("pin"):
        given = st.text_input("PIN", type="password", max_chars=64)
        sent = st.form_submit_button("Open")
    if not sent:
        return False
    tries = wrong_pins()
    recent = [when for when in tries if time.monotonic() - when < PAUSE]
    if len(recent) >= MOST_TRIES:
        st.error(f"Too many wrong PINs. Try again in {PAUSE:.0f} seconds.")
        return False
    if secrets.compare_digest(given.encode(), os.environ.get(PIN, "").encode()):
        st.session_state["teacher"] = True
        tries.clear()
        st.rerun()
    tries[:] = [*recent, time.monotonic()]
    st.error("That is not the PIN.")
    return False


def draw_queue() -> None:
    """Who runs what; any of it can be cancelled."""
    jobs = engine().jobs()
    active = [job for job in jobs if job.active]
    if not active:
        st.info("Nothing runs and nothing waits.", icon=":material/done_all:")
    for reason in sorted({job.reason for job in active} - {""}):  # why none of them starts
        warn(reason)
    for job in active:
        draw_job(job)
    ended = [job for job in jobs if not job.active]
    if ended:
        st.subheader("Ended", anchor=False)
        st.dataframe(pd.DataFrame([row(job) for job in ended[:50]]), hide_index=True)


def draw_job(job: Job) -> None:
    """A job that runs or waits."""
    line = st.container(horizontal=True, vertical_alignment="center", border=True)
    state_badge(job.status, line)
    line.markdown(
        f"{escaped(', '.join(words_of(job.config)))}  \nby {escaped(shown_user(job.user))}"
        + (f", number {job.position} in the queue" if job.position else ""),
        width="stretch",
    )
    if line.button("Cancel", key=f"teacher-cancel-{job.id}", icon=":material/stop:"):
        try:
            engine().cancel(job.id, user=None)
        except JobError as error:
            complain(error)
        else:
            st.rerun(scope="fragment")


def row(job: Job) -> dict[str, str]:
    """A job that has ended, as a line of the table."""
    return {
        "run": job.id,
        "by": shown_user(job.user),
        "state": STATES[job.status][0],
        "asked for": time.strftime("%H:%M:%S", time.localtime(job.submitted)),
        "reason": job.reason,
    }


def shown_user(user: str) -> str:
    """A visitor as the teacher sees one: enough to tell them apart, too little to pose as one."""
    return f"visitor {user[:4]}"

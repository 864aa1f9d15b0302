"""The teacher's page, behind a PIN: queue, machine, address for the class, links for a lesson."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import Any

import pandas as pd
import streamlit as st

from snnlab.dashboard import controls
from snnlab.dashboard.groups import words_of
from snnlab.dashboard.joining import draw_join
from snnlab.dashboard.lesson import draw_lesson
from snnlab.dashboard.live import epoch_in_words
from snnlab.dashboard.nicknames import choose, nicknames
from snnlab.dashboard.pin import ask_for_pin, close, is_teacher, remember_teacher, the_pin
from snnlab.dashboard.screen import STATES, complain, escaped, heading, state_badge, warn
from snnlab.dashboard.service import engine, runs_folder
from snnlab.dashboard.training_settings import in_labels
from snnlab.dashboard.trouble import REFUSALS, said_of
from snnlab.dashboard.upload import draw_uploaded
from snnlab.dashboard.visitor import name_of_user
from snnlab.dashboard.waiting import when
from snnlab.jobs.fair_queue import Job, JobError
from snnlab.jobs.machine import Load, gpu_loads, machine_load
from snnlab.jobs.progress import read_progress
from snnlab.jobs.scheduler import scheduler

REFRESH_SECONDS = 2.0
"""Seconds between two redraws of a live part."""
GIB = 2**30
NOT_TAKEN = "name-not-taken"
"""In the session: why a name could not be taken away; it survives the next redraw."""


def live(part: Callable[[], None]) -> Callable[[], None]:
    """Make a part of the page redraw itself regularly, as long as the browser's token is valid."""

    def draw_again() -> None:
        if is_teacher():
            part()
        else:
            st.rerun()

    return lambda: st.fragment(draw_again, run_every=REFRESH_SECONDS)()


def draw() -> None:
    """The page."""
    heading("Teacher", "The queue, the machine, and links for the class.")
    if not the_pin():
        st.info("This page needs a PIN on the server.")
        return
    if not is_teacher():
        ask_for_pin()
        return
    remember_teacher()
    line = st.container(horizontal=True, vertical_alignment="center")
    with line:
        view = controls.segments(
            "view", "Part of the page", tuple(VIEWS), label_visibility="collapsed"
        )
        st.button("Close", icon=":material/lock:", on_click=close, help="Ask for the PIN again.")
    VIEWS[view]()


def draw_queue() -> None:
    """The queue: who runs what, with buttons that cancel jobs and pause the queue."""
    jobs = engine().jobs()
    active = [job for job in jobs if job.active]
    draw_queue_buttons(active)
    if not active:
        st.info("Nothing runs and nothing waits.", icon=":material/done_all:")
    if not engine().paused:
        for reason in sorted({job.reason for job in active} - {""}):  # why none of them starts
            warn(reason)
    for job in active:
        draw_job(job)
    ended = [job for job in jobs if not job.active]
    if ended:
        st.subheader("Ended", anchor=False)
        st.dataframe(pd.DataFrame([row(job) for job in ended[:50]]), hide_index=True)


def draw_queue_buttons(active: list[Job]) -> None:
    """Buttons that pause, resume and empty the queue."""
    paused = engine().paused
    waiting = [job for job in active if job.status == "waiting"]
    line = st.container(horizontal=True, vertical_alignment="center")
    if paused:
        go_on: dict[str, Any] = {"type": "primary", "icon": ":material/play_arrow:"}
        line.button("Go on", on_click=engine().resume, **go_on)
    else:
        line.button("Pause", on_click=engine().pause, icon=":material/pause:")
    box = line.popover("Clear", icon=":material/clear_all:", disabled=not active)
    counts = {"Cancel all that wait": len(waiting), "Cancel all, also what trains": len(active)}
    for running, (label, number) in enumerate(counts.items()):
        box.button(
            f"{label} ({number})",
            key=f"teacher-clear-{running}",
            on_click=engine().clear,
            kwargs={"running": bool(running)},
            disabled=not number,
        )
    draw_names(line)
    if paused:
        warn(
            "The queue is paused: what trains goes on, nothing else starts. "
            + (
                "A restart of the server does not change that."
                if engine().is_written
                else "It could not be written to the folder of runs: a restart of the server "
                "forgets it."
            )
        )


def draw_names(place: Any) -> None:
    """A menu that takes away a nickname that does not belong on a projector."""
    known = {name: id for id, name in nicknames(runs_folder()).items()}
    box = place.popover("Names", icon=":material/badge:", disabled=not known)
    if known:
        name = box.selectbox("Nickname", sorted(known, key=str.casefold))
        box.button("Take this name away", on_click=take_away, args=(known[name],))
        if said := st.session_state.get(NOT_TAKEN):
            complain(said, box)
        box.caption("Two plain words stand in its place, until the visitor chooses again.")


def take_away(visitor: str) -> None:
    """Give a visitor the two words derived from the id as name again."""
    st.session_state.pop(NOT_TAKEN, None)
    try:
        choose(runs_folder(), visitor, "")
    except REFUSALS as error:
        st.session_state[NOT_TAKEN] = said_of(error)


def draw_job(job: Job) -> None:
    """A job that runs or waits."""
    line = st.container(horizontal=True, vertical_alignment="center", border=True)
    state_badge(job.status, line)
    who = escaped(", ".join(map(name_of_user, job.users)))
    description = escaped(", ".join(words_of(job.config)))
    if job.status == "running" and (progress := read_progress(runs_folder() / job.id)):
        description += f"  \n{epoch_in_words(progress, job.config.training.epochs)}"
    elif job.position and not job.reason:
        description += f"  \n{when(job)}"
    line.markdown(f"**{who}**  \n{description}", width="stretch")
    line.button(
        "Cancel",
        key=f"teacher-cancel-{job.id}",
        icon=":material/stop:",
        on_click=cancel_for_all,
        args=(job.id,),
    )


def cancel_for_all(id: str) -> None:
    """Cancel a job of any visitor."""
    with contextlib.suppress(JobError):  # it ended long ago, and the engine has forgotten it
        engine().cancel(id)


def row(job: Job) -> dict[str, str]:
    """A job that has ended, as a row of the table."""
    return {
        "by": ", ".join(map(name_of_user, job.users)),
        "what": ", ".join(words_of(job.config)),
        "state": STATES[job.status][0],
        "asked for": time.strftime("%H:%M:%S", time.localtime(job.submitted)),
        "reason": in_labels(job.reason),
        "run": job.id,
    }


def draw_machine() -> None:
    """How busy this machine is: cores, memory and GPUs, in words and bars."""
    here, gpus = loads()
    st.subheader("This machine", anchor=False)
    draw_bars(here)
    for number, gpu in enumerate(gpus):
        st.subheader(f"GPU {number}: {escaped(gpu.name)}", anchor=False)
        draw_bars(gpu)
    if not gpus:
        st.caption("No NVIDIA GPU that this server may use: all runs train on the CPU.")
    if address := scheduler():
        st.info(
            f"Runs train on the workers of the Dask cluster at {escaped(address)}, not on this "
            "machine: how busy they are stands on the page of its scheduler.",
            icon=":material/info:",
        )


@st.cache_resource(ttl=1.0, show_spinner=False)
def loads() -> tuple[Load, list[Load]]:
    """The load of the machine and of its GPUs; measured once a second for all callers."""
    return machine_load(), gpu_loads()


def draw_bars(load: Load) -> None:
    """Bars for how busy a device is, and how full its memory."""
    left, right = st.columns(2, gap="large")
    with left:
        bar("Busy", load.busy, busy_in_words(load))
    with right:
        share = load.used / load.total if load.used is not None and load.total else None
        bar("Memory", share, memory_in_words(load))


def bar(name: str, share: float | None, words: str) -> None:
    """A bar below its label; only the label where the share is unknown."""
    if share is None:
        st.caption(f"{name}: {words}")
    else:
        st.progress(min(max(share, 0.0), 1.0), f"{name}: {words}")


def busy_in_words(load: Load) -> str:
    """How busy a device is in words: "1.4 of 2 cores", "45 %"."""
    if load.busy is None:
        return "this GPU does not say"
    if load.cores:
        return f"{load.busy * load.cores:.1f} of {load.cores} core{'' if load.cores == 1 else 's'}"
    return f"{100 * load.busy:.0f} %"


def memory_in_words(load: Load) -> str:
    """How full the memory of a device is in words: "3.1 of 8.0 GiB"."""
    if load.used is None or load.total is None:
        return "this GPU does not say"
    return f"{load.used / GIB:.1f} of {load.total / GIB:.1f} GiB"


VIEWS: dict[str, Callable[[], None]] = {
    "Queue": live(draw_queue),
    "Machine": live(draw_machine),
    "Join": draw_join,
    "Lesson links": draw_lesson,
    "Uploads": draw_uploaded,
}
"""The parts of the page, by their label on the switch."""

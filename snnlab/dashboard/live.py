"""The progress of runs, read from their folders by a fragment that stops when none is active."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st

from snnlab.dashboard.groups import Group, config_of, group_runs, words_of
from snnlab.dashboard.hardware import draw_hardware, draw_notes
from snnlab.dashboard.screen import (
    STATES,
    announce,
    colours,
    escaped,
    show_chart,
    state_badge,
    warn,
)
from snnlab.dashboard.service import engine, find_run, runs_folder
from snnlab.dashboard.training_settings import in_labels
from snnlab.dashboard.trouble import attempt
from snnlab.dashboard.visitor import submit, visitor, withdraw
from snnlab.dashboard.waiting import draw_wait
from snnlab.jobs.fair_queue import Job
from snnlab.jobs.progress import Progress, read_progress
from snnlab.learning.time_left import left_in_words
from snnlab.runs.config import RunConfig
from snnlab.runs.store import Run
from snnlab.show.charts.runs import dashes_of, training_chart

MOST_LINES = 3
"""Up to so many runs each has a line of its own: as many as "Train all three" starts for one
seed."""
TOGETHER = ("waiting", "finished", "cancelled")
"""If there are more runs, those in the same one of these states share a line. Each other run has a
line of its own, which says how far it is or why it has ended."""


@dataclass(frozen=True)
class Status:
    """The state of a run, from its job and its folder."""

    id: str
    state: str
    job: Job | None
    run: Run | None

    @property
    def config(self) -> RunConfig | None:
        """The configuration of the run, if it can be read."""
        return self.job.config if self.job else self.run.config if self.run else None

    @property
    def active(self) -> bool:
        """Whether it waits or trains."""
        return self.state in ("waiting", "running")

    @property
    def mine(self) -> bool:
        """Whether the visitor has submitted it and may cancel it."""
        return self.active and self.job is not None and visitor() in self.job.users

    @property
    def reason(self) -> str:
        """Why it failed, or stopped."""
        return (self.job.reason if self.job else "") or (self.run.reason if self.run else "")


def statuses_of(ids: Iterable[str]) -> list[Status]:
    """The states of runs now."""
    jobs = {job.id: job for job in engine().jobs()}
    return [status_of(id, jobs.get(id)) for id in ids]


def status_of(id: str, job: Job | None) -> Status:
    """The state of a run, given its job, if there is one."""
    run = find_run(id)
    if run is not None and run.status == "finished":
        state = "finished"
    elif job is not None:
        state = job.status
    else:
        state = run.status if run is not None else "interrupted"
    return Status(id, state, job, run)


def look_forward_to(ids: list[str]) -> None:
    """Announce the end of these runs from now on, even if they are finished already."""
    st.session_state.setdefault("active", {})["awaited"] = set(ids)


def watch(ids: list[str]) -> None:
    """Draw the states of runs; whenever one has ended, the whole page is drawn anew.

    Args:
        ids: of the runs.
    """
    known = st.session_state.setdefault("active", {})
    statuses = statuses_of(ids)
    draw_statuses(statuses)
    for reason in {status.reason for status in statuses if status.state == "waiting"} - {""}:
        warn(reason)  # this keeps all of them from starting
    if any(status.active for status in statuses):
        look_forward_to(ids)
    draw_notes(status.config for status in statuses if status.config)
    announce(news(statuses) if known.get("awaited") == set(ids) else "", key="runs")
    draw_hardware([status.run for status in statuses if status.run])
    active = {status.id for status in statuses if status.active}
    before = known.get("ids", set())
    known["ids"] = active
    if before & set(ids) - active:  # one has ended: its results belong on the page
        st.rerun()


def watch_curves(ids: list[str]) -> None:
    """Draw loss and validation accuracy of the runs that have begun to train."""
    draw_curves([one.run for one in statuses_of(ids) if one.run and one.run.metrics])


def news(statuses: list[Status]) -> str:
    """The states of runs for a screen reader: a text that changes only a few times per training."""
    for number, status in enumerate(statuses, 1):
        if status.state == "running" and status.config:
            which = f" {number} of {len(statuses)}" if len(statuses) > 1 else ""
            epochs = status.config.training.epochs
            quarter = 4 * (len(status.run.metrics) if status.run else 0) // epochs
            heard = f", epoch {quarter * epochs // 4} of {epochs}" if quarter else ""
            return f"Training{which}: {start_of(status)}{heard}."
    ended = sum(not status.active for status in statuses)
    if ended < len(statuses):
        return f"{ended} of {len(statuses)} have ended." if ended else "Waiting."
    return " ".join(end_of(status) for status in statuses)


def end_of(status: Status) -> str:
    """How a run ended, for a screen reader; the page shows the reason."""
    word = STATES[status.state][0]
    found = status.run.accuracy if status.run and status.state == "finished" else None
    said = f", {found[max(found)]:.2f} % at T = {max(found)}" if found else ""
    return f"{word}: {start_of(status)}{said}."


def start_of(status: Status) -> str:
    """What distinguishes a run from those that were submitted with it."""
    return ", ".join(words_of(status.config)[2:]) if status.config else status.id


def draw_statuses(statuses: list[Status]) -> None:
    """A line for each run; of many, some share one, see `TOGETHER`, so that the curve is seen."""
    for status in statuses:
        alike = [other for other in statuses if other.state == status.state]
        if len(statuses) <= MOST_LINES or len(alike) == 1 or status.state not in TOGETHER:
            draw_status(status)
        elif status is alike[0]:
            draw_together(alike, len(statuses))


def draw_together(alike: list[Status], of: int) -> None:
    """One line for several runs in the same state: how many there are, and buttons for them.

    Args:
        alike: the states of these runs.
        of: how many runs the page shows.
    """
    state = alike[0].state
    row = st.container(horizontal=True, vertical_alignment="center", key=f"row-{state}")
    state_badge(state, row)
    names = "\n".join(f"- {name_of(status)}" for status in alike)
    row.markdown(f"{len(alike)} of {of} runs", width="stretch", help=names)
    draw_buttons(alike, row, state)
    if state == "waiting" and not alike[0].reason:
        draw_wait(alike[0].job, alike[-1].job)


def draw_buttons(statuses: list[Status], row: Any, key: str) -> None:
    """Buttons that cancel the visitor's runs, or resume runs that have ended early."""
    mine = [status.id for status in statuses if status.mine]
    stopped = [
        status.config
        for status in statuses
        if status.state in ("interrupted", "cancelled", "failed") and status.config
    ]
    if mine and row.button("Cancel", key=f"cancel-{key}", icon=":material/stop:"):
        attempt(lambda: withdraw(mine))
    if stopped and row.button("Go on", key=f"resume-{key}", icon=":material/play_arrow:"):
        attempt(lambda: submit(stopped))


def draw_status(status: Status) -> None:
    """One line for a run: its name, its state, and its buttons."""
    row = st.container(horizontal=True, vertical_alignment="center", key=f"row-{status.id}")
    state_badge(status.state, row)
    row.markdown(name_of(status), width="stretch")
    draw_buttons([status], row, status.id)
    if status.state == "waiting" and not status.reason:
        draw_wait(status.job)
    if status.state == "running":
        draw_progress(status)
    if status.reason and status.state not in ("finished", "cancelled", "waiting"):
        warn(in_labels(status.reason))


def name_of(status: Status) -> str:
    """The name of a run."""
    return escaped(", ".join(words_of(status.config)) if status.config else status.id)


def draw_progress(status: Status) -> None:
    """A progress bar with the time that is left."""
    progress = read_progress(runs_folder() / status.id)
    epochs = status.config.training.epochs if status.config else 1
    done = len(status.run.metrics) if status.run else 0
    if progress is None:
        st.progress(done / epochs, "Getting ready ..." if not done else f"Epoch {done} of {epochs}")
    elif progress.step == progress.steps:
        st.progress(1.0, "Trained. Measuring accuracy against timesteps ...")
    else:
        phase = status.config.phase(progress.epoch) if status.config else ""
        said = epoch_in_words(progress, epochs, phase)
        st.progress(progress.step / progress.steps, said)


def epoch_in_words(progress: Progress, epochs: int, phase: str = "") -> str:
    """The progress of a training in words: "Epoch 3 of 60, noise, 12 s left"."""
    left = left_in_words(progress.seconds_left)
    return ", ".join(filter(None, [f"Epoch {progress.epoch} of {epochs}", phase, left]))


def draw_curves(runs: list[Run]) -> None:
    """Loss and validation accuracy by epoch."""
    if not runs:
        return
    palette = colours()
    groups = group_runs(runs, palette)
    table = epochs_table(groups)
    names = {group.name: group.colour for group in groups}
    dashes = dashes_of([group.dashes for group in groups])
    epochs = max(config_of(run).training.epochs for run in runs)
    acting = [config_of(run).acting_training for run in runs]
    own_spikes = {one.epochs - one.rates_epochs + 1 for one in acting if one.rates_epochs}
    left, right = st.columns(2)
    kinds = ((left, "loss", "Training loss"), (right, "accuracy", "Validation accuracy (%)"))
    for place, value, title in kinds:
        part = table[["name", "run", "epoch", value]].dropna()
        chart = training_chart(
            part,
            names,
            value=value,
            title=title,
            epochs=epochs,
            colours=palette,
            dashes=dashes,
            own_spikes=own_spikes,
        )
        show_chart(chart, part.copy, key=f"live-{value}", place=place)


def epochs_table(groups: list[Group]) -> pd.DataFrame:
    """One row per run and epoch."""
    tables = [
        pd.DataFrame(run.metrics).assign(name=group.name, run=run.id)
        for group in groups
        for run in group.runs
    ]
    columns = ["name", "run", "epoch", "loss", "validation_accuracy"]
    table = pd.concat(tables).reindex(columns=columns)
    return table.rename(columns={"validation_accuracy": "accuracy"})

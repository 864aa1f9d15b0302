"""The page Runs: find, name, note, take home, delete."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import streamlit as st

from snnlab.dashboard import address, controls
from snnlab.dashboard.advice import on_page
from snnlab.dashboard.choosing import name_of
from snnlab.dashboard.downloads import downloads
from snnlab.dashboard.hardware import draw_hardware
from snnlab.dashboard.labels import MOST_NOTE, MOST_TITLE, delete, label_of, write_label
from snnlab.dashboard.screen import STATES, complain, escaped, heading, state_badge, warn
from snnlab.dashboard.service import all_runs
from snnlab.dashboard.visitor import draw_nickname, name_of_user, visitor
from snnlab.runs.store import Run, RunError

MOST_ROWS = 500
NUMBERS = ("T = 1 (%)", "T = 8 (%)", "last T (%)", "training (s)")


def draw() -> None:
    """The page."""
    heading("Runs", "Every run of this server. Choose one to take its files home.")
    runs = all_runs()
    if not runs:
        st.info("No run yet. Start one on the page **Train**.", icon=":material/info:")
        return
    text, mine = search_controls()
    found = [
        run for run in runs if fits(run, text) and (not mine or label_of(run).owner == visitor())
    ]
    if not found:
        st.info("No run has that in its name, note or settings.", icon=":material/search_off:")
        return
    shown = found[:MOST_ROWS]
    table = pd.DataFrame([row(run) for run in shown])
    event = st.dataframe(
        table,
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        key=f"runs-{text}-{mine}",
        column_config={name: st.column_config.NumberColumn(format="%.2f") for name in NUMBERS},
        height=min(40 * (len(shown) + 1) + 4, 420),
    )
    rows = event["selection"]["rows"] if event else []
    if rows and rows[0] < len(shown):
        address.remember("run", shown[rows[0]].id)
    chosen = next((run for run in shown if run.id == address.said("run")), shown[0])
    draw_details(chosen)


def search_controls() -> tuple[str, bool]:
    """What to look for, and whether among one's own runs only."""
    field, switch = st.columns([3, 1], vertical_alignment="bottom")
    text = controls.held(
        "q",
        (address.said("q") or "")[:80],
        lambda **key: field.text_input(
            "Search", max_chars=80, placeholder="noise, mnist, my title", **key
        ),
    )
    mine = controls.toggle("mine", "Only my runs", False, place=switch)
    draw_nickname(switch)
    return text, mine


def fits(run: Run, text: str) -> bool:
    """Whether every word is in the name, title, note or settings of a run."""
    label = label_of(run)
    whole = f"{run.id} {name_of(run)} {label.note} {run.status}".lower()
    return all(word in whole for word in text.lower().split())


def row(run: Run) -> dict[str, object]:
    """A line of the table."""
    accuracy, result = run.accuracy, run.result or {}
    highest = max(accuracy) if accuracy else None
    return {
        "name": name_of(run),
        "state": STATES[run.status][0],
        "T = 1 (%)": accuracy.get(1),
        "T = 8 (%)": accuracy.get(8),
        "last T (%)": accuracy[highest] if highest else None,
        "training (s)": result.get("training_seconds"),
        "by": name_of_user(label_of(run).owner),
        "mine": label_of(run).owner == visitor(),
        "note": label_of(run).note,
        "started": str(run.environment.get("started", ""))[:16].replace("T", " "),
    }


def draw_details(run: Run) -> None:
    """One run: its files, its note, its end."""
    st.subheader(escaped(name_of(run)), anchor=False)
    line = st.container(horizontal=True, vertical_alignment="center")
    state_badge(run.status, line)
    line.code(run.id, language=None, width="content")
    if run.reason:
        warn(on_page(run.reason))
    draw_hardware([run])
    if run.status == "finished":
        buttons = st.container(horizontal=True)
        look: dict[str, Any] = {"on_click": "ignore", "icon": ":material/download:"}
        for label, name, kind, content in downloads(run):
            buttons.download_button(label, content, name, kind, key=f"{label}-{run.id}", **look)
    if label_of(run).owner == visitor():
        draw_own(run)
    elif note := label_of(run).note:
        st.text(note)


def draw_own(run: Run) -> None:
    """What only the one who started a run can change."""
    label = label_of(run)
    with st.form(f"label-{run.id}", border=True):
        title = st.text_input("Title", label.title, max_chars=MOST_TITLE)
        note = st.text_area("Note", label.note, max_chars=MOST_NOTE, height=100)
        if st.form_submit_button("Save", icon=":material/save:"):
            attempt(lambda: write_label(run, visitor(), title=title, note=note))
    with st.popover("Delete", icon=":material/delete:"):
        st.write("The run and its weights are gone for everybody.")
        if st.button("Delete for good", key=f"delete-{run.id}", type="primary"):
            attempt(lambda: delete(run, visitor()))


def attempt(change: Callable[[], None]) -> None:
    """Do it and draw the page anew, or say why not."""
    try:
        change()
    except (RunError, OSError) as error:
        complain(error)
    else:
        st.rerun()

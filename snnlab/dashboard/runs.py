"""The page Runs: find runs, name them, write notes, download files, delete."""

from __future__ import annotations

from functools import partial
from threading import Event
from typing import Any

import pandas as pd
import streamlit as st

from snnlab.dashboard import address, controls
from snnlab.dashboard.choosing import MOST_RUNS, name_of, named_by_link, say_missing
from snnlab.dashboard.downloads import Content, downloads, not_offered
from snnlab.dashboard.hardware import draw_hardware, draw_notes
from snnlab.dashboard.labels import MOST_NOTE, MOST_TITLE, delete, label_of, write_label
from snnlab.dashboard.navigation import page_of
from snnlab.dashboard.screen import READ_AT, STATES, complain, escaped, heading, state_badge, warn
from snnlab.dashboard.service import all_runs
from snnlab.dashboard.training_settings import in_labels
from snnlab.dashboard.trouble import REFUSALS, attempt, draw_complaint, said_of
from snnlab.dashboard.visitor import draw_nickname, name_of_user, visitor
from snnlab.runs.store import Run

MOST_ROWS = 500
READ_AT_COLUMN = f"T = {READ_AT} (%)"
NUMBERS = ("T = 1 (%)", READ_AT_COLUMN, "last T (%)", "training (s)")
WIDE, NARROW = "runs-wide", "runs-narrow"
"""Keys of the two forms of the table: with cells, and for phones with lines. One form is
visible."""
LINES, WIDTHS = 78, {"run": 172, "state": 140}
"""In pixels, for a phone of 390: height of a row (lines break from 4 rem on), widths of columns."""
REFUSED = "refused-downloads"
"""In the session: the reasons why files could not be made."""
LONGEST_WAIT = 120
"""Seconds for which the page waits for the file of a download, to say why if there is none."""
UNBROKEN = "\u00a0"
"""A space at which no line breaks."""
IN_SIGHT = f"""<style>
@media (max-width: 640px) {{ .st-key-{WIDE} {{ display: none; }} }}
@media (min-width: 641px) {{ .st-key-{NARROW} {{ display: none; }} }}
</style>"""


def draw() -> None:
    """The page."""
    heading("Runs", "Every run of this server. Tick one for its files, several to compare them.")
    runs = all_runs()
    say_missing(named_by_link(), {run.id for run in runs})
    if not runs:
        st.info("No run yet. Start one on the page **Train**.", icon=":material/info:")
        return
    text, mine = search_controls()
    found = [
        run for run in runs if fits(run, text) and (not mine or label_of(run).owner == visitor())
    ]
    if not found:
        whose = "None of your runs" if mine else "No run"
        said = f"{whose} has that in its name, note or settings."
        st.info(said if text.split() else "You have started no run.", icon=":material/search_off:")
        return
    shown = found[:MOST_ROWS]
    st.html(IN_SIGHT)
    table = pd.DataFrame([row(run) for run in shown]).round(2)  # so many digits are read out
    numbers = {name: st.column_config.NumberColumn(format="%.2f") for name in NUMBERS}
    draw_table(WIDE, table, shown, height=min(40 * (len(shown) + 1) + 4, 420), columns=numbers)
    short = pd.DataFrame([in_lines(run) for run in shown])
    height = min(LINES * len(shown) + 40, 380)
    widths = {name: st.column_config.TextColumn(width=width) for name, width in WIDTHS.items()}
    draw_table(NARROW, short, shown, height=height, columns=widths, row_height=LINES)
    ticked = [run for run in shown if run.id in named_by_link()]
    if len(ticked) > 1:
        draw_ticked(ticked)
    draw_details(ticked[0] if ticked else shown[0])


def draw_table(
    key: str, table: pd.DataFrame, shown: list[Run], *, columns: dict[str, Any], **look: Any
) -> None:
    """The table in one of its forms. The link holds the ticked runs."""
    ids = [run.id for run in shown]
    version = st.session_state.get(f"{key}-version", 0)
    form = f"{key}-{version}-{hash(tuple(ids))}"  # old ticks would mark other runs
    ticked = [number for number, id in enumerate(ids) if id in named_by_link()]
    with st.container(key=key):
        st.dataframe(
            table,
            hide_index=True,
            on_select=lambda: take_ticks(key, form, ids),
            selection_mode="multi-row",
            selection_default={"selection": {"rows": ticked, "columns": [], "cells": []}},
            key=form,
            column_config=columns,
            alt=f"{len(shown)} run{'s' * (len(shown) != 1)}, newest first",  # of its buttons, too
            **look,
        )


def take_ticks(key: str, form: str, ids: list[str]) -> None:
    """Write the ticked runs into the link, from which the other form of the table takes them."""
    rows = st.session_state[form]["selection"]["rows"]
    elsewhere = [id for id in named_by_link() if id not in ids]  # ticked runs that a search hides
    address.remember("run", [*elsewhere, *(ids[row] for row in rows)])
    other = NARROW if key == WIDE else WIDE
    st.session_state[f"{other}-version"] = st.session_state.get(f"{other}-version", 0) + 1


def draw_ticked(ticked: list[Run]) -> None:
    """A button that compares several ticked runs."""
    more = f" The first {MOST_RUNS} are compared." if len(ticked) > MOST_RUNS else ""
    line = st.container(horizontal=True, vertical_alignment="center")
    if line.button(
        f"Compare {min(len(ticked), MOST_RUNS)} runs", icon=":material/stacked_line_chart:"
    ):
        ids = ",".join(run.id for run in ticked[:MOST_RUNS])
        st.switch_page(page_of("compare", url_path="compare"), query_params={"run": ids})
    line.caption(f"{len(ticked)} runs ticked.{more} Below is the first of them.")


def search_controls() -> tuple[str, bool]:
    """The text of the search field, and whether to search the visitor's own runs only."""
    field, switch = st.columns([3, 1], vertical_alignment="bottom")
    text = controls.linked_widget(
        "q",
        (address.link_value("q") or "")[:80],
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


def in_lines(run: Run) -> dict[str, str]:
    """A row of the table for phones."""
    accuracy = run.accuracy
    ends = dict.fromkeys([1, max(accuracy)]) if accuracy else {}
    accuracies = [f"T = {T}: {accuracy[T]:.2f} %".replace(" ", UNBROKEN) for T in ends]
    return {"run": name_of(run), "state": ", ".join([STATES[run.status][0], *accuracies])}


def row(run: Run) -> dict[str, object]:
    """A row of the table."""
    accuracy, result = run.accuracy, run.result or {}
    highest = max(accuracy) if accuracy else None
    return {
        "name": name_of(run),
        "state": STATES[run.status][0],
        "T = 1 (%)": accuracy.get(1),
        READ_AT_COLUMN: accuracy.get(READ_AT),
        "last T (%)": accuracy[highest] if highest else None,
        "training (s)": result.get("training_seconds"),
        "by": name_of_user(label_of(run).owner),
        "mine": label_of(run).owner == visitor(),
        "note": label_of(run).note,
        "started": str(run.environment.get("started", ""))[:16].replace("T", " "),
    }


def draw_details(run: Run) -> None:
    """One run: its files, its title and note, and a button that deletes it."""
    st.subheader(escaped(name_of(run)), anchor=False)
    line = st.container(horizontal=True, vertical_alignment="center")
    state_badge(run.status, line)
    line.code(run.id, language=None, width="content")
    if run.reason:
        warn(in_labels(run.reason))
    draw_hardware([run])
    draw_notes([run.config] if run.config else [])
    asked = draw_downloads(run) if run.status == "finished" else None
    below = st.container()  # below the buttons; filled last, as it waits for the file
    if label_of(run).owner == visitor():
        draw_own(run)
    elif note := label_of(run).note:
        st.text(note)
    draw_refused(asked, below)


def draw_downloads(run: Run) -> Event | None:
    """Buttons for its files; an event that is set when the chosen file is made or has failed."""
    buttons, asked = st.container(horizontal=True), None
    refused: list[str] = st.session_state.setdefault(REFUSED, [])
    # The page is drawn anew, as the run may have been deleted meanwhile.
    look: dict[str, Any] = {"on_click": "rerun", "icon": ":material/download:"}
    for label, name, kind, content in downloads(run):
        key, ended = f"{label}-{run.id}", Event()
        made = partial(noting, refused, ended, content)
        if buttons.download_button(label, made, name, kind, key=key, **look):
            asked = st.session_state.get(f"{key}-ended")  # the event of the button that was clicked
        st.session_state[f"{key}-ended"] = ended
    if said := not_offered():
        st.caption(escaped(said))
    return asked


def noting(refused: list[str], ended: Event, content: Content) -> bytes:
    """The content of a file. Errors are noted in a list, as files are made in another thread."""
    try:
        return content()
    except REFUSALS as error:
        refused.append(said_of(error))
        raise
    finally:
        ended.set()


def draw_refused(asked: Event | None, place: st.delta_generator.DeltaGenerator) -> None:
    """Wait until the chosen file is made or has failed, then say why files could not be made."""
    waiting, slept = place.empty(), 0.0
    while asked is not None and not asked.wait(0.2) and slept < LONGEST_WAIT:
        waiting.caption("The file is being made ...")  # a click elsewhere ends the wait here
        slept += 0.2
    waiting.empty()
    refused: list[str] = st.session_state.get(REFUSED, [])
    with place:
        while refused:
            complain(refused.pop())


def draw_own(run: Run) -> None:
    """Title, note and deletion: only the owner of a run can change these."""
    label = label_of(run)
    draw_complaint()
    with st.form(f"label-{run.id}", border=True):
        title = st.text_input("Title", label.title, max_chars=MOST_TITLE)
        note = st.text_area("Note", label.note, max_chars=MOST_NOTE, height=100)
        if st.form_submit_button("Save", icon=":material/save:"):
            attempt(lambda: write_label(run, visitor(), title=title, note=note))
    with st.popover("Delete", icon=":material/delete:"):
        st.write("The run and its weights will be gone for everybody.")
        if st.button("Delete for good", key=f"delete-{run.id}", type="primary"):
            attempt(lambda: delete(run, visitor()))

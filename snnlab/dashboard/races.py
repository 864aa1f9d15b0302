"""Races between the methods, the audit of the paper's claims, and films, on the page Compare."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from snnlab.dashboard import controls
from snnlab.dashboard.film import Packed, draw_film, packed
from snnlab.dashboard.groups import Group, entry_of
from snnlab.dashboard.screen import (
    Colour,
    colours,
    csv_button,
    escaped,
    fold,
    height_for,
    show_chart,
    warn,
)
from snnlab.dashboard.service import runs_folder
from snnlab.measure.curve import SeedCurves
from snnlab.runs import methods
from snnlab.runs.curves import curve_of
from snnlab.runs.files import RunError
from snnlab.runs.methods import COMPARED, METHODS
from snnlab.runs.recorded import Recorded, recorded
from snnlab.runs.store import Run
from snnlab.show.charts.runs import Line, accuracy_chart, accuracy_table
from snnlab.studies.audit import judge, list_races, read_race
from snnlab.studies.claims import Claim, Status
from snnlab.studies.lifelike import judge_neuron
from snnlab.studies.race import TERMS, by_method
from snnlab.studies.race_table import notes, race_csv, race_markdown, rates_in_words
from snnlab.studies.recorded_race import recorded_runs
from snnlab.studies.study import Result

FILM = "Show them as a film: training against the clock, then T from 1 to 16"
"""The label of the switch."""
MARKS: dict[Status, tuple[str, Colour]] = {
    "supported": (":material/check_circle:", "green"),
    "contradicted": (":material/cancel:", "red"),
    "undecided": (":material/balance:", "orange"),
    "untested": (":material/help:", "gray"),
}


def draw_races() -> None:
    """One race: the verdicts on the paper's claims, and its table."""
    races = {folder.name: folder for folder in list_races(runs_folder() / "races")}
    if not races:
        st.info("No race yet. On the command line of the server:", icon=":material/flag:")
        st.code("snnlab race --preset digits-mlp\nsnnlab audit", language=None)
        return
    name = controls.select(
        "race", "Race", {name: name for name in races}, next(iter(races)), lasting=False
    )
    try:
        race = read_race(races[name])
        claims = judge(race)
        table, csv, lines = race_markdown(race), race_csv(race), race_lines(race)
        rates = rates_in_words(race)
    except (RunError, KeyError, TypeError, ValueError) as error:
        warn(f"This race cannot be shown: {error}")
        return
    st.subheader("What the paper claims, and what was measured here", anchor=False)
    for claim in claims:
        draw_claim(claim)
    box = fold("And the neuron with noise, which needs no race", key="neuron-claims")
    if box is not None:
        with box, st.spinner("Measured once, in a few seconds"):
            for claim in judge_neuron():
                draw_claim(claim)
    st.subheader("The race, equal epochs", anchor=False)
    st.caption(rates[:1].upper() + rates[1:])
    chart = accuracy_chart(lines, colours=colours(), height=height_for(lines))
    show_chart(chart, lambda: accuracy_table(lines), key="race")
    draw_film(FILM, lambda: film_of_race(race, races[name]))
    for method, note in notes(race["race"]["methods"], race["race"]["start"]).items():
        st.caption(f"**{METHODS[method].title}**: {note}.")
    box = fold("All that was measured", key="all-measured")
    if box is not None:
        box.markdown(table)
    csv_button(csv, name)


def race_lines(race: dict[str, Any]) -> dict[str, Line]:
    """Accuracy against T of every method, when all train for equally many epochs."""
    palette = colours()
    return {
        METHODS[method].title: Line(palette.of(method), SeedCurves.of(map(curve_of, entries)))
        for method, entries in by_method(race, TERMS[0]).items()
    }


def draw_claim(claim: Claim) -> None:
    """One claim and its verdict."""
    icon, colour = MARKS[claim.status]
    with st.container(border=True):
        st.badge(claim.status.capitalize(), icon=icon, color=colour)
        st.markdown(f"**{escaped(claim.name[:1].upper() + claim.name[1:])}**")
        st.text("\n".join(claim.text().splitlines()[1:]))


def film_of_runs(groups: Sequence[Group]) -> Packed:
    """A film of the recorded epochs of runs; for runs without records the page says why.

    Raises:
        ValueError: no run has records, or there are more lines than a film has room for.
    """
    from snnlab.show.films.race import race  # here, as it loads matplotlib

    found = {film_name(group): (group.name, list(remembered(group.runs))) for group in groups}
    shown = {label: runs for label, (_, runs) in found.items() if runs}
    if not shown:
        raise RunError("There is no film of these runs: none of them remembers its epochs.")
    return packed(race(shown, names={label: found[label][0] for label in shown}))


def film_of_race(race: Result, folder: Path) -> Packed:
    """A film of a race, all methods with equally many epochs."""
    from snnlab.show.films.race import race as film_of

    return packed(film_of(recorded_runs(race, folder)))


def film_name(group: Group) -> str:
    """The method or start whose look a group alone has; else the name of the group."""
    look = entry_of(group.config).look
    names = dict.fromkeys([*METHODS, *COMPARED])
    own = (name for name in names if (found := methods.entry_of(name)) and found.look == look)
    return next(own) if group.dashes is not None else group.name


def remembered(runs: Sequence[Run]) -> Iterator[Recorded]:
    """The runs that recorded seconds and accuracy of each epoch; a warning for each other run."""
    for run in runs:
        try:
            yield recorded(run)
        except RunError as problem:
            warn(f"Not in the film: {problem}.")

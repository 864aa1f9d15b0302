"""The page Compare: runs in one chart, races, and their verdicts on the paper's claims."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import streamlit as st

from snnlab.dashboard import controls
from snnlab.dashboard.choosing import choose_runs
from snnlab.dashboard.film import draw_film
from snnlab.dashboard.groups import Group, config_of, difference_table, group_runs, lines_of
from snnlab.dashboard.hardware import draw_notes
from snnlab.dashboard.races import FILM, draw_races, film_of_runs
from snnlab.dashboard.screen import READ_AT, colours, heading, height_for, show_chart
from snnlab.runs.store import Run
from snnlab.show.charts.runs import accuracy_chart, accuracy_table, cost_chart

VIEWS = ("Timesteps", "Training seconds", "Operations", "Race and audit")


def draw() -> None:
    """The page."""
    heading("Compare", "Any runs in one chart. Bands: worst to best seed.")
    view = controls.segments("view", "Accuracy against", VIEWS, label_visibility="collapsed")
    if view == "Race and audit":
        draw_races()
        return
    runs = choose_runs("Runs")
    if not runs:
        return
    groups = group_runs(runs, colours())
    if view == "Timesteps":
        lines = lines_of(groups)
        show_chart(
            accuracy_chart(lines, colours=colours(), height=height_for(lines)),
            lambda: accuracy_table(lines),
            key="timesteps",
        )
    elif view == "Training seconds":
        draw_seconds(groups)
    else:
        draw_operations(groups)
    draw_notes(group.config for group in groups)
    draw_film(FILM, lambda: film_of_runs(groups))
    st.subheader("What differs", anchor=False)
    st.dataframe(difference_table(groups), hide_index=True)


def draw_seconds(groups: list[Group]) -> None:
    """One point per run."""
    highest = min(max(run.accuracy) for group in groups for run in group.runs)
    T = controls.slider("T", "Accuracy at T =", min(READ_AT, highest), 1, highest, 1)

    def costs(run: Run) -> dict[int, float]:
        return {T: float((run.result or {})["training_seconds"])}

    draw_cost(groups, costs, "Training seconds", lines=False)


def draw_operations(groups: list[Group]) -> None:
    """One line per run, one point per T."""

    def costs(run: Run) -> dict[int, float]:
        return dict(zip(run.accuracy, run.accuracy.synaptic_operations, strict=False))

    draw_cost(groups, costs, "Synaptic operations per image", lines=True)


def draw_cost(
    groups: list[Group], costs: Callable[[Run], dict[int, float]], title: str, *, lines: bool
) -> None:
    """Accuracy against a cost; `costs` gives the cost of a run by T."""
    rows = [
        (group.name, config_of(run).seed, T, cost, run.accuracy[T])
        for group in groups
        for run in group.runs
        for T, cost in costs(run).items()
        if T in run.accuracy and cost > 0
    ]
    if not rows:
        st.info("That was not measured in these runs.")
        return
    table = pd.DataFrame(rows, columns=["name", "seed", "T", "cost", "accuracy"])
    names = {group.name: group.colour for group in groups}
    height = height_for(names)
    chart = cost_chart(table, names, title=title, colours=colours(), lines=lines, height=height)
    show_chart(chart, lambda: table.rename(columns={"cost": title}), key="cost")

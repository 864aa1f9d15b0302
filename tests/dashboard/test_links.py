"""What a link holds is read back, and what it names and is gone is said."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from snnlab.dashboard import lesson
from snnlab.dashboard import runs as runs_page
from snnlab.dashboard.choosing import MOST_RUNS
from snnlab.dashboard.labels import own
from snnlab.runs.run import run
from snnlab.runs.store import list_runs
from tests.dashboard.conftest import SMALL, VISITOR, Open

GONE = "digits-mlp-noise-s7-0123abcd"


def warnings(app: AppTest) -> str:
    assert not app.exception
    return " ".join(warning.value for warning in app.warning).replace("\\", "")


def test_twelve_runs_with_the_longest_names_are_read_back(runs: Path, open_page: Open) -> None:
    source = list_runs(runs)[0].folder
    ids = [f"{'x' * 116}-{number:04}" for number in range(MOST_RUNS)]
    for id in ids:
        assert len(id) == 121
        shutil.copytree(source, runs / id)
    link = open_page("compare", run=",".join(ids)).query_params["run"]  # as the page writes it
    assert sorted(link.split(",")) == ids
    again = open_page("compare", run=link)
    assert len(again.multiselect(key="compare:run").value) == MOST_RUNS
    assert sorted(again.query_params["run"].split(",")) == ids
    assert warnings(again) == ""


@pytest.mark.parametrize("page", lesson.LESSONS)
def test_a_lesson_that_fixes_all_is_read_back(page: str, empty: Path, open_page: Open) -> None:
    names = lesson.names(page)
    app = open_page(page, fix=",".join(names), hide=",".join(names[:2]))
    assert not app.exception
    assert all(slider.disabled for slider in app.slider if slider.key.split(":")[1] in names)


@pytest.mark.parametrize("page", ["explorer", "train", "distributions", "compare", "runs"])
def test_a_run_that_is_gone_is_named_and_the_rest_is_shown(
    page: str, runs: Path, open_page: Open
) -> None:
    there = list_runs(runs)[0].id
    app = open_page(page, run=f"{GONE},{there}")
    assert f"a run that is not here (any more): {GONE}." in warnings(app)
    assert there not in warnings(app)
    app = open_page(page, run=",".join(f"gone-{number}" for number in range(9)))
    assert "runs that are not here (any more): gone-0, gone-1" in warnings(app)


@pytest.mark.slow
def test_nothing_is_said_of_runs_that_are_shown(runs: Path, open_page: Open) -> None:
    ids = ",".join(run.id for run in list_runs(runs))
    for page in ("explorer", "train", "distributions", "compare", "runs"):
        assert warnings(open_page(page, run=ids)) == ""
        assert warnings(open_page(page)) == ""


def test_a_run_that_cannot_be_compared_is_said_with_the_reason(runs: Path, open_page: Open) -> None:
    one, other = list_runs(runs)
    (one.folder / "result.json").write_text("{")
    (other.folder / "result.json").unlink()
    said = warnings(open_page("compare", run=f"{one.id},{other.id}"))
    assert f"Run {one.id} is not shown here: it is damaged (result.json cannot be read" in said
    assert f"Run {other.id} is not shown here: it is interrupted." in said


def test_a_network_without_spikes_is_said_on_distributions(runs: Path, open_page: Open) -> None:
    ann = run(replace(SMALL, method="ann"), runs)
    there = list_runs(runs)[1].id
    app = open_page("distributions", run=f"{ann.id},{there}")
    assert f"Run {ann.id} is not shown here: it has no spiking neurons." in warnings(app)
    assert app.selectbox(key="distributions:run").value == there


def test_names_in_a_link_are_harmless(runs: Path, open_page: Open) -> None:
    app = open_page("compare", run=f"<b>*x*</b>,{'y' * 3000}")
    assert "<b>" not in app.warning[0].value
    assert len(app.warning[0].value) < 300


@pytest.mark.slow
def test_compare_opens_with_own_runs(runs: Path, open_page: Open) -> None:
    mine, other = (run.id for run in list_runs(runs))
    shutil.move(runs / mine, runs.parent / "away")
    own(runs, mine, VISITOR)
    shutil.move(runs.parent / "away", runs / mine)
    assert open_page("compare").query_params["run"] == mine
    somebody = open_page("compare", visitor="f" * 16)
    assert set(somebody.query_params["run"].split(",")) == {mine, other}
    assert open_page("compare", run=other).query_params["run"] == other


def test_what_is_ticked_stands_in_the_link(runs: Path, open_page: Open) -> None:
    """A table and its ticks are drawn by the browser: here is what it calls."""
    ids = [run.id for run in list_runs(runs)]
    app = open_page("runs", run=",".join(ids))
    assert "Compare 2 runs" in [button.label for button in app.button]
    script = (
        "import streamlit as st\n"
        "from snnlab.dashboard import address, runs\n"
        "address.enter('runs')\n"
        "st.session_state['form'] = {'selection': {'rows': [1]}}\n"
        f"runs.take_ticks(runs.WIDE, 'form', {ids!r})\n"
    )
    ticking = AppTest.from_string(script)
    ticking.query_params["run"] = f"{ids[0]},hidden-by-a-search"
    ticking.run()
    assert not ticking.exception
    assert ticking.query_params["run"] == f"hidden-by-a-search,{ids[1]}"
    assert ticking.session_state[f"{runs_page.NARROW}-version"] == 1  # the other form follows


def test_a_phone_sees_state_and_numbers(runs: Path) -> None:
    line = runs_page.in_lines(list_runs(runs)[0])
    assert line["state"].replace(runs_page.UNBROKEN, " ").startswith("Done, T = 1: ")
    assert "T = 8: " in line["state"].replace(runs_page.UNBROKEN, " ")


@pytest.mark.parametrize("name", ["my_data:train", f"{'a' * 300}:train"])
def test_a_data_set_that_is_not_offered_is_named(name: str, empty: Path, open_page: Open) -> None:
    assert "which this server may not run" in warnings(open_page("train", data=name))

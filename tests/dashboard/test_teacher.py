"""The queue in the hands of the teacher, and the machine in sight."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from snnlab.dashboard import pin, teacher
from snnlab.dashboard.nicknames import choose, made_up, nicknames
from snnlab.dashboard.teacher import busy_in_words, memory_in_words
from snnlab.jobs.engine import PAUSED
from snnlab.jobs.machine import Load
from tests.dashboard.conftest import VISITOR, Open
from tests.dashboard.fake_engine import FakeEngine
from tests.dashboard.test_pages import press, words

GIB = 2**30


@pytest.fixture(autouse=True)
def in_charge(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(pin.PIN, "1234")
    monkeypatch.setattr("snnlab.dashboard.teacher.is_teacher", lambda: True)


def ask_for_two(open_page: Open) -> None:
    press(open_page("train"), "Start")
    press(open_page("train", visitor="f" * 16, sigma="0.1"), "Start")


def labels(app: AppTest) -> list[str]:
    return [button.label for button in app.button if not button.disabled]


@pytest.mark.slow
def test_the_queue_names_visitors_and_never_their_ids(
    runs: Path, open_page: Open, engine: FakeEngine
) -> None:
    choose(runs, VISITOR, "Ada")
    ask_for_two(open_page)
    app = open_page("teacher")
    assert "**Ada**" in words(app)
    assert f"**{made_up('f' * 16)}**" in words(app)
    press(app, "Cancel")
    assert [job.status for job in engine.jobs()] == ["cancelled", "waiting"]
    assert list(app.dataframe[0].value["by"]) == ["Ada"]
    shown = words(app) + app.dataframe[0].value.to_string()
    assert VISITOR[:4] not in shown
    assert "ffff" not in shown


def test_a_name_can_be_taken_away(runs: Path, open_page: Open, engine: FakeEngine) -> None:
    choose(runs, VISITOR, "Rude")
    choose(runs, "f" * 16, "Ada")
    app = open_page("teacher")
    app.selectbox[0].set_value("Rude").run()
    press(app, "Take this name away")
    assert nicknames(runs) == {"f" * 16: "Ada", VISITOR: made_up(VISITOR)}


@pytest.mark.slow
def test_pause_go_on_and_clear(runs: Path, open_page: Open, engine: FakeEngine) -> None:
    ask_for_two(open_page)
    app = open_page("teacher")
    press(app, "Pause")
    assert engine.paused
    assert "The queue is paused" in words(app)
    assert "A restart of the server does not change that" in words(app)
    engine.is_written = False
    assert "a restart of the server forgets it" in words(app.run())
    press(app, "Go on")
    assert not engine.paused
    press(app, "Cancel all that wait (1)")
    assert [job.status for job in engine.jobs()] == ["running", "cancelled"]
    assert "Cancel all that wait (0)" not in labels(app)
    press(app, "Cancel all, also what trains (1)")
    assert {job.status for job in engine.jobs()} == {"cancelled"}
    assert "Nothing runs and nothing waits" in words(app)


def test_visitors_are_told_of_a_pause(runs: Path, open_page: Open, engine: FakeEngine) -> None:
    app = press(open_page("train"), "Start")
    (job,) = engine.jobs()
    engine.become(job.id, "waiting", PAUSED)
    assert PAUSED in words(app.run()).replace("\\", "")


def test_the_machine_is_shown_in_words_and_bars(
    runs: Path, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = Load("", 0.75, 2 * GIB, 8 * GIB, 2)
    cards = [Load("Card*", 0.45, GIB, 80 * GIB), Load("Part", None, None, None)]
    monkeypatch.setattr(teacher, "loads", lambda: (machine, cards))
    app = open_page("teacher", view="Machine")
    assert not app.exception
    bars = [bar.proto.text for bar in app.get("progress")]
    assert bars == [
        "Busy: 1.5 of 2 cores",
        "Memory: 2.0 of 8.0 GiB",
        "Busy: 45 %",
        "Memory: 1.0 of 80.0 GiB",
    ]
    assert [bar.proto.value for bar in app.get("progress")] == [75, 25, 45, 1]
    assert r"GPU 0: Card\*" in words(app)
    assert "Memory: this GPU does not say" in words(app)


def test_a_machine_without_gpus_and_one_with_a_cluster(
    runs: Path, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(teacher, "gpu_loads", list)
    teacher.loads.clear()
    assert "No NVIDIA GPU" in words(open_page("teacher", view="Machine"))
    monkeypatch.setattr(teacher, "scheduler", lambda: "tcp://node7:8786")
    assert "Runs train on the workers" in words(open_page("teacher", view="Machine"))


def test_numbers_in_words() -> None:
    assert busy_in_words(Load("", 1.0, 0, 1, 1)) == "1.0 of 1 core"
    assert memory_in_words(Load("", 1.0, 0, None)) == "this GPU does not say"

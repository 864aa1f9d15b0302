"""Every page, drawn without a browser, with an engine that trains nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from snnlab.dashboard.navigation import page_names
from snnlab.jobs.fair_queue import JobStatus
from snnlab.neuron.spec import MATCHED_SIGMA
from snnlab.runs.run import run
from tests.dashboard.conftest import SMALL, Open
from tests.dashboard.fake_engine import FakeEngine

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("neuron", "explorer", "train", "sigma_map", "distributions", "compare", "runs", "teacher")


def words(app: AppTest) -> str:
    """All text of a page."""
    kinds = (app.title, app.subheader, app.markdown, app.caption, app.info, app.warning, app.error)
    return "\n".join(str(element.value) for kind in kinds for element in kind)


def alt_texts(app: AppTest) -> list[str]:
    """What a screen reader says of every chart."""
    protos = [chart.proto for chart in app.get("vega_lite_chart")]
    assert not any(proto.alt for proto in protos)  # the buttons of a chart would say it, too
    return [json.loads(proto.spec)["description"] for proto in protos]


def unfold(app: AppTest, *, close: bool = False) -> AppTest:
    """Open, or close, all boxes of a page: tables and further controls."""
    for expander in app.expander:
        app.session_state[expander.key] = not close
    return app.run()


@pytest.mark.slow
@pytest.mark.sample(1)
@pytest.mark.parametrize("page", PAGES)
def test_a_page_with_runs_and_one_without_draw_without_an_error(
    page: str, runs: Path, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SNNLAB_TEACHER_PIN", "1234")
    assert not open_page(page).exception
    monkeypatch.setenv("SNNLAB_RUNS", str(runs / "nothing-here"))
    from snnlab.jobs import engine as engines

    engines._engines[(runs / "nothing-here").absolute()] = FakeEngine(runs / "nothing-here")
    assert not open_page(page).exception


@pytest.mark.sample(1)
@pytest.mark.parametrize("page", ["neuron", "train", "sigma_map", "distributions", "compare"])
def test_the_first_visit_shows_charts_each_with_words_and_a_table(
    page: str, runs: Path, open_page: Open
) -> None:
    app = open_page(page)
    found = alt_texts(app)
    assert found
    assert all(any(mark.isdigit() for mark in text) for text in found)  # numbers, not a title
    before = len(app.dataframe)
    unfold(app)
    assert not app.exception
    assert len(app.dataframe) >= before + len(found)


def test_the_teacher_is_listed_only_with_a_pin(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SNNLAB_TEACHER_PIN", raising=False)
    assert "teacher" not in page_names()
    monkeypatch.setenv("SNNLAB_TEACHER_PIN", "1234")
    assert "teacher" in page_names()


def test_the_app_draws_its_first_page(runs: Path) -> None:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=30).run()
    assert not app.exception
    assert app.title[0].value == "One neuron"


@pytest.mark.sample(1)
@pytest.mark.parametrize("value", ["nan", "-1e999", "9" * 30, "<b>", "../..", "ä", "None"])
def test_a_malformed_link_never_raises(value: str, empty: Path, open_page: Open) -> None:
    names = ("current", "sigma", "T", "beta", "reset", "family", "step", "fix", "hide", "noise")
    assert not unfold(open_page("neuron", **dict.fromkeys(names, value))).exception


@pytest.mark.sample(1)
@pytest.mark.parametrize("page", PAGES)
def test_a_link_to_nonsense_never_raises(page: str, runs: Path, open_page: Open) -> None:
    app = open_page(page, run="../../etc/passwd,<script>", T="x", at="-3", view="?", data="/etc")
    assert not app.exception
    assert not unfold(app).exception


@pytest.mark.slow
def test_values_in_a_link_are_clamped_and_written_back(empty: Path, open_page: Open) -> None:
    app = open_page("neuron", sigma="7", T="999", current="0.4")
    assert app.query_params["sigma"] == "1"
    assert app.query_params["T"] == "50"
    assert app.slider(key="neuron:current").value == 0.4


def test_moving_a_slider_changes_the_link(empty: Path, open_page: Open) -> None:
    app = open_page("neuron")
    app.slider(key="neuron:current").set_value(0.75).run()
    assert app.query_params["current"] == "0.75"
    assert "12 spikes in 16 timesteps" in words(app)


def test_stepping_shows_charge_fire_and_reset(empty: Path, open_page: Open) -> None:
    app = open_page("neuron", current="0.6", v_init="0.5")
    next(button for button in app.button if button.label == "Step").click().run()
    assert app.query_params["step"] == "1"
    values = {metric.label: metric.value for metric in app.metric}
    assert values["t = 1: charge"] == "1.10"
    assert values["fire"] == "yes"
    assert values["reset"] == "0.10"


def test_a_lesson_link_fixes_and_hides_controls(empty: Path, open_page: Open) -> None:
    app = open_page("neuron", sigma="0.1", fix="sigma", hide="T", T="7")
    assert app.slider(key="neuron:sigma").disabled
    assert "neuron:T" not in [slider.key for slider in app.slider]
    assert "in 7 timesteps" in words(app)


@pytest.mark.sample(1)
@pytest.mark.parametrize("open_first", [False, True])
def test_a_preset_fills_all_controls(runs: Path, open_page: Open, open_first: bool) -> None:
    app = open_page("train", sigma="0.7")
    if open_first:
        unfold(app)
    app.selectbox(key="train:preset").set_value("mnist-5k").run()
    unfold(app)
    assert app.selectbox(key="train:data").value == "mnist-5k"
    assert app.selectbox(key="train:model").value == "convnet"
    assert app.slider(key="train:epochs").value == 8
    assert app.slider(key="train:sigma").value == MATCHED_SIGMA


def test_controls_in_a_closed_box_are_not_drawn_and_count(empty: Path, open_page: Open) -> None:
    app = open_page("neuron", current="0.4", beta="0.5", T="8")
    assert "neuron:beta" not in [slider.key for slider in app.slider]
    assert "0 spikes in 8 timesteps" in words(app)  # a leak of half keeps the potential below 0.8
    unfold(app)
    assert app.slider(key="neuron:beta").value == 0.5
    app.slider(key="neuron:beta").set_value(1.0).run()
    assert "3 spikes in 8 timesteps" in words(app)
    unfold(app, close=True)
    assert "neuron:beta" not in [slider.key for slider in app.slider]
    assert app.query_params["beta"] == "1"
    assert "3 spikes in 8 timesteps" in words(app)
    assert unfold(app).slider(key="neuron:beta").value == 1.0


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label == label).click().run()


def test_start_hands_one_run_per_seed_to_the_engine(
    runs: Path, open_page: Open, engine: FakeEngine
) -> None:
    app = open_page("train", seeds="2", sigma="0.4", epochs="3")
    press(app, "Start")
    assert not app.exception
    jobs = engine.jobs()
    assert [job.config.seed for job in jobs] == [0, 1]
    assert {job.config.noise.sigma for job in jobs} == {0.4}
    assert app.query_params["run"] == ",".join(job.id for job in jobs)
    assert "Number 1 in the queue" in words(app) or "Starts next" in words(app)


@pytest.mark.slow
def test_sigma_0_is_training_without_noise(runs: Path, open_page: Open, engine: FakeEngine) -> None:
    press(open_page("train", sigma="0"), "Start")
    assert [job.config.method for job in engine.jobs()] == ["no-noise"]


@pytest.mark.slow
def test_cancel_is_for_those_who_asked(runs: Path, open_page: Open, engine: FakeEngine) -> None:
    app = press(open_page("train"), "Start")
    (job,) = engine.jobs()
    other = open_page("train", visitor="f" * 16, run=job.id)
    assert "Cancel" not in [button.label for button in other.button]
    press(app, "Cancel")
    assert [job.status for job in engine.jobs()] == ["cancelled"]


@pytest.mark.slow
def test_a_full_queue_is_said_in_words(runs: Path, open_page: Open, engine: FakeEngine) -> None:
    for sigma in ("0.1", "0.2", "0.3"):
        press(open_page("train", sigma=sigma), "Start")
    app = press(open_page("train", sigma="0.5"), "Start")
    assert "three of your runs train or wait already" in app.error[0].value.replace("\\", "")


@pytest.mark.slow
def test_seeds_start_together_or_not_at_all(
    runs: Path, open_page: Open, engine: FakeEngine
) -> None:
    press(open_page("train", sigma="0.1"), "Start")
    app = press(open_page("train", sigma="0.5", seeds="3"), "Start")
    assert "three of your runs train or wait already" in app.error[0].value.replace("\\", "")
    assert len(engine.jobs()) == 1
    press(open_page("train", sigma="0.5", seeds="2"), "Start")
    assert len(engine.jobs()) == 3


@pytest.mark.slow
def test_a_run_that_waits_says_what_for(runs: Path, open_page: Open, engine: FakeEngine) -> None:
    app = press(open_page("train"), "Start")
    (job,) = engine.jobs()
    engine.become(job.id, "waiting", "no Dask scheduler answers at tcp://a:1; trying again")
    app.run()
    assert "no Dask scheduler answers" in app.warning[0].value.replace("\\", "")
    assert "Starts next" not in words(app)


@pytest.mark.slow
def test_a_failure_is_shown_as_advice(runs: Path, open_page: Open, engine: FakeEngine) -> None:
    app = press(open_page("train"), "Start")
    (job,) = engine.jobs()
    engine.become(job.id, "failed", "the GPU has too little free memory. Try a smaller batch")
    app.run()
    assert "Try a smaller batch" in app.warning[0].value.replace("\\", "")


@pytest.mark.sample(1)
@pytest.mark.parametrize("state", ["interrupted", "cancelled", "failed"])
def test_what_stopped_can_go_on(
    state: JobStatus, runs: Path, open_page: Open, engine: FakeEngine
) -> None:
    app = press(open_page("train"), "Start")
    (job,) = engine.jobs()
    engine.become(job.id, state, "the server was stopped")
    app.run()
    assert "the server was stopped" in words(app) or state == "cancelled"
    engine.kept.clear()
    (kept,) = engine.submit([job.config], user=job.user)
    engine.become(kept.id, state)
    press(app.run(), "Go on")
    assert not app.exception
    assert [job.id for job in engine.jobs()] == [kept.id]


@pytest.mark.slow
def test_finished_runs_show_certificate_and_follow_the_slider(runs: Path, open_page: Open) -> None:
    ids = ",".join(folder.name for folder in runs.iterdir())
    app = open_page("train", run=ids, at="3")
    assert "All weights equal, bit for bit" in words(app)
    before = [metric.value for metric in app.metric]
    app.slider(key="train:at").set_value(8).run()
    assert len(before) == len(app.metric) == 2
    assert app.query_params["at"] == "8"


@pytest.mark.slow
def test_compare_says_what_differs(runs: Path, open_page: Open) -> None:
    ids = ",".join(folder.name for folder in runs.iterdir())
    for view in ("Timesteps", "Training seconds", "Operations", "Race and audit"):
        app = open_page("compare", run=ids, view=view)
        assert not app.exception
    app = open_page("compare", run=ids)
    table = app.dataframe[-1].value
    acting = ["model.norm_weight", "neuron.v_init"]  # as each method has them
    assert list(table["setting"]) == ["method", *acting, "seeds"]


@pytest.mark.slow
def test_the_teacher_gives_a_pin_and_cancels_any(
    runs: Path, open_page: Open, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SNNLAB_TEACHER_PIN", "1234")
    press(open_page("train"), "Start")
    app = open_page("teacher")
    assert "Cancel" not in [button.label for button in app.button]
    app.text_input[0].set_value("999")
    press(app, "Open")
    assert "not the PIN" in words(app)
    app.text_input[0].set_value("1234")
    engine.become(engine.jobs()[0].id, "waiting", "no Dask scheduler answers")
    press(app, "Open")
    assert "no Dask scheduler answers" in app.warning[0].value
    press(app, "Cancel")
    assert [job.status for job in engine.jobs()] == ["cancelled"]


@pytest.mark.slow
def test_a_run_of_target_noise_has_its_certificate_and_no_noise_to_keep(
    runs: Path, open_page: Open
) -> None:
    done = run(replace(SMALL, method="target-noise"), runs)
    app = open_page("train", run=done.id)
    assert not app.exception
    assert not app.warning
    assert "All weights equal, bit for bit" in words(app)
    assert "Keep the noise on after training" not in [toggle.label for toggle in app.toggle]

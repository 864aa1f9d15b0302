"""The page Sigma map: what one press trains, what becomes of it, and who else may see it."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from snnlab.dashboard import sigma_map
from snnlab.dashboard.address import Journey
from snnlab.dashboard.screen import DECIMALS
from snnlab.jobs.fair_queue import JobStatus
from snnlab.neuron.spec import MATCHED_SIGMA, Noise
from snnlab.runs.config import anchored
from snnlab.runs.methods import COMPARED
from snnlab.runs.presets import PRESETS, compared, with_noise
from snnlab.runs.store import run_id
from snnlab.settings import declared, validity
from snnlab.studies.noise_sweep import SIGMAS
from snnlab.studies.sigma_map import networks
from tests.dashboard.conftest import Open
from tests.dashboard.fake_engine import FakeEngine
from tests.dashboard.test_pages import alt_texts, press, unfold, words

ROWS = len(SIGMAS) + 1
TRAIN_ALL = f"Train all {ROWS}"
SCRIPT = """
from snnlab.dashboard import address, sigma_map
address.enter("sigma_map")
sigma_map.draw()
"""


def buttons(app: AppTest) -> list[str]:
    return [button.label for button in app.button]


def finish(sigma: float, engine: FakeEngine, trained: Path, root: Path) -> str:
    """Let the run of a sigma end as one of the runs that took a blink."""
    job = next(
        job
        for job in engine.jobs()
        if (job.config.noise.sigma if job.config.acting_noise else 0.0) == sigma
    )
    kind = "no-noise" if sigma == 0 else "mlp-noise"
    source = next(folder for folder in trained.iterdir() if kind in folder.name)
    shutil.copytree(source, root / job.id)
    engine.become(job.id, "finished")
    return job.id


def test_one_press_trains_a_network_per_sigma(
    empty: Path, open_page: Open, engine: FakeEngine
) -> None:
    app = press(open_page("sigma_map", epochs="3", mu="0.4", T="8"), TRAIN_ALL)
    assert not app.exception
    jobs = engine.jobs()
    assert len(jobs) == ROWS
    assert all(job.sweep for job in jobs)
    preset = PRESETS["digits-mlp"]
    asked = replace(with_noise(preset), timesteps=8, training=replace(preset.training, epochs=3))
    noisy = [job.config for job in jobs if job.config.acting_noise]
    assert {one.noise.sigma for one in noisy} == set(SIGMAS)
    for one in noisy:
        assert one == replace(asked, noise=Noise(sigma=one.noise.sigma, mu=0.4))
    (quiet,) = (job.config for job in jobs if not job.config.acting_noise)
    assert quiet.acting_neuron == noisy[0].acting_neuron
    assert quiet.training == asked.training
    # The most telling ones come first.
    first = [job.config.noise.sigma if job.config.acting_noise else 0 for job in jobs[:3]]
    assert first == [MATCHED_SIGMA, 0, 1.0]
    assert TRAIN_ALL not in buttons(app)
    assert f"0 of {ROWS} trained" in app.get("progress")[0].proto.text


def test_a_map_spans_the_range_that_sigma_declares() -> None:
    usual = validity(declared(Noise)["sigma"]).usual
    assert usual is not None
    assert (0.0, max(SIGMAS)) == usual
    assert MATCHED_SIGMA in SIGMAS


@pytest.mark.parametrize("preset", PRESETS)
def test_a_map_holds_the_runs_of_start_and_of_the_fair_comparison(preset: str) -> None:
    config = PRESETS[preset]
    rows = networks(config)
    assert rows[MATCHED_SIGMA] == with_noise(config)
    fair = next(name for name, side in COMPARED.items() if side.v_init == 0.5)
    assert rows[0.0] == compared(config)[fair]


@pytest.mark.slow
def test_a_map_fills_as_runs_end(
    empty: Path, open_page: Open, engine: FakeEngine, trained: Path
) -> None:
    app = press(open_page("sigma_map"), TRAIN_ALL)
    assert f"0 of {ROWS} values of sigma are measured" in alt_texts(app)[0]
    finish(MATCHED_SIGMA, engine, trained, empty)
    finish(0.0, engine, trained, empty)
    app.run()
    assert not app.exception
    text = alt_texts(app)[0]
    assert f"2 of {ROWS} values of sigma are measured" in text
    assert "Without noise: sigma 0: " in text
    assert "Best on the validation images: sigma 0" in text
    assert "most validation images right so far" in words(app)
    unfold(app)
    shown = app.dataframe[0].value["σ (v_th)"]
    assert list(shown) == [0.0, round(MATCHED_SIGMA, DECIMALS)]
    assert "sigma 0.2887: " in alt_texts(app)[0]
    app.select_slider(key="sigma_map:look").set_value(0.0).run()
    assert app.query_params["look"] == "0"
    assert all(name in alt_texts(app)[1] for name in ("σ = 0: ", "σ = 1/√12: "))


@pytest.mark.slow
def test_a_full_map_says_so_and_has_nothing_to_train(
    empty: Path, open_page: Open, engine: FakeEngine, trained: Path
) -> None:
    app = press(open_page("sigma_map"), TRAIN_ALL)
    for sigma in (0.0, *SIGMAS):
        finish(sigma, engine, trained, empty)
    app.run()
    assert not app.exception
    assert f"{ROWS} of {ROWS} values of sigma are measured" in alt_texts(app)[0]
    assert heard(app) == f"Done: all {ROWS} networks of the map are trained."
    assert not [label for label in buttons(app) if label.startswith(("Train", "Cancel"))]
    assert "most validation images right, σ" in words(app)
    other = open_page("sigma_map", visitor="f" * 16, look="0.7")  # a link shows it to others
    assert f"{ROWS} of {ROWS}" in alt_texts(other)[0]
    assert heard(other) == ""  # it was full when they came
    assert other.select_slider(key="sigma_map:look").value == 0.7


def heard(app: AppTest) -> str:
    """What a screen reader says of the map."""
    (script,) = [html.proto.body for html in app.get("html") if "announced-map" in html.proto.body]
    said = re.search(r'\["announced-map", ("[^"]*")\]', script)
    return str(json.loads(said[1])) if said else "nothing"


def test_who_presses_again_gets_the_same_runs(
    empty: Path, open_page: Open, engine: FakeEngine
) -> None:
    press(open_page("sigma_map"), TRAIN_ALL)
    ids = [job.id for job in engine.jobs()]
    other = open_page("sigma_map", visitor="f" * 16)
    assert TRAIN_ALL not in buttons(other)  # it trains already
    assert [job.id for job in engine.jobs()] == ids
    assert "Cancel the map" not in buttons(other)  # that of somebody else


@pytest.mark.slow
def test_a_second_map_is_refused_in_words(empty: Path, open_page: Open, engine: FakeEngine) -> None:
    press(open_page("sigma_map"), TRAIN_ALL)
    app = press(open_page("sigma_map", epochs="5"), TRAIN_ALL)
    assert "one sweep at a time" in app.error[0].value
    assert len(engine.jobs()) == ROWS
    assert "other visitors" not in words(app)
    app = open_page("sigma_map", visitor="f" * 16, epochs="5")
    assert f"{ROWS} runs of other visitors wait or train" in words(app)  # said before one presses
    press(app, TRAIN_ALL)
    assert len(engine.jobs()) == 2 * ROWS


@pytest.mark.slow
def test_a_map_is_cancelled_as_one_and_goes_on(
    empty: Path, open_page: Open, engine: FakeEngine, trained: Path
) -> None:
    app = press(open_page("sigma_map"), TRAIN_ALL)
    finish(MATCHED_SIGMA, engine, trained, empty)
    press(app.run(), "Cancel the map")
    assert not app.exception
    assert {job.status for job in engine.jobs()} == {"finished", "cancelled"}
    app = press(app.run(), f"Train the missing {ROWS - 1}")
    active = [job for job in engine.jobs() if job.active]
    assert len(active) == ROWS - 1


@pytest.mark.parametrize("state", ["failed", "interrupted"])
def test_a_run_that_stops_leaves_its_row_empty_and_says_why(
    state: JobStatus, empty: Path, open_page: Open, engine: FakeEngine, trained: Path
) -> None:
    app = press(open_page("sigma_map"), TRAIN_ALL)
    finish(MATCHED_SIGMA, engine, trained, empty)
    gone = finish(0.0, engine, trained, empty)
    other = next(job.id for job in engine.jobs() if job.config.noise.sigma == 0.7)
    engine.become(other, state, "the disk is full")
    app.run()
    if state == "failed":
        assert "0\\.7\\: the disk is full" in app.warning[0].value
    assert "Train the missing 1" in buttons(app)
    shutil.rmtree(empty / gone)  # somebody deletes one of the others
    engine.kept.pop(gone)
    app.run()
    assert not app.exception
    assert f"1 of {ROWS} values of sigma are measured" in alt_texts(app)[0]
    assert "Train the missing 2" in buttons(app)


def test_settings_come_from_train_once(empty: Path, open_page: Open, engine: FakeEngine) -> None:
    app = open_page("train", epochs="7", sigma="0.1", method="bptt", seeds="3", T="4")
    link = sigma_map.settings_in(app.session_state["journey"].links["train"])
    assert link == {"epochs": "7", "T": "4"}

    page = AppTest.from_string(SCRIPT, default_timeout=30)
    page.session_state["journey"] = Journey(links={"train": {"epochs": "7", "sigma": "0.1"}})
    page.run()
    assert page.slider(key="sigma_map:epochs").value == 7
    assert page.query_params["epochs"] == "7"
    assert "sigma" not in page.query_params
    page.selectbox(key="sigma_map:preset").set_value("digits").run()  # its own from now on
    assert page.slider(key="sigma_map:epochs").value == PRESETS["digits"].training.epochs


def test_the_page_train_starts_a_map_with_its_settings(
    empty: Path, open_page: Open, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone: list[str] = []
    monkeypatch.setattr("streamlit.switch_page", lambda page: gone.append(page.url_path))
    app = press(open_page("train", epochs="7", sigma="0.1", hide="epochs"), "Map σ × T")
    assert not app.exception
    assert gone == ["sigma_map"]
    assert app.session_state["journey"].links["sigma_map"] == {"epochs": "7", "hide": "epochs"}
    assert engine.jobs() == []  # that page asks for what it shows
    there = AppTest.from_string(SCRIPT, default_timeout=30)
    for name in ("journey", sigma_map.PRESSED):
        there.session_state[name] = app.session_state[name]
    there.run()
    assert not there.exception
    assert len(engine.jobs()) == ROWS
    assert {job.config.training.epochs for job in engine.jobs()} == {7}
    there.run()
    assert len(engine.jobs()) == ROWS


def test_examples_fill_their_rows(
    runs: Path, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    from snnlab.runs import examples

    monkeypatch.setattr("snnlab.dashboard.service.SHIPPED", examples.SHIPPED)
    app = open_page("sigma_map")
    assert f"2 of {ROWS} values of sigma are measured" in alt_texts(app)[0]
    assert f"Train the missing {ROWS - 2}" in buttons(app)


def test_the_id_of_a_row_is_that_of_its_run(empty: Path) -> None:
    config = networks(PRESETS["mnist-5k"])[0.1]
    assert sigma_map.id_of(config) == run_id(anchored(config))

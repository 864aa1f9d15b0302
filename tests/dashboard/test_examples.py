"""The runs that come with the kit, and how they get to a visitor."""

from __future__ import annotations

import shutil
from dataclasses import asdict
from pathlib import Path

import pytest

from snnlab.dashboard.service import prepare
from snnlab.data.sources import load_data
from snnlab.measure.accuracy import accuracy_against_timesteps
from snnlab.neuron.spec import MATCHED_SIGMA
from snnlab.runs import examples
from snnlab.runs.examples import SHIPPED, bring_examples, example_configs, is_example
from snnlab.runs.store import list_runs, read_run
from tests.dashboard.conftest import Open
from tests.dashboard.fake_engine import FakeEngine


def test_what_is_shipped_are_the_examples_finished() -> None:
    shipped = list_runs(SHIPPED)
    assert all(is_example(run) for run in shipped)
    found = sorted((run.config.method, run.config.seed) for run in shipped if run.config)
    assert found == sorted((config.method, config.seed) for config in example_configs())
    assert sum(file.stat().st_size for file in SHIPPED.rglob("*") if file.is_file()) < 900_000
    assert not list(SHIPPED.rglob("running.json")) + list(SHIPPED.rglob("checkpoint.*"))


@pytest.mark.parametrize("folder", sorted(SHIPPED.iterdir()), ids=lambda folder: folder.name)
def test_the_code_of_today_measures_what_an_example_says(folder: Path) -> None:
    run = read_run(folder)
    assert run.config is not None
    images = load_data(**asdict(run.config.data)).test
    curve = accuracy_against_timesteps(run.network(), images, run.config.timesteps)  # type: ignore[arg-type]
    found = dict(zip(curve.timesteps, curve.accuracy, strict=True))
    one_image = 100 / len(images)  # may fall on the other side on another processor
    assert found == pytest.approx(run.accuracy, abs=one_image * 1.01)


def test_examples_come_where_no_run_is_finished(tmp_path: Path) -> None:
    root = tmp_path / "deep" / "runs"
    bring_examples(root)
    first = {run.id for run in list_runs(root)}
    assert len(first) == len(example_configs())
    assert all(is_example(run) for run in list_runs(root))
    shutil.rmtree(root / min(first))  # somebody deletes one
    bring_examples(root)
    assert {run.id for run in list_runs(root)} == first - {min(first)}


def test_a_copy_that_was_broken_off_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(source: Path, target: Path) -> None:
        Path(target).mkdir()
        raise OSError("No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(examples.shutil, "copytree", full)
        with pytest.raises(OSError, match="No space left"):
            bring_examples(tmp_path)
    assert not list_runs(tmp_path)
    bring_examples(tmp_path)
    assert len(list_runs(tmp_path)) == len(example_configs())
    assert not list(tmp_path.glob(".*"))


def test_a_full_disk_keeps_nobody_from_the_dashboard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("snnlab.dashboard.service.shared_engine", lambda root: None)
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("SNNLAB_RUNS", str(tmp_path / "file" / "runs"))
    prepare()
    assert "no examples" in caplog.text


def test_the_first_visit_has_a_curve(
    empty: Path, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring_examples(empty)
    app = open_page("train")
    assert not app.exception
    assert "Accuracy against timesteps" in [element.value for element in app.subheader]


@pytest.mark.sample(1)
@pytest.mark.parametrize("link", [{}, {"device": "cpu"}, {"sigma": repr(MATCHED_SIGMA)}])
def test_a_default_start_shows_an_example_and_trains_nothing(
    link: dict[str, str], empty: Path, open_page: Open, engine: FakeEngine
) -> None:
    bring_examples(empty)
    app = open_page("train", **link)
    next(button for button in app.button if button.label == "Start").click().run()
    assert not app.exception
    (example,) = (run for run in list_runs(empty) if run.config == example_configs()[0])
    assert app.query_params["run"] == example.id
    assert not engine.jobs()
    assert "All weights equal, bit for bit" in " ".join(text.value for text in app.markdown)


@pytest.mark.slow
def test_a_default_start_brings_the_example_where_other_runs_were_finished_first(
    runs: Path, open_page: Open, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("snnlab.dashboard.service.SHIPPED", SHIPPED)
    bring_examples(runs)
    assert not any(is_example(run) for run in list_runs(runs))
    app = open_page("train")
    next(button for button in app.button if button.label == "Start").click().run()
    assert not app.exception
    (example,) = (run for run in list_runs(runs) if is_example(run))
    assert app.query_params["run"] == example.id
    assert example.config == example_configs()[0]
    assert not engine.jobs()


@pytest.mark.slow
def test_what_is_no_example_is_trained(empty: Path, open_page: Open, engine: FakeEngine) -> None:
    bring_examples(empty)
    app = open_page("train", seeds="3")  # there are examples of two seeds
    next(button for button in app.button if button.label == "Start").click().run()
    assert [job.config.seed for job in engine.jobs()] == [2]
    assert len(app.query_params["run"].split(",")) == 3
    app = open_page("train", sigma="0.29")
    next(button for button in app.button if button.label == "Start").click().run()
    assert [job.config.noise.sigma for job in engine.jobs()] == [MATCHED_SIGMA, 0.29]

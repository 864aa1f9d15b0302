"""What runs train on, which devices are offered, when runs start, advice on full memory."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from snnlab.dashboard import hardware, waiting
from snnlab.dashboard.hardware import devices, epochs_of, hardware_of
from snnlab.dashboard.training_settings import CONTROLS, SETTING, in_labels
from snnlab.jobs.durations import seconds_per_epoch
from snnlab.runs.config import RunConfig
from snnlab.runs.methods import METHODS
from snnlab.runs.presets import PRESETS
from snnlab.runs.problems import memory_advice
from snnlab.runs.store import Run, list_runs
from tests.dashboard.conftest import Open
from tests.dashboard.fake_engine import FakeEngine
from tests.dashboard.test_pages import press, unfold, words


def run_on(facts: Any, seconds: list[Any] | None = None) -> Run:
    metrics = [{"epoch": 1, "seconds": value} for value in seconds or []]
    return Run(Path("x"), "finished", RunConfig(), {"hardware": facts}, metrics, None)


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"device": "cpu", "processor": "Xeon", "threads": 2}, "the CPU (Xeon, 2 threads)"),
        ({"device": "cpu", "processor": "Xeon", "threads": 1}, "the CPU (Xeon, 1 thread)"),
        ({"device": "cuda", "gpu": "H100", "processor": "Xeon"}, "the GPU H100"),
        ({"device": "cuda:0"}, "the GPU of unknown name"),
        ({"device": "mps", "processor": "M3"}, "the GPU of M3"),
        ({"device": "cpu", "threads": "x"}, "the CPU (unknown processor)"),
        ({}, ""),
        (None, ""),
        ("x", ""),
    ],
)
def test_hardware_in_words(facts: Any, words: str) -> None:
    assert hardware_of(run_on(facts)) == words


def test_seconds_per_epoch_in_words() -> None:
    quick, slow = run_on({}, [9.0, 0.1, 0.1]), run_on({}, [0.25])
    assert epochs_of([quick]) == ": 0.1 s per epoch"
    assert epochs_of([quick, slow, run_on({})]) == ": 0.1 to 0.25 s per epoch"
    assert epochs_of([run_on({}, ["x"])]) == ""
    alone = run_on({"device": "cpu", "processor": "Xeon", "threads": 1}, [0.2])
    assert epochs_of([alone]) == ": 0.2 s of processor time per epoch"


@pytest.mark.parametrize("page", ["train", "runs"])
def test_each_run_says_what_it_was_trained_on(page: str, runs: Path, open_page: Open) -> None:
    run = list_runs(runs)[0]
    said = words(open_page(page, run=run.id))
    assert f"Trained on {hardware_of(run)}" in said
    assert f": {seconds_per_epoch(run):.3g} s " in said


def test_runs_without_a_link_say_so_once(runs: Path, open_page: Open) -> None:
    assert words(open_page("train")).count("Trained on the CPU") == 1


@pytest.fixture(autouse=True)
def looked_up_anew() -> Iterator[None]:
    devices.cache_clear()
    waiting.starts_in.clear()
    waiting.ends_in.clear()
    yield
    devices.cache_clear()


@pytest.mark.parametrize(
    ("cards", "mps", "found"),
    [
        ([], False, ("auto", "cpu")),
        (["0"], False, ("auto", "cpu", "cuda")),
        ([], True, ("auto", "cpu", "mps")),
    ],
)
def test_only_devices_that_are_there_are_offered(
    cards: list[str],
    mps: bool,
    found: tuple[str, ...],
    runs: Path,
    open_page: Open,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hardware, "cards", lambda: cards)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    assert devices() == found
    offered = unfold(open_page("train")).selectbox(key="train:device").options
    assert offered[0] == f"Automatic ({'the next free GPU' if cards else 'CPU'})"
    assert len(offered) == len(found)


def test_the_workers_of_a_cluster_may_have_any(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hardware, "scheduler", lambda: "tcp://node7:8786")
    assert devices() == ("auto", "cpu", "cuda", "mps")
    assert hardware.device_in_words("auto") == "Automatic"


def test_devices_are_found_without_touching_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    def touched() -> None:
        raise AssertionError("CUDA was initialised")

    monkeypatch.setattr(torch.cuda, "init", touched)
    monkeypatch.setattr(torch.cuda, "is_available", touched)
    devices()
    assert not torch.cuda.is_initialized()


@pytest.mark.slow
def test_a_link_that_asks_for_a_gpu_where_there_is_none(
    runs: Path, open_page: Open, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hardware, "cards", list)
    sentence = "asks for the device cuda (NVIDIA GPU), which this server does not have"
    app = open_page("train", device="cuda")
    assert sentence in words(app).replace("\\", "")
    assert sentence in words(app.run()).replace("\\", "")
    unfold(app).selectbox(key="train:device").set_value("cpu").run()
    assert sentence not in words(app).replace("\\", "")
    press(app, "Start")
    assert engine.jobs()[0].config.device == "cpu"
    assert sentence not in words(open_page("train", device="nonsense")).replace("\\", "")


@pytest.mark.slow
def test_width_and_batch_size_can_be_chosen(
    runs: Path, open_page: Open, engine: FakeEngine
) -> None:
    app = unfold(open_page("train"))
    assert app.slider(key="train:width").value == 64  # of the mlp
    app.selectbox(key="train:model").set_value("convnet").run()
    assert app.slider(key="train:width").value == 32
    press(app, "Start")
    assert engine.jobs()[-1].config.model.width is None  # as if nobody had asked
    app.slider(key="train:width").set_value(16)
    app.slider(key="train:batch").set_value(8).run()
    press(app, "Start")
    there = engine.jobs()[-1].config
    assert (there.model.width, there.training.batch_size) == (16, 8)
    app.selectbox(key="train:model").set_value("mlp").run()
    assert app.slider(key="train:width").value == 64
    linked = open_page("train", model="convnet", width="48")
    press(linked, "Start")
    assert engine.jobs()[-1].config.model == replace(
        PRESETS["digits-mlp"].model, name="convnet", width=48
    )


def test_advice_names_controls_that_are_there() -> None:
    """On the page by their labels, on the command line the settings."""
    settings = {control.setting: control.label for control in CONTROLS}
    full = torch.OutOfMemoryError("CUDA out of memory")
    for method in METHODS:
        said = memory_advice(full, RunConfig(method=method))  # type: ignore[arg-type]
        named = [found[1] for found in SETTING.finditer(said)]
        assert {"training.batch_size", "model.width", "device"} <= set(named) <= set(settings)
        page = in_labels(said)
        assert not re.search(r"`|\w\.\w|_", page)
        for setting in named:
            assert f"“{settings[setting]}” " in page
    bptt = memory_advice(full, RunConfig(method="bptt"))
    assert "`bptt_timesteps 2` instead of 4" in bptt
    assert "“T in training” 2 instead of 4" in in_labels(bptt)
    assert in_labels("`colour red` *as it is*") == "colour red *as it is*"


@pytest.mark.slow
def test_a_run_that_waits_says_when_it_starts(
    runs: Path, open_page: Open, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    press(open_page("train", visitor="a" * 16), "Start")
    app = press(open_page("train", sigma="0.1"), "Start")
    assert "Starts next; when, is not known yet" in words(app)
    monkeypatch.setattr(waiting, "starts_in", lambda root: {engine.jobs()[1].id: 130.0})
    assert "Starts next, in about 2 min." in words(app.run())
    third = press(open_page("train", visitor="b" * 16, sigma="0.2"), "Start")
    assert "Number 2 in the queue; when, is not known yet" in words(third)
    monkeypatch.setattr(waiting, "starts_in", lambda root: {engine.jobs()[2].id: 0.2})
    assert "Number 2 in the queue, starts in a moment." in words(third.run())


@pytest.mark.slow
def test_jobs_end_when_those_before_them_and_they_are_done(
    runs: Path, open_page: Open, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        press(open_page("train", visitor=str(number) * 16, sigma=f"0.{number + 1}"), "Start")
    first, second, third = (job.id for job in engine.jobs())
    takes = {first: 4.0, second: 10.0, third: None}
    monkeypatch.setattr(waiting, "expected", lambda: lambda job: takes[job.id])
    assert waiting.ends_in("here") == {first: 4.0, second: 14.0}  # nobody can say of the third


def test_the_time_of_jobs_like_it_is_what_is_said(
    runs: Path, open_page: Open, engine: FakeEngine
) -> None:
    press(open_page("train", visitor="a" * 16), "Start")
    (first,) = engine.jobs()
    ended = replace(first, id="ended", status="finished", started=100.0, ended=190.0)
    engine.kept["ended"] = ended
    engine.kept[first.id] = replace(first, started=None)
    app = press(open_page("train", sigma="0.1"), "Start")
    assert "Starts next, in about 90 s." in words(app)

"""The methods on all of CIFAR-10: what is trained, in which order, and what the report says."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import torch

from snnlab.bench import cifar10
from snnlab.bench.cifar10 import (
    AT,
    ONE_PASS,
    RACERS,
    Comparison,
    FullSize,
    cifar10_config,
)
from snnlab.bench.tuning import ShortTraining
from snnlab.cli.main import main
from snnlab.data.spec import DataSpec
from snnlab.learning.spec import Training
from snnlab.network.spec import Architecture
from snnlab.runs.config import RunConfig
from snnlab.runs.files import RunError
from snnlab.runs.provenance import environment
from snnlab.studies.audit import read_race
from snnlab.studies.race import TERMS, asked_in, by_method

SMALL = FullSize(
    RunConfig(
        device="cpu",
        timesteps=max(AT),
        bptt_timesteps=2,
        conversion_timesteps=max(AT),
        conversion_images=100,
        data=DataSpec("digits", train_size=200, validation_fraction=0.0, test_size=100),
        model=Architecture("mlp", width=16),
        training=Training(batch_size=50),
    ),
    epochs=2,
    short_epochs=3,
)
PEAKS = {"ann": 4e-3, "qcfs": 8e-3, "noise": 16e-3, "noise-then-spikes": 8e-3, "bptt": 2e-3}
"""Where the made-up short trainings are best."""
SECONDS = {"ann": 1.0, "qcfs": 1.1, "noise": 1.2, "noise-then-spikes": 1.5, "bptt": 4.0}
"""What one epoch of them takes."""


@pytest.fixture
def at_once(monkeypatch):
    """Short trainings that take no time, and no steps to warm up."""

    def made_up(config):
        method, rate = config.method, config.training.learning_rate
        score = 90 - abs(rate - PEAKS[method]) / PEAKS[method]
        epochs = config.training.epochs
        curves = {"": [score] * len(AT)}
        return ShortTraining(method, rate, score, curves, epochs, 0.9 * SECONDS[method] * epochs)

    monkeypatch.setattr(cifar10, "short_training", made_up)
    monkeypatch.setattr(cifar10, "warm_up", lambda asked: None)


def test_the_trainings_are_those_of_full_size():
    config = cifar10_config("cifar10", None, "resnet18")
    assert (config.device, config.bptt_timesteps, config.timesteps) == ("cuda", 2, 8)
    assert (config.data.validation_fraction, config.data.train_size) == (0.0, None)
    assert (config.data.shift, config.data.flip) == (4, True)  # a folder has other defaults
    assert config.conversion_images == 10_000
    training = config.training
    assert (training.precision, training.augment, training.batch_size) == ("bfloat16", True, 512)
    assert set(RACERS) == {*ONE_PASS, "bptt"} == {*PEAKS}


@pytest.mark.slow
def test_rates_come_first_and_bptt_gets_the_seconds_of_the_best_method(at_once, tmp_path):
    found = Comparison(tmp_path, SMALL)
    said: list[str] = []
    found.train(1, said=said.append)
    begun = [line.removesuffix(": begins") for line in said if line.endswith(": begins")]
    assert begun[:3] == [f"ann, 3 epochs, peak learning rate {x}" for x in (0.008, 0.004, 0.002)]
    assert begun[-5:] == [
        *(f"{method}, seed 0, 2 epochs" for method in ONE_PASS),
        "bptt, seed 0, 1 epochs",  # 2 * 1.5 / 4 rounded up
    ]
    assert found.race_config().learning_rates == PEAKS
    used = {one["method"]: one for one in found.trainings()}
    assert {name: one["epochs"] for name, one in used.items()} == dict.fromkeys(ONE_PASS, 2) | {
        "bptt": 1
    }
    race = read_race(tmp_path)
    assert set(by_method(race, TERMS[0])) == set(ONE_PASS)
    assert set(by_method(race, TERMS[1])) == {"bptt"}
    assert asked_in(race).timed_method == "noise-then-spikes"
    text = found.place.read_text(encoding="utf-8")
    for part in (
        "**90.00**",
        "the seconds of noise, then spikes, rounded up",
        "| at most 1.25 times the seconds of the ReLU network",
        "ahead of QCFS",
    ):
        assert part in text
    assert main(["race", str(tmp_path), "--keep", str(tmp_path / "kept.json")]) == 0
    assert main(["audit", str(tmp_path / "kept.json"), "--json"]) == 0


def test_epochs_are_what_fits_into_the_seconds(at_once, tmp_path):
    found = Comparison(tmp_path, replace(SMALL, epochs=None, seconds=31))
    for method, peak in PEAKS.items():
        found.try_rate(method, peak)
    assert found.epochs("ann") == found.epochs("noise-then-spikes") == 20  # 31 / 1.5
    assert found.epochs("bptt") == 8  # 20 * 1.5 / 4 = 7.5


def test_it_goes_on_where_it_stopped_without_the_run_folders(at_once, tmp_path):
    calls = iter([False] * (17 + 1) + [True])  # all short trainings, and a whole one
    said: list[str] = []
    Comparison(tmp_path, SMALL).train(2, time_is_up=lambda: next(calls), said=said.append)
    assert said[-1].endswith("left for later, with all that follows")
    first = {file: file.read_text() for file in tmp_path.glob("*s/*.json")}
    assert sorted(file.parent.name for file in first) == ["rates"] * 17 + ["trainings"]
    again = Comparison(tmp_path, SMALL)
    again.train(1)
    assert len(again.trainings()) == len(RACERS)
    for file in (tmp_path / "runs").rglob("*"):
        if file.is_file():
            file.unlink()
    said.clear()
    again = Comparison(tmp_path, SMALL)
    again.train(2, said=said.append)
    assert [line for line in said if "seed 0" in line] == []
    assert [one["seed"] for one in again.trainings()] == [0] * 5 + [1] * 5
    assert {file: file.read_text() for file in first} == first
    assert "±" in again.text()


def test_another_comparison_has_another_folder(at_once, tmp_path):
    Comparison(tmp_path, SMALL)
    other = replace(SMALL, config=replace(SMALL.config, model=Architecture("mlp", width=8)))
    with pytest.raises(
        RunError, match=r"width was 16, now 8\): choose another folder with --folder"
    ):
        Comparison(tmp_path, other)


def test_a_setting_that_was_added_since_does_not_count(tmp_path):
    Comparison(tmp_path, SMALL)
    file = tmp_path / "asked.json"
    asked = json.loads(file.read_text())
    del asked["config"]["training"]["noise_floor"]
    file.write_text(json.dumps(asked))
    Comparison(tmp_path, SMALL)


def test_another_gpu_has_another_folder(tmp_path, monkeypatch):
    Comparison(tmp_path, SMALL)
    here = environment("cpu")
    other = here | {"hardware": here["hardware"] | {"gpu": "another"}}
    monkeypatch.setattr(cifar10, "environment", lambda device: other)
    with pytest.raises(RunError, match=r"machine was .*, now 'another'"):
        Comparison(tmp_path, SMALL)


def test_different_code_is_said(at_once, tmp_path):
    found = Comparison(tmp_path, SMALL)
    found.train(1)
    assert "NOT all with the same code" not in found.text()
    file = tmp_path / "trainings" / "qcfs-s0.json"
    one = json.loads(file.read_text())
    one["environment"]["code"] = "0123456789ab"
    file.write_text(json.dumps(one))
    assert "NOT all with the same code: " in found.text()
    assert "0123456789ab" in found.text()


def test_the_command_trains_in_place_of_the_parts(at_once, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr("snnlab.runs.assemble.pick_device", lambda asked: torch.device("cpu"))
    monkeypatch.setattr(cifar10, "cifar10_config", lambda *given: SMALL.config)
    options = ["--cifar10", "--epochs", "2", "--folder", str(tmp_path), "--minutes", "1e-9"]
    assert main(["bench-gpu", *options]) == 0
    said = capsys.readouterr()
    assert "peak learning rate 0.008: left for later, with all that follows" in said.err
    assert "# CIFAR-10, all training images: mlp" in said.out
    assert (tmp_path / "cifar10-resnet18" / "report.md").is_file()

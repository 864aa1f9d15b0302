"""The report of `make bench-gpu`, made from runs on the CPU."""

from __future__ import annotations

import re

from snnlab.bench import gpu_report
from snnlab.bench.gpu_report import METHODS, MODELS, cifar10_config, train_on_cifar10, write_report
from snnlab.bench.speed import Row, Speed
from snnlab.data.spec import DataSpec
from snnlab.learning.spec import Training
from snnlab.network.spec import Architecture
from snnlab.runs.config import RunConfig


def small_config(model, method, seed, epochs, root):
    return RunConfig(
        method=method,
        seed=seed,
        device="cpu",
        timesteps=2,
        conversion_timesteps=2,
        conversion_images=20,
        data=DataSpec("digits", train_size=64),
        model=Architecture("mlp", width=4),
        training=Training(epochs=epochs),
    )


def test_the_trainings_are_named_in_full():
    config = cifar10_config("vgg16", "noise", 2, 30, None)
    assert (config.device, config.data.name, config.model.name) == ("cuda", "cifar10", "vgg16")
    assert config.training.precision == "bfloat16"
    assert config.seed == 2


def test_runs_become_a_report(monkeypatch, tmp_path):
    monkeypatch.setattr(gpu_report, "cifar10_config", small_config)
    trained = train_on_cifar10([0, 1], 2, folder=tmp_path / "runs")
    assert [one.method for one in trained] == list(METHODS) * len(MODELS)
    assert all(len(one.accuracies) == 2 and one.seconds_per_epoch > 0 for one in trained)
    found = Speed([Row("train", 1, "relu", 2.0, 1.0, 3.0)], [], [], ["no rows of norse"])
    made_by = {"hardware": {"device": "cpu"}, "versions": {"torch": "2"}}
    text = write_report(found, trained, made_by, tmp_path / "report").read_text(encoding="utf-8")
    assert "| train | 1 | relu | 2.00 | 1.00 | 3 |" in re.sub(" +", " ", text)
    assert "no rows of norse" in text
    assert all(run in text for one in trained for run in one.runs)

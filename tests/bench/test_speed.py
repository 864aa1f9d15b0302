"""The benchmark measures what it names, in turns."""

from __future__ import annotations

import json

import pytest
import torch

from snnlab.bench.speed import INFER_TIMESTEPS, TRAIN_TIMESTEPS, TrainingStep, speed_rows
from snnlab.bench.timing import WARM_UP, alternate, median_ratio
from snnlab.cli.main import main
from snnlab.network import Architecture, build
from snnlab.neuron import Noise

CPU = torch.device("cpu")


def test_pieces_of_work_take_turns_and_warm_up_is_not_counted():
    calls: list[str] = []
    work = {name: lambda name=name: calls.append(name) for name in "ab"}
    times = alternate(work, 3, CPU)
    assert calls == ["a", "b"] * (3 + WARM_UP)
    assert {name: len(values) for name, values in times.items()} == {"a": 3, "b": 3}


def test_a_benchmark_without_rounds_is_refused():
    with pytest.raises(ValueError, match="at least 1, got 0"):
        alternate({"a": lambda: None}, 0, CPU)


def test_ratios_are_taken_within_a_round():
    assert median_ratio([2.0, 30.0, 4.0], [1.0, 10.0, 4.0]) == 2.0


def test_every_row_is_there_and_relu_is_the_reference():
    rows = speed_rows(Architecture("mlp", width=8), (1, 4, 4), batch_size=4, rounds=2)
    assert [(r.work, r.library, r.timesteps) for r in rows] == [
        ("train", "relu", 1),
        ("train", "snnlab-noise", 1),
        *(("train", "snnlab", T) for T in TRAIN_TIMESTEPS),
        ("infer", "relu", 1),
        ("infer", "relu-streamlined", 1),
        *(("infer", "snnlab", T) for T in INFER_TIMESTEPS),
        *(("infer", "snnlab-plain", T) for T in INFER_TIMESTEPS),
    ]
    assert all(row.ms > 0 and row.ratio_to_relu > 0 for row in rows)
    assert all(row.ratio_to_relu == 1 for row in rows if row.library == "relu")


@pytest.mark.parametrize(("activation", "noise"), [("relu", None), ("spiking", Noise())])
def test_a_training_step_changes_the_weights(activation, noise):
    net = build(
        Architecture("mlp", width=8),
        image_shape=(1, 4, 4),
        classes=10,
        seed=0,
        activation=activation,
        noise=noise,
    )
    before = {name: value.clone() for name, value in net.state_dict().items()}
    TrainingStep(net, (torch.randn(6, 1, 4, 4), torch.arange(6)), 1)()
    changed = [name for name, value in net.state_dict().items() if not value.equal(before[name])]
    assert {name for name, _ in net.named_parameters()} <= set(changed)


def test_the_command_answers_in_json(capsys):
    args = "bench --model.name mlp --model.width 8 --size 4 --batch-size 4 --rounds 1 --json"
    assert main([*args.split(), "--device", "cpu"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert {"work", "timesteps", "library", "ms", "ratio_to_relu"} == set(said["rows"][0])
    assert said["hardware"]["device"] == "cpu"
    assert said["versions"]["torch"]

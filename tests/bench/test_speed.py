"""The benchmark measures what it names, in turns."""

from __future__ import annotations

import json
from importlib.util import find_spec

import pytest
import torch

from snnlab.bench.peers import PEERS
from snnlab.bench.pieces import TrainingStep
from snnlab.bench.spec import SpeedConfig
from snnlab.bench.speed import (
    Comparison,
    Key,
    Row,
    Speed,
    compared,
    made,
    measure_speed,
)
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
    with pytest.raises(ValueError, match="rounds must be at least 1, got 0"):
        SpeedConfig(rounds=0)


def test_ratios_are_taken_within_a_round():
    assert median_ratio([2.0, 30.0, 4.0], [1.0, 10.0, 4.0]) == 2.0


@pytest.fixture(scope="module")
def small() -> Speed:
    timesteps = {"train_timesteps": (1, 2), "infer_timesteps": (1, 3)}
    mlp = Architecture("mlp", width=8)
    return measure_speed(
        SpeedConfig(mlp, size=4, batch_size=4, rounds=2, device="cpu", **timesteps)
    )


def test_every_row_is_there_and_relu_is_the_reference(small):
    there = [name for name in PEERS if find_spec(name)]
    rows = [(r.work, r.library, r.timesteps) for r in small.rows]
    assert sorted(rows) == sorted(
        [
            ("train", "relu", 1),
            ("train", "snnlab-noise", 1),
            *(("train", name, T) for name in ["snnlab", *there] for T in (1, 2)),
            ("infer", "relu", 1),
            *(("infer", name, T) for name in ["snnlab", *there] for T in (1, 3)),
        ]
    )
    assert {r.library for r in small.rows_beside} == {
        "relu-merged",
        "relu-streamlined",
        "snnlab-plain",
    }
    assert all(row.ms > 0 and row.ratio_to_relu > 0 for row in small.rows)
    assert all(row.ratio_to_relu == 1 for row in small.rows if row.library == "relu")
    assert all(row.peak_mib is None or row.peak_mib >= 0 for row in small.rows)
    assert len(small.notes) == len(PEERS) - len(there)


def test_ours_is_compared_with_the_fastest_other_library():
    times = {"relu": 1.0, "snnlab": 2.0, "snnlab-noise": 1.1, "norse": 9.0, "snntorch": 5.0}
    rows = [Row("train", 4, name, ms, ms, None) for name, ms in times.items()]
    assert compared(rows) == [Comparison("train", 4, "snntorch", 2.5)]
    assert compared(rows[:3]) == []


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
    args += " --train-timesteps 1 2 --infer-timesteps 1 2"
    assert main([*args.split(), "--device", "cpu"]) == 0
    said = json.loads(capsys.readouterr().out)
    columns = {"work", "timesteps", "library", "ms", "ratio_to_relu", "peak_mib", "way"}
    assert columns == set(said["rows"][0])
    assert said["hardware"]["device"] == "cpu"
    assert said["versions"]["torch"]


def test_a_cuda_graph_without_a_gpu_is_refused(capsys):
    assert main(["bench", "--device", "cpu", "--ways", "eager", "graph"]) == 2
    said = capsys.readouterr().err
    assert "a CUDA graph needs a CUDA GPU, and the device is 'cpu'" in said


def test_what_cannot_be_recorded_or_compiled_is_a_note():
    def fails():
        raise RuntimeError("no such operation\nand more")

    work = {Key("relu", 1): lambda: print, Key("norse", 4, "compile"): fails}
    ready, notes = made(work)
    assert list(ready) == [Key("relu", 1)]
    assert notes == ["norse (compiled), T = 4: RuntimeError: no such operation"]
    with pytest.raises(RuntimeError, match="no such operation"):
        made({Key("norse", 4): fails})


def test_ways_have_rows_of_their_own_over_relu_run_alike(monkeypatch):
    monkeypatch.setattr(torch, "compile", lambda net: net)  # what it does is not the matter here
    ways = ("eager", "compile")
    found = measure_speed(
        SpeedConfig(
            Architecture("mlp", width=8),
            size=4,
            batch_size=4,
            rounds=1,
            device="cpu",
            ways=ways,
            train_timesteps=(2,),
            infer_timesteps=(2,),
        )
    )
    for way in ways:
        rows = [row for row in found.rows if row.way == way]
        assert {row.work for row in rows} == {"train", "infer"}
        assert all(row.ratio_to_relu == 1 for row in rows if row.library == "relu")
        assert all((row.peak_mib is None) >= (way != "eager") for row in rows)
    assert {one.way for one in found.comparisons} == set(ways)
    assert "snnlab (compiled) is" in str(found.comparisons[-1])

"""The report of `make bench-gpu`, made from small measurements on the CPU."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, replace
from importlib.metadata import version

import pytest
import torch

from snnlab.bench import gpu_report
from snnlab.bench.gpu_report import (
    COMPILED,
    PARTS,
    SPEED,
    WHOLE,
    Report,
    WholeRun,
    part_text,
)
from snnlab.bench.spec import SpeedConfig
from snnlab.cli.main import main
from snnlab.network.spec import Architecture
from snnlab.runs.presets import PRESETS
from snnlab.runs.provenance import environment

TINY = SpeedConfig(
    Architecture("mlp", width=8),
    size=4,
    batch_size=4,
    rounds=1,
    device="cpu",
    train_timesteps=(1,),
    infer_timesteps=(2,),
)


@pytest.fixture
def small(monkeypatch):
    """Three parts that take a second: two comparisons and a set of whole runs."""
    monkeypatch.setattr(gpu_report, "SPEED", {"steps": TINY})
    monkeypatch.setattr(gpu_report, "COMPILED", {"more": replace(TINY, work=("train",))})
    options = ("digits-mlp", "--training.epochs", "1", "--timesteps", "2")
    monkeypatch.setattr(gpu_report, "WHOLE", {"runs": options})
    monkeypatch.setattr(gpu_report, "DEVICES", (("cpu",),))
    monkeypatch.setattr(gpu_report, "PARTS", ("steps", "runs", "more"))


def test_the_parts_are_what_a_gpu_is_measured_on():
    assert set(PARTS) == {*SPEED, *COMPILED, *WHOLE}
    assert all(config.device == "cuda" for config in [*SPEED.values(), *COMPILED.values()])
    assert {preset for preset, *_ in WHOLE.values()} <= set(PRESETS)
    steps = [SPEED["resnet18-step"], SPEED["vgg16-step"]]
    assert [one.model.name for one in steps] == ["resnet18", "vgg16"]
    assert all(one.precision == "bfloat16" for one in steps)


@pytest.mark.slow
def test_parts_become_a_report(small, tmp_path):
    report = Report(tmp_path, "cpu")
    report.measure()
    report.write()
    text = re.sub(" +", " ", report.place.read_text(encoding="utf-8"))
    for part in ("## steps", "## runs", "## more", "| train | 1 | relu |", "mlp, batches of 4"):
        assert part in text
    assert "| --preset digits-mlp --training.epochs 1 --timesteps 2 --device cpu |" in text
    assert f"torch: {version('torch')}" in text


@pytest.mark.slow
def test_a_report_goes_on_where_it_stopped(small, monkeypatch, tmp_path):
    said: list[str] = []
    Report(tmp_path, "cpu").measure(["steps"], said=said.append)
    first = json.loads((tmp_path / "steps.json").read_text())
    assert first["speed"]["rows"]
    assert "## steps" in (tmp_path / "report.md").read_text(encoding="utf-8")
    report = Report(tmp_path, "cpu")
    report.measure(["steps", "more"], said=said.append)
    assert [line.split(" after")[0] for line in said] == [
        "steps: begins",
        "steps: measured before",
        "more: begins",
    ]
    assert json.loads((tmp_path / "steps.json").read_text()) == first
    assert report.data()["parts"].keys() == {"steps", "more"}


def test_numbers_of_other_code_or_another_machine_are_measured_anew(small, tmp_path):
    Report(tmp_path, "cpu").measure(["more"])
    file = tmp_path / "more.json"
    part = json.loads(file.read_text())
    for change in ({"code": "0"}, {"hardware": {"gpu": "another"}}):
        file.write_text(json.dumps(part | {"made_by": part["made_by"] | change}))
        assert Report(tmp_path, "cpu").found == {}
    file.write_text("{")
    assert Report(tmp_path, "cpu").found == {}


@pytest.mark.slow
def test_a_part_that_fails_is_said_and_the_others_go_on(small, monkeypatch, tmp_path):
    def full(config, *, progress):
        if config == TINY:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return whole(config, progress=progress)

    whole = gpu_report.measure_speed
    monkeypatch.setattr(gpu_report, "measure_speed", full)
    report = Report(tmp_path, "cpu")
    report.measure(["steps", "more"])
    assert "Not measured. OutOfMemoryError: CUDA out of memory" in report.text()
    assert report.found["more"]["speed"]["rows"]


def test_no_part_begins_after_its_time(small, tmp_path):
    said: list[str] = []
    report = Report(tmp_path, "cpu")
    report.measure(minutes=-1, said=said.append)
    assert report.found == {}
    assert said[0] == "steps: left for later, -1 minutes have passed"


def test_the_folder_of_a_report_is_no_damaged_run(small, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr("snnlab.runs.assemble.pick_device", lambda asked: torch.device("cpu"))
    monkeypatch.setattr(gpu_report, "environment", lambda device: environment("cpu"))
    runs = ["--folder", str(tmp_path / "bench-gpu"), "--parts", "more"]
    assert main(["bench-gpu", *runs]) == 0
    said = capsys.readouterr()
    assert "## more" in said.out
    assert "more: begins after 0 s" in said.err
    assert main(["list", "--runs", str(tmp_path)]) == 0
    assert "bench-gpu" not in capsys.readouterr().out


def test_the_report_says_which_device_was_the_quickest(monkeypatch):
    def took(seconds, *device):
        return asdict(WholeRun(["--device", *device], seconds, [1.0], 97.0, 1))

    runs = [took(6.0, "cpu"), took(4.0, "cuda"), took(5.0, "cuda", "--training.cuda-graph")]
    monkeypatch.setattr(gpu_report, "pick_device", lambda asked: torch.device("cuda"))
    assert part_text({"runs": runs})[1] == "The quickest: cuda."
    runs[0] = took(2.0, "cpu")
    said = "The quickest: cpu. `auto` takes cuda, 2.00 times as long."
    assert part_text({"runs": runs})[1] == said


def test_an_unknown_part_is_refused(tmp_path):
    with pytest.raises(ValueError, match="unknown part 'speed'; valid: resnet18-step, vgg16-step"):
        Report(tmp_path, "cpu").measure(["speed"])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "device 'cuda' is not available"),
        (["--minutes", "0"], "minutes must be a number above 0, got 0"),
        (["--seeds", "0", "--cifar10"], "seeds must be at least 1, got 0"),
        (["--cifar10", "--parts", "convnet"], "--cifar10 takes the place of --parts, got convnet"),
        (["--model", "vgg16"], "--model goes with --cifar10"),
        (["--cifar10", "--data", "digits"], "--data must be cifar10 or the path of its images"),
        (["--readout-gain", "10"], "--readout-gain goes with --cifar10"),
    ],
)
def test_what_cannot_be_measured_is_refused(options, said, monkeypatch, capsys):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert main(["bench-gpu", *options]) == 2
    assert said in capsys.readouterr().err

"""Runs that somebody, or something, has spoiled: listed with the reason, never in the way."""

from __future__ import annotations

import json
import math
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import save_file

from snnlab.learning.checkpoint import read_tensors, write_tensors
from snnlab.learning.spec import Training
from snnlab.measure.operations import stage_shapes
from snnlab.network.models import build
from snnlab.network.spec import Architecture
from snnlab.runs import size
from snnlab.runs.config import ConfigError, RunConfig, from_dict
from snnlab.runs.files import RunError, write_json
from snnlab.runs.run import run
from snnlab.runs.size import size_of
from snnlab.runs.store import COLLECTION, Run, list_runs, load_run, read_run


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def scribble(path: Path) -> None:
    path.write_bytes(b"\x00\xff\x80rubbish\n" * 20)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def wrong_type(path: Path) -> None:
    path.write_text("[1, 2]\n")


def nested(path: Path) -> None:
    path.write_text("[" * 100_000)


def endless_number(path: Path) -> None:
    path.write_text('{"seed": ' + "1" * 10_000 + "}")


def into_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def remove(path: Path) -> None:
    path.unlink()


def of_an_older_version(run: Run) -> None:
    """Leave no hash in the result, as before there were any."""
    result = json.loads((run.folder / "result.json").read_text())
    result.pop("hashes", None)
    write_json(run.folder / "result.json", result)


FILES = ["config.json", "environment.json", "metrics.jsonl", "result.json", "weights.safetensors"]
W, V = "stages.0.layers.1.weight", "stages.0.layers.2.running_var"
"""Names of weights and of a variance in the network of the tests."""
DAMAGES = [cut, scribble, empty, wrong_type, nested, endless_number, into_a_folder]
SPOILED = [
    *(("result.json", damage) for damage in DAMAGES),
    *((file, scribble) for file in FILES if file != "result.json"),
    ("metrics.jsonl", into_a_folder),
    ("weights.safetensors", cut),
    ("config.json", remove),
    ("metrics.jsonl", remove),
    ("weights.safetensors", remove),
]
"""Every file and every kind of damage."""


@pytest.mark.parametrize(("file", "damage"), SPOILED)
def test_a_spoiled_file_is_named_and_the_other_runs_are_listed(
    file: str, damage: Callable[[Path], None], mine: Run
) -> None:
    root = mine.folder.parent
    shutil.copytree(mine.folder, root / "other")
    damage(mine.folder / file)
    by_id = {run.id: run for run in list_runs(root)}
    assert by_id.keys() == {mine.id, "other"}
    assert by_id["other"].status == "finished"
    spoiled = by_id[mine.id]
    assert spoiled.status == "damaged"
    assert file in spoiled.reason
    with pytest.raises(RunError, match=f"run '{mine.id}' is damaged: .*{file}"):
        load_run(mine.id, root)
    with pytest.raises(RunError, match="has no trained network: it is damaged: "):
        spoiled.network()


def altered(path: Path, change: Callable[[dict[str, Any]], None], notes: bool = True) -> None:
    """Write weights anew, with a change to the tensors."""
    with safe_open(path, framework="pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        metadata = file.metadata()
    change(tensors)
    save_file(tensors, path, metadata if notes else None)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            lambda t: t.update({W: t[W][:, :3].clone()}),
            r"must be float32 \(.*\) .*, got float32 \(",
        ),
        (lambda t: t.update({W: t[W].long()}), r"must be float32 .*, got int64"),
        (lambda t: t.update({W: t[W].to(torch.complex64)}), "as C64; valid: F16, F32"),
        (lambda t: t.update({W: t[W].bfloat16()}), "as BF16; valid: F16, F32"),
        (lambda t: t.update({W: t[W].to(torch.float8_e4m3fn)}), "as F8_E4M3; valid: F16, F32"),
        (lambda t: t.update({V: -torch.ones(3)}), f"a variance below 0 in {V}"),
        (lambda t: t.pop(W) is None, f"configuration has {W}, the file has not"),
        (lambda t: t.update(more=torch.ones(1)), "the file has 'more'"),
    ],
)
def test_weights_of_an_older_version_must_fit(change: Any, says: str, mine: Run) -> None:
    of_an_older_version(mine)
    altered(mine.folder / "weights.safetensors", change)
    with pytest.raises(RunError, match=f"is damaged: weights.safetensors .*{says}"):
        load_run(mine.id, mine.folder.parent)


def test_weights_of_another_tool_are_told(mine: Run) -> None:
    of_an_older_version(mine)
    altered(mine.folder / "weights.safetensors", lambda tensors: None, notes=False)
    with pytest.raises(RunError, match="is not a file of this kit: it has no notes of its network"):
        load_run(mine.id, mine.folder.parent)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes in the file system here")
@pytest.mark.parametrize("file", FILES)
def test_a_pipe_is_not_waited_for(file: str, mine: Run) -> None:
    (mine.folder / file).unlink()
    os.mkfifo(mine.folder / file)
    with pytest.raises(RunError, match=f"{file} .*is not a file"):
        load_run(mine.id, mine.folder.parent)


@pytest.mark.parametrize(
    ("file", "status"), [("environment.json", "finished"), ("result.json", "interrupted")]
)
def test_what_can_be_missing_without_harm(file: str, status: str, mine: Run) -> None:
    remove(mine.folder / file)
    found = load_run(mine.id, mine.folder.parent)
    assert (found.status, found.reason) == (status, "")


@pytest.mark.parametrize("file", ["config.json", "weights.safetensors"])
def test_a_damaged_run_is_trained_anew(file: str, mine: Run, tiny: RunConfig) -> None:
    before = (mine.folder / "weights.safetensors").read_bytes()
    scribble(mine.folder / file)
    done = run(tiny, mine.folder.parent)
    assert (done.status, done.accuracy) == ("finished", mine.accuracy)
    assert (done.folder / "weights.safetensors").read_bytes() == before


@pytest.mark.parametrize("damage", [cut, empty])
def test_a_spoiled_checkpoint_is_named(damage: Callable[[Path], None], mine: Run) -> None:
    (mine.folder / "result.json").unlink()
    checkpoint = mine.folder / "checkpoint.safetensors"
    shutil.copy(mine.folder / "weights.safetensors", checkpoint)
    assert load_run(mine.id, mine.folder.parent).status == "interrupted"
    damage(checkpoint)
    with pytest.raises(RunError, match=r"is damaged: checkpoint\.safetensors cannot be read: "):
        load_run(mine.id, mine.folder.parent)


def test_a_run_with_a_spoiled_checkpoint_is_trained_anew(mine: Run, tiny: RunConfig) -> None:
    (mine.folder / "result.json").unlink()
    scribble(mine.folder / "checkpoint.safetensors")
    done = run(tiny, mine.folder.parent)
    assert (done.status, done.accuracy) == ("finished", mine.accuracy)


@pytest.mark.parametrize("damage", [cut, wrong_type])
def test_a_spoiled_error_is_named(damage: Callable[[Path], None], mine: Run) -> None:
    (mine.folder / "result.json").unlink()
    write_json(mine.folder / "error.json", {"kind": "ValueError", "message": "planted"})
    assert load_run(mine.id, mine.folder.parent).reason == "planted"
    damage(mine.folder / "error.json")
    with pytest.raises(RunError, match=r"is damaged: error\.json "):
        load_run(mine.id, mine.folder.parent)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"accuracy": None}, "accuracy by T, got None"),
        ({"accuracy": [98.0]}, r"accuracy by T, got \[98.0\]"),
        ({"accuracy": {"x": 98.0}}, "accuracy by whole T, got 'x'"),
        ({"accuracy": {"0": 98.0}}, "accuracy by whole T, got '0'"),
        ({"accuracy": {"1": "high"}}, "a number as accuracy at T = 1, got 'high'"),
        ({"accuracy": {}}, "a number as ann_accuracy, got None"),
        ({"training_seconds": None}, "a number as training_seconds, got None"),
        ({"test_images": True}, "a number as test_images, got True"),
    ],
)
def test_a_result_that_makes_no_sense(change: dict[str, Any], message: str, mine: Run) -> None:
    assert mine.result is not None
    write_json(mine.folder / "result.json", mine.result | change)
    with pytest.raises(RunError, match=f"is damaged: result.json must hold {message}"):
        load_run(mine.id, mine.folder.parent)


def test_a_setting_nobody_knows(mine: Run) -> None:
    write_json(mine.folder / "config.json", {"sead": 1})
    with pytest.raises(RunError, match="is damaged: unknown setting sead; valid: method, seed"):
        load_run(mine.id, mine.folder.parent)


def test_metrics_that_lack_an_epoch(mine: Run) -> None:
    metrics = mine.folder / "metrics.jsonl"
    metrics.write_text(metrics.read_text().splitlines(keepends=True)[1])
    with pytest.raises(RunError, match=r"is damaged: metrics\.jsonl holds 1 of 2 epochs"):
        load_run(mine.id, mine.folder.parent)


def test_weights_of_another_network(mine: Run) -> None:
    of_an_older_version(mine)
    config = json.loads((mine.folder / "config.json").read_text())
    write_json(mine.folder / "config.json", config | {"model": config["model"] | {"width": 17}})
    with pytest.raises(RunError, match=r"weights\.safetensors does not fit: .* must be"):
        load_run(mine.id, mine.folder.parent).network()


@pytest.mark.parametrize(
    "notes",
    [
        {},
        [],
        {"image_shape": [1, 8, 8]},
        {"image_shape": [8, 8], "classes": ["0", "1"]},
        {"image_shape": "1 x 8 x 8", "classes": ["0", "1"]},
        {"image_shape": [1, 8, 8], "classes": 10},
        {"image_shape": [1, 8, 8], "classes": ["0", "1"]},
        {"image_shape": [1, -8, 8], "classes": ["0", "1"]},
    ],
)
def test_weights_with_notes_that_do_not_fit(notes: Any, mine: Run) -> None:
    of_an_older_version(mine)
    path = mine.folder / "weights.safetensors"
    write_tensors(path, read_tensors(path)[0], notes)
    with pytest.raises(RunError, match=f"run '{mine.id}' is damaged: weights.safetensors does "):
        load_run(mine.id, mine.folder.parent).network()


def test_weights_of_somebody_else(mine: Run) -> None:
    from safetensors.torch import save_file

    of_an_older_version(mine)
    save_file({"w": torch.zeros(2)}, mine.folder / "weights.safetensors")
    with pytest.raises(RunError, match=r"is damaged: .* not a file of this kit"):
        load_run(mine.id, mine.folder.parent).network()


def test_weights_that_went_after_the_run_was_read(mine: Run) -> None:
    shutil.rmtree(mine.folder)
    with pytest.raises(RunError, match=f"weights of run '{mine.id}' cannot be used: "):
        mine.network()


def test_what_was_changed_after_the_measurement_is_said(mine: Run) -> None:
    """Not evaluated: a weight, a setting, a number of the result."""
    root = mine.folder.parent
    for change in (nudge, other_seed, other_accuracy):
        other = root / change.__name__
        shutil.copytree(mine.folder, other)
        file = change(other)
        with pytest.raises(RunError, match=f"is damaged: {file} was changed after it was measured"):
            load_run(change.__name__, root)
    nudge(mine.folder)
    with pytest.raises(RunError, match=r"cannot be used: weights\.safetensors was changed after"):
        mine.network()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_weights_that_are_no_numbers_are_named(value: float, mine: Run) -> None:
    of_an_older_version(mine)
    name = nudge(mine.folder, value, "readout.bias")
    with pytest.raises(
        RunError, match=rf"is damaged: {name} holds NaN or infinity in readout\.bias"
    ):
        load_run(mine.id, mine.folder.parent)
    with pytest.raises(RunError, match=r"cannot be used: .* holds NaN or infinity"):
        read_run(mine.folder).network()


def nudge(folder: Path, value: float = 0.5, name: str | None = None) -> str:
    """Change one weight."""
    path = folder / "weights.safetensors"
    tensors, notes = read_tensors(path)
    tensor = tensors[name or next(key for key in tensors if key.endswith("weight"))]
    tensor.view(-1)[0] = value
    write_tensors(path, tensors, notes)
    return path.name


def other_seed(folder: Path) -> str:
    config = json.loads((folder / "config.json").read_text())
    write_json(folder / "config.json", config | {"seed": 77})
    return "config.json"


def other_accuracy(folder: Path) -> str:
    result = json.loads((folder / "result.json").read_text())
    result["cost"]["spikes"][0] += 1
    write_json(folder / "result.json", result)
    return "result.json"


def places(values: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in nested JSON; of lists the first entry."""
    yield path
    inner = values.items() if isinstance(values, dict) else enumerate(values[:1])
    for key, value in inner if isinstance(values, dict | list) else ():
        yield from places(value, (*path, key)) if isinstance(value, dict | list) else [(*path, key)]


ODD = [None, True, -1, 1.5, 1e308, float("nan"), 10**20, "text", "", [], {}, [1], {"a": 1}]


@pytest.mark.slow
@pytest.mark.parametrize("older", [False, True])
@given(data=st.data())
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_result_changed_in_any_place_is_said_or_as_it_was(
    older: bool, data: st.DataObject, finished: Run, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("runs") / finished.id
    shutil.copytree(finished.folder, folder)
    values = json.loads((folder / "result.json").read_text())
    if older:
        del values["hashes"]
    *steps, last = data.draw(st.sampled_from([path for path in places(values) if path]))
    at = values
    for step in steps:
        at = at[step]
    if (odd := data.draw(st.sampled_from([*ODD, at]))) is at:
        del at[last]
    else:
        at[last] = odd
    (folder / "result.json").write_text(json.dumps(values))
    found = read_run(folder, weights=True)
    assert found.status in ("finished", "damaged")
    assert "\n" not in found.reason
    if found.status == "damaged":
        assert "result.json" in found.reason
    else:  # what readers of runs rely on is there; with hashes, nothing else was changed
        assert found.accuracy.timesteps == finished.accuracy.timesteps
        assert older or found.result == finished.result or "hashes" not in (found.result or {})


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"model": {"name": "mlp", "width": 10**9}}, "model.width than 1,000,000,000"),
        ({"timesteps": 10**9}, "timesteps than 1,000,000,000"),
        ({"bias_correction": 10**9}, "bias_correction than"),
        (
            {"method": "target-noise", "target_noise": {"timesteps": 10**9}},
            "target_noise.timesteps than 1,000,000,000",
        ),
        ({"data": {"name": "digits", "image_size": 10**6}}, "data.image_size than 1,000,000"),
        ({"training": {"batch_size": 10**12}}, "training.batch_size than"),
        ({"training": {"epochs": 10**9}}, "training.epochs than 1,000,000,000"),
        ({"method": "bptt", "bptt_timesteps": 10**9}, "bptt_timesteps than"),
        (
            {"training": {"rates_fraction": 0.5, "rates_timesteps": [1, 10**9]}},
            "training.rates_timesteps than 1,000,000,000",
        ),
        ({"method": "ann", "conversion_timesteps": 10**9}, "conversion_timesteps than"),
        ({"method": "qcfs", "qcfs_levels": 10**10}, "qcfs_levels than"),
    ],
)
def test_what_no_machine_holds_is_refused_with_an_estimate(
    change: dict[str, Any], part: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=r"would take about [\d.,]+ .B of memory, and this mach"):
        run(from_dict({"device": "cpu"} | change), tmp_path)
    with pytest.raises(ConfigError, match=f"choose a lower {part}"):
        run(from_dict({"device": "cpu"} | change), tmp_path)
    assert not list(tmp_path.iterdir())


def test_an_average_of_the_weights_takes_the_memory_of_the_weights(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = Architecture("mlp", width=2000)
    usual = RunConfig(model=model, training=Training(batch_size=1))
    averaged = replace(usual, training=Training(batch_size=1, ema_decay=0.9))
    weights, *_ = size_of(usual.acting_model, (1, 8, 8), 10)
    four = SimpleNamespace(total=4 * 4 * weights)  # weights, gradients, two moments of AdamW
    monkeypatch.setattr(size, "virtual_memory", lambda: four)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    size.check_training(usual, (1, 8, 8), 10)
    with pytest.raises(ConfigError, match=f"training {weights:,} weights would take about"):
        size.check_training(averaged, (1, 8, 8), 10)


@pytest.mark.parametrize("setting", ["timesteps", "bias_correction"])
def test_timesteps_that_no_measurement_ends_in_are_refused(setting: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=f"{setting} must be at most 1,000,000, got 1,000,001"):
        run(from_dict({"device": "cpu", setting: 10**6 + 1}), tmp_path)


@pytest.mark.parametrize("name", ["mlp", "convnet", "vgg11", "resnet18"])
def test_the_size_of_a_network_is_that_of_one_that_is_built(name: str) -> None:
    model = Architecture(name, width=7)
    net = build(model, image_shape=(3, 19, 17), classes=5, seed=0)
    weights = sum(weight.numel() for weight in net.parameters())
    neurons = [math.prod(shape) for shape in stage_shapes(net)]
    assert size_of(model, (3, 19, 17), 5) == (weights, sum(neurons), max(neurons))


@pytest.mark.parametrize(
    "id",
    ["../out", "..", ".", "", "runs/x", "/etc", "x\\y", "x\0y", "x\n", ".hidden", "x" * 500, "é"],
)
def test_an_id_that_leads_elsewhere_is_refused(id: str, finished: Run, tmp_path: Path) -> None:
    shutil.copytree(finished.folder, tmp_path / "out")
    (tmp_path / "runs").mkdir()
    with pytest.raises(RunError, match=r"a run id holds letters, digits, .* only, got "):
        load_run(id, tmp_path / "runs")
    with pytest.raises(RunError, match="a run id holds letters"):
        load_run(str(tmp_path / "out"), tmp_path / "runs")


def test_a_run_that_is_not_there(mine: Run, tmp_path: Path) -> None:
    with pytest.raises(RunError, match=f"no run 'nope' in .*runs; runs there: {mine.id}$"):
        load_run("nope", mine.folder.parent)
    for name in "abcdefgh":
        shutil.copytree(mine.folder, mine.folder.parent / name)
    with pytest.raises(RunError, match=r"runs there: (\S+, ){7}\S+ \.\.\.$"):
        load_run("nope", mine.folder.parent)
    with pytest.raises(RunError, match=r"no run 'nope' in .*absent; runs there: none yet"):
        load_run("nope", tmp_path / "absent")


def test_what_is_no_run_is_not_listed(mine: Run, tmp_path: Path) -> None:
    root = mine.folder.parent
    assert list_runs(tmp_path / "absent") == []
    (root / "notes.txt").write_text("a file")
    (root / ".hidden").mkdir()
    (root / "demo").mkdir()
    write_json(root / "demo" / COLLECTION, {"runs": []})
    assert [run.id for run in list_runs(root)] == [mine.id]
    (root / "stray").mkdir()
    reasons = {run.id: run.reason for run in list_runs(root)}
    assert reasons == {mine.id: "", "stray": "config.json is missing"}
    with pytest.raises(RunError, match=r"is not a folder of runs: .*notes\.txt is a file"):
        list_runs(root / "notes.txt")


def test_the_newest_run_comes_first(mine: Run) -> None:
    root = mine.folder.parent
    for day in (3, 1, 2):
        shutil.copytree(mine.folder, root / f"day{day}")
        entry = mine.environment | {"started": f"2031-01-0{day}T00:00:00+00:00"}
        write_json(root / f"day{day}" / "environment.json", entry)
    assert [run.id for run in list_runs(root)] == ["day3", "day2", "day1", mine.id]
    assert replace(list_runs(root)[0], folder=mine.folder, environment=mine.environment) == mine


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "result.json"
    write_json(path, {"value": "old"})

    def write_some(self: Path, text: str, **options: Any) -> None:
        with self.open("w") as file:
            file.write(text[:5])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", write_some)
    with pytest.raises(OSError, match="No space left"):
        write_json(path, {"value": "new"})
    assert json.loads(path.read_text()) == {"value": "old"}
    assert [file.name for file in tmp_path.iterdir()] == ["result.json"]

"""Carrying out a configuration: what is in the folder, what is trained again and what is not."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from snnlab.data.spec import DataError, DataSpec
from snnlab.learning.fit import Epoch, TrainingError
from snnlab.measure.accuracy import accuracy
from snnlab.network.net import ANN, SpikingNet
from snnlab.runs import assemble, provenance
from snnlab.runs.config import ConfigError, RunConfig, to_dict
from snnlab.runs.files import RunError
from snnlab.runs.methods import METHODS
from snnlab.runs.run import run
from snnlab.runs.store import Run, list_runs, load_run, run_id
from tests import test_structure as structure

FILES = ["config.json", "environment.json", "metrics.jsonl", "result.json", "weights.safetensors"]


def epochs_trained(config: RunConfig, root: Path, **options: Any) -> tuple[Run, list[Epoch]]:
    """The run, and the epochs that were trained for it now."""
    epochs: list[Epoch] = []
    return run(config, root, on_epoch=epochs.append, **options), epochs


def test_the_folder_holds_all_that_made_the_run(finished: Run, tiny: RunConfig) -> None:
    assert sorted(path.name for path in finished.folder.iterdir()) == FILES
    assert (finished.status, finished.reason) == ("finished", "")
    assert finished.id == finished.folder.name == run_id(tiny)
    assert finished.config == tiny
    assert json.loads((finished.folder / "config.json").read_text()) == to_dict(tiny)
    assert finished.environment == json.loads((finished.folder / "environment.json").read_text())


def test_the_name_of_a_run_is_readable(tiny: RunConfig) -> None:
    assert run_id(tiny).startswith("digits-mlp-noise-s0-")
    pictures = replace(tiny, data=DataSpec("/data/My Pictures!.tar"), method="ann", seed=3)
    assert run_id(pictures).startswith("my-pictures-tar-mlp-ann-s3-")


def test_the_environment_says_what_and_where(finished: Run) -> None:
    made = finished.environment
    assert made["versions"]["torch"] == torch.__version__.partition("+")[0]
    assert {"python", "numpy", "snnlab"} <= made["versions"].keys()
    assert made["hardware"]["device"] == "cpu"
    assert made["hardware"]["threads"] == torch.get_num_threads()
    assert made["hardware"]["processor"]
    assert made["code"] == provenance.code_digest()
    assert made["started"].endswith("+00:00")
    assert isinstance(made["command"], list)


def test_the_digest_is_of_every_room_that_can_change_a_result() -> None:
    before_figures = set(structure.ROOMS[: structure.ROOMS.index("show")])
    digested = {Path(place).stem for place in provenance.ROOMS}
    # Biology trains nothing, files for other tools come after, and jobs are the processes in which
    # runs are carried out.
    assert digested == before_figures - {"biology", "exchange", "jobs"}


def test_outside_a_checkout_there_is_no_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provenance, "SOURCE", tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert provenance.git_commit() is None


def test_metrics_come_line_by_line(finished: Run) -> None:
    lines = (finished.folder / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == finished.metrics
    assert [entry["epoch"] for entry in finished.metrics] == [1, 2]
    assert finished.metrics[0].keys() == Epoch.__dataclass_fields__.keys()
    assert finished.metrics[1]["loss"] < finished.metrics[0]["loss"]


def test_metrics_are_there_before_the_next_epoch_starts(tiny: RunConfig) -> None:
    root = Path("runs")
    seen: list[int] = []
    run(tiny, root, on_epoch=lambda epoch: seen.append(len(list_runs(root)[0].metrics)))
    assert seen == [1, 2]


def test_the_result_is_that_of_the_network(finished: Run, tiny: RunConfig) -> None:
    assert finished.result is not None
    test = assemble.load_images(tiny, torch.device("cpu")).test
    net = finished.network()
    assert isinstance(net, SpikingNet)
    assert not net.training
    expected = {T: accuracy(net, test, timesteps=T) for T in (1, 2, 3, 4)}
    assert finished.accuracy == pytest.approx(expected)
    assert finished.result["test_images"] == len(test) == 50
    assert finished.result["training_seconds"] == sum(e["seconds"] for e in finished.metrics)
    assert finished.result["certificate"]["weights_equal"] is True
    assert finished.result["certificate"]["logits_equal_at_1"] is True


def test_a_network_read_back_gives_the_same_logits(
    tiny: RunConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = []
    save = assemble.save_network

    def save_and_keep(net: Any, *arguments: Any) -> None:
        written.append(net)
        save(net, *arguments)

    monkeypatch.setattr(assemble, "save_network", save_and_keep)
    done = run(replace(tiny, seed=5), Path("runs"))
    images = torch.rand(7, 1, 8, 8)
    with torch.no_grad():
        before = written[0].eval()(images, 3)
        assert torch.equal(load_run(done.id).network()(images, 3), before)


def test_nothing_is_unpickled(finished: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def poison(*arguments: Any, **options: Any) -> None:
        raise AssertionError("somebody unpickles")

    for name in ("load", "loads", "Unpickler"):
        monkeypatch.setattr(pickle, name, poison)
    monkeypatch.setattr(torch, "load", poison)
    again = load_run(finished.id, finished.folder.parent)
    assert again.network()(torch.rand(1, 1, 8, 8), 2).shape == (1, 10)


@pytest.mark.sample(2)
@pytest.mark.parametrize("method", METHODS)
def test_every_method_leaves_a_finished_run(method: Any, tiny: RunConfig) -> None:
    done = run(replace(tiny, method=method, bptt_timesteps=2), Path("runs"))
    assert done.status == "finished"
    net = done.network()
    assert isinstance(net, SpikingNet if done.config and done.config.spiking else ANN)
    assert [run.id for run in list_runs()] == [done.id]


def test_the_same_configuration_is_not_trained_twice(tiny: RunConfig) -> None:
    first, epochs = epochs_trained(tiny, Path("runs"))
    stamps = {path: path.stat().st_mtime_ns for path in first.folder.iterdir()}
    assert len(epochs) == 2
    second, epochs = epochs_trained(replace(tiny, device="auto"), Path("runs"))
    assert epochs == []
    assert second == first
    assert {path: path.stat().st_mtime_ns for path in first.folder.iterdir()} == stamps


def test_again_trains_anew_with_the_same_result(mine: Run, tiny: RunConfig) -> None:
    before = (mine.folder / "weights.safetensors").read_bytes()
    (mine.folder / "metrics.jsonl").write_text("old\n")
    again, epochs = epochs_trained(tiny, mine.folder.parent, again=True)
    assert len(epochs) == len(again.metrics) == 2
    assert again.id == mine.id
    assert again.accuracy == mine.accuracy
    assert (again.folder / "weights.safetensors").read_bytes() == before


@pytest.mark.parametrize(
    "change",
    [{"seed": 1}, {"timesteps": 5}, {"method": "no-noise"}, {"data": DataSpec("digits")}],
)
def test_another_configuration_is_another_run(change: dict[str, Any], tiny: RunConfig) -> None:
    assert run_id(replace(tiny, **change)) != run_id(tiny)


def test_other_code_is_another_run(tiny: RunConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    before = run_id(tiny)
    monkeypatch.setattr("snnlab.runs.store.code_digest", lambda: "0123456789ab")
    assert run_id(tiny) != before


def test_a_training_that_fails_says_why(tiny: RunConfig) -> None:
    wild = replace(tiny, training=replace(tiny.training, learning_rate=1e30))
    with pytest.raises(TrainingError, match="the loss became nan"):
        run(wild, Path("runs"))
    failed = load_run(run_id(wild))
    assert failed.status == "failed"
    assert "the loss became nan in epoch 1" in failed.reason
    error = json.loads((failed.folder / "error.json").read_text())
    assert error == {"kind": "TrainingError", "message": failed.reason}
    with pytest.raises(RunError, match=r"has no trained network: it is failed: the loss became"):
        failed.network()


def test_a_device_that_is_not_there(tiny: RunConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ConfigError, match=r"device 'cuda' is not available here; valid: auto, cpu"):
        run(replace(tiny, device="cuda"), Path("runs"))
    assert not Path("runs").exists()


def test_data_that_cannot_be_had(tiny: RunConfig, no_network: list[str]) -> None:
    with pytest.raises(DataError, match="digits, mnist-5k"):
        run(replace(tiny, data=DataSpec("kmnist")), Path("runs"))
    assert no_network
    assert not Path("runs").exists()


def test_a_folder_of_images_is_found_from_anywhere(
    tiny: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noise = np.random.default_rng(0)
    for label in ("cat", "dog"):
        (tmp_path / "pictures" / label).mkdir(parents=True)
        for i in range(12):
            pixels = noise.integers(0, 256, (8, 8), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "pictures" / label / f"{i}.png")
    config = replace(tiny, data=DataSpec("pictures"))
    done = run(config, tmp_path / "runs")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    (found,) = list_runs(tmp_path / "runs")
    assert (found.status, found.reason) == ("finished", "")
    assert found.network()(torch.rand(1, 1, 8, 8), 1).shape == (1, 2)
    assert found.config is not None
    _, epochs = epochs_trained(found.config, tmp_path / "runs")
    assert (done.id, epochs) == (found.id, [])

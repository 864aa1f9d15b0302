"""Every command answers: text for people, one JSON object and nothing else for programs."""

from __future__ import annotations

import csv
import hashlib
import io
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from snnlab import __version__
from snnlab.measure.accuracy import accuracy
from snnlab.network.net import SpikingNet
from snnlab.runs.config import RunConfig, to_dict
from snnlab.runs.presets import PRESETS
from snnlab.runs.store import Run, list_runs, load_run

Ask = Callable[..., Any]
Runs = dict[str, Run]


def fingerprint(folder: Path) -> dict[str, str]:
    """A digest of every file in a folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_train_makes_the_run_that_the_options_describe(
    ask: Ask, options: list[str], tiny: RunConfig
) -> None:
    said = ask(*options, "--method", "no-noise", "--seed", "3", "--json")
    assert (said.status, said.err) == (0, "")
    (done,) = list_runs()
    assert done.config == replace(tiny, method="no-noise", seed=3)
    entry = said.json
    assert entry["id"] == done.id
    assert entry["folder"] == f"runs/{done.id}"
    assert entry["config"] == to_dict(done.config)
    assert (entry["status"], entry["reason"]) == ("finished", "")
    assert entry["result"] == done.result
    assert entry["metrics"] == done.metrics
    assert entry["environment"] == done.environment


def test_train_answers_in_text(ask: Ask, options: list[str], finished: Runs) -> None:
    said = ask(*options)
    assert (said.status, said.err) == (0, "")
    run = finished["noise"]
    assert said.out.startswith(f"{run.id}  (finished)\ntrained 2 epochs in ")
    assert "on 100 images, without noise" in said.out
    numbers = said.out.splitlines()[-1].split()
    assert numbers == ["accuracy", *(f"{run.accuracy[T]:.2f}" for T in (1, 2, 4))]


def test_train_again_trains_anew(ask: Ask, options: list[str], finished: Runs) -> None:
    before = finished["noise"].environment["started"]
    assert ask(*options).status == 0
    assert load_run(finished["noise"].id).environment["started"] == before
    result = finished["noise"].folder / "result.json"
    result.touch()
    stamp = result.stat().st_mtime_ns
    assert ask(*options, "--again").status == 0
    assert result.stat().st_mtime_ns != stamp
    assert load_run(finished["noise"].id).accuracy == finished["noise"].accuracy


@pytest.mark.sample(2)
@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_where_the_options_start(
    name: str, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def note(config: RunConfig, *arguments: Any, **options: Any) -> None:
        asked.append(config)
        raise ValueError("enough")

    monkeypatch.setattr(sys.modules["snnlab.runs.run"], "run", note)
    for form in (["--preset", name, "--seed", "4"], ["--seed", "4", f"--preset={name}"]):
        assert ask("train", *form, "--training.epochs", "1").err == "snnlab: enough\n"
    start = PRESETS[name]
    wanted = replace(start, seed=4, training=replace(start.training, epochs=1))
    assert asked == [wanted, wanted]


@pytest.mark.parametrize("whole", [True, False])
def test_a_configuration_in_a_file_is_where_the_options_start(
    whole: bool, ask: Ask, finished: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def note(config: RunConfig, *arguments: Any, **options: Any) -> None:
        asked.append(config)
        raise ValueError("enough")

    monkeypatch.setattr(sys.modules["snnlab.runs.run"], "run", note)
    start, file = finished["no-noise"].config, finished["no-noise"].folder / "config.json"
    assert start is not None
    if not whole:  # what is missing takes its default
        file, start = Path("mine.json"), RunConfig(seed=3)
        file.write_text('{"seed": 3}')
    for form in (["--config", file, "--timesteps", "9"], ["--timesteps", "9", f"--config={file}"]):
        assert ask("train", *form).err == "snnlab: enough\n"
    wanted = replace(start, timesteps=9)
    assert asked == [wanted, wanted]


def test_the_help_of_train_names_the_file(ask: Ask) -> None:
    assert "--config FILE" in ask("train", "--help").out


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        (None, ["--config mine.json: mine.json is missing"]),
        ("{", ["--config mine.json: mine.json cannot be read"]),
        ("[]", ["must hold an object, got list"]),
        ('{"sead": 1}', ["unknown setting sead; valid: method, seed"]),
        ('{"noise": {"std": 1}}', ["unknown setting noise.std; valid: family, sigma"]),
        ('{"seed": "x"}', ["seed must be a whole number, got 'x'"]),
        ('{"model": {"name": "mpl"}}', ["unknown model 'mpl'"]),
    ],
)
def test_a_file_that_holds_no_configuration(
    content: str | None, parts: list[str], ask: Ask
) -> None:
    if content is not None:
        Path("mine.json").write_text(content)
    said = ask("train", "--config", "mine.json", "--seed", "1")
    assert (said.status, said.out, said.err.count("\n")) == (2, "", 1)
    assert all(part in said.err for part in parts)


def test_a_start_is_said_once(ask: Ask) -> None:
    assert "give one of them" in ask("train", "--preset", "digits", "--config", "x.json").err
    assert "--config needs a file" in ask("train", "--config").err
    assert "race has no option --config" in ask("race", "--config", "x.json").err


def test_the_first_preset_is_the_default(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def note(config: RunConfig, *arguments: Any, **options: Any) -> None:
        asked.append(config)
        raise ValueError("enough")

    monkeypatch.setattr(sys.modules["snnlab.runs.run"], "run", note)
    ask("train")
    assert asked == [next(iter(PRESETS.values()))]


def test_evaluate_measures_a_split(ask: Ask, finished: Runs) -> None:
    run = finished["noise"]
    said = ask("evaluate", run.id, "--timesteps", "5", "--json")
    assert (said.status, said.err) == (0, "")
    entry = said.json
    assert (entry["split"], entry["noise"], entry["images"]) == ("test", False, 100)
    by_T = {int(T): value for T, value in entry["accuracy"].items()}
    assert {T: by_T[T] for T in run.accuracy} == run.accuracy
    assert len(by_T) == 5
    assert [len(stage) for stage in entry["rates"]] == [5, 5]
    train = ask("evaluate", run.id, "--split", "train", "--timesteps", "1", "--json").json
    assert (train["split"], train["images"]) == ("train", 200)


def test_evaluate_with_noise_depends_on_its_seed_alone(ask: Ask, finished: Runs) -> None:
    asked = ["evaluate", finished["noise"].id, "--timesteps", "1", "--noise", "--json"]
    first, again, other = (
        ask(*asked, "--noise-seed", seed).json["rates"] for seed in ("1", "1", "2")
    )
    assert first == again
    assert first != other
    assert ask(*asked).json["noise"] is True


def test_evaluate_answers_in_text(ask: Ask, finished: Runs) -> None:
    said = ask("evaluate", finished["noise"].id, "--timesteps", "3")
    assert (said.status, said.err) == (0, "")
    heads, numbers, rates = said.out.splitlines()[0], *said.out.splitlines()[2:]
    assert heads.split() == ["timesteps", "T", "1", "2", "3"]
    accuracy = finished["noise"].accuracy
    assert numbers.split()[2:] == [f"{accuracy[T]:.2f}" for T in (1, 2, 3)]
    assert "spikes per neuron and timestep, by stage: 0." in rates


def test_list_shows_damaged_runs_with_the_reason(ask: Ask, finished: Runs) -> None:
    (finished["ann"].folder / "config.json").write_text("{")
    said = ask("list", "--json")
    assert (said.status, said.err) == (0, "")
    entries = {entry["id"]: entry for entry in said.json["runs"]}
    assert entries.keys() == {run.id for run in finished.values()}
    noise = entries[finished["noise"].id]
    assert noise["status"] == "finished"
    assert noise["accuracy"] == {str(T): a for T, a in finished["noise"].accuracy.items()}
    damaged = entries[finished["ann"].id]
    assert damaged["status"] == "damaged"
    assert "config.json cannot be read" in damaged["reason"]
    said = ask("list")
    assert (said.status, said.err) == (0, "")
    (line,) = [line for line in said.out.splitlines() if finished["ann"].id in line]
    assert "damaged" in line
    assert "config.json cannot be read" in line


def test_list_in_an_empty_folder(ask: Ask, own_folders: Path) -> None:
    assert ask("list", "--json").json == {"runs": []}
    assert ask("list").out == "no runs in runs yet: snnlab train\n"
    assert ask("list", "--runs", own_folders).out == f"no runs in {own_folders} yet: snnlab train\n"


def test_show_tells_all_of_a_run(ask: Ask, finished: Runs) -> None:
    run = finished["noise"]
    entry = ask("show", run.id, "--json").json
    assert entry["config"] == to_dict(run.config) if run.config else False
    assert (entry["metrics"], entry["result"]) == (run.metrics, run.result)
    said = ask("show", run.id)
    assert (said.status, said.err) == (0, "")
    settings = dict(line.split(maxsplit=1) for line in said.out.splitlines() if line[:2] == "  ")
    assert settings["training.batch_size"].strip() == "25"
    assert settings["data.name"].strip() == "digits"
    assert settings["versions.torch"].strip() == torch.__version__.partition("+")[0]


def test_show_tells_why_a_run_failed(ask: Ask, options: list[str]) -> None:
    failed = ask(*options, "--training.learning-rate", "1e30")
    assert (failed.status, failed.out) == (1, "")
    assert failed.err.count("\n") == 1
    assert failed.err.startswith("snnlab: the loss became nan in epoch 1")
    (run,) = list_runs()
    assert "(failed: the loss became nan in epoch 1" in ask("show", run.id).out
    assert ask("show", run.id, "--json").json["reason"] == run.reason


@pytest.mark.sample(1)
@pytest.mark.parametrize("method", ["noise", "no-noise", "ann"])
def test_export_copies_a_run(method: str, ask: Ask, finished: Runs, own_folders: Path) -> None:
    run, to = finished[method], own_folders / "mine"
    before = fingerprint(run.folder)
    said = ask("export", run.id, "--to", to, "--json")
    assert (said.status, said.err) == (0, "")
    entry = said.json
    assert (entry["run"], entry["folder"]) == (run.id, str(to))
    assert entry["files"] == sorted(path.name for path in to.iterdir())
    for path in run.folder.iterdir():
        assert (to / path.name).read_bytes() == path.read_bytes()
    assert fingerprint(run.folder) == before
    rows = list(csv.DictReader(io.StringIO((to / "accuracy_vs_timesteps.csv").read_text())))
    assert [float(row["accuracy"]) for row in rows] == pytest.approx(list(run.accuracy.values()))
    assert (to / "accuracy_vs_timesteps.png").read_bytes().startswith(b"\x89PNG")
    assert "<svg" in (to / "accuracy_vs_timesteps.svg").read_text()
    assert load_run("mine", own_folders).network()(torch.rand(1, 1, 8, 8)) is not None


@pytest.mark.slow
def test_export_into_an_empty_folder_answers_in_text(
    ask: Ask, finished: Runs, own_folders: Path
) -> None:
    (own_folders / "mine").mkdir()
    said = ask("export", finished["noise"].id, "--to", "mine")
    assert (said.status, said.err) == (0, "")
    assert sorted(said.out.split()) == sorted(
        f"mine/{path.name}" for path in Path("mine").iterdir()
    )


def test_the_version(ask: Ask) -> None:
    assert ask("--version") == (0, f"snnlab {__version__}\n", "")


@pytest.mark.parametrize("args", [[], ["--help"], ["-h"], ["help"]])
def test_the_help_lists_the_commands(args: list[str], ask: Ask) -> None:
    said = ask(*args)
    assert (said.status, said.err) == (0, "")
    for command in ("demo", "train", "convert", "evaluate", "list", "show", "export"):
        assert f" {command} " in said.out


def test_the_help_of_a_command_lists_its_options(ask: Ask) -> None:
    said = ask("train", "--preset", "mnist", "--help-all")
    assert (said.status, said.err) == (0, "")
    for option in ("--training.learning-rate", "--noise.sigma", "--data.name", "--json"):
        assert option in said.out
    assert "[mnist]" in said.out


def test_the_accuracy_of_a_converted_run_is_that_of_the_library(ask: Ask, finished: Runs) -> None:
    """The command line computes nothing of its own."""
    from snnlab.runs.assemble import load_images

    run = finished["no-noise"]
    net = run.network()
    assert isinstance(net, SpikingNet)
    assert run.config is not None
    test = load_images(run.config, torch.device("cpu")).test
    said = ask("evaluate", run.id, "--timesteps", "7", "--json").json
    assert said["accuracy"]["7"] == pytest.approx(accuracy(net, test, timesteps=7))

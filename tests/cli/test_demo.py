"""`snnlab demo`: the whole story in one command."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest

from snnlab.cli import demo
from snnlab.data.spec import OFFLINE_SETS
from snnlab.runs.config import RunConfig
from snnlab.runs.methods import COMPARED
from snnlab.runs.presets import QUICKSTART, compared
from snnlab.runs.store import list_runs

Ask = Callable[..., Any]
FILES = ["accuracy_vs_timesteps.csv", "accuracy_vs_timesteps.png", "accuracy_vs_timesteps.svg"]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, tiny: RunConfig) -> None:
    """A demo that trains for a moment."""
    monkeypatch.setattr(demo, "QUICKSTART", tiny)


def rows(folder: Path) -> list[dict[str, str]]:
    """The table that the demo wrote."""
    with (folder / "accuracy_vs_timesteps.csv").open() as file:
        reader = csv.DictReader(file)
        assert reader.fieldnames == ["method", "seed", "timesteps", "accuracy"]
        return list(reader)


@pytest.mark.usefixtures("quick")
def test_the_demo_writes_table_and_figure(ask: Ask) -> None:
    said = ask("demo", "--seeds", "1", "--timesteps", "4", "--device", "cpu", "--json")
    assert (said.status, said.err) == (0, "")
    folder = Path("runs/demo")
    assert sorted(said.json["files"]) == [str(folder / name) for name in FILES]
    assert (folder / FILES[1]).read_bytes().startswith(b"\x89PNG")
    assert "<svg" in (folder / FILES[2]).read_text()
    table = rows(folder)
    assert [(row["method"], row["seed"], row["timesteps"]) for row in table] == [
        (start, "0", str(T)) for start in COMPARED for T in (1, 2, 3, 4)
    ]
    names = {("noise", None): "noise"} | {
        ("no-noise", side.v_init): start for start, side in COMPARED.items() if start != "noise"
    }
    runs = {
        names[run.config.method, run.config.neuron.v_init]: run for run in list_runs() if run.config
    }
    assert runs.keys() == COMPARED.keys()
    assert said.json["verdicts"].keys() == COMPARED.keys()
    for start, (verdict,) in said.json["verdicts"].items():
        assert verdict == runs[start].accuracy.since_1(4).verdict
    for row in table:
        measured = runs[row["method"]].accuracy[int(row["timesteps"])]
        assert float(row["accuracy"]) == pytest.approx(measured, abs=1e-4)
        assert 1 < measured <= 100  # percent, not a fraction
    curve = said.json["curves"]["noise"]
    assert curve["timesteps"] == [1, 2, 4]
    assert curve["accuracy"] == [[runs["noise"].accuracy[T] for T in (1, 2, 4)]]


@pytest.mark.slow
@pytest.mark.usefixtures("quick")
def test_a_second_demo_uses_the_runs_of_the_first(ask: Ask) -> None:
    first = ask("demo", "--seeds", "1", "--device", "cpu")
    stamps = {run.id: (run.folder / "result.json").stat().st_mtime_ns for run in list_runs()}
    second = ask("demo", "--seeds", "2", "--device", "cpu")
    assert (first.status, second.status) == (0, 0)
    now = {run.id: (run.folder / "result.json").stat().st_mtime_ns for run in list_runs()}
    assert len(now) == 6
    assert stamps.items() < now.items()
    assert {row["seed"] for row in rows(Path("runs/demo"))} == {"0", "1"}
    assert ask("demo", "--seeds", "1", "--device", "cpu", "--again").status == 0
    again = {run.id: (run.folder / "result.json").stat().st_mtime_ns for run in list_runs()}
    assert {id for id, stamp in again.items() if stamp != now[id]} == stamps.keys()


@pytest.mark.slow
@pytest.mark.usefixtures("quick")
def test_the_demo_answers_in_text(ask: Ask, own_folders: Path) -> None:
    said = ask("demo", "--seeds", "2", "--timesteps", "3", "--device", "cpu", "--runs", "mine")
    assert (said.status, said.err) == (0, "")
    lines = said.out.splitlines()
    assert lines[0].startswith("6 networks trained with ONE timestep on digits in ")
    assert "mean of 2 seeds" in lines[1]
    header, _, noise, half, rest = lines[3:8]
    assert header.split("  ")[0] == "trained"
    assert [part.strip() for part in header.split("  ") if part][1:] == ["T = 1", "T = 2", "T = 3"]
    table = rows(own_folders / "mine/demo")
    for line, name, method in (
        (noise, "with noise", "noise"),
        (half, "without noise, from v_th / 2", "no-noise-half"),
        (rest, "without noise, from rest", "no-noise-rest"),
    ):
        assert line.startswith(name)
        accuracies = [
            sum(float(r["accuracy"]) for r in table if (r["method"], r["timesteps"]) == (method, T))
            / 2
            for T in "123"
        ]
        shown = [part.split(" (")[0].strip() for part in line.split("  ") if "(" in part]
        assert [float(value) for value in shown] == pytest.approx(accuracies, abs=0.006)
    assert sorted(lines[-3:]) == [f"mine/demo/{name}" for name in FILES]
    assert not Path("runs").exists()


@pytest.mark.slow
@pytest.mark.usefixtures("quick")
def test_the_tables_of_the_demo_are_no_run(ask: Ask) -> None:
    ask("demo", "--seeds", "1", "--device", "cpu")
    assert {entry["status"] for entry in ask("list", "--json").json["runs"]} == {"finished"}
    said = ask("show", "demo")
    assert (said.status, said.out) == (2, "")


@pytest.mark.slow
def test_the_demo_tells_the_story(ask: Ask) -> None:
    """With noise accuracy is kept; the mean without the spread loses some, a start at rest more."""
    said = ask("demo", "--seeds", "3", "--device", "cpu", "--json").json
    mean = {
        start: dict(
            zip(curve["timesteps"], map(fmean, zip(*curve["accuracy"], strict=True)), strict=True)
        )
        for start, curve in said["curves"].items()
    }
    assert list(mean["noise"]) == [1, 2, 4, 8, 16]
    assert mean["noise"][16] > mean["noise"][1] - 0.5
    assert min(mean["noise"].values()) > 94
    assert mean["no-noise-half"][16] < mean["no-noise-half"][1] - 3
    assert mean["no-noise-rest"][16] < mean["no-noise-rest"][1] - 15
    assert said["verdicts"]["noise"].count("kept") >= 2
    assert said["verdicts"]["no-noise-half"].count("lost") >= 2
    assert said["verdicts"]["no-noise-rest"] == ["lost"] * 3


def test_the_three_starts_differ_in_nothing_else() -> None:
    noise, half, rest = compared(QUICKSTART).values()
    assert (noise.acting_neuron.v_init, half.acting_neuron.v_init) == (0.5, 0.5)
    assert rest == replace(half, neuron=replace(half.neuron, v_init=0.0))
    assert half == replace(noise, method="no-noise", neuron=half.neuron)
    assert noise.acting_model == half.acting_model == rest.acting_model
    assert noise.model.norm_weight is not None
    assert QUICKSTART.data.name in OFFLINE_SETS

"""`snnlab demo`: the whole story in one command."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from snnlab.runs.config import RunConfig
from snnlab.runs.presets import PRESETS
from snnlab.runs.store import list_runs

Ask = Callable[..., Any]
FILES = ["accuracy_vs_timesteps.csv", "accuracy_vs_timesteps.png", "accuracy_vs_timesteps.svg"]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, tiny: RunConfig) -> None:
    """A demo that trains for a moment."""
    monkeypatch.setitem(PRESETS, "digits", tiny)


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
        (method, "0", str(T)) for method in ("noise", "no-noise") for T in (1, 2, 3, 4)
    ]
    runs = {run.config.method: run for run in list_runs() if run.config}
    assert runs.keys() == {"noise", "no-noise"}
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
    assert len(now) == 4
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
    assert lines[0].startswith("4 networks trained with ONE timestep on digits in ")
    assert "mean of 2 seeds" in lines[1]
    header, _, noise, without = lines[3:7]
    assert header.split("  ")[0] == "trained"
    assert [part.strip() for part in header.split("  ") if part][1:] == ["T = 1", "T = 2", "T = 3"]
    table = rows(own_folders / "mine/demo")
    for line, name, method in (
        (noise, "with noise", "noise"),
        (without, "without noise", "no-noise"),
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
    """Noise makes conversion lossless, but for chance; without it accuracy falls as T rises."""
    curves = ask("demo", "--seeds", "3", "--device", "cpu", "--json").json["curves"]
    mean = {
        method: dict(
            zip(
                curve["timesteps"],
                [sum(column) / 3 for column in zip(*curve["accuracy"], strict=True)],
                strict=True,
            )
        )
        for method, curve in curves.items()
    }
    assert list(mean["noise"]) == [1, 2, 4, 8, 16]
    three_images = 100 * 3 / (3 * 449)  # of those that the three networks were tested on
    assert min(mean["noise"][8], mean["noise"][16]) >= mean["noise"][1] - three_images
    assert min(mean["noise"].values()) > 98
    assert mean["no-noise"][16] < mean["no-noise"][8] < mean["no-noise"][1]
    assert all(mean["noise"][T] > mean["no-noise"][T] for T in (2, 4, 8, 16))


def test_the_demo_starts_from_the_digits(tiny: RunConfig) -> None:
    assert PRESETS["digits"].data == replace(tiny.data, train_size=None, test_size=None)

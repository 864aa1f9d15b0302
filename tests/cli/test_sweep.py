"""`snnlab sweep`: what it answers, writes and refuses."""

from __future__ import annotations

import contextlib
import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from snnlab.cli import sweep as sweep_module
from snnlab.experiment import crew as crew_module
from snnlab.experiment.config import RunConfig, from_dict
from snnlab.experiment.run import run
from snnlab.experiment.sweep import SweepConfig
from snnlab.experiment.trainer import Outcome

Ask = Callable[..., Any]
SMALL = [
    *("--data.train-size", "100", "--data.test-size", "50", "--model.name", "mlp"),
    *("--model.width", "16", "--training.epochs", "1", "--training.batch-size", "32"),
    *("--timesteps", "4", "--conversion-timesteps", "4", "--device", "cpu"),
]
GRID = ["--grid", "noise.sigma=0.1,0.2887", "--grid", "seed=0,1"]


class HereCrew:
    """Trains in this process; a seed of 666 fails."""

    def __init__(self, workers: int | None = None) -> None:
        self.workers = workers

    def carry_out(self, jobs: Any) -> Any:
        for name, job in jobs.items():
            config = from_dict(job["config"])
            if config.seed == 666:
                yield name, Outcome("failed", "planted")
            else:
                run(config, Path(job["root"]))
                yield name, Outcome("finished")


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew_module, "LocalCrew", HereCrew)


@pytest.mark.usefixtures("here")
def test_a_sweep_leaves_tables_figure_and_runs(ask: Ask) -> None:
    answer = ask("sweep", *SMALL, *GRID, "--name", "mine", "--json")
    assert (answer.status, answer.err) == (0, "")
    folder = Path("runs/sweeps/mine")
    names = ["sweep.json", "sweep.csv", "sweep.md"]
    figures = ["accuracy_vs_timesteps.png", "accuracy_vs_timesteps.svg"]
    assert answer.json["files"] == [str(folder / name) for name in [*names, *figures]]
    assert sorted(p.name for p in folder.iterdir()) == sorted([*names, *figures, "collection.json"])
    with (folder / "sweep.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["noise.sigma"], row["timesteps"], row["seeds"]) for row in rows] == [
        (sigma, T, "2") for sigma in ("0.1", "0.2887") for T in ("1", "2", "4")
    ]
    assert len(ask("list", "--json").json["runs"]) == 4
    text = ask("sweep", *SMALL, *GRID, "--name", "mine")
    assert (folder / "sweep.md").read_text(encoding="utf-8") in text.out
    other = ask("sweep", *SMALL, "--grid", "seed=5", "--name", "mine")
    assert (other.status, "holds another sweep" in other.err) == (2, True)


@pytest.mark.usefixtures("here")
def test_failed_runs_are_told_after_the_others_are_kept(ask: Ask) -> None:
    answer = ask("sweep", *SMALL, "--grid", "seed=0,666", "--json")
    assert answer.status == 1
    assert answer.err.startswith("snnlab: 1 of 2 runs failed: digits-mlp-noise-s666-")
    assert answer.err.endswith("planted\n")
    assert [entry["settings"]["seed"] for entry in answer.json["entries"]] == [0]
    assert list(answer.json["failures"].values()) == ["planted"]
    answer = ask("sweep", *SMALL, "--grid", "seed=666", "--json")
    assert (answer.status, answer.json["entries"]) == (1, [])


@pytest.mark.usefixtures("here")
def test_many_settings_become_a_map(ask: Ask) -> None:
    answer = ask("sweep", *SMALL, "--grid", "noise.sigma=0.1,0.2,0.3,0.4,0.5", "--json")
    assert answer.status == 0
    svg = Path(answer.json["files"][-1]).read_text(encoding="utf-8")
    assert "Mean test accuracy of 5 settings against timesteps. sigma 0.1: best " in svg


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ([], "the grid is empty"),
        (["--grid", "noise.sgma=1"], "unknown setting noise.sgma; valid: family, sigma, mu"),
        (["--grid", "seed"], "NAME=VALUE"),
        (["--grid", "seed=0", "--name", "../x"], "a name holds letters"),
        (["--grid", "seed=0", "--workers", "0"], "workers must be at least 1, got 0"),
        (["--grid", "seed=0", "--engine", "magic"], "magic"),
        (["--preset", "magic"], "unknown preset 'magic'"),
    ],
)
def test_bad_input_is_one_line(args: list[str], message: str, ask: Ask) -> None:
    answer = ask("sweep", *args)
    assert (answer.status, answer.out, answer.err.count("\n")) == (2, "", 1)
    assert message in answer.err
    assert not Path("runs").exists()


def test_the_preset_is_where_a_sweep_starts(monkeypatch: pytest.MonkeyPatch, ask: Ask) -> None:
    asked: list[SweepConfig] = []

    def fake(config: SweepConfig, *_: Any) -> dict[str, Any]:
        asked.append(config)
        return {"entries": [], "failures": {"x": "planted"}}

    monkeypatch.setattr(sweep_module, "sweep", fake)
    ask("sweep", "--preset", "digits-mlp", "--training.epochs", "3", "--grid", "seed=0")
    assert (asked[0].start.model.name, asked[0].start.training.epochs) == ("mlp", 3)


def processes() -> list[psutil.Process]:
    """The living processes that our fork servers are or were forked from."""
    names = ("snnlab.experiment.fork_server", "snnlab.cli.main")
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if any(name in " ".join(process.cmdline()) for name in names):
                found.append(process)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["local", "dask"])
def test_a_sweep_as_a_program(engine: str, program: Ask) -> None:
    """No process is left, nothing is said on stderr, and the answer is one JSON object."""
    before = processes()
    started = program("sweep", *SMALL, *GRID, "--engine", engine, "--workers", "2", "--json")
    out, err = started.communicate()
    assert (started.returncode, err) == (0, "")
    assert len(json.loads(out)["entries"]) == 4
    assert [p.pid for p in processes() if p not in before] == []


def test_the_name_of_a_sweep_is_that_of_its_runs_and_grid() -> None:
    asked = SweepConfig(RunConfig(), {"seed": (0, 1)})
    name = sweep_module.default_name(asked)
    assert name == sweep_module.default_name(SweepConfig(RunConfig(), {"seed": (0, 1)}))
    assert name != sweep_module.default_name(SweepConfig(RunConfig(), {"seed": (0, 2)}))
    assert name.startswith("digits-")

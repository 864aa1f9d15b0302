"""`snnlab sweep`: what it answers, writes and refuses."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from snnlab.cli import sweep as sweep_module
from snnlab.jobs.places import Place
from snnlab.jobs.pool import JobData, Outcome
from snnlab.jobs.scheduler import SCHEDULER
from snnlab.runs.config import RunConfig, from_dict
from snnlab.runs.run import run
from snnlab.studies.sweep import SweepConfig

Ask = Callable[..., Any]
SMALL = [
    *("--data.train-size", "100", "--data.test-size", "50", "--model.name", "mlp"),
    *("--model.width", "16", "--training.epochs", "1", "--training.batch-size", "32"),
    *("--timesteps", "4", "--conversion-timesteps", "4", "--device", "cpu"),
]
GRID = ["--grid", "noise.sigma=0.1,0.2887", "--grid", "seed=0,1"]


class HerePool:
    """Trains in this process; a seed of 666 fails."""

    kinds, trouble = frozenset({"any"}), ""

    def __init__(self, *_: Any, **__: Any) -> None:
        self.places = [Place()]

    def start(self, job: JobData, place: Place) -> SimpleNamespace:
        config = from_dict(job["config"])
        if config.seed == 666:
            return SimpleNamespace(outcome=Outcome("failed", "planted"))
        run(config, Path(job["root"]))
        return SimpleNamespace(outcome=Outcome("finished"))

    def wait(self, seconds: float) -> None:
        """Nothing runs."""

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep_module, "open_pool", HerePool)


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


@pytest.mark.slow
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


@pytest.mark.slow
@pytest.mark.usefixtures("here")
def test_many_settings_become_a_map(ask: Ask) -> None:
    answer = ask("sweep", *SMALL, "--grid", "noise.sigma=0.1,0.2,0.3,0.4,0.5", "--json")
    assert answer.status == 0
    svg = Path(answer.json["files"][-1]).read_text(encoding="utf-8")
    assert "Mean test accuracy of 5 settings against timesteps. sigma 0.1: best " in svg


@pytest.mark.sample(2)
@pytest.mark.parametrize(
    ("args", "message"),
    [
        ([], "the grid is empty"),
        (["--grid", "noise.sgma=1"], "unknown setting noise.sgma; valid: family, sigma, mu"),
        (["--grid", "seed"], "NAME=VALUE"),
        (["--grid", "seed=0", "--name", "../x"], "a name holds letters"),
        (["--grid", "seed=0", "--workers", "0"], "workers must be at least 1, got 0"),
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
    assert (asked[0].config.model.name, asked[0].config.training.epochs) == ("mlp", 3)


@pytest.mark.parametrize(
    ("address", "args", "message"),
    [
        ("127.0.0.1:abc", [], "got '127.0.0.1:abc'"),
        ("htp://a:1", [], "must be the address of a Dask scheduler, like tcp://127.0.0.1:8786"),
        ("a:1", ["--workers", "2"], "workers is 2, but SNNLAB_SCHEDULER names tcp://a:1"),
    ],
)
def test_a_scheduler_that_makes_no_sense(
    address: str, args: list[str], message: str, monkeypatch: pytest.MonkeyPatch, ask: Ask
) -> None:
    monkeypatch.setenv(SCHEDULER, address)
    test_bad_input_is_one_line(["--grid", "seed=0", *args], message, ask)


@pytest.mark.slow
def test_a_scheduler_that_is_named_is_used(monkeypatch: pytest.MonkeyPatch, ask: Ask) -> None:
    asked: list[Any] = []

    def open_pool(address: str | None, places: Any) -> HerePool:
        asked.append(address)
        return HerePool()

    monkeypatch.setattr(sweep_module, "open_pool", open_pool)
    for seed, address in enumerate(("node7", "")):
        monkeypatch.setenv(SCHEDULER, address)
        assert ask("sweep", *SMALL, "--grid", f"seed={seed}").status == 0
    assert asked == ["tcp://node7:8786", None]


@pytest.mark.slow
def test_a_sweep_as_a_program(program: Ask) -> None:
    """No process is left, nothing is said on stderr, and the answer is one JSON object."""
    before = psutil.pids()
    started = program("sweep", *SMALL, *GRID, "--workers", "2", "--json")
    out, err = started.communicate()
    assert (started.returncode, err) == (0, "")
    assert len(json.loads(out)["entries"]) == 4
    left = [p for p in psutil.process_iter(["cmdline"]) if p.pid not in before]
    assert not [p for p in left if "multiprocessing" in " ".join(p.info["cmdline"] or [])]


def test_the_name_of_a_sweep_is_that_of_its_runs_and_grid() -> None:
    asked = SweepConfig(RunConfig(), {"seed": (0, 1)})
    name = sweep_module.default_name(asked)
    assert name == sweep_module.default_name(SweepConfig(RunConfig(), {"seed": (0, 1)}))
    assert name != sweep_module.default_name(SweepConfig(RunConfig(), {"seed": (0, 2)}))
    assert name.startswith("digits-")

"""Sweeps: what a grid means, who carries it out, and what becomes of runs that fail."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest

from snnlab.cli.sweep import folder_name
from snnlab.jobs.places import Place
from snnlab.jobs.pool import JobData, Outcome
from snnlab.runs.config import ConfigError, RunConfig, from_dict
from snnlab.runs.files import RunError
from snnlab.runs.run import run
from snnlab.runs.store import Run, list_runs, run_id
from snnlab.studies.study import name_of
from snnlab.studies.sweep import (
    ATTEMPTS,
    SweepConfig,
    SweepError,
    check,
    parse_grid,
    sweep,
)
from snnlab.studies.sweep_table import points, sweep_csv, sweep_markdown


class HerePool:
    """Trains in this process; some jobs end otherwise, as often as told."""

    kinds, trouble = frozenset({"any"}), ""

    def __init__(self, **ends: list[Outcome]) -> None:
        self.places = [Place()]
        self.ends = ends
        self.asked: list[str] = []

    def start(self, job: JobData, place: Place) -> SimpleNamespace:
        self.asked.append(job["id"])
        planned = self.ends.get(f"seed_{job['config']['seed']}", [])
        if not planned:
            run(from_dict(job["config"]), Path(job["root"]))
        return SimpleNamespace(outcome=planned.pop(0) if planned else Outcome("finished"))

    def wait(self, seconds: float) -> None:
        """Nothing runs."""

    def close(self) -> None:
        """Nothing is open."""


@pytest.mark.parametrize(
    ("texts", "grid"),
    [
        (["seed=0,1,2"], {"seed": (0, 1, 2)}),
        (["noise.sigma=0.1,1e-3"], {"noise.sigma": (0.1, 0.001)}),
        (["model.name=mlp,convnet", "seed=3"], {"model.name": ("mlp", "convnet"), "seed": (3,)}),
        (["data.train_size=null,100"], {"data.train_size": (None, 100)}),
        (["training.augment=true,false"], {"training.augment": (True, False)}),
        (["noise.quantiles=[0,1],[0,0.5,1]"], {"noise.quantiles": ([0, 1], [0, 0.5, 1])}),
        (["data.name=digits,/a=b"], {"data.name": ("digits", "/a=b")}),
    ],
)
def test_a_grid_as_text(texts: list[str], grid: dict[str, tuple[Any, ...]]) -> None:
    assert parse_grid(texts) == grid


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["seed"], r"NAME=VALUE,VALUE,\.\.\. , got 'seed'"),
        (["=1"], "got '=1'"),
        (["seed="], "got 'seed='"),
        (["seed=1", "seed=2"], "seed is in the grid twice"),
    ],
)
def test_a_text_that_is_no_grid(texts: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_grid(texts)


@pytest.mark.parametrize(
    ("grid", "message"),
    [
        ({}, "the grid is empty"),
        ({"seed": ()}, "seed needs at least one value"),
        ({"seed": (1, 1)}, r"seed must have different values, got \[1, 1\]"),
        ({"noise.sgma": (1,)}, "unknown setting noise.sgma; valid: family, sigma, mu"),
        ({"sigma": (1,)}, "unknown setting sigma; valid: method, seed"),
        ({"noice.sigma": (1,)}, "unknown setting noice; valid: method, seed"),
        ({"seed.x": (1,)}, "seed is one setting, not a group, got 'seed.x'"),
        ({"noise": (1,)}, "noise must be a group of settings, got 1"),
        ({"seed": ("a",)}, "seed must be a whole number, got 'a'"),
        ({"noise.sigma": (0.1, -1)}, "sigma"),
        ({"device": ("cpu", "auto")}, "two combinations of the grid mean the same run"),
    ],
)
def test_a_grid_that_makes_no_sense(grid: dict[str, tuple[Any, ...]], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        SweepConfig(RunConfig(), grid)


def test_every_combination_is_a_run() -> None:
    asked = SweepConfig(RunConfig(), {"noise.sigma": (0.1, 0.3), "seed": (4, 5)})
    found = [(config.noise.sigma, config.seed) for config in asked.configs()]
    assert found == [(0.1, 4), (0.1, 5), (0.3, 4), (0.3, 5)]
    assert asked.settings()[1] == {"noise.sigma": 0.1, "seed": 5}
    assert {replace(config, seed=0, noise=RunConfig().noise) for config in asked.configs()} == {
        RunConfig()
    }


@pytest.mark.slow
def test_a_sweep_gives_what_its_runs_give_one_by_one(
    tiny: RunConfig, finished: Run, tmp_path: Path
) -> None:
    asked = SweepConfig(tiny, {"noise.sigma": (0.1, tiny.noise.sigma), "seed": (0, 1)})
    pool, ended = HerePool(), list[RunConfig]()
    done = sweep(asked, tmp_path / "sweeps" / "s", lambda: pool, tmp_path, ended.append)
    assert done["finished"] is True
    assert [entry["settings"] for entry in done["entries"]] == asked.settings()
    assert [entry["run"] for entry in done["entries"]] == [run_id(c) for c in asked.configs()]
    assert done["entries"][2]["run"] == finished.id
    assert done["entries"][2]["accuracy"] == {str(T): a for T, a in finished.accuracy.items()}
    assert sorted(map(run_id, ended)) == sorted(map(run_id, asked.configs()))
    assert len(list_runs(tmp_path)) == 4  # the sweep's own folder is no run
    nobody = Mock(side_effect=AssertionError("there is nothing to be trained"))
    again = sweep(asked, tmp_path / "sweeps" / "s", nobody, tmp_path)
    assert again["entries"] == done["entries"]
    assert len(pool.asked) == 4


def test_interrupted_runs_go_on_and_failed_ones_are_told(tiny: RunConfig, tmp_path: Path) -> None:
    killed, bad = Outcome("interrupted", "killed"), Outcome("failed", "planted")
    pool = HerePool(seed_0=[killed], seed_1=[bad], seed_2=[killed] * ATTEMPTS)
    asked = SweepConfig(tiny, {"seed": (0, 1, 2, 3)})
    ended: list[RunConfig] = []
    done = sweep(asked, tmp_path / "s", lambda: pool, tmp_path / "runs", ended.append)
    ids = [run_id(config) for config in asked.configs()]
    assert done["failures"] == {ids[1]: "planted", ids[2]: "killed"}
    assert [entry["run"] for entry in done["entries"]] == [ids[0], ids[3]]
    assert done["finished"] is False
    assert sorted(config.seed for config in ended) == [0, 1, 2, 3]  # each once
    assert pool.asked.count(ids[2]) == ATTEMPTS
    with pytest.raises(SweepError, match=rf"^2 of 4 runs failed: {ids[1]}: planted; {ids[2]}: k"):
        check(done)
    done = sweep(asked, tmp_path / "s", lambda: pool, tmp_path / "runs")
    assert (done["failures"], len(done["entries"])) == ({}, 4)
    check(done)


def test_a_folder_holds_one_sweep(tiny: RunConfig, tmp_path: Path) -> None:
    grid = {"seed": (0,)}
    sweep(SweepConfig(tiny, grid), tmp_path / "s", HerePool, tmp_path / "runs")
    with pytest.raises(RunError, match="other grid\\): choose another folder with --name"):
        sweep(SweepConfig(tiny, {"seed": (1,)}), tmp_path / "s", HerePool, tmp_path / "runs")


@pytest.fixture
def done() -> dict[str, Any]:
    """The result of a sweep over two settings and two seeds, made up."""
    entries = [
        {
            "settings": {"noise.sigma": sigma, "seed": seed, "model.name": "mlp"},
            "run": f"{sigma}-{seed}",
            "accuracy": {str(T): 90 + 10 * sigma + seed + T / 10 for T in range(1, 5)},
            "test_images": 50,
            "training_seconds": 2.0 + seed,
        }
        for sigma in (0.1, 0.3)
        for seed in (0, 2)
    ]
    grid = {"noise.sigma": [0.1, 0.3], "seed": [0, 2], "model.name": ["mlp"]}
    return {"sweep": {"grid": grid}, "entries": entries, "failures": {}}


def test_tables_hold_means_over_seeds(done: dict[str, Any]) -> None:
    rows = list(csv.DictReader(io.StringIO(sweep_csv(done))))
    assert [(row["noise.sigma"], row["timesteps"]) for row in rows] == [
        (sigma, T) for sigma in ("0.1", "0.3") for T in ("1", "2", "4")
    ]
    first = rows[0]  # 91.1 and 93.1
    assert (float(first["accuracy"]), first["seeds"], first["model.name"]) == (92.1, "2", "mlp")
    assert (float(first["lowest"]), float(first["highest"])) == (91.1, 93.1)
    assert float(first["high"]) - 92.1 == pytest.approx(12.706, abs=1e-3)  # t at 0.975, 1 degree
    assert float(first["training_seconds"]) == 3.0
    text = re.sub(" +", " ", sweep_markdown(done))
    assert "| noise.sigma | model.name | seeds | T = 1 | T = 2 | T = 4 | training (s) |" in text
    assert "| 0.3 | mlp | 2 | 94.10 ± 12.71 | 94.20 ± 12.71 | 94.40 ± 12.71 | 3.0 |" in text


def test_a_setting_that_is_called_like_a_column_keeps_its_own(done: dict[str, Any]) -> None:
    for entry, T in zip(done["entries"], (2, 2, 4, 4), strict=True):
        entry["settings"] = {"timesteps": T, "seed": entry["settings"]["seed"]}
        entry["accuracy"] = {str(t): 90.0 for t in range(1, T + 1)}
    done["sweep"]["grid"] = {"timesteps": [2, 4], "seed": [0, 2]}
    header, *rows = csv.reader(io.StringIO(sweep_csv(done)))
    assert header[:3] == ["timesteps", "timesteps", "seeds"]
    assert [tuple(row[:2]) for row in rows] == [
        ("2", "1"),
        ("2", "2"),
        ("4", "1"),
        ("4", "2"),
        ("4", "4"),
    ]


def test_points_are_named_by_their_settings(done: dict[str, Any]) -> None:
    assert [point.label for point in points(done)] == ["sigma 0.1, name mlp", "sigma 0.3, name mlp"]
    curves = points(done)[0].curves
    assert curves.timesteps == [1, 2, 4]
    assert curves.accuracy == (
        pytest.approx((91.1, 91.2, 91.4)),
        pytest.approx((93.1, 93.2, 93.4)),
    )
    for entry in done["entries"]:
        entry["settings"] = {"method": "no-noise", "seed": entry["settings"]["seed"]}
    assert [point.label for point in points(done)] == ["no-noise"]  # a name that figures know


def test_one_seed_has_no_interval(done: dict[str, Any]) -> None:
    done["entries"] = done["entries"][:1]
    row = next(csv.DictReader(io.StringIO(sweep_csv(done))))
    assert (row["low"], row["high"]) == ("", "")
    assert "±" not in sweep_markdown(done).splitlines()[-1]


def test_a_sweep_that_is_refused_leaves_no_folder(tiny: RunConfig, tmp_path: Path) -> None:
    def no_pool() -> None:
        raise ConfigError("no pool")

    with pytest.raises(ConfigError, match="no pool"):
        sweep(SweepConfig(tiny, {"seed": (0, 1)}), tmp_path / "sweep", no_pool, tmp_path)
    assert not (tmp_path / "sweep").exists()


@pytest.mark.parametrize("name", ["my_data:pair", "/some where/my wörk", "/photos.zip"])
def test_a_folder_is_called_as_any_system_allows(name: str) -> None:
    config = from_dict({"data": {"name": name}})
    assert re.fullmatch(r"[a-z0-9-]+", name_of(config))
    assert folder_name(name_of(config))

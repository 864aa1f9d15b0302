"""The race: equal terms, what a kill leaves, and one table from every number."""

from __future__ import annotations

import csv
import importlib
import io
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import torch

from snnlab.data.spec import DataError, DataSpec
from snnlab.runs.config import ConfigError, RunConfig, to_dict
from snnlab.runs.files import RunError, read_json, write_json
from snnlab.runs.methods import METHODS
from snnlab.runs.store import list_runs
from snnlab.studies.race import (
    RaceConfig,
    asked_in,
    description,
    equal_time_epochs,
    learning_rate,
    race,
)
from snnlab.studies.race_table import COLUMNS, race_csv, race_markdown
from snnlab.studies.recorded_race import recorded_runs
from snnlab.studies.study import Step, Watch
from snnlab.studies.tables import mean_text

TIMED = ("seconds_per_image", "peak_memory_mib")
ROOT = Path(__file__).parents[2]


@pytest.fixture
def asked(tiny: RunConfig) -> RaceConfig:
    """A small race under both terms: 8 laps."""
    return RaceConfig(tiny, methods=("noise", "ann"), seeds=2)


@pytest.fixture(scope="module")
def done(tiny: RunConfig, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A finished race with all methods; leave it as it is."""
    return race(RaceConfig(tiny, seeds=2), tmp_path_factory.mktemp("races") / "done")


@pytest.fixture
def steady_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every epoch takes exactly one second, so that equal time means equal epochs."""
    learning = importlib.import_module("snnlab.learning.fit")
    monkeypatch.setattr(learning, "stopwatch", lambda device: count().__next__)


def rows(result: dict[str, Any], *, left_out: tuple[str, ...] = ()) -> list[dict[str, str]]:
    """The CSV of a race, without some columns."""
    found = list(csv.DictReader(io.StringIO(race_csv(result))))
    return [{key: row[key] for key in row if key not in left_out} for row in found]


class Killed(BaseException):
    """As sudden as a kill: nothing in the library catches it."""


def killed_in_lap(number: int) -> Watch:
    """Stops the race after one epoch of this lap."""
    laps: list[Step] = []

    def on_epoch(epoch: object) -> None:
        if laps[-1].number == number:
            raise Killed

    return Watch(on_step=laps.append, on_epoch=on_epoch)


@pytest.mark.sample(1)
@pytest.mark.usefixtures("steady_clock")
@pytest.mark.parametrize("lap", [1, 4])
def test_a_race_stopped_in_the_middle_gives_the_same_table(
    asked: RaceConfig, tmp_path: Path, lap: int
) -> None:
    whole = race(asked, tmp_path / "whole")
    with pytest.raises(Killed):
        race(asked, tmp_path / "cut", killed_in_lap(lap))
    before = {run.id: run.result for run in list_runs(tmp_path / "cut" / "runs") if run.result}
    assert len(before) == lap - 1
    assert not read_json(tmp_path / "cut" / "race.json")["finished"]
    resumed = race(asked, tmp_path / "cut")
    assert rows(resumed, left_out=TIMED) == rows(whole, left_out=TIMED)
    after = {run.id: run.result for run in list_runs(tmp_path / "cut" / "runs")}
    assert {id: after[id] for id in before} == before


@pytest.mark.slow
def test_a_killed_process_leaves_a_race_that_goes_on(asked: RaceConfig, tmp_path: Path) -> None:
    script = (
        "import json, sys\nfrom pathlib import Path\n"
        "from snnlab.runs.config import from_dict\n"
        "from snnlab.studies.race import RaceConfig, race\n"
        "start = from_dict(json.loads(sys.argv[1]))\n"
        "race(RaceConfig(start, methods=('noise', 'ann'), seeds=2), Path('cut'))\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", script, json.dumps(to_dict(asked.config))],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    results, limit = tmp_path / "cut" / "runs", time.monotonic() + 100
    while len(list(results.glob("*/result.json"))) < 2 and child.poll() is None:
        assert time.monotonic() < limit
        time.sleep(0.01)
    child.send_signal(signal.SIGKILL)
    child.wait()
    written = {path: path.read_bytes() for path in results.glob("*/result.json")}
    assert len(written) >= 2
    resumed = race(asked, tmp_path / "cut")
    assert {path: path.read_bytes() for path in written} == written
    assert race_csv(race(asked, tmp_path / "cut")) == race_csv(resumed)


@pytest.mark.slow
def test_a_finished_race_is_not_run_again(asked: RaceConfig, tmp_path: Path) -> None:
    first = race(asked, tmp_path / "race")
    epochs: list[object] = []
    again = race(asked, tmp_path / "race", Watch(on_epoch=epochs.append))
    assert epochs == []
    assert race_csv(again) == race_csv(first)
    assert race_markdown(again).split("\n## ")[1:] == race_markdown(first).split("\n## ")[1:]


def test_a_race_that_does_not_know_what_made_it_is_put_together_again(
    tiny: RunConfig, tmp_path: Path
) -> None:
    asked = RaceConfig(tiny, methods=("noise",), seeds=1, equal_time=False)
    whole = race(asked, tmp_path)
    write_json(
        tmp_path / "race.json", {k: whole[k] for k in whole if k not in ("environment", "hashes")}
    )
    assert race(asked, tmp_path)["entries"] == whole["entries"]


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"device": "mps" if not torch.backends.mps.is_available() else "cuda"}, ConfigError),
        ({"data": DataSpec("digits", train_size=5000)}, DataError),
    ],
)
def test_a_race_that_is_refused_blocks_nobody(
    wrong: dict[str, Any], error: type[Exception], tiny: RunConfig, tmp_path: Path
) -> None:
    asked = RaceConfig(tiny, methods=("noise",), seeds=1, equal_time=False)
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(error):
        race(replace(asked, config=replace(tiny, **wrong)), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
    assert race(asked, tmp_path)["finished"]


@pytest.mark.slow
def test_the_runs_share_all_but_the_method(done: dict[str, Any], tiny: RunConfig) -> None:
    entries = [entry for entry in done["entries"] if entry["terms"] == "equal epochs"]
    assert [(entry["seed"], entry["method"]) for entry in entries] == [
        (seed, method) for seed in (0, 1) for method in METHODS
    ]
    assert {entry["epochs"] for entry in entries} == {tiny.training.epochs}
    assert all(len(entry["seconds_per_epoch"]) == entry["epochs"] for entry in done["entries"])
    for entry in done["entries"]:
        assert entry["training_seconds"] == pytest.approx(sum(entry["seconds_per_epoch"]))


def test_equal_time_gives_the_others_no_less(done: dict[str, Any]) -> None:
    first = [entry for entry in done["entries"] if entry["terms"] == "equal epochs"]
    plan = done["plan"]["equal time"]
    assert plan == equal_time_epochs(first)
    used = {e["method"]: e["epochs"] for e in done["entries"] if e["terms"] == "equal time"}
    assert used == plan


def test_equal_time_epochs_are_rounded_up() -> None:
    def entry(method: str, seconds: float) -> dict[str, Any]:
        return {"method": method, "training_seconds": seconds, "epochs": 10}

    times = {"noise": (10.0, 14.0), "bptt": (30.0, 50.0), "ann": (6.0, 6.0), "slow": (9e3, 9e3)}
    entries = [entry(method, each) for method, pair in times.items() for each in pair]
    # 12 s of noise: bptt does 0.25 epochs a second, ann 1.67
    assert equal_time_epochs(entries) == {"noise": 10, "bptt": 3, "ann": 20, "slow": 1}
    # 40 s of BPTT: noise does 0.83 epochs a second
    assert equal_time_epochs(entries, "bptt") == {"noise": 34, "bptt": 10, "ann": 67, "slow": 1}


def test_another_method_can_be_the_timed_one(tiny: RunConfig, tmp_path: Path) -> None:
    asked = RaceConfig(tiny, ("ann", "bptt"), 1, timed_method="bptt")
    found = race(asked, tmp_path / "race")
    assert asked_in(found) == asked
    first = [entry for entry in found["entries"] if entry["terms"] == "equal epochs"]
    assert found["plan"]["equal time"] == equal_time_epochs(first, "bptt")
    assert "the epochs that fill the training seconds of bptt" in race_markdown(found)


def test_races_without_a_timed_method_are_those_of_older_versions(tiny: RunConfig) -> None:
    assert "timed_method" not in description(RaceConfig(tiny))


def test_no_noise_starts_at_half_the_threshold_unless_told_otherwise(tiny: RunConfig) -> None:
    config = RaceConfig(tiny).run_config("no-noise", 0, 2)
    assert config.acting_neuron.v_init == 0.5
    rest = replace(tiny, neuron=replace(tiny.neuron, v_init=0.0))
    assert RaceConfig(rest).run_config("no-noise", 0, 2).acting_neuron.v_init == 0
    assert RaceConfig(rest).run_config("bptt", 0, 2).acting_neuron.v_init == 0


def test_the_table_holds_every_seed_and_the_cost(done: dict[str, Any]) -> None:
    found = rows(done)
    assert tuple(found[0]) == COLUMNS
    noise = [row for row in found if row["method"] == "noise" and row["terms"] == "equal epochs"]
    assert [(row["seed"], row["timesteps"]) for row in noise] == [
        (seed, T) for seed in "01" for T in "124"
    ]
    entry = done["entries"][0]
    for row, T in zip(noise, (1, 2, 4), strict=False):
        cost = entry["cost"]
        assert float(row["accuracy"]) == entry["accuracy"][str(T)]
        assert float(row["synaptic_operations"]) == cost["synaptic_operations"][T - 1]
        expected = 4.6 * cost["image_operations"] + 0.9 * cost["synaptic_operations"][T - 1]
        assert float(row["nanojoules"]) == pytest.approx(expected / 1000)
        saves = float(row["rate"]) < float(row["break_even_rate"])
        assert saves == (float(row["nanojoules"]) < float(row["ann_nanojoules"]))
    ann = [row for row in found if row["method"] == "ann" and not row["timesteps"]]
    assert len(ann) == 4  # two seeds under two terms


def test_the_markdown_says_what_made_it(done: dict[str, Any]) -> None:
    text = race_markdown(done)
    assert all(f"torch {v}" in text for v in [done["environment"]["versions"]["torch"]])
    for words in ("seeds 0, 1", "## Equal epochs", "## Equal time", "4.6 pJ", "break-even rate"):
        assert words in text
    assert "maximum, half start" in text
    tables = [line for line in text.splitlines() if line.startswith("|")]
    assert all(line.endswith("|") for line in tables)


def test_means_are_shown_with_their_interval() -> None:
    assert mean_text([1.0, 2.0, 3.0], 2) == "2.00 ± 2.48"  # 4.303 / sqrt(3)
    assert mean_text([1.0], 2) == "1.00"
    assert mean_text([1.0, None], 2) == ""


def test_another_race_in_the_folder_is_refused(
    asked: RaceConfig, tmp_path: Path, tiny: RunConfig
) -> None:
    with pytest.raises(Killed):
        race(asked, tmp_path / "race", killed_in_lap(1))
    with pytest.raises(RunError, match=r"holds another race \(other methods, seeds\)"):
        race(RaceConfig(tiny, methods=("noise", "bptt"), seeds=3), tmp_path / "race")


def test_each_method_may_have_a_learning_rate_of_its_own(tiny: RunConfig, tmp_path: Path) -> None:
    asked = RaceConfig(tiny, ("noise", "ann"), 1, learning_rates={"ann": 1e-2})
    found = race(asked, tmp_path)
    trained = {run.config.method: run.config.training for run in list_runs(tmp_path / "runs")}
    own = tiny.training.learning_rate
    assert {name: each.learning_rate for name, each in trained.items()} == {
        "noise": own,
        "ann": 1e-2,
    }
    assert {name: learning_rate(found, name) for name in trained} == {"noise": own, "ann": 1e-2}
    recorded = recorded_runs(found)
    assert recorded["ann"][0].config.training.learning_rate == 1e-2
    assert f"peak learning rates: noise {own:g}, ann 0.01" in race_markdown(found)
    assert asked_in(found) == asked
    with pytest.raises(RunError, match=r"another race \(other learning_rates\)"):
        race(RaceConfig(tiny, ("noise", "ann"), 1), tmp_path)


def test_a_race_from_before_learning_rates_goes_on(tiny: RunConfig, tmp_path: Path) -> None:
    asked = RaceConfig(tiny, ("noise",), 1, equal_time=False)
    assert "learning_rates" not in description(asked)
    found = race(asked, tmp_path)
    assert race(asked, tmp_path) == found
    with pytest.raises(RunError, match=r"another race \(other learning_rates\)"):
        race(replace(asked, learning_rates={"noise": 1e-3}), tmp_path)


def test_a_race_is_no_run(asked: RaceConfig, tmp_path: Path) -> None:
    with pytest.raises(Killed):
        race(asked, tmp_path / "runs" / "races" / "mine", killed_in_lap(1))
    assert list_runs(tmp_path / "runs") == []
    assert list_runs(tmp_path / "runs" / "races") == []
    assert not (tmp_path / "collection.json").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"methods": ()}, "methods must be different ones of noise, .*, got none"),
        ({"methods": ("noise", "noise")}, "got noise, noise"),
        ({"methods": ("noise", "magic")}, "unknown method.* 'magic'; valid: noise"),
        ({"seeds": 0}, "seeds must be at least 1, got 0"),
        ({"methods": ("bptt", "ann")}, "equal time needs method noise, got bptt, ann"),
        ({"methods": ("noise",), "timed_method": "ann"}, "equal time needs method ann, got noise"),
        (
            {"timed_method": "ann", "equal_time": False},
            "timed_method needs the race with equal time, got ann without it",
        ),
        ({"learning_rates": {"magic": 1.0}}, "unknown method.* 'magic'; valid: noise"),
        ({"learning_rates": {"ann": 0}}, r"learning_rates\[ann\] must be a number above 0, got 0"),
        ({"learning_rates": 1e-3}, "learning_rates must be values by name, got 0.001"),
        (
            {"methods": ("noise",), "learning_rates": {"ann": 1e-3}},
            "learning_rates must be of methods that race, noise, got one of ann",
        ),
    ],
)
def test_races_without_sense_are_refused(
    tiny: RunConfig, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        RaceConfig(tiny, **options)

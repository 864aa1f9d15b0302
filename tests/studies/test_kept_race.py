"""A race as a small file: less of it, and the same tables, intervals and verdicts."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snnlab.measure.curve import AccuracyCurve, powers_of_two
from snnlab.runs.config import RunConfig
from snnlab.runs.files import RunError
from snnlab.studies.audit import judge, read_race
from snnlab.studies.kept_race import keep, rising, small_race, without_places
from snnlab.studies.race import RaceConfig, asked_in, race
from snnlab.studies.race_table import race_csv, race_markdown
from snnlab.studies.recorded_race import recorded_runs


@pytest.fixture(scope="module")
def done(tiny: RunConfig, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A finished race, with conversions that run for longer than the others; leave it as it is."""
    config = replace(tiny, conversion_timesteps=120)
    asked = RaceConfig(config, ("noise", "no-noise", "bptt", "ann", "qcfs"), 2)
    return race(asked, tmp_path_factory.mktemp("races") / "done")


@pytest.mark.slow
def test_the_file_gives_the_same_tables_and_verdicts(done: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "results" / "small.json"
    keep(done, file)
    small = read_race(file)
    assert file.stat().st_size < len(json.dumps(done)) / 4
    assert race_markdown(small).split("\n## ")[1:] == race_markdown(done).split("\n## ")[1:]
    assert asked_in(small) == asked_in(done)
    for a, b in zip(judge(small), judge(done), strict=True):
        assert (a.name, a.status, a.seeds, a.reason) == (b.name, b.status, b.seeds, b.reason)
        if b.measured is None:
            assert a.measured is a.interval is None
            continue
        assert a.measured == pytest.approx(b.measured, rel=1e-5, abs=1e-5)
        assert a.interval == pytest.approx(b.interval, rel=1e-5, abs=1e-5)


def test_the_csv_keeps_all_but_conversions_under_equal_time(done: dict[str, Any]) -> None:
    small, whole = (
        [line.split(",") for line in race_csv(one).splitlines()[1:]]
        for one in (small_race(done), done)
    )
    T = 6  # column of the timesteps
    left_out = [row for row in whole if row[0] == "equal time" and row[T] and int(row[T]) > 4]
    there = [row for row in whole if row not in left_out]
    assert len(small) == len(there)
    for a, b in zip(small, there, strict=True):
        for x, y in zip(a, b, strict=True):
            assert x == y or float(x) == pytest.approx(float(y), rel=1e-6)


def test_what_goes_by_neurons_runs_and_epochs_is_not_kept(done: dict[str, Any]) -> None:
    for entry in small_race(done)["entries"]:
        assert not {"run", "hashes", "seconds_per_epoch", "early_exit"} & entry.keys()
        assert not {"rates", "operations"} & entry.get("certificate", {}).keys()
    with pytest.raises(RunError, match="kept without what happened epoch by epoch"):
        recorded_runs(small_race(done))


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=300), st.floats(0, 100))
def test_a_goal_is_first_reached_where_it_was(images: list[int], goal: float) -> None:
    whole = AccuracyCurve([image / 10 for image in images])
    small = rising(whole)
    first = [min((T for T in c if c[T] >= goal), default=max(c)) for c in (small, whole)]
    assert first[0] == first[1]
    assert set(powers_of_two(max(whole))) <= set(small)
    assert max(small) == max(whole)


def test_no_place_on_this_machine_is_kept(done: dict[str, Any]) -> None:
    home = str(Path.home() / "sets" / "images.tar.xz")
    words = ["-c", "race", "--data.name", home, "--out", "a", "--keep=b", "--json", "--seeds", "2"]
    assert without_places(words) == [
        "snnlab",
        "race",
        "--data.name",
        "images.tar.xz",
        "--seeds",
        "2",
    ]
    start = done["race"]["start"]
    elsewhere = start | {"data": start["data"] | {"name": home, "root": home}}
    made_by = done["environment"] | {"command": words}
    text = json.dumps(
        small_race(done | {"race": done["race"] | {"start": elsewhere}, "environment": made_by})
    )
    assert str(Path.home()) + "/sets" not in text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"finished": False}, "the race is not finished"),
        ({"entries": [{"terms": "equal epochs"}]}, "race.json lacks 'cost'"),
        ({"environment": None}, "of another kind than it should be"),
    ],
)
def test_an_unfinished_or_damaged_race_is_refused(
    change: dict[str, Any], message: str, done: dict[str, Any], tmp_path: Path
) -> None:
    with pytest.raises(RunError, match=message):
        keep(done | change, tmp_path / "kept.json")
    assert not (tmp_path / "kept.json").exists()

"""Accuracy against T, of one network and over seeds: what it holds, refuses, and says."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snnlab.measure import AccuracyCurve, SeedCurves, estimate
from snnlab.measure.curve import powers_of_two
from snnlab.measure.statistics import PairedImages

PERCENT = st.floats(0, 100)
BY_TIMESTEPS = st.dictionaries(st.integers(1, 10**9 - 1), PERCENT)


@given(BY_TIMESTEPS)
def test_json_gives_the_same_curve_back(by_timesteps: dict[int, float]) -> None:
    curve = AccuracyCurve(by_timesteps)
    again = AccuracyCurve.from_json(json.loads(json.dumps(curve.to_json(), sort_keys=True)))
    assert dict(again) == by_timesteps
    assert again.timesteps == curve.timesteps == sorted(by_timesteps)
    assert again.accuracy == [by_timesteps[T] for T in sorted(by_timesteps)]


@given(st.data(), st.lists(st.integers(1, 50), min_size=1, max_size=6, unique=True))
def test_curves_over_seeds_hold_what_all_seeds_share(
    data: st.DataObject, shared: list[int]
) -> None:
    each = st.dictionaries(st.integers(51, 60), PERCENT, max_size=1)
    whole = st.fixed_dictionaries(dict.fromkeys(shared, PERCENT))
    seeds = data.draw(st.lists(st.builds(lambda a, b: a | b, each, whole), min_size=2, max_size=4))
    curves = SeedCurves.of(map(AccuracyCurve, seeds))
    assert set(shared) <= set(curves.timesteps)
    for i, T in enumerate(curves.timesteps):
        values = [seed[T] for seed in seeds]
        assert curves.at(T) == curves.estimates[i] == estimate(values)
        assert (curves.mean[i], curves.interval[0][i]) == (
            estimate(values).mean,
            estimate(values).low,
        )
        assert (curves.range[0][i], curves.range[1][i]) == (min(values), max(values))
    assert curves.to_json()["accuracy"] == [[seed[T] for T in curves.timesteps] for seed in seeds]


def test_a_list_begins_at_one_timestep_and_a_mapping_where_it_likes() -> None:
    curve = AccuracyCurve([50, 60, 70], images=10)
    assert curve == {1: 50, 2: 60, 3: 70}
    assert (max(curve), curve[3], curve.at(3), 4 in curve, curve.get(4)) == (3, 70, 70, False, None)
    other = AccuracyCurve({8: 70, 2: 60})
    assert (other.timesteps, other.accuracy) == ([2, 8], [60, 70])
    assert repr(other) == "AccuracyCurve({2: 60.0, 8: 70.0})"
    with pytest.raises(ValueError, match="measured for T = 2, 8, got T = 4"):
        other.only([2, 4])


def test_tables_show_powers_of_two_and_the_end() -> None:
    curve = AccuracyCurve([float(T) for T in range(1, 11)], images=7)
    assert curve.thinned() == {1: 1, 2: 2, 4: 4, 8: 8, 10: 10}
    assert curve.thinned().images == 7
    assert not AccuracyCurve([]).thinned()


def test_the_operations_of_all_stages_are_added_up() -> None:
    curve = AccuracyCurve([50.0, 60.0], [[0.1, 0.2]] * 2, [[10.0, 20.0], [1.0, 2.0]], 5)
    assert curve.synaptic_operations == [11, 22]
    assert curve.entries() == {
        "accuracy": {"1": 50.0, "2": 60.0},
        "rates": [[0.1, 0.2]] * 2,
        "operations": [[10.0, 20.0], [1.0, 2.0]],
        "images": 5,
        "changed": {},
    }
    assert AccuracyCurve([50.0]).synaptic_operations == []


def test_images_that_changed_go_along() -> None:
    curve = AccuracyCurve([50.0, 40.0, 60.0], images=10, changed={1: (0, 0), 2: (2, 1), 3: (1, 2)})
    assert curve.since_1(2) == curve.only([2]).since_1(2) == PairedImages(10, 2, 1)
    entries = curve.entries()
    assert entries["changed"] == {"1": [0, 0], "2": [2, 1], "3": [1, 2]}
    again = AccuracyCurve.from_entries(entries)
    assert again.since_1(3) == PairedImages(10, 1, 2)
    for other in (curve.only([1]), AccuracyCurve([50.0, 40.0])):
        with pytest.raises(ValueError, match="from T = 1 to 2 were not counted"):
            other.since_1(2)


@pytest.mark.parametrize("wrong", [{"1": 3}, {"x": [1, 2]}, [1], {"2": [1, -2]}, {"2": [1.5, 0]}])
def test_json_that_counts_no_images(wrong: Any) -> None:
    with pytest.raises(ValueError, match=r"must hold (images|numbers)"):
        AccuracyCurve.from_json({"1": 50.0}, images=10, changed=wrong)


@pytest.mark.parametrize(
    ("accuracy", "message"),
    [
        ({0: 50.0}, "T must be at least 1, got 0"),
        ({1.5: 50.0}, "T must be a whole number, got 1.5"),
        ([50.0, 100.5], "accuracy must be in percent, 0 to 100, got 50 to 100.5"),
        ([-1.0], "in percent, 0 to 100, got -1 to -1"),
        ([float("nan")], "accuracy must be a finite number, got nan"),
    ],
)
def test_what_is_no_curve(accuracy: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        AccuracyCurve(accuracy)


@pytest.mark.parametrize(
    ("found", "message"),
    [
        ([1.0], r"must hold accuracy by T, got \[1.0\]"),
        ({"01": 1.0}, "must hold accuracy by whole T, got '01'"),
        ({"1": True}, "must hold a number as accuracy at T = 1, got True"),
        ({"1": 101.0}, "in percent, 0 to 100"),
    ],
)
def test_json_that_is_no_curve(found: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        AccuracyCurve.from_json(found)


@pytest.mark.parametrize(
    ("x", "rows", "message"),
    [
        ((), (), r"shape \(0,\), which does not fit points of shape \(0,\)"),
        ((1, 2), (), r"must be \(seeds, 2\)"),
        ((1, 2), ((1.0, 2.0), (1.0,)), r"shape \(2, 1, 2\)"),
        ((2, 2), ((1.0, 2.0),), r"points must rise, got \[2, 2\]"),
        ((1, 2), ((1.0, 200.0),), "in percent, 0 to 100, got 1 to 200"),
    ],
)
def test_what_are_no_curves_over_seeds(x: Any, rows: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SeedCurves(x, rows)


def test_points_need_not_be_timesteps_but_say_so() -> None:
    curves = SeedCurves((0.0, 0.3), ((90.0, 98.0),))
    assert curves.at(0.3).mean == 98
    with pytest.raises(ValueError, match=r"measured at 0, 0\.3, got 1"):
        curves.at(1)
    with pytest.raises(ValueError, match=r"rising positive integers, got \[0.0, 0.3\]"):
        _ = curves.timesteps


@pytest.mark.parametrize(
    ("highest", "powers"),
    [(1, [1]), (2, [1, 2]), (3, [1, 2, 3]), (16, [1, 2, 4, 8, 16]), (20, [1, 2, 4, 8, 16, 20])],
)
def test_powers_of_two_end_with_the_highest(highest: int, powers: list[int]) -> None:
    assert powers_of_two(highest) == powers


@pytest.mark.parametrize("given", [{1: None}, {1: "97"}, [[97, 98]], None, {1: float("nan")}])
def test_what_is_no_accuracy_is_refused_in_words(given):
    with pytest.raises(ValueError, match="accuracy must "):
        AccuracyCurve(given)

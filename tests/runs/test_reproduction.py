"""A run that was trained once more, and what is said of it."""

from __future__ import annotations

from dataclasses import replace

from snnlab.measure.curve import AccuracyCurve
from snnlab.runs.reproduction import accuracy_in_words, first_time, once_more
from snnlab.runs.store import Run


def test_the_same_run_is_the_same(mine: Run) -> None:
    assert once_more(mine, first_time(mine)).splitlines() == [
        f"Accuracy is the same at every T from 1 to {max(mine.accuracy)}.",
        "The weights are the same, byte for byte.",
        "Code, versions and hardware are those of the first time.",
    ]


def test_what_is_different_is_named(mine: Run) -> None:
    first = first_time(mine)
    first["environment"]["hardware"] = mine.environment["hardware"] | {"threads": 7}
    first["environment"]["versions"] = {"torch": "1.0"}
    first["accuracy"] |= {"2": mine.accuracy[2] - 1.5}
    first["weights"] = "0" * 64
    said = once_more(mine, first)
    now = mine.environment["hardware"]["threads"]
    assert "1.50 points apart at most, at T = 2." in said
    assert "not the same, byte for byte" in said
    assert f"threads was 7, now {now}" in said
    assert "torch was '1.0', now" in said
    assert "processor" not in said


def test_weights_of_a_run_that_was_deleted_are_not_compared(mine: Run) -> None:
    gone = replace(mine, folder=mine.folder.with_name("gone"))
    assert "weights of the first time were not there" in once_more(mine, first_time(gone))


def test_curves_without_a_common_point() -> None:
    assert accuracy_in_words(AccuracyCurve([]), AccuracyCurve([90.0])).startswith("There is no")

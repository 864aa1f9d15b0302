"""The race as a film: its numbers, its moments and its sentences, from recorded trainings."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.markers import MarkerStyle

from snnlab.measure.curve import AccuracyCurve
from snnlab.runs.config import RunConfig, to_dict
from snnlab.runs.files import RunError
from snnlab.runs.methods import METHODS
from snnlab.runs.recorded import Recorded, recorded
from snnlab.runs.store import Run
from snnlab.show.accuracy import accuracy_against_timesteps
from snnlab.show.films import race
from snnlab.show.films.race import HIGHEST, MOST, TRAINING, Course, axis, racers_of
from snnlab.show.style import marker_path
from snnlab.studies.race import TERMS, entry
from snnlab.studies.recorded_race import recorded_runs
from tests.runs.conftest import finished, mine

__all__ = ["finished", "mine"]

MACHINE = {"processor": "Abacus 3000", "threads": 1}
AT = (1, 2, 4, 8, 16, 32)


def training(
    method: str,
    seconds: float,
    *accuracy: float,
    epochs: int = 4,
    seed: int = 0,
    last: float = 97.0,
    on: dict[str, Any] = MACHINE,
) -> Recorded:
    """A training whose epochs take equally long, with accuracy at T = 1, 2, 4, 8, 16, 32."""
    base = RunConfig()
    config = replace(base, method=method, seed=seed, training=replace(base.training, epochs=epochs))
    curve = AccuracyCurve(dict(zip(AT, accuracy, strict=True)), images=400)
    heights = tuple(np.linspace(40, last, epochs).tolist())
    return Recorded(config, (seconds,) * epochs, heights, curve, on)


def three(**changed: Recorded) -> dict[str, list[Recorded]]:
    """Noise, no noise, and BPTT, which takes four times as long."""
    runs = {
        "noise": training("noise", 2.0, 97.5, 98.0, 98.25, 98.5, 98.5, 98.5),
        "no-noise": training("no-noise", 1.5, 97.75, 97.0, 90.0, 85.0, 80.0, 75.0),
        "bptt": training("bptt", 8.0, 90.0, 97.0, 98.5, 98.25, 98.0, 98.0),
    }
    return {name: [run] for name, run in (runs | changed).items()}


def said(runs: dict[str, list[Recorded]]) -> dict[str, str]:
    """The sentences of a film by the name of their chapter, with plain blanks."""
    chapters = race(runs).chapters
    return {chapter.name: chapter.said.replace("\u00a0", " ") for chapter in chapters}


def told_entries(runs: dict[str, list[Recorded]], *left_out: str) -> dict[str, Any]:
    """These runs as race.json holds them, less some keys of its entries."""
    entries = [
        {
            "method": run.config.method,
            "seed": run.config.seed,
            "terms": TERMS[0],
            "run": f"run-{run.config.method}",
            "epochs": len(run.seconds),
            "seconds_per_epoch": list(run.seconds),
            "validation_accuracy": list(run.validation),
            "accuracy": run.accuracy.to_json(),
            "test_images": 400,
        }
        for own in runs.values()
        for run in own
    ]
    kept = [{key: value for key, value in one.items() if key not in left_out} for one in entries]
    start = to_dict(replace(RunConfig(), method="target-noise"))
    asked = {"start": start, "methods": list(runs), "seeds": [0]}
    return {
        "race": asked,
        "finished": True,
        "environment": {"hardware": MACHINE},
        "entries": kept,
    }


def test_a_line_holds_the_numbers_of_race_json() -> None:
    result = told_entries(three())
    film = race(recorded_runs(json.loads(json.dumps(result))))
    assert [line["name"] for line in film.scene["racers"]] == [
        METHODS[name].title for name in ("noise", "no-noise", "bptt")
    ]
    for line, found in zip(film.scene["racers"], result["entries"], strict=True):
        assert line["ends"] == pytest.approx(np.cumsum(found["seconds_per_epoch"]).tolist())
        assert line["validation"] == pytest.approx(found["validation_accuracy"], abs=1e-5)
        by_T = {int(T): value for T, value in found["accuracy"].items() if int(T) <= HIGHEST}
        assert dict(zip(line["timesteps"], line["accuracy"], strict=True)) == by_T
        assert line["band"] is None


def test_the_clock_runs_in_proportion_and_its_scale_is_said_exactly() -> None:
    film = race(three())
    scale, start = film.scene["scale"], film.scene["start"]
    assert (
        f"1 s of film is {scale:g} s of training on Abacus 3000, 1 thread."
        in said(three())["Training"]
    )
    assert 0.9 * TRAINING < 32.0 / scale <= TRAINING
    by_name = {chapter.name: chapter.at for chapter in film.chapters}
    assert by_name["The first is trained"] == pytest.approx(start + 6.0 / scale, abs=0.01)
    assert by_name["All are trained"] == pytest.approx(start + 32.0 / scale, abs=0.01)
    assert {0.0, by_name["All are trained"], by_name["The numbers"]} <= set(film.steps)
    frames = [at for T, at in film.scene["frames"]]
    assert [T for T, _ in film.scene["frames"]] == [1, 2, 4, 8, 16]
    assert set(frames) <= set(film.steps)
    assert max(by_name["All are trained"] + 1, *film.scene["turn"]) <= frames[0]
    assert by_name["More timesteps"] == frames[0]  # its first picture shows what it speaks of


def test_the_last_picture_is_that_of_the_figure() -> None:
    runs = {
        name: [replace(own[0], accuracy=shifted(own[0].accuracy, by)) for by in (-0.5, 0.0, 1.25)]
        for name, own in three().items()
    }
    film = race(runs)
    curves = {racer.look.name: racer.curves for racer in racers_of(runs, None)}
    ax = accuracy_against_timesteps({name: curves[METHODS[name].title] for name in runs})
    drawn = [line for line in ax.lines if len(line.get_xdata()) > 1]
    for line, found in zip(film.scene["racers"], drawn, strict=True):
        assert line["timesteps"] == list(found.get_xdata())
        assert line["accuracy"] == pytest.approx(list(found.get_ydata()), abs=1e-5)
        assert line["band"][0][0] < line["accuracy"][0] < line["band"][1][0]
    assert film.scene["axes"]["accuracy"]["limits"] == pytest.approx(ax.get_ylim())
    assert film.words["accuracy"] == ax.get_ylabel()
    assert film.words["timesteps"] == ax.get_xlabel()
    ax.figure.clear()
    from matplotlib import pyplot

    pyplot.close(ax.figure)


def shifted(curve: AccuracyCurve, by: float) -> AccuracyCurve:
    return AccuracyCurve({T: value + by for T, value in curve.items()}, images=curve.images)


def test_who_is_ahead_is_said_whoever_it_is() -> None:
    words = said(three())
    assert "At T = 1 without noise is ahead with 97.75 %, by 0.25 points." in words["The numbers"]
    assert "At T = 4 BPTT is ahead with 98.50 %, by 0.25 points." in words["The numbers"]
    assert "At T = 16 with noise is ahead with 98.50 %, by 0.50 points." in words["The numbers"]
    assert "6 s (without noise) to 32 s (BPTT)" in words["The numbers"]
    assert "One image of 400 is 0.25 points." in words["The numbers"]
    assert "32 s: 4 times as long as with noise" in words["All are trained"]
    assert "BPTT is in epoch 1 of 4." in words["The first is trained"]
    quick = three(bptt=training("bptt", 1.0, *[99.0] * 6))
    assert "At T = 1 BPTT is ahead with 99.00 %" in said(quick)["The numbers"]
    assert "BPTT is trained, after 4 s." in said(quick)["The first is trained"]
    assert "8 s: 2 times as long as BPTT" in said(quick)["All are trained"]


def test_equals_are_named_together() -> None:
    same = [98.0] * 6
    tied = {name: [training(name, 1.0, *same)] for name in ("noise", "bptt")}
    assert "At T = 1 all have 98.00 %." in said(tied)["The numbers"]
    third = tied | {"no-noise": [training("no-noise", 1.0, *[97.0] * 6)]}
    assert (
        "At T = 1 with noise and BPTT are ahead with 98.00 %, by 1.00 points."
        in said(third)["The numbers"]
    )


def test_of_trainings_that_took_equally_long_none_is_said_to_be_quicker() -> None:
    same = three()["noise"]
    words = said({"noise": same, "again": same})
    assert "Again is trained, after 8 s: about as long as with noise." in words["All are trained"]
    assert "Training took" not in words["The numbers"]


def test_no_line_of_a_sentence_ends_within_a_number() -> None:
    for chapter in race(three()).chapters:
        assert not re.search(r"\d (%|s\b)|T =|= \d", chapter.said), chapter.said


def test_the_timesteps_of_the_validation_are_said() -> None:
    with_ann = three() | {"ann": [training("ann", 1.0, *[90.0] * 6)]}
    words = said(with_ann)
    assert (
        "T = 1 (with noise and without noise); T = 4 (BPTT); without timesteps (ANN, converted)"
        in words["Training"]
    )
    assert "What did not spike is converted first: ANN, converted." in words["More timesteps"]
    assert "converted" not in said(three())["More timesteps"]


def test_without_a_method_or_with_one_alone_it_is_a_film_as_well() -> None:
    both = {name: own for name, own in three().items() if name != "bptt"}
    assert "BPTT" not in race(both).text()
    alone = race({"bptt": three()["bptt"]})
    assert [chapter.name for chapter in alone.chapters] == [
        "Training",
        "All are trained",
        "More timesteps",
        "The numbers",
    ]
    assert "times as long" not in alone.text()
    assert "At T = 1 BPTT has 90.00 %." in alone.alt


def test_what_is_not_equal_is_said() -> None:
    other = training("bptt", 8.0, *[98.0] * 6, epochs=9, on={"gpu": "Vast", "processor": "x"})
    words = said(three(bptt=other))["Training"]
    assert "4 and 9 epochs, not the same for all" in words
    assert "not all on the same machine: Abacus 3000, 1 thread and Vast." in words
    assert "not" not in said(three())["Training"]


def test_seeds_are_one_line_their_mean() -> None:
    pair = [
        training("noise", 2.0, *[98.0] * 6),
        training("noise", 4.0, *[97.0] * 6, seed=1, last=99.0),
    ]
    film = race({"noise": pair})
    (line,) = film.scene["racers"]
    assert line["ends"] == [3.0, 6.0, 9.0, 12.0]
    assert line["validation"][-1] == 98.0
    assert line["accuracy"] == [97.5] * 5
    assert line["band"] == [[97.0] * 5, [98.0] * 5]
    assert "mean of 2 seeds" in film.alt
    assert "Band: lowest to highest seed." in said({"noise": pair})["More timesteps"]
    uneven = [pair[0], training("noise", 1.0, *[97.0] * 6, epochs=5)]
    with pytest.raises(ValueError, match="'noise' must have trained equally long, got 4, 5"):
        race({"noise": uneven})


def test_two_lines_of_a_method_have_names_and_looks_of_their_own() -> None:
    runs = {"noise": three()["noise"], "with noise, σ = 0.1": three()["noise"]}
    first, second = race(runs, names={"noise": "with noise, σ = 0.29"}).scene["racers"]
    assert (first["name"], second["name"]) == ("with noise, σ = 0.29", "with noise, σ = 0.1")
    for part in ("hue", "marker", "dashes"):
        assert first[part] != second[part]


def test_too_many_or_no_lines_are_refused() -> None:
    with pytest.raises(ValueError, match=f"1 to {MOST} lines, got 0"):
        race({})
    many = {f"line {number}": three()["noise"] for number in range(MOST + 1)}
    with pytest.raises(ValueError, match=f"got {MOST + 1}"):
        race(many)
    with pytest.raises(ValueError, match=r"'noise' must have trained equally long, got no run"):
        race({"noise": []})


def test_all_lines_that_a_race_has_by_default_are_below_two_megabytes() -> None:
    many = [f * 0.1 + 90 for f in range(6)]
    runs = {
        name: [training(name, 1.0, *many, epochs=200, seed=seed) for seed in range(5)]
        for name in METHODS
    }
    assert len(race(runs).page().encode()) < 200_000  # a tenth of what is allowed


def test_an_older_race_is_read_from_the_runs_beside_it(finished: Run, tmp_path: Path) -> None:
    now = entry(finished, TERMS[0])
    old = {k: v for k, v in now.items() if k != "validation_accuracy"} | {"environment": None}
    assert finished.config is not None
    asked = {"start": to_dict(finished.config)}
    result = {"race": asked, "finished": True, "entries": [old], "environment": {}}
    with pytest.raises(RunError, match="race once more, and it is"):
        recorded_runs(result)
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / finished.id).symlink_to(finished.folder)
    (found,) = recorded_runs(result, tmp_path)["noise"]
    assert found == recorded(finished)
    (same,) = recorded_runs({**result, "entries": [now]}, tmp_path / "nowhere")["noise"]
    assert (same.seconds, same.validation) == (found.seconds, found.validation)
    assert same.accuracy == found.accuracy
    assert same.config == found.config


def test_a_run_that_was_stopped_says_so(mine: Run) -> None:
    with pytest.raises(RunError, match="is not finished, it is interrupted after epoch 2"):
        recorded(replace(mine, status="interrupted", result=None))
    bare = [epoch | {"seconds": None} for epoch in mine.metrics]
    with pytest.raises(RunError, match="does not say how long each epoch took"):
        recorded(replace(mine, metrics=bare))
    blind = [epoch | {"validation_accuracy": None} for epoch in mine.metrics]
    with pytest.raises(RunError, match="what accuracy the network had after each epoch"):
        recorded(replace(mine, metrics=blind))


def test_a_race_that_goes_on_or_is_spoiled_is_refused_in_words() -> None:
    with pytest.raises(RunError, match="the race is not finished"):
        recorded_runs({"finished": False})
    with pytest.raises(RunError, match="the race is damaged"):
        recorded_runs({"finished": True, "race": {}})


@pytest.mark.parametrize("marker", sorted({method.look.marker for method in METHODS.values()}))
def test_a_marker_is_as_large_as_in_figures(marker: str) -> None:
    numbers = np.array(
        [float(n) for n in marker_path(marker).translate(str.maketrans("MLCQZ", "     ")).split()]
    ).reshape(-1, 2)
    style = MarkerStyle(marker)
    points = style.get_path().transformed(style.get_transform()).vertices
    assert np.abs(numbers).max(0) == pytest.approx(np.abs(points).max(0), abs=1e-3)


def test_ticks_lie_within_the_axis() -> None:
    found = axis((97.3, 99.9))
    assert [text for _, text in found["ticks"]] == ["97.5", "98", "98.5", "99", "99.5"]


def test_the_ends_are_told_apart_in_height() -> None:
    low, high = Course(racers_of(three(), None)).heights()
    assert 40 < low < 90  # the beginnings lie below
    assert high - 97.0 > 0.1 * (high - low)

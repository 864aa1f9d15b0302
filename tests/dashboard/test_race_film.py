"""Runs and races as a film on the page Compare."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from snnlab.runs.files import read_json, write_json
from snnlab.runs.store import list_runs
from snnlab.show.films.race import MOST
from snnlab.studies.race import RaceConfig, race
from tests.dashboard.conftest import SMALL, Open


def films(app: AppTest) -> list[dict[str, Any]]:
    """What the films of a page are given."""
    assert not app.exception
    found = [
        element.proto.bytes
        for element in app.get("bidi_component")
        if element.proto.component_name == "snnlab.film"
    ]
    return [json.loads(sent.split(b"\n")[0]) for sent in found]


@pytest.mark.slow
def test_the_chosen_runs_become_a_film_once_somebody_asks(runs: Path, open_page: Open) -> None:
    ids = ",".join(found.id for found in list_runs(runs))
    app = open_page("compare", run=ids)
    assert films(app) == []
    app.toggle(key="compare:film").set_value(True).run()
    assert app.query_params["film"] == "1"
    (film,) = films(app)
    assert [line["name"] for line in film["scene"]["racers"]] == [
        "with noise, σ = 0.289",
        "without noise, from rest",
    ]
    by_method = {found.config.method: found for found in list_runs(runs) if found.config}
    for line, method in zip(film["scene"]["racers"], ("noise", "no-noise"), strict=True):
        found = by_method[method]
        assert line["ends"][-1] == pytest.approx(found.result["training_seconds"], abs=1e-5)
        assert line["accuracy"] == pytest.approx(list(found.accuracy.values()), abs=1e-5)
    (again,) = films(open_page("compare", run=ids, film="1", view="Operations"))
    assert again == film


def test_a_run_that_does_not_remember_its_epochs_is_named(runs: Path, open_page: Open) -> None:
    first, second = list_runs(runs)
    spoil(first.folder / "metrics.jsonl")
    app = open_page("compare", run=f"{first.id},{second.id}", film="1")
    (film,) = films(app)
    assert len(film["scene"]["racers"]) == 1
    said = " ".join(warning.value for warning in app.warning).replace("\\", "")
    assert f"Not in the film: run '{first.id}' does not say how long each epoch took." in said
    spoil(second.folder / "metrics.jsonl")
    app = open_page("compare", run=f"{first.id},{second.id}", film="1")
    assert films(app) == []
    assert "none of them remembers its epochs" in app.warning[-1].value.replace("\\", "")


def spoil(path: Path) -> None:
    """Metrics without seconds."""
    epochs = [json.loads(line) for line in path.read_text().splitlines()]
    path.write_text("".join(json.dumps(epoch | {"seconds": None}) + "\n" for epoch in epochs))


def test_more_lines_than_there_is_room_for_are_refused_in_words(
    runs: Path, open_page: Open
) -> None:
    source, ids = list_runs(runs)[0].folder, []
    for number in range(MOST + 1):
        ids.append(f"copy-{number}")
        shutil.copytree(source, runs / ids[-1])
        config = read_json(runs / ids[-1] / "config.json")
        config["training"]["learning_rate"] = 0.001 * (number + 1)
        write_json(runs / ids[-1] / "config.json", config)
        result = read_json(runs / ids[-1] / "result.json")
        del result["hashes"]
        write_json(runs / ids[-1] / "result.json", result)
    app = open_page("compare", run=",".join(ids), film="1")
    assert films(app) == []
    assert f"1 to {MOST} lines, got {MOST + 1}" in app.warning[-1].value.replace("\\", "")


@pytest.mark.slow
def test_a_race_becomes_a_film_an_older_one_from_its_runs(
    empty: Path, open_page: Open, tmp_path: Path
) -> None:
    asked = RaceConfig(
        replace(SMALL, timesteps=4, conversion_timesteps=4),
        methods=("noise", "bptt"),
        seeds=1,
        equal_time=False,
    )
    folder = empty / "races" / "small"
    race(asked, folder)
    link = {"view": "Race and audit", "film": "1"}
    (film,) = films(open_page("compare", **link))
    assert [line["name"] for line in film["scene"]["racers"]] == ["with noise", "BPTT"]
    kept = read_json(folder / "race.json")
    del kept["hashes"]  # as in a race of an older version
    for entry in kept["entries"]:
        del entry["validation_accuracy"]
    write_json(folder / "race.json", kept)
    (older,) = films(open_page("compare", **link))
    assert older["scene"]["racers"] == film["scene"]["racers"]
    for entry in kept["entries"]:
        del entry["run"]
    write_json(folder / "race.json", kept)
    app = open_page("compare", **link)
    assert films(app) == []
    assert "without what happened epoch by epoch" in app.warning[-1].value.replace("\\", "")

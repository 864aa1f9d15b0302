"""Races and the audit on the page Compare."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

from snnlab.studies.claims import Status
from snnlab.studies.race import RaceConfig, race
from tests.dashboard.conftest import SMALL, Open


@pytest.fixture(scope="module")
def raced(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of runs with a race in it."""
    root = tmp_path_factory.mktemp("raced") / "runs"
    short = replace(SMALL, timesteps=4, conversion_timesteps=4)
    asked = RaceConfig(short, methods=("noise", "no-noise", "ann"), seeds=1, equal_time=False)
    race(asked, root / "races" / "small")
    return root


def test_a_race_shows_claims_a_chart_and_all_numbers(
    raced: Path, empty: Path, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SNNLAB_RUNS", str(raced))
    app = open_page("compare", view="Race and audit")
    assert not app.exception
    assert not app.warning
    subheaders = [element.value for element in app.subheader]
    assert subheaders[-1] == "The race, equal epochs"
    for box in ("numbers-race", "all-measured", "neuron-claims"):
        app.session_state[box] = True
    (table,) = [frame.value for frame in app.run().dataframe]
    assert set(table["name"]) == {"with noise", "without noise", "ANN, converted"}
    assert sorted(set(table["T"])) == [1, 2, 3, 4]
    verdicts = " ".join(element.value for element in app.markdown)
    assert any(f"{status.capitalize()}" in verdicts for status in get_args(Status))
    assert verdicts.count("A neuron with noise is more like a living one") == 2
    assert "## Cost per image" in verdicts


def test_a_damaged_race_is_said_in_words(runs: Path, open_page: Open) -> None:
    (runs / "races" / "broken").mkdir(parents=True)
    (runs / "races" / "broken" / "race.json").write_text('{"finished": true}')
    app = open_page("compare", view="Race and audit")
    assert not app.exception
    assert "cannot be shown" in app.warning[0].value.replace("\\", "")

"""What visitors are called."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from snnlab.dashboard.nicknames import (
    ANIMALS,
    FILE,
    KINDS,
    MOST_KEPT,
    NicknameError,
    called,
    choose,
    made_up,
    nicknames,
    settle,
)
from snnlab.dashboard.screen import escaped
from tests.dashboard.conftest import VISITOR, Open
from tests.dashboard.fake_engine import FakeEngine
from tests.dashboard.test_pages import press, words


def test_words_that_are_made_up() -> None:
    assert len(set(KINDS.split())) == len(set(ANIMALS.split())) == 64
    assert made_up(VISITOR) == made_up(VISITOR)
    assert VISITOR[:4] not in made_up(VISITOR)
    found = {made_up(f"{number:016x}") for number in range(1000)}
    assert len(found) > 850  # spread over all 4096


def test_thirty_are_told_apart(tmp_path: Path) -> None:
    """However their ids fall: who asks for a run has a name that nobody else has."""
    visitors = [secrets.token_hex(8) for _ in range(300)]
    for visitor in visitors:
        settle(tmp_path, visitor)
    names = nicknames(tmp_path)
    assert len({called(visitor, names) for visitor in visitors}) == 300
    before = dict(names)
    settle(tmp_path, visitors[0])
    assert nicknames(tmp_path) == before


def test_who_comes_second_gets_a_number(tmp_path: Path) -> None:
    assert choose(tmp_path, "a", " Ada \n") == "Ada"
    assert choose(tmp_path, "b", "ada") == "ada (2)"
    assert choose(tmp_path, "c", "ADA") == "ADA (3)"
    assert choose(tmp_path, "a", "Ada") == "Ada"  # one's own is no other's
    assert choose(tmp_path, "b", "Bob") == "Bob"
    assert nicknames(tmp_path) == {"a": "Ada", "b": "Bob", "c": "ADA (3)"}
    assert choose(tmp_path, "c", "") == made_up("c")


@pytest.mark.parametrize("wanted", ["x" * 25, "...", "12", "a\u202eb", "a\u0000", "\u200b"])
def test_what_is_no_name_is_refused(wanted: str, tmp_path: Path) -> None:
    with pytest.raises(NicknameError, match="a nickname has 1 to 24 characters"):
        choose(tmp_path, "a", wanted)
    assert nicknames(tmp_path) == {}


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"a": 3, "b": ""}', '{"a": "' + "x" * 999 + '"}', "\0"]
)
def test_a_damaged_file_names_nobody(text: str, tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(text)
    assert nicknames(tmp_path) == {}
    assert choose(tmp_path, "a", "Ada") == "Ada"


@pytest.mark.slow
def test_the_oldest_names_are_forgotten(tmp_path: Path) -> None:
    for number in range(MOST_KEPT + 3):
        choose(tmp_path, str(number), f"n{number}")
    assert len(nicknames(tmp_path)) == MOST_KEPT
    assert "0" not in nicknames(tmp_path)


@pytest.mark.slow
def test_a_name_is_shown_in_the_queue_and_on_runs(
    runs: Path, open_page: Open, engine: FakeEngine
) -> None:
    app = open_page("train")
    app.text_input[0].set_value("<b>*Ada*")
    press(app, "Save")
    assert not app.exception
    press(app, "Start")
    other = press(open_page("train", visitor="f" * 16, sigma="0.1"), "Start")
    assert f"Before it: {escaped('<b>*Ada*')}." in words(other)
    (mine, theirs) = engine.jobs()
    (runs / mine.id).mkdir()
    table = open_page("runs").dataframe[0].value
    assert "<b>*Ada*" in list(table["by"])
    assert nicknames(runs)["f" * 16] == made_up("f" * 16)
    assert theirs.user == "f" * 16


def test_a_name_that_is_none_is_said(runs: Path, open_page: Open) -> None:
    app = open_page("runs")
    app.text_input[1].set_value("123")
    press(app, "Save")
    assert "a nickname has 1 to 24 characters" in app.error[0].value.replace("\\", "")

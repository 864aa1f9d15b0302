"""The shape of answers: progress bars, JSON, columns of text."""

from __future__ import annotations

import io
import sys

import pytest

from snnlab.cli.answer import finite, table
from snnlab.cli.main import main


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_a_progress_bar(
    options: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    assert main([*options, "--json"]) == 0
    assert "train noise, seed 0" in terminal.getvalue()
    assert "/16 steps, epoch" in terminal.getvalue()
    assert capsys.readouterr().out.count("\n") == 1


def test_numbers_that_json_lacks_become_null() -> None:
    value = {"a": float("nan"), 2: [float("inf"), 1.5, (True, None)], "b": {"c": "x"}}
    assert finite(value) == {"a": None, "2": [None, 1.5, [True, None]], "b": {"c": "x"}}


def test_numbers_stand_flush_right_under_their_names() -> None:
    assert table(["run", "T = 1"], [["long name", "9.5"], ["x", "100.00"]]).split("\n") == [
        "run          T = 1",
        "---------  -------",
        "long name      9.5",
        "x           100.00",
    ]

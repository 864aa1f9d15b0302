"""What `--help` says: on a screen, within the width, and nothing that is not so."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Callable
from typing import Any

import pytest
import tyro

from snnlab.cli.help import USUAL, options
from snnlab.cli.main import COMMANDS, asked_for
from snnlab.runs.store import FOLDER

Ask = Callable[..., Any]
EXPERIMENTS = ["noise calibrate", "noise sweep", "noise break", "noise robustness"]
EVERY = [*(name for name in COMMANDS if name != "noise"), *EXPERIMENTS]
LONG = ["train", "race", "sweep", *EXPERIMENTS]


def options_in(text: str) -> set[str]:
    """What stands at the beginning of lines of a help."""
    return set(re.findall(r"^[ │]*(--[a-z][a-z0-9.-]*)", text, re.MULTILINE))


@pytest.mark.parametrize("command", EVERY)
def test_the_parser_takes_the_options_that_are_listed(command: str) -> None:
    asked = asked_for(command.split())
    start = {} if asked.default is None else {"default": asked.default}
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.suppress(SystemExit):
        flags = (tyro.conf.FlagCreatePairsOff,)
        tyro.cli(asked.kind, args=["--help"], config=flags, **start)  # type: ignore[call-overload]
    listed = {one.name for one in options(asked.default or asked.kind) if one.name[0] == "-"}
    assert listed == options_in(said.getvalue().replace("-h, --help", ""))


@pytest.mark.parametrize("columns", [60, 80, 132])
@pytest.mark.parametrize("asking", ["--help", "--help-all"])
def test_no_line_is_wider_than_the_terminal(
    columns: int, asking: str, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    for command in ["", "noise", *EVERY]:
        said = ask(*command.split(), asking)
        assert (said.status, said.err) == (0, "")
        assert max(map(len, said.out.splitlines())) <= columns, command


@pytest.mark.parametrize("command", LONG)
def test_a_long_help_fits_a_screen_and_says_where_the_rest_is(command: str, ask: Ask) -> None:
    short, whole = (ask(*command.split(), form).out for form in ("--help", "--help-all"))
    assert len(short.splitlines()) <= {"race": 42, "train": 30, "sweep": 30}.get(command, 34)
    assert "--preset NAME" in short
    assert "--help-all shows every option, --help GROUP" in " ".join(short.splitlines()[-3:])
    assert options_in(short) < options_in(whole)
    groups = re.findall(r"[a-z-]+(?=[,.])", " ".join(short.split()).split("those of a group:")[1])
    found = [options_in(ask(*command.split(), "--help", group).out) for group in groups]
    assert all(found)
    assert set(USUAL) - {"--config", "--preset"} <= set().union(*found)


def test_ways_to_ask(ask: Ask) -> None:
    wanted = ask("train", "--help")
    for args in (["train", "-h"], ["help", "train"], ["train", "help"]):
        assert ask(*args) == wanted
    one = ask("train", "--preset", "mnist", "--help", "epochs").out
    assert options_in(one) == {"--training.epochs"}


def test_the_default_folder_is_that_of_the_environment(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FOLDER, "elsewhere/mine")
    for command in EVERY:
        said = ask(*command.split(), "--help").out
        assert ("--runs PATH" in said) == ("[elsewhere/mine]" in said), command

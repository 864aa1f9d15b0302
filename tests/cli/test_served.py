"""`snnlab app` and `snnlab lab`: which options are ours, and what the servers get."""

from __future__ import annotations

import os
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from snnlab.cli import answer
from snnlab.cli.main import main
from snnlab.cli.served import divided
from snnlab.dashboard import opening

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("words", "own", "further"),
    [
        ([], [], ()),
        (["train", "--no-browser", "--x"], ["train", "--no-browser", "--x"], ()),
        (["app"], ["app"], ()),
        (["app", "--no-browser"], ["app", "--no-browser"], ()),
        (["app", "--server.port", "8600"], ["app"], ("--server.port", "8600")),
        (["app", "--server.port=1", "--help"], ["app", "--help"], ("--server.port=1",)),
        (["lab", "here", "--port", "8890"], ["lab", "here"], ("--port", "8890")),
        (["lab", "--no-browser", "here"], ["lab", "--no-browser", "here"], ()),
        (["lab", "--port", "1", "x"], ["lab"], ("--port", "1", "x")),
    ],
)
def test_options_are_divided(words: list[str], own: list[str], further: tuple[str, ...]) -> None:
    assert divided(words) == (own, further)


@pytest.fixture
def streamlit_gets(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What Streamlit is asked for, in place of a server."""
    from streamlit.web import cli

    asked: list[str] = []
    monkeypatch.setattr(cli, "main", lambda words, **how: asked.extend(words))
    monkeypatch.setattr(opening, "shown_by", [])
    return asked


def test_the_dashboard_is_served_to_this_machine_in_silence(streamlit_gets: list[str]) -> None:
    assert main(["app", "--no-browser"]) == 0
    assert streamlit_gets == ["run", str(ROOT / "app.py")]
    assert opening.shown_by == []
    settings = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    assert settings["server"]["address"] == "127.0.0.1"
    assert settings["server"]["showEmailPrompt"] is False
    assert settings["browser"]["gatherUsageStats"] is False


def test_what_the_user_says_of_the_server_goes_on(streamlit_gets: list[str]) -> None:
    assert main(["app", "--server.address=0.0.0.0", "--server.port", "8600"]) == 0
    assert streamlit_gets[2:] == ["--server.address=0.0.0.0", "--server.port", "8600"]
    assert opening.shown_by == [opening.show_in_browser]


def test_an_option_that_streamlit_does_not_know_is_one_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["app", "--server.prt", "8600"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("snnlab: No such option")
    assert "--server.prt" in said
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("platform", "environment", "opened"),
    [
        ("linux", {}, False),
        ("linux", {"DISPLAY": ":0"}, True),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, True),
        ("darwin", {}, True),
        ("win32", {}, True),
    ],
)
def test_a_browser_is_opened_where_there_is_a_screen(
    platform: str, environment: dict[str, str], opened: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(opening, "BROWSER_DELAY", 0)
    monkeypatch.setattr(opening, "open_browser", asked.append)
    timers: list[Any] = []
    real = opening.threading.Timer

    def timer(*arguments: Any) -> Any:
        timers.append(real(*arguments))
        return timers[-1]

    monkeypatch.setattr(opening.threading, "Timer", timer)
    opening.show_in_browser("http://127.0.0.1:8501/")
    for one in timers:
        one.join()
    assert asked == ["http://127.0.0.1:8501/"] * opened


@pytest.fixture
def jupyter_gets(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What JupyterLab is asked for, in place of a server."""
    from jupyterlab.labapp import LabApp

    asked: list[str] = []
    monkeypatch.setattr(LabApp, "launch_instance", lambda words: asked.extend(words))
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "of the user")
    return asked


def test_a_checkout_is_opened_itself(jupyter_gets: list[str]) -> None:
    assert main(["lab", "--port", "8890"]) == 0
    assert f"--ServerApp.root_dir={ROOT / 'notebooks'}" in jupyter_gets
    assert jupyter_gets[-2:] == ["--port", "8890"]
    paths = os.environ["JUPYTER_CONFIG_PATH"].split(os.pathsep)
    assert paths == [str(ROOT / "notebooks" / ".jupyter"), "of the user"]


def test_a_copy_is_laid_where_asked(
    jupyter_gets: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "mein Kurs ü"
    assert main(["lab", str(folder), "--no-browser"]) == 0
    assert (folder / "00_quickstart.ipynb").is_file()
    assert f"--ServerApp.root_dir={folder}" in jupyter_gets
    assert "--no-browser" in jupyter_gets
    assert capsys.readouterr().out == f"The course lies in {folder}.\n"


def test_a_file_in_place_of_the_folder_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "there").touch()
    assert main(["lab", str(tmp_path / "there")]) == 2
    assert "must be a folder for the course, and is none" in capsys.readouterr().err


@pytest.mark.parametrize(("command", "package"), [("app", "streamlit"), ("lab", "jupyterlab")])
def test_a_small_installation_is_told_what_to_add(
    command: str,
    package: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(answer, "find_spec", lambda name: None)
    assert main([command]) == 2
    assert f"needs {package}: pip install {package}" in capsys.readouterr().err

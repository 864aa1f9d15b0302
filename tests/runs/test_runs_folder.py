"""Where the runs lie: one rule for commands, notebooks and the dashboard."""

from __future__ import annotations

from pathlib import Path

import pytest

from snnlab.jobs.engine import Engine
from snnlab.runs.files import RunError
from snnlab.runs.store import FOLDER, Run, list_runs, load_run, runs_folder
from snnlab.studies.race import RACE


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


@pytest.mark.parametrize(
    ("named", "folder"),
    [
        *(("", "runs"), (" ", "runs"), ("mine", "mine"), ('"my runs"', "my runs")),
        *(("~/mine", "home/mine"), ("/somewhere", "/somewhere"), ("'mine'", "'mine'")),
    ],
)
def test_the_environment_names_it(
    named: str, folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FOLDER, named)
    wanted = tmp_path / folder
    assert runs_folder().absolute() == wanted
    assert list_runs() == []
    assert RACE.root() == runs_folder() / "races"
    with pytest.raises(RunError, match=r"no run 'x' in .*; runs there: none yet"):
        load_run("x")


def test_who_asks_for_a_folder_gets_it(mine: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDER, str(mine.folder.parent))
    assert [run.id for run in list_runs()] == [mine.id]
    assert load_run(mine.id).id == mine.id
    assert list_runs(Path("other")) == []
    assert runs_folder("~/x") == Path("home/x").absolute()


def test_an_engine_keeps_its_queue_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDER, "mine")
    engine = Engine()
    assert engine.root == tmp_path / "mine"
    engine.close()


@pytest.mark.parametrize("named", ["file", "file/inside", "x" * 300, "~nobody-of-that-name"])
def test_what_is_no_folder_is_quoted(named: str, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("file").write_text("a file")
    shown = "'~nobody" if named[0] == "~" else repr(named)[:90]
    with pytest.raises(RunError) as refused:
        runs_folder(named)
    assert str(refused.value).startswith(shown)
    monkeypatch.setenv(FOLDER, named)
    with pytest.raises(RunError, match=f"named by {FOLDER}, is not a folder of runs: "):
        list_runs()


@pytest.mark.parametrize("given", ["", 3, ["runs"], b"runs", "a\0b"])
def test_what_is_no_path_is_refused(given: object) -> None:
    with pytest.raises(RunError, match="the folder of runs must be a path, got "):
        runs_folder(given)  # type: ignore[arg-type]

"""A disk that is full or read-only, a folder that is gone, runs that make no sense."""

from __future__ import annotations

import errno
import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from streamlit.testing.v1 import AppTest

from snnlab.dashboard import trouble
from snnlab.dashboard.downloads import downloads
from snnlab.dashboard.labels import label_of, own
from snnlab.dashboard.nicknames import choose, nicknames
from snnlab.dashboard.trouble import said_of, trouble_with, try_to_write
from snnlab.jobs import engine as engines
from snnlab.runs import assemble
from snnlab.runs.files import RunError
from snnlab.runs.run import run
from snnlab.runs.store import Run, list_runs, read_run
from tests.dashboard.conftest import PETS, SMALL, VISITOR, Open, packed
from tests.dashboard.fake_engine import FakeEngine

ROOT = Path(__file__).resolve().parents[2]
FULL = OSError(errno.ENOSPC, "No space left on device")
READ_ONLY = OSError(errno.EROFS, "Read-only file system")
REFUSALS = [(FULL, "disk of the server is full"), (READ_ONLY, "is read-only")]
PAGES = ("explorer", "train", "distributions", "compare", "runs", "teacher")


def refuse(monkeypatch: pytest.MonkeyPatch, error: OSError) -> None:
    """Let nothing be written any more."""

    def refused(*arguments: Any, **options: Any) -> None:
        raise error

    for name in ("write_text", "write_bytes", "mkdir", "rename", "replace", "touch"):
        monkeypatch.setattr(Path, name, refused)
    monkeypatch.setattr(shutil, "copytree", refused)
    monkeypatch.setattr(shutil, "rmtree", refused)


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label == label).click().run()


def errors(app: AppTest) -> str:
    assert not app.exception
    return " ".join(error.value for error in app.error).replace("\\", "")


def mine(root: Path) -> Run:
    """A run of this visitor."""
    found = list_runs(root)[0]
    away = root.parent / "away"
    shutil.move(found.folder, away)
    own(root, found.id, VISITOR)
    shutil.move(away, found.folder)
    return found


@pytest.mark.parametrize(("error", "words"), REFUSALS)
def test_start_says_that_nothing_can_be_written(
    error: OSError,
    words: str,
    runs: Path,
    open_page: Open,
    engine: FakeEngine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = open_page("train")
    with monkeypatch.context() as disk:
        refuse(disk, error)
        assert words in errors(press(app, "Start"))
        assert app.subheader  # the page stands
    assert engine.jobs() == []
    assert errors(app.run()) == ""  # said once
    assert not errors(press(app, "Start"))
    assert len(engine.jobs()) == 1


@pytest.mark.parametrize(("error", "words"), REFUSALS)
@pytest.mark.parametrize("action", ["Save", "Delete for good"])
def test_save_and_delete_say_that_nothing_can_be_written(
    action: str,
    error: OSError,
    words: str,
    runs: Path,
    open_page: Open,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = mine(runs)
    app = open_page("runs", run=run.id)
    app.text_input[1].set_value("another")
    with monkeypatch.context() as disk:
        refuse(disk, error)
        assert words in errors(press(app, action))
    assert label_of(run).title == ""
    assert read_run(run.folder).status == "finished"


def test_go_on_says_that_nothing_can_be_written(
    runs: Path, open_page: Open, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = list_runs(runs)[0]
    (run.folder / "result.json").unlink()
    app = open_page("train", run=run.id)
    with monkeypatch.context() as disk:
        refuse(disk, FULL)
        assert "disk of the server is full" in errors(press(app, "Go on"))
    assert engine.jobs() == []


@pytest.mark.parametrize(("error", "words"), REFUSALS)
def test_the_teacher_is_told_that_nothing_can_be_written(
    error: OSError, words: str, runs: Path, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SNNLAB_TEACHER_PIN", "1234")
    monkeypatch.setattr("snnlab.dashboard.teacher.is_teacher", lambda: True)
    choose(runs, VISITOR, "Rude")
    queue, join = open_page("teacher"), open_page("teacher", view="Join")
    join.text_input[0].set_value("room7")
    with monkeypatch.context() as disk:
        refuse(disk, error)
        assert words in errors(press(queue, "Take this name away"))
        assert words in errors(queue.run())  # the queue is drawn anew every two seconds
        said = errors(press(join, "Save"))
        assert words in said
        assert str(runs) not in said
    assert nicknames(runs) == {VISITOR: "Rude"}
    assert errors(press(queue, "Take this name away")) == ""
    assert errors(press(join, "Save")) == ""


def test_a_nickname_that_cannot_be_written_is_said(
    runs: Path, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_page("train")
    app.text_input[0].set_value("Ada")
    with monkeypatch.context() as disk:
        refuse(disk, FULL)
        assert "disk of the server is full" in errors(press(app, "Save"))
    assert nicknames(runs) == {}


def vanish(root: Path) -> None:
    shutil.rmtree(root)


def become_a_file(root: Path) -> None:
    shutil.rmtree(root)
    root.write_text("in the way")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "says"), [(vanish, "was deleted or moved"), (become_a_file, "Something else lies")]
)
def test_pages_stand_without_the_folder_of_runs(
    change: Callable[[Path], None],
    says: str,
    runs: Path,
    open_page: Open,
    engine: FakeEngine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SNNLAB_TEACHER_PIN", "1234")
    ids = ",".join(run.id for run in list_runs(runs))
    open_before = open_page("train", run=ids)
    change(runs)
    assert says in trouble_with(runs)
    for page in PAGES:
        assert not open_page(page, run=ids).exception
    app = open_before.run()
    assert "not here (any more)" in " ".join(warning.value for warning in app.warning)
    press(app, "Start")
    if change is vanish:  # it is made anew
        assert errors(app) == ""
        assert len(engine.jobs()) == 1
    else:
        assert "Something else lies where the folder of runs should be" in errors(app)
        assert engine.jobs() == []


def test_trouble_is_told_apart_and_no_path_is_told(tmp_path: Path) -> None:
    assert trouble_with(tmp_path) == ""
    try_to_write(tmp_path / "new" / "runs")
    assert list((tmp_path / "new" / "runs").iterdir()) == []
    for code in (errno.ENOSPC, errno.EROFS, errno.EACCES, errno.ENOENT, errno.ENOTDIR, errno.EIO):
        said = said_of(OSError(code, "words", str(tmp_path)))
        assert said.endswith(".")
        assert str(tmp_path) not in said
    assert said_of(RunError("quoted as it is")) == "quoted as it is"
    assert said_of(ZeroDivisionError()) == "ZeroDivisionError"


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of runs where the system makes none."""
    if not sys.platform.startswith("linux"):
        pytest.skip("needs /proc")
    monkeypatch.setenv("SNNLAB_RUNS", "/proc/snnlab/runs")
    return Path("/proc/snnlab/runs")


def test_a_folder_of_runs_that_cannot_be_made_is_said(
    nowhere: Path,
    open_page: Open,
    engine: FakeEngine,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(engines, "_engines", {nowhere: engine})
    says = "The folder of runs is not there and cannot be made (No such file or directory)"
    app = open_page("train")
    assert errors(press(app, "Start")).startswith(says)
    assert engine.jobs() == []
    app.session_state["train:more"] = True
    app.run().file_uploader[0].set_value(("pets.zip", packed(PETS), "application/zip")).run()
    assert errors(app).startswith(f"pets.zip: {says}")
    assert str(nowhere) not in errors(app)
    assert str(nowhere.parent) in caplog.text  # for whoever runs the server


def test_the_last_net_keeps_the_page_and_tells_the_log(
    runs: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> None:
        raise ZeroDivisionError("planted")

    monkeypatch.setattr("snnlab.dashboard.neuron.draw", broken)
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=30).run()
    said = errors(app)
    assert said == f"{trouble.WENT_WRONG}: planted"
    assert "ZeroDivisionError" in caplog.text


def test_every_page_says_what_is_wrong_with_the_folder(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    become_a_file(runs)
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=30).run()
    assert "no run can be read" in " ".join(warning.value for warning in app.warning)
    assert app.title[0].value == "One neuron"


@pytest.mark.slow
def test_a_run_of_one_timestep_is_shown(runs: Path, open_page: Open) -> None:
    done = run(replace(SMALL, timesteps=1, conversion_timesteps=1), runs)
    for page in PAGES[:-1]:
        assert not open_page(page, run=done.id).exception
    for view in ("Training seconds", "Operations"):
        assert not open_page("compare", run=done.id, view=view).exception


def rewrite(run: Run, name: str, change: Callable[[dict[str, Any]], None]) -> None:
    """Change a file of a run that an older version made: it kept no hashes."""
    for file in ("result.json", name):
        content = json.loads((run.folder / file).read_text())
        content.pop("hashes", None)
        if file == name:
            change(content)
        (run.folder / file).write_text(json.dumps(content))


def noisy(root: Path) -> Run:
    return next(run for run in list_runs(root) if run.config and run.config.method == "noise")


@pytest.mark.parametrize(
    ("name", "value"), [("weights_equal", None), ("images", 10**9), ("timesteps", 99)]
)
def test_a_damaged_certificate_is_said(
    name: str, value: object, runs: Path, open_page: Open
) -> None:
    run = noisy(runs)
    rewrite(run, "result.json", lambda result: result["certificate"].update({name: value}))
    app = open_page("train", run=run.id)
    assert not app.exception
    assert "certificate of this run cannot be read" in " ".join(w.value for w in app.warning)


def test_a_certificate_that_lacks_everything_is_said(runs: Path, open_page: Open) -> None:
    run = noisy(runs)
    rewrite(run, "result.json", lambda result: result["certificate"].clear())
    app = open_page("train", run=run.id)
    assert not app.exception
    assert "lacks timesteps" in " ".join(warning.value for warning in app.warning)


@pytest.mark.parametrize("timesteps", [7, 10**9])
def test_timesteps_that_were_not_measured_are_damage(timesteps: int, runs: Path) -> None:
    run = noisy(runs)
    rewrite(run, "config.json", lambda config: config.update(timesteps=timesteps))
    found = read_run(run.folder)
    assert found.status == "damaged"
    assert f"asked for were T = 1 to {timesteps}" in found.reason


def test_no_network_of_absurd_size_is_built(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built, build = [], assemble.build_network

    def noted(*arguments: Any) -> Any:
        built.append(torch.get_default_device().type)
        return build(*arguments)

    monkeypatch.setattr(assemble, "build_network", noted)
    assert noisy(runs).network()
    assert built == ["meta", "cpu"]
    rewrite(noisy(runs), "config.json", lambda config: config["model"].update(width=999_999))
    with pytest.raises(RunError, match="for this configuration"):
        noisy(runs).network()
    assert built == ["meta", "cpu", "meta"]


@pytest.mark.slow
def test_an_absurd_run_is_a_message_on_every_page(runs: Path, open_page: Open) -> None:
    run = noisy(runs)
    rewrite(run, "config.json", lambda config: config["model"].update(width=999_999))
    for page in ("explorer", "train", "distributions"):
        app = open_page(page, run=run.id)
        assert not app.exception
        assert "for this configuration" in " ".join(w.value for w in app.warning).replace("\\", "")


def test_downloads_of_a_run_that_was_deleted(runs: Path) -> None:
    run = noisy(runs)
    files = {label: content for label, _, _, content in downloads(run)}
    shutil.rmtree(run.folder)
    for label in ("CSV", "Config", "Notebook", "SVG"):
        assert files[label]()
    with pytest.raises(FileNotFoundError) as gone:
        files["Weights"]()
    assert "not in the folder of runs any more" in said_of(gone.value)

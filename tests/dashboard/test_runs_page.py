"""What visitors write, take home and delete."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from threading import Event

import nbformat
import pytest
from safetensors.numpy import load
from streamlit.testing.v1 import AppTest

from snnlab.dashboard.downloads import downloads
from snnlab.dashboard.labels import delete, label_of, own, write_label
from snnlab.dashboard.lesson import lesson_link
from snnlab.dashboard.runs import REFUSED, noting
from snnlab.dashboard.screen import escaped
from snnlab.exchange import read_nir
from snnlab.runs.config import from_dict
from snnlab.runs.files import RunError
from snnlab.runs.store import Run, list_runs
from tests.dashboard.conftest import VISITOR, Open
from tests.dashboard.test_pages import words

NASTY = "<script>alert(1)</script> **bold** [link](http://x) $x$ :red[x]"


def owned(root: Path, visitor: str = VISITOR) -> Run:
    """The first run, as if the visitor had started it."""
    run = list_runs(root)[0]
    away = root.parent / "away"
    shutil.move(run.folder, away)
    own(root, run.id, visitor)
    shutil.move(away, run.folder)
    return run


def test_a_run_belongs_to_the_first_who_asked(runs: Path) -> None:
    run = owned(runs)
    own(runs, run.id, "f" * 16)
    assert label_of(run).owner == VISITOR


def test_a_run_that_was_there_before_belongs_to_nobody(runs: Path) -> None:
    run = list_runs(runs)[0]
    own(runs, run.id, VISITOR)
    assert label_of(run).owner == ""
    with pytest.raises(RunError, match="not started in this browser"):
        delete(run, VISITOR)


def test_only_the_owner_names_and_deletes(runs: Path) -> None:
    run = owned(runs)
    for attempt in (
        lambda: write_label(run, "f" * 16, title="x", note=""),
        lambda: delete(run, "f" * 16),
        lambda: delete(run, ""),
    ):
        with pytest.raises(RunError, match="not started in this browser"):
            attempt()
    write_label(run, VISITOR, title="  my \n run ", note=NASTY)
    assert (label_of(run).title, label_of(run).note) == ("my run", NASTY)
    delete(run, VISITOR)
    assert run.id not in [left.id for left in list_runs(runs)]
    assert label_of(run).owner == ""


def test_long_notes_are_refused(runs: Path) -> None:
    with pytest.raises(RunError, match="60 characters"):
        write_label(owned(runs), VISITOR, title="x" * 61, note="")


@pytest.mark.parametrize("id", ["../outside", "a/b", "", ".hidden", "x" * 200])
def test_no_label_leaves_its_folder(id: str, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="a run id holds"):
        own(tmp_path, id, VISITOR)
    assert list(tmp_path.iterdir()) == []


def test_markup_in_titles_and_notes_is_not_executed(runs: Path, open_page: Open) -> None:
    run = owned(runs)
    write_label(run, VISITOR, title="<b>*x*", note=NASTY)
    app = open_page("runs", visitor="f" * 16, run=run.id)
    assert not app.exception
    assert NASTY in [text.value for text in app.text]  # as text, not as Markdown
    assert "<b>" not in app.subheader[0].value
    assert app.subheader[0].value == escaped("<b>*x*")


def test_plain_keeps_every_character_and_disarms_markdown() -> None:
    assert escaped("a*b <i>") == r"a\*b \<i\>"


@pytest.mark.slow
def test_search_and_only_mine(runs: Path, open_page: Open) -> None:
    owned(runs)
    assert len(open_page("runs").dataframe[0].value) == 2
    assert len(open_page("runs", q="without").dataframe[0].value) == 1
    assert len(open_page("runs", mine="1").dataframe[0].value) == 1
    assert "No run has that" in open_page("runs", q="zebra").info[0].value


def test_a_damaged_run_is_listed_as_such(runs: Path, open_page: Open) -> None:
    run = list_runs(runs)[0]
    (run.folder / "config.json").write_text("{")
    app = open_page("runs", run=run.id)
    assert not app.exception
    assert "Damaged" in list(app.dataframe[0].value["state"])


def test_downloads_are_what_they_say(runs: Path) -> None:
    run = next(run for run in list_runs(runs) if run.config and run.config.method == "noise")
    slow = ("ONNX", "NIR")  # see below
    files = {label: content() for label, _, _, content in downloads(run) if label not in slow}
    assert set(files) == {"CSV", "PNG", "SVG", "Config", "Notebook", "Weights"}
    assert files["CSV"].decode().splitlines()[0] == "method,seed,timesteps,accuracy"
    assert files["PNG"].startswith(b"\x89PNG")
    assert b"<desc>" in files["SVG"]
    assert from_dict(json.loads(files["Config"])) == run.config
    assert load(files["Weights"])


def test_the_network_in_a_file_of_another_tool(runs: Path, tmp_path: Path) -> None:
    pytest.importorskip("nir")
    made = {label: (name, content) for label, name, _, content in downloads(list_runs(runs)[0])}
    name, content = made["NIR"]
    (tmp_path / name).write_bytes(content())
    net = read_nir(tmp_path / name)
    assert net.image_shape == list_runs(runs)[0].network().image_shape
    assert made["ONNX"][0].endswith(".onnx")


@pytest.mark.slow
def test_the_network_as_onnx(runs: Path) -> None:
    onnx = pytest.importorskip("onnx")
    run = list_runs(runs)[0]
    (content,) = (content for label, _, _, content in downloads(run) if label == "ONNX")
    notes = {note.key: note.value for note in onnx.load_from_string(content()).metadata_props}
    assert run.config is not None
    assert (notes["run"], notes["timesteps"]) == (run.id, str(run.config.timesteps))


def test_files_that_packages_are_missing_for(
    runs: Path, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("snnlab.dashboard.downloads.can_export", lambda to: to == "nir")
    run = list_runs(runs)[0]
    labels = [label for label, *_ in downloads(run)]
    assert "NIR" in labels
    assert "ONNX" not in labels
    app = open_page("runs", run=run.id)
    said = " ".join(caption.value for caption in app.caption).replace("\\", "")
    assert "For ONNX files of the network" in said
    assert 'pip install "snnlab[exchange]"' in said


def test_why_a_file_could_not_be_made_is_said_once(runs: Path, open_page: Open) -> None:
    def fail() -> bytes:
        raise RunError("no *images* here")

    app = open_page("runs")
    refused: list[str] = []
    app.session_state[REFUSED] = refused
    ended = Event()
    with pytest.raises(RunError):
        noting(refused, ended, fail)
    assert ended.is_set()
    app.run()
    assert [error.value for error in app.error] == [escaped("no *images* here")]
    app.run()
    assert not app.error


def test_why_a_file_could_not_be_made_is_said_though_it_takes_a_while() -> None:
    """The page is drawn as soon as a button is clicked, while a thread makes the file."""

    def page() -> None:
        import contextlib
        from threading import Event, Timer

        import streamlit as st

        from snnlab.dashboard.runs import REFUSED, draw_refused, noting

        refused: list[str] = st.session_state.setdefault(REFUSED, [])
        ended = Event()

        def make() -> None:
            with contextlib.suppress(ValueError):
                noting(refused, ended, lambda: bytes(int("no number")))

        Timer(0.5, make).start()
        draw_refused(ended, st.container())

    app = AppTest.from_function(page).run()
    assert "no number" in app.error[0].value
    assert not app.caption


@pytest.mark.slow
def test_the_notebook_reproduces_the_run(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = next(run for run in list_runs(runs) if run.config and run.config.method == "noise")
    files = {label: content for label, _, _, content in downloads(run)}
    notebook = nbformat.reads(files["Notebook"]().decode(), as_version=4)
    nbformat.validate(notebook)
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    for source in cells[:2]:
        exec(source, names)
    assert names["done"].accuracy == run.accuracy  # type: ignore[attr-defined]


def test_a_lesson_link_holds_what_it_should() -> None:
    link = lesson_link(
        "http://127.0.0.1:8501/", "train", {"sigma": "0.1", "run": "x"}, ["sigma"], ["T"]
    )
    assert link == "http://127.0.0.1:8501/train?sigma=0.1&fix=sigma&hide=T"
    link = lesson_link("https://a.b/snn/", "neuron", {"sigma": "0.1"}, [], [])
    assert link == "https://a.b/snn/?sigma=0.1"  # the first page has no path


def test_numbers_in_the_table_are_short(runs: Path, open_page: Open) -> None:
    """A screen reader says every digit."""
    table = open_page("runs").dataframe[0].value
    numbers = table[["T = 1 (%)", "T = 8 (%)", "training (s)"]].to_numpy(float)
    assert (numbers == numbers.round(2)).all()


@pytest.mark.slow
def test_who_has_no_run_is_told_so(runs: Path, open_page: Open) -> None:
    assert "You have started no run." in words(open_page("runs", mine="1"))
    assert "None of your runs has that" in words(open_page("runs", mine="1", q="zzz"))
    assert "No run has that" in words(open_page("runs", q="zzz"))

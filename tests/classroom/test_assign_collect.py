"""Which notebook of a student counts, over all downloads, and how it is written."""

from __future__ import annotations

import io
import json
import os
import unicodedata
import zipfile
from datetime import datetime
from pathlib import Path

import nbformat
import pytest

from snnlab.classroom.assignments import spreadsheets
from snnlab.classroom.assignments.collecting.collect import collect
from snnlab.classroom.assignments.collecting.students import read_handins
from tests.classroom.hand_ins import A1, A2, collected, saying, submitted, zipped

A = "a1_neuron.ipynb"
ANN = "Ann Lee_7_assignsubmission_file_"
EARLY, LATE = (2026, 11, 1, 8, 0, 0), (2026, 11, 3, 8, 0, 0)
KEY = "ann_lee_7/a1_neuron"


def test_what_is_no_download_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.txt").write_text("hello")
    (tmp_path / "half.zip").write_bytes(zipped({f"{ANN}/{A}": A1})[:-30])
    with pytest.raises(ValueError, match="no notebook"):
        collect(tmp_path / "empty", tmp_path)
    for name in ("text.txt", "half.zip", "nowhere.zip"):
        with pytest.raises(ValueError, match="neither a folder nor a zip"):
            collect(tmp_path / name, tmp_path)


def test_of_two_notebooks_the_later_one_counts_and_both_rows_say_so(tmp_path: Path) -> None:
    folder = tmp_path / "download" / ANN
    folder.mkdir(parents=True)
    for name, data, time in (("new.ipynb", saying("new"), 2000), (A, saying("old"), 1000)):
        (folder / name).write_bytes(data)
        os.utime(folder / name, (time, time))
    found = {entry.source.split("/")[-1]: entry for entry in collect(folder.parent, tmp_path)}
    assert (found["new.ipynb"].taken, found[A].taken) == (True, False)
    assert "a later one was taken" in found[A].note
    assert f"in place of {ANN}/{A}" in found["new.ipynb"].note
    assert "new" in submitted(tmp_path)[KEY]
    assert found["new.ipynb"].time == datetime.fromtimestamp(2000).isoformat()


def test_of_copies_with_the_same_time_the_one_with_the_right_name_counts(tmp_path: Path) -> None:
    names = ("a1_neuron (1)", "a1_neuron", "copy of a1_neuron")
    files = {f"{ANN}/{name}.ipynb": saying(name) for name in names}
    (taken,) = (e for e in collected(tmp_path, files) if e.taken)
    assert taken.source == f"{ANN}/{A}"


def test_an_untouched_copy_of_the_same_time_does_not_count(tmp_path: Path) -> None:
    files = {f"{ANN}/{A}": A1, f"{ANN}/my answers.ipynb": saying("mine")}
    found = {e.source: e for e in collected(tmp_path, files)}
    assert found[f"{ANN}/my answers.ipynb"].taken
    assert "nothing is filled in" in found[f"{ANN}/{A}"].note


def test_a_comment_left_above_an_answer_is_no_untouched_cell(tmp_path: Path) -> None:
    answered = A1.replace(b'"    raise NotImplementedError()"', b'"    return 1"')
    (entry,) = collected(tmp_path, {f"{ANN}/{A}": answered})
    assert b"YOUR CODE HERE" in answered != A1
    assert entry.note == ""


@pytest.mark.parametrize("good_first", [True, False])
def test_a_later_damaged_file_never_replaces_a_good_one(good_first: bool, tmp_path: Path) -> None:
    names = ["a.ipynb", "b a1_neuron.ipynb"] if good_first else ["b.ipynb", "a a1_neuron.ipynb"]
    good, bad = (f"{ANN}/{name}" for name in names)
    found = {
        e.source: e
        for e in collected(tmp_path, {good: saying("x"), bad: A1[:3000]}, {good: EARLY, bad: LATE})
    }
    assert found[good].taken
    assert not found[bad].taken
    assert "not a notebook: line" in found[bad].note
    assert "another one counts" in found[bad].note
    collected(tmp_path, {f"{ANN}/{A}": A1[:4000]}, {f"{ANN}/{A}": LATE})
    assert "x" in submitted(tmp_path / "course")[KEY]


def snapshot(course: Path) -> dict[str, bytes]:
    return {str(p.relative_to(course)): p.read_bytes() for p in course.rglob("*") if p.is_file()}


def test_older_downloads_and_the_same_one_change_nothing(tmp_path: Path) -> None:
    course, name = tmp_path / "course", f"{ANN}/{A}"
    first, second = {name: saying("first")}, {name: saying("second")}
    collected(tmp_path, first, {name: EARLY})
    collected(tmp_path, second, {name: LATE})
    before = snapshot(course)
    collected(tmp_path, first, {name: EARLY})
    collected(tmp_path, second, {name: LATE})
    assert snapshot(course) == before
    assert [row.taken for row in read_handins(course)] == [False, True]
    collected(tmp_path, {name: saying("older still")}, {name: (2026, 10, 1, 0, 0, 0)})
    assert "second" in submitted(course)[KEY]
    (tmp_path / "plain" / ANN).mkdir(parents=True)  # unpacked today, so its time says nothing
    (tmp_path / "plain" / name).write_bytes(saying("first"))
    collect(tmp_path / "plain", course)
    assert "second" in submitted(course)[KEY]
    later = {name: (2026, 11, 5, 0, 0, 0)}
    collected(tmp_path, first, later)  # the student went back to the first one
    assert "first" in submitted(course)[KEY]


def test_an_equal_decision_stands_when_collected_again(tmp_path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        for name, time in (("z.ipynb", EARLY), ("b.ipynb", LATE), ("a.ipynb", EARLY)):
            archive.writestr(zipfile.ZipInfo(name, time), saying(name))
    files = {f"{ANN}/work.zip": inner.getvalue()}
    (taken,) = (e for e in collected(tmp_path, files) if e.taken)
    assert taken.source.endswith("b.ipynb")  # by the student's own clock
    assert taken.time == "2026-11-02T12:00:00"  # but in time by the platform's
    before = snapshot(tmp_path / "course")
    collected(tmp_path, files)
    assert snapshot(tmp_path / "course") == before


def test_what_lies_in_submitted_is_not_overwritten_in_silence(tmp_path: Path) -> None:
    target = tmp_path / "course" / "submitted" / "ann_lee_7" / "a1_neuron" / A
    target.parent.mkdir(parents=True)
    target.write_bytes(saying("by nbgrader"))
    (target.parent / "timestamp.txt").write_text("2026-11-04 10:00:00 UTC")
    (entry,) = collected(tmp_path, {f"{ANN}/{A}": A1})
    assert not entry.taken
    assert "by nbgrader" in submitted(tmp_path / "course")[KEY]
    collected(
        tmp_path,
        {f"{ANN}/{A}": A2, f"{ANN}/b.ipynb": saying("b")},
        {f"{ANN}/b.ipynb": (2027, 1, 1, 0, 0, 0)},
    )
    rows = {row.source: row for row in read_handins(tmp_path / "course")}
    assert "a later one was taken" in rows[f"submitted/{KEY}/{A}"].note


@pytest.mark.slow
def test_a_collection_that_was_killed_is_finished_by_the_same_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"Student {n}_{n}_assignsubmission_file_/{v}.ipynb" for n in range(4) for v in "ab"]
    files = {name: saying(name) for name in names}
    times = {name: LATE if place % 3 else EARLY for place, name in enumerate(names)}

    def state(course: Path) -> tuple[dict[str, str], set[tuple[str, bool]]]:
        return submitted(course), {(row.source, row.taken) for row in read_handins(course)}

    collected(tmp_path, files, times)
    whole, writes = state(tmp_path / "course"), []

    def counted(file: Path, data: bytes) -> None:
        if not left:
            raise KeyboardInterrupt
        writes.append(left.pop())
        spreadsheets.write_whole(file, data)

    for writes_before in range(10):
        place = tmp_path / str(writes_before)
        place.mkdir()
        left = [1] * writes_before
        with monkeypatch.context() as patch:
            patch.setattr("snnlab.classroom.assignments.collecting.collect.write_whole", counted)
            with pytest.raises(KeyboardInterrupt):
                collected(place, files, times)
        assert not (place / "course" / "handins.csv").exists()
        collected(place, files, times)
        assert state(place / "course") == whole
    assert len(writes) == sum(range(10))


def test_what_is_written_is_clean_and_is_what_was_judged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, recwarn: pytest.WarningsRecorder
) -> None:
    odd = json.loads(saying("Größe %"))
    for cell in odd["cells"]:
        cell.pop("id")
        cell["colab"] = {"x": 1}
    data = json.dumps(odd).replace("%", r"\ud83d \ud83d\ude00").encode("utf-16") + b"\0\0"
    files = {f"{ANN}/{A}": data}
    (entry,) = collected(tmp_path, files)
    text = submitted(tmp_path / "course")[KEY]
    assert "Größe \ufffd 😀" in text
    notebook = nbformat.reads(text, as_version=4)
    nbformat.validate(notebook)
    assert (entry.taken, caplog.records, list(recwarn)) == (True, [], [])


def test_names_that_would_turn_a_terminal_are_cleaned(tmp_path: Path) -> None:
    name = "=1+1 \x1b[31m\u202ebpyni.1a\u2066\n.ipynb"
    (entry,) = collected(tmp_path, {f"{ANN}/{name}": A1})
    for text in (entry.source, entry.note):
        assert not {unicodedata.category(c) for c in text} & {"Cc", "Cf", "Cs"}
    table = (tmp_path / "course" / "handins.csv").read_text("utf-8-sig")
    assert not any(unicodedata.category(c) in ("Cf", "Cs") for c in table)


class Encoded(zipfile.ZipInfo):
    """An entry of a zip whose name is written in an old encoding, as some programs do."""

    encoding = "cp437"

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:
        return self.filename.encode(self.encoding), self.flag_bits


@pytest.mark.parametrize("encoding", ["cp437", "cp1252", "utf-8"])
@pytest.mark.parametrize("name", ["Jörg Müßig", "Ådä Nilsén"])
def test_names_in_old_zips(
    encoding: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Encoded, "encoding", encoding)
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr(Encoded(f"{name}_7_assignsubmission_file_/{A}"), A1)
    (entry,) = collect(tmp_path / "all.zip", tmp_path / "course")
    assert entry.name == name


def test_decomposed_and_composed_names_are_one_student(tmp_path: Path) -> None:
    files = {}
    for form, data, number in (("NFD", A1, 1), ("NFC", A2, 2)):
        name = unicodedata.normalize(form, "Jörg Müßig")  # type: ignore[arg-type]
        files[f"{name}_7_assignsubmission_file_/work {number}.ipynb"] = data
    assert {e.student for e in collected(tmp_path, files)} == {"joerg_muessig_7"}

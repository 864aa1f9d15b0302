"""Damaged, hostile and other odd files: each is named, and the others are collected."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from snnlab.classroom.assignments.collecting import downloads
from snnlab.classroom.assignments.collecting.collect import collect
from snnlab.classroom.assignments.collecting.students import read_handins, read_students
from tests.classroom.hand_ins import A1, collected, saying, students, submitted, zipped

A = "a1_neuron.ipynb"
ANN, BOB = "Ann Lee_7_assignsubmission_file_", "Bob Ray_8_assignsubmission_file_"


def bomb() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(9):
            archive.writestr(f"{number}.ipynb", b" " * 99_000)
    return stream.getvalue()


def encrypted() -> bytes:
    data = bytearray(zipped({A: A1}))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + offset] |= 1
    return bytes(data)


def nested(depth: int) -> bytes:
    data = zipped({A: saying("deep")})
    for _ in range(depth - 1):
        data = zipped({"in.zip": data})
    return data


ODD = {
    "a damaged zip": ("w.zip", zipped({A: A1})[:3000], "w.zip cannot be unpacked"),
    "a zip with a wrong byte": ("w.zip", zipped({A: A1}).replace(b"nbgrader", b"nbgrabbr"), "CRC"),
    "no zip at all": ("w.zip", b"Rar!\x1a\x07", "w.zip cannot be unpacked"),
    "rar": ("w.rar", b"Rar!\x1a\x07", "unpack it by hand"),
    "7z": ("w.7z", b"7z\xbc\xaf", "unpack it by hand"),
    "tar": ("w.tar.gz", b"\x1f\x8b", "unpack it by hand"),
    "encrypted": ("w.zip", encrypted(), "encrypted"),
    "zips too deep": ("w.zip", nested(9), "more than 4 zips deep"),
    "a bomb": ("w.zip", bomb(), "holds too much"),
    "too large": (A, b" " * 200_000, "is larger than"),
    "empty": (A, b"", "the file is empty"),
    "a web page": (A, b"<html>login</html>", "not a notebook: line 1, column 1"),
    "half": (A, A1[:5000], "not a notebook: line 2"),
    "pdf": ("scan.pdf", b"%PDF", "no notebook: scan.pdf"),
    "docx": ("a1.docx", zipped({"word/document.xml": b""}), "no notebook: a1.docx"),
    "python": ("a1_neuron.py", b"x = 1", "no notebook: a1_neuron.py"),
    "only a checkpoint": (f".ipynb_checkpoints/{A}", A1, f"no notebook: {A}"),
    "a resource fork": (f"._{A}", b"\0\5\x16\7", f"no notebook: ._{A}"),
    "another notebook": ("holiday.ipynb", b'{"cells": []}', "belongs to no assignment"),
}


@pytest.mark.sample(3)
@pytest.mark.parametrize("kind", ODD)
def test_an_odd_file_is_named_and_the_others_are_collected(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "MOST_BYTES", 100_000)
    monkeypatch.setattr(downloads, "MOST_IN_A_ZIP", 150_000)
    name, data, note = ODD[kind]
    found = collected(tmp_path, {f"{ANN}/{name}": data, f"{BOB}/{A}": A1})
    assert any(e.student == "ann_lee_7" and note in e.note and not e.taken for e in found), found
    assert students(tmp_path / "course") == {"bob_ray_8"}
    assert set(read_students(tmp_path / "course")) == {"ann_lee_7", "bob_ray_8"}
    rows = {(row.student, row.note) for row in read_handins(tmp_path / "course")}
    assert rows == {(e.student, e.note) for e in found}


def test_zips_in_zips_are_opened(tmp_path: Path) -> None:
    collected(tmp_path, {f"{ANN}/w.zip": nested(3)})
    assert "deep" in submitted(tmp_path / "course")["ann_lee_7/a1_neuron"]


def test_an_empty_folder_is_a_student(tmp_path: Path) -> None:
    (tmp_path / "all" / BOB).mkdir(parents=True)
    (tmp_path / "all" / ANN).mkdir()
    (tmp_path / "all" / ANN / A).write_bytes(A1)
    found = {e.student: e.note for e in collect(tmp_path / "all", tmp_path / "course")}
    assert found["bob_ray_8"] == "no notebook: (empty folder)"

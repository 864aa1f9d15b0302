"""A copy of the course is brought up to date, and what a student wrote stays."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from snnlab.classroom.brought import home
from snnlab.classroom.course_copy import LAID, lay_course


@pytest.fixture
def kit(tmp_path: Path) -> Path:
    """The course of a version of the kit, with a folder that students do not get."""
    course = tmp_path / "kit"
    (course / "assignments").mkdir(parents=True)
    for name in ("01_a.ipynb", "02_b.ipynb", "README.md"):
        (course / name).write_text(f"{name}, version 1", encoding="utf-8")
    (course / "assignments" / "a.ipynb").write_text("solutions", encoding="utf-8")
    return course


def write(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")


def read(folder: Path) -> dict[str, str]:
    """Texts by name, but for the note of what was laid."""
    return {
        file.name: file.read_text(encoding="utf-8")
        for file in folder.iterdir()
        if file.name != LAID
    }


def test_a_new_copy_holds_the_course_and_nothing_of_the_teachers(kit: Path, tmp_path: Path) -> None:
    done = lay_course(kit, tmp_path / "my course ü")
    assert done.new == ["01_a.ipynb", "02_b.ipynb", "README.md"]
    expected = {name: f"{name}, version 1" for name in done.new}
    assert read(tmp_path / "my course ü") == expected


def test_laying_it_again_changes_nothing(kit: Path, tmp_path: Path) -> None:
    lay_course(kit, tmp_path / "mine")
    write(tmp_path / "mine" / "01_a.ipynb", "my answer")
    before = read(tmp_path / "mine")
    done = lay_course(kit, tmp_path / "mine")
    assert (done.new, done.renewed, done.beside) == ([], [], {})
    assert read(tmp_path / "mine") == before
    assert done.told(tmp_path / "mine").count("\n") == 0


def test_a_newer_notebook_replaces_an_untouched_one_and_lies_beside_a_changed_one(
    kit: Path, tmp_path: Path
) -> None:
    mine = tmp_path / "mine"
    lay_course(kit, mine)
    write(mine / "01_a.ipynb", "my answer")
    for name in ("01_a.ipynb", "02_b.ipynb"):
        write(kit / name, f"{name}, version 2")
    done = lay_course(kit, mine)
    assert done.renewed == ["02_b.ipynb"]
    assert done.beside == {"01_a.ipynb": "01_a.new.ipynb"}
    there = read(mine)
    assert there["01_a.ipynb"] == "my answer"
    assert there["01_a.new.ipynb"] == "01_a.ipynb, version 2"
    assert there["02_b.ipynb"] == "02_b.ipynb, version 2"
    assert "You have changed 01_a.ipynb" in done.told(mine)
    assert "it is 01_a.new.ipynb" in done.told(mine)
    assert lay_course(kit, mine).beside == {}  # it was laid, and said
    write(kit / "01_a.ipynb", "01_a.ipynb, version 3")
    assert lay_course(kit, mine).beside == {"01_a.ipynb": "01_a.new2.ipynb"}


@pytest.mark.parametrize("note", [None, "{", "[]", '{"01_a.ipynb": 3}'])
def test_without_a_sound_note_nothing_is_written_over(
    kit: Path, tmp_path: Path, note: str | None
) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    write(mine / "01_a.ipynb", "whatever lay here")
    if note is not None:
        write(mine / LAID, note)
    assert lay_course(kit, mine).beside == {"01_a.ipynb": "01_a.new.ipynb"}
    assert read(mine)["01_a.ipynb"] == "whatever lay here"


def test_what_was_deleted_is_laid_again(kit: Path, tmp_path: Path) -> None:
    lay_course(kit, tmp_path / "mine")
    (tmp_path / "mine" / "02_b.ipynb").unlink()
    write(kit / "02_b.ipynb", "newer")
    assert lay_course(kit, tmp_path / "mine").new == ["02_b.ipynb"]


def test_line_ends_of_windows_are_no_change(kit: Path, tmp_path: Path) -> None:
    write(kit / "01_a.ipynb", "one\ntwo\n")
    lay_course(kit, tmp_path / "mine")
    (tmp_path / "mine" / "01_a.ipynb").write_bytes(b"one\r\ntwo\r\n")
    write(kit / "01_a.ipynb", "one\ntwo\nthree\n")
    assert lay_course(kit, tmp_path / "mine").renewed == ["01_a.ipynb"]


@pytest.mark.parametrize("there", ["file", "file/below"])
def test_a_file_in_its_place_is_said(kit: Path, tmp_path: Path, there: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="must be a folder for the course, and is none"):
        lay_course(kit, tmp_path / there)


@settings(max_examples=50)
@given(versions=st.lists(st.sampled_from(["kit", "student", "lay"]), max_size=12))
def test_nothing_that_a_student_wrote_is_ever_lost(
    versions: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    place = tmp_path_factory.mktemp("course")
    kit, mine = place / "kit", place / "mine"
    kit.mkdir()
    write(kit / "01_a.ipynb", "kit 0")
    lay_course(kit, mine)
    written: str | None = None
    for number, what in enumerate(versions, 1):
        if what == "kit":
            write(kit / "01_a.ipynb", f"kit {number}")
        elif what == "student":
            written = f"student {number}"
            write(mine / "01_a.ipynb", written)
        else:
            lay_course(kit, mine)
        if written is not None:
            assert read(mine)["01_a.ipynb"] == written
    lay_course(kit, mine)
    if versions[-1:] == ["kit"]:
        assert f"kit {len(versions)}" in read(mine).values()


def test_the_course_of_this_checkout_is_found() -> None:
    assert (home() / "notebooks" / "00_quickstart.ipynb").is_file()
    assert (home() / ".streamlit" / "config.toml").is_file()

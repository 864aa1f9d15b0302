"""Bulk downloads of learning platforms: names, duplicates, zips."""

from __future__ import annotations

import io
import os
import unicodedata
import zipfile
from pathlib import Path

import pytest

from snnlab.classroom.assignments import downloads
from snnlab.classroom.assignments.collecting import Owner, collect, identifier, ids_of, owner_of
from snnlab.classroom.assignments.collecting import without_common_root as rootless

ROOT = Path(__file__).parents[2]
RELEASE = ROOT / "notebooks" / "assignments" / "release"
A1 = (RELEASE / "a1_neuron" / "a1_neuron.ipynb").read_bytes()
A2 = (RELEASE / "a2_noise" / "a2_noise.ipynb").read_bytes()


def zipped(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return stream.getvalue()


def submitted(course: Path) -> set[str]:
    return {str(path.relative_to(course / "submitted")) for path in course.rglob("*.ipynb")}


def test_folders_of_a_platform(tmp_path: Path) -> None:
    download, course = tmp_path / "download", tmp_path / "course"
    files = {
        "Jörg Müßig_1234_assignsubmission_file_/a1_neuron.ipynb": A1,
        "Zoë O'Hara-Smith_1235_assignsubmission_file_/Abgabe final (2).ipynb": A2,
        "李雷_1236_assignsubmission_file_/a1_neuron.ipynb": A1,
        "Ann Lee_77_assignsubmission_file_/a1_neuron.ipynb": A1,
        "Ann Lee_78_assignsubmission_file_/a1_neuron.ipynb": A1,
        "Ann Lee_78_assignsubmission_file_/.ipynb_checkpoints/a1_neuron.ipynb": A1,
        "Bob Ray_80_assignsubmission_file_/a1_neuron.ipynb": b"not a notebook",
        "Bob Ray_80_assignsubmission_file_/holiday.ipynb": b"{}",
    }
    for name, data in files.items():
        path = download / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    found = collect(download, course)
    chinese = identifier("李雷")
    assert submitted(course) == {
        "joerg_muessig/a1_neuron/a1_neuron.ipynb",
        "zoe_o_hara_smith/a2_noise/a2_noise.ipynb",
        f"{chinese}/a1_neuron/a1_neuron.ipynb",
        "ann_lee_77/a1_neuron/a1_neuron.ipynb",
        "ann_lee_78/a1_neuron/a1_neuron.ipynb",
        "bob_ray/a1_neuron/a1_neuron.ipynb",
    }
    assert chinese.isascii()
    notes = {entry.source.split("/")[-1]: entry.note for entry in found if entry.note}
    assert "was called" in notes["Abgabe final (2).ipynb"]
    assert "not a notebook" in notes["a1_neuron.ipynb"]
    assert {e.source: e.taken for e in found}[
        "Bob Ray_80_assignsubmission_file_/holiday.ipynb"
    ] is False


def test_a_zip_with_zips_in_it(tmp_path: Path) -> None:
    inner = zipped({"my work/a1_neuron.ipynb": A1})
    download = tmp_path / "all.zip"
    download.write_bytes(
        zipped(
            {
                "course/Eva Ström_5_assignsubmission_file_/work.zip": inner,
                "course/Tim_6_assignsubmission_file_/a1.ipynb": A1,
                "course/Tim_6_assignsubmission_file_/../../../evil.ipynb": A1,
                "__MACOSX/course/._a1.ipynb": b"",
            }
        )
    )
    collect(download, tmp_path / "course")
    assert "eva_stroem/a1_neuron/a1_neuron.ipynb" in submitted(tmp_path / "course")
    assert "tim/a1_neuron/a1_neuron.ipynb" in submitted(tmp_path / "course")
    assert not list(tmp_path.parent.glob("evil*"))
    assert not list(tmp_path.glob("evil*"))


def test_a_flat_folder(tmp_path: Path) -> None:
    download = tmp_path / "flat"
    download.mkdir()
    for name in (
        "muellerjoerg_4711_8151_a1_neuron.ipynb",
        "leeann_LATE_4712_8152_a1_neuron-2.ipynb",
        "Kim Novak_99_assignsubmission_file_a1_neuron.ipynb",
    ):
        (download / name).write_bytes(A1)
    collect(download, tmp_path / "course")
    students = {path.split("/")[0] for path in submitted(tmp_path / "course")}
    assert students == {"muellerjoerg", "leeann", "kim_novak"}


def test_of_two_notebooks_the_later_one_is_taken(tmp_path: Path) -> None:
    folder = tmp_path / "download" / "Ann Lee_7_assignsubmission_file_"
    folder.mkdir(parents=True)
    late = A1.replace(b"YOUR ANSWER HERE", b"My second thoughts")
    for name, data, time in (("new.ipynb", late, 2000), ("old.ipynb", A1, 1000)):
        (folder / name).write_bytes(data)
        os.utime(folder / name, (time, time))
    found = {entry.source.split("/")[-1]: entry for entry in collect(folder.parent, tmp_path)}
    assert found["new.ipynb"].taken
    assert not found["old.ipynb"].taken
    assert "a later one was taken" in found["old.ipynb"].note
    target = tmp_path / "submitted" / "ann_lee" / "a1_neuron" / "a1_neuron.ipynb"
    assert target.read_bytes() == late


def test_what_is_no_download_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.txt").write_text("hello")
    with pytest.raises(ValueError, match="no notebook"):
        collect(tmp_path / "empty", tmp_path)
    with pytest.raises(ValueError, match="neither a folder nor a zip"):
        collect(tmp_path / "text.txt", tmp_path)


def test_two_students_never_share_an_id() -> None:
    owners = [Owner("Ann Lee", "7"), Owner("Ann Lee", "8"), Owner("Änn Lee"), Owner("ann-lee")]
    ids = ids_of(owners)
    assert len(set(ids.values())) == 4
    assert ids_of([Owner("Ann Lee", "7")]) == {Owner("Ann Lee", "7"): "ann_lee"}


def test_paths_without_platform_marks() -> None:
    from pathlib import PurePosixPath as P

    assert owner_of(P("Ann Lee/a1_neuron.ipynb")) == Owner("Ann Lee")
    assert owner_of(P("ann_a1_neuron.ipynb")) == Owner("ann")
    assert rootless([P("x/ann/a.ipynb"), P("x/bob/a.ipynb")]) == [
        P("ann/a.ipynb"),
        P("bob/a.ipynb"),
    ]
    assert rootless([P("ann/a.ipynb")]) == [P("ann/a.ipynb")]


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
        archive.writestr(Encoded(f"{name}_7_assignsubmission_file_/a1_neuron.ipynb"), A1)
    (entry,) = collect(tmp_path / "all.zip", tmp_path / "course")
    assert entry.name == name


def test_decomposed_and_composed_names_are_one_student(tmp_path: Path) -> None:
    files = {}
    for form, data, number in (("NFD", A1, 1), ("NFC", A2, 2)):
        name = unicodedata.normalize(form, "Jörg Müßig")  # type: ignore[arg-type]
        files[f"{name}_7_assignsubmission_file_/work {number}.ipynb"] = data
    (tmp_path / "all.zip").write_bytes(zipped(files))
    found = collect(tmp_path / "all.zip", tmp_path / "course")
    assert {entry.student for entry in found} == {"joerg_muessig"}
    assert {entry.assignment for entry in found} == {"a1_neuron", "a2_noise"}


def test_a_student_cannot_write_for_another(tmp_path: Path) -> None:
    hostile = zipped(
        {
            "../../Bob_2_assignsubmission_file_/a1_neuron.ipynb": A1 + b" ",
            "/Bob_2_assignsubmission_file_/a2_noise.ipynb": A2,
            "C:\\Bob_2_assignsubmission_file_\\deep\\a1_neuron.ipynb": A1 + b"  ",
        }
    )
    files = {"Eve_1_assignsubmission_file_/w.zip": hostile}
    files["Bob_2_assignsubmission_file_/a1_neuron.ipynb"] = A1
    (tmp_path / "all.zip").write_bytes(zipped(files))
    found = collect(tmp_path / "all.zip", tmp_path / "course")
    assert [entry.source for entry in found if entry.student == "bob"] == [
        "Bob_2_assignsubmission_file_/a1_neuron.ipynb"
    ]
    assert submitted(tmp_path / "course") == {
        "bob/a1_neuron/a1_neuron.ipynb",
        "eve/a1_neuron/a1_neuron.ipynb",
        "eve/a2_noise/a2_noise.ipynb",
    }


def test_a_zip_bomb_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "MOST_BYTES", 100_000)
    monkeypatch.setattr(downloads, "MOST_IN_A_ZIP", 150_000)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(9):
            archive.writestr(f"{number}.ipynb", b" " * 99_000)
    files = {
        "Bo_1_assignsubmission_file_/a1_neuron.ipynb": b" " * 200_000,
        "Cy_2_assignsubmission_file_/work.zip": stream.getvalue(),
        "Di_3_assignsubmission_file_/a1_neuron.ipynb": A1,
    }
    (tmp_path / "all.zip").write_bytes(zipped(files))
    found = collect(tmp_path / "all.zip", tmp_path / "course")
    notes = [(entry.student, entry.note) for entry in found]
    assert any(who == "bo" and "is larger than" in note for who, note in notes)
    assert sum(who == "cy" and "holds too much" in note for who, note in notes) == 7
    assert ("di", "") in notes


def test_students_without_a_notebook_are_listed(tmp_path: Path) -> None:
    files = {
        "Ann_1_assignsubmission_file_/a1_neuron.ipynb.txt": A1,
        "Bob_2_assignsubmission_file_/scan.pdf": b"%PDF",
        "Cy_3_assignsubmission_onlinetext_/onlinetext.html": b"hello",
        "Cy_3_assignsubmission_file_/a1_neuron.ipynb": A1,
    }
    (tmp_path / "all.zip").write_bytes(zipped(files))
    found = {entry.student: entry for entry in collect(tmp_path / "all.zip", tmp_path / "course")}
    assert found["ann"].taken
    assert found["ann"].note == "was called a1_neuron.ipynb.txt"
    assert not found["bob"].taken
    assert found["bob"].note == "no notebook: scan.pdf"
    assert found["cy"].note == ""


def test_of_copies_with_the_same_time_the_one_with_the_right_name_counts(tmp_path: Path) -> None:
    place = "Ann_1_assignsubmission_file_"
    names = ("a1_neuron (1)", "a1_neuron", "copy of a1_neuron")
    (tmp_path / "all.zip").write_bytes(zipped({f"{place}/{name}.ipynb": A1 for name in names}))
    (taken,) = [e for e in collect(tmp_path / "all.zip", tmp_path / "course") if e.taken]
    assert taken.source == f"{place}/a1_neuron.ipynb"


def test_files_of_blackboard(tmp_path: Path) -> None:
    for user, name, data in (("annlee", "a1_neuron", A1), ("annlee", "a2_noise", A2)):
        file = tmp_path / "flat" / f"Task_{user}_attempt_2026-11-02-10-11-12_{name}.ipynb"
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(data)
    assert {entry.student for entry in collect(tmp_path / "flat", tmp_path / "course")} == {
        "annlee"
    }

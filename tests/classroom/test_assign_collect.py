"""Bulk downloads of learning platforms: names, duplicates, zips."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import pytest

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

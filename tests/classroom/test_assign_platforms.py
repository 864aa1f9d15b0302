"""Whose file is it: the bulk downloads of each learning platform."""

from __future__ import annotations

from pathlib import Path

import pytest

from snnlab.classroom.assignments.collecting.collect import collect
from snnlab.classroom.assignments.collecting.students import read_handins, read_students
from tests.classroom.hand_ins import A1, A2, collected, saying, students, submitted, zipped

A = "a1_neuron.ipynb"


@pytest.mark.parametrize(
    "suffix",
    ["assignsubmission_file_", "assignsubmission_file", "Abgabe_Datei_", "remise_fichiers_"],
)
def test_moodle(suffix: str, tmp_path: Path) -> None:
    files = {
        f"Jörg Müßig_1234_{suffix}/{A}": A1,
        f"Zoë O'Hara-Smith_1235_{suffix}/Abgabe final (2).ipynb": A2,
        f"Ann Lee_77_{suffix}/{A}": A1,
        f"Ann Lee_78_{suffix}/{A}": saying("another"),
        f"Ann Lee_78_{suffix}/.ipynb_checkpoints/{A}": A1,
        "Ann Lee_78_assignsubmission_onlinetext_/onlinetext.html": b"<p>see file</p>",
        f"Tim_late_80_{suffix}/{A}": A1,
    }
    found = collected(tmp_path, files)
    assert set(submitted(tmp_path / "course")) == {
        "joerg_muessig_1234/a1_neuron",
        "zoe_o_hara_smith_1235/a2_noise",
        "ann_lee_77/a1_neuron",
        "ann_lee_78/a1_neuron",
        "tim_80/a1_neuron",
    }
    notes = {entry.student: entry.note for entry in found}
    assert "was called Abgabe final (2).ipynb" in notes["zoe_o_hara_smith_1235"]
    assert "late, says the platform" in notes["tim_80"]
    people = read_students(tmp_path / "course")
    assert (people["ann_lee_77"].name, people["ann_lee_77"].number) == ("Ann Lee", "77")


def test_moodle_without_folders(tmp_path: Path) -> None:
    files = {f"Ann Lee_{n}_assignsubmission_file_{A}": A1 for n in (77, 78)}
    collected(tmp_path, files)
    assert students(tmp_path / "course") == {"ann_lee_77", "ann_lee_78"}


@pytest.mark.parametrize("root", ["", "submissions/", "submissions.zip"])
def test_canvas(root: str, tmp_path: Path) -> None:
    files = {
        "muellerjoerg_4711_8151_a1_neuron.ipynb": A1,
        "leeann_LATE_4712_8152_a1_neuron-2.ipynb": A1,
        "leeann_LATE_4712_8153_my notes.pdf": b"%PDF",
        "raybob_4713_8154_work.zip": zipped({f"work/{A}": A1, "Eve_9_8_x.ipynb": A2}),
        "leeann_4799_8155_a1_neuron.ipynb": A1,
    }
    if root.endswith(".zip"):
        files = {root: zipped(files)}
    found = collected(
        tmp_path, {root * (not root.endswith("zip")) + n: d for n, d in files.items()}
    )
    expected = {"muellerjoerg_4711", "leeann_4712", "raybob_4713", "leeann_4799"}
    assert students(tmp_path / "course") == expected
    assert {e.student for e in found} == expected
    assert any("late" in e.note for e in found if e.student == "leeann_4712")


def test_blackboard(tmp_path: Path) -> None:
    def name(login: str, ending: str, second: int = 12) -> str:
        return f"Task 1_{login}_attempt_2026-11-02-10-11-{second}{ending}"

    files = {
        name("j_smith", f"_{A}"): A1,
        name("k_smith", f"_{A}"): A1,
        name("k_smith", f"_{A}", 59): saying("second attempt"),
        name("j_smith", ".txt"): b"Name: Jo Smith (j_smith)\r\nAssignment: Task 1\r\n",
        name("xk42", ".txt"): b"Name: Lee, Ann (xk42)\r\nAssignment: Task 1\r\n",
    }
    found = {e.source: e for e in collected(tmp_path, files)}
    assert students(tmp_path / "course") == {"j_smith", "k_smith"}
    assert "second attempt" in submitted(tmp_path / "course")["k_smith/a1_neuron"]
    assert not found[name("k_smith", f"_{A}")].taken
    assert found[name("j_smith", f"_{A}")].time == "2026-11-02T10:11:12"
    people = read_students(tmp_path / "course")
    assert {people["j_smith"].name, people["xk42"].name} == {"Jo Smith", "Ann Lee"}
    assert found[name("xk42", ".txt")].note.startswith("no notebook")


@pytest.mark.parametrize("task", ["Task", "a1_neuron", "My long task"])
def test_blackboard_with_one_student(task: str, tmp_path: Path) -> None:
    collected(tmp_path, {f"{task}_j_smith_attempt_2026-11-02-10-11-12_{A}": A1})
    assert students(tmp_path / "course") == {"j_smith"}


def test_blackboard_logins_that_begin_alike(tmp_path: Path) -> None:
    logins = ["j_smith", "j_stone", "j_smithers"]
    collected(tmp_path, {f"My_task_{x}_attempt_2026-11-02-10-11-12_{A}": A1 for x in logins})
    assert students(tmp_path / "course") == set(logins)


@pytest.mark.parametrize("flat", [False, True])
def test_brightspace(flat: bool, tmp_path: Path) -> None:
    def name(number: int, who: str, when: str) -> str:
        return f"{number}-678901 - {who} - {when}{' - ' if flat else '/'}{A}"

    files = {
        name(12345, "Ann Lee", "Nov 2, 2026 1011 AM"): saying("first"),
        name(12345, "Ann Lee", "Nov 2, 2026 111 PM"): saying("last"),
        name(12345, "Ann Lee", "Nov 2, 2026 1059 AM"): saying("second"),
        name(12346, "Bob-Jo Ray", "Nov 3, 2026 911 AM"): A1,
    }
    found = collected(tmp_path, files | {"index.html": b""})
    assert students(tmp_path / "course") == {"ann_lee_12345", "bob_jo_ray_12346"}
    assert "last" in submitted(tmp_path / "course")["ann_lee_12345/a1_neuron"]
    (taken,) = (e for e in found if e.taken and e.name == "Ann Lee")
    assert taken.time == "2026-11-02T13:11:00"
    assert sum("a later one was taken" in e.note for e in found) == 2


def test_sakai(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = "Task 1/Lee, Ann(annlee)"
    files = {
        f"{place}/Submission attachment(s)/a1.ipynb": A1,
        f"{place}/Feedback Attachment(s)/a1_neuron.ipynb": saying("by the teacher"),
        f"{place}/timestamp.txt": b"20261102101112345",
        "Task 1/Ray, Bob(bobray)/timestamp.txt": b"",
        "Task 1/grades.csv": b"",
    }
    found = {e.student: e for e in collected(tmp_path, files)}
    assert set(found) == {"annlee", "bobray"}
    assert found["annlee"].name == "Ann Lee"
    assert found["annlee"].time == "2026-11-02T10:11:12"
    assert found["bobray"].note.startswith("no notebook")


def test_google_classroom(tmp_path: Path) -> None:
    files = {
        "Lab/Ann Lee - a1_neuron.ipynb": A1,
        "Lab/Ann Lee - a1_neuron (1).ipynb": A1,
        "Lab/Bob Ray - a1_neuron.ipynb": A1,
        "Lab/Cy Fox - report.pdf": b"%PDF",
        "Lab/Copy of a1_neuron - Di Orr.ipynb": A1,
    }
    found = collected(tmp_path, files)
    assert {e.student for e in found} == {"ann_lee", "bob_ray", "cy_fox", "di_orr"}
    assert "cy_fox" not in students(tmp_path / "course")


@pytest.mark.parametrize("root", ["", "submitted/", "x/submitted/"])
def test_nbgrader_and_jupyterhub(root: str, tmp_path: Path) -> None:
    for login in ("annlee", "bobray"):
        place = f"{root}{login}/a1_neuron"
        stamp = b"2026-11-02 10:11:12.345678 UTC"
        files = {f"{place}/{A}": A1, f"{place}/timestamp.txt": stamp}
        (entry,) = collected(tmp_path, files)
        assert (entry.student, entry.taken) == (login, True)
        written = tmp_path / "course" / "submitted" / login / "a1_neuron" / "timestamp.txt"
        assert written.read_text() == "2026-11-02 10:11:12 UTC"


PLAIN = [
    (["stud_01/{}", "stud_07/{}"], {"stud_01", "stud_07"}),
    (["stud_01/{}"], {"stud_01"}),
    (["stud_01/mine/{}"], {"stud_01"}),
    (["course/stud_01/{}", "course/stud_07/deep/er/{}"], {"stud_01", "stud_07"}),
    (["x/y/ann/{}", "x/y/bob/{}", "x/y/readme.txt"], {"ann", "bob"}),
    (["ann_a1_neuron.ipynb", "bob_a1_neuron.ipynb"], {"ann", "bob"}),
    (["all/ann_a1_neuron.ipynb", "all/a1_neuron_bob.ipynb"], {"ann", "bob"}),
    (["Lab/Lab 1 - Ann.ipynb", "Lab/Lab 1 - Bob.ipynb"], {"ann", "bob"}),
    (["ann.zip", "bob.zip"], {"ann", "bob"}),
    (["a1_neuron/ann/{}", "a1_neuron/bob/{}"], {"ann", "bob"}),
    (["ann/a1_neuron/{}", "bob/a1_neuron/{}"], {"ann", "bob"}),
    (["ann/{}", "ann/.ipynb_checkpoints/{}", "ann/a1_neuron-checkpoint.ipynb"], {"ann"}),
    (["ann/{}", ".ipynb_checkpoints/{}", "__MACOSX/ann/._a1.ipynb", ".DS_Store"], {"ann"}),
]


@pytest.mark.sample(7)
@pytest.mark.parametrize("folder", [False, True])
@pytest.mark.parametrize(("paths", "expected"), PLAIN)
def test_plain_folders(paths: list[str], expected: set[str], folder: bool, tmp_path: Path) -> None:
    inner = zipped({f"my work/{A}": A1})
    files = {p.format(A): inner if p.endswith("zip") else A1 for p in paths}
    if folder:
        for name, data in files.items():
            (tmp_path / "all" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "all" / name).write_bytes(data)
        found = collect(tmp_path / "all", tmp_path / "course")
    else:
        found = collected(tmp_path, files)
    assert {entry.student for entry in found} == expected == students(tmp_path / "course")


def test_a_file_that_names_nobody_is_named(tmp_path: Path) -> None:
    (entry,) = collected(tmp_path, {A: A1})
    assert (entry.student, entry.taken, entry.note) == ("", False, "no student is named")
    assert read_handins(tmp_path / "course")[0].source == A
    collected(tmp_path, {A: A1})
    assert len(read_handins(tmp_path / "course")) == 1


def test_a_student_cannot_write_for_another(tmp_path: Path) -> None:
    hostile = zipped(
        {
            f"../../Bob_2_assignsubmission_file_/{A}": saying("evil"),
            "/Bob_2_assignsubmission_file_/a2_noise.ipynb": A2,
            f"C:\\Bob_2_assignsubmission_file_\\deep\\{A}": saying("evil too"),
        }
    )
    files = {"Eve_1_assignsubmission_file_/w.zip": hostile, "eve.zip": hostile}
    files |= {f"Bob_2_assignsubmission_file_/{A}": A1, f"Bob_2_assignsubmission_file_/../{A}": A1}
    found = collected(tmp_path, files)
    assert [e.source for e in found if e.student == "bob_2"] == [
        f"Bob_2_assignsubmission_file_/{A}"
    ]
    assert "evil" not in submitted(tmp_path / "course")["bob_2/a1_neuron"]
    assert {"eve_1", "eve"} <= students(tmp_path / "course")
    assert not [path for path in tmp_path.rglob("*.ipynb") if "submitted" not in path.parts]

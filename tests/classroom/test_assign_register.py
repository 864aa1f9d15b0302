"""Who is who: one student keeps one id over all downloads, and two are never one."""

from __future__ import annotations

import csv
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from snnlab.classroom.assignments.collecting.names import identifier, normal
from snnlab.classroom.assignments.collecting.platforms import Owner
from snnlab.classroom.assignments.collecting.register import Register
from snnlab.classroom.assignments.collecting.students import (
    Student,
    read_handins,
    read_students,
    write_students,
)
from snnlab.classroom.assignments.spreadsheets import read_rows
from tests.classroom.hand_ins import A1, A2, collected, saying, students, submitted

A = "a1_neuron.ipynb"


def moodle(name: str, number: int, file: str = A) -> str:
    return f"{name}_{number}_assignsubmission_file_/{file}"


def class_list(course: Path, *rows: dict[str, str]) -> None:
    course.mkdir(exist_ok=True)
    with (course / "students.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@pytest.mark.parametrize(
    ("one", "other"),
    [("李雷", "李雷雷"), ("李雷", "李蕾"), ("Олег Жуков", "Олег Жук"), ("😀", "😁"), ("!", "?"),
     ("यश", "यशा"), ("A" * 300, "A" * 299 + "B")],
)  # fmt: skip
def test_names_in_any_script_are_ids_and_two_are_two(one: str, other: str, tmp_path: Path) -> None:
    ids = {identifier(one), identifier(other)}
    assert all(id.isascii() and id.replace("_", "").isalnum() and len(id) <= 60 for id in ids)
    found = Register({}).identify([Owner(one), Owner(other)])[0]
    assert len(set(found.values())) == 2
    assert normal(one) != normal(other)


def test_a_number_of_moodle_does_not_split_a_person(tmp_path: Path) -> None:
    collected(tmp_path, {moodle("Ann Lee", 7): A1, moodle("Bob Ray", 8): A1})
    collected(tmp_path, {moodle("Ann Lee", 97, "x.ipynb"): A2, moodle("Cy Fox", 98): A1})
    assert set(submitted(tmp_path / "course")) == {
        "ann_lee_7/a1_neuron",
        "ann_lee_7/a2_noise",
        "bob_ray_8/a1_neuron",
        "cy_fox_98/a1_neuron",
    }
    assert read_students(tmp_path / "course")["ann_lee_7"].also == ("moodle:7", "moodle:97")


def test_two_assignments_in_one_folder_are_two_downloads(tmp_path: Path) -> None:
    files = {f"a1/{moodle('Ann Lee', 7)}": A1, f"a2/{moodle('Ann Lee', 97)}": A2}
    collected(tmp_path, files | {f"a2/{moodle('Bob Ray', 98)}": A2})
    assert students(tmp_path / "course") == {"ann_lee_7", "bob_ray_98"}


def test_two_people_of_one_name_who_cannot_be_told_are_refused_until_they_can(
    tmp_path: Path,
) -> None:
    course = tmp_path / "course"
    collected(tmp_path, {moodle("Ann Lee", 7): saying("7"), moodle("Ann Lee", 8): saying("8")})
    second = {moodle("Ann Lee", 97): A2, moodle("Ann Lee", 98): A2, moodle("Bob Ray", 99): A2}
    found = {e.source: e for e in collected(tmp_path, second)}
    refused = found[moodle("Ann Lee", 97)]
    assert (refused.student, refused.taken) == ("", False)
    for text in ("ann_lee_7 or ann_lee_8", "moodle:98", "write moodle:97 into the column also"):
        assert text in refused.note
    assert set(submitted(course)) == {
        "ann_lee_7/a1_neuron",
        "ann_lee_8/a1_neuron",
        "bob_ray_99/a2_noise",
    }
    rows = read_rows(course / "students.csv")
    rows[0]["also"] += "; moodle:98"
    rows.append(dict.fromkeys(rows[0], "") | {"name": "Ann Lee", "also": "moodle:97"})
    class_list(course, *rows)
    collected(tmp_path, second)
    assert {"ann_lee_7/a2_noise", "ann_lee/a2_noise"} <= set(submitted(course))
    assert not [row for row in read_handins(course) if not row.student]


def test_somebody_of_the_same_name_who_comes_later_is_new(tmp_path: Path) -> None:
    collected(tmp_path, {moodle("Ann Lee", 7): saying("7")})
    collected(tmp_path, {moodle("Ann Lee", 7): saying("7"), moodle("Ann Lee", 8): saying("8")})
    found = submitted(tmp_path / "course")
    assert "7" in found["ann_lee_7/a1_neuron"]
    assert "8" in found["ann_lee_8/a1_neuron"]


def test_platforms_are_brought_together(tmp_path: Path) -> None:
    collected(tmp_path, {moodle("Ann Lee", 7): A1})
    for number, name in enumerate(
        [
            f"leeann_4712_8152_{A}",
            "T/Lee, Ann(annlee)/Submission attachment(s)/a1.ipynb",
            f"Task_annlee_attempt_2026-11-02-10-11-12_{A}",
            f"annlee/a1_neuron/{A}",
            f"4712-1 - Ann Lee - Nov 2, 2026 1011 AM/{A}",
            f"Ann Lee - {A}",
        ]
    ):
        (entry,) = collected(tmp_path, {name: saying(str(number))})
        assert entry.student == "ann_lee_7", name
    assert set(read_students(tmp_path / "course")) == {"ann_lee_7"}


def test_one_number_of_two_platforms_is_not_one_person(tmp_path: Path) -> None:
    collected(tmp_path, {moodle("Ann Lee", 4712): A1})
    collected(tmp_path, {f"raybob_4712_1_{A}": A1})
    assert students(tmp_path / "course") == {"ann_lee_4712", "raybob_4712"}


def test_one_number_with_two_names_is_asked_about(tmp_path: Path) -> None:
    collected(tmp_path, {f"leeann_4712_1_{A}": A1})
    (entry,) = collected(tmp_path, {f"raybob_4712_2_{A}": saying("bob")})
    assert entry.student == ""
    assert "is the number of leeann_4712 (leeann); if that is raybob" in entry.note
    rows = read_rows(tmp_path / "course" / "students.csv")
    other = {"name": "Bob Ray", "also": "canvas:4712; raybob"}
    class_list(tmp_path / "course", *rows, dict.fromkeys(rows[0], "") | other)
    (entry,) = collected(tmp_path, {f"raybob_4712_2_{A}": saying("bob")})
    assert entry.student == "bob_ray"
    files = {f"smith_2026_11_{A}": A1, f"jones_2026_11_{A}": A1}  # a date, no number
    assert {e.student for e in collected(tmp_path, files)} == {"smith", "jones"}


def test_another_number_on_a_platform_that_numbers_people_is_another_person(
    tmp_path: Path,
) -> None:
    collected(tmp_path, {f"leeann_4712_1_{A}": A1})
    collected(tmp_path, {f"leeann_4713_2_{A}": A1})
    assert students(tmp_path / "course") == {"leeann_4712", "leeann_4713"}


def test_two_spellings_of_one_name_are_refused_with_both_named(tmp_path: Path) -> None:
    found = collected(tmp_path, {f"Ann Lee/{A}": saying("1"), f"ann-lee/{A}": saying("2")})
    notes = {entry.source: entry.note for entry in found}
    assert "the same person as ann-lee" in notes[f"Ann Lee/{A}"]
    assert "the same person as Ann Lee" in notes[f"ann-lee/{A}"]
    assert not submitted(tmp_path / "course")
    class_list(tmp_path / "course", {"name": "Ann Lee", "also": "ann-lee"})
    found = collected(tmp_path, {f"Ann Lee/{A}": saying("1"), f"ann-lee/{A}": saying("2")})
    assert sum(entry.taken for entry in found) == 1  # still two sources for one id
    assert "and so may" in next(entry.note for entry in found if not entry.taken)


LISTS = [
    {"student": "", "name": "Lee, Ann"},
    {"name": "Ann Lee"},
    {"name": "LEE, ANN", "email": "x@uni.de"},
    {"name": "Prof. A. L.", "also": "Ann Lee"},
    {"name": "Ann Lee", "also": "al42; annie@uni.de"},
    {"student": "S-0815", "name": "Ann Lee"},
]


@pytest.mark.parametrize("row", LISTS)
def test_a_class_list_is_matched_and_kept(row: dict[str, str], tmp_path: Path) -> None:
    course = tmp_path / "course"
    more = {"due": "2026-12-01", "room": "=B12"}
    class_list(course, row | more, dict.fromkeys(row, "") | {"name": "No Show"} | more)
    (first, absent) = read_students(course)
    (entry,) = collected(tmp_path, {moodle("Ann Lee", 7): A1})
    assert entry.student == first
    people = read_students(course)
    assert list(people) == [first, absent]
    assert people[first].name == row["name"]
    assert people[first].number == "7"
    assert (people[absent].due, people[absent].more["room"]) == ("2026-12-01", "=B12")


@pytest.mark.parametrize("label", ["ann.lee", "al42", "ANN.LEE@uni.de", "S-0815", "4711"])
def test_a_login_a_number_or_an_address_of_the_class_list_is_found(
    label: str, tmp_path: Path
) -> None:
    row = {"student": "S-0815", "name": "Annabel Li", "number": "4711", "also": "al42"}
    class_list(tmp_path / "course", row | {"e-mail": "ann.lee@uni.de"})
    (entry,) = collected(tmp_path, {f"{label}/{A}": A1})
    assert entry.student == "S-0815"


def test_running_numbers_of_a_class_list_are_no_numbers_of_moodle(tmp_path: Path) -> None:
    rows = [{"name": "Ann Lee", "number": "1"}, {"name": "Bob Ray", "number": "2"}]
    class_list(tmp_path / "course", *rows)
    collected(tmp_path, {moodle("Ann Lee", 2): A1, moodle("Bob Ray", 1): A1})
    people = read_students(tmp_path / "course")
    assert [person.also for person in people.values()] == [("moodle:2",), ("moodle:1",)]


def test_a_class_list_with_two_of_one_name_asks(tmp_path: Path) -> None:
    class_list(tmp_path / "course", {"name": "Ann Lee"}, {"name": "Lee, Ann"})
    (entry,) = collected(tmp_path, {moodle("Ann Lee", 7): A1})
    assert "ann_lee or ann_lee_2" in entry.note


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"student": "x"}, {"student": "x"}], "'x' stands in two rows"),
        ([{"student": "../x"}], "cannot be the name of a folder"),
    ],
)
def test_a_class_list_that_cannot_be_used_is_refused(
    rows: list[dict[str, str]], message: str, tmp_path: Path
) -> None:
    class_list(tmp_path, *rows)
    with pytest.raises(ValueError, match=message):
        read_students(tmp_path)


def test_a_class_list_is_written_as_it_was_read(tmp_path: Path) -> None:
    person = Student("a", "=A", "1", ("b", "moodle:2"), "2026-12-01", {"x": "-1"})
    write_students(tmp_path, [person])
    assert read_students(tmp_path) == {"a": person}
    assert read_students(tmp_path)["a"].more == person.more


WORDS = st.sampled_from(["Ann", "Lee", "Wei", "Li", "Bob", "Ray", "李雷", "李蕾", "Müller", "Ali"])
PERSON = st.lists(WORDS, min_size=2, max_size=3).map(" ".join)
CLASS = st.lists(PERSON, min_size=2, max_size=8, unique_by=normal)
"""People of different names, some in another order than others."""


def owner_on(platform: str, name: str, person: int, download: int) -> Owner:
    """How one platform names a person in one download."""
    if platform == "moodle":  # another number in each assignment
        return Owner(name, platform, str(1000 * download + person))
    if platform in ("sakai", "blackboard"):
        return Owner(name, platform, f"login{person}")
    return Owner(name, platform, str(person + 50) if platform else "")


@pytest.mark.slow
@settings(max_examples=200)
@given(CLASS, st.data())
def test_people_are_never_merged_and_never_split(people: list[str], data: st.DataObject) -> None:
    register = Register({})
    ids: dict[int, set[str]] = {}
    for download in range(1, data.draw(st.integers(2, 5))):
        platform = data.draw(st.sampled_from(["moodle", "canvas", "sakai", "brightspace", ""]))
        there = data.draw(st.sets(st.sampled_from(range(len(people))), min_size=1))
        owners = {n: owner_on(platform, people[n], n, download) for n in there}
        found, unclear = register.identify(list(owners.values()))
        assert not unclear
        for person, owner in owners.items():
            ids.setdefault(person, set()).add(found[owner])
        register = Register(dict(register.students))
    assert all(len(each) == 1 for each in ids.values()), "split"
    assert len({id for each in ids.values() for id in each}) == len(ids), "merged"


NAMESAKES = st.lists(st.sampled_from(["Ann Lee", "Lee Ann", "李雷"]), min_size=2, max_size=6)


@pytest.mark.slow
@settings(max_examples=200)
@given(NAMESAKES, st.booleans(), st.data())
def test_people_of_one_name_with_their_own_numbers_are_never_merged(
    people: list[str], one_platform: bool, data: st.DataObject
) -> None:
    platforms = st.sampled_from(["canvas", "sakai", "brightspace"])
    only, register, ids = data.draw(platforms), Register({}), dict[int, set[str]]()
    for download in range(1, data.draw(st.integers(2, 5))):
        platform = only if one_platform else data.draw(platforms)
        there = set(range(len(people)))
        if one_platform or ids:  # on a second platform a namesake who was never seen is not known
            there = data.draw(st.sets(st.sampled_from(sorted(there)), min_size=1))
        owners = {n: owner_on(platform, people[n], n, download) for n in there}
        found, unclear = register.identify(list(owners.values()))
        assert not (one_platform and unclear)
        for person, owner in owners.items():
            if owner in found:
                ids.setdefault(person, set()).add(found[owner])
    everybody = [id for each in ids.values() for id in each]
    assert len(everybody) == len(set(everybody)), "merged"
    assert all(len(each) == 1 for each in ids.values()), "split"


@pytest.mark.slow
def test_a_class_of_three_thousand_is_found_in_seconds() -> None:
    owners = [Owner(f"Ann Maria Lee{n}", "moodle", str(n)) for n in range(3000)]
    register = Register({})
    register.identify(owners)
    start = time.perf_counter()
    found, unclear = register.identify([Owner(o.name, "moodle", o.key + "000") for o in owners])
    assert time.perf_counter() - start < 10
    assert len(set(found.values())) == 3000
    assert not unclear

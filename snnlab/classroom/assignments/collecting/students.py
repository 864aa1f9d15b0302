"""The class list of a course, and the table of all files that were handed in."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from snnlab.classroom.assignments.collecting.names import first_last, fold, new_id
from snnlab.classroom.assignments.spreadsheets import read_rows, write_rows

STUDENTS, HANDINS = "students.csv", "handins.csv"
ID = re.compile(r"[\w@+-][\w.@+ -]*")


@dataclass(frozen=True)
class Student:
    """One row of `students.csv`."""

    student: str
    """Id: the name of the student's folder in `submitted/`."""
    name: str = ""
    number: str = ""
    """The number by which the platform, or the class list, knows this person."""
    also: tuple[str, ...] = ()
    """Other names, logins and numbers; `moodle:1234` is the number on one platform."""
    due: str = ""
    """This student's own deadline; empty for none."""
    more: Mapping[str, str] = field(default_factory=dict, compare=False)
    """Further columns that the lecturer has added."""

    @property
    def tags(self) -> dict[str, set[str]]:
        """Keys by platform."""
        found: dict[str, set[str]] = defaultdict(set)
        for platform, colon, key in (each.partition(":") for each in self.also):
            if colon:
                found[platform.strip().lower()].add(key.strip().casefold())
        return dict(found)

    @property
    def names(self) -> list[str]:
        """All names of this person, with e-mail addresses and logins."""
        plain = [self.name, *(each for each in self.also if ":" not in each)]
        plain += [cell for cell in [self.student, *self.more.values()] if "@" in cell]
        return [n for n in [*plain, *(e.partition("@")[0] for e in plain if "@" in e)] if n]

    @property
    def keys(self) -> set[str]:
        """Logins, and the number unless it belongs to one platform only."""
        of_platforms = set().union(*self.tags.values())
        own = {self.number.casefold()} - of_platforms - {""}
        other = set(map(fold, self.names)) - {fold(self.name)}
        return own | other | {key for key in of_platforms if not key.isdigit()}


@dataclass(frozen=True)
class HandIn:
    """One row of `handins.csv`: one file that was found in some download."""

    student: str
    """Empty if the owner is unclear."""
    assignment: str
    """Empty if it belongs to none."""
    source: str
    """Path in the download."""
    time: str = ""
    """When the platform received it, in local time, like 2026-11-02T10:11:12; empty if unknown."""
    taken: bool = True
    """Whether this file counts for its student and assignment."""
    note: str = ""
    """Remarks on the file; may be empty."""
    digest: str = ""
    """Digest of the bytes of the file; empty if they were not read."""


STUDENT_FIELDS = [each.name for each in fields(Student) if each.name != "more"]
HANDIN_FIELDS = [each.name for each in fields(HandIn)]


def read_students(course: Path) -> dict[str, Student]:
    """The register by id. Rows of a class list without an id are given one.

    Raises:
        ValueError: two rows have the same id, an id cannot be a folder, or no column is known.
    """
    students: dict[str, Student] = {}
    rows = read_rows(course / STUDENTS)
    if rows and not {"student", "name", "number", "also"} & set(rows[0]):
        raise ValueError(
            f"{STUDENTS} needs one of the columns student, name, number, also; it has "
            f"{', '.join(rows[0])}"
        )
    for row in rows:
        if (id := row.get("student", "").strip()) and not ID.fullmatch(id):
            raise ValueError(f"{STUDENTS}: the id {id!r} cannot be the name of a folder")
    taken = {fold(row.get("student", "")) for row in rows}
    for place, row in enumerate(rows, 2):
        id, name, number, also, due = (row.pop(key, "").strip() for key in STUDENT_FIELDS)
        others = tuple(each.strip() for each in also.split(";") if each.strip())
        person = Student(id, name, number, others, due, row)
        label = first_last(name) or next(iter(person.names), "") or f"row {place}"
        id = id or new_id(label, number, taken)
        if id in students:
            raise ValueError(f"{STUDENTS}: the id {id!r} stands in two rows; each needs its own")
        students[id] = replace(person, student=id)
    return students


def write_students(course: Path, students: Iterable[Student]) -> None:
    """Write the register, with all columns that it had."""
    rows = [{**vars(each), "also": "; ".join(each.also), **each.more} for each in students]
    columns = dict.fromkeys([*STUDENT_FIELDS, *(key for row in rows for key in row.pop("more"))])
    write_rows(course / STUDENTS, list(columns), rows, backup=True)


def read_handins(course: Path) -> list[HandIn]:
    """All files that were ever found, in the order in which they came."""
    rows: list[dict[str, Any]] = [
        {key: row.get(key, "") for key in HANDIN_FIELDS} for row in read_rows(course / HANDINS)
    ]
    return [HandIn(**{**row, "taken": row["taken"] == "yes"}) for row in rows]


def write_handins(course: Path, handins: Iterable[HandIn]) -> None:
    """Write the table of all files."""
    rows = [{**vars(each), "taken": "yes" if each.taken else "no"} for each in handins]
    write_rows(course / HANDINS, HANDIN_FIELDS, rows)

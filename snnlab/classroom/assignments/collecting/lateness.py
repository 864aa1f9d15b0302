"""Deadlines, extensions, and how late a notebook came."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

from snnlab.classroom.assignments.catalogue import ASSIGNMENTS, assignment_named
from snnlab.classroom.assignments.collecting.students import STUDENTS, Student
from snnlab.classroom.assignments.spreadsheets import read_rows

DEADLINES = "deadlines.csv"
FORMS = "2026-11-02 23:59"
DAYS = re.compile(r"\+?(\d+(?:[.,]\d+)?)(?: *(?:d|days?))?")
"""An extension in days; spreadsheets remove the plus."""


def deadlines(folder: Path) -> dict[str, datetime]:
    """The deadline of each assignment, from the columns assignment and due of `deadlines.csv`.

    Raises:
        ValueError: an unknown assignment, or a time in no known form.
    """
    found = {}
    for number, row in enumerate(read_rows(folder / DEADLINES), 2):
        try:
            found[assignment_named(row.get("assignment", "")).name] = moment(row.get("due", ""))
        except ValueError as error:
            raise ValueError(f"{DEADLINES}, row {number}: {error}") from None
    return found


def moment(text: str) -> datetime:
    """A local date, or date and time; a date alone means its last minute.

    Raises:
        ValueError: neither.
    """
    iso = re.sub(r"^(\d{1,2})\.(\d{1,2})\.(\d{4})", day_first, text.strip())
    iso = re.sub(r"([ T])(\d):", r"\g<1>0\2:", iso)
    try:
        time = datetime.fromisoformat(iso)
    except ValueError:
        raise ValueError(f"due must be a time like {FORMS}, got {text!r}") from None
    if re.fullmatch(r"\d{4}-?\d{2}-?\d{2}", iso):
        time += timedelta(hours=23, minutes=59, seconds=59)
    return time.astimezone().replace(tzinfo=None) if time.tzinfo else time


def day_first(date: re.Match[str]) -> str:
    """A date like 2.11.2026, as some spreadsheets write it, in the form 2026-11-02."""
    return f"{date[3]}-{date[2]:0>2}-{date[1]:0>2}"


def due_for(name: str, general: Mapping[str, datetime], own: str) -> datetime | None:
    """One student's deadline of an assignment; None: there is none.

    Args:
        name: the assignment.
        general: everybody's deadlines.
        own: the column `due` of the student's row: `+2` (days on top of every deadline), a time,
            or either for one assignment, which comes first: `+2; a2_noise 2026-11-05 23:59`.

    Raises:
        ValueError: it has none of these forms.
    """
    everywhere, here = "", ""
    for part in filter(None, (part.strip() for part in own.split(";"))):
        first, _, rest = part.partition(" ")
        if re.match(r"[+\d]", first):
            everywhere = part
        elif assignment_named(first.rstrip(":")).name == name:
            here = rest.strip()
    due, wanted = general.get(name), here or everywhere
    if not wanted:
        return due
    if (more := DAYS.fullmatch(wanted)) is None:
        return moment(wanted)
    return due + timedelta(days=float(more[1].replace(",", "."))) if due else None


def extensions_checked(students: Iterable[Student]) -> None:
    """Check that the column `due` of every student can be read.

    Raises:
        ValueError: one cannot be read; the message names the student.
    """
    for person in students:
        for name in ASSIGNMENTS:
            try:
                due_for(name, {}, person.due)
            except ValueError as error:
                who = f"{STUDENTS}, row of {person.student} {person.name}"
                raise ValueError(f"{who}: due {person.due!r}: {error}") from None


def lateness(handed_in: str, due: datetime | None) -> str:
    """By how much a notebook was late, in words; empty if it was not late, or this is unknown."""
    if due is None or not handed_in:
        return ""
    late = moment(handed_in) - due
    if late <= timedelta(0):
        return ""
    minutes = max(1, int(late.total_seconds() // 60))
    parts = [(minutes // 1440, "d"), (minutes // 60 % 24, "h"), (minutes % 60, "min")]
    return " ".join(f"{number} {unit}" for number, unit in parts if number)

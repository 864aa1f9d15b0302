"""Collect the bulk download of a learning platform: whose is each notebook, and which counts."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from nbformat import NotebookNode

from snnlab.classroom.assignments import places
from snnlab.classroom.assignments.catalogue import ASSIGNMENTS, assignment_of
from snnlab.classroom.assignments.collecting.downloads import HandedIn, files_in
from snnlab.classroom.assignments.collecting.platforms import Label, Owner, Paths, stamp_of
from snnlab.classroom.assignments.collecting.register import Register
from snnlab.classroom.assignments.collecting.students import (
    HandIn,
    read_handins,
    read_students,
    write_handins,
    write_students,
)
from snnlab.classroom.assignments.notebooks.reading import (
    UnreadableNotebook,
    notebook_bytes,
    parse_notebook,
    read_notebook,
)
from snnlab.classroom.assignments.notebooks.restoring import is_filled
from snnlab.classroom.assignments.spreadsheets import digest, text_of, write_whole

NAMED_CELL = re.compile(rb'"grade_id":\s*"(\w+)"')
GroupAndOwner = tuple[str, Owner]
"""A group of a download, and an owner in it."""


@dataclass(frozen=True)
class Collected(HandIn):
    """One file of a download, and what was done with it."""

    name: str = ""
    """Name of the student as in the download."""


def collect(download: Path, course: Path) -> list[Collected]:
    """Copy the notebooks of a download to `submitted/<student>/<assignment>/`.

    The cells of a notebook, not its file name, say which assignment it is. If a student has several
    good notebooks in all downloads, the one with the latest time on the platform counts; of two
    with the same time, one that is filled in, then the one changed last in the student's zip, then
    the one with the right file name. Notebooks are copied as they were read, in the newest version
    of the format. `students.csv` and `handins.csv` record who handed in what. Collecting the same
    download again changes nothing.

    Args:
        download: a zip file, or a folder.
        course: the course folder.

    Returns:
        One entry for each notebook and each damaged file, and one for each student without any.

    Raises:
        ValueError: neither a zip file nor a folder, no notebook in it, or a table of the course
            that cannot be used.
    """
    register = Register(read_students(course))
    labels, ids, unclear = survey(download, register)
    write_students(course, register.students.values())  # ids are saved before the first file is
    desk = Desk(course)
    for file, label in zip(files_in(download), labels, strict=True):
        when = iso(label.time or file.time)
        row = HandIn("", "", str(file.path), when, taken=False, note="no student is named")
        if label.owner is None:
            if file.is_work:
                desk.put(row, "")
            continue
        who = (label.group, label.owner)
        row = replace(row, student=ids.get(who, ""), note=unclear.get(who, ""))
        if row.student and file.is_work:
            desk.take(file, row, label, dated=label.time is not None or not download.is_dir())
        else:
            desk.set_aside(file, row, label.owner)
    return desk.closed()


def survey(
    download: Path, register: Register
) -> tuple[list[Label], dict[GroupAndOwner, str], dict[GroupAndOwner, str]]:
    """Read a download once: labels of the paths, ids of students, and unclear owners with reasons.

    Raises:
        ValueError: there is no notebook in it.
    """
    paths, texts, work = [], {}, False
    for file in files_in(download):
        paths.append(file.path)
        work = work or file.is_work
        if file.path.suffix.lower() == ".txt" and file.data:
            texts[file.path] = text_of(file.data)
    if not work:
        raise ValueError(f"there is no notebook (*.ipynb) in {str(download)!r}")
    labels = Paths(paths, texts, register.known_names(), download.stem).labels()
    ids: dict[GroupAndOwner, str] = {}
    unclear: dict[GroupAndOwner, str] = {}
    for group in dict.fromkeys(label.group for label in labels):
        owners = [label.owner for label in labels if label.group == group and label.owner]
        known, unknown = register.identify(owners)
        ids |= {(group, owner): id for owner, id in known.items()}
        unclear |= {(group, owner): why for owner, why in unknown.items()}
    return labels, ids, unclear


class Desk:
    """Takes files one by one, and keeps the table that says which of them count."""

    def __init__(self, course: Path) -> None:
        self.course = course
        self.rows = read_handins(course)
        self.places = {key(row): place for place, row in enumerate(self.rows)}
        self.counting = {
            (row.student, row.assignment): place for place, row in enumerate(self.rows) if row.taken
        }
        self.before = {
            (row.student, row.assignment, row.digest): place
            for place, row in enumerate(self.rows)
            if row.digest
        }
        """Notebooks of earlier downloads by their bytes."""
        self.own_times: dict[int, str] = {}
        self.seen: dict[int, str] = {}
        """Rows of the files of this download, with the names of their students."""
        self.others: dict[Owner, list[HandIn]] = {}

    def put(self, row: HandIn, name: str) -> int:
        """Write a row, replacing an earlier one on the same file; return its index."""
        nobodys = self.places.pop(("", "", row.source, row.time), len(self.rows))
        place = self.places.get(key(row), nobodys)
        self.rows[place : place + 1] = [row]
        self.places[key(row)] = place
        self.seen[place] = name
        return place

    def set_aside(self, file: HandedIn, row: HandIn, owner: Owner) -> None:
        """Remember a file that is no notebook, or whose owner is unclear."""
        if not row.student and file.is_work:
            self.put(row, owner.name)
        self.others.setdefault(owner, []).append(row)

    def take(self, file: HandedIn, row: HandIn, label: Label, *, dated: bool) -> None:
        """Find out what a file is, and copy it if it is the one that counts.

        Args:
            file: with its data.
            row: what is known about it so far.
            label: owner, time and lateness from its path.
            dated: whether its time is from the platform, and not that of a copy on this machine.
        """
        name = label.owner.name if label.owner else ""
        notebook, fault = understood(file)
        assignment = assignment_of(notebook) if notebook else None
        if notebook is None or assignment is None:
            fault = fault or "belongs to no assignment of this course"
            named = "" if notebook else assignment_in(file)
            self.put(replace(row, assignment=named, note=fault), name)
            return
        row = replace(row, assignment=assignment.name, digest=digest(file.data))
        data = notebook_bytes(notebook)
        best = self.best(row, data)
        known = self.places.get(key(row))
        if best is not None and self.rows[best].digest == row.digest:
            known = best
        elif known is None and not dated:
            known = self.before.get((row.student, row.assignment, row.digest))
        if known is not None:
            self.seen[known] = name
            if known == best and not self.target(row).is_file():
                self.write(row, data)
            return
        called = file.path.name
        odd = [f"was called {called}"] if called != f"{assignment.name}.ipynb" else []
        odd += ["late, says the platform"] if label.late else []
        odd += [] if is_filled(notebook) else ["nothing is filled in"]
        if best is not None and not self.outranks(file, row, notebook, best):
            odd.append(why_not_taken(row, to=self.rows[best]))
            self.put(replace(row, note="; ".join(odd)), name)
            return
        if best is not None:
            before = self.rows[best]
            note = "; ".join(filter(None, [before.note, why_not_taken(before, to=row)]))
            self.rows[best] = replace(before, taken=False, note=note)
            odd.append(f"in place of {before.source}")
        self.write(row, data)
        place = self.put(replace(row, taken=True, note="; ".join(odd)), name)
        self.counting[row.student, row.assignment] = place
        self.own_times[place] = file.own_time

    def best(self, row: HandIn, data: bytes) -> int | None:
        """The index of the row that counts so far; a notebook without a row gets one."""
        owned = row.student, row.assignment
        place, target = self.counting.get(owned), self.target(row)
        source = target.relative_to(self.course).as_posix()
        same = target.is_file() and target.read_bytes() == data
        if place is None and target.is_file() and not same:
            stamp = target.with_name(places.STAMP)
            when = iso(stamp_of(stamp.read_text("utf-8")) if stamp.is_file() else None)
            self.counting[owned] = place = len(self.rows)
            self.rows.append(HandIn(*owned, source, when, note="was there before"))
        elif place is not None and self.rows[place].source == source and same:
            # It was copied from this file before the program was stopped.
            self.places["", "", row.source, row.time] = self.counting.pop(owned)
            return None
        return place

    def outranks(self, file: HandedIn, row: HandIn, notebook: NotebookNode, best: int) -> bool:
        """Whether a file replaces the one that counts so far."""
        other, target = self.rows[best], self.target(row)
        if row.time != other.time:
            return row.time > other.time
        filled = target.is_file() and is_filled(read_notebook(target))
        clocks = file.own_time, self.own_times.get(best, "")
        mine, others = clocks if all(clocks) else ("", "")
        return (is_filled(notebook), mine, rightly_named(row), row.source) > (
            filled,
            others,
            rightly_named(other),
            other.source,
        )

    def target(self, row: HandIn) -> Path:
        """The path of the notebook that counts."""
        return places.submitted(self.course, row.student, row.assignment)

    def write(self, row: HandIn, data: bytes) -> None:
        """Write a notebook, and beside it its time in UTC in nbgrader's format."""
        target = self.target(row)
        write_whole(target, data)
        stamp = target.with_name(places.STAMP)
        if row.time:
            moment = datetime.fromisoformat(row.time).astimezone(UTC)
            write_whole(stamp, f"{moment:%Y-%m-%d %H:%M:%S} UTC".encode())
        else:
            stamp.unlink(missing_ok=True)

    def closed(self) -> list[Collected]:
        """Write the table, and return the result for each file of this download."""
        with_work = {self.rows[place].student for place in self.seen}
        for owner, found in self.others.items():
            student = found[0].student
            if student and student not in with_work:
                names = ", ".join(PurePosixPath(row.source).name for row in found[:3])
                self.put(replace(found[0], note=f"no notebook: {names}"), owner.name)
            elif not student and all(key(row) not in self.places for row in found):
                self.put(found[0], owner.name)
        for place in self.seen:
            row = self.rows[place]  # of a damaged file, if another one counts
            best = self.counting.get((row.student, row.assignment))
            if best is not None and not row.digest and best != place:
                self.rows[place] = replace(row, note=f"{row.note}; another one counts")
        write_handins(self.course, self.rows)
        result = [Collected(**vars(self.rows[at]), name=name) for at, name in self.seen.items()]
        return sorted(result, key=lambda each: (each.student, each.assignment, each.source))


def key(row: HandIn) -> tuple[str, str, str, str]:
    """A key of a hand-in: with the digest of its bytes, or with its path if it was not read."""
    return row.student, row.assignment, row.digest or row.source, row.time


def understood(file: HandedIn) -> tuple[NotebookNode | None, str]:
    """The notebook, or what is wrong with the file."""
    if file.fault:
        return None, file.fault
    try:
        return parse_notebook(file.data, file.path.name), ""
    except UnreadableNotebook as error:
        return None, str(error)


def assignment_in(file: HandedIn) -> str:
    """The assignment of an unreadable file, guessed from its name or its bytes."""
    inside = {name.decode() for name in NAMED_CELL.findall(file.data)}
    found = {name: len(inside & set(each.cells)) for name, each in ASSIGNMENTS.items()}
    likely = max(found, key=lambda name: (name in file.path.name, found[name]))
    return likely if found[likely] or likely in file.path.name else ""


def rightly_named(row: HandIn) -> bool:
    """Whether a file has the name of the released notebook."""
    return PurePosixPath(row.source).stem == row.assignment


def why_not_taken(row: HandIn, *, to: HandIn) -> str:
    """Why a good notebook does not count; `to` is the one that counts."""
    return f"{'a later one' if row.time < to.time else 'another of the same time'} was taken"


def iso(time: datetime | None) -> str:
    """A time as the table of hand-ins has it; empty for none."""
    return time.isoformat(timespec="seconds") if time else ""

"""Take in the bulk download of a learning platform: whose notebook is what, and which counts."""

from __future__ import annotations

from pathlib import Path

from snnlab.classroom.assignments.collecting.desk import Collected, Desk
from snnlab.classroom.assignments.collecting.downloads import HandedIn, files_in
from snnlab.classroom.assignments.collecting.platforms import Label, Owner, labels_of
from snnlab.classroom.assignments.collecting.register import Register
from snnlab.classroom.assignments.collecting.students import HandIn, read_students, write_students
from snnlab.classroom.assignments.spreadsheets import text_of

Who = tuple[str, Owner]
"""A group of a download, and an owner in it."""


def collect(download: Path, course: Path) -> list[Collected]:
    """Copy the notebooks of a download to `submitted/<student>/<assignment>/`.

    Which assignment a notebook is, its cells say, whatever the file is called. Of several good
    notebooks of one student the one that the platform took last counts, over all downloads; of
    two with the same time, the one whose name is right. What is copied is the notebook as it was
    understood, in the newest version of the format. `students.csv` and `handins.csv` say who
    handed in what. The same download again changes nothing.

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
    write_students(course, register.students.values())  # ids stand before the first file does
    desk = Desk(course)
    for file, label in zip(files_in(download), labels, strict=True):
        if label.owner is None:
            if file.notebook or file.fault:
                desk.put(begun(file, label, "no student is named"), "")
            continue
        who = (label.group, label.owner)
        entry = begun(file, label, unclear.get(who, ""), ids.get(who, ""))
        if entry.student and (file.notebook or file.fault):
            desk.take(file, entry, label, dated=label.time is not None or not download.is_dir())
        else:
            desk.set_aside(file, entry, label.owner)
    return desk.closed()


def survey(
    download: Path, register: Register
) -> tuple[list[Label], dict[Who, str], dict[Who, str]]:
    """Read a download once: what each path says, the students, and who cannot be told.

    Raises:
        ValueError: there is no notebook in it.
    """
    paths, texts, work = [], {}, False
    for file in files_in(download):
        paths.append(file.path)
        work = work or file.notebook or bool(file.fault)
        if file.path.suffix.lower() == ".txt" and file.data:
            texts[file.path] = text_of(file.data)
    if not work:
        raise ValueError(f"there is no notebook (*.ipynb) in {str(download)!r}")
    labels = labels_of(paths, texts, register.known_names(), download.stem)
    ids: dict[Who, str] = {}
    unclear: dict[Who, str] = {}
    for group in dict.fromkeys(label.group for label in labels):
        owners = [label.owner for label in labels if label.group == group and label.owner]
        known, unknown = register.identify(owners)
        ids |= {(group, owner): id for owner, id in known.items()}
        unclear |= {(group, owner): why for owner, why in unknown.items()}
    return labels, ids, unclear


def begun(file: HandedIn, label: Label, note: str, student: str = "") -> HandIn:
    """The row of a file before anybody has looked into it."""
    time = label.time or file.time
    when = time.isoformat(timespec="seconds") if time else ""
    return HandIn(student, "", str(file.path), when, taken=False, note=note)

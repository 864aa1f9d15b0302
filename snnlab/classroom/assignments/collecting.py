"""Take in the bulk download of a learning platform: whose notebook is what."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from nbformat import NotebookNode

from snnlab.classroom.assignments.catalogue import ASSIGNMENTS, assignment_of
from snnlab.classroom.assignments.downloads import HandedIn, files_in
from snnlab.classroom.assignments.submission import UnreadableNotebook, parse_notebook

PLATFORM_ENDING = re.compile(r"_assignsubmission_(file|onlinetext)_?.*$")
NUMBERED = re.compile(r"^(?P<name>.+?)(?:_late)?_(?P<number>\d+)(?:_.*)?$", re.IGNORECASE)
ATTEMPT = re.compile(r"^(?:.*_)?(?P<name>[^_]+)_attempt_\d{4}-[\d-]+", re.IGNORECASE)
LETTERS = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "oe", "å": "aa", "æ": "ae"}
)


@dataclass(frozen=True)
class Owner:
    """Who handed a file in, as far as its path says."""

    name: str
    number: str = ""


@dataclass(frozen=True)
class Collected:
    """What became of one notebook."""

    student: str
    """Id: the name of the student's folder in `submitted/`."""
    name: str
    """Name as in the download."""
    assignment: str
    """Empty if it belongs to none."""
    source: str
    """Path in the download."""
    note: str = ""
    """What was odd about it; empty if nothing was."""
    taken: bool = True
    """Whether it was copied to `submitted/`."""


def collect(download: Path, course: Path) -> list[Collected]:
    """Copy the notebooks of a download to `submitted/<student>/<assignment>/`.

    Which assignment a notebook is, its cells say, whatever the file is called. Of several
    notebooks of one student the one that was changed last counts; of two with the same time, the
    one whose name is right.

    Args:
        download: a zip file, or a folder.
        course: the course folder.

    Returns:
        One entry for each notebook that was found, and one for each student without any.

    Raises:
        ValueError: neither a zip file nor a folder, or no notebook in it.
    """
    files = list(files_in(download))
    if not any(file.notebook for file in files):
        raise ValueError(f"there is no notebook (*.ipynb) in {str(download)!r}")
    owners = [owner_of(path) for path in without_common_root([file.path for file in files])]
    ids = ids_of(owners)
    latest: dict[tuple[str, str], int] = {}
    entries: list[Collected] = []
    for i in sorted(range(len(files)), key=lambda i: age(files[i])):
        if not files[i].notebook:
            continue
        entry = identified(files[i], owners[i].name, ids[owners[i]])
        key = (entry.student, entry.assignment)
        if entry.taken and key in latest:
            entries[latest[key]] = replaced(entries[latest[key]], by=entry.source)
        if entry.taken:
            latest[key] = len(entries)
            write(files[i].data, course / "submitted" / entry.student, entry.assignment)
        entries.append(entry)
    entries += without_notebook(files, owners, ids)
    return sorted(entries, key=lambda entry: (entry.student, entry.assignment, entry.source))


def age(file: HandedIn) -> tuple[float, bool, str]:
    """What orders files: the one that counts comes last."""
    return file.time, file.path.stem in ASSIGNMENTS, str(file.path)


def without_notebook(
    files: list[HandedIn], owners: list[Owner], ids: dict[Owner, str]
) -> list[Collected]:
    """One entry for each student who handed in other files only."""
    some = {owner for file, owner in zip(files, owners, strict=True) if file.notebook}
    others: dict[Owner, list[HandedIn]] = {}
    for file, owner in zip(files, owners, strict=True):
        if owner not in some and len(file.path.parts) > 1:
            others.setdefault(owner, []).append(file)
    return [
        Collected(
            ids[owner],
            owner.name,
            "",
            str(found[0].path),
            "no notebook: " + ", ".join(file.fault or file.path.name for file in found[:3]),
            taken=False,
        )
        for owner, found in others.items()
    ]


def identified(file: HandedIn, name: str, student: str) -> Collected:
    """Which assignment a file is."""
    source = str(file.path)
    notebook: NotebookNode | None = None
    fault = file.fault
    if not fault:
        try:
            notebook = parse_notebook(file.data, file.path.name)
        except UnreadableNotebook as error:
            fault = str(error)
    assignment = assignment_of(notebook) if notebook is not None else None
    if assignment is not None:
        odd = file.path.name != f"{assignment.name}.ipynb"
        note = f"was called {file.path.name}" if odd else ""
        return Collected(student, name, assignment.name, source, note)
    named = [each for each in ASSIGNMENTS if each in file.path.name]
    if named and fault:  # it is copied, so that it stands in the table of grades
        return Collected(student, name, named[0], source, fault)
    note = fault or "belongs to no assignment of this course"
    return Collected(student, name, "", source, note, taken=False)


def replaced(entry: Collected, *, by: str) -> Collected:
    """The entry of a notebook in whose place a later one was taken."""
    note = f"a later one was taken: {by}"
    return Collected(entry.student, entry.name, entry.assignment, entry.source, note, taken=False)


def write(data: bytes, folder: Path, assignment: str) -> None:
    """Copy a notebook to its place."""
    target = folder / assignment / f"{assignment}.ipynb"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)


def without_common_root(paths: list[PurePosixPath]) -> list[PurePosixPath]:
    """The paths without folders that all of them share, as long as a folder is left to each."""
    while all(len(path.parts) > 2 for path in paths) and len({p.parts[0] for p in paths}) == 1:
        paths = [PurePosixPath(*path.parts[1:]) for path in paths]
    return paths


def owner_of(path: PurePosixPath) -> Owner:
    """Who handed a file in: the first folder says it, or the beginning of the file's name."""
    folder = len(path.parts) > 1
    label = unicodedata.normalize("NFC", path.parts[0] if folder else path.stem)
    label = PLATFORM_ENDING.sub("", label).strip()
    attempt = ATTEMPT.match(label)
    if attempt:
        return Owner(attempt["name"])
    numbered = NUMBERED.match(label)
    if numbered:
        return Owner(numbered["name"].strip(), numbered["number"])
    if not folder:
        for assignment in ASSIGNMENTS:
            label = label.replace(f"_{assignment}", "").replace(f" {assignment}", "")
    return Owner(label.strip() or path.stem)


def ids_of(owners: Iterable[Owner]) -> dict[Owner, str]:
    """An id for each owner: from the name, with the number where a name occurs twice."""
    everyone = sorted(set(owners), key=lambda owner: (owner.name, owner.number))
    names = [identifier(owner.name) for owner in everyone]
    ids: dict[Owner, str] = {}
    for owner, name in zip(everyone, names, strict=True):
        id = f"{name}_{owner.number}" if names.count(name) > 1 and owner.number else name
        again = 2
        while id in ids.values():
            id, again = f"{name}_{again}", again + 1
        ids[owner] = id
    return ids


def identifier(name: str) -> str:
    """A name in small letters, digits and underscores, for a folder on any system."""
    text = name.lower().translate(LETTERS)
    text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    text = re.sub(r"[^a-z0-9]+", "_", text).strip("_")
    return text or "student_" + name.encode("utf-8").hex()[:12]

"""Take in the bulk download of a learning platform: whose notebook is what."""

from __future__ import annotations

import contextlib
import io
import re
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from nbformat import NotebookNode

from snnlab.classroom.assignments.catalogue import ASSIGNMENTS, assignment_of
from snnlab.classroom.assignments.submission import MOST_BYTES, UnreadableNotebook, parse_notebook

PLATFORM_ENDING = re.compile(r"_assignsubmission_(file|onlinetext)_?.*$")
NUMBERED = re.compile(r"^(?P<name>.+?)(?:_late)?_(?P<number>\d+)(?:_.*)?$", re.IGNORECASE)
LETTERS = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "oe", "å": "aa", "æ": "ae"}
)


@dataclass(frozen=True)
class HandedIn:
    """One file of the download."""

    path: PurePosixPath
    data: bytes
    time: float
    """When it was changed; later is larger."""


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
    notebooks of one student the one that was changed last counts.

    Args:
        download: a zip file, or a folder.
        course: the course folder.

    Returns:
        One entry for each notebook that was found.

    Raises:
        ValueError: neither a zip file nor a folder, or no notebook in it.
    """
    found = [file for file in files_in(download) if file.path.suffix.lower() == ".ipynb"]
    if not found:
        raise ValueError(f"there is no notebook (*.ipynb) in {str(download)!r}")
    owners = [owner_of(path) for path in without_common_root([file.path for file in found])]
    ids = ids_of(owners)
    latest: dict[tuple[str, str], int] = {}
    entries: list[Collected] = []
    for i in sorted(range(len(found)), key=lambda i: (found[i].time, str(found[i].path))):
        entry = identified(found[i], owners[i].name, ids[owners[i]])
        key = (entry.student, entry.assignment)
        if entry.taken and key in latest:
            entries[latest[key]] = replaced(entries[latest[key]], by=entry.source)
        if entry.taken:
            latest[key] = len(entries)
            write(found[i].data, course / "submitted" / entry.student, entry.assignment)
        entries.append(entry)
    return sorted(entries, key=lambda entry: (entry.student, entry.assignment, entry.source))


def identified(file: HandedIn, name: str, student: str) -> Collected:
    """Which assignment a file is."""
    source = str(file.path)
    notebook: NotebookNode | None = None
    fault = ""
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


def files_in(download: Path) -> Iterator[HandedIn]:
    """All files of a folder or a zip, those in zips of students too; nothing is unpacked."""
    if download.is_dir():
        for path in sorted(download.rglob("*")):
            inside = PurePosixPath(path.relative_to(download).as_posix())
            if path.is_file() and not path.is_symlink() and wanted(inside, path.stat().st_size):
                yield from opened(HandedIn(inside, path.read_bytes(), path.stat().st_mtime))
    elif zipfile.is_zipfile(download):
        for file in members(download.read_bytes(), PurePosixPath()):
            yield from opened(file)
    else:
        raise ValueError(f"{str(download)!r} is neither a folder nor a zip file")


def opened(file: HandedIn) -> Iterator[HandedIn]:
    """The file, or the files in it if it is a zip."""
    if file.path.suffix.lower() == ".zip" and zipfile.is_zipfile(io.BytesIO(file.data)):
        yield from members(file.data, file.path.parent)
    else:
        yield file


def members(data: bytes, folder: PurePosixPath) -> Iterator[HandedIn]:
    """The files of a zip, each at most `MOST_BYTES` long."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for entry in archive.infolist():
            name = entry.filename
            if not entry.flag_bits & 0x800:  # not marked as UTF-8, and mostly UTF-8 all the same
                with contextlib.suppress(UnicodeEncodeError, UnicodeDecodeError):
                    name = name.encode("cp437").decode("utf-8")
            path = folder / unicodedata.normalize("NFC", name.replace("\\", "/"))
            if entry.is_dir() or not wanted(path, entry.file_size):
                continue
            try:
                with archive.open(entry) as stream:
                    content = stream.read(MOST_BYTES)
            except (RuntimeError, zipfile.BadZipFile, NotImplementedError, OSError):
                content = b""  # encrypted or damaged: an empty file is no notebook
            yield HandedIn(path, content, zip_time(entry))


def zip_time(entry: zipfile.ZipInfo) -> float:
    """The time of a zip entry as a number that grows with time."""
    year, month, day, hour, minute, second = entry.date_time
    days = (year * 12 + month) * 31 + day
    return float(((days * 24 + hour) * 60 + minute) * 60 + second)


def wanted(path: PurePosixPath, size: int) -> bool:
    """Whether a file can be somebody's work."""
    hidden = any(part.startswith((".", "__MACOSX")) for part in path.parts)
    return not hidden and size <= MOST_BYTES and path.suffix.lower() in (".ipynb", ".zip")


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

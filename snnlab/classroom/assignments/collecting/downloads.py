"""The files of a platform's bulk download: a folder or a zip, zips of students in it."""

from __future__ import annotations

import io
import unicodedata
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path, PurePosixPath

from snnlab.classroom.assignments.notebooks.reading import MOST_BYTES
from snnlab.classroom.assignments.places import STAMP
from snnlab.data.archive import name_of

MOST_IN_A_ZIP = 4 * MOST_BYTES
"""Bytes that are unpacked from a student's zip, nested zips included, at most."""
MOST_FILES_IN_A_ZIP = 1000
DEPTH = 4
"""How deeply zips may be nested."""
NO_TIME = (1980, 1, 1, 0, 0, 0)
"""The time of a zip entry without a time."""
EMPTY_FOLDER = "(empty folder)"
OTHER_ARCHIVES = (".rar", ".7z", ".tar", ".gz", ".tgz", ".xz", ".bz2", ".zipx")
NOT_WORK = ("__MACOSX", "Feedback Attachment(s)")
JOINERS = "\u200c\u200d"
"""Invisible letters that names in some scripts need."""


@dataclass(frozen=True)
class HandedIn:
    """One file of the download."""

    path: PurePosixPath
    """Its place in the download; a zip is a folder in it. Safe to print."""
    data: bytes
    time: datetime | None
    """When the platform received it; None if the download does not say."""
    fault: str = ""
    """Why it has no data."""
    own_time: str = ""
    """Its time in the zip of a student, by the clock of the student's machine."""

    @property
    def is_work(self) -> bool:
        """Whether it is a handed-in notebook or an unreadable file."""
        return is_notebook(self.path) or bool(self.fault)


def files_in(download: Path) -> Iterator[HandedIn]:
    """All files of a folder or a zip, with those in nested zips; nothing is unpacked to disk.

    Only notebooks, zips and texts of a platform are read; other files are listed by name. An empty
    folder is listed like a file. One file at a time is in memory.

    Raises:
        ValueError: neither a folder nor a zip.
    """
    if download.is_dir():
        for path in sorted(download.rglob("*")):
            inside = PurePosixPath(printable(path.relative_to(download).as_posix()))
            if path.is_dir() and not path.is_symlink() and not any(path.iterdir()):
                yield HandedIn(inside / EMPTY_FOLDER, b"", None)
            elif path.is_file() and not path.is_symlink() and not no_work(inside):
                time = datetime.fromtimestamp(int(path.stat().st_mtime))
                fault = fault_of_size(inside, path.stat().st_size)
                data = path.read_bytes() if is_read(inside) and not fault else b""
                yield from opened(HandedIn(inside, data, time, fault))
        return
    try:
        archive = zipfile.ZipFile(download)
    except (OSError, zipfile.BadZipFile) as error:
        raise ValueError(f"{str(download)!r} is neither a folder nor a zip file: {error}") from None
    with archive:
        for file in members(archive, PurePosixPath(), None):
            yield from opened(file)


@dataclass
class Allowance:
    """How much may still be unpacked from the zips of one student."""

    bytes: int
    files: int


def opened(file: HandedIn, room: Allowance | None = None, depth: int = 1) -> Iterator[HandedIn]:
    """The file itself, or the files in a zip; if it cannot be opened, the file with a fault."""
    kind = file.path.suffix.lower()
    if file.fault or kind not in (".zip", *OTHER_ARCHIVES):
        yield file
    elif kind != ".zip":
        yield faulty(file, "is an archive of a kind that is not opened here: unpack it by hand")
    elif depth > DEPTH:
        yield faulty(file, f"lies more than {DEPTH} zips deep")
    else:
        room = room or Allowance(MOST_IN_A_ZIP, MOST_FILES_IN_A_ZIP)
        try:
            with zipfile.ZipFile(io.BytesIO(file.data)) as archive:
                for inner in members(archive, file.path, room):
                    yield from opened(replace(inner, time=file.time), room, depth + 1)
        except Exception as error:  # a damaged archive raises about anything
            yield faulty(file, f"cannot be unpacked: {error}")


def faulty(file: HandedIn, fault: str) -> HandedIn:
    """A file that cannot be used, and why."""
    return replace(file, data=b"", fault=printable(f"{file.path.name} {fault}")[:200])


def members(
    archive: zipfile.ZipFile, folder: PurePosixPath, room: Allowance | None
) -> Iterator[HandedIn]:
    """The files of a zip; with `room`, within these limits."""
    entries = [(entry, folder / below(name_of(entry))) for entry in archive.infolist()]
    if room is not None:
        room.files -= len(entries)
        if room.files < 0:
            raise ValueError(f"it holds more than {MOST_FILES_IN_A_ZIP} files")
    used = {parent for entry, path in entries for parent in path.parents}
    for entry, path in entries:
        time = zip_time(entry)
        file = HandedIn(path, b"", time, own_time=time.isoformat() if room and time else "")
        if entry.is_dir():
            if path not in used:
                yield HandedIn(path / EMPTY_FOLDER, b"", None)
        elif not no_work(path):
            yield with_content(file, archive, entry, room) if is_read(path) else file


def with_content(
    file: HandedIn, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, room: Allowance | None
) -> HandedIn:
    """A file with its data from a zip, or with a fault."""
    if fault := fault_of_size(file.path, entry.file_size):
        return replace(file, fault=fault)
    if room is not None and room.bytes < entry.file_size:
        return faulty(file, "is in a zip that holds too much")
    try:
        with archive.open(entry) as stream:
            data = stream.read(MOST_BYTES)
    except Exception as error:  # a damaged archive raises about anything
        return faulty(file, f"cannot be unpacked: {error}")
    if room is not None:
        room.bytes -= len(data)
    return replace(file, data=data)


def below(name: str) -> PurePosixPath:
    """A path without root, drive or `..`, so that it stays inside its folder."""
    parts = PurePosixPath(printable(name.replace("\\", "/"))).parts
    return PurePosixPath(*(p for p in parts if p not in ("/", "..") and not p.endswith(":")))


def printable(text: str) -> str:
    """Text that is safe to print: without control characters and changes of direction."""
    shown = unicodedata.normalize("NFC", text)
    kept = (c for c in shown if c in JOINERS or unicodedata.category(c) not in ("Cc", "Cf", "Cs"))
    return "".join(kept)


def zip_time(entry: zipfile.ZipInfo) -> datetime | None:
    """The time of a zip entry; None if it has none."""
    try:
        return None if entry.date_time == NO_TIME else datetime(*entry.date_time)
    except ValueError:  # such as the 31st of February
        return None


def no_work(path: PurePosixPath) -> bool:
    """Whether a file was made by the system or by a teacher."""
    return any(part in NOT_WORK for part in path.parts)


def is_notebook(path: PurePosixPath) -> bool:
    """Whether a file name is that of a notebook, also `a1.ipynb.txt`, and no editor's backup."""
    copy = any(p.startswith(".") or p.endswith("ipynb_checkpoints") for p in path.parts)
    copy = copy or "-checkpoint.ipynb" in path.name
    return ".ipynb" in path.name.lower() and not copy


def is_read(path: PurePosixPath) -> bool:
    """Whether the content of a file is needed: notebooks, zips, and texts of a platform."""
    kind, by_platform = path.suffix.lower(), "_attempt_" in path.name or path.name == STAMP
    return is_notebook(path) or kind == ".zip" or (kind == ".txt" and by_platform)


def fault_of_size(path: PurePosixPath, size: int) -> str:
    """What is wrong with a file that is too long; empty if it is not."""
    wanted = size > MOST_BYTES and is_read(path)
    return f"{path.name} is larger than {MOST_BYTES >> 20} MB" if wanted else ""

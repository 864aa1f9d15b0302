"""The files of a platform's bulk download: a folder or a zip, zips of students in it."""

from __future__ import annotations

import io
import math
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from snnlab.classroom.assignments.submission import MOST_BYTES

MOST_IN_A_ZIP = 4 * MOST_BYTES
"""Bytes that are taken out of a zip that a student made."""


@dataclass(frozen=True)
class HandedIn:
    """One file of the download."""

    path: PurePosixPath
    data: bytes
    time: float
    """When it was changed; later is larger."""
    fault: str = ""
    """Why there is no data."""

    @property
    def notebook(self) -> bool:
        """Whether its name says that it is a notebook, as in `a1.ipynb` or `a1.ipynb.txt`."""
        return ".ipynb" in self.path.name.lower()


def files_in(download: Path) -> Iterator[HandedIn]:
    """All files of a folder or a zip, those in zips of students too; nothing is unpacked.

    Only notebooks and zips are read; of the others the name is all that matters.
    """
    if download.is_dir():
        for path in sorted(download.rglob("*")):
            inside = PurePosixPath(path.relative_to(download).as_posix())
            if path.is_file() and not path.is_symlink() and not hidden(inside):
                size, time = path.stat().st_size, path.stat().st_mtime
                fault = fault_of_size(inside, size)
                data = path.read_bytes() if read(inside) and not fault else b""
                yield from opened(HandedIn(inside, data, time, fault))
    elif zipfile.is_zipfile(download):
        for file in members(download.read_bytes(), PurePosixPath()):
            yield from opened(file)
    else:
        raise ValueError(f"{str(download)!r} is neither a folder nor a zip file")


def opened(file: HandedIn) -> Iterator[HandedIn]:
    """The file, or the files in it if it is a zip."""
    if file.path.suffix.lower() == ".zip" and zipfile.is_zipfile(io.BytesIO(file.data)):
        yield from members(file.data, file.path.parent, room=MOST_IN_A_ZIP)
    else:
        yield file


def members(data: bytes, folder: PurePosixPath, room: float = math.inf) -> Iterator[HandedIn]:
    """The files of a zip, each at most `MOST_BYTES` long, all together at most `room`."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for entry in archive.infolist():
            path = folder / below(name_of(entry))
            if entry.is_dir() or hidden(path):
                continue
            content, fault = b"", fault_of_size(path, entry.file_size)
            if read(path) and not fault and room <= 0:
                fault = f"{path.name} is in a zip that holds too much"
            elif read(path) and not fault:
                try:
                    with archive.open(entry) as stream:
                        content = stream.read(MOST_BYTES)
                except (RuntimeError, zipfile.BadZipFile, zlib.error, OSError) as error:
                    fault = f"{path.name} cannot be unpacked: {error}"[:200]
            room -= len(content)
            yield HandedIn(path, content, zip_time(entry), fault)


def name_of(entry: zipfile.ZipInfo) -> str:
    """The name of a zip entry in letters: programs write it in UTF-8, cp437 or cp1252."""
    name = entry.filename
    if not entry.flag_bits & 0x800:  # not marked as UTF-8, and mostly UTF-8 all the same
        for encoding in ("utf-8", "cp437", "cp1252"):
            try:
                read_as = name.encode("cp437").decode(encoding)
            except UnicodeError:
                continue
            if encoding == "utf-8" or all(c.isascii() or latin(c) for c in read_as):
                name = read_as
                break
    return unicodedata.normalize("NFC", name)


def latin(letter: str) -> bool:
    """Whether this is a letter with or without marks, rather than a box or a Greek one."""
    return unicodedata.name(letter, "").startswith(("LATIN SMALL", "LATIN CAPITAL"))


def below(name: str) -> PurePosixPath:
    """A path that stays in its folder: no root, no drive, no way up."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    return PurePosixPath(*(p for p in parts if p not in ("/", "..") and not p.endswith(":")))


def zip_time(entry: zipfile.ZipInfo) -> float:
    """The time of a zip entry as a number that grows with time."""
    year, month, day, hour, minute, second = entry.date_time
    days = (year * 12 + month) * 31 + day
    return float(((days * 24 + hour) * 60 + minute) * 60 + second)


def hidden(path: PurePosixPath) -> bool:
    """Whether a file is a system's or an editor's rather than somebody's work."""
    return any(part.startswith((".", "__MACOSX")) for part in path.parts)


def read(path: PurePosixPath) -> bool:
    """Whether the content of a file matters."""
    return ".ipynb" in path.name.lower() or path.suffix.lower() == ".zip"


def fault_of_size(path: PurePosixPath, size: int) -> str:
    """What is wrong with a file that is too long; empty if it is not."""
    return f"{path.name} is larger than {MOST_BYTES >> 20} MB" if size > MOST_BYTES else ""

"""The members of a zip archive."""

from __future__ import annotations

import os
import stat
import struct
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from snnlab.data.archive_member import NO_FILE, Member, in_letters
from snnlab.data.limits import Limits
from snnlab.data.spec import DataError, why
from snnlab.settings import quoted_path

METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
END, ZIP64 = struct.Struct("<4s6xH10x"), 0xFFFF
"""The end of an archive before its comment, of which the number of entries counts; the number that
says that it stands elsewhere."""
LOCKED, UTF_8 = 0x1, 0x800
"""Flags of an entry."""


def zip_members(path: Path, limits: Limits) -> Iterator[Member]:
    """The members in the order of the archive's own list.

    Args:
        path: of the archive.
        limits: on all content that is read.

    Raises:
        DataError: more than `limits` allow, or the archive was cut off.
        Exception: of any type, if it is damaged.
    """
    taken = 0

    def content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str) -> bytes:
        nonlocal taken
        # An entry says how long it is, and zipfile reads no more than that: one that lies fails
        # the test of its checksum.
        limits.check_unpacked(taken + entry.file_size)
        try:
            with archive.open(entry) as file:
                found = file.read(entry.file_size + 1)
        except Exception as error:  # a damaged archive raises about anything
            raise DataError(
                f"not a whole zip archive: member {quoted_path(name)}: {why(error)}"
            ) from error
        if len(found) != entry.file_size:
            raise DataError(f"not a whole zip archive: member {quoted_path(name)} ends early")
        taken += len(found)
        return found

    try:
        opened = zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        raise DataError(
            f"not a whole zip archive: its list of files cannot be read ({why(error)})"
        ) from error
    with opened as archive:
        check_count(path, archive)
        for entry in archive.infolist():
            name = name_of(entry)
            read = partial(content, archive, entry, name)
            is_folder = name.endswith(("/", "\\"))
            yield Member(name, is_folder, fault_of(entry), read)


def check_count(path: Path, archive: zipfile.ZipFile) -> None:
    """Check that the list holds as many entries as the end of the archive says.

    A damaged entry can hide the next, which zipfile does not notice.

    Raises:
        DataError: it holds others.
    """
    with path.open("rb") as file:
        file.seek(-(END.size + len(archive.comment)), os.SEEK_END)
        start, count = END.unpack(file.read(END.size))
    listed = len(archive.infolist())
    if start == b"PK\x05\x06" and count not in (ZIP64, listed):
        raise DataError(
            f"not a whole zip archive: its list holds {listed:,} files, its end says {count:,}"
        )


def fault_of(entry: zipfile.ZipInfo) -> str:
    """Why the content of an entry cannot be had; empty if it can, as far as its header says."""
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):  # 0: a program that knows nothing of Unix
        return NO_FILE
    if entry.flag_bits & LOCKED:
        return "is locked with a password; pack the images without one"
    if entry.compress_type not in METHODS:
        return "is compressed in a way that cannot be read here; pack the images as a plain zip"
    return ""


def name_of(entry: zipfile.ZipInfo) -> str:
    """The name of an entry in letters."""
    if entry.flag_bits & UTF_8:
        return entry.filename
    try:  # not marked as UTF-8, and mostly UTF-8 all the same
        return in_letters(entry.filename.encode("cp437"))
    except UnicodeEncodeError:  # from another note in the archive
        return entry.filename

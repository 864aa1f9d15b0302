"""Read images from a zip or tar archive, within limits and without unpacking it to disk."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import lzma
import os
import re
import stat
import struct
import tarfile
import unicodedata
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import IO, Any, NamedTuple

from snnlab.data.layout import hidden_part, is_image, pass_over
from snnlab.data.limits import OWN, Limits
from snnlab.data.passed_over import PassedOver
from snnlab.data.spec import ARCHIVE_ENDINGS, DataError, why
from snnlab.settings import quoted_path

DRIVE = re.compile(r"[A-Za-z]:")
NO_FILE = "is a link or a device; pack the image itself"
COMPRESSED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
"""The compression methods of a zip that can be read."""
END, ZIP64 = struct.Struct("<4s6xH10x"), 0xFFFF
"""`END`: the record at the end of a zip, before its comment, from which only the signature and the
number of entries are read. `ZIP64`: the number that means that the real one is stored elsewhere."""
LOCKED, UTF_8 = 0x1, 0x800
"""Flags of an entry of a zip: it is encrypted; its name is in UTF-8."""


class Member(NamedTuple):
    """What an archive says about one of its files or folders, before its content is read."""

    name: str
    """Its name in the archive, decoded."""
    is_folder: bool
    fault: str
    """Why its content cannot be read; follows its name in a message. Empty: it can be read."""
    read: Callable[[], bytes]
    """Reads all of it, within the limits."""

    @property
    def safe_name(self) -> str:
        """The name with "/" between its parts, also where Windows wrote a backslash; no empty part.

        Raises:
            DataError: it leads to a place outside the archive.
        """
        name = self.name.replace("\\", "/")
        parts = [part for part in name.split("/") if part not in ("", ".")]
        if name.startswith("/") or DRIVE.match(name) or ".." in parts:
            raise DataError(f"member {quoted_path(self.name)} points out of the archive")
        return "/".join(parts)


def read_archive(
    path: Path, passed: PassedOver, limits: Limits = OWN
) -> tuple[dict[str, bytes], set[str]]:
    """The encoded images and the folders in a zip or tar archive.

    Files that are no images, hidden, or added by an operating system are passed over; so are
    archives inside the archive. If two members have the same name, the later one counts, as when
    the archive is unpacked.

    Returns:
        content of the images by name, and the names of the folders; parts separated by "/".

    Raises:
        DataError: a damaged archive, a member that leads to a place outside it, an image that is a
            link or encrypted, or more than `limits` allow.
    """
    kind = kind_of(path)
    try:
        with closing(kind.members(path, limits)) as members:
            return _images_and_folders(members, passed, limits)
    except (DataError, MemoryError):
        raise
    except Exception as error:  # a damaged archive may raise any type
        if not kind.start and not _begins_as_tar(path):
            valid = ", ".join(ARCHIVE_ENDINGS)
            raise DataError(
                f"neither a folder nor a zip or tar archive of images; valid: {valid}"
            ) from error
        word = kind.ending.split(".")[1]  # zip or tar
        raise DataError(f"not a whole {word} archive: {why(error)}") from error


def _images_and_folders(
    members: Iterator[Member], passed: PassedOver, limits: Limits
) -> tuple[dict[str, bytes], set[str]]:
    images: dict[str, bytes] = {}
    folders: set[str] = set()
    for number, member in enumerate(members, start=1):
        limits.check_files(number)
        name = member.safe_name
        hidden = hidden_part(name)
        folder = name if member.is_folder and not hidden else (hidden or name).rpartition("/")[0]
        while folder and folder not in folders:  # not all archives name the folders above
            folders.add(folder)
            folder = folder.rpartition("/")[0]
        if not member.is_folder and is_image(name):
            if member.fault:
                raise DataError(f"member {quoted_path(member.name)} {member.fault}")
            if name in images:
                passed.add("twice", name)
            images[name] = member.read()
            limits.check_images(len(images), "archive")
        elif member.fault == NO_FILE and not member.is_folder and not hidden:
            passed.add("link", name)
        elif hidden or not member.is_folder:
            pass_over(name, passed)
    return images, folders


def zip_members(path: Path, limits: Limits) -> Iterator[Member]:
    """The members of a zip in the order of its own list.

    Args:
        path: of the archive.
        limits: apply to all content that is read.

    Raises:
        DataError: more than `limits` allow, or the archive was cut off.
        Exception: of any type, if it is damaged.
    """
    taken = 0

    def content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str) -> bytes:
        nonlocal taken
        # zipfile reads no more bytes than the entry declares; an entry that declares a wrong length
        # fails the test of its checksum.
        limits.check_unpacked(taken + entry.file_size)
        try:
            with archive.open(entry) as file:
                found = file.read(entry.file_size + 1)
        except Exception as error:  # a damaged archive may raise any type
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
        _check_count(path, archive)
        for entry in archive.infolist():
            name = name_of(entry)
            read = partial(content, archive, entry, name)
            yield Member(name, name.endswith(("/", "\\")), _fault_of(entry), read)


def _check_count(path: Path, archive: zipfile.ZipFile) -> None:
    """Check that the list of a zip holds as many entries as the record at its end declares.

    A damaged entry can hide the next one, and zipfile does not notice this.

    Raises:
        DataError: the numbers differ.
    """
    with path.open("rb") as file:
        file.seek(-(END.size + len(archive.comment)), os.SEEK_END)
        start, count = END.unpack(file.read(END.size))
    listed = len(archive.infolist())
    if start == b"PK\x05\x06" and count not in (ZIP64, listed):
        raise DataError(
            f"not a whole zip archive: its list holds {listed:,} files, its end says {count:,}"
        )


def _fault_of(entry: zipfile.ZipInfo) -> str:
    """Why the content of an entry cannot be read, by its header; empty: it can be read."""
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):  # 0: written by a program without Unix file types
        return NO_FILE
    if entry.flag_bits & LOCKED:
        return "is locked with a password; pack the images without one"
    if entry.compress_type not in COMPRESSED:
        return "is compressed in a way that cannot be read here; pack the images as a plain zip"
    return ""


def name_of(entry: zipfile.ZipInfo) -> str:
    """The decoded name of an entry of a zip."""
    if entry.flag_bits & UTF_8:
        return entry.filename
    try:  # names are mostly UTF-8 even where they are not marked so
        return in_letters(entry.filename.encode("cp437"))
    except UnicodeEncodeError:  # zipfile took the name from another field of the entry
        return entry.filename


def tar_members(opened: Callable[[Path], Any], path: Path, limits: Limits) -> Iterator[Member]:
    """The members of a tar in order. It is a stream: read a member before you take the next.

    Args:
        opened: opens the decompressed stream.
        path: of the archive.
        limits: apply to all bytes that are decompressed, also those of members nobody reads.

    Raises:
        DataError: more than `limits` allow.
        Exception: of any type, if the file is damaged, or no archive.
    """
    with opened(path) as raw:
        stream: Any = _Metered(raw, limits)
        # Small blocks, so that the data after the end mark stays in the stream for _check_end.
        with tarfile.open(fileobj=stream, mode="r|", bufsize=tarfile.BLOCKSIZE) as archive:
            for member in archive:
                fault = "" if member.isreg() else NO_FILE
                read = partial(_content, archive, member, limits)
                yield Member(readable(member.name), member.isdir(), fault, read)
            if stream.count < archive.offset + tarfile.BLOCKSIZE:
                raise tarfile.ReadError("it ends without the mark of its end; was it cut off?")
        _check_end(stream)


def _begins_as_tar(path: Path) -> bool:
    """Whether a file begins with the header of a tar."""
    with contextlib.suppress(Exception):  # another file may raise any type
        return tarfile.is_tarfile(path)
    return False


class _Metered:
    """A stream that counts the bytes read from it and raises DataError beyond the limit."""

    def __init__(self, raw: IO[bytes], limits: Limits) -> None:
        self.raw, self.limits = raw, limits
        self.count = 0

    def read(self, size: int) -> bytes:
        """Read at most `size` bytes."""
        chunk = self.raw.read(size)
        self.count += len(chunk)
        self.limits.check_unpacked(self.count)
        return chunk


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo, limits: Limits) -> bytes:
    """The bytes of a regular member."""
    limits.check_unpacked(member.size)
    file = archive.extractfile(member)
    content = file.read() if file else b""
    if len(content) != member.size:
        raise tarfile.ReadError(f"member {member.name!r} ends early")
    return content


def _check_end(stream: _Metered) -> None:
    """Read to the end, which checks the checksum of a compressed file, and expect only padding.

    tarfile takes a damaged header for the end of the archive; this check finds such a header.
    """
    while chunk := stream.read(1 << 20):
        if chunk.strip(b"\0"):
            raise tarfile.ReadError("data after the end mark, or a damaged header")


class Kind(NamedTuple):
    """A kind of archive, recognised by its first bytes."""

    start: bytes
    ending: str
    """The usual ending of its name."""
    members: Callable[[Path, Limits], Any]


KINDS = (
    Kind(b"PK\x03\x04", ".zip", zip_members),
    Kind(b"PK\x05\x06", ".zip", zip_members),  # without members
    Kind(b"\x1f\x8b", ".tar.gz", partial(tar_members, gzip.open)),
    Kind(b"\xfd7zXZ\x00", ".tar.xz", partial(tar_members, lzma.open)),
    Kind(b"BZh", ".tar.bz2", partial(tar_members, bz2.open)),
    Kind(b"", ".tar", partial(tar_members, partial(Path.open, mode="rb"))),
)


def kind_of(path: Path) -> Kind:
    """The kind of archive that a file is, if it is one.

    Raises:
        DataError: it cannot be read, or is empty.
    """
    try:
        with path.open("rb") as file:
            first = file.read(8)
    except OSError as error:
        raise DataError(f"the file cannot be read: {why(error)}") from error
    if not first:
        raise DataError("the file is empty (0 bytes); download or pack it once more")
    return next(kind for kind in KINDS if first.startswith(kind.start))


def in_letters(name: bytes) -> str:
    """Decode a name: programs write UTF-8, cp437 or cp1252, and few record which."""
    for encoding in ("utf-8", "cp437", "cp1252"):
        with contextlib.suppress(UnicodeError):
            letters = name.decode(encoding)
            if encoding == "utf-8" or all(c.isascii() or _latin(c) for c in letters):
                return letters
    return name.decode("cp437")


def readable(name: str) -> str:
    """A name from a file system or a tar archive, where Python decoded non-UTF-8 as surrogates."""
    with contextlib.suppress(UnicodeEncodeError):
        name.encode()
        return name
    with contextlib.suppress(UnicodeEncodeError):
        return in_letters(name.encode("utf-8", "surrogateescape"))
    return name.encode("utf-8", "replace").decode()  # half of a surrogate pair: Windows permits it


def _latin(letter: str) -> bool:
    """Whether this is a Latin letter, with or without accents."""
    return unicodedata.name(letter, "").startswith(("LATIN SMALL", "LATIN CAPITAL"))

"""Images inside a tar archive, read as a stream; nothing is unpacked to disk."""

from __future__ import annotations

import bz2
import gzip
import lzma
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from snnlab.data.layout import is_hidden, is_image, refuse_too_many
from snnlab.data.spec import DataError

MAX_ARCHIVE_BYTES = 4 * 2**30  # decompressed

_OPENERS: tuple[tuple[bytes, Callable[[Path], Any]], ...] = (
    (b"\x1f\x8b", gzip.open),
    (b"\xfd7zXZ\x00", lzma.open),
    (b"BZh", bz2.open),
    (b"", lambda path: path.open("rb")),
)
_DAMAGE = (tarfile.TarError, EOFError, OSError, lzma.LZMAError, zlib.error)


def read_archive(path: Path) -> tuple[dict[str, bytes], set[str]]:
    """The encoded images and the folders in a .tar, .tar.gz, .tar.bz2 or .tar.xz file.

    Returns:
        content of the images by name, and the names of the folders; parts separated by "/".

    Raises:
        DataError: not a whole tar archive, a member that points out of it, a link in place of an
            image, or more than `MAX_ARCHIVE_BYTES` or `MAX_IMAGES`.
    """
    images: dict[str, bytes] = {}
    folders: set[str] = set()
    try:
        with _open_stream(path) as raw:
            stream: Any = _Metered(raw)
            # Small blocks: what follows the end mark stays in the stream, for _check_end.
            with tarfile.open(fileobj=stream, mode="r|", bufsize=tarfile.BLOCKSIZE) as archive:
                for member in archive:
                    name = _safe_name(member)
                    if member.isdir():
                        folders.add(name)
                    elif is_image(name):
                        images[name] = _content(archive, member)
                        refuse_too_many(images, "archive")
            _check_end(stream)
    except _DAMAGE as error:
        raise DataError(f"not a whole tar archive: {error}") from error
    return images, {folder for folder in folders if not is_hidden(folder)}


def _open_stream(path: Path) -> Any:
    """The decompressed bytes of a file, whose compression its first bytes tell."""
    with path.open("rb") as file:
        first = file.read(6)
    return next(opener(path) for magic, opener in _OPENERS if first.startswith(magic))


class _Metered:
    """A stream that stops an archive from growing without bounds."""

    def __init__(self, raw: IO[bytes]) -> None:
        self.raw = raw
        self.count = 0

    def read(self, size: int) -> bytes:
        """Read at most `size` bytes."""
        chunk = self.raw.read(size)
        self.count += len(chunk)
        if self.count > MAX_ARCHIVE_BYTES:
            raise _too_large()
        return chunk


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    """The bytes of a member that is named like an image."""
    if not member.isreg():
        raise DataError(f"member {member.name!r} is a link or a device; pack the image itself")
    if member.size > MAX_ARCHIVE_BYTES:
        raise _too_large()
    file = archive.extractfile(member)
    content = file.read() if file else b""
    if len(content) != member.size:
        raise tarfile.ReadError(f"member {member.name!r} ends early")
    return content


def _safe_name(member: tarfile.TarInfo) -> str:
    """The name of a member without a leading "./"; refuses one that points out of the archive."""
    parts = [part for part in member.name.split("/") if part not in ("", ".")]
    if member.name.startswith("/") or "\\" in member.name or ".." in parts:
        raise DataError(f"member {member.name!r} points out of the archive")
    return "/".join(parts)


def _too_large() -> DataError:
    return DataError(
        f"more than {MAX_ARCHIVE_BYTES / 2**30:.3g} GiB unpacked; unpack it and give the folder"
    )


def _check_end(stream: _Metered) -> None:
    """Read to the end, which checks the checksum of a compressed file, and expect only padding.

    tarfile takes a damaged header for the end of the archive; here that shows.
    """
    while chunk := stream.read(1 << 20):
        if chunk.strip(b"\0"):
            raise tarfile.ReadError("data after the end mark, or a damaged header")

"""The members of a tar archive, compressed or not, read as a stream."""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import IO, Any

from snnlab.data.archive_member import NO_FILE, Member, readable
from snnlab.data.limits import Limits


class NoTar(ValueError):
    """A file that does not even begin like a tar archive."""


def tar_members(opened: Callable[[Path], Any], path: Path, limits: Limits) -> Iterator[Member]:
    """The members in order; the content of one can be read until the next is asked for.

    Args:
        opened: opens the decompressed stream.
        path: of the archive.
        limits: on all that is decompressed, whether somebody wants it or not.

    Raises:
        DataError: more than `limits` allow.
        NoTar, or another: it is none, or damaged.
    """
    with opened(path) as raw:
        stream: Any = _Metered(raw, limits)
        with _begun(stream) as archive:
            for member in archive:
                fault = "" if member.isreg() else NO_FILE
                read = partial(_content, archive, member, limits)
                yield Member(readable(member.name), member.isdir(), fault, read)
            if stream.count < archive.offset + tarfile.BLOCKSIZE:
                raise tarfile.ReadError("it ends without the mark of its end; was it cut off?")
        _check_end(stream)


class _Metered:
    """A stream that stops an archive from growing without bounds."""

    def __init__(self, raw: IO[bytes], limits: Limits) -> None:
        self.raw, self.limits = raw, limits
        self.count = 0

    def read(self, size: int) -> bytes:
        """Read at most `size` bytes."""
        chunk = self.raw.read(size)
        self.count += len(chunk)
        self.limits.check_unpacked(self.count)
        return chunk


def _begun(stream: Any) -> tarfile.TarFile:
    """The archive whose first header has been read."""
    try:
        # Small blocks: what follows the end mark stays in the stream, for _check_end.
        return tarfile.open(fileobj=stream, mode="r|", bufsize=tarfile.BLOCKSIZE)
    except tarfile.ReadError as error:
        raise NoTar(str(error)) from error


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

    tarfile takes a damaged header for the end of the archive; here that shows.
    """
    while chunk := stream.read(1 << 20):
        if chunk.strip(b"\0"):
            raise tarfile.ReadError("data after the end mark, or a damaged header")

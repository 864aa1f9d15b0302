"""Images inside an archive, zip or tar, read within limits; nothing is unpacked to disk."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from snnlab.data.archive_member import NO_FILE, Member
from snnlab.data.layout import hidden_part, is_image, pass_over
from snnlab.data.limits import OWN, Limits
from snnlab.data.passed_over import PassedOver
from snnlab.data.spec import ARCHIVE_ENDINGS, DataError, why
from snnlab.data.tar_archive import NoTar, tar_members
from snnlab.data.zip_archive import zip_members
from snnlab.settings import quoted_path


class Kind(NamedTuple):
    """A kind of archive, which its first bytes tell."""

    start: bytes
    ending: str
    """That its name should have."""
    members: Callable[[Path, Limits], Any]

    @property
    def word(self) -> str:
        """Zip or tar."""
        return self.ending.split(".")[1]


def _tar(start: bytes, ending: str, opened: Callable[[Path], Any]) -> Kind:
    return Kind(start, ending, partial(tar_members, opened))


KINDS = (
    Kind(b"PK\x03\x04", ".zip", zip_members),
    Kind(b"PK\x05\x06", ".zip", zip_members),  # without members
    _tar(b"\x1f\x8b", ".tar.gz", gzip.open),
    _tar(b"\xfd7zXZ\x00", ".tar.xz", lzma.open),
    _tar(b"BZh", ".tar.bz2", bz2.open),
    _tar(b"", ".tar", lambda path: path.open("rb")),
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


def read_archive(
    path: Path, passed: PassedOver, limits: Limits = OWN
) -> tuple[dict[str, bytes], set[str]]:
    """The encoded images and the folders in a zip or tar archive.

    What is no image, hidden or added by a system is passed over, archives in the archive among it.
    Of two members of one name the later counts, as when the archive is unpacked.

    Returns:
        content of the images by name, and the names of the folders; parts separated by "/".

    Raises:
        DataError: not a whole archive, a member that points out of it, a link or something locked
            in place of an image, or more than `limits` allow.
    """
    kind = kind_of(path)
    try:
        with closing(kind.members(path, limits)) as members:
            return _images_and_folders(members, passed, limits)
    except (DataError, MemoryError):
        raise
    except Exception as error:  # a damaged archive raises about anything
        if isinstance(error, NoTar) and not kind.start:  # nothing says that it should be one
            valid = ", ".join(ARCHIVE_ENDINGS)
            raise DataError(
                f"neither a folder nor a zip or tar archive of images; valid: {valid}"
            ) from error
        raise DataError(f"not a whole {kind.word} archive: {why(error)}") from error


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

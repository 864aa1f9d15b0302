"""One file or folder in an archive, of whichever kind."""

from __future__ import annotations

import contextlib
import re
import unicodedata
from collections.abc import Callable
from typing import NamedTuple

from snnlab.data.spec import DataError
from snnlab.settings import quoted_path

DRIVE = re.compile(r"[A-Za-z]:")
NO_FILE = "is a link or a device; pack the image itself"


class Member(NamedTuple):
    """What a kind of archive says about a member, before its content is read."""

    name: str
    """As the archive has it, in letters."""
    is_folder: bool
    fault: str
    """Why its content cannot be had, after its name; empty: it can."""
    read: Callable[[], bytes]
    """Reads all of it, within the limits."""

    @property
    def safe_name(self) -> str:
        """The name with parts separated by "/", as Windows may not have it, without empty parts.

        Raises:
            DataError: it points out of the archive.
        """
        name = self.name.replace("\\", "/")
        parts = [part for part in name.split("/") if part not in ("", ".")]
        if name.startswith("/") or DRIVE.match(name) or ".." in parts:
            raise DataError(f"member {quoted_path(self.name)} points out of the archive")
        return "/".join(parts)


def in_letters(name: bytes) -> str:
    """A name as a person wrote it: programs write UTF-8, cp437 or cp1252, and few say which."""
    for encoding in ("utf-8", "cp437", "cp1252"):
        with contextlib.suppress(UnicodeError):
            letters = name.decode(encoding)
            if encoding == "utf-8" or all(c.isascii() or _latin(c) for c in letters):
                return letters
    return name.decode("cp437")


def readable(name: str) -> str:
    """A name from a file system or a tar archive, where what is no UTF-8 came as surrogates."""
    with contextlib.suppress(UnicodeEncodeError):
        name.encode()
        return name
    with contextlib.suppress(UnicodeEncodeError):
        return in_letters(name.encode("utf-8", "surrogateescape"))
    return name.encode("utf-8", "replace").decode()  # half a letter, as Windows permits


def _latin(letter: str) -> bool:
    """Whether this is a letter with or without marks, rather than a box or a Greek one."""
    return unicodedata.name(letter, "").startswith(("LATIN SMALL", "LATIN CAPITAL"))

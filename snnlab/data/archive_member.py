"""One file or folder in an archive, of whichever kind."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from snnlab.data.spec import DataError

DRIVE = re.compile(r"[A-Za-z]:")
NO_FILE = "is a link or a device; pack the image itself"


class Member(NamedTuple):
    """What a kind of archive says about a member, before its content is read."""

    name: str
    """As the archive has it, parts separated by "/"."""
    is_folder: bool
    fault: str
    """Why its content cannot be had, after its name; empty: it can."""
    read: Callable[[], bytes]
    """Reads all of it, within the limits."""

    @property
    def safe_name(self) -> str:
        """The name without "./" and without empty parts.

        Raises:
            DataError: it points out of the archive.
        """
        parts = [part for part in self.name.split("/") if part not in ("", ".")]
        outside = self.name.startswith("/") or DRIVE.match(self.name) is not None
        if outside or "\\" in self.name or ".." in parts:
            raise DataError(f"member {self.name!r} points out of the archive")
        return "/".join(parts)

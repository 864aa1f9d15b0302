"""Collects the files of a folder or an archive that were not read, for a note to the user."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from snnlab.settings import quoted_path

Reason = Literal[
    "no image", "unread", "hidden", "archive", "link", "twice", "unlabelled", "frames", "empty"
]

WORDS: dict[Reason, tuple[str, str]] = {
    "no image": ("file that is no image by its name", "files that are no images by their names"),
    "unread": (
        "picture in a format that is not read here (save it as JPEG or PNG)",
        "pictures in a format that is not read here (save them as JPEG or PNG)",
    ),
    "hidden": (
        "hidden file or folder, or one that a system adds",
        "hidden files or folders, or ones that a system adds",
    ),
    "archive": ("archive inside (unpack it)", "archives inside (unpack them)"),
    "link": (
        "link that is not followed, or leads to what is read already",
        "links that are not followed, or lead to what is read already",
    ),
    "twice": (
        "file whose name stands twice (the later counts)",
        "files whose names stand twice (the later count)",
    ),
    "unlabelled": (
        "image without a label, since it lies in a split without class folders",
        "images without labels, since they lie in a split without class folders",
    ),
    "frames": (
        "image with more frames or pages, of which the first is read",
        "images with more frames or pages, of which the first is read",
    ),
    "empty": ("folder of a split without images", "folders of splits without images"),
}
"""Why a file was passed over, in words for one file and for several."""
MOST_NAMED = 3
"""How many names a note lists at most."""


@dataclass
class PassedOver:
    """Collects names by reason while a folder or an archive is read."""

    names: dict[Reason, set[str]] = field(default_factory=dict)

    def add(self, reason: Reason, name: str) -> None:
        """Add a name."""
        self.names.setdefault(reason, set()).add(name)

    @property
    def notes(self) -> tuple[str, ...]:
        """A line for each reason: how many, why, and the first by name.

        Example:
            >>> passed.notes
            ("2 files that are no images by their names: 'labels.csv', 'notes.txt'",)
        """
        return tuple(
            _line(reason, sorted(self.names[reason])) for reason in WORDS if reason in self.names
        )


def _line(reason: Reason, names: list[str]) -> str:
    one, more = WORDS[reason]
    named = ", ".join(map(quoted_path, names[:MOST_NAMED])) + (
        ", ..." if len(names) > MOST_NAMED else ""
    )
    return f"{len(names):,} {one if len(names) == 1 else more}: {named}"

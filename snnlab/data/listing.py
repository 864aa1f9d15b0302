"""List the images in a folder, and detect when they change. No torch here."""

from __future__ import annotations

import hashlib
import json
import os
from collections import deque
from pathlib import Path
from typing import Literal

from snnlab.data.archive import readable
from snnlab.data.layout import hidden_part, is_image, pass_over
from snnlab.data.limits import OWN, Limits
from snnlab.data.passed_over import PassedOver
from snnlab.data.spec import CATALOGUE, DataError, existing, is_own, why
from snnlab.settings import quoted_path

FileStamp = tuple[str, int, int]
"""Identifies a version of a file: name, bytes, nanoseconds of its last change."""


def digest_of_images(name: str) -> str:
    """Twelve hex digits that change with the images at a path: their names, sizes and times.

    Empty if `name` is no path, or one that cannot be read; loading it then raises an error.
    """
    path = None if name in CATALOGUE or is_own(name) else existing(name)
    if path is None:
        return ""
    try:
        files = list_folder(path, PassedOver(), OWN)[0] if path.is_dir() else {path.name: path}
        stamps = sorted(stamped(file, name) for name, file in files.items())
    except DataError:
        return ""
    return hashlib.sha256(json.dumps(stamps).encode()).hexdigest()[:12]


def stamped(path: Path, name: str) -> FileStamp:
    """The stamp of the file at `path`; DataError if it cannot be read."""
    try:
        stat = path.stat()
    except OSError as error:
        raise DataError(f"{quoted_path(name)} cannot be read: {why(error)}") from error
    return name, stat.st_size, stat.st_mtime_ns


def list_folder(path: Path, passed: PassedOver, limits: Limits) -> tuple[dict[str, Path], set[str]]:
    """The images and the folders below `path`, by name relative to it, parts separated by "/".

    Links to folders are followed after all other folders, and each real folder is listed once.

    Raises:
        DataError: a folder cannot be read, a link leads nowhere, or an image is no regular file.
    """
    files: dict[str, Path] = {}
    folders: set[str] = set()
    seen: set[str] = set()
    waiting, links = deque([(path, "")]), deque[tuple[Path, str]]()
    while waiting or links:
        here, name = waiting.popleft() if waiting else links.popleft()
        if (real := os.path.realpath(here)) in seen:
            passed.add("link", name)
            continue
        seen.add(real)
        folders.add(name)
        for entry in _entries(here, name):
            # Unpacking an archive made on Windows may leave backslashes in names.
            below = f"{name}/{readable(entry.name)}".lstrip("/").replace("\\", "/")
            file, kind = Path(entry.path), _kind(entry)
            if hidden_part(below):
                pass_over(below, passed)
            elif kind == "folder":
                (links if entry.is_symlink() else waiting).append((file, below))
            elif kind == "nowhere":
                raise DataError(_leads_nowhere(file, below))
            elif not is_image(below):
                pass_over(below, passed)
            elif kind != "file":
                raise DataError(f"{quoted_path(below)} is a device or a pipe, no file; remove it")
            else:
                if below in files:
                    passed.add("twice", below)
                files[below] = file
        limits.check_images(len(files), "folder")
    return files, folders - {""}


def _entries(folder: Path, name: str) -> list[os.DirEntry[str]]:
    """What is in a folder, sorted by name."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        called = f"folder {quoted_path(name)}" if name else "the folder"
        raise DataError(f"{called} cannot be read: {why(error)}") from error


def _kind(entry: os.DirEntry[str]) -> Literal["folder", "file", "nowhere", "other"]:
    """The kind of an entry, or of the entry to which a link leads."""
    try:
        if entry.is_dir():
            return "folder"
        if entry.is_file():
            return "file"
        return "other" if Path(entry.path).exists() else "nowhere"
    except OSError:  # links in a circle, or to a place without permission
        return "nowhere"


def _leads_nowhere(link: Path, name: str) -> str:
    try:
        target = f" to {quoted_path(str(link.readlink()))}"
    except OSError:
        target = ""
    return (
        f"link {quoted_path(name)} leads nowhere{target}; remove it, or bring back what it led to"
    )

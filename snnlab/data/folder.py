"""Any folder of images in torchvision's ImageFolder layout, also inside a zip or tar archive."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal

import torch

from snnlab.data.archive import read_archive
from snnlab.data.archive_member import readable
from snnlab.data.cache import RawData, RawImages, stamp_of, through_cache
from snnlab.data.decode import ImageFile, decode
from snnlab.data.layout import Layout, arrange, hidden_part, is_image, pass_over
from snnlab.data.limits import OWN, Limits
from snnlab.data.passed_over import PassedOver
from snnlab.data.spec import DataError, Ground, why
from snnlab.settings import quoted


def read_images(
    path: Path, image_size: int | None = None, limits: Limits = OWN, ground: Ground = "white"
) -> RawData:
    """Read a folder or an archive of images, through the cache of decoded images.

    Args:
        path: of the folder or archive; see `snnlab.data.layout` for what it may hold.
        image_size: height and width in pixels to resize to; None if all have the same size.
        limits: how much it may hold.
        ground: what is put behind transparent images.

    Raises:
        DataError: anything that keeps the images from being read; names the file.
    """
    read = _read_folder if path.is_dir() else _read_archive
    try:
        return read(path, image_size, limits, ground)
    except DataError as error:
        error.args = (f"{path}: {error}",)
        raise


def _read_archive(path: Path, image_size: int | None, limits: Limits, ground: Ground) -> RawData:
    def read() -> RawData:
        passed = PassedOver()
        contents, folders = read_archive(path, passed, limits)
        layout = arrange(contents, folders, passed)
        return _decode_all(layout, contents, image_size, limits, ground, passed)

    return through_cache(path, [_stamp(path, path.name)], _options(image_size, ground), read)


def _read_folder(path: Path, image_size: int | None, limits: Limits, ground: Ground) -> RawData:
    passed = PassedOver()
    files, folders = _list_folder(path, passed, limits)
    layout = arrange(files, folders, passed)
    stamps = [_stamp(file, name) for name, file in files.items()]
    seen = len(passed.notes)
    raw = through_cache(
        path,
        stamps,
        _options(image_size, ground),
        lambda: _decode_all(layout, files, image_size, limits, ground, PassedOver()),
    )
    # What is no image counts for no stamp: the folder is listed anew each time, and only what was
    # found in the images comes from the cache.
    return replace(raw, notes=(*passed.notes[:seen], *raw.notes))


def _options(image_size: int | None, ground: Ground) -> str:
    return f"size={image_size} ground={ground}"


def _stamp(path: Path, name: str) -> tuple[str, int, int]:
    try:
        return stamp_of(path, name)
    except OSError as error:
        raise DataError(f"{quoted(name)} cannot be read: {why(error)}") from error


def _list_folder(
    path: Path, passed: PassedOver, limits: Limits
) -> tuple[dict[str, Path], set[str]]:
    """The images and the folders below `path`, by name relative to it, parts separated by "/".

    Links to folders are followed after the folders, each real folder once.

    Raises:
        DataError: a folder cannot be read, a link leads nowhere, or something is no file.
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
            # A program that unpacks an archive of Windows elsewhere leaves names with backslashes.
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
                raise DataError(f"{quoted(below)} is a device or a pipe, no file; remove it")
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
        called = f"folder {quoted(name)}" if name else "the folder"
        raise DataError(f"{called} cannot be read: {why(error)}") from error


def _kind(entry: os.DirEntry[str]) -> Literal["folder", "file", "nowhere", "other"]:
    """What is there, links followed."""
    try:
        if entry.is_dir():
            return "folder"
        if entry.is_file():
            return "file"
        return "other" if Path(entry.path).exists() else "nowhere"
    except OSError:  # links in a circle, or into a place that may not be seen
        return "nowhere"


def _leads_nowhere(link: Path, name: str) -> str:
    try:
        target = f" to {quoted(str(link.readlink()))}"
    except OSError:
        target = ""
    return f"link {quoted(name)} leads nowhere{target}; remove it, or bring back what it led to"


def _decode_all(
    layout: Layout,
    contents: Mapping[str, Path | bytes],
    image_size: int | None,
    limits: Limits,
    ground: Ground,
    passed: PassedOver,
) -> RawData:
    """Decode the images of all splits together, so that they agree in size and colour."""
    members = [member for split in layout.splits.values() for member in split]
    files = [ImageFile(name, contents[name]) for name, _ in members]
    pixels = decode(files, image_size, limits, ground, passed)
    labels = torch.tensor([label for _, label in members])
    counts = [len(split) for split in layout.splits.values()]
    parts = zip(
        layout.splits, torch.split(pixels, counts), torch.split(labels, counts), strict=True
    )
    splits = {split: RawImages(p, y) for split, p, y in parts}
    return RawData(layout.classes, **splits, notes=passed.notes)

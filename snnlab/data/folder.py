"""Read a folder of images in torchvision's ImageFolder layout, or a zip or tar archive of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import torch

from snnlab.data.archive import read_archive
from snnlab.data.cache import RawData, RawImages, through_cache
from snnlab.data.decode import ImageFile, decode
from snnlab.data.layout import Layout, arrange
from snnlab.data.limits import OWN, Limits
from snnlab.data.listing import list_folder, stamped
from snnlab.data.passed_over import PassedOver
from snnlab.data.spec import DataError, Ground


def read_images(
    path: Path, image_size: int | None = None, limits: Limits = OWN, ground: Ground = "white"
) -> RawData:
    """Read a folder or an archive of images, through the cache of decoded images.

    Args:
        path: of the folder or archive; see `snnlab.data.layout` for what it may hold.
        image_size: height and width in pixels to resize to; None if all have the same size.
        limits: how much it may hold.
        ground: colour behind transparent images.

    Raises:
        DataError: the images cannot be read; names the file.
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

    return through_cache(path, [stamped(path, path.name)], _options(image_size, ground), read)


def _read_folder(path: Path, image_size: int | None, limits: Limits, ground: Ground) -> RawData:
    passed = PassedOver()
    files, folders = list_folder(path, passed, limits)
    layout = arrange(files, folders, passed)
    stamps = [stamped(file, name) for name, file in files.items()]
    seen = len(passed.notes)
    raw = through_cache(
        path,
        stamps,
        _options(image_size, ground),
        lambda: _decode_all(layout, files, image_size, limits, ground, PassedOver()),
    )
    # Only images have stamps, so the notes about other files come from the listing just made, and
    # only the notes about images come from the cache.
    return replace(raw, notes=(*passed.notes[:seen], *raw.notes))


def _options(image_size: int | None, ground: Ground) -> str:
    return f"size={image_size} ground={ground}"


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

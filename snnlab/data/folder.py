"""Any folder of images in torchvision's ImageFolder layout, also inside a zip or tar archive."""

from __future__ import annotations

import os
from pathlib import Path

import torch

from snnlab.data.archive import read_archive
from snnlab.data.cache import RawData, RawImages, stamp_of, through_cache
from snnlab.data.decode import ImageFile, decode
from snnlab.data.layout import Layout, arrange, is_hidden, is_image
from snnlab.data.limits import OWN, Limits
from snnlab.data.spec import DataError


def read_images(path: Path, image_size: int | None = None, limits: Limits = OWN) -> RawData:
    """Read a folder or an archive of images, through the cache of decoded images.

    Args:
        path: of the folder or archive; see `snnlab.data.layout` for what it may hold.
        image_size: height and width in pixels to resize to; None if all have the same size.
        limits: how much it may hold.

    Raises:
        DataError: anything that keeps the images from being read; names the file.
    """
    read = _read_folder if path.is_dir() else _read_archive
    try:
        return read(path, image_size, limits)
    except DataError as error:
        error.args = (f"{path}: {error}",)
        raise


def _read_archive(path: Path, image_size: int | None, limits: Limits) -> RawData:
    def read() -> RawData:
        contents, folders = read_archive(path, limits)
        layout = arrange(contents, folders)
        return _decode_all(layout, dict(contents), image_size, limits)

    return through_cache(path, [stamp_of(path, path.name)], f"size={image_size}", read)


def _read_folder(path: Path, image_size: int | None, limits: Limits) -> RawData:
    files, folders = _list_folder(path, limits)
    layout = arrange(files, folders)
    stamps = [stamp_of(file, name) for name, file in files.items()]
    return through_cache(
        path,
        stamps,
        f"size={image_size}",
        lambda: _decode_all(layout, dict(files), image_size, limits),
    )


def _list_folder(path: Path, limits: Limits) -> tuple[dict[str, Path], set[str]]:
    """The images and the folders below `path`, by name relative to it.

    Links to folders are followed, each real folder once.
    """
    files: dict[str, Path] = {}
    folders: set[str] = set()
    seen = {path.resolve()}
    for here, subfolders, names in os.walk(path, followlinks=True):
        relative = Path(here).relative_to(path)
        for name in names:
            file = (relative / name).as_posix()
            if is_image(file):
                files[file] = path / file
        limits.check_images(len(files), "folder")
        for name in list(subfolders):
            real = (Path(here) / name).resolve()
            if is_hidden(name) or real in seen:
                subfolders.remove(name)
            else:
                seen.add(real)
                folders.add((relative / name).as_posix())
    return files, folders


def _decode_all(
    layout: Layout, contents: dict[str, Path | bytes], image_size: int | None, limits: Limits
) -> RawData:
    """Decode the images of all splits together, so that they agree in size and colour."""
    members = [member for split in layout.splits.values() for member in split]
    files = [ImageFile(name, contents[name]) for name, _ in members]
    pixels = decode(files, image_size, limits)
    labels = torch.tensor([label for _, label in members])
    counts = [len(split) for split in layout.splits.values()]
    parts = zip(
        layout.splits, torch.split(pixels, counts), torch.split(labels, counts), strict=True
    )
    return RawData(layout.classes, **{split: RawImages(p, y) for split, p, y in parts})

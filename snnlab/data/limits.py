"""How much a folder or an archive of images may hold, for local files and for uploads."""

from __future__ import annotations

from dataclasses import dataclass

from snnlab.data.spec import DataError
from snnlab.settings import quoted_path


@dataclass(frozen=True)
class Limits:
    """Upper limits. Data beyond any of them is refused before it fills the memory."""

    unpacked: int
    """Bytes of an archive once it is decompressed."""
    images: int
    """Images in a folder or an archive."""
    pixels: int
    """Pixels of one image, before it is resized."""
    decoded: int
    """Bytes of all images together once they are decoded and resized."""
    way_out: str
    """What to do with more; messages put it after a semicolon."""

    @property
    def files(self) -> int:
        """Members of an archive, also folders and other files: macOS adds a file for each image."""
        return 3 * self.images

    def check_images(self, count: int, source: str) -> None:
        """Raise DataError for too many images in a source, "folder" or "archive"."""
        if count > self.images:
            raise DataError(f"more than {self.images:,} images; give a smaller {source}")

    def check_files(self, count: int) -> None:
        """Raise DataError for too many members of an archive."""
        if count > self.files:
            raise DataError(f"more than {self.files:,} files in it; {self.way_out}")

    def check_unpacked(self, count: int) -> None:
        """Raise DataError for too many bytes."""
        if count > self.unpacked:
            raise DataError(f"more than {in_words(self.unpacked)} unpacked; {self.way_out}")

    def check_pixels(self, name: str, width: int, height: int) -> None:
        """Raise DataError for a single image that is too large."""
        if width * height > self.pixels:
            raise DataError(
                f"image {quoted_path(name)} has {width:,} x {height:,} pixels, more than "
                f"{self.pixels / 1e6:.4g} million; save it smaller"
            )


OWN = Limits(
    unpacked=4 * 2**30,
    images=1_000_000,
    pixels=178_956_970,  # Pillow's own limit, above which it refuses an image as an attack
    decoded=8 * 2**30,
    way_out="unpack it and give the folder",
)
"""For files on the user's own machine."""

UPLOADED = Limits(
    unpacked=400 * 2**20,
    images=20_000,
    pixels=64_000_000,  # a telephone's photograph has 12 to 50 million
    decoded=256 * 2**20,
    way_out="take fewer or smaller images",
)
"""For uploads to a server that a class shares. No limit is above that of `OWN`, so training accepts
every upload that was accepted."""


def in_words(size: int, step: int = 1024) -> str:
    """A number of bytes, rounded; 1 MB is 2**20 bytes, as in the field of a browser page.

    Args:
        size: in bytes.
        step: factor from a unit to the next; 1000 for the memory of a machine.

    Example:
        >>> in_words(50 * 2**20), in_words(3 * 10**12, step=1000)
        ('50 MB', '3 TB')
    """
    number, units = float(size), ["B", "KB", "MB", "GB", "TB", "PB", "EB"]
    while number >= 1000 and len(units) > 1:
        number, units = number / step, units[1:]
    return f"{number:,.3g} {units[0]}" if number < 1000 else f"{number:,.0f} {units[0]}"

"""Encoded images to one uint8 tensor."""

from __future__ import annotations

import io
import math
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError
from torch import Tensor
from tqdm import tqdm

from snnlab.data.limits import OWN, Limits, in_words
from snnlab.data.passed_over import PassedOver
from snnlab.data.spec import DataError, Ground, why
from snnlab.settings import quoted_path

GREY_MODES = {"1", "L", "LA", "La"}
DEEP_GREY = ("PNG", "PPM")
"""Formats whose 16-bit grey values Pillow opens as 32-bit, mode I."""
MANY_VIEWS = "MPO"
"""A format that telephones write as .jpg: the photograph, followed by smaller copies of it."""
FORMATS = ("JPEG", "PNG", "GIF", "BMP", "DIB", "WEBP", "TIFF", "PPM")
"""Formats that are read, whatever the ending of the file's name. Others are not even tried: opening
a PostScript picture, for instance, runs a program."""
CLEAR_GREY = {"L;2": 85, "L;4": 17}
"""By which factor Pillow scales grey values of 2 or 4 bits to 8 bits. It does not scale the value
that marks transparency, so we do."""
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""How to turn an image, by the orientation of the camera in EXIF; 1 is upright."""
ON_ITS_SIDE = (5, 6, 7, 8)
"""Orientations in which width and height are swapped."""
MOST_SIZES = 4
"""How many sizes a message lists at most if images differ in size."""
ADVICE = "remove it, or save it once more as PNG or JPEG"
DISGUISES = (
    (b"version https://git-lfs", 0, "a pointer of Git LFS; fetch the image itself (git lfs pull)"),
    (b"<!doctype", 0, "a web page; download the image itself"),
    (b"<html", 0, "a web page; download the image itself"),
    (b"<svg", 0, "a drawing (SVG); save it as PNG"),
    (b"<?xml", 0, "a drawing (SVG) or another text; save it as PNG"),
    (b"%pdf", 0, "a PDF; save its picture as PNG"),
    (b"%!ps", 0, "a PostScript file; save its picture as PNG"),
    (b"8bps", 0, "a file of Photoshop; save it as PNG"),
    (b"ftyp", 4, "a HEIC or AVIF picture or a film; save it as JPEG"),
)
"""Other files that often have the name of an image: how they begin, in small letters; at which
byte; and the words for a message."""


class NeedsSize(DataError):
    """Images that can be read only if they are resized.

    Args:
        message: what is wrong.
        sizes: how many images there are of each (height, width).
    """

    def __init__(self, message: str, sizes: Mapping[tuple[int, int], int]) -> None:
        super().__init__(message)
        self.sizes = sizes


class ImageFile(NamedTuple):
    """An encoded image: its name for messages, and its content or the path of it."""

    name: str
    content: Path | bytes


class _Header(NamedTuple):
    height: int
    width: int
    colour: bool
    turn: Image.Transpose | None
    more_frames: bool


def decode(
    files: Sequence[ImageFile],
    image_size: int | None = None,
    limits: Limits = OWN,
    ground: Ground = "white",
    passed: PassedOver | None = None,
) -> Tensor:
    """Decode images to uint8 (N, C, H, W): three channels if any image has colour, else one.

    They look as in an image viewer: upright by the orientation of the camera, transparent parts on
    the `ground`, the first of several frames. Of 16 bits the upper 8 are used.

    Args:
        files: at least one.
        image_size: height and width in pixels; an image is shrunk or enlarged until its smaller
            side fits, then cut at the centre. None: all must have the same size.
        limits: for the size of one image and of all together.
        ground: colour behind transparent images.
        passed: collects the names of images with further frames, which are not read.

    Raises:
        NeedsSize: without `image_size` sizes differ, or all together are too large.
        DataError: an image cannot be read, or it or all together are too large.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's, about damaged metadata of intact images
        headers = [_read_header(file, limits) for file in _with_progress(files, "reading sizes")]
        for file, header in zip(files, headers, strict=True):
            if passed and header.more_frames:
                passed.add("frames", file.name)
        mode = "RGB" if any(header.colour for header in headers) else "L"
        height, width = (image_size, image_size) if image_size else _only_size(files, headers)
        shape = (len(files), len(mode), height, width)  # (N, C, H, W)
        if math.prod(shape) > limits.decoded:
            message = (
                f"{shape[0]} images of {' x '.join(map(str, shape[1:]))} take more than "
                f"{in_words(limits.decoded)}; give a smaller image_size"
            )
            raise DataError(message) if image_size else NeedsSize(message, sizes_of(headers))
        pixels = np.empty(shape, dtype=np.uint8)
        for i, file in enumerate(_with_progress(files, "decoding images")):
            pixels[i] = _read_pixels(file, headers[i].turn, mode, (width, height), ground)
        return torch.from_numpy(pixels)


def _only_size(files: Sequence[ImageFile], headers: Sequence[_Header]) -> tuple[int, int]:
    """The (height, width) that all images have."""
    sizes = sizes_of(headers)
    if len(sizes) > 1:
        example = {(h.height, h.width): f.name for f, h in zip(files, headers, strict=True)}
        found = ", ".join(
            f"{width} x {height} ({count}, such as {quoted_path(example[height, width])})"
            for (height, width), count in sizes.most_common(MOST_SIZES)
        )
        if len(sizes) > MOST_SIZES:
            found += f", and {len(sizes) - MOST_SIZES} more sizes"
        message = (
            f"images differ in size, width x height: {found}. Give image_size, such as 32, to "
            "resize them"
        )
        raise NeedsSize(message, sizes)
    return next(iter(sizes))


def sizes_of(headers: Sequence[_Header]) -> Counter[tuple[int, int]]:
    """How many images there are of each (height, width)."""
    return Counter((header.height, header.width) for header in headers)


def _read_header(file: ImageFile, limits: Limits) -> _Header:
    """Size and colour of an image, without decoding it."""
    with _opened(file) as image:
        limits.check_pixels(file.name, image.width, image.height)
        more_frames = image.format != MANY_VIEWS and getattr(image, "n_frames", 1) > 1
        width, height = image.size
        orientation = _orientation(image, file)
        if orientation in ON_ITS_SIDE:
            width, height = height, width
        colour = not _is_grey(image)
        return _Header(height, width, colour, TURNS.get(orientation), more_frames)


def _read_pixels(
    file: ImageFile,
    turn: Image.Transpose | None,
    mode: str,
    size: tuple[int, int],
    ground: Ground,
) -> np.ndarray:
    """One image as uint8 (C, H, W), C = 3 for mode RGB and 1 for mode L."""
    with _opened(file) as opened:
        opened.draft(mode, (max(size), max(size)))  # JPEG only: half, a quarter, an eighth do
        image = _on_ground(_of_8_bits(_loaded(opened), file.name), ground).convert(mode)
        if turn is not None:
            image = image.transpose(turn)
        if image.size != size:
            image = ImageOps.fit(image, size, Image.Resampling.BILINEAR)
        return np.asarray(image).reshape(*size[::-1], -1).transpose(2, 0, 1)


def _is_grey(image: Image.Image) -> bool:
    """Whether an image has no colour, as its header says."""
    if image.mode == "P":
        colours = np.reshape(image.getpalette() or [], (-1, 3))
        return bool((colours == colours[:, :1]).all())
    if _raw_mode(image) == "LA;16B":  # Pillow makes it RGBA
        return True
    return image.mode in GREY_MODES or image.mode.startswith(("I", "F"))


def _raw_mode(image: Image.Image) -> str:
    """Pillow's name for the pixel format of a file that is not loaded yet; empty: unknown."""
    tiles = getattr(image, "tile", [])
    args = tiles[0][3] if tiles else ""
    return str(args[0] if isinstance(args, tuple) and args else args)


def _loaded(image: Image.Image) -> Image.Image:
    """Load the pixels of an image, and correct transparency where Pillow loses it."""
    tiles = getattr(image, "tile", [])
    raw, box = _raw_mode(image), tiles[0][1] if tiles else None
    image.load()
    clear = image.info.get("transparency")
    if raw in CLEAR_GREY and isinstance(clear, int):
        image.info["transparency"] = clear * CLEAR_GREY[raw]
    elif raw == "RGB;16B" and isinstance(clear, tuple):
        image.info["transparency"] = tuple(value >> 8 for value in clear)
    elif image.format == "GIF" and clear is None and box and box != (0, 0, *image.size):
        canvas = Image.new("RGBA", image.size)
        canvas.paste(image.crop(box).convert("RGBA"), box)
        return canvas
    return image


def _of_8_bits(image: Image.Image, name: str) -> Image.Image:
    """The upper 8 bits of an image of 16, with an alpha channel where one value is transparent."""
    if image.mode == "F" or (image.mode == "I" and image.format not in DEEP_GREY):
        raise DataError(
            f"image {quoted_path(name)} has 32-bit pixels of mode {image.mode!r}; save it with "
            "8 or 16 bits"
        )
    if not image.mode.startswith("I"):
        return image
    deep = np.asarray(image)
    notes = getattr(image, "tag_v2", {})  # of TIFF
    if notes.get(ExifTags.Base.PhotometricInterpretation) == 0:
        deep = 65535 - deep  # white is 0
    grey = (deep >> 8).astype(np.uint8)
    if (clear := image.info.get("transparency")) is None:
        return Image.fromarray(grey)
    return Image.fromarray(np.stack([grey, np.where(deep == clear, 0, 255).astype(np.uint8)], -1))


def _on_ground(image: Image.Image, ground: Ground) -> Image.Image:
    """An image without transparent parts."""
    if not image.has_transparency_data:
        return image
    layer = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layer.size, ground), layer)


def _orientation(image: Image.Image, file: ImageFile) -> int:
    """The EXIF orientation of an image, see `TURNS`; 1 if there is none, or an invalid one.

    Pillow itself turns TIFF. In a PNG the EXIF may follow the pixels, which is rare; Pillow then
    decodes the pixels to find it, so we first check that the file has any.
    """
    if image.format == "TIFF":
        return 1
    if image.format == "PNG" and "exif" not in image.info:
        content = file.content if isinstance(file.content, bytes) else file.content.read_bytes()
        if b"eXIf" not in content:
            return 1
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # damaged EXIF may raise any type; viewers show such an image all the same
        return 1


@contextmanager
def _opened(file: ImageFile) -> Iterator[Image.Image]:
    """Open an image for reading; any error becomes a DataError with the image's name."""
    content = file.content
    try:
        source = io.BytesIO(content) if isinstance(content, bytes) else content
        with Image.open(source, formats=FORMATS) as image:
            yield image
    except (DataError, MemoryError):
        raise
    except Image.DecompressionBombError as error:
        raise DataError(
            f"image {quoted_path(file.name)} has more than {OWN.pixels / 1e6:.4g} million pixels; "
            "save it smaller"
        ) from error
    except UnidentifiedImageError as error:
        what = _what_it_is(file)
        raise DataError(f"image {quoted_path(file.name)} cannot be read: {what}") from error
    except Exception as error:  # Pillow raises many types on damaged files
        from_system = isinstance(error, OSError) and error.strerror
        what = why(error) if from_system else f"damaged, or of a rare kind ({why(error)})"
        raise DataError(
            f"image {quoted_path(file.name)} cannot be read: {what}; {ADVICE}"
        ) from error


def _what_it_is(file: ImageFile) -> str:
    """For a file that has the name of an image and is none: what it is, and what to do."""
    if isinstance(file.content, bytes):
        start = file.content[:64]
    else:
        with file.content.open("rb") as opened:
            start = opened.read(64)
    if not start:
        return f"it is empty (0 bytes); {ADVICE}"
    small = start.lstrip(b"\xef\xbb\xbf \r\n").lower()
    for begins, at, words in DISGUISES:
        if small[at:].startswith(begins):
            return f"it is {words}, or remove it"
    return f"no image, or a damaged one; {ADVICE}"


def _with_progress(files: Sequence[ImageFile], what: str) -> Iterable[ImageFile]:
    """The files, with a progress bar if they take over a second and someone is watching.

    There is only one thread: Pillow holds Python's lock for most of the time that a small image
    takes, and in measurements two threads were slower than one.
    """
    return tqdm(files, what, unit="img", delay=1, disable=None, leave=False)

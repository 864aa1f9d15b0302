"""Encoded images to one uint8 tensor."""

from __future__ import annotations

import io
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor
from tqdm import tqdm

from snnlab.data.limits import OWN, Limits, in_words
from snnlab.data.spec import DataError

GREY_MODES = {"1", "L", "LA", "La"}
MANY_VIEWS = "MPO"
"""What telephones write as .jpg: the photograph, then smaller ones of the same."""


class NeedsSize(DataError):
    """Images that cannot be read as they are, and can once they are resized.

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


def decode(
    files: Sequence[ImageFile], image_size: int | None = None, limits: Limits = OWN
) -> Tensor:
    """Decode images to uint8 (N, C, H, W): three channels if any image has colour, else one.

    Args:
        files: at least one.
        image_size: height and width in pixels; an image is shrunk or enlarged until its smaller
            side fits, then cut at the centre. None: all must have the same size.
        limits: on the size of one image and of all together.

    Raises:
        NeedsSize: without `image_size` sizes differ, or all together are too large.
        DataError: an image cannot be read, or it or all together are too large.
    """
    headers = [_read_header(file, limits) for file in _with_progress(files, "reading sizes")]
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
        pixels[i] = _read_pixels(file, mode, (width, height))
    return torch.from_numpy(pixels)


def _only_size(files: Sequence[ImageFile], headers: Sequence[_Header]) -> tuple[int, int]:
    """The (height, width) that all images have."""
    sizes = sizes_of(headers)
    if len(sizes) > 1:
        example = {(h.height, h.width): f.name for f, h in zip(files, headers, strict=True)}
        found = ", ".join(
            f"{height} x {width} ({count}, such as {example[height, width]})"
            for (height, width), count in sizes.most_common(4)
        )
        raise NeedsSize(f"images differ in size: {found}. Give image_size to resize them", sizes)
    return next(iter(sizes))


def sizes_of(headers: Sequence[_Header]) -> Counter[tuple[int, int]]:
    """How many images there are of each (height, width)."""
    return Counter((header.height, header.width) for header in headers)


def _read_header(file: ImageFile, limits: Limits) -> _Header:
    """Size and colour of an image, without decoding it."""
    with _opened(file) as image:
        limits.check_pixels(file.name, image.width, image.height)
        frames = getattr(image, "n_frames", 1)
        if frames > 1 and image.format != MANY_VIEWS:
            raise ValueError(f"it holds {frames} frames or pages; save one of them")
        return _Header(image.height, image.width, not _is_grey(image.mode))


def _read_pixels(file: ImageFile, mode: str, size: tuple[int, int]) -> np.ndarray:
    """One image as uint8 (C, H, W), C = 3 for mode RGB and 1 for mode L."""
    with _opened(file) as image:
        image.draft(mode, size)  # JPEG only: decode at a half, a quarter or an eighth if enough
        if image.mode.startswith("I;16"):
            image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
        elif image.mode in {"I", "F"}:
            raise ValueError(f"32-bit pixels of mode {image.mode!r}; save it with 8 or 16 bits")
        image = image.convert(mode)
        if image.size != size:
            image = ImageOps.fit(image, size, Image.Resampling.BILINEAR)
        return np.asarray(image).reshape(*size[::-1], -1).transpose(2, 0, 1)


def _is_grey(mode: str) -> bool:
    return mode in GREY_MODES or mode.startswith(("I", "F"))


@contextmanager
def _opened(file: ImageFile) -> Iterator[Image.Image]:
    """An image opened for reading; what goes wrong with it becomes a DataError with its name."""
    content = file.content
    try:
        with Image.open(io.BytesIO(content) if isinstance(content, bytes) else content) as image:
            yield image
    except DataError:
        raise
    except Image.DecompressionBombError as error:
        raise DataError(
            f"image {file.name!r} has more than {OWN.pixels / 1e6:.4g} million pixels; "
            "save it smaller"
        ) from error
    except UnidentifiedImageError as error:
        raise DataError(f"image {file.name!r} cannot be read: not an image") from error
    except Exception as error:  # Pillow raises many types on damaged files
        raise DataError(f"image {file.name!r} cannot be read: {error}") from error


def _with_progress(files: Sequence[ImageFile], what: str) -> Iterable[ImageFile]:
    """The files, with a progress bar if they take over a second and someone is watching.

    One thread: Pillow holds Python's lock for most of the time that a small image takes, and two
    threads were measured to be slower than one.
    """
    return tqdm(files, what, unit="img", delay=1, disable=None, leave=False)

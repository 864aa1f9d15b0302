"""Encoded images to one uint8 tensor."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor
from tqdm import tqdm

from snnlab.data.spec import DataError

MAX_DECODED_BYTES = 8 * 2**30
GREY_MODES = {"1", "L", "LA", "La"}


class ImageFile(NamedTuple):
    """An encoded image: its name for messages, and its content or the path of it."""

    name: str
    content: Path | bytes


class _Header(NamedTuple):
    height: int
    width: int
    colour: bool


def decode(files: Sequence[ImageFile], image_size: int | None = None) -> Tensor:
    """Decode images to uint8 (N, C, H, W): three channels if any image has colour, else one.

    Args:
        files: at least one.
        image_size: height and width in pixels; an image is shrunk or enlarged until its smaller
            side fits, then cut at the centre. None: all must have the same size.

    Raises:
        DataError: an image cannot be read, sizes differ, or all together are too large.
    """
    headers = [_read_header(file) for file in _with_progress(files, "reading sizes")]
    mode = "RGB" if any(header.colour for header in headers) else "L"
    height, width = (image_size, image_size) if image_size else _only_size(files, headers)
    shape = (len(files), len(mode), height, width)  # (N, C, H, W)
    if np.prod(shape, dtype=np.float64) > MAX_DECODED_BYTES:
        raise DataError(
            f"{shape[0]} images of {' x '.join(map(str, shape[1:]))} take more than "
            f"{MAX_DECODED_BYTES / 2**30:.3g} GiB; give a smaller image_size"
        )
    pixels = np.empty(shape, dtype=np.uint8)
    for i, file in enumerate(_with_progress(files, "decoding images")):
        pixels[i] = _read_pixels(file, mode, (width, height))
    return torch.from_numpy(pixels)


def _only_size(files: Sequence[ImageFile], headers: Sequence[_Header]) -> tuple[int, int]:
    """The (height, width) that all images have."""
    sizes = Counter((header.height, header.width) for header in headers)
    if len(sizes) > 1:
        example = {(h.height, h.width): f.name for f, h in zip(files, headers, strict=True)}
        found = ", ".join(
            f"{height} x {width} ({count}, such as {example[height, width]})"
            for (height, width), count in sizes.most_common(4)
        )
        raise DataError(f"images differ in size: {found}. Give image_size to resize them")
    return next(iter(sizes))


def _read_header(file: ImageFile) -> _Header:
    """Size and colour of an image, without decoding it."""
    with _opened(file) as image:
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

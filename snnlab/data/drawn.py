"""Turn a drawing into an image in the same way as the images of a data set were made.

A network knows only digits that were cut out, scaled and placed as in its data set. Each data set
has its own way:

- mnist: the digit keeps its aspect ratio, fits a box of 20 x 20, and its centre of mass lies
  in the middle of 28 x 28 (LeCun, Bottou, Bengio and Haffner, 1998).
- optdigits: the digit is stretched to fill a box of 32 x 20 in the middle of 32 x 32, its strokes
  are made thinner or thicker, its slant is taken out, and the ink is counted in blocks of 4 x 4
  (Alpaydin and Kaynak, 1998, with the programs of Garris and others, NISTIR 5469, 1994).

Both were checked against the images themselves, see `tests/data/test_drawn.py`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from scipy import ndimage
from torch import Tensor

from snnlab.data.sources import resized
from snnlab.data.spec import CATALOGUE, DRAWN_SETS, DataError, DataSpec, can_draw

Grey = npt.NDArray[np.float32]
Bits = npt.NDArray[np.bool_]

WHITE = 255
MNIST_BOX, MNIST_MIDDLE = 20, 14
"""Side of the box; row and column, counted from 0, of the centre of mass."""
SIDE, BOX_WIDTH, BLOCK = 32, 20, 4
"""For optdigits: side of the bitmap, width of the box in it, side of the counted blocks."""
THINNER_ABOVE, THINNER_TWICE = 412, 560
THICKER_BELOW, THICKER_TWICE = 256, 108
"""With how many inked pixels strokes are made thinner or thicker, once or twice."""
NOISY_ROWS = 2
"""How many rows at the top and at the bottom are not used to measure the slant."""


def as_image(ink: npt.ArrayLike | Tensor, data: DataSpec | str) -> Tensor:
    """A drawing as an image of a data set.

    Args:
        ink: (S, S), from 0 where nothing was drawn to 255; any side S, and any place and
            size of the drawing.
        data: the data set, or its name.

    Returns:
        uint8 (1, H, W), of the size of the images of `data`.

    Raises:
        DataError: a data set without handwriting, an empty drawing, or `ink` of another shape.

    Example:
        >>> ink = np.zeros((140, 140)); ink[20:120, 60:75] = 255
        >>> as_image(ink, "mnist").shape
        torch.Size([1, 28, 28])
    """
    spec = DataSpec(data) if isinstance(data, str) else data
    if not can_draw(spec):
        raise DataError(
            f"nobody can draw an image for {spec.name!r}; valid: {', '.join(DRAWN_SETS)}"
        )
    info = CATALOGUE[spec.name]
    digit = cut_out(checked(ink))
    image = as_mnist(digit, info.shape[1]) if info.drawn == "mnist" else as_optdigits(digit)
    pixels = torch.from_numpy(np.rint(image).astype(np.uint8))[None]  # (1, H, W)
    return resized(pixels[None], spec.image_size)[0] if spec.image_size else pixels


def checked(ink: npt.ArrayLike | Tensor) -> Grey:
    """The drawing as a float32 array; DataError if it is no valid drawing."""
    try:
        grey = np.asarray(ink.cpu() if isinstance(ink, Tensor) else ink, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise DataError(f"ink must be numbers (S, S); got {type(ink).__name__}") from error
    if grey.ndim != 2 or grey.shape[0] != grey.shape[1] or grey.size == 0:
        raise DataError(f"ink must be a square (S, S); got shape {grey.shape}")
    if not (np.isfinite(grey).all() and grey.min() >= 0 and grey.max() <= WHITE):
        raise DataError(f"ink lies from 0 to {WHITE}; got {grey.min():g} to {grey.max():g}")
    if grey.max() == 0:
        raise DataError(f"the drawing of {len(grey)} x {len(grey)} pixels is empty: all are 0")
    return grey


def cut_out(grey: Grey) -> Grey:
    """The smallest rectangle with all pixels that have at least half of the darkest ink."""
    (box,) = ndimage.find_objects((grey >= grey.max() / 2).astype(int))
    cut: Grey = grey[box]
    return cut


def scaled(grey: Grey, height: int, width: int) -> Grey:
    """Resize; each new pixel is the mean of the pixels that it covers."""
    box = Image.Resampling.BOX
    return np.asarray(Image.fromarray(grey).resize((width, height), box), dtype=np.float32)


def as_mnist(digit: Grey, side: int) -> Grey:
    """Fit a digit into a box of 20 x 20, and put its centre of mass in the middle of the image."""
    longest = max(digit.shape)
    height, width = (max(1, round(MNIST_BOX * n / longest)) for n in digit.shape)
    small = scaled(digit, height, width)
    small = small * (WHITE / small.max())  # as in MNIST, each image has white, also with a thin pen

    def start(masses: Grey) -> int:
        """The first row or column of the digit, such that all of it is inside the image."""
        middle = float(masses @ np.arange(len(masses)) / masses.sum())
        return min(max(round(MNIST_MIDDLE - middle), 0), side - len(masses))

    top, left = start(small.sum(1)), start(small.sum(0))
    image = np.zeros((side, side), np.float32)
    image[top : top + height, left : left + width] = small
    return image


def as_optdigits(digit: Grey) -> Grey:
    """Stretch a digit to the full height of (8, 8); grey values are multiples of white / 16."""
    small = scaled(digit, SIDE, BOX_WIDTH)
    bits = np.zeros((SIDE, SIDE), np.bool_)
    left = (SIDE - BOX_WIDTH) // 2
    bits[:, left : left + BOX_WIDTH] = small >= small.max() / 2
    bits = upright(with_usual_strokes(bits))
    blocks = bits.reshape(SIDE // BLOCK, BLOCK, SIDE // BLOCK, BLOCK)
    counts = blocks.sum((1, 3), dtype=np.float32)  # (8, 4, 8, 4) to (8, 8), 0..16
    return counts * np.float32(WHITE / BLOCK**2)


def with_usual_strokes(bits: Bits) -> Bits:
    """Remove the rim of strokes with much ink, or add one to those with little; once or twice."""
    count, changed = bits.sum(), bits
    if count > THINNER_ABOVE:
        changed = ndimage.binary_erosion(bits, iterations=2 if count > THINNER_TWICE else 1)
    elif count < THICKER_BELOW:
        changed = ndimage.binary_dilation(bits, iterations=2 if count < THICKER_TWICE else 1)
    return changed


def upright(bits: Bits) -> Bits:
    """Shift rows until the left edge near the top is right above that near the bottom."""
    rows = np.flatnonzero(bits.any(1))
    if len(rows) <= 2 * NOISY_ROWS + 1:
        return bits
    top, bottom = rows[0] + NOISY_ROWS, rows[-1] - NOISY_ROWS
    if not bits[top].any() or not bits[bottom].any():
        return bits
    slope = (bits[top].argmax() - bits[bottom].argmax()) / (bottom - top)
    shifts = np.rint((np.arange(SIDE) - SIDE // 2) * slope).astype(int).clip(-SIDE, SIDE)
    wide = np.pad(bits, ((0, 0), (SIDE, SIDE)))  # so that no pixel comes in at the other side
    return np.stack([row[SIDE - s : 2 * SIDE - s] for row, s in zip(wide, shifts, strict=True)])

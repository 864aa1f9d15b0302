"""Input and output of the pad in `pad.js`, on which a digit can be drawn."""

from __future__ import annotations

import base64
import binascii
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from torch import Tensor

from snnlab.show.described import SEEN
from snnlab.show.explorer.controls import colours
from snnlab.show.modules import joined

PAD_FILES: Final = ("pad.css", "elements.js", "bytes.js", "pad.js")
"""Files of the pad; the last one mounts it."""
PAD_JS: Final = joined(*PAD_FILES)
"""The pad, an ES module with `mountPad(element, given, tell)`."""

SIDE: Final = 140
"""Width and height of the drawing that the pad sends, in pixels."""
PEN: Final = 0.1
"""Width of the pen as a share of the side; networks of digits and of MNIST recognise drawings best
with 0.09 to 0.13."""

WORDS: Final = {
    "pad": "Draw a digit",
    "sheet": "Draw a digit here",
    "sheet_alt": "Drawing area",
    "seen": SEEN,
    "nothing": f"{SEEN}: nothing yet.",
    "ask": "Draw a digit, and see what the network makes of it.",
    "undo": "Undo",
    "clear": "Clear",
    "undone": "The last stroke is taken back.",
    "cleared": "The drawing is empty.",
    "pen_down": "Pen down.",
    "pen_up": "Pen up.",
    "place": "{across} % from the left, {down} % from the top.",
    "keys": (
        "With keys: arrows move the cursor, with Shift further; Space lowers and lifts the pen; "
        "Backspace takes back a stroke; Escape lifts the pen."
    ),
}
"""Texts of the pad."""

Grey = npt.NDArray[np.uint8]


def pad_given(
    seen: Tensor | None = None, said: str = "", ink: Grey | None = None, *, dark: bool = False
) -> dict[str, Any]:
    """The input of `mountPad`, for JSON.

    Args:
        seen: the drawing as the network sees it, uint8 (1, H, W), from `as_image`.
        said: a sentence about it, such as the decision of the network.
        ink: a drawing to continue, from `ink_of`. It is read only when the pad is mounted, so
            that later updates do not replace the drawing.
        dark: whether the background is dark.

    Raises:
        ValueError: `seen` or `ink` has another shape.
    """
    if ink is not None and ink.shape != (SIDE, SIDE):
        raise ValueError(f"ink must have the shape ({SIDE}, {SIDE}); got {ink.shape}")
    return {
        "words": WORDS,
        "colours": colours("blue"),
        "dark": dark,
        "side": SIDE,
        "pen": PEN,
        "seen": None if seen is None else _seen(seen),
        "said": said or None,
        "ink": None if ink is None else _text(ink),
    }


def ink_of(told: object) -> Grey:
    """The drawing that the pad has sent, uint8 (SIDE, SIDE): 0 for no ink, up to 255.

    Args:
        told: {"side": SIDE, "pixels": base64 of the grey values, row by row}.

    Raises:
        ValueError: the message is malformed, as a browser can send anything.
    """
    if not isinstance(told, dict) or not {"side", "pixels"} <= told.keys():
        raise ValueError(f"a drawing has side and pixels; got {_quoted(told)}")
    side, pixels = told["side"], told["pixels"]
    if side != SIDE:
        raise ValueError(f"a drawing has a side of {SIDE} pixels; got {_quoted(side)}")
    letters = 4 * -(-(SIDE**2) // 3)
    if not isinstance(pixels, str) or len(pixels) != letters:
        size = f"{len(pixels)} letters" if isinstance(pixels, str) else _quoted(pixels)
        raise ValueError(f"the pixels of a drawing are {letters} letters of base64; got {size}")
    try:
        data = base64.b64decode(pixels, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"the pixels of a drawing are no base64: {error}") from None
    if len(data) != SIDE**2:
        raise ValueError(f"a drawing has {SIDE**2} pixels; got {len(data)}")
    return np.frombuffer(data, np.uint8).reshape(SIDE, SIDE)


def _seen(image: Tensor) -> dict[str, Any]:
    """The image beside the drawing, as pixels and in words."""
    if image.ndim != 3 or len(image) != 1:
        raise ValueError(f"seen must have the shape (1, H, W); got {tuple(image.shape)}")
    grey = image[0].cpu().numpy().astype(np.uint8)
    height, width = grey.shape
    return {"width": width, "height": height, "pixels": _text(grey), "alt": seen_words(grey)}


def seen_words(grey: Grey) -> str:
    """The image that the network sees, in words and numbers.

    Example:
        >>> seen_words(np.eye(8, dtype=np.uint8))
        'What the network sees: 8 × 8 pixels; ink in rows 1 to 8 and columns 1 to 8, 8 of 64.'
    """
    height, width = grey.shape
    said = f"{WORDS['seen']}: {height} × {width} pixels"
    rows, columns = (np.flatnonzero(grey.any(axis)) + 1 for axis in (1, 0))
    if not len(rows):
        return f"{said}, all of them empty."
    return (
        f"{said}; ink in rows {rows[0]} to {rows[-1]} and columns {columns[0]} to {columns[-1]}, "
        f"{np.count_nonzero(grey)} of {grey.size}."
    )


def _text(grey: Grey) -> str:
    """Grey values, row by row, in base64."""
    return base64.b64encode(np.ascontiguousarray(grey).tobytes()).decode()


def _quoted(value: object) -> str:
    """A quotation of a value, cut short."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"

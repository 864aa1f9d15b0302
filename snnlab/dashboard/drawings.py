"""A drawing of a visitor: the session holds it, and the link, too, if it is short enough."""

from __future__ import annotations

import base64
import binascii
import zlib
from typing import Any

import numpy as np
import numpy.typing as npt
import streamlit as st

from snnlab.dashboard import address
from snnlab.show.explorer.drawing import SIDE, ink_of

NAME = "ink"
"""Its name in links."""
MOST_CHARACTERS = 1500
"""Characters that a drawing may take of a link; a digit takes some 400."""
IN_SESSION = "drawing"
"""Its key in the session."""
INK_FROM = 128
"""The lowest grey value that counts as ink."""
WHITE = 255
Bits = npt.NDArray[np.bool_]


def drawing() -> bytes | None:
    """The drawing in the link, else that of this session, row by row; None if there is none."""
    said = address.link_value(NAME)
    given = unpacked(said) if said else None
    if given is not None:
        return given
    kept: bytes | None = st.session_state.get(IN_SESSION)
    return kept


def keep(message: Any) -> None:
    """Keep the drawing that the pad has sent; None: it is empty. Malformed data change nothing."""
    if message is None:
        st.session_state.pop(IN_SESSION, None)
        address.forget([NAME])
        return
    try:
        bits = ink_of(message) >= INK_FROM
    except ValueError:
        return
    st.session_state[IN_SESSION] = inked(bits)
    text = packed(bits)
    if len(text) <= MOST_CHARACTERS:
        address.remember(NAME, text)
    else:
        address.forget([NAME])


def grey(ink: bytes | None) -> npt.NDArray[np.uint8] | None:
    """A drawing as grey values for the pad, (SIDE, SIDE)."""
    return None if ink is None else np.frombuffer(ink, np.uint8).reshape(SIDE, SIDE)


def fits_into_link() -> bool:
    """Whether the link holds the drawing that is shown."""
    return address.link_value(NAME) is not None


def packed(bits: Bits) -> str:
    """A drawing as text: for each row, the pixels that differ from those of the row above.

    Example:
        >>> unpacked(packed(bits)) == inked(bits)
        True
    """
    edges = np.diff(bits, axis=0, prepend=False)
    data = zlib.compress(np.packbits(edges).tobytes(), 9)
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def unpacked(text: str) -> bytes | None:
    """The drawing that a text holds, as `inked` gives it; None if the text holds no drawing."""
    size = -(-(SIDE**2) // 8)
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        edges = zlib.decompressobj().decompress(data, size + 1)
    except (ValueError, binascii.Error, zlib.error):
        return None
    if len(edges) != size:
        return None
    rows = np.unpackbits(np.frombuffer(edges, np.uint8), count=SIDE**2).reshape(SIDE, SIDE)
    bits = np.logical_xor.accumulate(rows.astype(np.bool_), axis=0)
    return inked(bits) if bits.any() else None


def inked(bits: Bits) -> bytes:
    """Grey values, row by row: white where there is ink."""
    return (bits * np.uint8(WHITE)).tobytes()

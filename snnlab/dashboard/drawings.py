"""A drawing of a visitor: it stays for the session, and stands in the link while it is short."""

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
"""In links."""
MOST = 1500
"""Characters that a drawing may take of a link; a digit takes some 400."""
KEPT = "drawing"
"""In the session."""
FROM = 128
"""Grey value from which there is ink."""
WHITE = 255
Bits = npt.NDArray[np.bool_]


def drawing() -> bytes | None:
    """The ink that the link brings, else that of this session, row by row; None: there is none."""
    said = address.said(NAME)
    given = unpacked(said) if said else None
    if given is not None:
        return given
    kept: bytes | None = st.session_state.get(KEPT)
    return kept


def keep(told: Any) -> None:
    """Keep what the pad has told; None: the drawing is empty. Anything else changes nothing."""
    if told is None:
        st.session_state.pop(KEPT, None)
        address.forget([NAME])
        return
    try:
        bits = ink_of(told) >= FROM
    except ValueError:
        return
    st.session_state[KEPT] = inked(bits)
    text = packed(bits)
    if len(text) <= MOST:
        address.remember(NAME, text)
    else:
        address.forget([NAME])


def grey(ink: bytes | None) -> npt.NDArray[np.uint8] | None:
    """A drawing as the pad takes it, (SIDE, SIDE)."""
    return None if ink is None else np.frombuffer(ink, np.uint8).reshape(SIDE, SIDE)


def fits_into_link() -> bool:
    """Whether the link holds the drawing that is shown."""
    return address.said(NAME) is not None


def packed(bits: Bits) -> str:
    """A drawing as text, where it begins and ends from row to row.

    Example:
        >>> unpacked(packed(bits)) == inked(bits)
        True
    """
    edges = np.diff(bits, axis=0, prepend=False)
    data = zlib.compress(np.packbits(edges).tobytes(), 9)
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def unpacked(text: str) -> bytes | None:
    """The drawing that a text holds, as `inked` gives it; None: it holds none."""
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

"""Output where an encoding lacks signs of ours: a file on Windows (cp1252), a C locale.

A sign that cannot be written there ends no command: it is written in letters, σ as sigma.
"""

from __future__ import annotations

import codecs
import sys
import unicodedata

SIGNS = (
    "σ sigma ρ rho γ gamma μ mu β beta Δ Delta ≥ >= ≤ <= ≠ != ≈ ~ ± +- × x − - – - — - ’ ' "
    '“ " ” " … ... · . • * √ sqrt ∞ inf → -> ─ - │ | █ # ✓ yes ✗ no'
)
LETTERS = dict(zip(SIGNS.split()[::2], SIGNS.split()[1::2], strict=True))
"""What stands for signs of ours. Other letters lose their accents; any other sign becomes "?"."""
HANDLER = "snnlab-plain-signs"
"""Its name among the error handlers of Python's codecs."""


def write_plainly() -> None:
    """Have stdout and stderr write in letters what their encoding lacks."""
    codecs.register_error(HANDLER, in_letters)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # not what a notebook or a test puts there
            stream.reconfigure(errors=HANDLER)


def in_letters(error: UnicodeError) -> tuple[str, int]:
    """An error handler for `codecs.register_error`.

    Example:
        >>> codecs.register_error("plain", in_letters)
        >>> "σ ≥ 0.1".encode("cp1252", "plain")
        b'sigma >= 0.1'
    """
    if not isinstance(error, UnicodeEncodeError):
        raise error
    signs = error.object[error.start : error.end]
    return "".join(LETTERS.get(sign) or without_accent(sign) for sign in signs), error.end


def without_accent(sign: str) -> str:
    """A letter in ASCII, without its accent; "?" for any other sign."""
    return unicodedata.normalize("NFKD", sign).encode("ascii", "ignore").decode() or "?"

"""Output with encodings that lack our signs, such as a file on Windows (cp1252) or a C locale.

There a sign raises no error but is written in letters, σ as sigma.
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
"""Letters for our signs. Other letters lose their accents; any other sign becomes "?"."""
HANDLER = "snnlab-plain-signs"
"""Its name among the error handlers of Python's codecs."""


def write_plainly() -> None:
    """Make stdout and stderr write signs in letters if their encoding lacks them."""
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

"""How far off a prediction was, in a sentence.

`on_page/how_far_off.js` makes the same sentences on web pages without Python.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from snnlab.show.arrays import Floats

SENTENCES: Final = {
    "nothing": "You predicted nothing here.",
    "right": "Your prediction was right, to within half a hundredth of the axis.",
    "one": "Your prediction {where} was {far}.",
    "several": "Your prediction was {mean} off on average, most {where}: {far}.",
    "high": "{amount} too high",
    "low": "{amount} too low",
}
"""The sentences, and the phrases that they are made of."""


def how_far_off(
    said: Floats, measured: Floats, *, where: Sequence[str], width: float, unit: str
) -> str:
    """A sentence on how far off a prediction was on average, and where most.

    Args:
        said: predicted values (n,), nan where nothing was predicted.
        measured: (n,), nan where nothing was measured.
        where: each place in words, such as "at T = 4" (n).
        width: length of the axis of values.
        unit: of the values; may be empty.

    Example:
        >>> how_far_off(np.array([9.0]), np.array([7.0]), where=["at 1"], width=10, unit="ms")
        'Your prediction at 1 was 2 ms too high.'
    """
    at = np.flatnonzero(~np.isnan(said) & ~np.isnan(measured))
    if not len(at):
        return SENTENCES["nothing"]
    off = (said - measured)[at]
    worst = int(np.abs(off).argmax())
    most = float(off[worst])
    if abs(most) / width < 0.005:
        return SENTENCES["right"]
    far = SENTENCES["high" if most > 0 else "low"].format(amount=_amount(most, unit))
    mean = _amount(float(np.abs(off).mean()), unit)
    sentence = SENTENCES["one" if len(at) == 1 else "several"]
    return sentence.format(where=where[at[worst]], far=far, mean=mean)


def _amount(difference: float, unit: str) -> str:
    """A difference of two values, with its unit. Ties are rounded up."""
    size = abs(difference) * (1 + 1e-12)
    return f"{f'{size:.0f}' if size >= 10 else f'{size:.2g}'} {unit}".strip()

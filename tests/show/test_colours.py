"""The colours of methods can be told apart, on both backgrounds and with any colour vision."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from snnlab.runs.methods import METHODS
from snnlab.show.colours import FREE, HUES, PREDICTION

SEEN = {
    "all colours": np.eye(3),
    "no red cones": [
        [0.1523, 1.0526, -0.2049],
        [0.1145, 0.7863, 0.0992],
        [-0.0039, -0.0481, 1.052],
    ],
    "no green cones": [
        [0.3673, 0.8606, -0.228],
        [0.2801, 0.6725, 0.0474],
        [-0.0118, 0.0429, 0.9689],
    ],
    "no blue cones": [
        [1.2555, -0.0767, -0.1788],
        [-0.0784, 0.9308, 0.1476],
        [0.0047, 0.6914, 0.3039],
    ],
}
"""Machado, Oliveira and Fernandes (2009): linear RGB to what somebody sees of it."""
TO_XYZ = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
WHITE = [0.9505, 1, 1.089]


def lab(colour: str, seen: str) -> np.ndarray:
    """A colour in CIELAB, where distances are about as large as they look."""
    rgb = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    xyz = TO_XYZ @ np.clip(np.array(SEEN[seen]) @ linear, 0, 1) / np.array(WHITE)
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("background", ["light", "dark"])
@pytest.mark.parametrize("seen", SEEN)
def test_methods_are_told_apart_by_colour_alone(seen: str, background: str) -> None:
    colours = {name: getattr(HUES[method.look.hue], background) for name, method in METHODS.items()}
    apart = {
        (one, other): np.linalg.norm(lab(colours[one], seen) - lab(colours[other], seen))
        for one, other in combinations(colours, 2)
    }
    assert min(apart.values()) > 10, min(apart, key=lambda pair: apart[pair])


def test_free_looks_and_the_prediction_share_nothing_with_methods() -> None:
    looks = [method.look for method in METHODS.values()] + [PREDICTION, *FREE]
    for part in zip(*looks, strict=True):
        assert len(set(part)) == len(looks)

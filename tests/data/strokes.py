"""Digits as people draw them on a pad: pen strokes in a box 1 high and 0.7 wide, y downwards."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

Point = tuple[float, float]
Stroke = list[Point]


class Placed(NamedTuple):
    """How a digit is put on the canvas, in parts of its side."""

    pen: float
    height: float
    x: float
    y: float
    slant: float = 0.0


def arc(x: float, y: float, rx: float, ry: float, start: float, end: float) -> Stroke:
    """Part of an ellipse around (x, y); angles in degrees, clockwise from the right."""
    turns = np.radians(np.linspace(start, end, 13))
    return [(x + rx * math.cos(a), y + ry * math.sin(a)) for a in turns]


DIGITS: dict[int, list[list[Stroke]]] = {
    0: [
        [arc(0.35, 0.5, 0.35, 0.5, -90, 270)],
        [arc(0.35, 0.5, 0.26, 0.5, -60, 310)],
        [arc(0.35, 0.5, 0.42, 0.5, -100, 265)],
    ],
    1: [
        [[(0.35, 0), (0.35, 1)]],
        [[(0.1, 0.25), (0.4, 0), (0.4, 1)]],
        [[(0.5, 0), (0.3, 1)]],
    ],
    2: [
        [[*arc(0.35, 0.27, 0.33, 0.27, 190, 380), (0.02, 1), (0.7, 1)]],
        [[*arc(0.33, 0.3, 0.3, 0.3, 200, 400), (0.0, 0.95), (0.65, 0.97)]],
        [[(0.05, 0.15), (0.3, 0), (0.6, 0.12), (0.6, 0.35), (0.0, 1), (0.7, 0.95)]],
    ],
    3: [
        [arc(0.3, 0.25, 0.32, 0.25, 200, 450) + arc(0.3, 0.75, 0.36, 0.25, -90, 160)],
        [[(0.05, 0), (0.6, 0), (0.25, 0.4), *arc(0.28, 0.7, 0.36, 0.3, -90, 150)]],
        [arc(0.3, 0.27, 0.28, 0.27, 210, 440) + arc(0.28, 0.74, 0.34, 0.26, -80, 165)],
    ],
    4: [
        [[(0.1, 0), (0.02, 0.55), (0.68, 0.55)], [(0.52, 0.1), (0.48, 1)]],
        [[(0.45, 0), (0.0, 0.65), (0.7, 0.65)], [(0.48, 0.35), (0.48, 1)]],
        [[(0.12, 0.05), (0.08, 0.5), (0.6, 0.48)], [(0.6, 0), (0.58, 1)]],
    ],
    5: [
        [[(0.65, 0), (0.1, 0), (0.06, 0.45), *arc(0.3, 0.68, 0.34, 0.3, -120, 150)]],
        [
            [(0.12, 0.02), (0.1, 0.42), *arc(0.3, 0.7, 0.34, 0.3, -110, 140)],
            [(0.12, 0.02), (0.66, 0)],
        ],
        [[(0.6, 0.02), (0.15, 0.03), (0.08, 0.5), *arc(0.3, 0.7, 0.32, 0.28, -125, 165)]],
    ],
    6: [
        [[(0.5, 0), (0.2, 0.3), (0.05, 0.7), *arc(0.34, 0.73, 0.3, 0.26, 180, -180)]],
        [[(0.42, 0), (0.12, 0.4), (0.04, 0.75), *arc(0.32, 0.75, 0.28, 0.24, 180, -190)]],
        [arc(0.5, 0.5, 0.45, 0.5, 270, 180) + arc(0.35, 0.72, 0.3, 0.28, 180, -170)],
    ],
    7: [
        [[(0.02, 0), (0.68, 0), (0.25, 1)]],
        [[(0.0, 0.05), (0.62, 0), (0.35, 0.5), (0.25, 1)]],
        [[(0.02, 0.02), (0.65, 0), (0.28, 1)], [(0.15, 0.5), (0.62, 0.5)]],
    ],
    8: [
        [arc(0.35, 0.26, 0.26, 0.26, 90, 450) + arc(0.35, 0.75, 0.32, 0.25, -90, 270)],
        [arc(0.35, 0.25, 0.22, 0.25, 90, 450) + arc(0.35, 0.75, 0.27, 0.25, -90, 270)],
        [
            [
                (0.6, 0.12),
                (0.4, 0),
                (0.15, 0.15),
                (0.2, 0.35),
                (0.5, 0.58),
                (0.62, 0.8),
                (0.4, 1),
                (0.12, 0.88),
                (0.15, 0.65),
                (0.45, 0.42),
                (0.6, 0.12),
            ]
        ],
    ],
    9: [
        [[*arc(0.34, 0.27, 0.3, 0.27, 0, -360), (0.6, 1)]],
        [[*arc(0.32, 0.28, 0.3, 0.28, -20, -380), (0.6, 0.6), (0.45, 1)]],
        [[*arc(0.32, 0.25, 0.28, 0.25, 0, -360), (0.58, 0.7), (0.4, 0.98), (0.1, 0.92)]],
    ],
}
"""Three ways to write each digit."""


def strokes_on_canvas(strokes: list[Stroke], placed: Placed) -> list[Stroke]:
    """The strokes in parts of the canvas's side."""
    return [
        [
            (
                placed.x + placed.height * (x - 0.35 - placed.slant * (y - 0.5)),
                placed.y + placed.height * (y - 0.5),
            )
            for x, y in stroke
        ]
        for stroke in strokes
    ]


def painted(strokes: list[Stroke], pen: float, side: int = 140) -> np.ndarray:
    """A round pen along the strokes, anti-aliased: uint8 (side, side), 255 where there is ink."""
    y, x = np.mgrid[:side, :side] + 0.5
    nearest = np.full((side, side), np.inf)
    for stroke in strokes:
        ends = zip(stroke, stroke[1:] or stroke, strict=False)
        for (x0, y0), (x1, y1) in ends:
            ax, ay, bx, by = x0 * side, y0 * side, x1 * side, y1 * side
            length = (bx - ax) ** 2 + (by - ay) ** 2
            part = 0 if length == 0 else ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length
            part = np.clip(part, 0, 1)
            nearest = np.minimum(
                nearest, np.hypot(x - ax - part * (bx - ax), y - ay - part * (by - ay))
            )
    return np.rint(255 * np.clip(pen * side / 2 - nearest + 0.5, 0, 1)).astype(np.uint8)

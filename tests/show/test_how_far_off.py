"""How far off a prediction was, in a sentence."""

from __future__ import annotations

import numpy as np
import pytest

from snnlab.show.how_far_off import SENTENCES, how_far_off

WHERE = ["at T = 1", "at T = 4", "at T = 16"]


@pytest.mark.parametrize(
    ("said", "measured", "sentence"),
    [
        ([np.nan] * 3, [1, 2, 3], SENTENCES["nothing"]),
        ([5, np.nan, np.nan], [np.nan, 2, 3], SENTENCES["nothing"]),
        ([50, 60, 70], [50.4, 60, 70], SENTENCES["right"]),
        ([np.nan, 30, np.nan], [1, 20, 3], "Your prediction at T = 4 was 10 points too high."),
        (
            [97, 90, 69],
            [97, 97, 97],
            "Your prediction was 12 points off on average, most at T = 16: 28 points too low.",
        ),
        ([12.5, np.nan, np.nan], [0, 0, 0], "Your prediction at T = 1 was 13 points too high."),
    ],
)
def test_it_is_told_in_a_sentence(said, measured, sentence):
    arrays = np.array(said, dtype=float), np.array(measured, dtype=float)
    assert how_far_off(*arrays, where=WHERE, width=100, unit="points") == sentence

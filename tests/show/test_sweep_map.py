"""The map of a sweep: a row per setting, a column per T, numbers that can be read."""

from __future__ import annotations

from typing import Any

import pytest
from matplotlib.colors import to_hex

from snnlab.show.picture import describe
from snnlab.show.style import readable
from snnlab.show.sweep import accuracy_map

CURVES: dict[str, Any] = {
    "sigma 0.1": {"timesteps": [1, 2, 4], "accuracy": [[90.0, 91.0, 92.0], [92.0, 93.0, 96.0]]},
    "sigma 0.3": {"timesteps": [1, 2], "accuracy": [[95.0, 95.5], [96.0, 96.5]]},
}


def test_the_map_holds_the_means_and_says_so_in_words() -> None:
    ax = accuracy_map(CURVES, title="Sweep")
    numbers = {text.get_position(): text.get_text() for text in ax.texts if text.get_text()}
    fields = {
        (x, y): number for (x, y), number in numbers.items() if y in (0, 1) and number[0] == "9"
    }
    assert fields == {
        (0, 0): "91.0",
        (1, 0): "92.0",
        (2, 0): "94.0",
        (0, 1): "95.5",
        (1, 1): "96.0",
    }
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["1", "2", "4"]
    assert [tick.get_text() for tick in ax.get_yticklabels()] == list(CURVES)
    assert ax.get_title(loc="left") == "Sweep"
    assert describe(ax) == (
        "Mean test accuracy of 2 settings against timesteps. sigma 0.1: best 94.00 % at T = 4; "
        "sigma 0.3: best 96.00 % at T = 2."
    )


def test_every_number_stands_out_from_its_field() -> None:
    """White where its contrast is at least 4.5, else black, whose contrast is then 4.6 or more."""
    steps = list(range(1, 41))
    ax = accuracy_map({"a": {"timesteps": steps, "accuracy": [50.0 + T for T in steps]}})
    (picture,) = ax.images
    colours = set()
    for text in ax.texts:
        x, y = text.get_position()
        if y == 0 and text.get_text() == f"{51 + x:.1f}":
            field = to_hex(picture.to_rgba(51.0 + x))
            colours.add(text.get_color())
            assert (text.get_color() == "white") == (readable(field) == field)
    assert colours == {"white", "#000000"}


@pytest.mark.parametrize(
    ("curves", "message"),
    [
        ({}, "curves is empty: give at least one"),
        ({"a": {"timesteps": [1, 2], "accuracy": [[1.0]]}}, "'a': accuracy has shape"),
    ],
)
def test_what_is_no_map(curves: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        accuracy_map(curves)

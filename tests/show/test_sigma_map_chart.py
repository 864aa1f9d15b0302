"""The map of sigma and T: what it draws and says, and that it can be read."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import matplotlib
import pytest

from snnlab.dashboard import neuron
from snnlab.dashboard.neuron_numbers import curves, timesteps
from snnlab.measure.curve import AccuracyCurve, SeedCurves
from snnlab.neuron.spec import MATCHED_SIGMA
from snnlab.show.charts.frame import LiveChart
from snnlab.show.charts.sigma_map import limits, sigma_map_chart
from snnlab.show.colours import DARK, LIGHT, MAP, MAP_BLACK_FROM, Palette
from snnlab.show.described import sigma_name
from snnlab.show.style import _contrast_on_white

NOISY = SeedCurves.of([AccuracyCurve({1: 97.0, 2: 98.0, 3: 98.2, 4: 98.5})])
QUIET = SeedCurves.of([AccuracyCurve({1: 98.5, 2: 97.0, 3: 96.5, 4: 96.0})])


def drawn(
    curves: dict[float, SeedCurves], best: tuple[float, ...] = (), colours: Palette = LIGHT
) -> LiveChart:
    rest = dict.fromkeys({0.0, 0.1, MATCHED_SIGMA} - curves.keys(), "waits")
    return sigma_map_chart(curves, rest, timesteps=[1, 2, 4], best=best, colours=colours)


def test_a_field_per_sigma_and_column() -> None:
    chart = drawn({MATCHED_SIGMA: NOISY, 0.0: QUIET}, best=(0.0,))
    cells = chart.data["cells"].to_pylist()
    assert [(cell["sigma"], cell["T"], cell["accuracy"]) for cell in cells] == [
        ("0", 1, 98.5),
        ("0", 2, 97.0),
        ("0", 4, 96.0),
        ("1/√12", 1, 97.0),
        ("1/√12", 2, 98.0),
        ("1/√12", 4, 98.5),
    ]
    assert chart.data["missing"].to_pylist() == [{"sigma": "0.1", "words": "waits"}]
    assert chart.data["best"].to_pylist() == [{"sigma": "0"}]
    assert chart.data["matched"].to_pylist() == [{"sigma": "1/√12"}]
    rows = chart.look["layer"][0]["encoding"]["y"]["scale"]["domain"]
    assert rows == ["1/√12", "0.1", "0"]  # sigma grows upwards


def test_its_words_tell_the_best_and_what_no_noise_does() -> None:
    assert drawn({MATCHED_SIGMA: NOISY, 0.0: QUIET}, best=(MATCHED_SIGMA,)).description == (
        "Map of sigma and T. 2 of 3 values of sigma are measured. "
        "Mean test accuracy of 2 settings against timesteps. sigma 0: best 98.50 % at T = 1; "
        "sigma 0.2887: best 98.50 % at T = 4. "
        "Best on the validation images: sigma 0.2887: 97.00 % at T = 1 and 98.50 % at T = 4. "
        "Without noise: sigma 0: 98.50 % at T = 1 and 96.00 % at T = 4."
    )
    empty = drawn({})
    assert empty.description == "Map of sigma and T. 0 of 3 values of sigma are measured."
    assert empty.data["cells"].num_rows == 0
    assert empty.to_dict()["datasets"]["missing"][0]["words"] == "waits"


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_what_it_looks_like_stays_while_it_fills(colours: Palette) -> None:
    """Else a browser would build it anew each time."""
    more = {MATCHED_SIGMA: NOISY, 0.0: QUIET}
    assert drawn({0.0: QUIET}, colours=colours).look is not drawn({}, colours=colours).look
    assert drawn({0.0: QUIET}, colours=colours).look is drawn(more, colours=colours).look


def test_the_scale_of_colours_holds_all_and_has_an_extent() -> None:
    assert limits([]) == (0, 100)
    assert limits([97.3, 98.4]) == (96, 100)
    for values in ([0.0], [100.0], [96.0, 96.0], [47.8, 98.6]):
        low, high = limits(values)
        assert 0 <= low <= min(values) <= max(values) <= high <= 100
        assert low < high


def test_numbers_stand_out_from_their_fields() -> None:
    """White on the dark part of the scale has a contrast of 4.5, and so has black on the rest."""
    colours = matplotlib.colormaps[MAP]
    for number in range(101):
        red, green, blue, _ = colours(number / 100)
        contrast_of_white = _contrast_on_white(red, green, blue)
        black = number / 100 >= MAP_BLACK_FROM
        assert (21 / contrast_of_white if black else contrast_of_white) >= 4.5


def test_names_of_sigma_differ() -> None:
    names = [sigma_name(sigma) for sigma in (0.0, 0.05, MATCHED_SIGMA, 0.2887, 0.29, 1.0)]
    assert names == ["0", "0.05", "1/√12", "0.2887", "0.29", "1"]
    assert all(one != other for one, other in pairwise(names))


def named_data(part: Any) -> set[str]:
    """The data sets that a chart refers to."""
    inner = part.values() if isinstance(part, dict) else part if isinstance(part, list) else []
    own = part.get("data", {}) if isinstance(part, dict) else {}
    return {own["name"]} if "name" in own else set().union(*map(named_data, inner))


def test_charts_draw_the_data_that_they_bring() -> None:
    """One of another name leaves an empty frame, and no browser says so."""
    lab = neuron.charts(neuron.DEFAULTS, timesteps(neuron.DEFAULTS), curves(neuron.DEFAULTS), LIGHT)
    for chart in (*lab.values(), drawn({MATCHED_SIGMA: NOISY})):
        assert named_data(chart.look) == set(chart.data)

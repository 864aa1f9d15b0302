"""The membrane histogram: densities, what lies outside, what was left out."""

from __future__ import annotations

import numpy as np
import pytest

from snnlab.show.picture import describe
from snnlab.show.potentials import membrane_histogram

GENERATOR = np.random.default_rng(0)
NOISY = GENERATOR.normal(0.5, 12**-0.5, 4000)
RESIDUAL = GENERATOR.uniform(0, 1, 4000)


def histograms(ax):
    """Bin heights and edges by name."""
    return {patch.get_label(): patch.get_data() for patch in ax.patches}


def test_bins_hold_the_density_of_all_values(ax):
    values = np.array([0.1, 0.1, 0.6, 5.0])  # one of four beyond the axis
    membrane_histogram(values, RESIDUAL, span=(0, 1), bins=2, ax=ax)
    heights, edges, _ = histograms(ax)["noisy single step"]
    np.testing.assert_allclose(edges, [0, 0.5, 1])
    np.testing.assert_allclose(heights, [2 / 4 / 0.5, 1 / 4 / 0.5])
    assert "25.0 % of noisy single step" in ax.texts[-1].get_text()
    assert "residual" not in ax.texts[-1].get_text()


def test_area_is_one_when_nothing_lies_outside(ax):
    membrane_histogram(NOISY, RESIDUAL, span=(-2, 3), ax=ax)
    for heights, edges, _ in histograms(ax).values():
        assert np.sum(heights * np.diff(edges)) == pytest.approx(1)
    assert not any("Beyond" in text.get_text() for text in ax.texts)


def test_closed_forms_are_drawn_as_functions_or_points(ax):
    flat = ([0, 0, 1, 1], [0, 1, 1, 0])
    membrane_histogram(
        NOISY, RESIDUAL, densities={"square": np.square, "U(0, 1)": flat}, span=(-1, 2), ax=ax
    )
    lines = {line.get_label(): line for line in ax.lines}
    x, y = lines["square"].get_data()
    assert (x[0], x[-1]) == (-1, 2)
    np.testing.assert_allclose(y, x**2)
    np.testing.assert_array_equal(lines["U(0, 1)"].get_data(), flat)


def test_threshold_is_marked_at_one(ax):
    membrane_histogram(NOISY, RESIDUAL, ax=ax)
    assert [1, 1] in [list(line.get_xdata()) for line in ax.lines]
    assert "v_th" in [text.get_text() for text in ax.texts]
    assert ax.get_xlabel() == "Membrane potential (v_th)"
    assert ax.get_ylabel() == "Probability density (1/v_th)"


def test_neurons_left_out_are_written_where_they_would_be(ax):
    membrane_histogram(NOISY, RESIDUAL, silent=0.312, saturated=0.0004, ax=ax)
    found = {text.get_text(): text.get_position()[0] for text in ax.texts}
    assert found["← 31.2 % silent\n(not shown)"] < 0.1
    assert found["< 0.1 % saturated →\n(not shown)"] > 0.9
    assert "left out: 31.2 % silent, < 0.1 % saturated" in describe(ax)


def test_unknown_fractions_are_not_written(ax):
    membrane_histogram(NOISY, RESIDUAL, ax=ax)
    assert not any("silent" in text.get_text() for text in ax.texts)
    assert "left out" not in describe(ax)


def test_description_holds_mean_and_deviation(ax):
    text = describe(membrane_histogram(NOISY, RESIDUAL, ax=ax))
    assert f"mean {NOISY.mean():.3f} and standard deviation {NOISY.std():.3f}" in text
    assert f"mean {RESIDUAL.mean():.3f} and standard deviation {RESIDUAL.std():.3f}" in text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"silent": -0.1}, "got -0.1 and None"),
        ({"silent": 0.7, "saturated": 0.5}, "got 0.7 and 0.5"),
        ({"span": (1, 1)}, r"span must rise, got \(1, 1\)"),
        ({"bins": 0}, "at least 1, got 0"),
        ({"densities": dict.fromkeys("abcd", np.square)}, "at most 3 densities, got 4"),
        ({"densities": {"f": ([0, 1], [1, 1, 1])}}, r"x of f \(2,\), y of f \(3,\)"),
    ],
)
def test_bad_options_are_quoted(ax, options, message):
    with pytest.raises(ValueError, match=message):
        membrane_histogram(NOISY, RESIDUAL, ax=ax, **options)


def test_potentials_must_be_flat_and_there(ax):
    with pytest.raises(ValueError, match=r"single_step must have 1 dimension.*\(2, 2\)"):
        membrane_histogram(np.zeros((2, 2)), RESIDUAL, ax=ax)
    with pytest.raises(ValueError, match=r"multi_step is empty: shape \(0,\)"):
        membrane_histogram(NOISY, [], ax=ax)

"""One's own run among other seeds: what is drawn, and what is said."""

from __future__ import annotations

import pytest

from snnlab.measure.statistics import estimate
from snnlab.show.among_seeds import among_seeds
from snnlab.show.page import blank_axes
from snnlab.show.picture import describe

ROWS = [[97.0, 98.0], [97.5, 98.5], [96.0, 98.2]]


def drawn(**options):
    return among_seeds([1, 2], {"noise": ROWS}, x_label="Timesteps T", ax=blank_axes(), **options)


def test_it_says_the_interval_the_seeds_and_the_own_run():
    ax = drawn(own={"noise": [97.2, 98.1]})
    said = describe(ax)
    assert estimate([97.0, 97.5, 96.0]).text() in said
    assert "your run: 97.2 at 1, 98.1 at 2" in said


def test_the_band_is_the_t_interval():
    low, high = estimate([97.0, 97.5, 96.0]).interval
    vertices = drawn().collections[0].get_paths()[0].vertices
    at_1 = vertices[vertices[:, 0] == 1, 1]
    assert (at_1.min(), at_1.max()) == pytest.approx((low, high))


@pytest.mark.parametrize(("images", "words"), [(449, "one image is 0.22"), (10_000, "is 0.01")])
def test_it_says_what_one_image_is(images, words):
    texts = " ".join(
        text.get_text()
        for text in drawn(images=images).figure.findobj(lambda part: hasattr(part, "get_text"))
    )
    assert words in texts.replace("\n", " ")


def test_a_single_point_of_an_own_run_may_be_given():
    assert "your run: 98 at 2" in describe(drawn(own={"noise": {2: 98.0}}))


def test_a_name_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="mine"):
        drawn(own={"mine": [1, 2]})


def test_points_may_have_names():
    """Such as one without noise beside numbers of channels."""
    ax = among_seeds(
        range(2),
        {"a": [[1.0, 2.0], [1.0, 4.0]]},
        x_label="Channels",
        names=["16", "no noise"],
        ax=blank_axes(),
    )
    assert [label.get_text() for label in ax.get_xticklabels()] == ["16", "no noise"]
    assert describe(ax).endswith("a: 1.00 ± 0.00 at 16 and 3.00 ± 12.71 at no noise.")

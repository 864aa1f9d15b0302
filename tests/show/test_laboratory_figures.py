"""The figures of the noise laboratory: what is drawn is what was given."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from matplotlib.text import Text

from snnlab.measure.residuals import ResidualSummary
from snnlab.neuron.spec import Noise
from snnlab.show.error_parts import PARTS, error_parts_by_stage, error_size
from snnlab.show.laboratory import (
    accuracy_against_sigma,
    accuracy_against_strength,
    against_reference,
    ordered_looks,
)
from snnlab.show.page import blank_grid, blank_panels
from snnlab.show.picture import describe
from snnlab.show.potentials import histogram_of, residual_histograms
from snnlab.show.saving import save

EVEN = ResidualSummary(0.5, 0.4, 0.1, 0.5, 0.2887, [0.0] * 100 + [1.0] * 100 + [0.0] * 100)
NOTHING = ResidualSummary(1.0, 0.0, 0.0, float("nan"), float("nan"), [0.0] * 300)
SIGMAS = [0.0, 0.3, 1.0]
ROWS = [[90.0, 98.0, 95.0], [92.0, 99.0, 96.0]]
TIMES = ([1, 2, 4], [[98.0, 98.5, 99.0]])


def lines_of(ax) -> dict[str, np.ndarray]:
    return {line.get_label(): np.asarray(line.get_ydata()) for line in ax.lines}


def test_residuals_stand_over_the_noise_of_the_training():
    axes = residual_histograms([EVEN, NOTHING], noise=Noise(), axes=blank_grid(2), title="R")
    first, second = axes
    drawn = lines_of(first)
    x = first.lines[1].get_xdata()
    peak = 1 / (np.sqrt(2 * np.pi) * 0.288675)
    assert drawn["noise in training"].max() == pytest.approx(peak, rel=1e-3)
    assert x[drawn["noise in training"].argmax()] == pytest.approx(0.5, abs=0.01)
    assert first.patches[0].get_data().values.max() == 1
    assert describe(first) == (
        "Residual potentials of stage 1 in units of v_th: 40 % of the neurons active, mean 0.50, "
        "deviation 0.29; 50 % silent, 10 % saturated, not shown."
    )
    assert "100 % silent" in describe(second)
    assert any("fires sometimes" in text.get_text() for text in second.texts)


@pytest.mark.parametrize("stages", [1, 2, 3])
def test_title_key_and_note_fit_above_and_below_the_panels(stages):
    title = "Residuals, and the noise that stood for them"
    axes = residual_histograms([EVEN] * stages, noise=Noise(), axes=blank_grid(stages), title=title)
    figure = axes[0].get_figure()
    figure.draw_without_rendering()
    note = "Residuals of active neurons; even: as many at each potential"
    wanted = {title, note, "residuals", "even", "noise in training"}
    texts = [t for t in figure.findobj(Text) if t.get_text().replace("\n", " ") in wanted]
    assert len(texts) == len(wanted)
    boxes = [text.get_window_extent() for text in texts]
    assert all(figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1 for box in boxes)
    names = [ax.texts[0].get_window_extent() for ax in axes]  # "Stage 1"
    for first, second in combinations([*boxes, *names], 2):
        assert not first.overlaps(second)


def test_a_stage_comes_back_from_a_file():
    entry = vars(EVEN) | {"mean": None, "more": 1}
    found = histogram_of(entry)
    assert found.density == EVEN.density
    assert np.isnan(found.mean)


def test_accuracy_against_sigma_draws_means_and_marks_the_match(ax):
    accuracy_against_sigma({"gaussian": (SIGMAS, ROWS)}, ax=ax, title="Noise")
    assert lines_of(ax)["gaussian"] == pytest.approx([91, 98.5, 95.5])
    assert any(np.allclose(line.get_xdata(), 1 / np.sqrt(12)) for line in ax.lines)
    assert describe(ax) == (
        "Mean test accuracy against the standard deviation of the noise: gaussian is best at "
        "sigma 0.3 with 98.50 %. Matched to the residual: 0.289."
    )


def test_ordered_lines_go_from_dark_to_light():
    looks = list(ordered_looks(["T = 1", "T = 2", "T = 4"]).values())
    brightness = [sum(int(look.colour[i : i + 2], 16) for i in (1, 3, 5)) for look in looks]
    assert brightness == sorted(brightness)
    assert len({look.marker for look in looks}) == len({look.dashes for look in looks}) == 3


def test_each_curve_stands_over_the_reference():
    curves = {"usual": TIMES, "leak": ([1, 2, 4], [[90.0, 80.0, 70.0]])}
    (ax,) = against_reference(curves, "usual", axes=blank_grid(1), low=85)
    assert lines_of(ax)["leak"].tolist() == [90, 80, 70]
    assert lines_of(ax)["usual"].tolist() == [98, 98.5, 99]
    assert ax.get_ylim() == (85, 100)
    assert "leak: 90.00 % at T = 1 and 70.00 % at T = 4, against usual:" in describe(ax)


def test_parts_of_the_error_are_dots_by_stage():
    parts = {"clipping": [0.1, 0.2], "rounding": [0.01, 0.02], "unevenness": [0.0, 0.03]}
    axes = error_parts_by_stage({"converted": parts}, axes=blank_panels(3, size=error_size(1)))
    for ax, part in zip(axes, PARTS, strict=True):
        dots = [line.get_xdata()[0] for line in ax.lines]
        assert dots == parts[part]
        assert ax.get_xlabel().lower() == part
    assert "converted: 0.100, 0.200" in describe(axes[0])


def test_disturbances_have_a_panel_each():
    curves = {"noise": ([0.0, 0.5], [[98.0, 90.0]]), "no-noise": ([0.0, 0.5], [[98.0, 80.0]])}
    kinds = {"input_noise": curves, "dropped_spikes": curves}
    axes = accuracy_against_strength(kinds, axes=blank_grid(2), title="R")
    assert [ax.get_xlabel() for ax in axes] == [
        "Noise on pixels (white = 1)",
        "Lost spikes (share)",
    ]
    assert lines_of(axes[0])["without noise"].tolist() == [98, 80]
    assert "with noise 90.00 % at 0.5" in describe(axes[1])


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    "draw",
    [
        lambda: residual_histograms([EVEN] * 5, noise=Noise(), axes=blank_grid(5), title="A"),
        lambda: against_reference({"a": TIMES, "b": TIMES}, "a", axes=blank_grid(1), title="B"),
    ],
)
def test_figures_are_saved_with_their_description(draw, tmp_path):
    axes = draw()
    png, svg = save(axes[0], tmp_path / "figure")
    assert png.stat().st_size > 5_000
    assert describe(axes[-1])[:30] in svg.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: residual_histograms([]), "stages is empty"),
        (
            lambda: residual_histograms([EVEN], noise=[None, None]),
            "1 stages need as many noises, got 2",
        ),
        (lambda: residual_histograms([EVEN], span=(1, 0)), "span must rise"),
        (lambda: accuracy_against_sigma({}), "curves is empty"),
        (lambda: accuracy_against_sigma({"a": ([0, 1], [[1, 2, 3]])}), r"must be \(seeds, 2\)"),
        (lambda: accuracy_against_sigma({"a": ([1, 0], [[1, 2]])}), "must rise"),
        (lambda: accuracy_against_sigma({"a": ([0, 1], [[1, 200]])}), "in percent, 0 to 100"),
        (lambda: ordered_looks([str(i) for i in range(9)]), "at most 7 lines"),
        (lambda: against_reference({"a": TIMES}, "a"), "must hold 'a' and others"),
        (lambda: error_parts_by_stage({}), "one or more networks"),
        (lambda: error_parts_by_stage({"a": {"clipping": [1.0]}}), "lacks rounding, unevenness"),
        (lambda: accuracy_against_strength({}), "kinds is empty"),
        (lambda: blank_grid(0), "at least 1, got 0 and 4"),
    ],
)
def test_what_cannot_be_drawn_is_refused(draw, message):
    with pytest.raises(ValueError, match=message):
        draw()


def test_a_line_that_leaves_the_axis_is_cut_at_its_edge(ax):
    accuracy_against_sigma({"gaussian": (SIGMAS, ROWS)}, low=94, ax=ax)
    assert ax.lines[0].get_clip_on()

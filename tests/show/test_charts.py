"""Charts for the browser: what they draw, what they say, what they refuse."""

from __future__ import annotations

import ast
import re
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from snnlab.dashboard.choosing import MOST_RUNS
from snnlab.measure.curve import AccuracyCurve, SeedCurves
from snnlab.measure.one_neuron import OneNeuron
from snnlab.measure.residuals import ResidualSummary, Tally
from snnlab.neuron.spec import Noise
from snnlab.runs.methods import COMPARED, METHODS
from snnlab.show.charts.draw import dash_pattern
from snnlab.show.charts.frame import STROKE
from snnlab.show.charts.neuron import NoiseAndResiduals, potential_chart
from snnlab.show.charts.residuals import (
    FROM,
    MEASURED,
    SPAN,
    layer_chart,
    layer_table,
    one_neuron_chart,
    one_neuron_span,
)
from snnlab.show.charts.runs import (
    Line,
    accuracy_chart,
    accuracy_table,
    cost_chart,
    one_image_words,
    training_chart,
)
from snnlab.show.colours import DARK, LIGHT, palette
from snnlab.show.described import cost_words, drifted_span, noise_density, three_digits
from snnlab.show.page import blank_axes
from snnlab.show.picture import describe
from snnlab.show.pictures import round_numbers
from snnlab.show.potentials import IN_SIGHT, membrane_histogram, residual_histograms
from snnlab.show.style import looks_of


def test_methods_have_the_colours_of_the_figures() -> None:
    for method, look in looks_of(list(METHODS)).items():
        assert LIGHT.of(method) == look.colour


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_no_two_colours_are_the_same(colours: object) -> None:
    assert colours in (palette(dark=False), palette(dark=True))
    all_colours = [colours.of(name) for name in METHODS] + list(colours.free)  # type: ignore[attr-defined]
    assert len(set(all_colours)) == len(all_colours)


def test_the_band_runs_from_the_lowest_to_the_highest_seed() -> None:
    curves = [AccuracyCurve({1: 90.0, 2: 91.0, 4: 80.0}), AccuracyCurve({1: 94.0, 2: 95.0})]
    table = accuracy_table({"a": Line("#000000", SeedCurves.of(curves))})
    assert table["T"].tolist() == [1, 2]  # only where all seeds were measured
    assert table["accuracy"].tolist() == [92.0, 93.0]
    assert table["lowest"].tolist() == [90.0, 91.0]
    assert table["highest"].tolist() == [94.0, 95.0]


def test_the_accuracy_chart_says_its_ends() -> None:
    lines = {"with noise": Line(LIGHT.noise, SeedCurves.of([AccuracyCurve({1: 97.5, 8: 98.25})]))}
    spec = accuracy_chart(lines, colours=LIGHT, at=8).to_dict()
    assert "with noise: 97.50 % at T = 1 and 98.25 % at T = 8" in spec["description"]
    with pytest.raises(ValueError, match="no accuracy to draw"):
        accuracy_chart({}, colours=LIGHT)


def trace_of(beside: NoiseAndResiduals, now: int | None = None) -> dict[str, Any]:
    """Two timesteps of potentials up to 1.2, as a chart."""
    h, v, spikes = [0.6, 1.2, 0.8], [0.6, 0.2, 0.8], [0, 1, 0]
    chart = potential_chart(h, v, spikes, v_th=1, beside=beside, colours=LIGHT, now=now)
    return chart.to_dict()


def part(chart: dict[str, Any], name: str, column: str = "potential") -> list[Any]:
    """The values of a column in one part of the data."""
    (rows,) = chart["datasets"].values()
    return [row[column] for row in rows if row["name"] == name]


def test_the_potential_chart_names_every_spike() -> None:
    quiet = NoiseAndResiduals([0, 0.6, 0.2], None)
    assert "1 spike, at t = 2" in trace_of(quiet, now=2)["description"]
    with pytest.raises(ValueError, match="one value per timestep, got 2, 1, 1 and 3"):
        potential_chart([0.6, 1.2], [0.6], [0], v_th=1, beside=quiet, colours=LIGHT)


def test_what_is_left_over_stands_beside_the_noise_in_its_place() -> None:
    points = [-1.0, -0.25, 0.0, 0.5, 1.0, 2.0]

    def beside(sigma: float) -> NoiseAndResiduals:
        noise = Noise(sigma=sigma)
        law = noise_density(noise, np.array(points)).tolist()
        return NoiseAndResiduals([0.0, 0.6, 0.2], noise, points, law)

    narrow, wide = trace_of(beside(0.1)), trace_of(beside(2.0))
    assert part(narrow, "left") == [0.0, 0.6, 0.2]
    assert len(part(trace_of(beside(0.1), now=2), "left")) == 2
    band = [*part(narrow, "band", "from"), *part(narrow, "band", "to")]
    assert band == pytest.approx([0.4, 0.6])
    ends = part(wide, "ends")  # there it is cut, and sigma does not move them
    assert [*part(wide, "band", "from"), *part(wide, "band", "to")] == ends
    assert part(narrow, "ends") == ends
    assert part(wide, "noise") == [-0.25, 0.0, 0.5, 1.0]
    assert max(part(narrow, "noise", "share")) == 1.0
    said = "Left over: mean 0.27, deviation 0.25 v_th"
    assert f"{said}; noise in its place: mean 0.50, deviation 0.10 v_th." in narrow["description"]
    quiet = trace_of(NoiseAndResiduals([0.0, 0.6, 0.2], None))
    assert f"{said}; no noise stands for it." in quiet["description"]
    assert part(quiet, "noise") == part(quiet, "band") == []


def test_the_current_of_each_timestep_is_a_bar() -> None:
    h, v, spikes, currents = [1.2, -0.2, 0.7], [0.2, -0.2, 0.7], [1, 0, 0], [0.7, -0.4, 0.9]
    given: dict[str, Any] = {"v_th": 1, "beside": NoiseAndResiduals.of([0.5, 0.2, -0.2], Noise())}

    def drawn(**more: Any) -> dict[str, Any]:
        chart = potential_chart(h, v, spikes, **given, **more, colours=LIGHT)
        return chart.to_dict()

    whole, second = drawn(currents=currents), drawn(currents=currents, now=2)
    assert part(whole, "currents") == part(second, "currents") == currents
    assert part(whole, "current") == []
    assert part(second, "current") == [-0.4]
    starts, ends = part(whole, "currents", "t"), part(whole, "currents", "until")
    for t, (start, end) in enumerate(zip(starts, ends, strict=True), 1):
        assert t - 1 < start < end < t
    assert "Current from -0.40 to 0.90 v_th, mean 0.40." in whole["description"]
    quiet = drawn()
    assert part(quiet, "currents") == []
    assert "Current" not in quiet["description"]
    assert "rect" not in str(quiet["layer"]).replace(str(quiet["layer"][0]["layer"][0]), "")
    deep = potential_chart(h, v, spikes, **given, currents=[3, -4, 0], colours=LIGHT).to_dict()
    low, high = part(deep, "ends")
    assert low <= -4 < 3 <= high  # a bar is never cut
    with pytest.raises(ValueError, match="3 timesteps need as many currents or none, got 2"):
        drawn(currents=[1.0, 2.0])


def test_one_neuron_is_drawn_with_words_of_its_own() -> None:
    density = [0.0] * 100 + [1.0] * 100 + [0.0] * 100
    summary = ResidualSummary(1 / 3, 1 / 3, 1 / 3, 0.5, 0.2887, density, neurons=1)
    spikes = torch.tensor([[0, 1, 0], [1, 1, 0]])
    found = OneNeuron(torch.tensor([[0.7, 0.5, 0.5]]), spikes, summary)
    said = one_neuron_chart(found, Noise(), colours=LIGHT).to_dict()["description"]
    assert said.startswith("Residual potentials of one neuron in units of v_th. Over 3 images it")
    assert "active for 1 (silent for 1, saturated for 1)" in said
    assert "of the neurons" not in said
    ax = membrane_histogram(
        torch.rand(50), found.residuals[:, found.groups[1]].flatten(), silent=1 / 3, ax=blank_axes()
    )
    assert "multi-step residual with mean 0.700" in describe(ax)


@pytest.mark.parametrize(("far", "wide"), [(0.0, False), (7.0, True), (-9.0, True)])
def test_the_residuals_of_one_neuron_are_in_sight_wherever_they_lie(far: float, wide: bool) -> None:
    residuals = torch.rand(15, 200, generator=torch.Generator().manual_seed(0)) + far
    spikes = torch.tensor([[0.0], [1.0]]).repeat(8, 200)
    tally = Tally(1, residuals.device, wide=True)
    tally.add(residuals.unsqueeze(2), spikes.unsqueeze(2))
    found = OneNeuron(residuals, spikes, tally.summary({}, channels=False))
    span = one_neuron_span(found)
    assert (span is not None) == wide
    low, high = span or SPAN
    drawn = one_neuron_chart(found, None, colours=LIGHT).to_dict()
    area = drawn["layer"][0]["layer"][0] if "layer" in drawn["layer"][0] else drawn["layer"][0]
    assert area["encoding"]["x"]["scale"]["domain"] == [low, high]
    (ax,) = residual_histograms(
        [found.summary],
        span=drifted_span(found.summary, IN_SIGHT) or IN_SIGHT,
        axes=[blank_axes()],
    )  # as notebooks draw it
    heights, edges, _ = ax.patches[0].get_data()  # type: ignore[attr-defined]
    left, right = ax.get_xlim()
    inside = (edges[:-1] >= left - 0.1) & (edges[1:] <= right + 0.1)
    assert (heights * np.diff(edges))[inside].sum() == pytest.approx(1, abs=0.1)
    table = layer_table(found.summary, None, span)
    seen = table[table[FROM].between(low, high)][MEASURED]
    width = table[FROM].diff().iloc[1]
    assert seen.sum() * width == pytest.approx(1, abs=0.1)  # nearly all of them are in sight
    top = area["encoding"]["y"]["scale"].get("domain")
    assert wide or top[1] == pytest.approx(1.05 * seen.max(), abs=1e-4)


def test_a_layer_is_drawn_with_and_without_noise() -> None:
    found = ResidualSummary(0.5, 0.4, 0.1, 0.5, 0.2887, [0.0] * 100 + [1.0] * 100 + [0.0] * 100)
    quiet = layer_chart(found, None, name="layer 1", colours=DARK).to_dict()
    noisy = layer_chart(found, Noise(), name="layer 1", colours=DARK).to_dict()
    assert len(noisy["layer"]) == len(quiet["layer"]) + 1
    said = "Residual potentials of layer 1 in units of v_th: 40 % of the neurons active, mean 0.50"
    assert quiet["description"].startswith(said)
    assert "noise" not in quiet["description"]
    assert "noise" in noisy["description"]
    assert "clamp" not in str(noisy)  # what lies beyond the axis is not drawn at its end
    table = layer_table(found, Noise())
    areas = 0.05 * table[["residuals, measured", "noise in training"]].sum()
    assert areas.round(2).tolist() == [1.0, 1.0]


def test_costs_must_be_above_0() -> None:
    table = pd.DataFrame([{"name": "a", "seed": 0, "T": 1, "cost": 0.0, "accuracy": 90.0}])
    with pytest.raises(ValueError, match="above 0"):
        cost_chart(table, {"a": "#000000"}, title="Seconds", colours=LIGHT, lines=False)
    table["cost"] = 2.0
    spec = cost_chart(table, {"a": "#000000"}, title="Seconds", colours=LIGHT, lines=True).to_dict()
    assert spec["description"] == "Mean test accuracy against seconds. a: 90.00 % at 2."


@pytest.mark.parametrize(
    ("points", "told"),
    [
        (3, "a: 90.00 % at 1, 95.00 % at 2, 90.00 % at 3."),
        (40, "a: from 90.00 % at 1 to 90.00 % at 40, best 95.00 % at 2."),
    ],
)
def test_a_line_of_many_points_is_told_by_its_ends_and_its_best(points: int, told: str) -> None:
    accuracy = [90.0] * points
    accuracy[1] = 95.0
    lines = {"a": (list(range(1, points + 1)), accuracy)}
    assert cost_words("Seconds", lines).endswith(f" {told}")


def test_costs_are_said_in_plain_numbers() -> None:
    assert cost_words("Operations", {"a": ([848.0, 1457.0, 23856.4], [90.0, 91.0, 92.0])}) == (
        "Mean test accuracy against operations. "
        "a: 90.00 % at 848, 91.00 % at 1,460, 92.00 % at 23,900."
    )


def test_lines_beyond_the_dashes_are_dashed_again() -> None:
    curve = Line(LIGHT.noise, SeedCurves.of([AccuracyCurve({1: 97.5, 8: 98.25})]))
    scales = str(accuracy_chart({str(n): curve for n in range(20)}, colours=LIGHT).to_dict())
    (found,) = re.findall(r"'strokeDash': .*?'domain': (\[.*?\]), 'range': (\[\[.*?\]\])", scales)
    names, dashes = map(ast.literal_eval, found)
    assert len(names) == len(dashes) == 20
    assert all(one != other for one, other in pairwise(dashes))
    assert len(set(map(str, dashes[:MOST_RUNS]))) == MOST_RUNS  # as many as a page compares


def test_a_training_under_way_says_how_far_it_is() -> None:
    rows = [("noise", 0, 1, 2.3), ("noise", 0, 2, 1.5), ("ann", 1, 1, 2.0)]
    table = pd.DataFrame(rows, columns=["name", "run", "epoch", "loss"])
    names = {"noise": "#000000", "ann": "#111111"}
    chart = training_chart(table, names, value="loss", title="Loss", epochs=60, colours=LIGHT)
    assert chart.to_dict()["description"] == (
        "Loss by epoch. noise: 2.3 after epoch 1, 1.5 after epoch 2; ann: 2 after epoch 1."
    )


def test_a_training_that_has_not_begun_is_drawn_too() -> None:
    table = pd.DataFrame(columns=["name", "run", "epoch", "loss"])
    chart = training_chart(
        table, {}, value="loss", title="Training loss", epochs=5, colours=LIGHT
    ).to_dict()
    assert chart["description"] == "Training loss by epoch."


@pytest.mark.parametrize(("value", "level"), [("accuracy", 9.62963), ("loss", 2.302585)])
def test_epochs_that_bring_nothing_new_have_room_around_them(value, level):
    rows = [("noise", "a", epoch, level) for epoch in (1, 2, 3)]
    table = pd.DataFrame(rows, columns=["name", "run", "epoch", value])
    chart = training_chart(
        table, {"noise": "#000000"}, value=value, title=value, epochs=3, colours=LIGHT
    )
    low, high = chart.to_dict()["layer"][0]["encoding"]["y"]["scale"]["domain"]
    assert low < level < high
    assert high - low > 0.4  # ticks a tenth apart at least


@pytest.mark.parametrize(
    ("images", "said"),
    [
        ([], ""),
        ([449, 449], "one image of 449 is 0.22 points"),
        ([10_000], "one image of 10,000 is 0.01 points"),
        ([50], "one image of 50 is 2 points"),
        ([449, 10_000], "one image is 0.01 to 0.22 points"),
    ],
)
def test_the_axis_says_what_one_image_is_worth(images: list[int], said: str) -> None:
    assert one_image_words(images) == said
    found = SeedCurves.of([AccuracyCurve({1: 97.5, 8: 98.25})])
    line = Line(LIGHT.noise, found, images=tuple(images))
    spec = accuracy_chart({"a": line}, colours=LIGHT).to_dict()
    title = str(spec["layer"][0]["encoding"]["y"]["title"])
    assert said in title if said else "image" not in title
    assert spec["description"].lower().endswith(f"{said}." if said else "(1 seed).")


def test_an_earlier_curve_is_thin_dashed_and_said() -> None:
    found = SeedCurves.of([AccuracyCurve({1: 97.5, 8: 98.25}), AccuracyCurve({1: 97.0, 8: 98.0})])
    alone = accuracy_chart({"a": Line(LIGHT.noise, found)}, colours=LIGHT).to_dict()
    lines = {"a": Line(LIGHT.noise, found), "b, earlier": Line(LIGHT.grey, found, faint=True)}
    both = accuracy_chart(lines, colours=LIGHT).to_dict()
    assert len(both["layer"]) == len(alone["layer"]) + 1  # a line alone: no band, no points
    behind, front = [
        layer for layer in both["layer"] if "strokeDash" in layer["encoding"]
    ]  # as they are painted
    assert behind["mark"]["strokeWidth"] < front["mark"]["strokeWidth"]
    assert behind["mark"]["opacity"] < 1
    dashes = behind["encoding"]["strokeDash"]["scale"]["range"]
    assert dashes[0] != dashes[1]
    assert "b, earlier: 97.25 % at T = 1 and 98.12 % at T = 8 (2 seeds)" in both["description"]
    assert set(accuracy_table(lines)["name"]) == set(lines)


def test_dashes_of_looks_are_told_apart_in_charts() -> None:
    looks = [*METHODS.values(), *COMPARED.values()]
    patterns = {str(dash_pattern(one.look.dashes)) for one in looks}
    assert len(patterns) == len({one.look for one in looks})
    assert all(
        length >= 1 or length == 0 for one in looks for length in dash_pattern(one.look.dashes)
    )


def test_a_legend_tells_lines_from_areas_without_colour() -> None:
    found = ResidualSummary(0.5, 0.4, 0.1, 0.5, 0.2887, [0.0] * 100 + [1.0] * 100 + [0.0] * 100)
    chart = layer_chart(found, Noise(), name="layer 1", colours=LIGHT).to_dict()
    (shape,) = [
        layer["encoding"]["shape"] for layer in chart["layer"] if "shape" in layer["encoding"]
    ]
    shapes = dict(zip(shape["scale"]["domain"], shape["scale"]["range"], strict=True))
    assert shapes == {"residuals, measured": "square", "noise in training": STROKE}


def test_costs_are_told_in_plain_numbers() -> None:
    assert [three_digits(x) for x in (0.2671, 1.0, 1113.0, 18_934.0, 2.346e7)] == [
        "0.267",
        "1",
        "1,110",
        "18,900",
        "23,500,000",
    ]


def test_the_axes_of_a_single_cost_have_short_numbers() -> None:
    row = pd.DataFrame(
        [("a", 0, 8, 0.620018, 96.436526)], columns=["name", "seed", "T", "cost", "accuracy"]
    )
    chart = cost_chart(row, {"a": "#000000"}, title="Seconds", colours=LIGHT, lines=False)
    x, y = (chart.to_dict()["layer"][0]["encoding"][axis] for axis in "xy")
    low, high = y["scale"]["domain"]
    assert low < 96.436526 < high
    assert "'.3~g'" in x["axis"]["labelExpr"]


def costs(names: str, seeds: int) -> pd.DataFrame:
    """A run for each name and seed, measured at two T; the second costs less."""
    rows = [(n, s, T, 3.0 / T, 90.0 + T) for n in names for s in range(seeds) for T in (1, 2)]
    return pd.DataFrame(rows, columns=["name", "seed", "T", "cost", "accuracy"])


def test_a_class_full_of_runs_fits_into_a_chart() -> None:
    names = dict.fromkeys("abcdefghijkl", LIGHT.grey)
    for lines in (True, False):
        chart = cost_chart(costs("".join(names), 13), names, title="s", colours=LIGHT, lines=lines)
        assert len(chart.to_dict()["datasets"]["all"]) == 12 * 13 * 2 * (1 + lines)


def test_the_key_of_a_chart_holds_all_names_in_their_order() -> None:
    names = {"a": LIGHT.grey, "never": LIGHT.ink, "b": LIGHT.grey}
    spec = cost_chart(costs("ba", 1), names, title="s", colours=LIGHT, lines=True).to_dict()
    layers = [layer["encoding"] for layer in spec["layer"]]
    assert [one["color"]["scale"]["domain"] for one in layers] == [list(names)] * len(layers)
    assert {one["order"]["field"] for one in layers if "order" in one} == {"T"}
    empty = pd.DataFrame([], columns=["name", "run", "epoch", "accuracy"])
    settings = {"value": "accuracy", "title": "Accuracy (%)", "epochs": 9, "own_spikes": [7]}
    spec = training_chart(empty, names, colours=LIGHT, **settings).to_dict()
    layers = [layer["encoding"] for layer in spec["layer"]]
    assert list(names) in [one["color"].get("scale", {}).get("domain") for one in layers]
    assert "Accuracy (%)" in [one["y"].get("title") for one in layers if "y" in one]


@pytest.mark.parametrize("low", [1e-4, 0.8, 8, 95, 1e6, 8e11])
@pytest.mark.parametrize("ratio", [1.3, 2, 10, 130, 1e7])
def test_costs_have_three_to_six_round_numbers(low: float, ratio: float) -> None:
    ticks = round_numbers(low, low * ratio)
    assert 3 <= len(ticks) <= 6
    assert low <= ticks[0] < ticks[-1] <= low * ratio
    assert all(len(f"{tick:e}".split("e")[0].rstrip("0")) <= 4 for tick in ticks)


@pytest.mark.parametrize("factor", [1, 0.1, 5000])
def test_every_axis_of_costs_has_a_grid(factor: float) -> None:
    table = costs("a", 1)
    table["cost"] *= factor
    chart = cost_chart(table, {"a": LIGHT.grey}, title="s", colours=LIGHT, lines=False)
    for layer in chart.to_dict()["layer"]:
        assert layer["encoding"]["x"]["axis"].get("grid", True)

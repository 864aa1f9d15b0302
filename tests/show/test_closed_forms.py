"""Pictures that compute by themselves on a page: held equal to the kit, without a browser."""

from __future__ import annotations

import json
import math
import re
import sys
from typing import Any

import altair as alt
import numpy as np
import pytest
import torch

from snnlab.neuron import registry
from snnlab.neuron.dynamics import trace
from snnlab.neuron.families import Logistic
from snnlab.neuron.spec import Neuron, Noise, Surrogate
from snnlab.neuron.surrogate import slope as slope_of
from snnlab.neuron.transfer import firing_probability, multi_step_rate
from snnlab.show import web
from snnlab.show.charts.closed_forms import families
from snnlab.show.charts.closed_forms.piece import piece
from snnlab.show.charts.closed_forms.residuals import BINS
from snnlab.show.widgets.neurons import gradient_explorer, neuron_explorer, residual_explorer
from tests.forgetful_registry import forgetful_registry
from tests.show.vega import Compiled

EXPLORERS = {
    "neuron": neuron_explorer,
    "firing": gradient_explorer,
    "residuals": residual_explorer,
}


def charts_of(html: str) -> list[dict[str, Any]]:
    """The charts of a piece of a page."""
    found = re.search(r'<script type="application/json">(.*?)</script>', html, re.S)
    assert found
    return json.loads(found[1])


def on_page(live: Any) -> str:
    with web.making_web_pages():
        return live._repr_mimebundle_()["text/html"]


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    """The piece of a page that each explorer becomes."""
    return {name: on_page(make()) for name, make in EXPLORERS.items()}


@pytest.fixture(scope="module")
def compiled(pages) -> dict[str, list[Compiled]]:
    """The charts of each explorer."""
    return {name: [Compiled(chart) for chart in charts_of(html)] for name, html in pages.items()}


# Noise families


@pytest.mark.parametrize("name", families.FORMS)
def test_a_browser_computes_a_family_as_the_kit_does(name):
    z = torch.linspace(-4, 4, 81, dtype=torch.float64)
    rows: Any = alt.Chart(alt.sequence(-40, 41, as_="k")).add_params(
        alt.param(name="family", value=name)
    )
    rows = rows.transform_calculate(
        cumulative=families.cumulative("datum.k / 10"), density=families.density("datum.k / 10")
    )
    chart = Compiled((rows.mark_point() + rows.mark_point()).to_dict())
    cumulative, density = torch.tensor(chart.rows(0, "cumulative", "density")).double().T
    law = registry.family(name)
    torch.testing.assert_close(cumulative, law.cumulative(z), rtol=0, atol=1e-6)
    torch.testing.assert_close(density, law.density(z), rtol=0, atol=1e-6)
    assert law.symmetric  # a page takes it for its own mirror image


def test_a_page_offers_what_it_can_compute_and_stays_at_rest_with_another():
    class Mine(Logistic):
        name = "mine"
        on_gpu = None

    with forgetful_registry():
        registry.register(Mine())
        assert "mine" not in families.on_pages()
        assert set(families.on_pages()) == set(families.FORMS)
        for make in (gradient_explorer, residual_explorer):
            live = make()
            live.controls["family"].value = "mine"
            assert 'data-needs="vega"' not in on_page(live)
            assert "<img" in on_page(live)


# One neuron

NEURONS = [
    {"current": 0.3, "v_init": 0.0, "beta": 1.0, "reset": "subtract", "T": 20},
    {"current": 0.1, "v_init": 0.5, "beta": 1.0, "reset": "subtract", "T": 40},
    {"current": 1.5, "v_init": 0.99, "beta": 1.0, "reset": "subtract", "T": 7},
    {"current": -0.3, "v_init": 0.99, "beta": 1.0, "reset": "subtract", "T": 1},
    {"current": 0.7, "v_init": 0.0, "beta": 1.0, "reset": "zero", "T": 13},
    {"current": 0.35, "v_init": 0.2, "beta": 0.77, "reset": "subtract", "T": 40},
    {"current": 0.6, "v_init": 0.9, "beta": 0.5, "reset": "zero", "T": 9},
]


def path_of(currents: list[float], v_init: float, beta: float, reset: Any, T: int) -> Any:
    """What the kit says, in hundredths of v_th."""
    flowing = torch.tensor(currents, dtype=torch.float64).mul(100).round()
    neuron = Neuron(v_th=100.0, v_init=round(100 * v_init), beta=beta, reset=reset)
    return trace(flowing.expand(T, len(currents)), neuron)


@pytest.mark.sample(3)
@pytest.mark.parametrize("given", NEURONS)
def test_the_potential_is_that_of_the_kit(compiled, given):
    chart, _ = compiled["neuron"]
    path = path_of([given["current"]], *(given[name] for name in ("v_init", "beta", "reset", "T")))
    t, before, h, v = np.array(chart.rows(5, "t", "before", "h", "v", **given)).T
    np.testing.assert_array_equal(t, range(1, given["T"] + 1))
    np.testing.assert_allclose(100 * h, path.h[:, 0], rtol=0, atol=1e-9)
    np.testing.assert_allclose(100 * v, path.v[:, 0], rtol=0, atol=1e-9)
    np.testing.assert_allclose(before, [given["v_init"], *v[:-1]], rtol=0, atol=1e-12)
    fired = (path.spikes[:, 0].nonzero()[:, 0] + 1).tolist()
    assert [row[0] for row in chart.rows(7, "t", **given)] == fired
    count, rate = len(fired), len(fired) / given["T"]
    plural, steps = "s" * (count != 1), "s" * (given["T"] != 1)
    left = f"{v[-1]:.2f}".replace("-", "\u2212")
    assert chart.signal("said", **given) == (
        f"{count} spike{plural} in {given['T']} timestep{steps}: rate {rate:.3f}. "
        f"Left over at the end: {left} v_th."
    )


@pytest.mark.sample(2)
@pytest.mark.parametrize("given", NEURONS)
def test_the_rate_at_every_current_is_that_of_the_kit(compiled, given):
    _, chart = compiled["neuron"]
    i, rate = np.array(chart.rows(1, "i", "rate", **given)).T
    np.testing.assert_array_equal(i, range(-30, 151))
    settings = [given[name] for name in ("v_init", "beta", "reset", "T")]
    path = path_of((i / 100).tolist(), *settings)
    np.testing.assert_allclose(rate, path.spikes.mean(0), rtol=0, atol=1e-6)
    if given["beta"] == 1:  # and of the closed form
        neuron = Neuron(v_th=100.0, v_init=100 * given["v_init"], reset=given["reset"])
        closed = multi_step_rate(torch.tensor(i), given["T"], neuron)
        np.testing.assert_allclose(rate, closed, rtol=0, atol=1e-6)
    ((current, height),) = chart.rows(3, "current", "rate", **given)
    assert (current, height) == (given["current"], rate[round(100 * current) + 30])


def test_a_spike_falls_where_the_closed_form_says(compiled):
    chart, _ = compiled["neuron"]
    for current, v_init in ((0.1, 0.0), (0.29, 0.5), (0.97, 0.03)):
        given = {"current": current, "v_init": v_init, "T": 40}
        fired = [row[0] for row in chart.rows(7, "t", **given)]
        by = [math.floor((round(100 * v_init) + t * round(100 * current)) / 100) for t in range(41)]
        assert fired == [t for t in range(1, 41) if by[t] > by[t - 1]]


# Firing probability

NOISES = [
    {"sigma": 0.29, "mu": 0.5, "family": "gaussian", "T": 4, "current": 0.3},
    {"sigma": 0.05, "mu": 0.0, "family": "uniform", "T": 1, "current": 1.2},
    {"sigma": 0.8, "mu": 0.95, "family": "logistic", "T": 32, "current": -0.5},
]


@pytest.mark.parametrize("given", NOISES)
def test_probability_slope_and_rates_are_those_of_the_kit(compiled, given):
    left, right = compiled["firing"]
    noise = Noise(given["family"], given["sigma"], given["mu"])
    current, value = torch.tensor(left.rows(3, "current", "value", **given)).double().T
    assert (current[0], current[-1], len(current)) == (-0.5, 1.5, 401)
    expected = firing_probability(current, noise)
    torch.testing.assert_close(value, expected, rtol=0, atol=1e-6)
    at, slope = torch.tensor(right.rows(1, "current", "value", **given), dtype=torch.float64).T
    inside = (at + noise.mu - 1).abs().sub(3**0.5 * noise.sigma).abs() > 1e-6  # off the edges
    known = slope_of(Surrogate.matched(noise), at + noise.mu - 1)
    torch.testing.assert_close(slope[inside], known[inside], rtol=0, atol=1e-6)
    said = left.signal("said", **given)
    there = torch.tensor([given["current"]], dtype=torch.float64)
    rate = multi_step_rate(there, given["T"], Neuron(v_init=noise.mu))
    assert f"with probability {firing_probability(there, noise).item():.3f};" in said
    assert f"rate {rate.item():.3f}." in said
    steep = slope_of(Surrogate.matched(noise), there + noise.mu - 1)
    assert f"is {steep.item():.2f} there" in said
    ((x, y),) = left.rows(5, "current", "value", **given)
    assert x == given["current"]
    assert y == pytest.approx(firing_probability(there, noise).item(), abs=1e-9)


@pytest.mark.parametrize("given", NOISES)
def test_stairs_and_steps_have_their_corners_where_the_rate_rises(compiled, given):
    chart, _ = compiled["firing"]
    x, y = np.array(chart.rows(2, "current", "value", **given)).T
    assert (x[0], x[-1], y[0], y[-1]) == (-0.5, 1.5, 0, 1)
    assert (np.diff(x) >= -1e-12).all()
    middle = torch.tensor((x[:-1:2] + x[1::2]) / 2)  # of the level parts
    np.testing.assert_array_equal(y[:-1:2], y[1::2])
    rate = multi_step_rate(middle, given["T"], Neuron(v_init=given["mu"]))
    np.testing.assert_allclose(y[:-1:2], rate, rtol=0, atol=1e-6)
    assert chart.rows(1, "current", "value", **given) == [
        (-0.5, 0),
        (1 - given["mu"], 0),
        (1 - given["mu"], 1),
        (1.5, 1),
    ]
    assert chart.rows(0, "current", "value") == [(-0.5, 0), (0, 0), (1, 1), (1.5, 1)]


# Residuals

CROWDS = [
    {"timesteps": 16, "lowest": 0.0, "highest": 1.0},
    {"timesteps": 2, "lowest": -0.3, "highest": 1.3},
    {"timesteps": 64, "lowest": 0.5, "highest": 0.51},
    {"timesteps": 5, "lowest": 0.1, "highest": 0.62},
]


@pytest.mark.sample(2)
@pytest.mark.parametrize("given", CROWDS)
def test_residuals_in_closed_form_are_those_of_a_crowd(compiled, given):
    (chart,) = compiled["residuals"]
    T, low, high = given.values()
    share = (torch.arange(40_000, dtype=torch.float64) + 0.5) / 40_000
    path = trace((low + (high - low) * share).expand(T, -1), Neuron())
    count = path.spikes.sum(0)
    active = (count > 0) & (count < T)
    carried = path.v[:-1, active].flatten().numpy()
    k, density = np.array(chart.rows(0, "k", "density", **given)).T
    assert len(k) == BINS + 1
    measured, _ = np.histogram(carried, BINS, (0, 1), density=True)
    np.testing.assert_allclose(density[np.argsort(k)][:-1], measured, rtol=0.02, atol=0.02)
    assert density[np.argsort(k)][:-1].mean() == pytest.approx(1)
    said = chart.signal("said", sigma=0.2, mu=0.4, **given)
    numbers = [float(number) for number in re.findall(r"\d+\.\d+", said)]
    silent, full = (100 * part.double().mean().item() for part in (count == 0, count == T))
    expected = [carried.mean(), carried.std(), 0.4, 0.2, silent, full]
    np.testing.assert_allclose(numbers[:4], expected[:4], rtol=0, atol=0.002)
    np.testing.assert_allclose(numbers[4:], expected[4:], rtol=0, atol=0.06)


def test_the_noise_lies_over_the_residuals(compiled):
    (chart,) = compiled["residuals"]
    given = {"family": "logistic", "sigma": 0.2, "mu": 0.4}
    v, density = torch.tensor(chart.rows(2, "v", "density", **given), dtype=torch.float64).T
    known = registry.family("logistic").density((v - 0.4) / 0.2) / 0.2
    torch.testing.assert_close(density, known, rtol=0, atol=1e-9)


# The piece of a page


def test_a_page_begins_where_the_widget_stood():
    live = neuron_explorer(12, current=0.45)
    live.controls["beta"].value = 0.9
    live.controls["reset"].value = "zero"
    first, second = charts_of(on_page(live))
    values = {param["name"]: param.get("value") for param in first["params"]}
    assert [values[name] for name in ("current", "v_init", "beta", "reset", "T")] == [
        0.45,
        0.0,
        0.9,
        "zero",
        12,
    ]
    bound = {param["name"]: param["bind"] for param in first["params"] if "bind" in param}
    assert bound["current"] == {
        "input": "range",
        "name": "current (v_th)",
        "min": -0.3,
        "max": 1.5,
        "step": 0.01,
    }
    assert bound["reset"]["labels"] == ["by subtraction", "to zero"]
    assert not any("bind" in param for param in second["params"])  # it follows
    for chart in (first, second):  # nothing from Python but the names of the legend
        assert {frozenset(row) for rows in chart.get("datasets", {}).values() for row in rows} <= {
            frozenset({"name"})
        }


def test_without_scripts_the_last_picture_is_there(pages):
    for html in pages.values():
        assert re.search(r'<img [^>]*alt="\w', html)
        assert "With scripts this picture has sliders" in html
        assert html.count("</script>") == 1


def test_nothing_in_a_chart_ends_its_script():
    html = piece([{"title": "</script><img>"}], "")
    assert html.count("</script>") == 1
    assert charts_of(html) == [{"title": "</script><img>"}]


def test_a_page_brings_vega_once_and_before_what_needs_it(monkeypatch, pages):
    monkeypatch.setitem(web.SCRIPTS, "vega", lambda: "const vega = 1;")
    page = web.with_scripts(f"<head></head>{pages['neuron']}{pages['firing']}")
    assert page.count("const vega = 1;") == page.count("vegaEmbed(") == 1
    assert page.index("const vega = 1;") < page.index("vegaEmbed(") < page.index("</head>")


def test_without_vl_convert_the_export_says_what_to_install(monkeypatch, pages):
    web.vega.cache_clear()
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    with pytest.raises(ImportError, match="pip install vl-convert-python"):
        web.with_scripts(f"<head></head>{pages['neuron']}")

"""The Neuron lab with the currents of a neuron of a trained network."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from urllib.parse import parse_qsl

import numpy as np
import pytest
import torch
from torch import Tensor

from snnlab.dashboard import given_currents
from snnlab.dashboard.given_currents import MOST_TIMESTEPS, currents_in, text_of
from snnlab.dashboard.lesson import lesson_link
from snnlab.dashboard.neuron import beside_threshold, charts, link_to
from snnlab.dashboard.neuron_numbers import CURRENTS, Settings, curves, span_of, timesteps
from snnlab.data.sources import load_data
from snnlab.measure.residuals import trained_noise
from snnlab.network.net import SpikingNet
from snnlab.network.probes import record
from snnlab.neuron.dynamics import trace
from snnlab.neuron.spec import Neuron, Noise
from snnlab.runs.examples import SHIPPED
from snnlab.runs.presets import QUICKSTART
from snnlab.runs.run import run
from snnlab.runs.store import Run, list_runs
from snnlab.show.charts.neuron import MET_AT
from snnlab.show.colours import LIGHT
from tests.dashboard.browser import browsing, button, drawn, served
from tests.dashboard.conftest import Open
from tests.dashboard.test_pages import alt_texts, unfold, words

THREE = "0.7,-0.4,0.9"
"""From 0.5: h = 1.2, fires, 0.2; h = -0.2; h = 0.7."""
ORDINARY = "0 spikes in 16 timesteps"


def labels(app) -> list[str]:
    return [button.label for button in app.button]


def sliders(app) -> set[str]:
    return {slider.key.split(":")[1] for slider in app.slider}


@pytest.mark.slow
def test_three_timesteps_by_hand(empty: Path, open_page: Open) -> None:
    app = open_page("neuron", currents=THREE, **{"from": "stage 2, *map* 5 <b>"})
    assert not app.exception
    assert "1 spike in 3 timesteps: rate 0.33" in words(app)
    said = words(app).replace("\u00a0", " ")
    assert "Currents of a neuron of a trained network, t = 1 to 3" in said
    assert r"stage 2, \*map\* 5 \<b\>" in said
    potential, firing, _ = alt_texts(app)
    assert "1 spike, at t = 1; highest potential before firing 1.20 v_th." in potential
    assert "Current from -0.40 to 0.90 v_th, mean 0.40." in potential
    assert "at current 0.40, the mean of those that it met, -0.40 to 0.90." in firing
    assert sliders(app).isdisjoint({"current", "T"})
    assert "sigma" in sliders(app)


@pytest.mark.slow
def test_a_step_takes_the_current_of_its_timestep(empty: Path, open_page: Open) -> None:
    app = open_page("neuron", currents=THREE, step="1")
    values = {metric.label: metric.value for metric in app.metric}
    assert values["t = 1: charge"] == "1.20"
    assert values["fire"] == "yes"
    assert values["reset"] == "0.20"
    assert "0.50 + 0.70" in words(app)
    next(button for button in app.button if button.label == "Step").click().run()
    assert {metric.label: metric.value for metric in app.metric}["t = 2: charge"] == "-0.20"
    assert "0.20 − 0.40" in words(app)
    assert "h = -0.20 < 1" in words(app)


def test_the_table_of_the_potential_has_the_currents(empty: Path, open_page: Open) -> None:
    table = unfold(open_page("neuron", currents=THREE)).dataframe[0].value
    assert table["current"].tolist() == [0.7, -0.4, 0.9]
    assert table["h[t]"].tolist() == [1.2, -0.2, 0.7]
    assert "current" not in unfold(open_page("neuron")).dataframe[0].value


def test_one_constant_current_is_a_button_away(empty: Path, open_page: Open) -> None:
    app = open_page("neuron", currents=THREE, sigma="0.1", current="1.5", T="9", **{"from": "x"})
    next(button for button in app.button if button.label == "One constant current").click().run()
    assert not app.exception
    assert dict(app.query_params) == {"sigma": "0.1", "current": "0.4", "T": "3"}
    assert app.slider(key="neuron:current").value == 0.4
    assert app.slider(key="neuron:T").value == 3
    assert "One constant current" not in labels(app)


def test_means_beyond_the_slider_end_at_its_end(empty: Path, open_page: Open) -> None:
    app = open_page("neuron", currents=",".join(["-7"] * MOST_TIMESTEPS))
    assert "as many as a link holds" in words(app)
    next(button for button in app.button if button.label == "One constant current").click().run()
    assert not app.exception
    assert app.slider(key="neuron:current").value == CURRENTS[0]
    assert app.slider(key="neuron:T").value == 50


@pytest.mark.sample(3)
@pytest.mark.parametrize(
    "value",
    ["", ",", "x", "0.3,nan", "inf", "1e300", "0.3,,0.4", ",".join(["0.1"] * 500), "None", "[1,2]"],
)
def test_a_link_without_sense_opens_the_ordinary_lab(
    value: str, empty: Path, open_page: Open
) -> None:
    app = open_page("neuron", currents=value, current="0", **{"from": "x"})
    assert not app.exception
    assert ORDINARY in words(app)
    assert "One constant current" not in labels(app)
    assert {"current", "T"} <= sliders(app)


@pytest.mark.sample(2)
@pytest.mark.parametrize(
    "value", ["0", "-1e6,1e6", "1e-30", ",".join(["1"] * MOST_TIMESTEPS), "-40,3,0"]
)
def test_odd_currents_are_drawn(value: str, empty: Path, open_page: Open) -> None:
    link = {"currents": value, "noise": "1", "beta": "0.5", "reset": "zero", "step": "99"}
    app = unfold(open_page("neuron", **link))
    assert not app.exception
    T = value.count(",") + 1
    when = "t = 1" if T == 1 else f"t = 1 to {T}"
    assert f"{when}**" in words(app).replace("\u00a0", " ")
    assert f"in {T} timestep" in words(app)


@pytest.mark.slow
def test_a_lesson_can_hold_the_currents(empty: Path, open_page: Open) -> None:
    for lesson in ({"fix": "current"}, {"hide": "T,current"}):
        app = open_page("neuron", currents=THREE, **lesson)
        assert "One constant current" not in labels(app)
        assert "1 spike in 3 timesteps" in words(app)
    assert "One constant current" in labels(open_page("neuron", currents=THREE, fix="sigma"))
    values = {"currents": THREE, "from": "stage 2", "sigma": "0.3", "step": "2"}
    link = lesson_link("http://here/", "neuron", values, ["current"], [])
    query = dict(parse_qsl(link.split("?")[1]))
    assert query == {"currents": THREE, "from": "stage 2", "sigma": "0.3", "fix": "current"}
    assert "currents" not in lesson_link("http://here/", "train", values, [], [])


def test_a_link_carries_what_differs_from_the_first_neuron() -> None:
    assert link_to([0.5, -1.0], Neuron(), Noise(), "") == "neuron?currents=0.5,-1"
    neuron = Neuron(v_th=2.0, beta=0.9, reset="zero")
    link = link_to(torch.tensor([0.1, 0.2]).tolist(), neuron, None, "stage 1 & 2")
    assert link is not None
    assert dict(parse_qsl(link.removeprefix("neuron?"))) == {
        "v_th": "2",
        "v_init": "1",  # half of its threshold, as it said nothing
        "beta": "0.9",
        "reset": "zero",
        "sigma": "0",
        "currents": "0.1,0.2",
        "from": "stage 1 & 2",
    }


def test_there_is_no_link_to_what_the_lab_cannot_show() -> None:
    table = Noise("empirical", quantiles=(0.0, 0.4, 1.0))
    assert link_to([0.5], Neuron(v_th=9.0), Noise(), "") is None
    assert link_to([0.5], Neuron(), table, "") is None
    assert link_to([float("nan")], Neuron(), Noise(), "") is None
    assert link_to([1e7], Neuron(), Noise(), "") is None
    assert link_to([], Neuron(), Noise(), "") is None


def test_a_link_opens_the_neuron_that_it_was_made_of(empty: Path, open_page: Open) -> None:
    neuron = Neuron(v_th=0.8, v_init=-0.123, beta=0.75)
    noise = Noise("uniform", 0.1234, 0.61)
    link = link_to([0.7, -0.4, 0.9], neuron, noise, "stage 1")
    assert link is not None
    app = unfold(open_page("neuron", **dict(parse_qsl(link.removeprefix("neuron?")))))
    for name, value in {"v_th": 0.8, "v_init": -0.123, "beta": 0.75, "mu": 0.61}.items():
        assert app.slider(key=f"neuron:{name}").value == value
    assert app.slider(key="neuron:sigma").value == 0.1234
    assert app.selectbox(key="neuron:family").value == "uniform"


@pytest.mark.parametrize("count", [1, MOST_TIMESTEPS])
def test_a_link_gives_each_number_of_single_precision_back(count: int) -> None:
    numbers = 10.0 ** torch.linspace(-12, 5, count) * torch.randn(count)
    assert currents_in(text_of(numbers.tolist())) == tuple(numbers.tolist())
    assert len(currents_in(text_of([0.25] * (count + 1)))) == min(count + 1, MOST_TIMESTEPS)
    assert len(text_of(numbers.tolist())) < 1000


def spikes_through_link(currents: Tensor, neuron: Neuron, noise: Noise | None) -> list[float]:
    """Of a neuron under currents (T,), as the lab shows them."""
    link = link_to(currents.tolist(), neuron, noise, "")
    assert link is not None
    query = dict(parse_qsl(link.removeprefix("neuron?")))
    found = currents_in(query[given_currents.CURRENTS])
    constants = {name: float(query[name]) for name in ("v_th", "v_init", "beta") if name in query}
    return timesteps(Settings(T=len(found), currents=found, neuron=Neuron(**constants))).spikes


def check_spikes(run: Run, images: int = 64, T: int = 16) -> None:
    """Random neurons, and those that fire otherwise under currents of four digits."""
    net = run.network()
    assert isinstance(net, SpikingNet)
    data = load_data(**asdict(run.config.data))  # type: ignore[union-attr]
    seen = record(net, data.test.first(images).normalised(), T)
    delicate = 0
    for layer, stage in zip(net.neuron_layers(), seen, strict=True):
        currents, spikes = stage.currents.flatten(1), stage.spikes.flatten(1)  # (T, N)
        rounded = (1e4 * currents.double()).round().div(1e4).float()
        other = (trace(rounded, layer.neuron).spikes != spikes).any(0).nonzero().flatten()
        delicate += len(other)
        chosen = torch.cat([other[:20], torch.randint(currents.shape[1], (100,))])
        for at in chosen.tolist():
            found = spikes_through_link(currents[:, at], layer.neuron, trained_noise(layer))
            assert found == spikes[:, at].tolist()
    assert delicate, "no neuron for which four digits are too few"


@pytest.mark.slow
def test_neurons_of_a_network_fire_in_the_lab_as_they_do_there() -> None:
    check_spikes(list_runs(SHIPPED)[0])


@pytest.mark.slow
def test_neurons_of_a_convnet_fire_in_the_lab_as_they_do_there(tmp_path: Path) -> None:
    check_spikes(run(QUICKSTART, tmp_path))


def test_potentials_are_those_of_single_precision() -> None:
    """There 0.9 + 0.1 is 1; the same two numbers in double precision stay below."""
    given = currents_in("0.9,0.1")
    assert sum(given) < 1
    assert timesteps(Settings(T=2, currents=given, neuron=Neuron(v_init=0.0))).spikes == [0, 1]


def test_the_crowd_meets_the_currents_a_little_off() -> None:
    """After one timestep it is even: from 0.5 + 0.96 x 0.25 to 0.5 + 1.04 x 0.25."""
    found = curves(Settings(T=1, current=0.25, currents=(0.25,)))
    filled = [edge for edge, density in zip(found.edges, found.without, strict=False) if density]
    assert filled == pytest.approx([0.7, 0.75])
    assert sum(found.without) * 0.05 == pytest.approx(1)


def test_the_curves_reach_as_far_as_the_currents() -> None:
    assert span_of(()) == CURRENTS
    assert span_of((-2.34, 0.5)) == (-2.4, 1.6)
    met = Settings(T=2, current=-0.92, currents=(-2.34, 0.5))
    found = curves(met)
    assert (found.currents[0], found.currents[-1]) == (-2.4, 1.6)
    assert np.diff(found.currents).max() == pytest.approx(0.01)
    drawn = charts(met, timesteps(met), found, LIGHT)["firing"].to_dict()["datasets"]["all"]
    assert [row["x"] for row in drawn if row["y"] == MET_AT] == [-2.34, 0.5]


def test_noise_in_the_trace_acts_on_given_currents_too() -> None:
    given = Settings(T=3, currents=(0.5, 0.25, 0.75), noisy=True)
    path = timesteps(given)
    assert all(path.deviation)
    for t, current in enumerate(given.currents):
        assert path.h[t] == pytest.approx(path.before[t] + path.deviation[t] + current, abs=1e-6)
    assert timesteps(replace(given, noisy=False)).deviation == [0, 0, 0]


def test_a_potential_is_never_shown_on_the_wrong_side_of_the_threshold() -> None:
    assert beside_threshold(0.9999, 1.0) == "0.9999"
    assert beside_threshold(0.99999994, 1.0) == "0.99999994"
    assert beside_threshold(1.0, 1.0) == "1.00"
    assert beside_threshold(0.1 + 0.2, 0.3) == "0.30"


@pytest.mark.slow
@pytest.mark.parametrize("width", [1280, 390])
def test_a_browser_opens_the_link_steps_and_leaves(width: int, tmp_path: Path) -> None:
    link = link_to([0.7, -0.4, 0.9], Neuron(v_init=0.25), Noise(), "stage 2, neuron 5")
    with served(tmp_path / "runs") as address, browsing() as browser:
        page = browser.new_context(viewport={"width": width, "height": 844}).new_page()
        page.goto(f"{address}/train")
        drawn(page)
        page.evaluate("link => { location.href = link; }", link)  # relative to another page
        page.get_by_text("stage 2, neuron 5").wait_for()
        drawn(page)
        potential = page.locator("[aria-label^='Membrane potential']")
        said = "Current from -0.40 to 0.90 v_th"
        assert said in potential.get_attribute("aria-label")
        step = button(page, "Step")
        step.focus()
        page.keyboard.press("Enter")
        page.get_by_text("0.25 + 0.70").wait_for()
        button(page, "One constant current").press("Enter")
        page.get_by_role("slider", name="Current").wait_for()
        drawn(page)
        page.wait_for_function("!location.search.includes('currents')")
        assert "current=0.4&" in f"{page.url}&"
        assert "v_init=0.25" in page.url
        assert page.get_by_text("stage 2, neuron 5").count() == 0
        page.reload()  # the link alone says it all
        page.get_by_role("slider", name="Current").wait_for()

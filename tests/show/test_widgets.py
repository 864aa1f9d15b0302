"""Live pictures, driven through their Python objects as a slider in the browser drives them."""

from __future__ import annotations

import gc
import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
import torch
from ipywidgets import FloatSlider, IntSlider
from matplotlib.figure import Figure

from snnlab.data.images import Data, Images
from snnlab.data.sources import load_data
from snnlab.learning.fit import fit
from snnlab.learning.objectives import SingleStep
from snnlab.learning.spec import Training
from snnlab.network.models import build
from snnlab.network.net import SpikingNet
from snnlab.network.neurons import with_neurons
from snnlab.network.spec import Architecture
from snnlab.neuron.spec import Noise
from snnlab.show.curves import line_chart
from snnlab.show.page import blank_axes
from snnlab.show.picture import Picture, picture
from snnlab.show.style import STYLES, look_of
from snnlab.show.web import making_web_pages
from snnlab.show.widgets.live import LivePicture, choice, slider
from snnlab.show.widgets.names import LIVE
from snnlab.show.widgets.networks import margin_explorer
from snnlab.show.widgets.neurons import gradient_explorer, neuron_explorer, residual_explorer
from snnlab.show.widgets.timesteps import conversion_explorer


@pytest.fixture(scope="module")
def data() -> Data:
    """Small digits."""
    return load_data("digits", test_size=60)


@pytest.fixture(scope="module")
def images(data) -> Images:
    """Sixty of them."""
    return data.test


@pytest.fixture(scope="module")
def net(data) -> SpikingNet:
    """A network trained for a moment."""
    net = build(Architecture("mlp"), image_shape=(1, 8, 8), classes=10, seed=0, noise=Noise())
    fit(net, data, SingleStep(), Training(epochs=2, batch_size=64), seed=0)
    return net.eval()


MOVES = {
    "neuron": {"current": 0.7, "v_init": 0.5, "beta": 0.8, "reset": "zero"},
    "residual": {
        "timesteps": 4,
        "lowest": -0.3,
        "highest": 1.3,
        "family": "uniform",
        "sigma": 0.1,
    },
    "gradient": {"sigma": 0.05, "mu": 0.0, "family": "uniform"},
    "conversion": {"reset": "zero", "v_init": 0.25, "beta": 0.9},
    "margin": {"network": "b", "layer": 2, "width": 0.1},
}


@pytest.fixture
def live(request, net, images) -> LivePicture:
    """The live picture of the given name."""
    makers = {
        "neuron": neuron_explorer,
        "residual": lambda: residual_explorer(500),
        "gradient": gradient_explorer,
        "conversion": lambda: conversion_explorer(net, images),
        "margin": lambda: margin_explorer({"a": net, "b": with_neurons(net, v_init=0.0)}, images),
    }
    return makers[request.param]()


every_one = pytest.mark.parametrize("live", MOVES, indirect=True)


@pytest.mark.slow
@pytest.mark.sample(1)
@every_one
def test_picture_and_words_follow_every_control_and_come_back(live, request):
    moves = MOVES[request.node.callspec.params["live"]]
    assert set(moves) == set(live.controls)
    first, words, old = live.picture.png, live.picture.alt, live.values
    for name, value in moves.items():
        before = live.picture.png
        live.controls[name].value = value
        assert live.picture.png != before, name
    assert live.picture.alt != words
    assert live.picture.alt == alternative_text(live.children[1].value)
    for name in moves:
        live.controls[name].value = old[name]
    assert live.picture.png == first


@pytest.mark.sample(2)
@every_one
def test_every_control_has_a_name_of_its_own(live):
    names = [control.tooltip for control in live.controls.values()]
    assert all(names)
    assert len(set(names)) == len(names)
    for control in live.controls.values():
        assert control.description
        assert control.description in control.tooltip


@pytest.mark.sample(2)
@every_one
def test_ends_of_the_sliders_can_be_drawn(live):
    for end in ("min", "max"):
        for control in live.controls.values():
            if isinstance(control, IntSlider | FloatSlider):
                control.unobserve_all()  # draw once, at the end
                control.value = getattr(control, end)
        assert live.drawn(**live.values).png


def alternative_text(html):
    """What the picture in a piece of HTML is called."""
    tree = ElementTree.fromstring(re.sub(r"(<img [^>]*)>", r"\1/>", html))
    return tree.find(".//img").get("alt")


def test_the_neuron_explorer_counts_exactly():
    live = neuron_explorer(20)
    for current, spikes in ((0.1, 2), (0.7, 14), (0.33, 6), (1.0, 20)):
        live.controls["current"].value = current
        assert live.picture.summary.startswith(f"{spikes} spikes in 20 timesteps"), current


def test_an_error_is_shown_in_place_of_the_picture_and_goes_away():
    def draw(x):
        if x > 0.5:
            raise ValueError("x is <too> large")
        return Picture(b"", "all is well")

    live = LivePicture(draw, {"x": slider("x", 0.0, 1.0, 0.1)})
    live.controls["x"].value = 0.9
    assert live.picture is None
    assert 'role="alert"' in live.children[1].value
    assert "x is &lt;too&gt; large" in live.children[1].value
    live.controls["x"].value = 0.2
    assert live.picture.alt == "all is well"


def test_a_page_without_widgets_gets_the_last_picture():
    bundle = neuron_explorer()._repr_mimebundle_()
    assert "<img " in bundle["text/html"]
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert "spikes in 20 timesteps" in bundle["text/plain"]


def test_only_a_web_page_gets_what_lives_without_python():
    alive: list[str | None] = ["<p>alive</p>"]
    live = LivePicture(lambda: Picture(b"", "at rest"), {}, on_page=lambda: alive[-1])
    assert "at rest" in live._repr_mimebundle_()["text/html"]
    with making_web_pages():
        assert live._repr_mimebundle_()["text/html"] == "<p>alive</p>"
        alive.append(None)
        assert "at rest" in live._repr_mimebundle_()["text/html"]


@pytest.mark.parametrize("names", [("current", "current"), ("current", "")])
def test_controls_without_names_of_their_own_are_refused(names):
    controls = {f"at_{i}": slider(name, 0, 1, 0) for i, name in enumerate(names)}
    with pytest.raises(ValueError, match=r"name of its own, got \['current'"):
        LivePicture(lambda **values: Picture(b"", "a line"), controls)


def test_the_browser_is_told_the_names():
    live = neuron_explorer()
    (output,) = live.children[2].outputs
    assert "aria-label" in output["data"]["application/javascript"]
    assert f".{LIVE}" in output["data"]["application/javascript"]
    assert LIVE in live._dom_classes


def test_garbage_is_collected_as_before_once_a_picture_is_drawn():
    live = neuron_explorer()
    assert gc.isenabled()
    gc.disable()
    try:
        live.controls["current"].value = 0.7
        assert not gc.isenabled()
    finally:
        gc.enable()


@pytest.mark.slow
def test_a_drawing_leaves_no_figures_behind():
    live = neuron_explorer()
    gc.collect()
    before = figures()
    for current in (0.1, 0.2, 0.4):
        live.controls["current"].value = current
    assert figures() == before


def figures():
    """How many figures of matplotlib there are, those that nobody needs any more included."""
    return sum(type(thing) is Figure for thing in gc.get_objects())


def test_sliders_are_whole_where_all_numbers_are():
    assert isinstance(slider("T", 1, 16, 4), IntSlider)
    assert isinstance(slider("sigma", 0, 1, 0.3), FloatSlider)
    assert choice("family", ["a", "b"], "b").value == "b"


@pytest.mark.parametrize(
    "make",
    [lambda: neuron_explorer(0), lambda: residual_explorer(10), lambda: margin_explorer({}, None)],
)
def test_explorers_refuse_what_makes_no_sense(make):
    with pytest.raises(ValueError, match=r"got|empty"):
        make()


def test_changed_neurons_leave_the_network_alone(net, images):
    before = net(images.normalised(), 4)
    changed = with_neurons(net, reset="zero", v_init=0.1)
    assert {layer.neuron.reset for layer in changed.neuron_layers()} == {"zero"}
    assert {layer.noise for layer in changed.neuron_layers()} == {None}
    assert torch.equal(net(images.normalised(), 4), before)
    with pytest.raises(TypeError, match="volume"):
        with_neurons(net, volume=3)


def test_a_picture_needs_words(ax):
    with pytest.raises(ValueError, match="nobody has described"):
        picture(ax)
    ax.plot([0, 1])
    assert picture(ax, "A line.").alt == "A line."


def test_a_picture_escapes_its_words():
    html = Picture(b"", 'x < 1 & "y"', "a < b").html()
    assert 'alt="x &lt; 1 &amp; &quot;y&quot;"' in html
    assert "a &lt; b</figcaption>" in html


def test_line_chart_draws_and_describes_its_lines():
    ax = line_chart([0, 1, 2], {"a": [1, 3, 2], "b": [0, 0, 1]}, x_label="x", y_label="y")
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [1, 3, 2])
    assert "a from 1 to 2, lowest 1, highest 3; b from 0 to 1" in picture(ax).alt


def test_a_line_chart_gives_a_network_of_the_course_its_title_and_look():
    lines = {"mine": [1, 2, 3], "no-noise-rest": [3, 2, 1]}
    ax = line_chart([0, 1, 2], lines, x_label="x", y_label="y")
    known = look_of("no-noise-rest")
    drawn = {line.get_label(): line.get_color() for line in ax.lines}
    assert drawn == {"mine": STYLES[0].colour, "without noise, from rest": known.colour}
    assert "without noise, from rest from 3 to 1" in picture(ax).alt


@pytest.mark.parametrize("lines", [{}, {name: [1, 2] for name in "abcdef"}])
def test_line_chart_refuses_too_few_and_too_many(lines):
    with pytest.raises(ValueError, match="1 to 5 entries"):
        line_chart([1, 2], lines, x_label="x", y_label="y", ax=blank_axes())

"""Live pictures of the later notebooks, driven through their Python objects."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from snnlab.biology.hodgkin_huxley import simulate_membrane
from snnlab.conversion.timesteps import convert
from snnlab.data.images import Images
from snnlab.data.sources import load_data
from snnlab.measure.accuracy import accuracy_against_timesteps
from snnlab.measure.early_exit import early_exit_curve
from snnlab.measure.energy import cost_report
from snnlab.network.models import build
from snnlab.network.spec import Architecture
from snnlab.neuron.spec import Noise
from snnlab.show.picture import picture
from snnlab.show.web import making_web_pages
from snnlab.show.widgets.channels import channel_explorer, voltage_and_spikes
from snnlab.show.widgets.live import LivePicture
from snnlab.show.widgets.networks import exit_explorer, margin_explorer
from snnlab.show.widgets.timesteps import (
    ann_explorer,
    conversion_explorer,
    disturbance_explorer,
    energy_explorer,
)


def network(activation="spiking"):
    noise = Noise() if activation == "spiking" else None
    return build(
        Architecture("mlp"),
        image_shape=(1, 8, 8),
        classes=10,
        seed=0,
        noise=noise,
        activation=activation,
    ).eval()


@pytest.fixture(scope="module")
def images() -> Images:
    """Forty random images."""
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (40, 1, 8, 8), dtype=torch.uint8, generator=generator)
    return Images(pixels, torch.arange(40) % 10, torch.tensor([0.5]), torch.tensor([0.3]))


def sure_network():
    """An untrained network that is sure of itself."""
    net = network()
    with torch.no_grad():
        for parameter in net.readout.parameters():
            parameter.mul_(20)
    return net


@pytest.fixture(scope="module")
def report(images):
    """Costs of an untrained network at T = 1 to 8."""
    net = network()
    return cost_report(net, accuracy_against_timesteps(net, images, 8))


MOVES = {
    "channel": {"current": 9, "channels_chosen": 500},
    "ann": {
        "threshold": "percentile",
        "per_channel": True,
        "half_start": False,
        "corrected": True,
    },
    "energy": {"mac": 1.0, "ac": 4.0, "first_layer_each_timestep": True},
    "exit": {"threshold": 0.38, "confidence": "margin"},
    "disturbance": {"kind": "dropped_spikes", "level": 5},
}


@pytest.fixture
def live(request, images, report) -> LivePicture:
    """The live picture of the given name."""
    makers = {
        "channel": lambda: channel_explorer((500, 10_000), milliseconds=20, trials=3),
        "ann": lambda: ann_explorer(network("relu"), images, images),
        "energy": lambda: energy_explorer(report),
        "exit": lambda: exit_explorer(sure_network(), images, timesteps=6),
        "disturbance": lambda: disturbance_explorer({"a": network()}, images),
    }
    return makers[request.param]()


@pytest.mark.sample(1)
@pytest.mark.parametrize("live", MOVES, indirect=True)
def test_picture_and_words_follow_every_control_and_come_back(live, request):
    moves = MOVES[request.node.callspec.params["live"]]
    assert set(moves) == set(live.controls)
    first, words, old = live.picture.png, live.picture.summary, live.values
    for name, value in moves.items():
        before = live.picture.png
        live.controls[name].value = value
        assert live.picture is not None, live.children[1].value
        assert live.picture.png != before, name
    assert live.picture.summary != words
    for name in moves:
        live.controls[name].value = old[name]
    assert live.picture.png == first


FRAMES = {"channel": 14, "ann": 16, "energy": 32, "exit": 22, "disturbance": 18}


@pytest.mark.slow
@pytest.mark.sample(2)
@pytest.mark.parametrize("live", MOVES, indirect=True)
def test_on_a_web_page_it_follows_its_controls(live, request):
    with making_web_pages():
        html = live._repr_mimebundle_()["text/html"]
    assert 'data-needs="recorded"' in html
    assert html.count('"summary"') == FRAMES[request.node.callspec.params["live"]]
    assert len(html) < 1_000_000


@pytest.mark.parametrize(
    ("make", "frames"),
    [
        pytest.param(lambda images: conversion_explorer(network(), images), 30, id="conversion"),
        pytest.param(lambda images: margin_explorer({"a": network()}, images), 6, id="margin"),
    ],
)
@pytest.mark.slow
def test_on_a_web_page_networks_follow_their_controls(make, frames, images):
    with making_web_pages():
        html = make(images)._repr_mimebundle_()["text/html"]
    assert html.count('"summary"') == frames


@pytest.mark.sample(2)
@pytest.mark.parametrize("live", MOVES, indirect=True)
def test_every_control_has_a_name_of_its_own(live):
    names = [control.tooltip for control in live.controls.values()]
    assert all(names)
    assert len(set(names)) == len(names)


def test_the_exit_explorer_tells_what_the_curve_tells(images):
    net = sure_network()
    live = exit_explorer(net, images, timesteps=6)
    live.controls["threshold"].value = 0.4
    (found,) = early_exit_curve(net, images, [0.4], 6)
    said = f"{found.mean_timesteps:.2f} timesteps on average, accuracy {found.accuracy:.2f} %."
    assert live.picture.summary == f"{said} All 40 test images."


@pytest.mark.parametrize(
    "make",
    [
        lambda images, few: disturbance_explorer({"a": network()}, images, **few),
        lambda images, few: conversion_explorer(network(), images, **few),
        lambda images, few: ann_explorer(network("relu"), images, images, **few),
        lambda images, few: exit_explorer(sure_network(), images, timesteps=2, **few),
    ],
)
def test_a_picture_says_which_images_it_is_measured_on(make, images):
    assert make(images, {}).picture.summary.endswith(" All 40 test images.")
    assert make(images, {"count": 16}).picture.summary.endswith(" First 16 of 40 test images.")


def test_networks_shown_image_by_image_say_how_many_they_use(images):
    many = Images(
        images.pixels.repeat(2, 1, 1, 1), images.labels.repeat(2), images.mean, images.std
    )
    margins = margin_explorer({"a": network()}, many)
    assert margins.picture.summary.endswith("First 64 of 80 test images.")


def test_what_stands_beside_a_certificate_agrees_with_it():
    """On all test images of the digits: accuracy of the widgets is that of the certificate."""
    data = load_data("digits")
    net = network()
    _, certificate = convert(net, 16, data.test)
    said = f"as trained {certificate.accuracy.at(16):.1f} %. All 449 test images."
    assert conversion_explorer(net, data.test).picture.summary.endswith(said)
    disturbed = disturbance_explorer({"a": net}, data.test)
    disturbed.controls["level"].value = 0
    assert f"a {certificate.accuracy.at(16):.1f} %. All 449" in disturbed.picture.summary
    exits = exit_explorer(net, data.test, timesteps=16)
    exits.controls["threshold"].value = 1.0
    assert f"accuracy {certificate.accuracy.at(16):.2f} %. All 449" in exits.picture.summary


def test_the_energy_explorer_starts_where_the_report_is(report):
    live = energy_explorer(report)
    cheap = [T for T, rate in enumerate(report.rate, 1) if rate < report.break_even_rate[T - 1]]
    assert live.picture.summary.endswith(f"up to T = {max(cheap)}.")
    live.controls["mac"].value = 0.1
    live.controls["ac"].value = 10.0
    assert live.picture.summary.endswith("at no T.")


def test_without_noise_the_channel_explorer_counts_the_spikes_of_the_quiet_neuron():
    live = channel_explorer((500,), milliseconds=50, trials=1)
    live.controls["current"].value = 10
    quiet = simulate_membrane(np.full((2000, 1), 10.0), dt=0.025)
    assert f"{quiet.spikes.sum() * 20} without noise" in live.picture.summary


def test_voltage_and_spikes_shows_each_spike():
    trace = simulate_membrane(np.full((4000, 3), 10.0), sodium_channels=5000, seed=0, keep=10)
    ax = voltage_and_spikes(trace, trace)
    marks = ax.figure.axes[1].collections[0].get_offsets()
    assert len(marks) == trace.spikes.sum() > 0
    assert set(marks[:, 1]) == {1, 2, 3}
    assert f"{len(marks)} spikes in 3 trials" in picture(ax).alt


@pytest.mark.parametrize(
    "make",
    [
        lambda: channel_explorer(()),
        lambda: channel_explorer(trials=0),
        lambda: exit_explorer(network(), None, timesteps=1),
        lambda: disturbance_explorer({}, None),
    ],
)
def test_what_makes_no_sense_is_refused(make):
    with pytest.raises(ValueError, match=r"got|empty"):
        make()

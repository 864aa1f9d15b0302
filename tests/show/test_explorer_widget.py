"""The network explorer of the notebooks, driven from Python and by what a browser sends."""

from __future__ import annotations

import base64
import json
import re

import numpy as np
import pytest
import torch
from traitlets import TraitError

from snnlab.data.images import Images
from snnlab.data.spec import DataError
from snnlab.measure.decisions import KINDS, decisions_of
from snnlab.measure.one_image import see_image
from snnlab.network.models import build
from snnlab.network.spec import Architecture
from snnlab.neuron.spec import Noise
from snnlab.show.explorer.drawing import SIDE
from snnlab.show.widgets.explorer import network_explorer
from snnlab.show.widgets.in_notebook import Mounted
from snnlab.show.widgets.names import LIVE

CLASSES = tuple("0123456789")


def network(noise=True, seed=0):
    return build(
        Architecture("mlp", width=20),
        image_shape=(1, 8, 8),
        classes=10,
        seed=seed,
        noise=Noise() if noise else None,
    ).eval()


def an_ann():
    return build(
        Architecture("mlp", width=20), image_shape=(1, 8, 8), classes=10, seed=0, activation="relu"
    )


@pytest.fixture(scope="module")
def images() -> Images:
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (120, 1, 8, 8), dtype=torch.uint8, generator=generator)
    return Images(pixels, torch.arange(120) % 10, torch.tensor([0.5]), torch.tensor([0.3]))


@pytest.fixture
def explorer(images):
    nets = {"noise": network(), "no-noise-rest": network(noise=False, seed=1)}
    return network_explorer(nets, images, CLASSES, timesteps=6, data="digits")


def part(explorer, kind):
    """What the browser shows: the player or the pad."""
    shown = [child for child in explorer.children if isinstance(child, Mounted)]
    return shown[["Pad", "Player"].index(kind)]


def tell(explorer, what, more, kind="Player"):
    """As the browser does."""
    part(explorer, kind)._handle_custom_msg([what, more], [])


def stroke():
    """A one, as the pad tells it."""
    ink = np.zeros((SIDE, SIDE), np.uint8)
    ink[20:120, 64:76] = 255
    return ink


def told_ink(ink):
    return {"side": SIDE, "pixels": base64.b64encode(ink.tobytes()).decode()}


def test_it_starts_with_the_image_and_all_networks(explorer, images):
    given = part(explorer, "Player").given
    json.dumps(given)  # goes to the browser
    assert given["title"] == "Test image 0, of class 0"
    assert [net["name"] for net in given["networks"]] == ["with noise", "without noise, from rest"]
    assert given["T"] == explorer.timesteps == 6
    assert (explorer.image, explorer.t, explorer.view, explorer.neuron) == (0, 1, "spikes", None)
    assert LIVE in explorer._dom_classes


def test_what_is_seen_is_what_the_network_does(explorer, images):
    explorer.image = 17
    own = see_image(explorer.nets["noise"], images.normalised(slice(17, 18))[0], 6)
    assert explorer.seen["noise"].decisions == own.decisions
    for mine, seen in zip(explorer.seen["noise"].stages, own.stages, strict=True):
        assert np.array_equal(mine.h, seen.h)
    assert part(explorer, "Player").given["title"] == "Test image 17, of class 7"
    assert part(explorer, "Player").given["networks"][0]["decisions"] == own.decisions


def test_the_controls_move_the_image(explorer):
    explorer.controls["image"].value = 5
    assert part(explorer, "Player").given["title"].startswith("Test image 5,")
    buttons = [b for row in explorer.children[:2] for b in row.children if hasattr(b, "click")]
    for words, number in (("Next", 6), ("Previous", 5)):
        next(b for b in buttons if b.description == words).click()
        assert explorer.image == number
    explorer.image = 0
    next(b for b in buttons if b.description == "Previous").click()
    assert explorer.image == 119  # goes round


@pytest.mark.parametrize("kind", KINDS)
def test_the_next_image_of_a_kind_is_one_of_them(explorer, images, kind):
    explorer.controls["kind"].value = kind
    explorer.controls["network"].value = "no-noise-rest"
    right = decisions_of(explorer.nets["no-noise-rest"], images, 6)
    number = explorer.find_next()
    labels = images.labels.numpy()
    if number is None:
        assert explorer.image == 0
        return
    said, label = right[:, number], labels[number]
    assert explorer.image == number
    assert {
        "gained": said[0] != label == said[-1],
        "lost": said[0] == label != said[-1],
        "wavering": len(set(said)) > 1,
    }[kind]
    assert explorer.seen["no-noise-rest"].decisions == said.tolist()


def test_it_says_how_many_there_are_of_a_kind(explorer):
    explorer.controls["kind"].value = "wavering"
    explorer.find_next()
    (words,) = (c.value for c in explorer.children[1].children if type(c).__name__ == "HTML")
    assert re.fullmatch(r"\d+ images\. All 120 test images\.", words)


def test_timestep_and_view_move_from_python(explorer):
    explorer.t, explorer.view = 4, "rates"
    player = part(explorer, "Player")
    assert (player.t, player.view) == (4, "rates")
    explorer.image = 3
    assert (explorer.t, explorer.view) == (4, "rates")  # they stay


@pytest.mark.parametrize("state", [{"t": 3, "view": "h"}, {"t": 6}, {"view": "v"}])
def test_the_browser_moves_timestep_and_view(explorer, state):
    part(explorer, "Player").set_state(state)
    assert {"t": explorer.t, "view": explorer.view} == {"t": 1, "view": "spikes"} | state


@pytest.mark.parametrize("state", [{"t": 0}, {"t": 7}, {"t": "x"}, {"t": None}, {"view": "all"}])
def test_nonsense_of_the_browser_moves_nothing(explorer, state):
    with pytest.raises(TraitError):
        part(explorer, "Player").set_state(state)
    assert (explorer.t, explorer.view) == (1, "spikes")


@pytest.mark.parametrize(
    "told",
    [
        ["neuron", {"network": 2, "stage": 0, "index": 0}],
        ["neuron", {"network": -1, "stage": 0, "index": 0}],
        ["neuron", {"network": 0, "stage": 9, "index": 0}],
        ["neuron", {"network": 0, "stage": 0, "index": 10**6}],
        ["neuron", {"network": 0, "stage": 0.5, "index": 0}],
        ["neuron", {"network": "noise"}],
        ["neuron", {"network": "0", "stage": 0, "index": 0}],
        ["neuron", {"network": 0.5, "stage": 0, "index": 0}],
        ["neuron", {"network": 0, "stage": 0, "index": -1}],
        ["neuron", None],
        ["more", {"stage": -1, "first": 0}],
        ["more", {"stage": 0, "first": "x"}],
        ["ink", {"side": 3, "pixels": ""}],
        ["ink", told_ink(np.zeros((SIDE, SIDE), np.uint8))],
        ["ink", "ink"],
        ["else", 1],
        ["ink"],
        {"what": "ink"},
        7,
        None,
    ],
)
def test_nonsense_told_by_the_browser_does_nothing(explorer, told):
    before = part(explorer, "Player").given
    part(explorer, "Player")._handle_custom_msg(told, [])
    part(explorer, "Pad")._handle_custom_msg(told, [])
    assert part(explorer, "Player").given == before
    assert explorer.neuron is None
    assert explorer.drawn is None
    assert not explorer.controls["draw"].value


@pytest.mark.slow
def test_a_neuron_that_is_clicked_opens_below(explorer):
    index = int(explorer.seen["noise"].stages[0].spikes.sum(0).argmax())
    tell(explorer, "neuron", {"network": 0, "stage": 0, "index": index})
    assert explorer.neuron == ("noise", 0, index)
    assert part(explorer, "Player").neuron == [0, 0, index]
    potential, residuals = explorer.pictures
    fired = int(explorer.seen["noise"].stages[0].spikes[:, index].sum())
    shown = explorer.children[4].value
    assert shown.count("<img ") == 2
    assert f"fires at {fired} of 6 timesteps" in shown
    assert f"{fired} spike" in potential.alt
    assert "Current" in potential.alt  # its currents are in the picture
    assert "Over 120 images it was" in residuals.summary
    assert residuals.summary.endswith("All 120 test images.")
    explorer.image = 1  # it stays open, and follows; its residuals are of all images
    assert "Test image 1" in explorer.children[4].value
    assert explorer.pictures[0].png != potential.png
    assert explorer.pictures[1] is residuals
    explorer.neuron = ("noise", 0, (index + 1) % 20)
    assert explorer.pictures[1].png != residuals.png
    explorer.neuron = None
    assert explorer.children[4].value == ""


def test_a_neuron_that_is_closed_in_the_player_is_closed_below(explorer):
    explorer.neuron = ("noise", 0, 3)
    tell(explorer, "neuron", None)
    assert explorer.neuron is part(explorer, "Player").neuron is None
    assert explorer.children[4].value == ""


def test_a_neuron_without_noise_has_no_noise_over_its_residuals(explorer):
    explorer.neuron = ("no-noise-rest", 1, 3)
    assert re.search(r"fires at \d of 6 timesteps\.</p>", explorer.children[4].value)


def test_a_digit_is_drawn_from_python_and_left_again(explorer):
    explorer.draw(stroke())
    player, pad = part(explorer, "Player"), part(explorer, "Pad")
    assert explorer.drawn.shape == (1, 8, 8)
    assert player.given["title"] == "Your drawing"
    assert player.given["label"] is None
    assert "right" not in player.given["said"][-1]  # nobody knows the class
    assert explorer.controls["draw"].value
    assert pad.layout.display != "none"
    assert pad.given["said"] == player.given["said"][-1]
    assert pad.given["seen"]["width"] == 8
    pressed = explorer.controls["draw"]
    pressed.value = False
    assert player.given["title"] == "Test image 0, of class 0"
    assert pad.layout.display == "none"
    pressed.value = True  # the drawing is still on the pad
    assert player.given["title"] == "Your drawing"
    explorer.image = 0
    assert explorer.drawn is None
    assert player.given["title"] == "Test image 0, of class 0"


def test_a_digit_is_drawn_in_the_browser_and_taken_back(explorer):
    explorer.controls["draw"].value = True
    tell(explorer, "ink", told_ink(stroke()), "Pad")
    assert part(explorer, "Player").given["title"] == "Your drawing"
    tell(explorer, "ink", None, "Pad")
    assert explorer.drawn is None
    assert part(explorer, "Player").given["title"] == "Test image 0, of class 0"
    assert explorer.controls["draw"].value  # the pad stays


def test_more_maps_on_demand(images):
    net = build(Architecture("convnet", width=70), image_shape=(1, 8, 8), classes=10, seed=0)
    explorer = network_explorer(net, images, CLASSES, timesteps=2)
    stage = part(explorer, "Player").given["networks"][0]["stages"][0]
    assert (stage["maps"], stage["first"]) == (70, 0)
    tell(explorer, "more", {"stage": 0, "first": 64})
    stage = part(explorer, "Player").given["networks"][0]["stages"][0]
    assert (stage["first"], stage["shown"]) == (64, 6)


def test_a_network_without_a_name_and_images_that_nobody_can_draw(images):
    explorer = network_explorer(network(), images, CLASSES, timesteps=2)
    assert list(explorer.seen) == ["network"]
    assert set(explorer.controls) == {"image", "kind"}
    with pytest.raises(DataError, match="nobody can draw"):
        explorer.draw(stroke())


def test_every_control_has_a_name_of_its_own(explorer):
    names = [control.tooltip for control in explorer.controls.values()]
    assert all(names)
    assert len(set(names)) == len(names)


@pytest.mark.slow
def test_where_widgets_do_not_run_it_plays_and_says_what_is_seen(explorer):
    explorer.neuron, explorer.t, explorer.view = ("noise", 0, 2), 3, "v"
    bundle = explorer._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    html, given = bundle["text/html"], part(explorer, "Player").given
    assert '<script type="module">' in html
    assert json.dumps(given["data"]) in html
    assert '{ t: 3, view: "v", neuron: [0, 0, 2], dark }' in html
    assert not re.search(r"(src|href)=.?https?:", html)
    assert html.count("<img ") == html.count("<figcaption ") == 2  # of the neuron that is open
    assert bundle["text/plain"] == f"{given['title']}. {given['said'][-1]}"
    assert bundle == explorer._repr_mimebundle_()  # the same, whenever it is shown


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"nets": {}}, "nets is empty"),
        ({"nets": [network()]}, "nets must be a SpikingNet, or several by name; got a list"),
        ({"nets": an_ann()}, "must be a SpikingNet.* got a ANN"),
        ({"nets": {"noise": network(), "ann": an_ann()}}, "must be a SpikingNet.* got a ANN"),
        ({"image": 2.7}, "image must be a whole number, got 2.7"),
        ({"timesteps": 0}, "timesteps"),
        ({"image": 120}, "image must be 0 to 119, got 120"),
        ({"data": "cifar10"}, "nobody can draw"),
        ({"data": "digit"}, "digit"),
    ],
)
def test_what_makes_no_sense_is_refused(images, change, said):
    given = {"nets": network(), "images": images, "classes": CLASSES} | change
    with pytest.raises(ValueError, match=said):
        network_explorer(**given)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("image", 120),
        ("image", -1),
        ("t", 7),
        ("view", "all"),
        ("neuron", ("noise", 0, 10**6)),
        ("neuron", ("noise", 3, 0)),
        ("neuron", ("else", 0, 0)),
        ("neuron", ("noise", 0, 1.5)),
        ("neuron", ("noise", 0)),
        ("neuron", "noise"),
        ("image", 2.5),
        ("image", "3"),
        ("t", 2.5),
        ("t", "3"),
    ],
)
def test_what_cannot_be_shown_is_refused_and_changes_nothing(explorer, name, value):
    before = getattr(explorer, name)
    with pytest.raises(ValueError, match=f"{name}|network|stage|index"):
        setattr(explorer, name, value)
    assert getattr(explorer, name) == before
    explorer.image = 1  # and it goes on

"""What is sent to the player: one image on its way through networks."""

from __future__ import annotations

import base64
import json
import re
import zlib

import numpy as np
import pytest
import torch
from torch import nn

from snnlab.measure.decisions import images_of_kind, next_of
from snnlab.measure.one_image import firing_in_training, parts_at, see_image
from snnlab.network import Architecture, SpikingNet, Stage, build, record
from snnlab.network.probes import run_whole
from snnlab.neuron import Neuron, NeuronLayer, Noise, registry
from snnlab.neuron.families import Uniform
from snnlab.neuron.own_layer import StepLayer
from snnlab.show.explorer import frames as told
from snnlab.show.explorer.frames import frames, lanes, neuron_words
from snnlab.show.explorer.player import PLAYER_JS, player_page
from tests.forgetful_registry import forgetful_registry

PIXELS = np.array([[[200, 100]]], np.uint8)  # (1, 1, 2)
IMAGE = torch.tensor([[[1.0, 0.5]]])  # (1, 1, 2), normalised

# Each neuron starts at 0.25 and fires at 1; a column is a neuron, a row a timestep.
# Stage 1, two maps of 1 x 2, currents 0.5, 0.25 and 0.75, 0.375:
H1 = [
    [0.75, 0.5, 1.0, 0.625],
    [1.25, 0.75, 0.75, 1.0],
    [0.75, 1.0, 1.5, 0.375],
    [1.25, 0.25, 1.25, 0.75],
]
S1 = [[0, 0, 1, 0], [1, 0, 0, 1], [0, 1, 1, 0], [1, 0, 1, 0]]
V1 = [
    [0.75, 0.5, 0.0, 0.625],
    [0.25, 0.75, 0.75, 0.0],
    [0.75, 0.0, 0.5, 0.375],
    [0.25, 0.25, 0.25, 0.75],
]
# Stage 2, a row of three: 0.5 from the first spike, 0.75 from the third, 1 and -2 from the second
# and the fourth: currents 0, 0.75, 0; 0.5, 0, -2; 0, 0.75, 1; 0.5, 0.75, 0.
H2 = [[0.25, 1.0, 0.25], [0.75, 0.0, -1.75], [0.75, 0.75, -0.75], [1.25, 1.5, -0.75]]
S2 = [[0, 1, 0], [0, 0, 0], [0, 0, 0], [1, 1, 0]]
V2 = [[0.25, 0.0, 0.25], [0.75, 0.0, -1.75], [0.75, 0.75, -0.75], [0.25, 0.5, -0.75]]
# Readout: three times the first neuron, and the second; mean so far.
READOUT = [[0, 1], [0, 0.5], [0, 1 / 3], [0.75, 0.5]]
# Without noise training's one timestep is the first: spikes 0 0 1 0 and 0 1 0. Rates after two
# timesteps are 0.5 0 0.5 0.5, three of four 0.5 away; and so on.
MOVED1 = [0, 1.5 / 4, (4 / 3) / 4, 1.25 / 4]
MOVED2 = [0, 0.5 / 3, (2 / 3) / 3, 0.75 / 3]


def by_hand() -> SpikingNet:
    """The network of the numbers above."""
    conv = nn.Conv2d(1, 2, 1, bias=False)
    conv.weight.data = torch.tensor([0.5, 0.75]).reshape(2, 1, 1, 1)
    linear = nn.Linear(4, 3, bias=False)
    linear.weight.data = torch.tensor(
        [[0.5, 0.0, 0.0, 0.0], [0.0, 0.0, 0.75, 0.0], [0.0, 1.0, 0.0, -2.0]]
    )
    readout = nn.Linear(3, 2, bias=False)
    readout.weight.data = torch.tensor([[3.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    start = Neuron(v_init=0.25)
    stages = [
        Stage(conv, NeuronLayer(start)),
        Stage(nn.Sequential(nn.Flatten(), linear), NeuronLayer(start)),
    ]
    return SpikingNet(stages, readout, (1, 1, 2))


def unpacked(text: str) -> np.ndarray:
    return np.frombuffer(zlib.decompress(base64.b64decode(text)), np.uint8)


def decoded(made: dict, network: int, stage: int) -> tuple[np.ndarray, ...]:
    """Spikes, h and v of a stage as the browser reads them, (T, maps, H, W) each."""
    at = made["networks"][network]["stages"][stage]
    shape = (made["T"], at["shown"], at["height"], at["width"])
    size = int(np.prod(shape))
    data = unpacked(made["data"])
    parts = [data[at["at"] + i * size : at["at"] + (i + 1) * size].reshape(shape) for i in range(3)]
    low, high, codes = (made["levels"][name] for name in ("low", "high", "codes"))
    return parts[0], *(low + part / codes * (high - low) for part in parts[1:])


@pytest.fixture
def tiny():
    seen = see_image(by_hand(), IMAGE, 4)
    return frames(
        lanes({"noise": seen}), PIXELS, ["no", "yes"], title="Test image 1, a no", label=0
    )


def test_an_image_followed_by_hand_through_two_stages(tiny):
    spikes, h, v = decoded(tiny, 0, 0)
    np.testing.assert_array_equal(spikes, np.reshape(S1, (4, 2, 1, 2)))
    half = 1.5 / 255 + 1e-9  # half a code: 3 v_th in 255 steps
    np.testing.assert_allclose(h, np.reshape(H1, (4, 2, 1, 2)), atol=half)
    np.testing.assert_allclose(v, np.reshape(V1, (4, 2, 1, 2)), atol=half)
    spikes, h, v = (part.reshape(4, 4) for part in decoded(tiny, 0, 1))
    np.testing.assert_array_equal(spikes[:, :3], S2)
    np.testing.assert_allclose(h[:, :3], np.clip(H2, -1, 2), atol=half)
    np.testing.assert_allclose(v[:, :3], np.clip(V2, -1, 2), atol=half)
    assert not spikes[:, 3].any()  # the padding of a row of three
    np.testing.assert_array_equal(unpacked(tiny["image"]["pixels"]), [200, 100])
    path = see_image(by_hand(), IMAGE, 4).stages[0].path(2)
    for part, values in zip(path[1:], (H1, V1, S1), strict=True):
        np.testing.assert_allclose(part, np.array(values)[:, 2], atol=1e-6)
    np.testing.assert_allclose(path.currents, 0.75)


def test_numbers_beside_the_maps_by_hand(tiny):
    (network,) = tiny["networks"]
    one, two = network["stages"]
    assert (one["is_map"], one["maps"], one["size"]) == (True, 2, "2 maps of 1 x 2")
    assert (two["is_map"], two["neurons"], two["size"]) == (False, 3, "3 neurons")
    assert (two["height"], two["width"]) == (2, 2)
    assert one["fired"] == [1, 2, 2, 2]
    assert two["fired"] == [1, 0, 0, 2]
    np.testing.assert_allclose(one["moved"], MOVED1, atol=5e-5)
    np.testing.assert_allclose(two["moved"], MOVED2, atol=5e-5)
    np.testing.assert_allclose(network["readout"], READOUT, atol=5e-5)
    assert network["decisions"] == [1, 1, 1, 0]
    assert network["since"] == [1, 1, 1, 4]
    assert network["says"][2] == "says yes: wrong, since t = 1"
    assert network["says"][3] == "says no: right, since t = 4"


def test_sentences(tiny):
    assert tiny["said"][0] == "After 1 timestep: with noise says yes: wrong, since t = 1."
    assert tiny["said"][3] == "After 4 timesteps: with noise says no: right, since t = 4."
    assert tiny["networks"][0]["stages"][1]["says"][1] == (
        "Stage 2 at t = 2: 0 of 3 neurons fire; potentials before firing lie from \u22121.75 to "
        "0.75 v_th; rate so far 0.17 on average."
    )
    stages = see_image(by_hand(), IMAGE, 1).stages
    assert neuron_words(stages[0], 3) == "map 2, row 1, column 2"
    assert neuron_words(stages[1], 2) == "neuron 3"


def test_networks_part_where_their_decisions_first_differ():
    seen, other = see_image(by_hand(), IMAGE, 4), by_hand()
    other.readout.weight.data.mul_(torch.tensor([[1.0], [4.0]]))
    stays = see_image(other, IMAGE, 4)
    assert stays.decisions == [1, 1, 1, 1]
    assert parts_at(seen, stays) == 4
    assert parts_at(seen, seen) is None
    assert (seen.decided_at(), seen.decided_at(3), stays.decided_at()) == (4, 1, 1)
    made = frames(lanes({"a": seen, "b": stays}), PIXELS, ["no", "yes"], title="A drawing")
    assert "part at" not in made["said"][2]
    assert made["said"][3].endswith("says yes, since t = 1. They part at t = 4.")
    assert made["networks"][0]["colour"] != made["networks"][1]["colour"]


def test_kinds_of_images():
    decisions = np.array([[1, 0, 2, 2], [1, 1, 2, 0], [1, 1, 0, 2]])
    labels = np.array([1, 1, 2, 2])
    assert images_of_kind("gained", decisions, labels) == [1]
    assert images_of_kind("lost", decisions, labels) == [2]
    assert images_of_kind("wavering", decisions, labels) == [1, 2, 3]
    assert [next_of([2, 7], at) for at in (1, 2, 7)] == [2, 7, 2]
    assert next_of([], 3) is None


def net_of(name="convnet", shape=(1, 12, 12), **options) -> SpikingNet:
    arch = {k: options.pop(k) for k in ("width", "learned_threshold") if k in options}
    arch = Architecture(name, **{"width": 4} | arch)
    return build(arch, image_shape=shape, classes=5, seed=0, **options)


def image_of(shape=(1, 12, 12)):
    return torch.randn(shape, generator=torch.Generator().manual_seed(3))


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("mlp", {"noise": Noise()}),
        ("convnet", {"noise": Noise("logistic", sigma=0.4)}),
        ("convnet", {"learned_threshold": "layer"}),
        ("convnet", {"learned_threshold": "channel", "noise": Noise("uniform")}),
        ("convnet", {"neuron": Neuron(v_th=2.0, v_init=0.3, beta=0.9)}),
        ("mlp", {"neuron": Neuron(reset="zero")}),
        ("vgg11", {"shape": (3, 32, 32)}),
        ("resnet18", {"shape": (3, 8, 8), "noise": Noise()}),
    ],
)
def test_every_network_is_seen_as_it_runs(name, options):
    net = net_of(name, **options).train()
    image = image_of(options.get("shape", (1, 12, 12)))
    state = torch.get_rng_state()
    seen = see_image(net, image, 3)
    assert net.training
    assert torch.equal(state, torch.get_rng_state())
    assert len(seen.stages) == len(net.stages)
    net.eval()
    expected = record(net, image[None], 3)
    for stage, recorded, layer in zip(seen.stages, expected, net.neuron_layers(), strict=True):
        np.testing.assert_array_equal(stage.spikes, recorded.spikes[:, 0])
        np.testing.assert_array_equal(stage.spikes, stage.h >= stage.v_th)
        down = stage.h if layer.neuron.reset == "zero" else stage.v_th
        np.testing.assert_allclose(stage.v, stage.h - down * stage.spikes, atol=1e-5)
        before = np.concatenate([np.full_like(stage.v[:1], stage.v_init), stage.v[:-1]])
        np.testing.assert_allclose(stage.h, layer.neuron.beta * before + stage.currents, atol=1e-5)
        assert 0 <= stage.trained.min() <= stage.trained.max() <= 1
        if "noise" not in options:  # the one timestep of training is the first
            np.testing.assert_array_equal(stage.trained, stage.spikes[0])
            assert stage.moved[0] == 0
    with torch.no_grad():
        np.testing.assert_allclose(seen.readout[-1], net(image[None], 3)[0], atol=1e-4)
    made = frames(lanes({name: seen}), np.zeros(image.shape, np.uint8), list("abcde"), title="x")
    json.dumps(made, allow_nan=False)


def test_noise_of_training_is_averaged_over_its_draws():
    net = net_of("mlp", noise=Noise())
    one, same, other = (see_image(net, image_of(), 1, seed=seed) for seed in (0, 0, 1))
    shares = [seen.stages[1].trained for seen in (one, same, other)]
    np.testing.assert_array_equal(shares[0], shares[1])
    assert (shares[0] != shares[2]).any()
    assert len(np.unique(shares[0])) > 2


@pytest.mark.parametrize(
    "options",
    [
        {"noise": Noise()},
        {"noise": Noise("uniform", timesteps=4), "neuron": Neuron(v_th=2.0)},
        {"noise": Noise(sigma=0.4, learned="channel"), "learned_threshold": "layer"},
        {"noise": Noise("logistic"), "neuron": Neuron(beta=0.8)},
        {"noise": Noise("logistic"), "layer": StepLayer},
    ],
)
def test_the_firing_of_training_is_that_over_very_many_draws(options):
    net = driven(net_of("mlp", width=16, **options))
    for layer in net.neuron_layers():
        if getattr(layer, "log_sigma_ratio", None) is not None:
            layer.log_sigma_ratio.data += 0.3
    draws, one = 20000, image_of()[None]
    rates = [
        recorded.mean((0, 1)).numpy()
        for recorded in spikes_of(net, one.expand(draws, *one.shape[1:]))
    ]
    few, over = firing_in_training(net, one[0], draws=256), 4
    for found, often in zip(few, rates, strict=True):
        assert 0.02 < often.mean() < 0.98
        spread = np.sqrt(often * (1 - often) * (1 / 256 + 1 / draws)) + 1e-3
        assert (np.abs(found.numpy() - often) < over * spread).all()
    # Of the first stage the currents are no matter of chance: nor then is how often it fires.
    if "layer" not in options:
        (few, *_), (more, *_) = (firing_in_training(net, one[0], draws=n, seed=n) for n in (2, 3))
        np.testing.assert_allclose(few, more, atol=1e-6)


def driven(net):
    """All neurons of an untrained network get a current of about 0.5."""
    for norm in net.eval().modules():
        if isinstance(norm, nn.BatchNorm1d | nn.BatchNorm2d):
            nn.init.constant_(norm.bias, 0.5)
    return net


def spikes_of(net, images):
    """Spikes of each stage in one timestep with noise, (1, B, *)."""
    found, layers = [], list(net.neuron_layers())
    generator = torch.Generator().manual_seed(7)

    def fire(stage, currents):
        found.append(layers[stage].advance(currents, generator=generator)[0])
        return found[-1]

    with torch.no_grad():
        run_whole(net, images, 1, fire, generator)
    return found


def test_a_network_of_bptt_trained_over_several_timesteps():
    net, image = driven(net_of(neuron=Neuron(v_init=0.0))), image_of()
    seen = see_image(net, image, 6, trained_over=4)
    for stage in seen.stages:
        np.testing.assert_allclose(stage.trained, stage.rates[3], atol=1e-6)
        assert stage.moved[3] < 1e-6 < stage.moved[0]
    with pytest.raises(ValueError, match="timesteps"):
        see_image(net, image, 6, trained_over=0)


def test_a_family_of_ones_own():
    class Narrow(Uniform):
        name = "narrow"
        on_gpu = None

    with forgetful_registry():
        registry.register(Narrow())
        seen = see_image(net_of("mlp", noise=Noise("narrow")), image_of(), 2)
    assert 0 < seen.stages[0].trained.mean() < 1


class Bare(nn.Module):
    """Fires, and shows nothing of its potentials."""

    def advance(self, currents, v=None, *, generator=None):
        return (currents > 0).float(), currents[-1]


def test_neurons_that_cannot_be_watched():
    with pytest.raises(ValueError, match=r"see_image\(\)"):
        see_image(net_of("mlp", layer=Bare), image_of(), 2)


def test_maps_on_demand(monkeypatch):
    monkeypatch.setattr(told, "MOST_MAPS", 2)
    seen = see_image(net_of(width=5), image_of(), 2)
    made = [
        frames(lanes({"x": seen}), PIXELS, list("abcde"), title="x", first=(first,))
        for first in (0, 2, 4, 99)
    ]
    stages = [each["networks"][0]["stages"][0] for each in made]
    assert [(stage["first"], stage["shown"]) for stage in stages] == [
        (0, 2),
        (2, 2),
        (4, 1),
        (4, 1),
    ]
    assert [stage["part"] for stage in stages[:3]] == ["maps 1 to 2", "maps 3 to 4", "maps 5 to 5"]
    whole = seen.stages[0].spikes
    for each, stage in zip(made, stages, strict=True):
        shown = whole[:, stage["first"] : stage["first"] + stage["shown"]]
        np.testing.assert_array_equal(decoded(each, 0, 0)[0], shown)
        assert stage["fired"] == whole.reshape(2, -1).sum(1).tolist()  # of all maps
    assert made[1]["networks"][0]["stages"][1]["first"] == 0


def test_large_maps_stay_within_the_limit(monkeypatch):
    seen = see_image(net_of(width=8), image_of(), 2)
    shown = lanes({"x": seen})
    whole = unpacked(frames(shown, PIXELS, list("abcde"), title="x")["data"]).size
    monkeypatch.setattr(told, "MOST_BYTES", whole - 1)
    made = frames(shown, PIXELS, list("abcde"), title="x")
    assert 0 < unpacked(made["data"]).size < whole
    assert any(stage["shown"] < stage["maps"] for stage in made["networks"][0]["stages"])


def test_what_cannot_be_shown():
    seen, shorter = see_image(by_hand(), IMAGE, 4), see_image(by_hand(), IMAGE, 3)
    with pytest.raises(ValueError, match=r"equally many timesteps, got \[3, 4\]"):
        frames(lanes({"a": seen, "b": shorter}), PIXELS, ["no", "yes"], title="x")
    with pytest.raises(ValueError, match="equally many"):
        frames([], PIXELS, ["no", "yes"], title="x")
    with pytest.raises(ValueError, match="tell 2 classes apart, got 3 names"):
        frames(lanes({"a": seen}), PIXELS, ["no", "yes", "perhaps"], title="x")
    with pytest.raises(ValueError, match="timesteps"):
        see_image(by_hand(), IMAGE, 0)
    with pytest.raises(ValueError, match=r"shape \(1, 1, 2\), got float32 \(1, 2, 2\)"):
        see_image(by_hand(), torch.zeros(1, 2, 2), 4)


def test_nothing_in_the_data_ends_the_script(tiny):
    evil = tiny | {"title": "</script><script>alert(1)</script><!--", "classes": ["</SCRIPT>", "b"]}
    page = player_page(evil, t=4)
    assert page.lower().count("</script") == 1
    assert "<!--" not in page
    sent = re.search(r"mount\(place, (\{.*\}), null, \{ t: 4, .*\}\);", page)
    assert json.loads(sent.group(1))["title"] == evil["title"]
    assert "</script" not in PLAYER_JS.lower()
    for t in (0, 5):
        with pytest.raises(ValueError, match=f"from 1 to 4, got {t}"):
            player_page(tiny, t=t)
    with pytest.raises(ValueError, match="spikes, h, v, rates, got 'all'"):
        player_page(tiny, view="all")


def test_the_player_asks_no_other_machine_and_has_all_its_words():
    addresses = re.findall(r"https?://[^\s\"'`]+", PLAYER_JS)
    assert addresses == ["http://www.w3.org/2000/svg"]
    used = set(re.findall(r"\bwords\.(\w+)", PLAYER_JS))
    assert used <= set(told.WORDS)
    assert "innerHTML" not in PLAYER_JS

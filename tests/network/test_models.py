"""The architectures: spiking and ReLU from one description, sizes, counts, peers."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
import torchvision
from torch import nn
from torch.nn import functional

from snnlab.network import ANN, Architecture, SpikingNet, build
from snnlab.network.spec import DEFAULT_WIDTH
from snnlab.neuron import Neuron, NeuronLayer, Noise, Surrogate

MODELS = list(DEFAULT_WIDTH)
SMALLEST = {"mlp": 1, "convnet": 4, "convnet6": 4, "vgg11": 16, "vgg16": 16, "resnet18": 8}


def parameters(net: nn.Module) -> int:
    return sum(p.numel() for p in net.parameters())


def norms(net: nn.Module) -> list[nn.Module]:
    return [m for m in net.modules() if isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d)]


@pytest.mark.parametrize("name", MODELS)
def test_the_spiking_network_and_its_relu_twin_start_with_equal_weights(name):
    size = (3, 32, 32)
    spiking, relu = (
        build(Architecture(name, width=8), image_shape=size, classes=5, seed=3, activation=kind)
        for kind in ("spiking", "relu")
    )
    assert isinstance(spiking, SpikingNet)
    assert isinstance(relu, ANN)
    ours, twins = spiking.state_dict(), relu.state_dict()
    assert list(ours) == list(twins)
    assert all(torch.equal(ours[key], twins[key]) for key in ours)
    assert all(isinstance(stage.neuron, NeuronLayer) for stage in spiking.stages)
    assert all(isinstance(stage.neuron, nn.ReLU) for stage in relu.stages)


@pytest.mark.sample(12)
@pytest.mark.parametrize("activation", ["spiking", "relu"])
@pytest.mark.parametrize("channels", [1, 2, 3, 5])
@pytest.mark.parametrize("name", MODELS)
def test_any_number_of_channels_and_any_size_from_the_smallest_on(name, channels, activation):
    for height, width in ((0, 0), (1, 4)):
        shape = (channels, SMALLEST[name] + height, SMALLEST[name] + width)
        arch = Architecture(name, width=2)
        net = build(arch, image_shape=shape, classes=4, seed=0, activation=activation)
        assert net.eval()(torch.randn(3, *shape)).shape == (3, 4)


@pytest.mark.parametrize("name", [name for name in MODELS if name != "mlp"])
def test_too_small_images_are_an_error_that_says_why(name):
    least = SMALLEST[name]
    with pytest.raises(ValueError, match=f"{name} halves .* at least {least} x {least}") as caught:
        build(Architecture(name), image_shape=(3, 40, least - 1), classes=10, seed=0)
    assert str((3, 40, least - 1)) in str(caught.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"activation": "sigmoid"}, "'sigmoid'; valid: spiking, relu"),
        ({"classes": 1}, "classes must be at least 2, got 1"),
        ({"image_shape": (0, 8, 8)}, r"1 or more channels; got \(C, H, W\) = \(0, 8, 8\)"),
    ],
)
def test_impossible_networks_are_refused(options, message):
    valid = {"image_shape": (1, 8, 8), "classes": 10, "seed": 0}
    with pytest.raises(ValueError, match=message):
        build(Architecture(), **valid | options)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"name": "vgg19"}, "'vgg19'; valid: mlp, convnet, convnet6, vgg11, vgg16, resnet18"),
        ({"width": 0}, "width must be at least 1, got 0"),
        ({"norm_weight": 0.0}, r"norm_weight must be a number above 0, got 0\.0"),
    ],
)
def test_impossible_architectures_are_refused(values, message):
    with pytest.raises(ValueError, match=message):
        Architecture(**values)


def test_the_seed_alone_decides_the_weights():
    torch.manual_seed(5)
    before = torch.get_rng_state()
    one = build(Architecture(), image_shape=(1, 8, 8), classes=10, seed=0).state_dict()
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(6)
    again = build(Architecture(), image_shape=(1, 8, 8), classes=10, seed=0).state_dict()
    other = build(Architecture(), image_shape=(1, 8, 8), classes=10, seed=1).state_dict()
    assert all(torch.equal(one[key], again[key]) for key in one)
    assert not torch.equal(one["stages.0.layers.1.weight"], other["stages.0.layers.1.weight"])


def test_every_neuron_layer_gets_the_constants_asked_for():
    neuron, noise, surrogate = Neuron(v_th=2.0), Noise("uniform"), Surrogate("triangle")
    options = {"neuron": neuron, "noise": noise, "surrogate": surrogate}
    net = build(Architecture("convnet"), image_shape=(1, 8, 8), classes=3, seed=0, **options)
    layers = net.neuron_layers()
    assert len(layers) == 3
    assert all((n.neuron, n.noise, n.surrogate) == (neuron, noise, surrogate) for n in layers)


@pytest.mark.parametrize(
    ("norm_weight", "noise", "activation", "expected"),
    [
        (None, None, "spiking", 1.0),
        (None, Noise(), "spiking", 0.5),
        (None, Noise(), "relu", 1.0),
        (0.7, Noise(), "spiking", 0.7),
        (0.7, None, "relu", 0.7),
    ],
)
def test_batch_norms_start_lower_under_noise(norm_weight, noise, activation, expected):
    net = build(
        Architecture("resnet18", width=2, norm_weight=norm_weight),
        image_shape=(1, 8, 8),
        classes=3,
        seed=0,
        activation=activation,
        noise=noise,
    )
    assert len(norms(net)) == 20  # 17 convolutions and 3 shortcuts
    assert all(torch.equal(n.weight, torch.full_like(n.weight, expected)) for n in norms(net))


@pytest.mark.parametrize(
    ("name", "shape", "count"),
    [
        # weights without bias, twice as many numbers as channels per batch norm, linear layer
        ("mlp", (1, 8, 8), 64 * 64 + 64 * 64 + 2 * 128 + 64 * 10 + 10),
        (
            "convnet",
            (1, 28, 28),
            9 * (32 + 32 * 64 + 64 * 64) + 2 * (32 + 64 + 64) + 64 * 7 * 7 * 10 + 10,
        ),
    ],
)
def test_parameters_of_the_small_networks(name, shape, count):
    assert parameters(build(Architecture(name), image_shape=shape, classes=10, seed=0)) == count


@pytest.mark.parametrize(("name", "letter"), [("vgg11", "A"), ("vgg16", "D")])
def test_vgg_has_the_convolutions_and_poolings_of_the_paper(name, letter):
    net = build(Architecture(name), image_shape=(3, 32, 32), classes=10, seed=0)
    ours: list[int | str] = []
    for module in net.modules():
        if isinstance(module, nn.AvgPool2d):
            ours.append("M")
        elif isinstance(module, nn.Conv2d):
            ours.append(module.out_channels)
            assert module.kernel_size == (3, 3)
            assert module.padding == (1, 1)
    paper = torchvision.models.vgg.cfgs[letter]
    assert [*ours, "M"] == paper  # our last pooling is the global one of the head
    channels = [3, *(n for n in paper if n != "M")]
    weights = sum(9 * a * b for a, b in pairwise(channels))
    assert parameters(net) == weights + 2 * sum(channels[1:]) + 512 * 10 + 10


def randomise(net: nn.Module) -> None:
    """Give weights and statistics of every batch norm values that matter."""
    for norm in norms(net):
        nn.init.uniform_(norm.weight, 0.5, 1.5)
        nn.init.normal_(norm.bias, std=0.2)
        nn.init.normal_(norm.running_mean, std=0.2)
        nn.init.uniform_(norm.running_var, 0.5, 1.5)


def torchvision_twin(net: ANN) -> nn.Module:
    """The ResNet-18 of torchvision for 32 x 32 images, with the weights of ours."""
    peer = torchvision.models.resnet18(num_classes=10)
    peer.conv1 = nn.Conv2d(3, 64, 3, padding=1, bias=False)
    peer.maxpool = nn.Identity()
    parts = [nn.ModuleList([peer.conv1, peer.bn1])]
    for block in (b for i in range(1, 5) for b in getattr(peer, f"layer{i}")):
        second = nn.ModuleList([block.conv2, block.bn2])
        if block.downsample is not None:
            second.extend(block.downsample)
        parts += [nn.ModuleList([block.conv1, block.bn1]), second]
    for theirs, stage in zip(parts, net.stages, strict=True):
        values = [*stage.layers.state_dict().values()]
        if stage.shortcut is not None:
            values += stage.shortcut.state_dict().values()
        theirs.load_state_dict(dict(zip(theirs.state_dict(), values, strict=True)))
    peer.fc.load_state_dict(net.readout[-1].state_dict())
    return peer.eval()


def test_the_relu_resnet_is_torchvisions_resnet18():
    options = {"image_shape": (3, 32, 32), "classes": 10, "seed": 0, "activation": "relu"}
    net = build(Architecture("resnet18"), **options).eval()
    randomise(net)
    peer = torchvision_twin(net)
    assert parameters(net) == parameters(peer) == 11_173_962
    images = torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(net(images), peer(images), rtol=1e-4, atol=1e-4)


@torch.no_grad()
def test_the_sum_of_both_currents_of_a_residual_block_drives_its_neurons():
    """ResNet-18 at T = 1, written out block by block."""
    net = build(Architecture("resnet18", width=3), image_shape=(2, 9, 9), classes=4, seed=0)
    randomise(net)
    net = net.double().eval()
    weights = net.state_dict()

    def current(x, prefix, stride=1):
        kernel = weights[f"{prefix}.0.weight"]
        y = functional.conv2d(x, kernel, stride=stride, padding=kernel.shape[-1] // 2)
        norm = [
            weights[f"{prefix}.1.{name}"]
            for name in ("running_mean", "running_var", "weight", "bias")
        ]
        return functional.batch_norm(y, *norm)

    def spikes(drive):
        return (0.5 + drive >= 1).double()

    images = torch.randn(5, 2, 9, 9, dtype=torch.float64)
    x = spikes(current(images, "stages.0.layers"))
    for block in range(8):
        stride = 2 if block in (2, 4, 6) else 1
        middle = spikes(current(x, f"stages.{2 * block + 1}.layers", stride))
        second = f"stages.{2 * block + 2}"
        shortcut = x if stride == 1 else current(x, f"{second}.shortcut", stride)
        x = spikes(current(middle, f"{second}.layers") + shortcut)
    expected = x.mean((2, 3)) @ weights["readout.2.weight"].T + weights["readout.2.bias"]
    assert x.mean() > 0.05
    torch.testing.assert_close(net(images), expected)


def test_the_relu_twin_computes_its_stages_once(model, small_net, images_for):
    net, images = small_net(model, activation="relu"), images_for(model)
    inputs = [images]
    for stage in net.stages:
        y = stage.layers(inputs[-1])
        if stage.shortcut is not None:
            y = y + stage.shortcut(inputs[-2])
        inputs.append(y.clamp(min=0))
    assert torch.equal(net(images), net.readout(inputs[-1]))

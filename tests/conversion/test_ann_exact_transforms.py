"""The two steps of the conversion that must change nothing: folding batch norm, and rescaling."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn

from snnlab.conversion.folding import fold_batchnorm
from snnlab.conversion.normalisation import normalise
from snnlab.network.activations import QCFS
from snnlab.network.models import build
from snnlab.network.net import ANN, SpikingNet, Stage, StagedNet
from snnlab.network.spec import Architecture
from snnlab.neuron.spec import Neuron, Noise

SHAPES = {"mlp": (2, 5, 5), "convnet": (3, 9, 8), "vgg11": (1, 16, 17), "resnet18": (3, 9, 8)}
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)


def with_history(net: StagedNet) -> StagedNet:
    """The network in float64 and evaluation mode, with batch norms that have seen something."""
    for norm in (module for module in net.modules() if isinstance(module, NORMS)):
        norm.running_mean.uniform_(-0.3, 0.3)
        norm.running_var.uniform_(0.1, 2)
        if norm.affine:
            norm.weight.data.uniform_(0.5, 1.5)
            norm.bias.data.uniform_(-0.2, 0.5)
    return net.double().eval()


def model(name: str, activation: str = "relu") -> StagedNet:
    return with_history(
        build(
            Architecture(name, width=4),
            image_shape=SHAPES[name],
            classes=3,
            seed=0,
            activation=activation,
        )
    )


def odd_net() -> ANN:
    """What no model of the kit has: groups, biases, nesting, a pooled shortcut, no weights."""
    stages = [
        Stage(
            nn.Sequential(nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4, affine=False)), nn.ReLU()
        ),
        Stage(nn.Conv2d(4, 8, 3, padding=1, groups=2), QCFS(4)),
        Stage(
            nn.Sequential(nn.Sequential(nn.AvgPool2d(2), nn.Conv2d(8, 8, 1)), nn.Conv2d(8, 4, 1)),
            nn.ReLU(),
            shortcut=nn.AvgPool2d(2),
        ),
        Stage(nn.AvgPool2d(2), nn.ReLU()),
        Stage(
            nn.Sequential(nn.Flatten(), nn.Linear(16, 6, bias=False), nn.BatchNorm1d(6)), nn.ReLU()
        ),
        Stage(
            nn.Sequential(nn.Linear(6, 6), nn.BatchNorm1d(6)), nn.ReLU(), nn.Linear(6, 6), back=0
        ),
    ]
    net = with_history(ANN(stages, nn.Linear(6, 3), (2, 8, 8)))
    assert isinstance(net, ANN)
    return net


def pooled_readout() -> ANN:
    """A network whose classes are the channels of its last neurons."""
    stages = [Stage(nn.Conv2d(1, 3, 3), nn.ReLU())]
    return ANN(stages, nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()), (1, 6, 6)).double()


NETS = {
    **{name: lambda name=name: model(name) for name in SHAPES},
    "qcfs": lambda: model("convnet", "qcfs"),
    "odd": odd_net,
    "pooled readout": pooled_readout,
}
each_net = pytest.mark.parametrize("name", NETS)


def images_for(net: StagedNet) -> Tensor:
    return torch.randn(8, *net.image_shape, dtype=torch.float64)


def norms_of(net: nn.Module) -> list[str]:
    return [name for name, module in net.named_modules() if isinstance(module, NORMS)]


@pytest.mark.sample(2)
@each_net
def test_folding_keeps_the_logits(name: str) -> None:
    net = NETS[name]()
    images = images_for(net)
    folded = fold_batchnorm(net)
    assert not norms_of(folded)
    torch.testing.assert_close(folded(images), net(images), rtol=0, atol=1e-12)
    # and in float32, to its rounding
    low = images.float()
    torch.testing.assert_close(
        fold_batchnorm(copy.deepcopy(net).float())(low), net.float()(low), rtol=1e-5, atol=1e-5
    )


@pytest.mark.parametrize("name", SHAPES)
def test_folding_keeps_the_spikes(name: str) -> None:
    net = model(name, "spiking")
    assert isinstance(net, SpikingNet)
    net.timesteps = 5
    images = images_for(net)
    folded = fold_batchnorm(net)
    assert norms_of(net)
    assert not norms_of(folded)
    assert folded.timesteps == 5
    assert net(images).abs().sum() > 0
    torch.testing.assert_close(folded(images), net(images), rtol=0, atol=1e-10)


def test_folding_leaves_the_original_alone_and_keeps_the_neurons() -> None:
    net = build(
        Architecture("convnet", width=4),
        image_shape=(1, 8, 8),
        classes=3,
        seed=0,
        neuron=Neuron(v_th=0.7, beta=0.9),
        noise=Noise(),
    )
    before = copy.deepcopy(net.state_dict())
    folded = fold_batchnorm(net)
    assert net.training
    assert not any(module.training for module in folded.modules())
    assert [(n.neuron, n.noise, n.surrogate) for n in folded.neuron_layers()] == [
        (n.neuron, n.noise, n.surrogate) for n in net.neuron_layers()
    ]
    for parameter in folded.parameters():
        parameter.data.fill_(7)  # nothing is shared
    assert all(torch.equal(before[key], value) for key, value in net.state_dict().items())


@pytest.mark.parametrize(
    ("layers", "named"),
    [
        (
            nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2, track_running_stats=False)),
            r"'stages.0.layers.1' keeps no running statistics",
        ),
        (
            nn.Sequential(nn.Conv2d(1, 2, 3), nn.ModuleList([nn.BatchNorm2d(2)])),
            r"cannot fold 'stages.0.layers.1.0' \(BatchNorm2d\)",
        ),
    ],
)
def test_a_batch_norm_that_cannot_be_folded_is_named(layers: nn.Module, named: str) -> None:
    net = ANN([Stage(layers, nn.ReLU())], nn.Flatten(), (1, 8, 8))
    with pytest.raises(ValueError, match=named):
        fold_batchnorm(net)


@pytest.mark.sample(3)
@pytest.mark.parametrize("per_channel", [False, True])
@each_net
def test_rescaling_divides_the_activations_and_keeps_the_logits(
    name: str, per_channel: bool
) -> None:
    net = fold_batchnorm(NETS[name]())
    images = images_for(net)
    activations = list(net.activations(images))
    thresholds = []
    for stage, y in zip(net.stages, activations, strict=True):
        learned = isinstance(stage.neuron, QCFS)
        count = y.shape[1] if per_channel and not learned else 1
        chosen = stage.neuron.threshold.detach().view(1) if learned else 0.5 + 3 * torch.rand(count)
        thresholds.append(chosen.double())
    before = copy.deepcopy(net.state_dict())
    scaled = normalise(net, thresholds)
    torch.testing.assert_close(scaled(images), net(images), rtol=0, atol=1e-10)
    for found, y, threshold in zip(
        scaled.activations(images), activations, thresholds, strict=True
    ):
        over_channels = threshold.view(-1, *[1] * (y.ndim - 2))
        assert y.abs().sum() > 0
        torch.testing.assert_close(found, y / over_channels, rtol=0, atol=1e-10)
    assert all(torch.equal(before[key], value) for key, value in net.state_dict().items())


@pytest.mark.parametrize(
    ("before", "convolutions"),
    [
        ([nn.Conv2d(1, 2, 3), nn.AvgPool2d(2)], 1),
        ([nn.Conv2d(1, 2, 3), nn.AvgPool2d(3, stride=1)], 1),
        ([nn.Conv2d(1, 2, 3), nn.AvgPool2d(2, padding=1)], 2),
        ([nn.Conv2d(1, 2, 3), nn.AvgPool2d(3, ceil_mode=True)], 2),
        ([nn.Conv2d(1, 2, 3), nn.AvgPool2d(2, divisor_override=1)], 2),
        ([nn.Conv2d(1, 2, 3), nn.MaxPool2d(2)], 2),  # a negative weight turns its order
        ([nn.Conv2d(1, 2, 3), nn.ReLU()], 2),
        ([], 1),
        ([nn.AvgPool2d(2)], 1),
        ([nn.Flatten()], 1),
    ],
)
def test_a_batch_norm_is_folded_where_that_is_exact_and_else_becomes_a_convolution(
    before: list[nn.Module], convolutions: int
) -> None:
    flat = any(isinstance(layer, nn.Flatten) for layer in before)
    norm = nn.BatchNorm1d(81) if flat else nn.BatchNorm2d(2 if len(before) == 2 else 1)
    layers = nn.Sequential(*before, norm)
    net = with_history(ANN([Stage(layers, nn.ReLU())], nn.Flatten(), (1, 9, 9)))
    folded, images = fold_batchnorm(net), images_for(net)
    assert sum(isinstance(layer, nn.Conv2d) for layer in folded.modules()) == convolutions
    torch.testing.assert_close(folded(images), net(images), rtol=0, atol=1e-12)


def test_a_layer_used_twice_is_scaled_once_for_each_place() -> None:
    shared = nn.Conv2d(2, 2, 3, padding=1)
    stages = [Stage(shared, nn.ReLU()), Stage(shared, nn.ReLU())]
    net = ANN(stages, nn.Sequential(nn.Flatten(), nn.Linear(32, 3)), (2, 4, 4)).double().eval()
    images = images_for(net)
    scaled = normalise(net, [torch.tensor([2.0]).double(), torch.tensor([3.0]).double()])
    torch.testing.assert_close(scaled(images), net(images), rtol=0, atol=1e-12)


def test_a_residual_connection_between_vectors_needs_no_weights() -> None:
    stages = [
        Stage(nn.Sequential(nn.Flatten(), nn.Linear(4, 4)), nn.ReLU()),
        Stage(nn.Linear(4, 4), nn.ReLU(), shortcut=nn.Identity(), back=0),
    ]
    net = ANN(stages, nn.Identity(), (1, 2, 2)).double().eval()
    images = images_for(net)
    scaled = normalise(net, [torch.rand(4).double() + 0.5, torch.tensor([3.0]).double()])
    torch.testing.assert_close(scaled(images), net(images), rtol=0, atol=1e-12)


def test_neurons_behind_a_flatten_have_no_channels() -> None:
    stages = [Stage(nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten()), nn.ReLU())]
    net = ANN(stages, nn.Linear(8, 2), (1, 4, 4))
    with pytest.raises(ValueError, match=r"'stages.0.layers' has 2 channels where 8 thresholds"):
        normalise(net, [torch.ones(8)])

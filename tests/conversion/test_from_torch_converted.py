"""Networks of torch become spiking ones: converted, or trained with noise."""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest
import torch
import torchvision
from torch import Tensor, nn

from snnlab.conversion.ann import certify_ann, convert_ann, thresholds_of
from snnlab.conversion.noise_calibration import with_noise
from snnlab.conversion.timesteps import convert
from snnlab.data.images import Data, Images
from snnlab.data.sources import load_data
from snnlab.learning.fit import fit
from snnlab.learning.objectives import PlainANN, SingleStep
from snnlab.learning.spec import Training
from snnlab.measure.accuracy import accuracy
from snnlab.measure.operations import synapses
from snnlab.network.net import ANN, SpikingNet
from snnlab.network.torch_networks import from_torch
from snnlab.neuron.spec import Noise

Shape = tuple[int, int, int]


def random_images(shape: Shape, number: int = 6) -> Images:
    draws = torch.Generator().manual_seed(2)
    pixels = torch.randint(0, 256, (number, *shape), generator=draws, dtype=torch.uint8)
    half = torch.full((shape[0],), 0.5)
    return Images(pixels, torch.zeros(number, dtype=torch.int64), half, half / 2)


def seen(module: nn.Module) -> nn.Module:
    """The module in evaluation mode, its batch norms as if they had seen something."""
    draws = torch.Generator().manual_seed(0)
    for norm in (m for m in module.modules() if isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d)):
        norm.running_mean.normal_(0, 0.3, generator=draws)
        norm.running_var.uniform_(0.5, 2, generator=draws)
        norm.weight.data.uniform_(0.5, 1.5, generator=draws)
        norm.bias.data.normal_(0, 0.3, generator=draws)
    return module.eval()


def averaged(module: nn.Module) -> nn.Module:
    """A copy with average pooling of the same windows in place of max pooling."""
    changed = copy.deepcopy(module)
    for name, layer in list(changed.named_modules()):
        if isinstance(layer, nn.MaxPool2d):
            pool = nn.AvgPool2d(
                layer.kernel_size, layer.stride, layer.padding, count_include_pad=False
            )
            changed.set_submodule(name, pool)
    return changed


def errors(module: nn.Module, shape: Shape, timesteps: list[int]) -> list[float]:
    """How far the logits of the converted network are from those of the module, by T."""
    images = random_images(shape)
    net = from_torch(module, shape, pooling="average")
    assert isinstance(net, ANN)
    spiking = convert_ann(net, 1, images, per_channel=True)
    batch = images.normalised(slice(2))
    with torch.no_grad():
        wanted = averaged(module)(batch)
        return [float((spiking(batch, T) - wanted).norm() / wanted.norm()) for T in timesteps]


def two_blocks() -> nn.Module:
    """The stem of a ResNet of torchvision and two of its blocks."""
    block = torchvision.models.resnet.BasicBlock
    module = torchvision.models.ResNet(block, [1, 1, 1, 1])
    module.layer3, module.layer4, module.fc = nn.Identity(), nn.Identity(), nn.Linear(128, 10)
    return module


def vgg11_bn() -> nn.Module:
    """With 64 in place of 4096 hidden units."""
    module = torchvision.models.vgg11_bn(init_weights=False)
    module.classifier = nn.Sequential(nn.Linear(25088, 64), nn.ReLU(True), nn.Linear(64, 10))
    return module


class Norms(nn.Module):
    """Batch norm wherever it can stand, and a residual connection between vectors."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.BatchNorm2d(3), nn.Conv2d(3, 4, 3, padding=1), nn.ReLU6())
        self.second = nn.Sequential(nn.BatchNorm2d(4), nn.Conv2d(4, 4, 3, padding=1), nn.ReLU())
        self.flat = nn.Sequential(nn.AvgPool2d(3, 2, 1), nn.Flatten(), nn.BatchNorm1d(64))
        self.inner, self.outer = nn.Linear(64, 64), nn.Linear(64, 64)

    def forward(self, x: Tensor) -> Tensor:
        x = self.flat(self.second(self.first(x)))
        y = torch.relu(self.inner(x))
        return torch.relu(self.outer(y) + y)


@pytest.mark.parametrize(
    ("make", "shape"),
    [
        (two_blocks, (3, 32, 32)),
        (Norms, (3, 8, 8)),
        pytest.param(
            lambda: torchvision.models.resnet18(num_classes=10), (3, 32, 32), marks=pytest.mark.slow
        ),
        pytest.param(vgg11_bn, (3, 32, 32), marks=pytest.mark.slow),
    ],
)
def test_conversions_tend_to_the_logits_of_the_module(
    make: Callable[[], nn.Module], shape: Shape
) -> None:
    torch.manual_seed(0)
    at_16, at_64, at_256 = errors(seen(make()), shape, [16, 64, 256])
    assert at_256 < at_64 < at_16
    assert at_256 < at_16 / 6


def test_a_clip_is_its_own_threshold() -> None:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Flatten(), nn.Linear(48, 8), nn.ReLU6(), nn.Linear(8, 6))
    module = nn.Sequential(*module, nn.Hardtanh(0, 0.5), nn.Linear(6, 4)).double()
    module[1].weight.data *= 8  # some activations beyond the clip
    net = from_torch(module, (3, 4, 4))
    spiking = convert_ann(net, 1024)  # no image is needed
    assert [float(top) for top in thresholds_of(spiking)] == [6, 0.5]
    images = torch.randn(5, 3, 4, 4).double()
    with torch.no_grad():
        torch.testing.assert_close(spiking(images), module(images), rtol=0, atol=0.01)


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (nn.AvgPool2d(3, 2, 1, count_include_pad=False), (2, 7, 6)),
        (nn.AvgPool2d(2, 2, ceil_mode=True), (2, 5, 7)),
        (nn.AdaptiveAvgPool2d((7, 7)), (2, 1, 1)),
        (nn.AdaptiveAvgPool2d((3, 2)), (2, 7, 5)),
        (nn.Unflatten(1, (2, 3)), (6,)),
    ],
)
def test_synapses_through_a_pooling_are_the_outputs_that_change(
    layer: nn.Module, shape: tuple[int, ...]
) -> None:
    size = torch.Size(shape).numel()
    each = layer(torch.eye(size).view(size, *shape))  # one input at a time
    assert torch.equal(synapses(layer, shape), (each != 0).flatten(1).sum(1).view(shape).float())


@pytest.fixture(scope="module")
def data() -> Data:
    return load_data("digits")


@pytest.fixture(scope="module")
def trained(data: Data) -> nn.Module:
    """A network that someone has trained with torch alone."""
    torch.manual_seed(0)
    module = nn.Sequential(
        nn.Flatten(), nn.Linear(64, 64), nn.ReLU(), nn.Dropout(0.1), nn.Linear(64, 10)
    )
    optimizer = torch.optim.Adam(module.parameters(), 3e-3)
    for _ in range(15):
        for images, labels in data.train.batches(64):
            optimizer.zero_grad()
            nn.functional.cross_entropy(module(images), labels).backward()
            optimizer.step()
    return module.eval()


def test_a_network_trained_elsewhere_keeps_its_accuracy(data: Data, trained: nn.Module) -> None:
    images = data.test.normalised(slice(None))
    right = 100 * float((trained(images).argmax(1) == data.test.labels).double().mean())
    net = from_torch(trained, (1, 8, 8))
    assert accuracy(net, data.test) == pytest.approx(right)
    assert right > 93
    certificate = certify_ann(net, convert_ann(net, 64, data.train), data.test)
    assert certificate.loss < 1


def with_threshold_one(module: nn.Module, data: Data) -> SpikingNet:
    net = convert_ann(from_torch(module, (1, 8, 8)), 1, data.train, threshold="percentile")
    return with_noise(net, [Noise()])


@pytest.mark.parametrize(
    "spiking",
    [
        lambda module, data: from_torch(module, (1, 8, 8), activation="spiking", noise=Noise()),
        with_threshold_one,
    ],
)
def test_a_network_trained_elsewhere_trains_on_with_noise(
    spiking: Callable[[nn.Module, Data], SpikingNet], data: Data, trained: nn.Module
) -> None:
    net = spiking(trained, data)
    fit(net, data, SingleStep(), Training(epochs=4), seed=0)
    _, certificate = convert(net, 8, data.test)
    assert certificate.weights_equal
    assert certificate.accuracy[8] > 94
    assert certificate.accuracy[8] > certificate.accuracy[1] - 0.5


def test_a_network_of_torch_trains_as_an_ann(data: Data) -> None:
    torch.manual_seed(0)
    module = nn.Sequential(
        nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8), nn.ReLU6(), nn.Flatten(), nn.Linear(288, 10)
    )
    net = from_torch(module, (1, 8, 8))
    fit(net, data, PlainANN(), Training(epochs=3), seed=0)
    assert accuracy(net, data.test) > 90

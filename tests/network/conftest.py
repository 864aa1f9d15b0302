"""A slow reference for whole networks: a plain loop over t, in float64, one formula per layer."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from snnlab.network import Architecture, StagedNet, build
from snnlab.neuron import Neuron

SHAPES = {
    "mlp": (2, 5, 5),
    "convnet": (3, 9, 8),
    "vgg11": (1, 16, 17),
    "vgg16": (2, 16, 16),
    "resnet18": (3, 9, 8),
}
"""A small image for each model, odd sides among them."""

ODD_NEURON = Neuron(v_th=0.7, v_init=0.2, beta=0.9)
"""No constant of it is a default."""


def small_net(name: str, *, seed: int = 0, **options) -> StagedNet:
    """A narrow network in float64 and evaluation mode whose batch norms have seen something."""
    options.setdefault("neuron", ODD_NEURON)
    net = build(
        Architecture(name, width=4), image_shape=SHAPES[name], classes=3, seed=seed, **options
    )
    generator = torch.Generator().manual_seed(seed)
    for module in net.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            for values, low, high in (
                (module.weight.data, 0.5, 1.5),
                (module.bias.data, -0.2, 0.6),
                (module.running_mean, -0.2, 0.2),
                (module.running_var, 0.05, 0.5),
            ):
                values.uniform_(low, high, generator=generator)
    return net.double().eval()


def images_for(name: str, count: int = 4) -> Tensor:
    """Random images, float64 (count, C, H, W)."""
    generator = torch.Generator().manual_seed(1)
    return torch.randn(count, *SHAPES[name], generator=generator, dtype=torch.float64)


def apply_plainly(layer: nn.Module, x: Tensor) -> Tensor:
    """What a stateless layer computes in evaluation mode, from its weights."""
    match layer:
        case nn.Sequential():
            for part in layer:
                x = apply_plainly(part, x)
            return x
        case nn.Conv2d():
            assert layer.bias is None
            return functional.conv2d(x, layer.weight, None, layer.stride, layer.padding)
        case nn.Linear():
            y = x @ layer.weight.T
            return y if layer.bias is None else y + layer.bias
        case nn.BatchNorm1d() | nn.BatchNorm2d():
            over_channels = (1, -1) + (1,) * (x.ndim - 2)
            scale = layer.weight / torch.sqrt(layer.running_var + layer.eps)
            centred = x - layer.running_mean.view(over_channels)
            return centred * scale.view(over_channels) + layer.bias.view(over_channels)
        case nn.AvgPool2d():
            assert layer.kernel_size == 2
            rows, columns = x.shape[2] // 2 * 2, x.shape[3] // 2 * 2
            x = x[:, :, :rows, :columns]
            return (
                x[:, :, ::2, ::2] + x[:, :, 1::2, ::2] + x[:, :, ::2, 1::2] + x[:, :, 1::2, 1::2]
            ) / 4
        case nn.AdaptiveAvgPool2d():
            return x.mean((2, 3), keepdim=True)
        case nn.Flatten():
            return x.reshape(len(x), -1)
        case nn.Identity():
            return x
    raise AssertionError(f"the reference knows no {type(layer).__name__}")


@torch.no_grad()
def slow_readout(net: StagedNet, images: Tensor, timesteps: int) -> Tensor:
    """Readout (T, B, K) of a spiking network without noise: for each t, for each stage."""
    potentials: list[Tensor | float] = [stage.neuron.neuron.v_start for stage in net.stages]
    readouts = []
    for _ in range(timesteps):
        inputs = [images]  # of every stage so far, (B, *)
        for i, stage in enumerate(net.stages):
            current = apply_plainly(stage.layers, inputs[-1])
            if stage.shortcut is not None:
                current = current + apply_plainly(stage.shortcut, inputs[i - stage.back])
            neuron = stage.neuron.neuron
            h = neuron.beta * potentials[i] + current
            spikes = (h >= neuron.v_th).double()
            after = h - neuron.v_th if neuron.reset == "subtract" else torch.zeros_like(h)
            potentials[i] = torch.where(spikes == 1, after, h)
            inputs.append(spikes)
        readouts.append(apply_plainly(net.readout, inputs[-1]))
    return torch.stack(readouts)


@pytest.fixture(params=SHAPES)
def model(request: pytest.FixtureRequest) -> str:
    """The name of each model in turn."""
    return request.param


@pytest.fixture(name="small_net", scope="session")
def fixture_small_net() -> Callable[..., StagedNet]:
    """See `small_net`."""
    return small_net


@pytest.fixture(name="images_for", scope="session")
def fixture_images_for() -> Callable[..., Tensor]:
    """See `images_for`."""
    return images_for


@pytest.fixture(name="slow_readout", scope="session")
def fixture_slow_readout() -> Callable[[StagedNet, Tensor, int], Tensor]:
    """See `slow_readout`."""
    return slow_readout

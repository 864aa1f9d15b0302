"""torch.export and torch.compile: the same logits and gradients, for batches of any size."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from snnlab.conversion.ann import convert_ann
from snnlab.conversion.folding import streamline
from snnlab.data.images import Images
from snnlab.network import Architecture, StagedNet, build
from snnlab.neuron import Neuron, Noise, StepLayer

SHAPE = (1, 8, 8)
MODELS = ("mlp", "convnet", "convnet6", "vgg11", "vgg16", "resnet18")


def made(
    name: str = "mlp", timesteps: int = 1, *, shape: tuple[int, int, int] = SHAPE, **settings: Any
) -> StagedNet:
    """A small network in evaluation mode, whose batch norms are not as they began."""
    learned = settings.pop("learned_threshold", None)
    architecture = Architecture(name, width=4, learned_threshold=learned)
    net = build(architecture, image_shape=shape, classes=3, seed=0, **settings)
    generator = torch.Generator().manual_seed(0)
    for module in net.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.2, generator=generator)
            module.running_var.uniform_(0.1, 0.5, generator=generator)
    net.timesteps = timesteps
    return net.eval()


def converted(activation: str) -> StagedNet:
    """A converted ANN, T = 3."""
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (32, *SHAPE), dtype=torch.uint8, generator=generator)
    labels = torch.zeros(32, dtype=torch.int64)
    images = Images(pixels, labels, torch.tensor([0.5]), torch.tensor([0.3]))
    return convert_ann(made(activation=activation), 3, images)


CASES: dict[str, Callable[[], StagedNet]] = {
    "one timestep": made,
    "four": lambda: made(timesteps=4),
    "leaky": lambda: made(timesteps=4, neuron=Neuron(beta=0.9, v_init=0.3)),
    "reset to zero": lambda: made(timesteps=4, neuron=Neuron(reset="zero", v_th=0.7)),
    "learned thresholds": lambda: made(timesteps=4, learned_threshold="channel"),
    "noise": lambda: made(timesteps=4, noise=Noise(), neuron=Neuron(beta=0.9)),
    "learned noise": lambda: made(noise=Noise(learned="layer")),
    "streamlined": lambda: streamline(made("convnet", timesteps=2)),
    "a layer of one's own": lambda: made(timesteps=4, layer=StepLayer),
    "relu": lambda: made(activation="relu"),
    "qcfs": lambda: made(activation="qcfs"),
    "converted relu": lambda: converted("relu"),
    "converted qcfs": lambda: converted("qcfs"),
}


def exported(net: StagedNet, *, strict: bool = False) -> nn.Module:
    """The network through torch.export."""
    batch = {"images": {0: torch.export.Dim("batch")}}
    images = torch.zeros(2, *net.image_shape)
    return torch.export.export(net, (images,), dynamic_shapes=batch, strict=strict).module()


def compiled(net: StagedNet, backend: str = "aot_eager") -> nn.Module:
    """The network through torch.compile, in one graph."""
    torch.compiler.reset()
    return torch.compile(net, backend=backend, fullgraph=True)


def hold_equal(net: StagedNet, other: nn.Module, batches: tuple[int, ...] = (1, 5)) -> None:
    """The same logits without gradients; with them the same gradients, which are not all 0."""
    generator = torch.Generator().manual_seed(1)
    names = {name: p for name, p in net.named_parameters() if p.requires_grad}
    theirs = {name.removeprefix("_orig_mod."): p for name, p in other.named_parameters()}
    learned = {name: theirs[name] for name in names}
    for batch in batches:
        images = torch.rand(batch, *net.image_shape, generator=generator)
        with torch.no_grad():
            torch.testing.assert_close(other(images), net(images))
        expected, got = net(images), other(images)
        torch.testing.assert_close(got, expected)
        wanted = torch.autograd.grad(expected.square().sum(), names.values(), allow_unused=True)
        grads = torch.autograd.grad(got.square().sum(), learned.values(), allow_unused=True)
        for want, grad in zip(wanted, grads, strict=True):
            assert (want is None) == (grad is None)
            if want is not None:
                torch.testing.assert_close(grad, want, rtol=1e-4, atol=1e-4)
        assert sum(want is not None and bool(want.any()) for want in wanted) > len(names) / 2


@pytest.mark.sample(5)
@pytest.mark.parametrize("case", CASES)
def test_an_exported_network_is_the_same(case: str) -> None:
    net = CASES[case]()
    hold_equal(net, exported(net))


def test_a_network_is_exported_without_gradients() -> None:
    net = made(timesteps=3)
    with torch.no_grad():
        program = exported(net)
    images = torch.rand(5, *SHAPE)
    torch.testing.assert_close(program(images), net(images).detach())


def test_an_exported_network_outlives_a_file(tmp_path: Any) -> None:
    net = made(timesteps=2)
    images = torch.rand(3, *SHAPE)
    torch.export.save(torch.export.export(net, (images,)), tmp_path / "net.pt2")
    torch.testing.assert_close(
        torch.export.load(tmp_path / "net.pt2").module()(images), net(images)
    )


def test_timesteps_may_be_said_where_it_is_exported() -> None:
    net, images = made(), torch.rand(2, *SHAPE)
    program = torch.export.export(net, (images, 5)).module()
    torch.testing.assert_close(program(images, 5), net(images, 5))


@pytest.mark.slow
@pytest.mark.sample(2)
@pytest.mark.parametrize("case", CASES)
def test_a_compiled_network_is_the_same(case: str) -> None:
    net = CASES[case]()
    hold_equal(net, compiled(net), batches=(3,))


@pytest.mark.slow
@pytest.mark.parametrize("timesteps", [1, 3])
@pytest.mark.parametrize("name", MODELS)
def test_all_models_are_exported(name: str, timesteps: int) -> None:
    net = made(name, timesteps, shape=(3, 16, 16))
    hold_equal(net, exported(net))


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_all_models_are_compiled(name: str) -> None:
    net = made(name, 2, shape=(3, 16, 16))
    hold_equal(net, compiled(net), batches=(3,))


@pytest.mark.slow
def test_strict_export() -> None:
    net = made(timesteps=3)
    hold_equal(net, exported(net, strict=True))


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("c++") is None, reason="torch.compile needs a C++ compiler")
def test_the_usual_compiler_and_batches_of_several_sizes() -> None:
    net = made("convnet", 3)
    hold_equal(net, compiled(net, "inductor"), batches=(5, 3, 2))

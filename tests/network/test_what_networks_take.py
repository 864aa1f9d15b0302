"""Batches without images, other types of numbers, and images that a network cannot take."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from snnlab.network import Architecture, build
from snnlab.neuron import Noise

SHAPE = (2, 8, 8)
ACTIVATIONS = ("spiking", "relu", "qcfs")


def network(name: str = "mlp", activation: str = "spiking", **options: Any) -> Any:
    """A narrow one."""
    if activation == "spiking":
        options.setdefault("noise", Noise())
    architecture = Architecture(name, width=4)  # type: ignore[arg-type]
    return build(
        architecture, image_shape=SHAPE, classes=3, seed=0, activation=activation, **options
    )


@pytest.mark.parametrize("timesteps", [1, 4])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("name", ["mlp", "convnet", "resnet18"])
@pytest.mark.parametrize("training", [True, False], ids=["training", "evaluating"])
def test_an_empty_batch_gives_empty_logits_and_gradients(
    name: str, activation: str, timesteps: int, training: bool
) -> None:
    net = network(name, activation).train(training)
    options = {"generator": torch.Generator()}
    if activation == "spiking":
        options["timesteps"] = timesteps  # type: ignore[assignment]
    images = torch.zeros(0, *SHAPE, requires_grad=True)
    logits = net(images, **options)
    logits.sum().backward()
    assert logits.shape == (0, 3)
    assert images.grad is not None
    assert images.grad.shape == images.shape
    with torch.no_grad():
        assert net(images, **options).shape == (0, 3)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_images_become_numbers_of_the_type_of_the_weights(
    activation: str, dtype: torch.dtype
) -> None:
    net, images = network("convnet", activation).eval(), torch.rand(5, *SHAPE)
    expected = net(images)
    found = net.to(dtype)(images)
    assert found.dtype == dtype
    if dtype == torch.float64 and activation != "spiking":
        torch.testing.assert_close(found.float(), expected)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (torch.zeros(3, *SHAPE, dtype=torch.uint8), r"floating-point numbers, got uint8 \(3, 2,"),
        (torch.zeros(3, 1, 8, 8), r"shape \(B, 2, 8, 8\), got \(3, 1, 8, 8\)"),
        (torch.zeros(*SHAPE), r"got \(2, 8, 8\)"),
        (torch.zeros(3, *SHAPE, device="meta"), r"network is on cpu, the images on meta"),
        ([[1.0]], r"takes a tensor of images .* got list \[\[1.0\]\]"),
        (torch.full((3, *SHAPE), torch.nan), r"image 0 has the pixel nan at channel 0, row 0"),
    ],
)
@pytest.mark.parametrize("activation", ["spiking", "relu"])
def test_images_that_do_not_do_are_quoted(activation: str, images: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        network(activation=activation).eval()(images)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_batch_norm_needs_more_than_one_value(activation: str) -> None:
    one = torch.rand(1, *SHAPE)
    options = {"generator": torch.Generator()}
    with pytest.raises(ValueError, match=r"batch norm cannot learn from a single image"):
        network("mlp", activation)(one, **options)
    assert network("convnet", activation)(one, **options).shape == (1, 3)  # it has many pixels
    assert network("mlp", activation).eval()(one).shape == (1, 3)


def test_two_backward_passes_give_the_same_gradients() -> None:
    net, images = network("convnet"), torch.rand(4, *SHAPE, requires_grad=True)
    loss = net.eval()(images, timesteps=4).square().sum()
    first = torch.autograd.grad(loss, images, retain_graph=True)[0]
    second = torch.autograd.grad(loss, images)[0]
    assert first.abs().sum() > 0
    assert torch.equal(first, second)

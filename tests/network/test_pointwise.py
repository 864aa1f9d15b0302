"""The strided 1 x 1 convolution: torch's numbers, without the memory that torch may overwrite."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch
from torch import nn

from snnlab.network import Architecture, build
from snnlab.network.layers import PointwiseConv2d

FEW_CHANNELS_LAST = """
import torch
from snnlab.network.layers import PointwiseConv2d

torch.manual_seed(0)
conv = PointwiseConv2d(4, 8, 2)
images = torch.randn(100, 4, 32, 32).to(memory_format=torch.channels_last)
for _ in range(3):
    grad = torch.randn(100, 8, 16, 16).to(memory_format=torch.channels_last)
    conv.zero_grad()
    conv(images).backward(grad)
    expected = torch.einsum("bohw,bihw->oi", grad.double(), images[..., ::2, ::2].double())
    torch.testing.assert_close(conv.weight.grad[..., 0, 0].double(), expected, rtol=1e-4, atol=1e-2)
"""
"""Plain strided convolutions of this size abort the process on CPUs with AVX2 alone."""


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize(("stride", "size"), [(2, (8, 8)), (2, (9, 7)), (3, (7, 8)), (1, (3, 3))])
def test_values_and_gradients_equal_those_of_torchs_layer(stride, size, bias):
    torch.manual_seed(0)
    found = PointwiseConv2d(3, 5, stride)
    if bias:  # as it has once a batch norm is folded into it
        found.bias = nn.Parameter(torch.randn(5))
    found = found.double()
    plain = nn.Conv2d(3, 5, 1, stride, bias=bias).double()
    plain.load_state_dict(found.state_dict())
    images = torch.randn(4, 3, *size, dtype=torch.float64)
    results = []
    for layer in (found, plain):
        leaf = images.clone().requires_grad_()
        out = layer(leaf)
        out.square().sum().backward()
        results.append([out, leaf.grad, *(p.grad for p in layer.parameters())])
    for ours, theirs in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs)


@pytest.mark.slow
def test_the_gradient_of_few_channels_last_is_right_and_the_process_survives():
    command = [sys.executable, "-c", FEW_CHANNELS_LAST]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["convnet", "convnet6", "vgg11", "vgg16", "resnet18"])
def test_no_network_of_the_kit_has_a_plain_strided_1_x_1_convolution(name):
    net = build(Architecture(name, width=4), image_shape=(1, 16, 16), classes=2, seed=0)
    strided = [
        layer
        for layer in net.modules()
        if isinstance(layer, nn.Conv2d) and layer.kernel_size == (1, 1) and max(layer.stride) > 1
    ]
    assert all(isinstance(layer, PointwiseConv2d) for layer in strided)
    assert len(strided) == (3 if name == "resnet18" else 0)


def test_the_weights_of_shortcuts_keep_their_names():
    net = build(Architecture("resnet18", width=2), image_shape=(1, 8, 8), classes=2, seed=0)
    names = {"stages.6.shortcut.0.weight", "stages.6.shortcut.1.weight"}
    assert names <= set(net.state_dict())

"""What `test_fused_kernels` runs in a Python of its own: the GPU kernels against the plain neuron.

On a GPU they run there, elsewhere in Triton's interpreter, which must be asked for before Triton
is loaded: TRITON_INTERPRET=1. Here: networks.
"""

from __future__ import annotations

import pytest
import torch
from fused_numbers import DEVICE, random_64ths, seeded
from torch.utils._python_dispatch import TorchDispatchMode

from snnlab.learning import BPTT, SingleStep
from snnlab.network import Architecture, build
from snnlab.neuron import Neuron, NeuronLayer, Noise
from snnlab.neuron.fast import fused


class NoWaiting(TorchDispatchMode):
    """Refuses every operation that reads a number of the device into Python."""

    WAITS = ("_local_scalar_dense", "item", "nonzero", "is_nonzero", "equal", "unique")

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = func.overloadpacket.__name__
        assert name not in self.WAITS, f"{func} waits for the device"
        return func(*args, **(kwargs or {}))


@pytest.fixture
def always_fused(monkeypatch):
    """Use the fused kernels wherever their types allow; lists the calls."""
    calls = []

    def usable(x, *used):
        calls.append(tuple(x.shape))
        return x.dtype in fused.TYPES

    monkeypatch.setattr(fused, "usable", usable)
    return calls


@pytest.mark.parametrize(
    ("objective", "noise"),
    [
        (SingleStep(), Noise()),
        (SingleStep(), Noise(timesteps=4)),
        (BPTT(3), None),
        (BPTT(3), Noise("uniform")),
    ],
    ids=repr,
)
def test_a_training_step_uses_them_and_never_waits(always_fused, objective, noise):
    net = build(
        Architecture("convnet", width=4), image_shape=(1, 8, 8), classes=3, seed=0, noise=noise
    )
    net.to(DEVICE, memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(net.parameters(), fused=True)
    images = torch.randn(4, 1, 8, 8, device=DEVICE).to(memory_format=torch.channels_last)
    labels, generator = torch.zeros(4, dtype=torch.int64, device=DEVICE), seeded(0)

    def step():
        loss = torch.nn.functional.cross_entropy(objective.logits(net, images, generator), labels)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()

    step()  # tables of quantiles go to the device once
    assert len(always_fused) >= len(net.stages)
    with NoWaiting():
        step()
    assert all(p.grad.abs().sum() > 0 for p in net.parameters() if p.ndim > 1)


def test_the_guard_sees_what_waits():
    with NoWaiting(), pytest.raises(AssertionError, match="waits"):
        torch.ones(3).sum().item()


@pytest.mark.parametrize("name", ["convnet", "resnet18"])
def test_a_network_learns_the_same_as_by_the_plain_kernels(monkeypatch, name):
    images = torch.randn(4, 1, 8, 8, device=DEVICE)
    found = []
    for use in (False, True):
        monkeypatch.setattr(fused, "usable", lambda *_, use=use: use)
        net = build(Architecture(name, width=4), image_shape=(1, 8, 8), classes=3, seed=0)
        net.to(DEVICE)
        net(images, 4).square().sum().backward()
        found.append([p.grad for p in net.parameters()])
    for plain, mine in zip(*found, strict=True):
        torch.testing.assert_close(mine, plain, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("reset", ["subtract", "zero"])
def test_a_layer_goes_on_from_potentials_with_noise(always_fused, reset):
    layer = NeuronLayer(Neuron(reset=reset), noise=Noise())
    currents = random_64ths(4, 2, 50)
    _, v = layer.advance(currents[:2], generator=seeded(0))
    spikes, v = layer.advance(currents[2:], v, generator=seeded(0))
    assert spikes.shape == (2, 2, 50)
    assert v.shape == (2, 50)

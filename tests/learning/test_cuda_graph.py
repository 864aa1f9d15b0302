"""Recorded passes do what the passes do: on a GPU, and here with a stand-in for the recording."""

from __future__ import annotations

from functools import partial

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from snnlab.data import load_data
from snnlab.learning import SingleStep, Training, fit
from snnlab.learning.cuda_graph import WARM_UP, RecordedPasses
from snnlab.learning.fit import Loop
from snnlab.network import Architecture, build
from snnlab.neuron import Noise
from tests.pretended_gpu import Tape


def network():
    return build(
        Architecture("convnet", width=4), image_shape=(1, 8, 8), classes=10, seed=0, noise=Noise()
    )


def trained(record: bool, sizes):
    """Weights after a step per batch size, and the tape."""
    net, generator = network(), torch.Generator().manual_seed(0)
    optimizer, tape = torch.optim.SGD(net.parameters(), 0.1), Tape(net)
    data = torch.Generator().manual_seed(1)

    def passes(images, labels):
        logits = net(images, 1, generator=generator)
        loss = torch.nn.functional.cross_entropy(logits, labels)
        loss.backward()
        return loss.detach(), logits.detach()

    steps = RecordedPasses(passes, optimizer.zero_grad, generator, tape)
    losses = []
    for size in sizes:
        batch = torch.randn(size, 1, 8, 8, generator=data), torch.arange(size) % 10
        optimizer.zero_grad()
        losses.append((steps if record else passes)(*batch)[0])
        optimizer.step()
    return torch.stack(losses), net.state_dict(), tape


@pytest.mark.parametrize("sizes", [[16] * 8, [16] * 6 + [5] + [16] * 6], ids=["even", "odd batch"])
def test_recorded_steps_give_the_same_weights(sizes):
    losses, weights, tape = trained(True, sizes)
    plain_losses, plain_weights, _ = trained(False, sizes)
    assert torch.equal(losses, plain_losses)
    assert all(torch.equal(value, plain_weights[name]) for name, value in weights.items())
    again = 1 if len(set(sizes)) > 1 else 0
    assert tape.recorded == 1 + again
    assert tape.replayed == len(sizes) - (1 + again) * WARM_UP


def test_on_the_cpu_the_option_changes_nothing():
    data = load_data("digits")
    found = []
    for cuda_graph in (False, True):
        net = network()
        fit(net, data, SingleStep(), Training(epochs=1, cuda_graph=cuda_graph), seed=0)
        found.append(net.state_dict())
    assert all(torch.equal(value, found[1][name]) for name, value in found[0].items())


@pytest.mark.parametrize(
    ("settings", "recordings"),
    [
        ({}, 1),
        ({"noise_fraction": 0.5}, 2),
        ({"noise_schedule": "linear"}, 4),
        ({"ema_decay": 0.9}, 1),
    ],
    ids=["constant", "off after half", "annealed", "averaged"],
)
def test_steps_are_recorded_anew_only_when_the_noise_changes(settings, recordings):
    net, other, data = network(), network(), load_data("digits", train_size=200)
    loop = Loop(net, data, SingleStep(), Training(epochs=4, batch_size=25, **settings), seed=0)
    tape, generator = Tape(net), loop.generators["noise"]
    clear = partial(loop.optimizer.zero_grad, set_to_none=True)
    loop.recorded = RecordedPasses(loop.passes, clear, generator, tape)
    losses = [loop.epoch(number, None).loss for number in (1, 2, 3, 4)]
    assert tape.recorded == recordings
    history = fit(other, data, SingleStep(), loop.training, seed=0)
    assert losses == [epoch.loss for epoch in history]
    assert all(torch.equal(value, other.state_dict()[n]) for n, value in net.state_dict().items())


class Waits(TorchDispatchMode):
    """Counts the operations that read a number of the device into Python."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.count += func.overloadpacket.__name__ in ("_local_scalar_dense", "nonzero", "equal")
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("ema_decay", [0.0, 0.9])
def test_an_epoch_waits_for_a_gpu_as_often_however_many_batches_it_has(ema_decay):
    waits = []
    for batch_size in (600, 20):
        data = load_data("digits")
        training = Training(epochs=1, batch_size=batch_size, augment=True, ema_decay=ema_decay)
        loop = Loop(network(), data, SingleStep(), training, seed=0)
        loop.look_every = loop.batches  # as on a GPU
        with Waits() as mode:
            loop.epoch(1, None)
        waits.append(mode.count)
    assert waits[0] == waits[1] > 0


def test_compiled_and_recorded_at_once_is_refused():
    with pytest.raises(ValueError, match="exclude each other"):
        Training(compile=True, cuda_graph=True)


@pytest.mark.gpu
def test_training_on_a_gpu_is_the_same_recorded():
    data = load_data("digits").to(torch.device("cuda"))
    found = []
    for cuda_graph in (False, True):
        net = network().cuda()
        training = Training(epochs=2, cuda_graph=cuda_graph)
        history = fit(net, data, SingleStep(), training, seed=0)
        found.append(history[-1].loss)
    assert found[0] == pytest.approx(found[1], rel=0.05)

"""The settings for convolutions on a GPU hold during measurements and training, and end there."""

from __future__ import annotations

import gc
import threading
import weakref

import pytest
import torch

from snnlab.conversion import convert_ann
from snnlab.data import load_data
from snnlab.learning import PlainANN, Training, fit
from snnlab.learning.fit import Loop
from snnlab.measure import accuracy
from snnlab.network import Architecture, build
from snnlab.network.on_gpu import exact

CUDNN = torch.backends.cudnn


def usual() -> tuple[str, bool]:
    return CUDNN.conv.fp32_precision, CUDNN.deterministic


@pytest.fixture
def seen(monkeypatch):
    """The settings at each convolution, in training and in evaluation."""
    found = {True: set(), False: set()}
    forward = torch.nn.Conv2d.forward

    def noting(self, x):
        found[self.training].add(usual())
        return forward(self, x)

    monkeypatch.setattr(torch.nn.Conv2d, "forward", noting)
    return found


def test_measurements_are_exact_and_training_is_repeatable(seen):
    before = usual()
    data = load_data("digits", train_size=60)
    net = build(
        Architecture("resnet18", width=2),
        image_shape=(1, 8, 8),
        classes=10,
        seed=0,
        activation="relu",
    )
    fit(net, data, PlainANN(), Training(epochs=1, batch_size=20), seed=0)
    assert seen[True] == {(before[0], True)}
    seen[False].clear()
    accuracy(net, data.test)
    accuracy(convert_ann(net, 2, data.train, threshold="percentile", correct_bias_at=2), data.test)
    assert seen[False] == {("ieee", before[1])}
    assert usual() == before
    assert CUDNN.allow_tf32  # raises an error if the settings contradict each other


def test_the_last_of_several_threads_ends_it():
    before = usual()
    inside, leave = threading.Event(), threading.Event()

    def measure():
        with exact:
            inside.set()
            leave.wait(10)

    other = threading.Thread(target=measure)
    with exact:
        other.start()
        assert inside.wait(10)
    assert usual()[0] == "ieee"
    leave.set()
    other.join()
    assert usual() == before


def test_an_error_ends_it():
    before = usual()
    with pytest.raises(KeyError), exact:
        raise KeyError
    assert usual() == before


def test_a_training_leaves_no_memory_behind(monkeypatch):
    """Its loop is freed at once, not when Python looks for cycles some time later."""
    loops = []
    made = Loop.__init__

    def noting(self, *args):
        made(self, *args)
        self.recorded = self.step  # refers to the loop, as recorded passes do
        self.own_spikes = True  # but is not used
        loops.append(weakref.ref(self))

    monkeypatch.setattr(Loop, "__init__", noting)
    monkeypatch.setattr(Loop, "epoch", lambda self, number, on_batch: None)
    net = build(Architecture("mlp", width=4), image_shape=(1, 8, 8), classes=10, seed=0)
    from snnlab.learning import SingleStep

    gc.disable()
    try:
        fit(net, load_data("digits"), SingleStep(), Training(epochs=1), seed=0)
        assert [loop() for loop in loops] == [None]
    finally:
        gc.enable()

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
from snnlab.network import Architecture, build, on_gpu
from snnlab.network.on_gpu import exact

CUDNN = torch.backends.cudnn


def usual() -> tuple[bool, bool]:
    return CUDNN.allow_tf32, CUDNN.deterministic


@pytest.fixture
def gpu(monkeypatch):
    """This process uses a GPU, as far as the settings know."""
    monkeypatch.setattr(on_gpu, "in_use", lambda: True)


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


def test_measurements_are_exact_and_training_is_repeatable(gpu, seen):
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
    assert seen[False] == {(False, before[1])}
    assert usual() == before


def test_the_last_of_several_threads_ends_it(gpu):
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
    assert usual()[0] is False
    leave.set()
    other.join()
    assert usual() == before


def test_an_error_ends_it(gpu):
    before = usual()
    with pytest.raises(KeyError), exact:
        raise KeyError
    assert usual() == before


def test_other_code_reads_and_sets_the_settings_meanwhile(gpu):
    before = usual()
    with exact, exact:
        assert not CUDNN.allow_tf32
        with CUDNN.flags(enabled=True, allow_tf32=True):
            assert CUDNN.allow_tf32
        assert not CUDNN.allow_tf32
        assert CUDNN.conv.fp32_precision != "tf32"
    assert usual() == before


def test_what_users_have_set_themselves_stays(gpu):
    CUDNN.conv.fp32_precision, before = "ieee", CUDNN.conv.fp32_precision
    try:
        with exact:
            assert CUDNN.conv.fp32_precision == "ieee"
        assert CUDNN.conv.fp32_precision == "ieee"
    finally:
        CUDNN.conv.fp32_precision = before
    assert usual() == (True, False)


def test_without_a_gpu_nothing_is_set(monkeypatch):
    before = usual()
    with exact:
        assert usual() == before
        monkeypatch.setattr(on_gpu, "in_use", lambda: True)  # from now on there is one
    assert usual() == before
    assert exact.users == 0


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

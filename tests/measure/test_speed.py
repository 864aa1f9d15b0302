"""Seconds per image and memory: the right things are measured, in the right units."""

from __future__ import annotations

import sys
import time
from itertools import count

import pytest
import torch

from snnlab.measure import speed
from snnlab.measure.speed import memory_use, seconds_per_image, stopwatch, timed
from snnlab.network.models import build
from snnlab.network.spec import Architecture


def test_more_timesteps_take_longer(busy_net, random_images):
    found = seconds_per_image(busy_net("mlp"), random_images(64).normalised(), [1, 256])
    assert list(found) == [1, 256]
    assert 0 < found[1] < found[256]


def test_an_ann_takes_the_same_time_whatever_is_asked(random_images):
    net = build(
        Architecture("mlp"), image_shape=(2, 9, 8), classes=5, seed=0, activation="relu"
    ).train()
    found = seconds_per_image(net, random_images(8).normalised(), [1, 4])
    assert found[1] == found[4] > 0
    assert net.training


def test_the_median_of_some_passes_counts(monkeypatch):
    ends = iter([0.0, 0.3, 1.0, 1.1, 2.0, 2.2])  # passes of 0.3, 0.1 and 0.2 seconds
    monkeypatch.setattr(speed, "stopwatch", lambda device: lambda: next(ends))
    assert timed(lambda: torch.zeros(1), torch.device("cpu")) == pytest.approx(0.2)


def test_a_long_pass_is_not_repeated(monkeypatch):
    clock = count(0, 5)
    monkeypatch.setattr(speed, "stopwatch", lambda device: lambda: next(clock))
    calls = []
    assert timed(lambda: calls.append(1) or torch.zeros(1), torch.device("cpu")) == 5
    assert len(calls) == 1


@pytest.mark.parametrize(
    ("threads", "device", "clock"),
    [(1, "cpu", "process_time"), (2, "cpu", "perf_counter"), (1, "cuda", "perf_counter")],
)
def test_processor_time_counts_on_one_thread_only(monkeypatch, threads, device, clock):
    """Waiting threads spin and GPUs work on their own: there only wall-clock time is right."""
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    assert stopwatch(torch.device(device)) is getattr(time, clock)


@pytest.mark.parametrize(("images", "timesteps"), [(0, [1]), (2, [])])
def test_nothing_to_time_is_refused(busy_net, images, timesteps):
    with pytest.raises(ValueError, match="needs images and timesteps"):
        seconds_per_image(busy_net("mlp"), torch.zeros(images, 2, 9, 8), timesteps)


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from Linux's /proc")
def test_memory_held_for_a_moment_is_seen():
    with memory_use(torch.device("cpu")) as large:
        torch.ones(64 * 2**20, dtype=torch.uint8).max()
    with memory_use(torch.device("cpu")) as small:
        torch.ones(2**10, dtype=torch.uint8).max()
    assert large.peak_mib is not None
    assert 60 < large.peak_mib < 150
    assert small.peak_mib is not None
    assert small.peak_mib < 20

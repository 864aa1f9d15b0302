"""How much a notebook computes: the two presets, and what chooses between them."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from snnlab.classroom.preset import preset
from snnlab.data.images import Data, Images
from snnlab.data.spec import CATALOGUE
from snnlab.learning.fit import fit
from snnlab.learning.objectives import SingleStep
from snnlab.network.models import build
from snnlab.neuron.spec import Noise


def test_preset_from_the_environment(monkeypatch):
    monkeypatch.delenv("SNNLAB_NOTEBOOKS", raising=False)
    assert preset().name == "fast"
    monkeypatch.setenv("SNNLAB_NOTEBOOKS", "FULL")
    assert (preset().name, preset().data) == ("full", "mnist")
    assert preset("fast").device == "cpu"  # the argument wins
    monkeypatch.setenv("SNNLAB_NOTEBOOKS", "slow")
    with pytest.raises(ValueError, match="SNNLAB_NOTEBOOKS got 'slow'; valid: fast, full"):
        preset()


def test_a_preset_says_what_it_trains():
    assert str(preset("fast")) == (
        "fast: digits on cpu; convnet of width 16; 15 epochs, 64 images at a time; "
        "3 seeds where a band is drawn"
    )


@pytest.mark.parametrize(("gpu", "device"), [(True, "cuda"), (False, "cpu")])
def test_the_full_preset_takes_the_gpu_if_there_is_one(monkeypatch, gpu, device):
    monkeypatch.setattr("torch.cuda.is_available", lambda: gpu)
    assert preset("full").device == device
    assert preset("fast").device == "cpu"


def test_the_full_preset_is_larger_in_everything():
    small, large = preset("fast"), preset("full")
    assert large.architecture.channels > small.architecture.channels
    assert large.seeds > small.seeds
    assert large.data in CATALOGUE


def test_the_full_preset_trains():
    settings = preset("full")
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (192, 1, 28, 28), dtype=torch.uint8, generator=generator)
    images = Images(pixels, torch.arange(192) % 10, torch.tensor([0.1]), torch.tensor([0.3]))
    data = Data("mnist", tuple("0123456789"), images, images, images)
    net = build(settings.architecture, image_shape=(1, 28, 28), classes=10, seed=0, noise=Noise())
    (epoch,) = fit(net, data, SingleStep(), replace(settings.training, epochs=1), seed=0)
    assert 0 < epoch.loss < 10

"""How much a notebook computes: the two presets, and what chooses between them."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest
import torch

from snnlab.classroom.preset import preset
from snnlab.data.images import Data, Images
from snnlab.data.spec import CATALOGUE
from snnlab.learning.fit import fit
from snnlab.learning.objectives import SingleStep
from snnlab.network.models import build
from snnlab.neuron.spec import Noise

ROOT = Path(__file__).resolve().parents[2]
LATE = {
    "altair",
    "matplotlib.pyplot",
    "pandas",
    "pyarrow",
    "streamlit",
    "torch._dynamo",
    "torchvision",
}
"""Libraries that take long to load, or much memory: only the cells that need them load them."""


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


def kernel(code: str, **settings: str) -> list[str]:
    """Words that a fresh Python prints, as the kernel of a notebook runs the code."""
    chosen = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "CPU_LIMIT")
    free = {key: value for key, value in os.environ.items() if key not in chosen}
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, cwd=ROOT, env=free | settings, check=True, capture_output=True, text=True
    )
    return done.stdout.split()


@pytest.mark.slow
@pytest.mark.sample(2)
@pytest.mark.parametrize("first", ["import torch", ""])
@pytest.mark.parametrize("settings", [{"CPU_LIMIT": "0.5"}, {"OMP_NUM_THREADS": "1"}])
def test_a_kernel_has_no_more_threads_than_it_may_have_cores(settings, first):
    """Those of numpy and torch, loaded before or afterwards; and of scipy, loaded afterwards."""
    code = (
        f"{first}\nfrom snnlab.classroom import preset; preset()\n"
        "import torch, scipy.linalg; from threadpoolctl import threadpool_info\n"
        "print(torch.get_num_threads(), *(pool['num_threads'] for pool in threadpool_info()))"
    )
    assert set(kernel(code, **settings)) == {"1"}


def test_importing_snnlab_loads_nothing_heavy():
    code = "import sys, snnlab, snnlab.classroom, snnlab.show; print(*sys.modules)"
    assert not {"torch", "numpy", "matplotlib", *LATE} & set(kernel(code))


@pytest.mark.slow
def test_the_first_cells_of_the_course_load_torch_and_nothing_else_that_is_heavy():
    """All in one kernel; what a notebook imports by name itself, as pandas in 02, is its own."""
    first = []
    for file in sorted((ROOT / "notebooks").glob("*.ipynb")):
        cells = nbformat.read(file, as_version=4).cells
        source = next(cell.source for cell in cells if cell.cell_type == "code")
        first.append(source.replace("import pandas as pd\n", ""))
    assert len(first) >= 11
    loaded = set(kernel("\n".join([*first, "import sys; print(*sys.modules)"])))
    assert "torch" in loaded
    assert not LATE & loaded, LATE & loaded

"""Everything that takes a network or images runs on a GPU too: on a pretended one.

It shows tensors that stayed on the CPU, see `pretended_gpu`; tests marked gpu need a real one.
"""
from __future__ import annotations

import pytest
import torch

from snnlab.network import build, Architecture
from snnlab.neuron import Noise
from tests.pretended_gpu import pretended_gpu


def test_x():
    with pretended_gpu():
        x = torch.ones(3, device="cuda")
        assert x.device.type == "cuda"
        with pytest.raises(RuntimeError, match="same device"):
            x + torch.ones(3)

"""How many threads a command computes with on the CPU."""

from __future__ import annotations

from snnlab.runs.config import RunConfig


def few_threads(config: RunConfig) -> None:
    """Use one thread for digits: too small to share, and waiting for a busy core is slow."""
    if config.data.name == "digits":
        import torch

        torch.set_num_threads(1)

"""How steps are counted by their work, so that the time left can be told."""

from __future__ import annotations

from dataclasses import replace

import torch

from snnlab.learning import Batch, Training
from snnlab.runs.work import by_work


def test_a_step_on_own_spikes_counts_more_and_an_endless_one_does_not():
    half = Training(epochs=4, rates_fraction=0.5, rates_timesteps=(1, 5), rates_mean_share=0.5)
    middle = Batch(epoch=2, step=20, steps=40, epochs=4, loss=torch.zeros(()))
    found = by_work(middle, half)
    assert found.step / found.steps == 20 * 6 / (20 * 6 + 20 * 8)  # (2 + T) / 3, half of them 1
    longer = by_work(middle, replace(half, rates_mean_share=0.0))
    assert longer.step / longer.steps == 20 * 6 / (20 * 6 + 20 * 10)
    plain = by_work(middle, replace(half, rates_fraction=0.0))
    assert plain.step / plain.steps == 0.5

"""How much work the steps of a training are: those of a rates phase take longer than the others."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from snnlab.learning.spec import Training

if TYPE_CHECKING:
    from snnlab.learning.fit import Batch

USUAL = 3
"""What a step of one pass takes, where one of T timesteps on own spikes takes 2 + T: measured with
ConvNets on one thread of a CPU, T = 1 to 8, and rounded."""


def by_work(batch: Batch, training: Training) -> Batch:
    """The batch with its steps counted by their work, so that the time left can be told.

    Args:
        batch: as `fit` tells it.
        training: as it acts, see `RunConfig.acting_training`.
    """
    drawn = training.rates_timesteps
    usual = USUAL * len(drawn)
    own = usual + round((1 - training.rates_mean_share) * sum(T - 1 for T in drawn))
    late = batch.steps // training.epochs * training.rates_epochs
    early = batch.steps - late

    def work(steps: int) -> int:
        return usual * min(steps, early) + own * max(0, steps - early)

    return replace(batch, step=work(batch.step), steps=work(batch.steps))

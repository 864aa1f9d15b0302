"""The work in the steps of a training: steps of a rates phase take longer than others."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from snnlab.learning.spec import Training

if TYPE_CHECKING:
    from snnlab.learning.fit import Batch

USUAL = 3
"""The work of an ordinary step, in units in which a step of the rates phase with T timesteps takes
2 + T: measured with ConvNets on one thread of a CPU, T = 1 to 8, and rounded."""


def by_work(batch: Batch, training: Training) -> Batch:
    """The batch with its steps counted by their work, to estimate the time left.

    Args:
        batch: the argument of `on_batch` in `fit`.
        training: see `RunConfig.acting_training`.
    """
    drawn = training.rates_timesteps
    usual = USUAL * len(drawn)
    own = usual + round((1 - training.rates_mean_share) * sum(T - 1 for T in drawn))
    late = batch.steps // training.epochs * training.rates_epochs
    early = batch.steps - late

    def work(steps: int) -> int:
        return usual * min(steps, early) + own * max(0, steps - early)

    return replace(batch, step=work(batch.step), steps=work(batch.steps))

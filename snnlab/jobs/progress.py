"""The progress of a training: progress.json in the run folder.

The file exists while a job of the engine trains, and is written at most twice a second.
"""

from __future__ import annotations

import contextlib
import math
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from snnlab.learning.spec import Training
from snnlab.learning.time_left import TimeLeft
from snnlab.runs.files import RunError, read_json, write_json
from snnlab.runs.work import by_work
from snnlab.settings import settle

if TYPE_CHECKING:
    from snnlab.learning.fit import Batch

PROGRESS = "progress.json"
SECONDS_BETWEEN_WRITES = 0.5
"""Smallest number of seconds between two writes."""


@dataclass(frozen=True)
class Progress:
    """How far a training has come."""

    epoch: int
    """1 to epochs."""
    step: int
    """1 to steps, over all epochs."""
    steps: int
    """Steps in all; when step equals it, the network is being measured."""
    loss: float
    """Loss of the last batch."""
    seconds_left: float
    """Expected time until the training ends, without the measurement after it."""


class ProgressFile:
    """Writes progress.json; its `on_batch` is a callback of `run`.

    Args:
        folder: of the run.
        training: the settings of the training if known, as its last epochs may take longer.
    """

    def __init__(self, folder: Path, training: Training | None = None) -> None:
        self.folder, self.training = folder, training
        self.time_left = TimeLeft()
        self.written = -math.inf

    def on_batch(self, batch: Batch) -> None:
        """Write the file unless it was written just before. Only then the loss is read."""
        now = time.monotonic()
        left = self.time_left.after(by_work(batch, self.training) if self.training else batch)
        if now - self.written < SECONDS_BETWEEN_WRITES and batch.step < batch.steps:
            return
        self.written = now
        loss = batch.loss.item()
        progress = Progress(batch.epoch, batch.step, batch.steps, loss, left)
        with contextlib.suppress(OSError):  # the checkpoint reports a full disk
            write_json(self.folder / PROGRESS, asdict(progress))

    def remove(self) -> None:
        """Remove progress.json."""
        with contextlib.suppress(OSError):
            (self.folder / PROGRESS).unlink(missing_ok=True)


def read_progress(folder: Path) -> Progress | None:
    """Read progress.json in a run folder; None if it is missing or invalid.

    Example:
        >>> read_progress(RUNS / job.id)
    """
    try:
        progress = Progress(**read_json(folder / PROGRESS))
        settle(progress)
    except (RunError, TypeError, ValueError):
        return None
    return progress if 1 <= progress.step <= progress.steps else None

"""Estimate how long runs take, from similar runs that have ended here."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable

from snnlab.jobs.fair_queue import Job
from snnlab.jobs.places import ON_GPU, Kind
from snnlab.jobs.progress import Progress
from snnlab.runs.config import RunConfig
from snnlab.runs.provenance import processor_name
from snnlab.runs.store import Run

LEAST_SECONDS_LEFT = 1.0
"""Smallest estimate of the seconds left, for a job that takes longer than expected."""


def seconds_per_epoch(run: Run) -> float | None:
    """Usual training time of an epoch, without validation; None before the first has ended.

    It is the median. Epochs of a rates phase take longer, so if there are some, it is the mean of
    the medians of both kinds, weighted by their numbers.
    """
    found = [(epoch.get("seconds"), bool(epoch.get("own_spikes"))) for epoch in run.metrics]
    known = [(s, own) for s, own in found if isinstance(s, int | float) and 0 <= s < 1e9]
    kinds = [[s for s, own in known if own == kind] for kind in (False, True)]
    usual = sum(len(kind) * statistics.median(kind) for kind in kinds if kind)
    return usual / len(known) if known else None


class Durations:
    """How long jobs and runs took, and how long similar ones will take.

    Two runs are similar if they have the same kind of hardware, and the same data, network, method
    and other settings that influence the time of an epoch.

    Args:
        jobs: jobs of the engine; their times from start to end are used first. The time outside
            the epochs, such as the start of the process and the measurement, counts as independent
            of the number of epochs.
        runs: used if there is no similar job: their training times, on the same processor.
        kinds: kinds of the engine's places.
    """

    def __init__(self, jobs: Iterable[Job], runs: Iterable[Run], kinds: Collection[Kind]) -> None:
        self.kinds = kinds
        self.of_jobs = defaultdict[Hashable, list[tuple[float, float]]](list)
        self.of_runs = defaultdict[Hashable, list[float]](list)
        self.around: list[float] = []
        runs = list(runs)
        by_id = {run.id: seconds_per_epoch(run) for run in runs}
        for job in jobs:
            if job.status == "finished" and job.started is not None and job.ended is not None:
                took, epochs = job.ended - job.started, job.config.training.epochs
                each = by_id.get(job.id)
                if each is None or each * epochs > took:  # gone, or trained in several goes
                    each = took / epochs
                else:
                    self.around.append(took - each * epochs)
                self.of_jobs[self.sort(job.config)].append((each, took - each * epochs))
        here = processor_name()
        for run in runs:
            hardware = run.environment.get("hardware")
            known = hardware if isinstance(hardware, dict) else {}
            each_epoch = by_id[run.id]
            comparable = "any" in kinds or known.get("processor") == here
            if run.config is None or each_epoch is None or not comparable:
                continue
            on_gpu = str(known.get("device")).startswith("cuda")
            self.of_runs[self.sort(run.config, "cuda" if on_gpu else "cpu")].append(each_epoch)

    def sort(self, config: RunConfig, device: str | None = None) -> Hashable:
        """A key that is equal for two runs with the same time per epoch."""
        on_gpu = (device or config.device) in ON_GPU and "gpu" in self.kinds
        model, training = config.acting_model, config.acting_training
        steps = config.training_timesteps
        data = config.data
        return (
            *(on_gpu, config.method, steps, data.name, data.train_size),
            *(model.name, model.channels, training.batch_size, training.precision),
            *(training.augment, training.compile, training.cuda_graph),
            *((training.rates_fraction, training.rates_timesteps) if len(steps) > 1 else ()),
        )

    def whole(self, config: RunConfig) -> float | None:
        """Seconds that a run takes in all; None if no similar run has ended."""
        sort, epochs = self.sort(config), config.training.epochs
        if jobs := self.of_jobs.get(sort):
            return statistics.median(each * epochs + around for each, around in jobs)
        if runs := self.of_runs.get(sort):
            around = statistics.median(self.around) if self.around else 0.0
            return statistics.median(runs) * epochs + around
        return None

    def left(self, job: Job, progress: Progress | None, now: float) -> float | None:
        """Seconds that a running job still takes; None if they are unknown.

        Args:
            job: the job, with the time of its start.
            progress: the content of its progress.json.
            now: seconds since 1970.
        """
        if progress is not None and progress.step < progress.steps and progress.seconds_left > 0:
            return progress.seconds_left
        whole = self.whole(job.config)
        if whole is None:
            return None
        return max(whole - (now - (job.started or now)), LEAST_SECONDS_LEFT)

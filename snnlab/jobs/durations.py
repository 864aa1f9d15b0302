"""How long runs take, judged by others like them that have ended here."""

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

SHORTEST = 1.0
"""Seconds that a job still takes whose time is over by all that is known."""


def seconds_per_epoch(run: Run) -> float | None:
    """Usual training time of an epoch, without validation; None before the first has ended.

    That is the median; of an epoch on own spikes, which takes longer, for as many as there were.
    """
    found = [(epoch.get("seconds"), bool(epoch.get("own_spikes"))) for epoch in run.metrics]
    known = [(s, own) for s, own in found if isinstance(s, int | float) and 0 <= s < 1e9]
    kinds = [[s for s, own in known if own == kind] for kind in (False, True)]
    usual = sum(len(kind) * statistics.median(kind) for kind in kinds if kind)
    return usual / len(known) if known else None


class Durations:
    """What jobs and runs took, and what others like them will take.

    Two are alike if data, network, method and whatever else decides the time of an epoch agree,
    and if they train on the same kind of hardware.

    Args:
        jobs: those of the engine: what one took from its start to its end counts most. What lies
            around its epochs, as the start of its process and the measurement, is as long for few
            epochs as for many.
        runs: of these the training counts, if it was on a processor like that of this machine.
        kinds: of the places of the engine.
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
        """What two runs have in common that take equally long by epoch."""
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
        """Seconds that a run takes; None if none like it has ended."""
        sort, epochs = self.sort(config), config.training.epochs
        if jobs := self.of_jobs.get(sort):
            return statistics.median(each * epochs + around for each, around in jobs)
        if runs := self.of_runs.get(sort):
            around = statistics.median(self.around) if self.around else 0.0
            return statistics.median(runs) * epochs + around
        return None

    def left(self, job: Job, progress: Progress | None, now: float) -> float | None:
        """Seconds that a job still takes that runs; None if nothing says so.

        Args:
            job: with the time at which it was started.
            progress: what its process says of itself.
            now: seconds since 1970.
        """
        if progress is not None and progress.step < progress.steps and progress.seconds_left > 0:
            return progress.seconds_left
        whole = self.whole(job.config)
        if whole is None:
            return None
        return max(whole - (now - (job.started or now)), SHORTEST)

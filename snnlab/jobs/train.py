"""The work of a job's process: train one run and return its outcome."""

from __future__ import annotations

import sys
import time
import traceback
from pathlib import Path

import torch

from snnlab.jobs.places import cores
from snnlab.jobs.pool import JobData, Outcome
from snnlab.jobs.progress import ProgressFile
from snnlab.learning.fit import TrainingError
from snnlab.neuron import registry
from snnlab.runs.config import RunConfig, from_dict
from snnlab.runs.files import RunError
from snnlab.runs.problems import explain, is_disk_error, is_memory_error
from snnlab.runs.provenance import code_digest
from snnlab.runs.run import run
from snnlab.runs.store import is_occupied, run_id

LONGEST_WAIT = 10.0
"""Seconds to wait for a process that trains the same run."""
EXPLAINED = (ValueError, TrainingError)
"""Errors whose message needs no traceback."""


def prepare() -> None:
    """Do slow work once in the fork server, so that its processes need not repeat it.

    The digest must be that of the imported code, even if the files change later. The first
    optimizer of a process imports the compiler of torch, which takes seconds.
    """
    code_digest()
    torch.optim.AdamW([torch.zeros(1)])


def train(job: JobData) -> Outcome:
    """Train the run of a job, see `job_of`; errors of the run become the outcome."""
    root = Path(job["root"])
    sys.argv = list(job["command"])  # so that the run records the command that started it
    torch.set_num_threads(job["threads"] or default_threads())
    progress = ProgressFile(root / job["id"])
    progress.remove()  # of a process that was killed
    config = None
    try:
        sys.path += [folder for folder in job["folders"] if folder not in sys.path]
        for module, folder in job["families"]:
            registry.load(module, folder)
        config = from_dict(job["config"])
        check_code(job["id"], config)
        wait_for_others(root / job["id"])
        progress.training = config.acting_training
        run(config, root, on_batch=progress.on_batch)
    except Exception as error:
        if not isinstance(error, EXPLAINED) and not (
            is_memory_error(error) or is_disk_error(error)
        ):
            traceback.print_exc()
        return Outcome("failed", explain(error, config or RunConfig()))
    finally:
        progress.remove()
    return Outcome("finished")


def default_threads() -> int:
    """All cores except one for the pages; fewer if OMP_NUM_THREADS is lower.

    With more threads than free cores, threads wait for each other and training is slow.
    """
    return min(torch.get_num_threads(), max(1, cores() - 1))


def wait_for_others(folder: Path) -> None:
    """Wait until another process that trains the same run has ended, for up to `LONGEST_WAIT`.

    When a worker is killed, its job may start elsewhere before its old process has ended.
    """
    deadline = time.monotonic() + LONGEST_WAIT
    while is_occupied(folder) and time.monotonic() < deadline:
        time.sleep(0.1)


def check_code(asked: str, config: RunConfig) -> None:
    """Raise RunError unless this process has the code and images of the submitting process."""
    if run_id(config) != asked:
        raise RunError(
            f"the code or the images here are not those of the process which asked for {asked!r}: "
            "they were changed since, or the code is another version; start the server and its "
            "workers again, or ask again"
        )


prepare()

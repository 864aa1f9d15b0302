"""What the process of a job does: train one run and say how that ended."""

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

GRACE = 10.0
"""Seconds to wait for a process that trains the same run."""
EXPECTED = (ValueError, TrainingError)
"""Errors whose message says enough."""


def prepare() -> None:
    """Do once, in a fork server, what each process would have to do: it takes seconds.

    The digest is that of the code which was imported, whatever the files become. The first
    optimizer of a process imports the compiler of torch.
    """
    code_digest()
    torch.optim.AdamW([torch.zeros(1)])


def train(job: JobData) -> Outcome:
    """Train the run of a job, see `job_of`; never raises for what goes wrong in the run."""
    root = Path(job["root"])
    sys.argv = list(job["command"])  # the environment of the run tells who asked
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
        if not isinstance(error, EXPECTED) and not (is_memory_error(error) or is_disk_error(error)):
            traceback.print_exc()
        return Outcome("failed", explain(error, config or RunConfig()))
    finally:
        progress.remove()
    return Outcome("finished")


def default_threads() -> int:
    """All cores but one, which the pages need; fewer if OMP_NUM_THREADS says so.

    Threads that wait for each other make little progress on cores that they must share.
    """
    return min(torch.get_num_threads(), max(1, cores() - 1))


def wait_for_others(folder: Path) -> None:
    """Wait a while for a process that trains the same run: one that is being ended, say.

    When a worker is killed, its job may start elsewhere before the process that trained it
    has noticed.
    """
    deadline = time.monotonic() + GRACE
    while is_occupied(folder) and time.monotonic() < deadline:
        time.sleep(0.1)


def check_code(asked: str, config: RunConfig) -> None:
    """Raise RunError unless this process has the code of the one that asked for the run."""
    if run_id(config) != asked:
        raise RunError(
            f"the code or the images here are not those of the process which asked for {asked!r}: "
            "they were changed since, or the code is another version; start the server and its "
            "workers again, or ask again"
        )


prepare()

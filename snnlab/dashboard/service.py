"""What all pages share: the folder of runs, the engine, the runs in it, the examples."""

from __future__ import annotations

import gc
import logging
import os
import threading
import time
from dataclasses import replace
from pathlib import Path

import streamlit as st

from snnlab.experiment.config import RunConfig
from snnlab.experiment.engine import Engine, shared_engine
from snnlab.experiment.job import Job, JobError, QueueFull
from snnlab.experiment.presets import PRESETS
from snnlab.experiment.store import COLLECTION, ID, RUNS, Run, list_runs, read_run

EXAMPLE, EXAMPLE_SEEDS = "example", (0, 1)

FOLDER = "SNNLAB_RUNS"
"""Environment variable with the folder of runs; default: runs/ where the server was started."""


def runs_folder() -> Path:
    """The folder of the run folders."""
    return Path(os.environ.get(FOLDER) or RUNS)


def engine() -> Engine:
    """The engine of this server."""
    return shared_engine(runs_folder())


def example_configs() -> list[RunConfig]:
    """What is trained at the first start, so that there is something to see: seconds of work."""
    start = PRESETS["digits-mlp"]
    return [
        replace(start, method=method, seed=seed)
        for seed in EXAMPLE_SEEDS
        for method in ("noise", "no-noise")
    ]


@st.cache_resource(show_spinner=False)
def prepare(root: str) -> threading.Thread:
    """Start the engine and, where no run is finished, the examples; nobody waits for it."""

    def work() -> None:
        try:
            there = shared_engine(Path(root))
            spare_the_collector()  # of what the engine has loaded
            if not any(run.status == "finished" for run in list_runs(Path(root))):
                train_examples(there)
        except JobError:
            return  # the server has ended meanwhile
        except Exception:
            logging.getLogger(__name__).exception("no examples")

    thread = threading.Thread(target=work, name="snnlab-examples", daemon=True)
    thread.start()
    return thread


def spare_the_collector() -> None:
    """Take what is loaded for good out of the sight of the garbage collector.

    Streamlit collects all garbage after every redraw; looking through what torch, Altair and
    Dask have loaded would hold up everybody for 0.2 s each time.
    """
    gc.collect()
    gc.freeze()


def train_examples(there: Engine) -> None:
    """Ask for the examples in the name of one user: visitors who press Start wait for one only."""
    for config in example_configs():
        while True:
            try:
                there.submit(config, user=EXAMPLE)
                break
            except QueueFull:  # until one of them has started
                time.sleep(0.5)


def all_runs() -> list[Run]:
    """All runs, newest first. Folders that did not change are not read again."""
    root = runs_folder()
    if not root.is_dir():
        return []
    folders = [f for f in root.iterdir() if f.is_dir() and not f.name.startswith(".")]
    runs = [cached_run(folder) for folder in folders if not (folder / COLLECTION).exists()]
    return sorted(runs, key=lambda run: str(run.environment.get("started", "")), reverse=True)


def finished_runs() -> list[Run]:
    """The finished ones."""
    return [run for run in all_runs() if run.status == "finished"]


def example_runs() -> list[Run]:
    """The finished examples, whichever version of the code trained them."""
    wanted = example_configs()
    return [run for run in finished_runs() if run.config in wanted]


def find_run(id: str) -> Run | None:
    """The run of that id in the folder of runs, None if it is not there or no id."""
    if not ID.fullmatch(id) or not (runs_folder() / id).is_dir():
        return None
    return cached_run(runs_folder() / id)


def cached_run(folder: Path) -> Run:
    """A run, read again only when its folder or one of the files that grow has changed."""
    stamps = []
    for path in (folder, folder / "metrics.jsonl", folder / "result.json"):
        try:
            stamps.append(path.stat().st_mtime_ns)
        except OSError:
            stamps.append(0)
    if (folder / "result.json").is_file():
        return kept_run(str(folder.absolute()), tuple(stamps))
    return read_run(folder)  # a status that depends on processes is never kept


@st.cache_resource(max_entries=500, show_spinner=False)
def kept_run(folder: str, stamps: tuple[int, ...]) -> Run:
    """A finished run."""
    return read_run(Path(folder))


def active_jobs() -> list[Job]:
    """Jobs that train or wait."""
    return [job for job in engine().jobs() if job.status in ("waiting", "running")]

"""What all pages share: the folder of runs, the engine, the runs in it."""

from __future__ import annotations

import logging
import threading
from dataclasses import replace
from pathlib import Path

import streamlit as st

from snnlab.jobs.engine import Engine, shared_engine
from snnlab.jobs.fair_queue import Job
from snnlab.runs.config import RunConfig
from snnlab.runs.examples import SHIPPED, bring_example, bring_examples, example_configs
from snnlab.runs.files import RunError
from snnlab.runs.store import ID, Run, list_runs, read_run, usual_runs

LOG = logging.getLogger(__name__)
EXAMPLE_LOCK = threading.Lock()
"""Held while an example is copied: two visitors may press Start at once."""


def runs_folder() -> Path:
    """The folder of the run folders. It may be unusable: pages that use it show the reason."""
    return usual_runs().expanduser()


def engine() -> Engine:
    """The engine of this server."""
    return shared_engine(runs_folder())


def prepare() -> None:
    """Start the engine, and copy the example runs into a folder without finished runs.

    Raises:
        ConfigError: SNNLAB_SCHEDULER holds no address.
    """
    engine()
    try:
        bring_examples(runs_folder())
    except (OSError, RunError):
        LOG.exception("no examples")


def all_runs() -> list[Run]:
    """All runs, newest first. Folders that did not change are not read again."""
    try:
        return list_runs(runs_folder(), cached_run)
    except (OSError, RunError):  # every page shows the reason, see `trouble`
        return []


def finished_runs() -> list[Run]:
    """The finished runs, newest first."""
    return [run for run in all_runs() if run.status == "finished"]


def example_of(config: RunConfig) -> Run | None:
    """The finished example with this configuration, on any device; None if there is none.

    A folder that already had finished runs got no examples: then this one is copied into it.
    """
    asked = next((c for c in example_configs() if replace(config, device=c.device) == c), None)
    if asked is None:
        return None
    with EXAMPLE_LOCK:
        for run in finished_runs():
            if run.config == asked:
                return run
        shipped = next((run for run in list_runs(SHIPPED) if run.config == asked), None)
        if shipped is None or (runs_folder() / shipped.id).exists():  # the run may be in training
            return None
        try:
            bring_example(shipped.folder, runs_folder())
        except OSError:
            LOG.exception("no example")
        return find_run(shipped.id)


def find_run(id: str) -> Run | None:
    """The run of that id in the folder of runs; None if it is missing, or the text is no id."""
    try:
        there = ID.fullmatch(id) and (runs_folder() / id).is_dir()
    except OSError:
        return None
    return cached_run(runs_folder() / id) if there else None


def is_finished(id: str) -> bool:
    """Whether the run of that id is there, and finished."""
    run = find_run(id)
    return run is not None and run.status == "finished"


def cached_run(folder: Path) -> Run:
    """A run, read again only when its folder or one of the files that grow has changed."""
    stamps = []
    for path in (folder, folder / "metrics.jsonl", folder / "result.json"):
        try:
            stamps.append(path.stat().st_mtime_ns)
        except OSError:
            stamps.append(0)
    if stamps[-1]:
        return kept_run(str(folder.absolute()), tuple(stamps))
    return read_run(folder)  # its status may change without its files: not cached


@st.cache_resource(max_entries=500, show_spinner=False)
def kept_run(folder: str, stamps: tuple[int, ...]) -> Run:
    """A finished run."""
    return read_run(Path(folder))


def active_jobs() -> list[Job]:
    """Jobs that train or wait."""
    return [job for job in engine().jobs() if job.active]

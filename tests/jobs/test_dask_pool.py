"""Dask workers started by hand, as a user would from a shell: sweeps and the engine on them."""

from __future__ import annotations

import contextlib
import json
import shutil
import signal
import socket
import threading
from dataclasses import replace
from functools import partial
from pathlib import Path

import psutil
import pytest

from snnlab.jobs.dask_pool import DaskPool
from snnlab.jobs.engine import Engine
from snnlab.jobs.fair_queue import Job
from snnlab.learning.spec import Training
from snnlab.runs.config import RunConfig
from snnlab.runs.run import run
from snnlab.runs.store import list_runs, load_run
from snnlab.studies.sweep import SweepConfig, sweep
from tests.jobs.by_hand import cluster
from tests.jobs.pretend_work import PRETEND, ROOT, becomes, child_of, gone, now, seed_of, until


@pytest.mark.slow
def test_a_scheduler_and_workers_that_come_late_and_go(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Each is said within seconds, and jobs go on as soon as they can."""

    def says(words: str, job: Job, seconds: float = 10) -> None:
        until(lambda: words in now(engine, job).reason, seconds)

    with cluster() as (address, start):
        engine = Engine(tmp_path, partial(DaskPool, address, PRETEND))
        (waiting,) = engine.submit([RunConfig()], user="ada")
        says(f"no Dask scheduler answers at {address}; trying again", waiting)
        scheduler = start("scheduler")
        says(f"the Dask scheduler at {address} has no workers; waiting for one", waiting, 30)
        assert now(engine, waiting).status == "waiting"
        start("worker")
        becomes(engine, "finished", waiting)
        (running,) = engine.submit([RunConfig(seed=seed_of("wait"))], user="ada")
        process = child_of(tmp_path / running.id)
        scheduler.send_signal(signal.SIGSTOP)  # as when a network is lost
        says("the Dask scheduler answers no more", running, 20)
        scheduler.kill()
        assert now(engine, running).status == "interrupted"
        (waiting,) = engine.submit([RunConfig(seed=10)], user="ada")
        says("no Dask scheduler answers", waiting)
        start("scheduler")
        start("worker")
        becomes(engine, "finished", waiting)
        until(lambda: gone(process))
        engine.close()
    assert {record.levelname for record in caplog.records} == {"WARNING"}


@pytest.mark.slow
def test_a_worker_with_other_code_is_refused(tiny: RunConfig, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "snnlab", tmp_path / "other" / "snnlab")
    with (tmp_path / "other" / "snnlab" / "runs" / "config.py").open("a") as file:
        file.write("# changed\n")
    with cluster("scheduler") as (address, start):
        start("worker", tmp_path / "other")
        engine = Engine(tmp_path / "runs", partial(DaskPool, address))
        (job,) = engine.submit([tiny], user="ada")
        becomes(engine, "failed", job)
        assert "start the server and its workers again" in now(engine, job).reason
        engine.close()


@pytest.mark.parametrize("hangs_up", [False, True])
def test_a_port_where_no_scheduler_listens(hangs_up: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dask's own client would wait for ever for one that says nothing."""
    monkeypatch.setattr("snnlab.jobs.dask_pool.SCHEDULER_TIMEOUT", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=lambda: server.accept()[0].close(), daemon=True)
        if hangs_up:
            thread.start()
        pool = DaskPool(f"tcp://127.0.0.1:{server.getsockname()[1]}", PRETEND)
        assert "no Dask scheduler answers at tcp://127.0.0.1" in pool.trouble
        pool.close()


def trainer(root: Path) -> psutil.Process | None:
    """A process that trains at the moment."""
    with contextlib.suppress(FileNotFoundError, ValueError, psutil.Error):
        for mark in root.glob("*/running.json"):
            return psutil.Process(json.loads(mark.read_text())["pid"])
    return None


@pytest.mark.slow
def test_two_workers_share_a_sweep_and_one_is_killed(tiny: RunConfig, tmp_path: Path) -> None:
    start = replace(tiny, training=Training(epochs=20, batch_size=25))
    asked = SweepConfig(start, {"seed": tuple(range(8))})
    family: list[psutil.Process] = []
    ended: list[RunConfig] = []

    def note(config: RunConfig) -> None:
        """After the third run, kill a worker while it trains."""
        ended.append(config)
        if len(ended) == 3:
            child = until(lambda: trainer(tmp_path / "runs"))
            family.extend([child, *child.parents()[:2]])
            family[-1].kill()

    with cluster("scheduler", "worker", "worker") as (address, _):
        done = sweep(asked, tmp_path / "s", partial(DaskPool, address), tmp_path / "runs", note)
        assert (done["failures"], len(done["entries"])) == ({}, 8)
        until(lambda: family and all(gone(process) for process in family))
    for config in asked.configs()[3:6]:
        alone = run(config, tmp_path / "alone")
        same = load_run(alone.id, tmp_path / "runs")
        assert same.accuracy == alone.accuracy
        name = "weights.safetensors"
        assert (same.folder / name).read_bytes() == (alone.folder / name).read_bytes()


@pytest.mark.slow
def test_the_engine_on_two_workers(tiny: RunConfig, tmp_path: Path) -> None:
    """Two jobs at a time; one is cancelled; when the client is gone, its jobs end."""
    root = tmp_path / "runs"
    long = replace(tiny, training=Training(epochs=5000, batch_size=25))
    asked = (long, replace(long, seed=1), replace(tiny, seed=2))
    with cluster("scheduler", "worker", "worker") as (address, _):
        engine = Engine(root, partial(DaskPool, address))
        jobs = [engine.submit([config], user=f"u{config.seed}")[0] for config in asked]
        marks = [root / job.id / "running.json" for job in jobs[:2]]
        until(lambda: all(mark.exists() and mark.read_text() for mark in marks))
        assert [job.status for job in engine.jobs()] == ["running", "running", "waiting"]
        trainers = [psutil.Process(json.loads(mark.read_text())["pid"]) for mark in marks]
        engine.cancel(jobs[0].id, user="u0")
        until(lambda: gone(trainers[0]), 3)  # a second, on idle cores
        becomes(engine, "finished", jobs[2])
        assert trainers[1].is_running()
        engine.close()
        until(lambda: gone(trainers[1]))
    statuses = {run.id: run.status for run in list_runs(root)}
    assert [statuses[job.id] for job in jobs] == ["interrupted", "interrupted", "finished"]


@pytest.mark.slow
def test_a_queue_for_a_cluster_can_be_paused_and_cleared(tmp_path: Path) -> None:
    with cluster("scheduler", "worker") as (address, _):
        engine = Engine(tmp_path, partial(DaskPool, address, PRETEND))
        (running,) = engine.submit([RunConfig(seed=seed_of("wait"))], user="ada")
        process = child_of(tmp_path / running.id)
        engine.pause()
        (waiting,) = engine.submit([RunConfig(seed=10)], user="bob")
        until(lambda: engine.starts_in(lambda job: 10.0) == {} and engine.at)
        engine.clear()
        assert now(engine, waiting).status == "cancelled"
        assert now(engine, running).status == "running"
        (waiting,) = engine.submit([RunConfig(seed=20)], user="bob")
        engine.clear(running=True)
        assert now(engine, running).status == now(engine, waiting).status == "cancelled"
        until(lambda: gone(process), 5)
        (waiting,) = engine.submit([RunConfig(seed=30)], user="bob")
        engine.resume()
        becomes(engine, "finished", waiting)
        engine.close()

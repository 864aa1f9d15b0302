"""Dask workers started by hand, as a user would from a shell: sweeps and the engine on them."""

from __future__ import annotations

import contextlib
import json
import shutil
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import psutil
import pytest

from snnlab.experiment.config import RunConfig
from snnlab.experiment.run import run
from snnlab.experiment.store import list_runs, load_run, run_id
from snnlab.jobs.dask_pool import DaskPool
from snnlab.jobs.engine import Engine
from snnlab.learning.spec import Training
from snnlab.studies.sweep import Ended, SweepConfig, sweep
from tests.jobs.conftest import Start
from tests.jobs.pretend_work import PRETEND, ROOT, child_of, gone, seed_of, until


def test_a_scheduler_and_workers_that_come_late_and_go(
    start: Start, address: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Each is said within seconds, and jobs go on as soon as they can."""
    engine = Engine(tmp_path, partial(DaskPool, address, PRETEND))
    (waiting,) = engine.submit([RunConfig()], user="ada")

    def says(words: str, seconds: float = 10) -> None:
        until(lambda: words in engine.job(waiting.id).reason, seconds)  # type: ignore[union-attr]
        assert engine.job(waiting.id).status == "waiting"  # type: ignore[union-attr]

    says(f"no Dask scheduler answers at {address}; trying again")
    scheduler = start("scheduler")
    says(f"the Dask scheduler at {address} has no workers; waiting for one", 30)
    start("worker")
    until(lambda: engine.job(waiting.id).status == "finished")  # type: ignore[union-attr]
    (running,) = engine.submit([RunConfig(seed=seed_of("wait"))], user="ada")
    process = child_of(tmp_path / running.id)
    scheduler.kill()
    until(lambda: engine.job(running.id).status == "interrupted", 20)  # type: ignore[union-attr]
    assert "the Dask scheduler has ended" in engine.job(running.id).reason  # type: ignore[union-attr]
    (waiting,) = engine.submit([RunConfig(seed=10)], user="ada")
    says("no Dask scheduler answers")
    start("scheduler")
    start("worker")
    until(lambda: engine.job(waiting.id).status == "finished")  # type: ignore[union-attr]
    until(lambda: gone(process))
    engine.close()
    ours = [record for record in caplog.records if record.name.startswith("snnlab")]
    assert [record.levelname for record in ours if "goes on in" in record.message] == []


@pytest.mark.slow
def test_a_worker_with_other_code_is_refused(
    start: Start, address: str, tiny: RunConfig, tmp_path: Path
) -> None:
    shutil.copytree(ROOT / "snnlab", tmp_path / "other" / "snnlab")
    with (tmp_path / "other" / "snnlab" / "experiment" / "config.py").open("a") as file:
        file.write("# changed\n")
    start("scheduler")
    start("worker", tmp_path / "other")
    engine = Engine(tmp_path / "runs", partial(DaskPool, address))
    (job,) = engine.submit([tiny], user="ada")
    until(lambda: engine.job(job.id).status == "failed")  # type: ignore[union-attr]
    assert "start the server and its workers again" in engine.job(job.id).reason  # type: ignore[union-attr]
    engine.close()


@pytest.mark.slow
def test_two_workers_share_a_sweep_and_one_is_killed(
    start: Start, address: str, tiny: RunConfig, tmp_path: Path
) -> None:
    start("scheduler")
    workers = [start("worker"), start("worker")]
    asked = SweepConfig(
        replace(tiny, training=Training(epochs=20, batch_size=25)), {"seed": tuple(range(8))}
    )
    family: list[psutil.Process] = []

    def trainer() -> psutil.Process | None:
        """A process that trains at the moment."""
        with contextlib.suppress(FileNotFoundError, ValueError, psutil.Error):
            for mark in (tmp_path / "runs").glob("*/running.json"):
                return psutil.Process(json.loads(mark.read_text())["pid"])
        return None

    def note(ended: Ended) -> None:
        """After the third run, kill a worker while it trains."""
        if ended.number == 3:
            busy = {process.pid for process in until(trainer).parents()}
            (victim,) = (worker for worker in workers if worker.pid in busy)
            family.extend(psutil.Process(victim.pid).children(recursive=True))
            victim.kill()

    with contextlib.closing(DaskPool(address)) as pool:
        done = sweep(asked, tmp_path / "s", pool, tmp_path / "runs", note)
    assert (done["failures"], len(done["entries"])) == ({}, 8)
    assert family
    until(lambda: all(gone(process) for process in family))
    for config in asked.configs()[3:6]:
        alone = run(config, tmp_path / "alone")
        same = load_run(alone.id, tmp_path / "runs")
        assert same.accuracy == alone.accuracy
        name = "weights.safetensors"
        assert (same.folder / name).read_bytes() == (alone.folder / name).read_bytes()


@pytest.mark.slow
def test_the_engine_on_two_workers(
    start: Start, address: str, tiny: RunConfig, tmp_path: Path
) -> None:
    """Two jobs at a time; one is cancelled; when the client is gone, its jobs end."""
    for what in ("scheduler", "worker", "worker"):
        start(what)
    root = tmp_path / "runs"
    long = replace(tiny, training=Training(epochs=5000, batch_size=25))
    engine = Engine(root, partial(DaskPool, address))
    (first,), (second,), (third,) = (
        engine.submit([config], user=f"u{config.seed}")
        for config in (long, replace(long, seed=1), replace(tiny, seed=2))
    )
    marks = [root / job.id / "running.json" for job in (first, second)]
    until(lambda: all(mark.exists() and mark.read_text() for mark in marks))
    assert [job.status for job in engine.jobs()] == ["running", "running", "waiting"]
    trainers = [psutil.Process(json.loads(mark.read_text())["pid"]) for mark in marks]
    begun = time.monotonic()
    engine.cancel(first.id, user="u0")
    until(lambda: gone(trainers[0]))
    assert time.monotonic() - begun < 3  # a second, on idle cores
    until(lambda: engine.job(third.id).status == "finished")  # type: ignore[union-attr]
    assert trainers[1].is_running()
    engine.close()
    until(lambda: gone(trainers[1]))
    assert {run.id: run.status for run in list_runs(root)} == {
        first.id: "interrupted",
        second.id: "interrupted",
        run_id(third.config): "finished",
    }

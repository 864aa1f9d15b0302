"""Who carries out a sweep: processes of this machine, and Dask workers started by hand."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from snnlab.experiment.config import RunConfig
from snnlab.experiment.crew import Crew, DaskCrew, LocalCrew
from snnlab.experiment.dask_engine import DaskEngine
from snnlab.experiment.run import run
from snnlab.experiment.store import list_runs, load_run, run_id
from snnlab.experiment.sweep import Ended, SweepConfig, sweep
from snnlab.learning.spec import Training

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PRETEND = "pretend_work:act"
FINISH, WAIT, FAIL, RESIST, CRASH, GROW = range(6)


def until(true: Callable[[], Any], seconds: float = 300) -> Any:
    """Wait for something to become true."""
    deadline = time.monotonic() + seconds
    while not (value := true()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)
    return value


@pytest.fixture(autouse=True)
def pretend_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), str(HERE)]))


def jobs(root: Path, *acts: int) -> dict[str, dict[str, Any]]:
    names = [f"{number}-{act}" for number, act in enumerate(acts)]
    return {
        name: {"id": name, "root": str(root), "config": {"seed": act}}
        for name, act in zip(names, acts, strict=True)
    }


def children(root: Path) -> list[psutil.Process]:
    """The processes that have done or do jobs and still live."""
    pids = [int(file.read_text()) for file in root.glob("*/pid")]
    return [psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)]


@pytest.mark.parametrize("crew", [LocalCrew(2, PRETEND), DaskCrew(None, 2, PRETEND)])
def test_a_crew_carries_out_all_jobs_and_ends_what_is_not_awaited(
    crew: Crew, tmp_path: Path
) -> None:
    assert list(crew.carry_out({})) == []
    endings = crew.carry_out(jobs(tmp_path, FINISH, FAIL, FINISH, CRASH, WAIT, WAIT, WAIT))
    outcomes = [outcome for _, outcome in [next(endings) for _ in range(4)]]
    assert sorted(outcome.status for outcome in outcomes) == [
        *("failed", "finished", "finished", "interrupted")
    ]
    until(lambda: len(children(tmp_path)) == 2)  # two at a time
    endings.close()
    until(lambda: not children(tmp_path))
    assert len(list(tmp_path.iterdir())) == 6  # the last one was never started


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A scheduler and two workers, started as a user would from two shells."""
    file = tmp_path / "scheduler.json"
    environ = os.environ | {"DASK_DISTRIBUTED__LOGGING__DISTRIBUTED": "critical"}

    def start(*arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", *arguments, "--no-dashboard", "--host", "127.0.0.1"]
        return subprocess.Popen(command, env=environ, stderr=subprocess.DEVNULL, cwd=tmp_path)

    programs = [
        start("distributed.cli.dask_scheduler", "--port", "0", "--scheduler-file", str(file))
    ]
    until(lambda: file.exists() and file.read_text())
    address = json.loads(file.read_text())["address"]
    worker = ("distributed.cli.dask_worker", address, "--nthreads", "1")
    programs += [start(*worker), start(*worker)]
    yield address, programs[1:]
    for program in reversed(programs):
        program.terminate()
    for program in programs:
        program.wait()


@pytest.mark.slow
def test_two_workers_share_a_sweep_and_one_is_killed(
    cluster: tuple[str, list[subprocess.Popen[bytes]]], tiny: RunConfig, tmp_path: Path
) -> None:
    address, workers = cluster
    start = replace(tiny, training=Training(epochs=20, batch_size=25))
    asked = SweepConfig(start, {"seed": tuple(range(8))})
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

    done = sweep(asked, tmp_path / "s", DaskCrew(address), tmp_path / "runs", note)
    assert (done["failures"], len(done["entries"])) == ({}, 8)
    assert family
    until(lambda: not any(p.is_running() and p.status() != "zombie" for p in family))
    for config in asked.configs()[3:6]:
        alone = run(config, tmp_path / "alone")
        same = load_run(alone.id, tmp_path / "runs")
        assert same.accuracy == alone.accuracy
        name = "weights.safetensors"
        assert (same.folder / name).read_bytes() == (alone.folder / name).read_bytes()


@pytest.mark.slow
def test_the_engine_on_workers_started_by_hand(
    cluster: tuple[str, list[subprocess.Popen[bytes]]], tiny: RunConfig, tmp_path: Path
) -> None:
    """Two jobs at a time; one is cancelled; when the client is gone, its jobs end."""
    address, _ = cluster
    root = tmp_path / "runs"
    long = replace(tiny, training=Training(epochs=5000, batch_size=25))
    engine = DaskEngine(root, address)
    first, second = (engine.submit(replace(long, seed=s), user=f"u{s}") for s in (0, 1))
    third = engine.submit(replace(tiny, seed=2), user="u2")
    marks = [root / job.id / "running.json" for job in (first, second)]
    until(lambda: all(mark.exists() and mark.read_text() for mark in marks))
    assert [job.status for job in engine.jobs()] == ["running", "running", "waiting"]
    trainers = [psutil.Process(json.loads(mark.read_text())["pid"]) for mark in marks]
    engine.cancel(first.id, user="u0")
    until(lambda: engine.job(third.id).status == "finished")  # type: ignore[union-attr]
    assert not trainers[0].is_running()
    assert trainers[1].is_running()
    engine.close()
    until(lambda: not trainers[1].is_running())
    assert {run.id: run.status for run in list_runs(root)} == {
        first.id: "interrupted",
        second.id: "interrupted",
        run_id(third.config): "finished",
    }


def test_a_scheduler_that_does_not_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("snnlab.experiment.cluster.PATIENCE", 0.2)
    address = "tcp://127.0.0.1:9"
    with pytest.raises(OSError, match=r"127\.0\.0\.1:9"):
        list(DaskCrew(address, work=PRETEND).carry_out(jobs(tmp_path, FINISH)))
    engine = DaskEngine(tmp_path, address, work=PRETEND)
    job = engine.submit(RunConfig(), user="ada")
    until(lambda: engine.job(job.id).reason)  # type: ignore[union-attr]
    waiting = engine.job(job.id)
    assert waiting is not None
    assert waiting.status == "waiting"
    assert waiting.reason == f"no Dask scheduler answers at {address}; trying again"
    engine.close()

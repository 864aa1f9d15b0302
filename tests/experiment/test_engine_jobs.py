"""The engine on a cluster of its own, with children that pretend to train."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
from distributed import Nanny

from snnlab.experiment.cluster import YIELDING
from snnlab.experiment.config import RunConfig
from snnlab.experiment.dask_engine import DaskEngine
from snnlab.experiment.engine import Engine
from snnlab.experiment.job import Job, JobError, QueueFull
from snnlab.experiment.store import Run

HERE = Path(__file__).parent
PATH = os.pathsep.join([str(HERE.parents[1]), str(HERE)])
PRETEND = "pretend_work:act"
FINISH, WAIT, FAIL, RESIST, CRASH, GROW = range(6)
NUMBERS = itertools.count(1)


def until(true: Callable[[], Any], seconds: float = 60) -> Any:
    """Wait for something to become true."""
    deadline = time.monotonic() + seconds
    while not (value := true()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)
    return value


def new(act: int) -> RunConfig:
    """A configuration that no other test has, whose child does this."""
    return RunConfig(seed=10 * next(NUMBERS) + act)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("engine") / "runs"


@pytest.fixture(scope="module")
def started(root: Path) -> Iterator[DaskEngine]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", PATH)
        engine = DaskEngine(root, work=PRETEND)
        yield engine
        engine.close()


@pytest.fixture
def engine(started: DaskEngine, root: Path) -> Iterator[DaskEngine]:
    """An engine without jobs of other tests."""
    yield started
    for job in started.jobs():
        started.cancel(job.id)
    (root / "go").unlink(missing_ok=True)


def status(engine: Engine, job: Job) -> str:
    found = engine.job(job.id)
    assert found is not None
    return found.status


def child(root: Path, job: Job) -> psutil.Process:
    """The process that does a job, once it does."""
    file = root / job.id / "pid"
    until(file.exists)
    return psutil.Process(int(file.read_text()))


def release(root: Path) -> None:
    """Let all children that wait finish."""
    (root / "go").touch()


def test_a_job_from_start_to_end(engine: DaskEngine, root: Path) -> None:
    config = new(WAIT)
    job = engine.submit(config, user="ada")
    assert (job.status, job.position, job.users) == ("waiting", 1, ("ada",))
    assert job.config.seed == config.seed
    child(root, job)
    running = engine.job(job.id)
    assert running is not None
    assert (running.status, running.position) == ("running", None)
    assert running.started is not None
    assert running.started >= running.submitted
    release(root)
    until(lambda: status(engine, job) == "finished")
    assert engine.jobs()[0].id == job.id
    assert not child_lives(root, job)


def child_lives(root: Path, job: Job) -> bool:
    return psutil.pid_exists(int((root / job.id / "pid").read_text()))


def test_the_cluster_listens_to_this_machine_only(engine: DaskEngine, root: Path) -> None:
    job = engine.submit(new(WAIT), user="ada")
    child(root, job)
    me = psutil.Process()
    found = [c for p in (me, *me.children(recursive=True)) for c in p.net_connections("inet")]
    listening = {connection.laddr.ip for connection in found if connection.status == "LISTEN"}
    assert listening == {"127.0.0.1"}


@pytest.mark.skipif(not hasattr(os, "nice"), reason="no niceness on this system")
def test_what_trains_gives_way_to_pages(engine: DaskEngine, root: Path) -> None:
    job = engine.submit(new(WAIT), user="ada")
    assert child(root, job).nice() == min(os.nice(0) + YIELDING, 19)
    release(root)


@pytest.mark.parametrize(
    ("act", "ending"),
    [
        (FAIL, ("failed", "planted")),
        (CRASH, ("interrupted", "the training process ended with exit code 1")),
    ],
)
def test_a_job_that_goes_wrong(act: int, ending: tuple[str, str], engine: DaskEngine) -> None:
    job = engine.submit(new(act), user="ada")
    until(lambda: status(engine, job) not in ("waiting", "running"))
    found = engine.job(job.id)
    assert found is not None
    assert (found.status, found.reason) == ending
    again = engine.submit(found.config, user="bob")
    assert (again.id, again.status, again.user, again.reason) == (job.id, "waiting", "bob", "")


def test_users_take_turns_and_share(engine: DaskEngine, root: Path) -> None:
    first = engine.submit(new(WAIT), user="ada")
    child(root, first)
    others = [engine.submit(new(FINISH), user=user) for user in ("ada", "ada", "bob", "bob")]
    order = [job.id for job in engine.jobs()][:5]
    assert order == [first.id, others[2].id, others[0].id, others[3].id, others[1].id]
    with pytest.raises(QueueFull, match="2 of your runs wait already"):
        engine.submit(new(FINISH), user="ada")
    shared = engine.submit(first.config, user="bob")
    assert (shared.id, shared.status, shared.user) == (first.id, "running", "ada")
    assert shared.users == ("ada", "bob")
    engine.cancel(first.id, user="ada")
    assert status(engine, first) == "running"
    assert child_lives(root, first)
    release(root)
    for job in [first, *others]:
        until(lambda job=job: status(engine, job) == "finished")
    started = [engine.job(job.id).started for job in others]  # type: ignore[union-attr]
    assert started[2] == min(started)


@pytest.mark.parametrize("act", [WAIT, RESIST])
def test_a_cancelled_job_ends_and_the_queue_goes_on(
    act: int, engine: DaskEngine, root: Path
) -> None:
    running = engine.submit(new(act), user="ada")
    process = child(root, running)
    waiting = engine.submit(new(FINISH), user="bob")
    withdrawn = engine.submit(new(FINISH), user="eve")
    engine.cancel(withdrawn.id, user="eve")
    engine.cancel(running.id, user="ada")
    assert status(engine, running) == status(engine, withdrawn) == "cancelled"
    until(lambda: not process.is_running())
    until(lambda: status(engine, waiting) == "finished")
    engine.cancel(running.id, user="ada")  # once more does nothing
    assert not (root / withdrawn.id).exists()


def test_only_those_who_asked_and_the_teacher_can_cancel(engine: DaskEngine, root: Path) -> None:
    job = engine.submit(new(WAIT), user="ada")
    with pytest.raises(JobError, match="is not yours to cancel"):
        engine.cancel(job.id, user="bob")
    with pytest.raises(JobError, match="there is no job 'nothing'"):
        engine.cancel("nothing")
    engine.submit(job.config, user="bob")
    engine.cancel(job.id)
    assert status(engine, job) == "cancelled"


def test_a_cancelled_job_can_be_asked_for_again(engine: DaskEngine, root: Path) -> None:
    job = engine.submit(new(RESIST), user="ada")
    first = child(root, job)
    engine.cancel(job.id, user="ada")
    (root / job.id / "pid").unlink()
    release(root)
    assert engine.submit(job.config, user="ada").status == "waiting"
    until(lambda: status(engine, job) == "finished")
    assert int((root / job.id / "pid").read_text()) != first.pid
    assert not first.is_running()


def test_the_queue_goes_on_when_child_fork_server_or_worker_are_killed(
    engine: DaskEngine, root: Path
) -> None:
    kills: dict[str, Callable[[psutil.Process], Any]] = {
        "child": lambda process: process.kill(),
        "fork server": lambda process: process.parent().kill(),  # type: ignore[union-attr]
        "worker": lambda process: process.parent().parent().kill(),  # type: ignore[union-attr]
    }
    for name, kill in kills.items():
        job = engine.submit(new(WAIT), user="ada")
        process = child(root, job)
        after = engine.submit(new(FINISH), user="bob")
        assert psutil.Process() in process.parents()
        kill(process)
        until(lambda job=job: status(engine, job) == "interrupted")
        assert "killed" in engine.job(job.id).reason or name == "fork server"  # type: ignore[union-attr]
        until(lambda process=process: not process.is_running())
        until(lambda after=after: status(engine, after) == "finished")


def test_a_worker_that_was_killed_is_replaced_by_a_warm_one(engine: DaskEngine, root: Path) -> None:
    """The next job need not wait until PyTorch is imported: that began with the worker."""
    job = engine.submit(new(WAIT), user="ada")
    before = fork_servers() | {child(root, job).ppid()}
    child(root, job).parent().parent().kill()  # type: ignore[union-attr]
    until(lambda: status(engine, job) == "interrupted")
    until(lambda: fork_servers() - before)


@pytest.mark.slow
def test_a_killed_worker_may_take_long_to_come_back(
    engine: DaskEngine, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dask gives it up after 15 s by default, and the queue would stand still for ever."""
    start = Nanny.instantiate

    async def start_late(nanny: Nanny) -> Any:
        await asyncio.sleep(17)
        return await start(nanny)

    job = engine.submit(new(WAIT), user="ada")
    worker = child(root, job).parent().parent()  # type: ignore[union-attr]
    after = engine.submit(new(FINISH), user="bob")
    monkeypatch.setattr(Nanny, "instantiate", start_late)
    worker.kill()  # type: ignore[union-attr]
    until(lambda: status(engine, job) == "interrupted")
    until(lambda: status(engine, after) == "finished")


def fork_servers() -> set[int]:
    """The process ids of all fork servers of this process."""
    found = set()
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):  # it has just ended
            if process.cmdline()[-1:] == [PRETEND]:
                found.add(process.pid)
    return found


def test_a_finished_run_is_the_answer_at_once(
    engine: DaskEngine, root: Path, finished: Run
) -> None:
    import shutil

    assert finished.config is not None
    shutil.copytree(finished.folder, root / finished.id)
    job = engine.submit(replace(finished.config, device="auto"), user="ada")
    assert (job.id, job.status) == (finished.id, "finished")
    assert status(engine, job) == "finished"


def test_a_closed_engine_leaves_its_queue_to_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", PATH)
    engine = DaskEngine(tmp_path, work=PRETEND)
    running = engine.submit(new(WAIT), user="ada")
    process = child(tmp_path, running)
    waiting = engine.submit(new(FINISH), user="bob")
    engine.close()
    engine.close()
    assert not process.is_running()
    assert status(engine, running) == "interrupted"
    with pytest.raises(JobError, match="the engine is closed"):
        engine.submit(new(FINISH), user="ada")
    following = DaskEngine(tmp_path, work=PRETEND)
    assert status(following, running) == "interrupted"
    until(lambda: status(following, waiting) == "finished")
    following.close()
    assert not (tmp_path / "queue.json").exists()

"""Pools of any kind: how jobs end there. Processes of this machine: that none is ever left over."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import Mock

import psutil
import pytest

from snnlab.jobs.local_pool import METHOD, LocalPool
from snnlab.jobs.places import Place
from snnlab.jobs.pool import Outcome, Pool, Task, carry_out
from tests.jobs.by_hand import cluster
from tests.jobs.pretend_work import PRETEND, ROOT, child_of, gone, job, until

FINISHED = Outcome("finished")
METHODS = sorted({METHOD, "spawn"})
OWNER = """
import json, sys
from pathlib import Path
from unittest.mock import Mock
from snnlab.jobs.local_pool import LocalPool
from snnlab.jobs.places import Place

root, method, *jobs = json.loads(sys.argv[1])
with Path(root, "main").open("a") as file:
    file.write("here once more ")
pool = LocalPool([Place()] * len(jobs), "tests.jobs.pretend_work:act", method=method)
tasks = [pool.start(job, pool.places[0]) for job in jobs]
while any(task.outcome is None for task in tasks):
    pool.wait(1)
"""
"""A script as students write them, without `if __name__ == "__main__"`."""


@pytest.fixture(scope="module", params=[*METHODS, pytest.param("dask", marks=pytest.mark.slow)])
def opened(request: pytest.FixtureRequest) -> Iterator[Pool]:
    """Two places of a kind."""
    with contextlib.ExitStack() as stack:
        if request.param == "dask":
            from snnlab.jobs.dask_pool import DaskPool

            address, _ = stack.enter_context(cluster("scheduler", "worker", "worker"))
            made: Pool = DaskPool(address, PRETEND)
        else:
            two = [Place(), Place("cpu", {"PLACE": "two"})]
            made = LocalPool(two, PRETEND, method=request.param)
        until(lambda: made.wait(0.1) or len(made.places) == 2)
        yield made
        made.close()


@pytest.fixture
def pool(opened: Pool) -> Iterator[Pool]:
    """The same; after the test its places are free again."""
    yield opened
    assert len(opened.places) == 2


@pytest.fixture
def local(pool: Pool) -> LocalPool:
    """A pool of this machine."""
    if not isinstance(pool, LocalPool):
        pytest.skip("nothing that a cluster has")
    return pool


def ended(pool: Pool, task: Task) -> Outcome:
    """How a job ends, in time."""
    return until(lambda: pool.wait(0.1) or task.outcome)  # type: ignore[no-any-return]


@pytest.mark.sample(1)
def test_jobs_one_after_the_other(pool: Pool, tmp_path: Path) -> None:
    """Each in a process of its own; a crash of one does not touch the next."""
    jobs = {what: job(what, tmp_path, what) for what in ("finish", "fail", "crash")}
    assert dict(carry_out(pool, jobs)) == {
        "finish": FINISHED,
        "fail": Outcome("failed", "planted"),
        "crash": Outcome("interrupted", "the training process ended with exit code 1"),
    }
    assert list(carry_out(pool, {})) == []
    pids = {file.read_text() for file in tmp_path.glob("*/pid")} | {str(os.getpid())}
    assert len(pids) == 4


@pytest.mark.sample(1)
def test_as_many_at_a_time_as_there_are_places(pool: Pool, tmp_path: Path) -> None:
    jobs = {name: job("wait", tmp_path, name) for name in ("one", "two", "three")}

    def release() -> None:
        for name in ("one", "two"):
            child_of(tmp_path / name)
        assert not (tmp_path / "three").exists()
        (tmp_path / "go").touch()

    thread = threading.Thread(target=release)
    thread.start()
    assert {outcome.status for _, outcome in carry_out(pool, jobs)} == {"finished"}
    thread.join()
    assert (tmp_path / "three").exists()


@pytest.mark.sample(1)
def test_what_nobody_waits_for_ends(pool: Pool, tmp_path: Path) -> None:
    acts = {"one": "finish", "two": "resist", "three": "wait"}
    endings = carry_out(pool, {name: job(what, tmp_path, name) for name, what in acts.items()})
    assert next(endings) == ("one", FINISHED)
    child = child_of(tmp_path / "two")
    endings.close()
    until(lambda: gone(child))
    assert not (tmp_path / "three").exists()  # it was never started


@pytest.mark.sample(3)
@pytest.mark.parametrize("what", ["wait", "resist", "grow"])
def test_a_job_that_nobody_wants_ends_at_once(what: str, pool: Pool, tmp_path: Path) -> None:
    """Even if it does not listen, and with all that it has started."""
    task = pool.start(job(what, tmp_path), pool.places[0])
    child = child_of(tmp_path / "run")
    start = time.monotonic()
    pool.stop(task)
    assert ended(pool, task) == Outcome("cancelled")
    until(lambda: gone(child))
    assert time.monotonic() - start < 3  # a second, on idle cores
    if what == "grow":
        until(lambda: gone(child_of(tmp_path / "run", "grandchild")))
    pool.stop(task)  # once more does nothing
    assert len(pool.places) == 2


@pytest.mark.sample(2)
@pytest.mark.parametrize("what", ["wait", "grow"])
def test_a_killed_process_is_an_interruption(what: str, pool: Pool, tmp_path: Path) -> None:
    task = pool.start(job(what, tmp_path), pool.places[0])
    child_of(tmp_path / "run").kill()
    assert ended(pool, task) == Outcome(
        "interrupted", "the training process was killed by signal 9"
    )
    if what == "grow":
        until(lambda: gone(child_of(tmp_path / "run", "grandchild")))
    assert ended(pool, pool.start(job("finish", tmp_path), pool.places[0])) == FINISHED


@pytest.mark.slow
@pytest.mark.parametrize("what", ["wait", "resist"])
@pytest.mark.skipif(METHOD != "forkserver", reason="no fork server on this system")
def test_a_killed_fork_server_takes_its_children_along(what: str, tmp_path: Path) -> None:
    pool = LocalPool([Place()], PRETEND)
    task = pool.start(job(what, tmp_path), pool.places[0])
    child = child_of(tmp_path / "run")
    server = child.parent()
    assert server is not None
    assert server.num_threads() == 1  # a fork copies no lock that another thread holds
    server.kill()
    assert "the fork server of the training processes was killed" in ended(pool, task).reason
    until(lambda: gone(child))
    children = psutil.Process().children()  # there is another one, which has begun to load
    assert [p for p in children if p != server and "forkserver" in " ".join(p.cmdline())]
    assert ended(pool, pool.start(job("finish", tmp_path), pool.places[0])) == FINISHED
    pool.close()


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_outlives_the_process_that_wanted_it(
    number: int, method: str, tmp_path: Path
) -> None:
    script = tmp_path / "script.py"
    script.write_text(OWNER)
    jobs = [job(what, tmp_path, what) for what in ("wait", "resist", "grow")]
    command = [sys.executable, str(script), json.dumps([str(tmp_path), method, *jobs])]
    owner = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": str(ROOT)})
    children = [child_of(tmp_path / job["id"]) for job in jobs]
    family = psutil.Process(owner.pid).children(recursive=True)
    assert {*children, child_of(tmp_path / "grow", "grandchild")} <= {*family}
    owner.send_signal(number)
    owner.wait()
    until(lambda: all(gone(process) for process in family))
    assert (tmp_path / "main").read_text() == "here once more "  # once, by the owner itself


def test_a_process_knows_its_place_and_the_environment_of_today(
    local: LocalPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it was when the fork server was started."""
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.setenv("PLACE", "one")
    monkeypatch.delenv("HOME", raising=False)
    tasks = [local.start(job("finish", tmp_path, str(n)), local.places[0]) for n in range(2)]
    assert {ended(local, task) for task in tasks} == {FINISHED}
    found = [json.loads((tmp_path / str(n) / "environ").read_text()) for n in range(2)]
    found.sort(key=lambda environ: environ["PLACE"])
    assert found == [dict(os.environ), dict(os.environ) | {"PLACE": "two"}]


def test_ctrl_c_while_a_process_starts(
    local: LocalPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(local.context.Process, "start", Mock(side_effect=KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            local.start(job("finish", tmp_path), local.places[0])
    assert local.running == []


def test_a_process_that_cannot_be_started(
    local: LocalPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = Mock(side_effect=BlockingIOError(11, "Resource temporarily unavailable"))
    with monkeypatch.context() as patch:
        patch.setattr(local.context.Process, "start", full)
        task = local.start(job("finish", tmp_path), local.places[0])
    assert task.outcome is not None
    assert task.outcome.status == "interrupted"
    assert "could not be started: [Errno 11] Resource" in task.outcome.reason
    assert len(local.places) == 2
    assert ended(local, local.start(job("finish", tmp_path), local.places[0])) == FINISHED

"""Processes of jobs: how they end, what they know, and that none is ever left over."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from snnlab.jobs.local_pool import METHOD, LocalPool, LocalTask
from snnlab.jobs.places import Place
from snnlab.jobs.pool import Outcome, carry_out
from tests.jobs.pretend_work import (
    CRASH,
    FAIL,
    FINISH,
    GROW,
    PRETEND,
    RESIST,
    ROOT,
    WAIT,
    child_of,
    gone,
    job,
    until,
)

METHODS = sorted({METHOD, "spawn"})
OWNER = """
import json, sys
from pathlib import Path
from snnlab.jobs.local_pool import LocalPool
from snnlab.jobs.places import Place

root, method, *acts = json.loads(sys.argv[1])
with Path(root, "main").open("a") as file:
    file.write("here once more ")
pool = LocalPool([Place()] * len(acts), "tests.jobs.pretend_work:act", method=method)
tasks = [pool.start(act, pool.places[0]) for act in acts]
while any(task.outcome is None for task in tasks):
    pool.wait(1)
"""
"""A script as students write them, without `if __name__ == "__main__"`."""


@pytest.fixture(params=METHODS)
def pool(request: pytest.FixtureRequest) -> Iterator[LocalPool]:
    made = LocalPool([Place(), Place("cpu", {"PLACE": "two"})], PRETEND, method=request.param)
    yield made
    made.close()
    assert len(made.places) == 2


def ended(pool: LocalPool, task: LocalTask) -> Outcome:
    """How a job ends, in time."""
    deadline = time.monotonic() + 60
    while task.outcome is None:
        assert time.monotonic() < deadline
        pool.wait(1)
    return task.outcome


def test_jobs_one_after_the_other(pool: LocalPool, tmp_path: Path) -> None:
    """Each in a process of its own; a crash of one does not touch the next."""
    acts = {str(act): job(act, tmp_path, str(act)) for act in (FINISH, FAIL, CRASH)}
    assert dict(carry_out(pool, acts)) == {
        str(FINISH): Outcome("finished"),
        str(FAIL): Outcome("failed", "planted"),
        str(CRASH): Outcome("interrupted", "the training process ended with exit code 1"),
    }
    assert list(carry_out(pool, {})) == []
    pids = {file.read_text() for file in tmp_path.glob("*/pid")} | {str(os.getpid())}
    assert len(pids) == 4


def test_as_many_at_a_time_as_there_are_places(pool: LocalPool, tmp_path: Path) -> None:
    jobs = {name: job(WAIT, tmp_path, name) for name in ("one", "two", "three")}

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


def test_what_nobody_waits_for_ends(pool: LocalPool, tmp_path: Path) -> None:
    acts = {"one": FINISH, "two": RESIST, "three": WAIT}
    endings = carry_out(pool, {name: job(act, tmp_path, name) for name, act in acts.items()})
    assert next(endings) == ("one", Outcome("finished"))
    child = child_of(tmp_path / "two")
    endings.close()
    assert gone(child)
    assert not (tmp_path / "three").exists()  # it was never started


@pytest.mark.parametrize("act", [WAIT, RESIST, GROW])
def test_a_job_that_nobody_wants_ends_at_once(act: int, pool: LocalPool, tmp_path: Path) -> None:
    """Even if it does not listen, and with all that it has started."""
    task = pool.start(job(act, tmp_path), pool.places[0])
    child = child_of(tmp_path / "run")
    start = time.monotonic()
    pool.stop(task)
    assert ended(pool, task) == Outcome("cancelled")
    assert time.monotonic() - start < (3 if act == RESIST else 1)  # others use these cores, too
    assert gone(child)
    if act == GROW:
        until(lambda: gone(child_of(tmp_path / "run", "grandchild")))
    pool.stop(task)  # once more does nothing
    assert len(pool.places) == 2


@pytest.mark.parametrize("act", [WAIT, GROW])
def test_a_killed_process_is_an_interruption(act: int, pool: LocalPool, tmp_path: Path) -> None:
    task = pool.start(job(act, tmp_path), pool.places[0])
    child_of(tmp_path / "run").kill()
    assert ended(pool, task) == Outcome(
        "interrupted", "the training process was killed by signal 9"
    )
    if act == GROW:
        until(lambda: gone(child_of(tmp_path / "run", "grandchild")))
    assert ended(pool, pool.start(job(FINISH, tmp_path), pool.places[0])) == Outcome("finished")


@pytest.mark.parametrize("act", [WAIT, RESIST])
@pytest.mark.skipif(METHOD != "forkserver", reason="no fork server on this system")
def test_a_killed_fork_server_takes_its_children_along(act: int, tmp_path: Path) -> None:
    pool = LocalPool([Place()], PRETEND)
    task = pool.start(job(act, tmp_path), pool.places[0])
    child = child_of(tmp_path / "run")
    server = child.parent()
    assert server is not None
    assert server.num_threads() == 1  # a fork copies no lock that another thread holds
    server.kill()
    assert "the fork server of the training processes was killed" in ended(pool, task).reason
    until(lambda: gone(child))
    children = psutil.Process().children()  # there is another one, which has begun to load
    assert [p for p in children if p != server and "forkserver" in " ".join(p.cmdline())]
    assert ended(pool, pool.start(job(FINISH, tmp_path), pool.places[0])) == Outcome("finished")
    pool.close()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_outlives_the_process_that_wanted_it(
    number: int, method: str, tmp_path: Path
) -> None:
    script = tmp_path / "script.py"
    script.write_text(OWNER)
    acts = [job(act, tmp_path, str(act)) for act in (WAIT, RESIST, GROW)]
    asked = json.dumps([str(tmp_path), method, *acts])
    environ = os.environ | {"PYTHONPATH": str(ROOT)}
    owner = subprocess.Popen([sys.executable, str(script), asked], env=environ)
    children = [child_of(tmp_path / str(act)) for act in (WAIT, RESIST, GROW)]
    family = psutil.Process(owner.pid).children(recursive=True)
    assert {*children, child_of(tmp_path / str(GROW), "grandchild")} <= {*family}
    owner.send_signal(number)
    owner.wait()
    until(lambda: all(gone(process) for process in family))
    assert (tmp_path / "main").read_text() == "here once more "  # once, by the owner itself


def test_a_process_knows_its_place_and_the_environment_of_today(
    pool: LocalPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it was when the fork server was started."""
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.setenv("PLACE", "one")
    monkeypatch.delenv("HOME", raising=False)
    tasks = [pool.start(job(FINISH, tmp_path, str(n)), pool.places[0]) for n in range(2)]
    assert {ended(pool, task) for task in tasks} == {Outcome("finished")}
    found = [json.loads((tmp_path / str(n) / "environ").read_text()) for n in range(2)]
    assert [environ["PLACE"] for environ in found] == ["one", "two"]
    assert found[0] == dict(os.environ)


@pytest.mark.skipif(not hasattr(os, "nice"), reason="no niceness on this system")
def test_what_trains_gives_way(tmp_path: Path) -> None:
    pool = LocalPool([Place()], PRETEND, niceness=7)
    pool.start(job(WAIT, tmp_path), pool.places[0])
    assert child_of(tmp_path / "run").nice() == min(os.nice(0) + 7, 19)
    pool.close()


def test_a_process_that_cannot_be_started(
    pool: LocalPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(*_: Any) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    with monkeypatch.context() as patch:
        patch.setattr(pool.context.Process, "start", start)
        task = pool.start(job(FINISH, tmp_path), pool.places[0])
    assert task.outcome is not None
    assert task.outcome.status == "interrupted"
    assert "could not be started: BlockingIOError" in task.outcome.reason
    assert len(pool.places) == 2
    assert ended(pool, pool.start(job(FINISH, tmp_path), pool.places[0])) == Outcome("finished")

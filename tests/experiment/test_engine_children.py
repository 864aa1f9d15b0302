"""Fork servers and their children: what they answer, and that none is ever left over."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from snnlab.experiment.trainer import Outcome, Trainer, Trainers

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PRETEND = "pretend_work:act"
FINISH, WAIT, FAIL, RESIST, CRASH, GROW = range(6)
OWNER = """
import sys, json
from snnlab.experiment.trainer import Trainer
Trainer("pretend_work:act").carry_out(json.loads(sys.argv[1]), lambda: True)
"""


def until(true: Callable[[], Any], seconds: float = 60) -> Any:
    """Wait for something to become true."""
    deadline = time.monotonic() + seconds
    while not (value := true()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)
    return value


def gone(process: psutil.Process) -> bool:
    """Whether a process has ended; one that nobody has waited for counts as ended."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.fixture(autouse=True)
def pretend_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), str(HERE)]))


@pytest.fixture
def trainer() -> Iterator[Trainer]:
    made = Trainer(PRETEND)
    yield made
    made.close()
    assert made.server.returncode is not None


def job(act: int, root: Path, name: str = "run") -> dict[str, Any]:
    return {"id": name, "root": str(root), "config": {"seed": act}}


def child_of(root: Path, mark: str = "pid", name: str = "run") -> psutil.Process:
    """The child that does a job, once it does."""
    file = until(lambda: (root / name / mark).exists() and root / name / mark)
    return psutil.Process(int(file.read_text()))


def always() -> bool:
    return True


class InBackground:
    """A job that is being carried out."""

    def __init__(self, trainer: Trainer, job: dict[str, Any]) -> None:
        self.wanted = True
        self.outcomes: list[Outcome] = []
        self.thread = threading.Thread(target=self.carry_out, args=[trainer, job], daemon=True)
        self.thread.start()

    def carry_out(self, trainer: Trainer, job: dict[str, Any]) -> None:
        self.outcomes.append(trainer.carry_out(job, lambda: self.wanted))

    @property
    def outcome(self) -> Outcome:
        self.thread.join(60)
        return self.outcomes[0]


def test_jobs_one_after_the_other(trainer: Trainer, tmp_path: Path) -> None:
    """Each in a process of its own; a crash of one does not touch the next."""
    outcomes = [trainer.carry_out(job(a, tmp_path, str(a)), always) for a in (FINISH, FAIL, CRASH)]
    assert outcomes == [
        Outcome("finished"),
        Outcome("failed", "planted"),
        Outcome("interrupted", "the training process ended with exit code 1"),
    ]
    assert trainer.carry_out(job(FINISH, tmp_path), always) == Outcome("finished")
    pids = {file.read_text() for file in tmp_path.glob("*/pid")} | {str(trainer.server.pid)}
    assert len(pids) == 5


@pytest.mark.parametrize("act", [WAIT, RESIST])
def test_a_job_that_nobody_wants_ends(act: int, trainer: Trainer, tmp_path: Path) -> None:
    """Even if it does not listen; then the next one can start."""
    running = InBackground(trainer, job(act, tmp_path))
    child = child_of(tmp_path)
    running.wanted = False
    assert running.outcome == Outcome("cancelled")
    assert gone(child)
    assert trainer.carry_out(job(FINISH, tmp_path), always) == Outcome("finished")


def test_a_killed_child_is_an_interruption(trainer: Trainer, tmp_path: Path) -> None:
    running = InBackground(trainer, job(WAIT, tmp_path))
    child_of(tmp_path).kill()
    assert running.outcome == Outcome("interrupted", "the training process was killed by signal 9")
    assert trainer.carry_out(job(FINISH, tmp_path), always) == Outcome("finished")


def test_what_a_child_has_started_ends_with_it(trainer: Trainer, tmp_path: Path) -> None:
    running = InBackground(trainer, job(GROW, tmp_path))
    child_of(tmp_path).kill()
    grandchild = child_of(tmp_path, "grandchild")
    assert running.outcome.status == "interrupted"
    until(lambda: gone(grandchild))


@pytest.mark.parametrize("act", [WAIT, RESIST])
def test_no_child_outlives_its_fork_server(act: int, trainer: Trainer, tmp_path: Path) -> None:
    running = InBackground(trainer, job(act, tmp_path))
    child = child_of(tmp_path)
    trainer.server.kill()
    assert running.outcome.status == "interrupted"
    until(lambda: gone(child))
    assert trainer.carry_out(job(FINISH, tmp_path), always).status == "interrupted"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_outlives_the_process_that_wanted_it(number: int, tmp_path: Path) -> None:
    import json

    command = [sys.executable, "-c", OWNER, json.dumps(job(WAIT, tmp_path))]
    owner = subprocess.Popen(command)
    child = child_of(tmp_path)
    server = child.parent()
    assert server is not None
    assert server.ppid() == owner.pid
    owner.send_signal(number)
    owner.wait()
    until(lambda: gone(child) and gone(server))


def test_an_import_that_starts_threads_is_not_forked(tmp_path: Path) -> None:
    """Its children are fresh programs, and end like the others."""
    trainer = Trainer("threaded_work:act")
    assert trainer.carry_out(job(FINISH, tmp_path, "0"), always) == Outcome("finished")
    running = InBackground(trainer, job(WAIT, tmp_path))
    child = child_of(tmp_path)
    assert "threaded_work:act" in child.cmdline()
    trainer.server.kill()
    assert running.outcome.status == "interrupted"
    until(lambda: gone(child))
    trainer.close()


def test_fork_servers_are_used_again_and_replaced_when_dead() -> None:
    trainers = Trainers()
    trainers.warm_up(PRETEND)
    trainers.warm_up(PRETEND)
    (only,) = trainers.idle
    with trainers.one(PRETEND) as first, trainers.one(PRETEND) as second:
        assert first is only
        assert second is not first
    first.server.kill()
    first.server.wait()
    with trainers.one(PRETEND) as third:
        assert third is second
    with trainers.one("threaded_work:act") as other:
        assert other not in (first, second)
    trainers.close()
    assert not any(trainer.alive for trainer in (first, second, other))

"""The engine with processes that pretend to train."""

from __future__ import annotations

import itertools
import json
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from unittest.mock import Mock

import psutil
import pytest

from snnlab.jobs.engine import IDLE_POLL, NICENESS, PAUSED, Engine
from snnlab.jobs.fair_queue import MOST_JOBS, Job, JobError, QueueFull
from snnlab.jobs.local_pool import LocalPool
from snnlab.jobs.places import Place, place_on
from snnlab.runs.config import RunConfig, anchored
from snnlab.runs.files import write_json
from snnlab.runs.provenance import this_process
from snnlab.runs.store import RUNNING, Run, run_id
from tests.jobs.pretend_work import PRETEND, becomes, child_of, gone, now, seed_of, until

NUMBERS = itertools.count(1)
POOL = partial(LocalPool, [Place("cpu")], PRETEND, niceness=NICENESS)


def new(what: str) -> RunConfig:
    """A configuration that no other test has, whose process does this."""
    return RunConfig(seed=10 * next(NUMBERS) + seed_of(what))


def ask(engine: Engine, config: RunConfig, user: str = "ada") -> Job:
    """A job of one run."""
    (job,) = engine.submit([config], user=user)
    return job


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("engine") / "runs"


@pytest.fixture(scope="module")
def started(root: Path) -> Iterator[Engine]:
    engine = Engine(root, POOL)
    yield engine
    engine.close()


@pytest.fixture
def engine(started: Engine, root: Path) -> Iterator[Engine]:
    """An engine without jobs of other tests."""
    yield started
    for job in started.jobs():
        started.cancel(job.id)
    (root / "go").unlink(missing_ok=True)


def child(root: Path, job: Job) -> psutil.Process:
    """The process that does a job, once it does."""
    return child_of(root / job.id)


def release(root: Path) -> None:
    """Let all processes that wait finish."""
    (root / "go").touch()


@pytest.mark.slow
def test_a_job_from_start_to_end(engine: Engine, root: Path) -> None:
    config = new("wait")
    job = ask(engine, config)
    assert (job.status, job.position, job.users) == ("waiting", 1, ("ada",))
    assert job.config.seed == config.seed
    process = child(root, job)
    running = now(engine, job)
    assert (running.status, running.position) == ("running", None)
    assert (running.started or 0.0) >= running.submitted
    release(root)
    becomes(engine, "finished", job)
    assert engine.jobs()[0].id == job.id
    assert gone(process)


@pytest.mark.slow
def test_what_trains_gives_way_to_pages_and_listens_to_nobody(engine: Engine, root: Path) -> None:
    process = child(root, ask(engine, new("wait")))
    assert process.nice() == min(psutil.Process().nice() + NICENESS, 19)
    family = psutil.Process().children(recursive=True)
    found = [c for member in family for c in member.net_connections("inet")]
    assert [c for c in found if c.status == "LISTEN"] == []


@pytest.mark.parametrize(
    ("what", "ending"),
    [
        ("fail", ("failed", "planted")),
        ("crash", ("interrupted", "the training process ended with exit code 1")),
    ],
)
def test_a_job_that_goes_wrong(what: str, ending: tuple[str, str], engine: Engine) -> None:
    job = ask(engine, new(what))
    until(lambda: now(engine, job).status not in ("waiting", "running"))
    found = now(engine, job)
    assert (found.status, found.reason) == ending
    again = ask(engine, found.config, "bob")
    assert (again.id, again.status, again.user, again.reason) == (job.id, "waiting", "bob", "")


def test_a_batch_is_asked_for_as_one(engine: Engine, root: Path) -> None:
    """Several seeds are several jobs, whatever waits already; too many are none."""
    first = ask(engine, new("wait"))
    child(root, first)
    ask(engine, new("finish"))
    batch = engine.submit([new("finish") for _ in range(MOST_JOBS - 3)], user="ada")
    assert [job.status for job in batch] == ["waiting"] * (MOST_JOBS - 3)
    before = engine.jobs()
    with pytest.raises(
        QueueFull, match=f"2 runs are asked for and {MOST_JOBS - 1} of yours train or wait"
    ):
        engine.submit([new("finish"), new("finish"), first.config], user="ada")
    assert engine.jobs() == before
    release(root)
    becomes(engine, "finished", *batch)


def test_jobs_go_to_the_places_that_they_need(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One per GPU, named as this process has it, and one on the CPU at the same time."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5,GPU-b")
    places = [place_on("5", "gpu"), place_on("GPU-b", "gpu"), Place("cpu")]
    engine = Engine(tmp_path, partial(LocalPool, places, PRETEND))
    devices = ("cuda", "cpu", "auto", "cuda", "cpu")
    jobs = [
        ask(engine, replace(new("wait"), device=device), f"user {number}")
        for number, device in enumerate(devices)
    ]
    until(lambda: len(list(tmp_path.glob("*/pid"))) == 3)
    time.sleep(0.3)
    assert [now(engine, job).status for job in jobs] == [*["running"] * 3, *["waiting"] * 2]
    found = [json.loads((tmp_path / job.id / "environ").read_text()) for job in jobs[:3]]
    assert [environ["CUDA_VISIBLE_DEVICES"] for environ in found] == ["5", "5,GPU-b", "GPU-b"]
    engine.close()


@pytest.mark.slow
def test_users_take_turns_and_share(engine: Engine, root: Path) -> None:
    first = ask(engine, new("wait"))
    process = child(root, first)
    others = [ask(engine, new("finish"), user) for user in ("ada", "ada", "bob", "bob")]
    order = [job.id for job in engine.jobs()][:5]
    assert order == [first.id, others[2].id, others[0].id, others[3].id, others[1].id]
    shared = ask(engine, first.config, "bob")
    assert (shared.id, shared.status, shared.user) == (first.id, "running", "ada")
    assert shared.users == ("ada", "bob")
    engine.cancel(first.id, user="ada")
    assert now(engine, first).status == "running"
    assert not gone(process)
    release(root)
    becomes(engine, "finished", first, *others)
    assert min(others, key=lambda job: now(engine, job).started or 0.0) is others[2]


@pytest.mark.parametrize(
    "what", ["wait", "resist", *[pytest.param("wait", marks=pytest.mark.slow)] * 18]
)
def test_twenty_cancels(what: str, engine: Engine, root: Path) -> None:
    """Each ends its process, at most a second later on idle cores, and the queue goes on."""
    running = ask(engine, new(what))
    process = child(root, running)
    waiting = ask(engine, new("finish"), "bob")
    withdrawn = ask(engine, new("finish"), "eve")
    engine.cancel(withdrawn.id, user="eve")
    engine.cancel(running.id, user="ada")
    assert now(engine, running).status == now(engine, withdrawn).status == "cancelled"
    until(lambda: gone(process), 3)
    becomes(engine, "finished", waiting)
    engine.cancel(running.id, user="ada")  # once more does nothing
    assert not (root / withdrawn.id).exists()


def test_only_those_who_asked_and_the_teacher_can_cancel(engine: Engine, root: Path) -> None:
    job = ask(engine, new("wait"))
    with pytest.raises(JobError, match="is not yours to cancel"):
        engine.cancel(job.id, user="bob")
    with pytest.raises(JobError, match="there is no job 'nothing'"):
        engine.cancel("nothing")
    ask(engine, job.config, "bob")
    engine.cancel(job.id)
    assert now(engine, job).status == "cancelled"


def test_a_cancelled_job_can_be_asked_for_again(engine: Engine, root: Path) -> None:
    job = ask(engine, new("resist"))
    first = child(root, job)
    engine.cancel(job.id, user="ada")
    (root / job.id / "pid").unlink()
    release(root)
    assert ask(engine, job.config).status == "waiting"
    becomes(engine, "finished", job)
    assert int((root / job.id / "pid").read_text()) != first.pid
    assert not first.is_running()


@pytest.mark.sample(1)
@pytest.mark.parametrize("generation", [0, 1])
def test_the_queue_goes_on_when_child_or_fork_server_are_killed(
    generation: int, engine: Engine, root: Path
) -> None:
    job = ask(engine, new("wait"))
    process = child(root, job)
    after = ask(engine, new("finish"), "bob")
    parents = process.parents()
    assert psutil.Process() in parents
    if generation == 1 and parents[0] == psutil.Process():
        pytest.skip("no fork server on this system")
    [process, *parents][generation].kill()
    becomes(engine, "interrupted", job)
    assert "killed" in now(engine, job).reason
    until(lambda: gone(process))
    becomes(engine, "finished", after)


def test_a_run_that_another_process_trains_waits_for_it(engine: Engine, root: Path) -> None:
    config = new("finish")
    other = root / run_id(anchored(config))
    other.mkdir(parents=True)
    write_json(other / RUNNING, this_process())
    job, after = ask(engine, config), ask(engine, new("finish"), "bob")
    becomes(engine, "finished", after)
    assert now(engine, job).status == "waiting"
    (other / RUNNING).unlink()
    becomes(engine, "finished", job)


def test_errors_of_its_own_do_not_end_the_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A pool that cannot be opened, then a job that cannot be started."""
    monkeypatch.setattr("snnlab.jobs.engine.RETRY_AFTER", 0.1)
    engine = Engine(tmp_path, Mock(side_effect=[OSError("no pool"), POOL()]))
    bad = ask(engine, new("finish"))
    with monkeypatch.context() as patch:
        patch.setattr("snnlab.jobs.engine.job_of", lambda *_: 1 / 0)
        becomes(engine, "failed", bad)
    assert now(engine, bad).reason == "it could not be started: division by zero"
    good = ask(engine, new("finish"))
    becomes(engine, "finished", good)
    engine.close()
    assert "no pool" in caplog.text


def test_a_finished_run_is_the_answer_at_once(engine: Engine, root: Path, finished: Run) -> None:
    assert finished.config is not None
    shutil.copytree(finished.folder, root / finished.id)
    job = ask(engine, replace(finished.config, device="auto"))
    assert (job.id, job.status) == (finished.id, "finished")
    assert now(engine, job).status == "finished"


def test_a_closed_engine_leaves_its_queue_to_the_next(tmp_path: Path) -> None:
    engine = Engine(tmp_path, POOL)
    running = ask(engine, new("wait"))
    process = child(tmp_path, running)
    waiting = ask(engine, new("finish"), "bob")
    engine.close()
    engine.close()
    assert not process.is_running()
    assert now(engine, running).status == "interrupted"
    with pytest.raises(JobError, match="the engine is closed"):
        ask(engine, new("finish"))
    following = Engine(tmp_path, POOL)
    assert now(following, running).status == "interrupted"
    becomes(following, "finished", waiting)
    following.close()
    assert not (tmp_path / "queue.json").exists()


@pytest.mark.slow
def test_a_paused_queue_starts_nothing_and_ends_nothing(engine: Engine, root: Path) -> None:
    running = ask(engine, new("wait"))
    child(root, running)
    engine.pause()
    waiting = ask(engine, new("finish"), "bob")
    release(root)
    becomes(engine, "finished", running)
    time.sleep(2 * IDLE_POLL)
    assert engine.paused
    assert now(engine, waiting).status == "waiting"
    assert now(engine, waiting).reason == PAUSED
    engine.resume()
    becomes(engine, "finished", waiting)
    assert now(engine, waiting).reason == ""


@pytest.mark.slow
def test_a_restart_keeps_a_queue_paused(tmp_path: Path) -> None:
    engine = Engine(tmp_path, POOL)
    engine.pause()
    engine.close()
    following = Engine(tmp_path, POOL)
    job = ask(following, new("finish"))
    time.sleep(2 * IDLE_POLL)
    assert now(following, job).status == "waiting"
    following.resume()
    becomes(following, "finished", job)
    following.close()
    assert not (tmp_path / "queue.json").exists()


@pytest.mark.parametrize("all_of_them", [False, True])
def test_clear_cancels_what_waits_or_all(all_of_them: bool, engine: Engine, root: Path) -> None:
    running = ask(engine, new("wait"))
    process = child(root, running)
    waiting = [ask(engine, new("finish"), user) for user in ("ada", "bob", "eve")]
    engine.clear(running=all_of_them)
    assert {now(engine, job).status for job in waiting} == {"cancelled"}
    if all_of_them:
        assert now(engine, running).status == "cancelled"
        until(lambda: gone(process), 3)
    else:
        assert now(engine, running).status == "running"
        assert not gone(process)
    release(root)
    after = ask(engine, new("finish"), "bob")
    becomes(engine, "finished", after)
    assert not any((root / job.id).exists() for job in waiting)


def test_the_engine_says_when_jobs_start(engine: Engine, root: Path) -> None:
    running = ask(engine, new("wait"))
    child(root, running)
    first, second = (ask(engine, new("finish"), user) for user in ("one", "two"))
    until(lambda: engine.starts_in(lambda job: 10.0) == {first.id: 10.0, second.id: 20.0})
    assert engine.starts_in(lambda job: None) == {}
    release(root)
    becomes(engine, "finished", running, first, second)
    found = now(engine, first)
    assert found.submitted <= (found.started or 0) <= (found.ended or 0) <= time.time()

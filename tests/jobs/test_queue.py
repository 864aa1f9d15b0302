"""The bookkeeping of the engine: who is next, who shares what, what a restart keeps."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snnlab.dashboard.training_settings import MOST_SEEDS
from snnlab.jobs.fair_queue import (
    MOST_ENDED,
    MOST_IN_SWEEP,
    MOST_JOBS,
    FairQueue,
    Job,
    QueueFull,
)
from snnlab.jobs.queue_file import QueueFile
from snnlab.runs.config import RunConfig
from snnlab.runs.methods import COMPARED
from snnlab.runs.provenance import this_process
from snnlab.runs.store import Run, list_runs, run_id

CONFIG = RunConfig()


def waiting(*users: str) -> FairQueue:
    """A queue in which jobs 0, 1, ... of these users wait."""
    queue = FairQueue()
    for number, user in enumerate(users):
        queue.waiting.append(Job(str(number), (user,), CONFIG, float(number)))
    return queue


def order(queue: FairQueue) -> list[str]:
    return [entry.id for entry in queue.in_order()]


def test_users_take_turns() -> None:
    assert order(waiting("a", "a", "b", "b", "c")) == ["0", "2", "4", "1", "3"]


def test_who_was_served_last_is_last() -> None:
    queue = waiting("a", "b", "a")
    queue.start(queue.waiting[0], 0.0)
    assert order(queue) == ["1", "2"]
    queue.waiting.append(Job("3", ("new",), CONFIG, 3.0))
    assert order(queue) == ["1", "3", "2"]


@given(st.lists(st.sampled_from("abcd"), max_size=12))
def test_nobody_is_passed_over(users: list[str]) -> None:
    """Two users who both still wait have been served equally often, up to one."""
    queue = waiting(*users)
    left, served = Counter(users), Counter[str]()
    for entry in queue.in_order():
        served[entry.user] += 1
        left[entry.user] -= 1
        counts = [served[user] for user in left if left[user]]
        assert max(counts, default=0) - min(counts, default=0) <= 1
    assert sorted(order(queue)) == sorted(map(str, range(len(users))))


def test_one_job_per_user_runs_at_a_time() -> None:
    queue = waiting("a", "a", "b")
    queue.start(next(queue.may_start()), 0.0)
    assert [entry.id for entry in queue.may_start()] == ["2"]
    queue.end(queue.running[0], "finished")
    assert [entry.id for entry in queue.may_start()] == ["2", "1"]


def many(*names: str) -> dict[str, RunConfig]:
    """Jobs of these ids."""
    return dict.fromkeys(names, CONFIG)


def test_a_batch_is_admitted_or_refused_as_one() -> None:
    """What trains counts like what waits."""
    queue = FairQueue()
    queue.add(many(*"abcdefg"), "ada", 0.0)
    queue.start(queue.waiting[0], 0.0)
    before = queue.jobs()
    with pytest.raises(
        QueueFull,
        match=r"3 runs are asked for and 7 of yours train or wait, but one may have 9: nothing was "
        r"started; wait until some have ended, or cancel some$",
    ):
        queue.add(many(*"xyz"), "ada", 0.0)
    assert queue.jobs() == before
    entries = queue.add(many("x", "a", "y"), "ada", 1.0)  # one of them trains already
    assert [entry.id for entry in entries] == ["x", "a", "y"]
    with pytest.raises(QueueFull, match=r"^1 run is asked for and 9 of yours"):
        queue.add(many("z"), "ada", 0.0)
    queue.add(many("z"), "bob", 0.0)
    queue.end(queue.running[0], "finished")
    queue.add(many("u"), "ada", 0.0)
    assert [job.position for job in queue.jobs()] == [*range(1, 11), None]


def test_a_batch_that_nobody_may_have() -> None:
    asked = many(*map(str, range(MOST_JOBS + 1)))
    with pytest.raises(QueueFull, match=r"^10 runs are .* 0 of yours .* 9: nothing was"):
        FairQueue().add(asked, "ada", 0.0)


def test_a_user_has_one_sweep_beside_other_jobs() -> None:
    queue = FairQueue()
    queue.add(many(*"abcdefghi"), "ada", 0.0)
    sweep = many(*map(str, range(MOST_IN_SWEEP)))
    queue.add(sweep, "ada", 1.0, sweep=True)
    with pytest.raises(QueueFull, match=r"^1 run is asked for and 9 of yours train or wait"):
        queue.add(many("j"), "ada", 2.0)
    for other in (many("x", "y"), many("x", *list(sweep)[1:])):
        with pytest.raises(QueueFull, match=r"one sweep at a time, and \d+ runs? of another of"):
            queue.add(other, "ada", 2.0, sweep=True)
    with pytest.raises(QueueFull, match=r"may have 12 runs, got 13"):
        FairQueue().add(sweep | many("more"), "ada", 0.0, sweep=True)
    queue.add(many("x", "y"), "bob", 2.0, sweep=True)
    queue.add(sweep, "bob", 2.0, sweep=True)  # that of somebody else is shared
    assert len(queue.waiting) == MOST_JOBS + MOST_IN_SWEEP + 2


def test_a_sweep_of_which_some_have_ended_goes_on() -> None:
    queue = FairQueue()
    first = queue.add(many(*"abc"), "ada", 0.0, sweep=True)
    queue.start(first[0], 0.0)
    queue.end(first[0], "interrupted")
    again = queue.add(many(*"abc"), "ada", 1.0, sweep=True)
    assert [job.id for job in again] == ["a", "b", "c"]
    assert order(queue) == ["b", "c", "a"]


def test_a_sweep_waits_behind_what_its_user_wants_besides_and_blocks_nobody() -> None:
    queue = FairQueue()
    queue.add(many("s1", "s2", "s3"), "ada", 0.0, sweep=True)
    queue.start(next(queue.may_start()), 0.0)
    queue.add(many("a"), "ada", 1.0)
    queue.add(many("b1", "b2"), "bob", 2.0)
    assert order(queue) == ["b1", "a", "b2", "s2", "s3"]


def test_a_sweep_stays_one_when_the_server_starts_again(tmp_path: Path) -> None:
    queue, file = FairQueue(), QueueFile(tmp_path)
    file.read()
    queue.add({run_id(CONFIG): CONFIG}, "ada", 0.0, sweep=True)
    file.write(queue)
    assert [job.sweep for job in QueueFile(tmp_path).read().waiting] == [True]
    left = json.loads(file.path.read_text())
    del left["jobs"][0]["sweep"]  # as an earlier version wrote it
    file.path.write_text(json.dumps(left))
    assert [job.sweep for job in QueueFile(tmp_path).read().waiting] == [False]


def test_what_the_page_offers_at_once_is_admitted() -> None:
    assert len(COMPARED) * MOST_SEEDS <= MOST_JOBS


def test_a_shared_job_costs_only_who_asked_first() -> None:
    queue = FairQueue()
    names = [str(number) for number in range(MOST_JOBS)]
    first = queue.add(many(*names), "a", 0.0)
    for now in (1.0, 2.0):
        assert all(x is y for x, y in zip(first, queue.add(many(*names), "b", now), strict=True))
    assert [entry.users for entry in first] == [("a", "b")] * MOST_JOBS
    queue.add(many("more"), "b", 0.0)
    assert len(queue.waiting) == MOST_JOBS + 1


def test_a_job_ends_when_the_last_user_withdraws() -> None:
    queue = FairQueue()
    (entry,) = queue.add(many("one"), "a", 0.0)
    queue.add(many("one"), "b", 0.0)
    assert not queue.withdraw(entry, "a")
    assert entry.user == "b"
    assert queue.withdraw(entry, "b")
    queue.add(many("one"), "a", 0.0)
    assert queue.withdraw(entry, None)


def test_ended_jobs_are_kept_for_a_while_and_only_once() -> None:
    queue = FairQueue()
    for number in range(MOST_ENDED + 5):
        queue.end(*queue.add(many(str(number)), "a", 0.0), "finished")
    assert [job.id for job in queue.jobs()][:2] == [str(MOST_ENDED + 4), str(MOST_ENDED + 3)]
    assert len(queue.jobs()) == MOST_ENDED
    queue.add(many(str(MOST_ENDED)), "a", 0.0)
    assert [job.status for job in queue.jobs() if job.id == str(MOST_ENDED)] == ["waiting"]


def test_the_queue_outlives_its_server(mine: Run, tmp_path: Path) -> None:
    """`mine` ran when the server was killed, and had just finished; another had not."""
    root = mine.folder.parent
    assert mine.config is not None
    configs = {seed: replace(mine.config, seed=seed) for seed in range(4)}
    queue = FairQueue()
    for seed, user in ((0, "a"), (1, "b"), (2, "c"), (3, "c")):
        queue.add({run_id(configs[seed]): configs[seed]}, user, float(seed))
    queue.add({run_id(configs[2]): configs[2]}, "d", 9.0)
    for entry in queue.waiting[:2]:
        queue.start(entry, 5.0)
    file = QueueFile(root)
    file.read()
    file.write(queue)
    left = QueueFile(root).read()
    found = {job.config.seed: job for job in left.jobs()}
    assert {seed: job.status for seed, job in found.items()} == {
        0: "finished",
        1: "interrupted",
        2: "waiting",
        3: "waiting",
    }
    assert "goes on" in found[1].reason
    assert (found[2].users, found[2].submitted) == (("c", "d"), 2.0)
    assert [run.id for run in list_runs(root)] == [mine.id]  # the file is no run


def test_a_second_server_leaves_the_queue_of_the_first_alone(tmp_path: Path) -> None:
    first = QueueFile(tmp_path)
    first.read()
    queue = waiting("a")
    first.write(queue)
    saved = first.path.read_bytes()
    second = QueueFile(tmp_path)
    second.me = this_process() | {"pid": -1}
    assert second.read().jobs() == []
    second.write(waiting("x", "y"))
    second.close(FairQueue())
    assert first.path.read_bytes() == saved
    first.close(queue)
    assert json.loads(saved)["jobs"] == json.loads(first.path.read_text())["jobs"]
    first.read()
    first.close(FairQueue())
    assert not first.path.exists()


def test_a_pause_outlives_the_server(tmp_path: Path) -> None:
    file, queue = QueueFile(tmp_path), waiting("a")
    file.read()
    queue.paused = True
    assert list(queue.may_start()) == []
    assert [job.position for job in queue.jobs()] == [1]
    file.close(queue)
    assert QueueFile(tmp_path).read().paused
    queue.waiting.clear()
    file.mine = True
    file.close(queue)
    assert QueueFile(tmp_path).read().paused  # though nothing waits


@pytest.mark.parametrize(
    "text", ["", "[]", '{"jobs": 3}', '{"jobs": [{}, 1, {"id": "x", "users": []}]}', "\0"]
)
def test_a_damaged_queue_is_an_empty_one(text: str, tmp_path: Path) -> None:
    file = QueueFile(tmp_path)
    file.path.write_text(text)
    assert file.read().jobs() == []
    file.write(waiting("a"))
    assert len(QueueFile(tmp_path).read().jobs()) == 1


def test_it_is_known_whether_the_queue_was_written(tmp_path: Path) -> None:
    file = QueueFile(tmp_path)
    file.read()
    file.write(waiting("a"))
    assert file.kept
    file.path.unlink()
    file.path.mkdir()  # in the way, as a full disk would be
    file.write(waiting("a"))
    assert not file.kept
    second = QueueFile(tmp_path / "other")
    second.read()
    second.mine = False
    second.write(waiting("a"))
    assert not second.kept

"""When jobs that wait will start, and how long jobs like others take."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snnlab.jobs.durations import LEAST_SECONDS_LEFT, Durations, seconds_per_epoch
from snnlab.jobs.fair_queue import FairQueue, Job
from snnlab.jobs.places import Kind
from snnlab.jobs.progress import Progress
from snnlab.jobs.waiting_time import starts
from snnlab.learning.spec import Training
from snnlab.runs.config import RunConfig
from snnlab.runs.presets import PRESETS
from snnlab.runs.provenance import processor_name
from snnlab.runs.store import Run

ONE: list[Kind] = ["cpu"]


def queue_of(*users: str, device: Any = "cpu") -> FairQueue:
    """Jobs 0, 1, ... of these users, which wait."""
    config = RunConfig(device=device)
    jobs = [Job(str(n), (user,), config, float(n)) for n, user in enumerate(users)]
    return FairQueue(jobs)


def ten(job: Job) -> float:
    return 10.0


def test_users_take_turns_and_each_waits_for_all_before() -> None:
    found = starts(queue_of("a", "a", "b", "c"), ONE, {}, ONE, ten)
    assert found == {"0": 0, "2": 10, "3": 20, "1": 30}


def test_what_runs_comes_first() -> None:
    queue = queue_of("a", "b", "c")
    queue.start(queue.waiting[0], 0.0)
    left = {"0": 4.0, "1": 10.0, "2": 99.0}
    found = starts(queue, [], {"0": "cpu"}, ONE, lambda job: left[job.id])
    assert found == {"1": 4, "2": 14}


def test_what_waits_is_asked_for_while_it_waits() -> None:
    """What runs is judged by the clock, and the queue is only played."""

    def seconds(job: Job) -> float:
        return 1.0 if job.status == "running" else 10.0

    queue = queue_of("a", "b", "c", "d")
    queue.start(queue.waiting[0], time.time())
    assert starts(queue, [], {"0": "cpu"}, ONE, seconds) == {"1": 1, "2": 11, "3": 21}


def test_several_places_work_at_once_and_a_user_has_one_of_them() -> None:
    two: list[Kind] = ["cpu", "cpu"]
    assert starts(queue_of("a", "b", "c"), two, {}, two, ten) == {"0": 0, "1": 0, "2": 10}
    assert starts(queue_of("a", "a"), two, {}, two, ten) == {"0": 0, "1": 10}


def test_jobs_for_the_gpu_do_not_wait_for_those_on_the_cpu() -> None:
    queue = queue_of("a", "b", "c", device="cuda")
    queue.waiting[1].config = RunConfig(device="cpu")
    both: list[Kind] = ["gpu", "cpu"]
    assert starts(queue.copy(), both, {}, both, ten) == {"0": 0, "1": 0, "2": 10}
    assert starts(queue.copy(), ONE, {}, ONE, ten) == {"0": 0, "1": 10, "2": 20}  # no GPU here
    assert starts(queue.copy(), ["any"], {}, ["any"], ten) == {"0": 0, "1": 10, "2": 20}


def test_nobody_can_say_who_waits_for_the_unknown() -> None:
    queue = queue_of("a", "b", "c")
    known = {"0": 5.0, "1": None, "2": 5.0}
    assert starts(queue.copy(), ONE, {}, ONE, lambda job: known[job.id]) == {"0": 0, "1": 5}
    two: list[Kind] = ["cpu", "cpu"]  # another place is free in time, whatever the unknown does
    found = starts(queue.copy(), two, {}, two, lambda job: known[job.id])
    assert found == {"0": 0, "1": 0, "2": 5}


def test_a_paused_queue_and_one_without_places_start_nothing() -> None:
    queue = queue_of("a", "b")
    queue.paused = True
    assert starts(queue, ONE, {}, ONE, ten) == {}
    assert starts(queue_of("a"), [], {}, ONE, ten) == {}


@given(st.lists(st.sampled_from("abcd"), max_size=10), st.integers(1, 3))
def test_it_is_the_order_in_which_the_engine_hands_out(users: list[str], places: int) -> None:
    """Nobody starts before one who is before in the queue, unless that user has a job running."""
    kinds: list[Kind] = ["cpu"] * places
    queue = queue_of(*users)
    order = [job.id for job in queue.in_order()]
    found = starts(queue.copy(), kinds, {}, kinds, ten)
    assert sorted(found) == sorted(order)
    assert len([start for start in found.values() if start == 0]) == min(places, len(set(users)))
    if places == 1:
        assert sorted(order, key=found.__getitem__) == order


def test_thirty_with_six_each_are_reckoned_quickly() -> None:
    queue = queue_of(*[f"user {n % 30}" for n in range(180)])
    before = time.process_time()
    assert len(starts(queue, ONE, {}, ONE, ten)) == 180
    assert time.process_time() - before < 1.0


DIGITS = replace(PRESETS["digits-mlp"], method="noise")


def ended(config: RunConfig, seconds: float) -> Job:
    return Job("x", ("a",), config, 0.0, "finished", started=100.0, ended=100.0 + seconds)


def run_with(config: RunConfig, each: list[object], processor: str | None = None) -> Run:
    hardware = {"device": "cpu", "processor": processor or processor_name()}
    metrics = [{"epoch": n, "seconds": value} for n, value in enumerate(each, start=1)]
    return Run(Path("x"), "finished", config, {"hardware": hardware}, metrics, {})


def test_jobs_like_it_say_how_long_a_job_takes() -> None:
    half = replace(DIGITS, training=replace(DIGITS.training, epochs=30))
    known = Durations([ended(DIGITS, 12.0), ended(DIGITS, 18.0), ended(DIGITS, 90.0)], [], ONE)
    assert known.whole(DIGITS) == pytest.approx(18)
    assert known.whole(half) == pytest.approx(9)
    noisier = replace(DIGITS, seed=7, noise=replace(DIGITS.noise, sigma=0.1))
    assert known.whole(noisier) == pytest.approx(18)


@pytest.mark.parametrize(
    "other",
    [
        replace(DIGITS, method="bptt"),
        replace(DIGITS, model=replace(DIGITS.model, width=256)),
        replace(DIGITS, model=replace(DIGITS.model, name="convnet")),
        replace(DIGITS, data=replace(DIGITS.data, name="mnist")),
        replace(DIGITS, training=replace(DIGITS.training, batch_size=512)),
    ],
)
def test_what_takes_another_time_says_nothing(other: RunConfig) -> None:
    assert Durations([ended(DIGITS, 12.0)], [run_with(DIGITS, [0.1])], ONE).whole(other) is None


def test_the_timesteps_of_training_count_for_bptt_only() -> None:
    more = replace(DIGITS, bptt_timesteps=16)
    assert Durations([ended(DIGITS, 12.0)], [], ONE).whole(more) == pytest.approx(12)
    bptt = replace(DIGITS, method="bptt")
    assert Durations([ended(bptt, 12.0)], [], ONE).whole(replace(bptt, bptt_timesteps=16)) is None


def test_gpu_and_cpu_are_told_apart_where_there_is_a_gpu() -> None:
    on_gpu, on_cpu = replace(DIGITS, device="auto"), replace(DIGITS, device="cpu")
    assert Durations([ended(on_gpu, 9.0)], [], ["gpu", "cpu"]).whole(on_cpu) is None
    assert Durations([ended(on_gpu, 9.0)], [], ONE).whole(on_cpu) == pytest.approx(9)


def test_finished_runs_count_where_no_job_has_ended() -> None:
    """But not those of another machine: the examples that come with the kit, say."""
    assert Durations([], [run_with(DIGITS, [9.0, 0.1, 0.1])], ONE).whole(DIGITS) == (
        pytest.approx(0.1 * DIGITS.training.epochs)
    )
    elsewhere = run_with(DIGITS, [0.1], "another processor")
    assert Durations([], [elsewhere], ONE).whole(DIGITS) is None
    assert Durations([], [elsewhere], ["any"]).whole(DIGITS) is not None  # a worker's, perhaps


@pytest.mark.parametrize("each", [[], ["x"], [None], [float("nan")], [-1.0], [1e300]])
def test_damaged_metrics_say_nothing(each: list[object]) -> None:
    run = run_with(DIGITS, each)
    assert seconds_per_epoch(run) is None
    assert (
        Durations([], [run, replace(run, config=None, environment={})], ONE).whole(DIGITS) is None
    )


def test_a_running_job_says_itself_how_long_it_takes() -> None:
    known = Durations([ended(DIGITS, 12.0)], [], ONE)
    job = Job("x", ("a",), DIGITS, 0.0, "running", started=100.0)
    assert known.left(job, Progress(1, 5, 10, 0.1, 33.0), 101.0) == 33.0
    assert known.left(job, Progress(1, 10, 10, 0.1, 0.0), 110.0) == pytest.approx(2)  # measuring
    assert known.left(job, None, 104.0) == pytest.approx(8)
    assert known.left(job, None, 500.0) == LEAST_SECONDS_LEFT
    assert Durations([], [], ONE).left(job, None, 104.0) is None


def test_what_lies_around_the_epochs_is_as_long_for_few_of_them() -> None:
    """Three short epochs in a process that takes 5 s to start and to measure."""
    few = replace(DIGITS, training=replace(DIGITS.training, epochs=3))
    run = run_with(few, [0.1, 0.1, 0.1])
    known = Durations([ended(few, 5.3)], [run], ONE)
    assert known.whole(few) == pytest.approx(5.3)
    assert known.whole(DIGITS) == pytest.approx(5 + 0.1 * DIGITS.training.epochs)
    other = replace(DIGITS, method="bptt")  # of which no job has ended, but a run
    runs = [run, replace(run_with(other, [0.4]), folder=Path("y"))]
    assert Durations([ended(few, 5.3)], runs, ONE).whole(replace(other, training=few.training)) == (
        pytest.approx(5 + 3 * 0.4)
    )
    resumed = ended(few, 0.2)  # its first two epochs were trained by another job
    assert Durations([resumed], [run], ONE).whole(few) == pytest.approx(0.2)


def test_training_of_one_epoch_is_judged_by_that_epoch() -> None:
    one = replace(DIGITS, training=Training(epochs=1))
    assert Durations([ended(one, 3.0)], [], ONE).whole(one) == pytest.approx(3)

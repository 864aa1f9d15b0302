"""Real trainings on the engine, and what becomes of them when something is killed or full."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import DEFAULT, Mock

import psutil
import pytest
import torch

from snnlab.jobs import train
from snnlab.jobs.engine import Engine
from snnlab.jobs.local_pool import LocalPool
from snnlab.jobs.places import Place, equal_places
from snnlab.jobs.pool import Outcome, job_of
from snnlab.jobs.progress import PROGRESS, read_progress
from snnlab.learning import checkpoint
from snnlab.learning.fit import TrainingError
from snnlab.learning.spec import Training
from snnlab.runs.config import RunConfig, from_dict, to_dict
from snnlab.runs.files import RunError
from snnlab.runs.run import run
from snnlab.runs.store import Run, list_runs, load_run, run_id
from snnlab.studies.sweep import SweepConfig, sweep
from tests.jobs.pretend_work import ROOT, becomes, gone, now, until
from tests.jobs.test_pools import METHODS

SERVER = """
import json, sys, time
from pathlib import Path
from snnlab.runs.config import from_dict
from snnlab.jobs.engine import Engine

engine = Engine(Path(sys.argv[1]))
for user, config in json.loads(sys.argv[2]):
    engine.submit([from_dict(config)], user=user)
time.sleep(600)
"""


@pytest.fixture
def long(tiny: RunConfig) -> RunConfig:
    """A training that takes some seconds, in many epochs."""
    return replace(tiny, training=Training(epochs=120, batch_size=25))


def weights(run: Run) -> bytes:
    return (run.folder / "weights.safetensors").read_bytes()


def carried_out(config: RunConfig, root: Path) -> Outcome:
    """What the process of a job reports, in this one."""
    command, threads = sys.argv, torch.get_num_threads()
    try:
        return train.train(job_of(config, root))
    finally:
        sys.argv = command
        torch.set_num_threads(threads)


def test_a_job_is_the_run_that_anyone_would_get(
    tiny: RunConfig, finished: Run, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert carried_out(tiny, tmp_path) == Outcome("finished")
    done = load_run(finished.id, tmp_path)
    assert weights(done) == weights(finished)
    assert not (done.folder / PROGRESS).exists()
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 9 GiB"), "batch_size 12"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "the machine has too little"),
        (torch.AcceleratorError("CUDA error: out of memory"), "the GPU has too little"),
        (RuntimeError("CUBLAS_STATUS_ALLOC_FAILED when calling ..."), "`device cpu`"),
        (OSError(28, "No space left on device"), "the disk is full: delete runs"),
    ],
)
def test_full_memory_or_disk_is_a_failed_run_with_advice(
    error: Exception, advice: str, tiny: RunConfig, tmp_path: Path, monkeypatch: Any, capfd: Any
) -> None:
    monkeypatch.setattr(sys.modules[run.__module__], "fit", Mock(side_effect=error))
    config = replace(tiny, device="auto")
    outcome = carried_out(config, tmp_path)
    assert outcome.status == "failed"
    assert advice in outcome.reason
    (failed,) = list_runs(tmp_path)
    assert (failed.status, failed.reason) == ("failed", outcome.reason)
    assert json.loads((failed.folder / "error.json").read_text())["message"] == outcome.reason
    assert capfd.readouterr() == ("", "")


def test_full_memory_ends_a_run_in_one_line(
    tiny: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = Mock(side_effect=torch.OutOfMemoryError("CUDA out of memory"))
    monkeypatch.setattr(sys.modules[run.__module__], "fit", full)
    bptt = replace(tiny, method="bptt", training=replace(tiny.training, batch_size=1))
    with pytest.raises(TrainingError, match=r"^the GPU has .* Try fewer timesteps"):
        run(bptt, tmp_path)


def test_a_disk_that_fills_up_keeps_the_last_checkpoint(
    tiny: RunConfig, finished: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = checkpoint.SafetensorError("I/O error: No space left on device (os error 28)")
    with monkeypatch.context() as patch:
        save = Mock(wraps=checkpoint.save_file, side_effect=[DEFAULT, full])
        patch.setattr(checkpoint, "save_file", save)
        outcome = carried_out(tiny, tmp_path)
    assert outcome.status == "failed"
    assert "the disk is full" in outcome.reason
    (failed,) = list_runs(tmp_path)
    assert (failed.status, len(failed.metrics)) == ("failed", 1)
    assert (failed.folder / "checkpoint.safetensors").exists()
    assert carried_out(tiny, tmp_path) == Outcome("finished")
    done = load_run(failed.id, tmp_path)
    assert done.metrics[0] == failed.metrics[0]
    assert weights(done) == weights(finished)


def test_other_code_is_refused(tiny: RunConfig, tmp_path: Path) -> None:
    job = job_of(tiny, tmp_path) | {"id": "digits-mlp-noise-s0-00000000", "command": sys.argv}
    outcome = train.train(job)
    assert outcome.status == "failed"
    assert "start the server and its workers again" in outcome.reason
    assert list_runs(tmp_path) == []


def test_a_job_waits_for_the_end_of_a_process_that_trains_the_same(
    tiny: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = iter([True, True, False])
    monkeypatch.setattr(train, "is_occupied", lambda _: next(looks))
    assert carried_out(tiny, tmp_path) == Outcome("finished")
    assert next(looks, None) is None


@pytest.mark.slow
def test_the_server_is_killed_while_it_trains(long: RunConfig, tmp_path: Path) -> None:
    root = tmp_path / "runs"
    short = replace(long, seed=1, training=replace(long.training, epochs=1))
    waiting = replace(short, seed=2)
    asked = [["ada", to_dict(short)], ["bob", to_dict(long)], ["ada", to_dict(waiting)]]
    command = [sys.executable, "-c", SERVER, str(root), json.dumps(asked)]
    process = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": str(ROOT)})
    running = root / run_id(long)
    until(lambda: running.is_dir() and len(load_run(running.name, root).metrics) > 3)
    progress = until(lambda: read_progress(running))
    assert (progress.steps, progress.step <= progress.steps) == (480, True)
    family = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.wait()
    until(lambda: all(gone(process) for process in family))
    statuses = {run.id: run.status for run in list_runs(root)}
    assert statuses == {run_id(short): "finished", running.name: "interrupted"}
    before = load_run(running.name, root).metrics

    engine = Engine(root)
    job = engine.job(running.name)
    assert job is not None
    assert job.status == "interrupted"
    (again,) = engine.submit([long], user="eve")
    for name in (run_id(waiting), again.id):
        until(lambda name=name: engine.job(name).status == "finished")  # type: ignore[union-attr]
    engine.close()
    done = load_run(running.name, root)
    assert done.metrics[: len(before)] == before  # to the second: these were not trained again
    assert weights(done) == weights(run(long, tmp_path / "alone"))


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_child_and_fork_server_are_killed_while_they_train(
    method: str, long: RunConfig, tmp_path: Path
) -> None:
    engine = Engine(tmp_path, partial(LocalPool, [Place("cpu")], method=method))
    (job,) = engine.submit([long], user="ada")
    (after,) = engine.submit([replace(long, seed=3)], user="bob")
    for generation in (0, 1) if method == "forkserver" else (0,):
        mark = tmp_path / job.id / "running.json"
        until(lambda mark=mark: mark.exists() and mark.read_text())
        epochs = len(load_run(job.id, tmp_path).metrics)
        until(lambda e=epochs: len(load_run(job.id, tmp_path).metrics) > e)
        child = psutil.Process(json.loads(mark.read_text())["pid"])
        [child, *child.parents()][generation].kill()
        becomes(engine, "interrupted", job)
        until(lambda: load_run(job.id, tmp_path).status == "interrupted")
        assert "killed" in now(engine, job).reason
        becomes(engine, "finished", after)
        engine.submit([long], user="ada")
    becomes(engine, "finished", job)
    engine.close()
    assert weights(load_run(job.id, tmp_path)) == weights(run(long, tmp_path / "alone"))


@pytest.mark.slow
def test_a_sweep_of_a_hundred_runs_and_one_is_killed(tiny: RunConfig, tmp_path: Path) -> None:
    """It goes on after its last epoch, and gives what it would have given."""
    start = replace(tiny, training=Training(epochs=30, batch_size=25))
    asked = SweepConfig(start, {"seed": tuple(range(50)), "method": ("noise", "no-noise")})
    killed: list[str] = []
    ended: list[RunConfig] = []

    def kill_one(config: RunConfig) -> None:
        ended.append(config)
        if len(ended) >= 40 and not killed:
            for mark in tmp_path.glob("runs/*/running.json"):
                if (mark.parent / "checkpoint.safetensors").exists():
                    killed.append(mark.parent.name)
                    psutil.Process(json.loads(mark.read_text())["pid"]).kill()
                    return

    two = partial(LocalPool, equal_places(2, gpu=False))
    done = sweep(asked, tmp_path / "s", two, tmp_path / "runs", kill_one)
    assert (done["failures"], len(done["entries"])) == ({}, 100)
    (name,) = killed
    config = next(config for config in asked.configs() if run_id(config) == name)
    alone = run(config, tmp_path / "alone")
    assert weights(load_run(name, tmp_path / "runs")) == weights(alone)


def test_progress_that_makes_no_sense_is_none(tmp_path: Path) -> None:
    assert read_progress(tmp_path) is None
    good = {"epoch": 1, "step": 2, "steps": 8, "loss": 0.5, "seconds_left": 3.0}
    (tmp_path / PROGRESS).write_text(json.dumps(good))
    found = read_progress(tmp_path)
    assert found is not None
    assert (found.step, found.seconds_left) == (2, 3.0)
    for change in ({"step": 9}, {"step": True}, {"step": 1.5}, {"loss": None}, {"epoch": "1"}):
        (tmp_path / PROGRESS).write_text(json.dumps(good | change))
        assert read_progress(tmp_path) is None


def test_a_job_names_the_run_of_its_configuration(tiny: RunConfig, tmp_path: Path) -> None:
    job = job_of(tiny, tmp_path, threads=1)
    assert json.loads(json.dumps(job)) == job
    assert (job["id"], from_dict(job["config"]), job["threads"]) == (run_id(tiny), tiny, 1)
    with pytest.raises(RunError):
        load_run(job["id"], tmp_path)

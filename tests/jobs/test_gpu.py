"""Jobs of the dashboard's engine on a GPU: they train there, and leave no memory behind."""

from __future__ import annotations

import subprocess
import time
from dataclasses import replace

import pytest
import torch

from snnlab.data import DataSpec
from snnlab.jobs.engine import Engine
from snnlab.jobs.progress import read_progress
from snnlab.learning import Training
from snnlab.network import Architecture
from snnlab.runs import RunConfig
from snnlab.runs.size import FLOAT, size_of
from snnlab.runs.store import load_run
from tests.jobs.pretend_work import becomes, now, until

pytestmark = [pytest.mark.gpu, pytest.mark.slow]

ENDLESS = RunConfig(
    device="cuda",
    data=DataSpec("digits"),
    model=Architecture("convnet", width=64),
    training=Training(epochs=10_000, batch_size=64),
)


def used_mib() -> int:
    """Memory of the first GPU in use by all processes, in MiB, as its driver says."""
    asked = ["nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits", "-i", "0"]
    return int(subprocess.run(asked, capture_output=True, text=True, check=True).stdout)


@pytest.fixture
def engine(tmp_path):
    made = Engine(tmp_path)
    yield made
    made.close()


def test_a_job_trains_on_the_gpu_is_cancelled_and_leaves_no_memory_behind(engine, tmp_path):
    before = used_mib()
    (job,) = engine.submit([ENDLESS], user="ada")
    until(lambda: read_progress(tmp_path / job.id), seconds=100)
    assert used_mib() > before + 100
    began = time.monotonic()
    engine.cancel(job.id, user="ada")
    assert now(engine, job).status == "cancelled"
    until(lambda: used_mib() <= before + 20, seconds=10)
    assert time.monotonic() - began < 10
    assert load_run(job.id, tmp_path).status == "interrupted"


def test_jobs_finish_on_the_gpu_one_after_the_other_and_beside_one_on_the_cpu(engine, tmp_path):
    before = used_mib()
    short = replace(ENDLESS, training=Training(epochs=2, batch_size=64), conversion_timesteps=16)
    asked = [short, replace(short, seed=1), replace(short, device="cpu")]
    jobs = engine.submit(asked, user="ada")
    until(lambda: [now(engine, job).status for job in jobs] == ["finished"] * 3, seconds=100)
    becomes(engine, "finished", *jobs)
    found = [load_run(job.id, tmp_path).environment["hardware"] for job in jobs]
    assert [facts["device"].split(":")[0] for facts in found] == ["cuda", "cuda", "cpu"]
    assert found[0]["gpu"] == torch.cuda.get_device_name()
    until(lambda: used_mib() <= before + 20, seconds=10)


def too_much(memory: int) -> RunConfig:
    """A run that `check_training` accepts on a GPU of so many bytes, and that needs far more."""
    huge = replace(
        ENDLESS,
        method="bptt",
        model=Architecture("resnet18", width=64),
        training=Training(epochs=1, batch_size=1000),
    )
    _, neurons, _ = size_of(huge.model, (1, 8, 8), 10)
    of_a_timestep = 2 * FLOAT * huge.training.batch_size * neurons
    return replace(huge, bptt_timesteps=int(0.85 * memory / of_a_timestep))


def test_full_memory_in_a_job_is_advice(engine, tmp_path):
    """A batch that the card cannot hold; the next job goes through."""
    huge = too_much(torch.cuda.get_device_properties(0).total_memory)
    fine = replace(ENDLESS, training=Training(epochs=1), conversion_timesteps=16)
    job, other = engine.submit([huge, fine], user="ada")
    until(lambda: now(engine, other).status == "finished", seconds=100)
    ended = now(engine, job)
    assert ended.status == "failed"
    assert ended.reason.startswith("the GPU has too little free memory for this run. Try ")
    assert "`training.batch_size 500` instead of 1000" in ended.reason

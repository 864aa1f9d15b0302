"""Where jobs are carried out: cores, GPUs, and the address of a scheduler."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import torch

from snnlab.jobs import places
from snnlab.jobs.places import Place, cards, equal_places, place_on, separate_places
from snnlab.jobs.scheduler import SCHEDULER, scheduler
from snnlab.runs.config import ConfigError
from tests.jobs.pretend_work import ROOT


@pytest.mark.parametrize(
    ("named", "count", "found"),
    [
        (None, 2, ["0", "1"]),
        ("2,3", 2, ["2", "3"]),
        ("5, 7", 2, ["5", "7"]),
        ("GPU-8932f937,MIG-a1", 2, ["GPU-8932f937", "MIG-a1"]),
        ("3,-1,0", 1, ["3"]),  # CUDA reads on until the first one that is none
        ("", 0, []),
        (None, 0, []),
    ],
)
def test_places_take_the_gpus_that_this_process_may_use(
    named: str | None, count: int, found: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
    if named is None:
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    else:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", named)
    assert [card.strip() for card in cards()] == found
    assert separate_places() == [*(place_on(card, "gpu") for card in found), Place("cpu")]
    seen = [place.environ.get("CUDA_VISIBLE_DEVICES") for place in equal_places(3, gpu=True)]
    assert seen == ([*found, *found, *found][:3] or [None] * 3)
    assert equal_places(2, gpu=False) == [Place(), Place()]


SPIES = """
import torch
def touched(*_):
    raise AssertionError("CUDA was touched")
torch._C._cuda_getDeviceCount = torch._C._cuda_init = torch.cuda._lazy_init = touched
import snnlab.jobs.train
"""


def test_the_fork_server_leaves_cuda_alone() -> None:
    """CUDA cannot be used in a process that was forked after its driver was asked for anything."""
    subprocess.run([sys.executable, "-c", SPIES], cwd=ROOT, check=True)


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("tcp://127.0.0.1:8786", "tcp://127.0.0.1:8786"),
        (" tls://node7.example.org:9000/ ", "tls://node7.example.org:9000"),
        ("node7", "tcp://node7:8786"),
        ("10.0.0.2:12", "tcp://10.0.0.2:12"),
        ("TCP://[::1]:8786", "tcp://[::1]:8786"),
        ("", None),
    ],
)
def test_the_address_of_a_scheduler(
    given: str, address: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SCHEDULER, given)
    assert scheduler() == address


@pytest.mark.parametrize(
    "given",
    [
        *("127.0.0.1:abc", "htp://127.0.0.1:8786", "http://127.0.0.1:8786", "tcp://", ":8786"),
        *("tcp://:8786", "a:99999", "a:0", "a:-1", "tcp://[::1:8786", "a b:1", "a:1/runs", "a:1?x"),
        *("a..b:1", f"{'a' * 64}:1", "ucx://a:1", "999.1.1.1:3", "[:::::]:80", "8786", "a:1:2"),
        *("me@a:1", "::1", "tcp://tcp://a:1", "a,b", "/tmp/scheduler.json", "3"),
    ],
)
def test_what_is_no_address_is_quoted(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SCHEDULER, given)
    with pytest.raises(ConfigError) as refused:
        scheduler()
    assert repr(given) in str(refused.value)
    assert "tcp://127.0.0.1:8786" in str(refused.value)


def test_a_scheduler_without_dask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SCHEDULER, "tcp://a:1")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match="Dask is not installed: pip install dask distributed"):
        scheduler()


@pytest.mark.slow
def test_nothing_of_dask_is_loaded_without_a_scheduler() -> None:
    script = """
import sys
from snnlab.jobs import LocalPool, shared_engine
import snnlab.cli.sweep, snnlab.dashboard.service, snnlab.jobs.train
shared_engine().submit([], user="me")
assert not {"dask", "distributed"} & {name.partition(".")[0] for name in sys.modules}
"""
    environ = os.environ | {"PYTHONPATH": str(ROOT), SCHEDULER: ""}
    subprocess.run([sys.executable, "-c", script], env=environ, check=True, timeout=100)


@pytest.mark.parametrize(
    ("cores_of_machine", "quota", "lent", "found"),
    [
        (64, None, None, 64),
        (8, None, None, 8),
        (64, "150000 100000", None, 2),
        (64, "max 100000", None, 64),
        (8, "50000 100000", None, 1),
        (8, None, "2.5", 3),
        (8, "200000 100000", "4.0", 2),
        (8, None, "many", 8),
        (8, None, "0", 1),
        (2, "900000 100000", "16", 2),
    ],
)
def test_cores_are_those_of_the_machine_that_are_lent(
    monkeypatch, tmp_path, cores_of_machine, quota, lent, found
):
    file = tmp_path / "cpu.max"
    if quota:
        file.write_text(f"{quota}\n", encoding="ascii")
    monkeypatch.setattr(places, "QUOTA", file)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: range(cores_of_machine), raising=False)
    monkeypatch.delenv("CPU_LIMIT", raising=False)
    if lent:
        monkeypatch.setenv("CPU_LIMIT", lent)
    assert places.cores() == found

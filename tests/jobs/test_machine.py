"""How busy machine and GPUs are, with a library of NVIDIA that is made up."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any, NamedTuple

import psutil
import pynvml
import pytest
import torch

from snnlab.jobs import machine
from snnlab.jobs.machine import Load, gpu_loads, machine_load

GIB = 2**30


class SimpleTimes(NamedTuple):
    """What psutil says of a core."""

    user: float
    idle: float


class FakeNvml:
    """Three GPUs, of which the last is divided and does not say how busy it is."""

    NVMLError = pynvml.NVMLError
    uuids = ("GPU-8932f937", "GPU-0b2c", "GPU-77aa")

    def nvmlDeviceGetCount(self) -> int:
        return len(self.uuids)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:
        if index >= len(self.uuids):
            raise pynvml.NVMLError(pynvml.NVML_ERROR_INVALID_ARGUMENT)
        return index

    def nvmlDeviceGetHandleByUUID(self, uuid: bytes) -> int:
        if uuid != b"MIG-a1":
            raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_FOUND)
        return 2

    def nvmlDeviceGetUUID(self, handle: int) -> str:
        return self.uuids[handle]

    def nvmlDeviceGetName(self, handle: int) -> Any:
        return f"Card {handle}"

    def nvmlDeviceGetMemoryInfo(self, handle: int) -> Any:
        return SimpleNamespace(used=(handle + 1) * GIB, total=80 * GIB)

    def nvmlDeviceGetUtilizationRates(self, handle: int) -> Any:
        if handle == 2:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)
        return SimpleNamespace(gpu=45 + handle)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeNvml:
    made = FakeNvml()
    monkeypatch.setattr(machine, "nvml", lambda: made)
    return made


@pytest.mark.parametrize(
    ("named", "count", "names"),
    [
        (None, 2, ["Card 0", "Card 1"]),
        ("1", 1, ["Card 1"]),
        ("1, 0", 2, ["Card 1", "Card 0"]),
        ("GPU-0b", 1, ["Card 1"]),
        ("MIG-a1", 1, ["Card 2"]),
        ("", 0, []),
    ],
)
def test_only_gpus_that_this_process_may_use_are_shown(
    named: str | None,
    count: int,
    names: list[str],
    fake: FakeNvml,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
    if named is None:
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    else:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", named)
    assert [gpu.name for gpu in gpu_loads()] == names


def test_what_a_gpu_says_of_itself(fake: FakeNvml, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "cards", lambda: ["0", "2", "7"])
    first, divided, absent = gpu_loads()
    assert first == Load("Card 0", 0.45, GIB, 80 * GIB)
    assert divided == Load("Card 2", None, 3 * GIB, 80 * GIB)
    assert absent.name.startswith("GPU 7, which does not answer")
    assert (absent.busy, absent.used) == (None, None)


def test_a_machine_without_a_driver_has_no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_driver() -> None:
        raise pynvml.NVMLError(pynvml.NVML_ERROR_LIBRARY_NOT_FOUND)

    monkeypatch.setattr(pynvml, "nvmlInit", no_driver)
    machine.nvml.cache_clear()
    assert gpu_loads() == []
    machine.nvml.cache_clear()


def test_the_machine_says_how_busy_its_cores_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the time between two looks, however many threads look."""
    cores = [SimpleTimes(100.0, 900.0)] * 4
    monkeypatch.setattr(psutil, "cpu_times", lambda percpu: cores)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1}, raising=False)
    machine.LAST_READING.clear()
    memory = SimpleNamespace(total=8 * GIB, available=6 * GIB)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    assert machine_load() == Load("", 0.1, 2 * GIB, 8 * GIB, 2)  # since boot
    cores = [SimpleTimes(102.0, 900.0), SimpleTimes(101.0, 901.0), *cores[2:]]
    with ThreadPoolExecutor(1) as other:
        assert other.submit(machine_load).result().busy == pytest.approx(0.75)
    assert machine_load().busy == 0.0  # no time has gone by


def test_the_cores_of_this_machine_are_never_idle_in_a_test() -> None:
    machine_load()
    until = time.monotonic() + 0.5
    while time.monotonic() < until:
        pass
    assert 0.0 < (machine_load().busy or 0.0) <= 1.0

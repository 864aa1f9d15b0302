"""What made a run: code, versions, machine."""

from __future__ import annotations

import hashlib
import os
import platform
import socket
import subprocess
import sys
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil

PACKAGES = ("snnlab", "torch", "torchvision", "numpy", "scikit-learn", "mlxtend", "safetensors")
SOURCE = Path(__file__).parents[1]


ROOMS = (
    "settings.py",
    "neuron",
    "network",
    "data",
    "measure",
    "learning",
    "conversion",
    "runs",
    "studies",
)
"""Where the code stands that can change a result; figures and pages cannot."""


@cache
def code_digest() -> str:
    """Twelve hex digits that change whenever a line of the code that makes results does."""
    digest = hashlib.sha256()
    places = [SOURCE / room for room in ROOMS]
    files = [
        file for place in places for file in ([place] if place.is_file() else place.rglob("*.py"))
    ]
    for path in sorted(files):
        digest.update(path.relative_to(SOURCE).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def git_commit() -> str | None:
    """The commit of the checkout, "-dirty" if it was changed; None outside a checkout."""
    try:
        done = subprocess.run(
            ["git", "-C", str(SOURCE), "describe", "--always", "--dirty", "--abbrev=12"],
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None


def installed_versions() -> dict[str, str]:
    """Version of Python and of the packages that shape a result."""
    versions = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions


def hardware(device: str) -> dict[str, Any]:
    """Processor, cores, memory, and the GPU if `device` is one."""
    import torch

    facts: dict[str, Any] = {
        "device": device,
        "processor": processor_name(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
    }
    if device.startswith("cuda"):
        facts["gpu"] = torch.cuda.get_device_name(device)
    return facts


def processor_name() -> str:
    """The processor as the system names it."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def environment(device: str) -> dict[str, Any]:
    """Everything above, with the time and the command."""
    return {
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": command(),
        "code": code_digest(),
        "git_commit": git_commit(),
        "versions": installed_versions(),
        "hardware": hardware(device),
    }


def command() -> list[str]:
    """The command line of this process."""
    return [Path(sys.argv[0]).name, *sys.argv[1:]]


def this_process() -> dict[str, Any]:
    """Enough to tell later whether this very process still lives."""
    process = psutil.Process()
    return {"host": socket.gethostname(), "pid": process.pid, "born": process.create_time()}


def is_alive(process: Any) -> bool:
    """Whether the process that `this_process` described still runs, on this machine."""
    try:
        if process["host"] != socket.gethostname() or not isinstance(process["pid"], int):
            return False
        found = psutil.Process(process["pid"])
        if found.status() == psutil.STATUS_ZOMBIE:  # it has ended, and nobody has asked how
            return False
        return abs(found.create_time() - process["born"]) < 1
    except (psutil.Error, KeyError, TypeError, ValueError, OverflowError):
        return False

"""The origin of a run: code, the user's noise families and method, versions, machine, process."""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import socket
import subprocess
import sys
from dataclasses import fields
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil

from snnlab.data import own_data
from snnlab.data.listing import digest_of_images
from snnlab.data.spec import DataError, is_own
from snnlab.neuron import registry
from snnlab.neuron.family import FamilyError
from snnlab.neuron.own_code import source_of
from snnlab.neuron.registry import Origin
from snnlab.runs.config import RunConfig
from snnlab.runs.methods import KIT_METHODS, METHODS

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
"""The code that can change a result; biology, jobs, figures and pages cannot."""


@cache
def code_digest() -> str:
    """Twelve hex digits that change with every change of the code in `ROOMS`."""
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
            encoding="utf-8",
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
        with contextlib.suppress(PackageNotFoundError):
            versions[name] = version(name)
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
        for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def environment(device: str) -> dict[str, Any]:
    """Code, versions and hardware, with the time and the command."""
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
    # With an ASCII locale Python cannot decode UTF-8 arguments; their bytes are recovered here.
    words = [os.fsencode(word).decode(errors="replace") for word in sys.argv]
    return [Path(words[0]).name, *words[1:]]


def this_process() -> dict[str, Any]:
    """Host, id and start time of this process, to check later whether it is still alive."""
    process = psutil.Process()
    return {"host": socket.gethostname(), "pid": process.pid, "born": process.create_time()}


def is_alive(process: Any) -> bool:
    """Whether the process that `this_process` described still runs, on this machine."""
    try:
        if process["host"] != socket.gethostname() or not isinstance(process["pid"], int):
            return False
        found = psutil.Process(process["pid"])
        if found.status() == psutil.STATUS_ZOMBIE:  # it has ended; its parent has not noticed yet
            return False
        return abs(found.create_time() - process["born"]) < 1
    except (psutil.Error, KeyError, TypeError, ValueError, OverflowError):
        return False


def own_families(config: RunConfig) -> dict[str, Origin]:
    """Origins by name of the noise families in a configuration that users registered."""
    noises = (config.noise, config.target_noise, *config.stage_noise)
    return registry.origins({*(noise.family for noise in noises), config.surrogate.shape})


def described_families(config: RunConfig) -> dict[str, dict[str, str]]:
    """Module and digest of the source of each of `own_families`, by name.

    Raises:
        FamilyError: the source of one cannot be read.
    """
    found = {}
    for name, origin in own_families(config).items():
        if origin.digest is None:
            raise FamilyError(
                f"the source of the noise family {name!r} cannot be read, and it is part of what "
                "makes a run: put the family into a file and import that"
            )
        found[name] = {"module": origin.module, "digest": origin.digest}
    return found


def family_modules(config: RunConfig) -> list[tuple[str, str]]:
    """The modules of `own_families`, each with the folder from which it is imported.

    Raises:
        FamilyError: one is in no module that another process can import.
    """
    found = []
    for name, origin in own_families(config).items():
        if origin.folder is None:
            raise FamilyError(
                f"the noise family {name!r} is defined in {origin.module}, where processes that "
                "train cannot find it: put it into a file, say my_noise.py, and import that"
            )
        found.append((origin.module, origin.folder))
    return found


def described_data(config: RunConfig) -> dict[str, str]:
    """For a user's own data set its module and a digest of the file; for a path one of the images.

    Empty for data sets of the catalogue.

    Raises:
        DataError: the module is not there.
    """
    if not is_own(config.data.name):
        images = digest_of_images(config.data.name)
        return {"images": images} if images else {}
    found = own_data.source(config.data.name)
    return {"module": found.module, "digest": found.digest}


def changed_images(config: RunConfig, environment: dict[str, Any]) -> str:
    """A sentence if the images at a run's path have changed since its training.

    Empty if they have not, or if this is unknown.
    """
    noted, now = environment.get("data"), {}
    with contextlib.suppress(DataError):  # loading the images then raises this error
        now = described_data(config)
    if not noted or not now or now == noted:
        return ""
    return f"the images of {config.data.name} have changed since this run was trained on them"


def data_folders(config: RunConfig) -> list[str]:
    """Folders that a training process must add to Python's search path for modules."""
    return [own_data.source(config.data.name).folder] if is_own(config.data.name) else []


def missing_families(environment: dict[str, Any]) -> str:
    """Advice about families that a run used and that are not registered here; or an empty text.

    Args:
        environment: the environment of the run.
    """
    noted = environment.get("families")
    gone = [
        f"; it used the noise family {name!r} of the module {origin.get('module')!r}: import that "
        f"first, or name it in {registry.MODULES_VARIABLE}"
        for name, origin in (noted.items() if isinstance(noted, dict) else ())
        if isinstance(origin, dict) and name not in registry.names()
    ]
    return "".join(gone)


def source_from_outside(name: str) -> str:
    """Twelve hex digits of the source of a user's own method; empty for a method of the kit.

    The source is the values of its fields, and the files or cells that define its functions.

    Raises:
        ValueError: the source of a function cannot be read.
    """
    method = METHODS[name]
    if any(method is known for known in KIT_METHODS):
        return ""
    digest = hashlib.sha256()
    for field in fields(method):
        value = getattr(method, field.name)
        try:
            digest.update((source_of(value) if callable(value) else repr(value)).encode())
        except (OSError, TypeError):
            raise ValueError(
                f"the source of {field.name} of the method {name!r} cannot be read, and it is "
                "part of what makes a run: put the method into a file and import that"
            ) from None
    return digest.hexdigest()[:12]

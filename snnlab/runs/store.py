"""Run folders: how they are written, read back and listed.

    runs/<id>/config.json          what was asked for
              environment.json     code, versions, hardware
              running.json         while training: the process that does it
              metrics.jsonl        one line per epoch, as they come
              checkpoint.safetensors   while training: state after the last whole epoch
              weights.safetensors  the trained network
              result.json          the measurement: the run is finished once it exists; with hashes
                                   of configuration and weights, which show later changes
              error.json           why training failed, if it did

Every file but metrics.jsonl and running.json is written whole or not at all.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from snnlab.data.spec import DataWarning, why
from snnlab.data.whole_files import remove
from snnlab.measure.curve import AccuracyCurve
from snnlab.neuron.family import FamilyError
from snnlab.runs.config import RunConfig, from_dict, to_dict
from snnlab.runs.files import RunError, is_number, optional_json, read_json, read_text
from snnlab.runs.hashes import (
    HASHES,
    WEIGHTS,
    check_hash,
    check_sealed,
    config_digest,
    digest,
    weights_digest,
)
from snnlab.runs.provenance import (
    changed_images,
    code_digest,
    described_data,
    described_families,
    is_alive,
    missing_families,
    source_from_outside,
    this_process,
)
from snnlab.settings import quoted, suggestion

if TYPE_CHECKING:
    import torch

    from snnlab.data.images import Data
    from snnlab.network.net import StagedNet

RUNS = Path("runs")
"""The default folder of the run folders."""
FOLDER = "SNNLAB_RUNS"
"""Environment variable with another folder, for command line, dashboard and notebooks."""
RUNNING = "running.json"
CHECKPOINT = "checkpoint.safetensors"
NUMBERS = ("F16", "F32", "F64", "I64")
"""Types of numbers in weights, as safetensors writes them."""
COLLECTION = "collection.json"
"""A folder among the runs with this file is no run (for instance the demo's tables)."""

Status = Literal["finished", "running", "interrupted", "failed", "damaged"]
ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,120}")
WHAT_IS_AN_ID = "a run id holds letters, digits, '.', '_' and '-' only"
LONGEST_REASON = 500
"""How many characters the reason of a damaged run has at most, as it may quote a whole file."""
MOST_IMAGES = 10**6
"""Largest valid number of test images."""


@dataclass(frozen=True)
class Run:
    """The content of a run folder."""

    folder: Path
    """Its path."""
    status: Status
    """finished; running; interrupted (it can go on); failed; or damaged."""
    config: RunConfig | None
    """None if damaged."""
    environment: dict[str, Any]
    """Code, versions, hardware; empty if missing."""
    metrics: list[dict[str, Any]]
    """One entry per finished epoch."""
    result: dict[str, Any] | None
    """The measurement; None unless finished."""
    reason: str = ""
    """Why it is damaged or failed."""

    @property
    def id(self) -> str:
        """Name of the folder."""
        return self.folder.name

    @cached_property
    def accuracy(self) -> AccuracyCurve:
        """Accuracy by T, without noise; empty unless a finished run has timesteps."""
        return AccuracyCurve.from_entries({"accuracy": {}} | (self.result or {}))

    def data(self, device: torch.device | str = "cpu") -> Data:
        """Load the images of its training and test.

        Warns:
            DataWarning: they have changed since.

        Raises:
            DataError: they cannot be loaded.
        """
        from snnlab.runs.assemble import load_images

        assert self.config is not None  # callers have loaded its network before
        if said := changed_images(self.config, self.environment):
            warnings.warn(said, DataWarning, stacklevel=2)
        return load_images(self.config, device)

    def network(self, device: str = "cpu") -> StagedNet:
        """The trained network, in evaluation mode. Nothing is unpickled.

        Raises:
            RunError: the run has no readable weights.
        """
        from snnlab.runs.assemble import load_network

        if self.config is None or self.status != "finished":
            reason = f": {self.reason}" if self.reason else ""
            raise RunError(f"run {self.id!r} has no trained network: it is {self.status}{reason}")
        try:
            check_weights(self.folder, self.result or {})
            return load_network(self.folder / WEIGHTS, self.config, device)
        except ValueError as error:
            raise RunError(f"the weights of run {self.id!r} cannot be used: {error}") from error


def run_id(config: RunConfig) -> str:
    """A readable name that is the same for the same configuration and code."""
    # The device is left out: it belongs to the machine and not to the configuration.
    asked = {key: value for key, value in to_dict(config).items() if key != "device"}
    families, of_data = described_families(config), described_data(config)
    own = [families, source_from_outside(config.method), of_data]
    made_by = digest([asked, code_digest(), *filter(None, own)])[:8]
    return f"{data_in_names(config)}-{config.model.name}-{config.method}-s{config.seed}-{made_by}"


def data_in_names(config: RunConfig) -> str:
    """The name of the data set for files and folders on every system: letters, digits, "-"."""
    plain = re.sub(r"[^a-z0-9]+", "-", Path(config.data.name).name.lower()).strip("-")
    return plain[:24] or "images"


def usual_runs() -> Path:
    """The default folder of the run folders: that in SNNLAB_RUNS, else `runs`.

    An empty or blank SNNLAB_RUNS is ignored. See `runs_folder`, which also checks the folder.
    """
    return Path(named_runs() or RUNS)


def named_runs() -> str:
    """The value of SNNLAB_RUNS, without the double quotes that `set` keeps on Windows."""
    given = os.environ.get(FOLDER, "").strip()
    quotes = len(given) > 1 and given[0] == given[-1] == '"'
    return given[1:-1].strip() if quotes else given


def runs_folder(asked: str | os.PathLike[str] | None = None) -> Path:
    """The folder of the run folders: `asked`, else that in SNNLAB_RUNS, else `runs`.

    `~` is the home folder; other relative paths begin in the current folder. It need not exist.

    Raises:
        RunError: no path, a file, or the home folder of nobody.

    Example:
        >>> runs_folder("~/experiments")
        PosixPath('/home/me/experiments')
    """
    given: Any = usual_runs() if asked is None else asked
    if not isinstance(given, str | os.PathLike) or not str(given) or "\0" in str(given):
        raise RunError(f"the folder of runs must be a path, got {quoted(given)}")
    named = Path(given)
    by = f", named by {FOLDER}," if named_runs() and Path(named_runs()) == named else ""
    try:
        folder = named.expanduser()
        there = next((one for one in (folder, *folder.parents) if one.exists()), None)
        problem = "" if there is None or there.is_dir() else f"{there} is a file"
    except (OSError, RuntimeError, ValueError) as error:
        problem = why(error)
    if problem:
        raise RunError(f"{quoted(str(named))}{by} is not a folder of runs: {problem}")
    return folder


def load_run(id: str, root: Path | None = None) -> Run:
    """Read the run `id` in the folder `root`; None: that of `runs_folder`.

    Raises:
        RunError: no such run (the nearest are named), or it is damaged.
    """
    root = runs_folder(root)
    if not ID.fullmatch(id):
        raise RunError(f"{WHAT_IS_AN_ID}, got {id!r}{suggestion(Path(id).name, names_in(root))}")
    if not (root / id).is_dir():
        known = names_in(root)
        there = ", ".join(known[:8]) + (" ..." if len(known) > 8 else "") if known else "none yet"
        raise RunError(
            f"no run {id!r} in {root}{suggestion(id, known) or f'; runs there: {there}'}"
        )
    run = read_run(root / id, weights=True)
    if run.status == "damaged":
        raise RunError(f"run {id!r} is damaged: {run.reason}")
    return run


def names_in(root: Path) -> list[str]:
    """Names of the possible run folders in a folder, the last changed first."""
    if not root.is_dir():
        return []
    folders = [folder for folder in root.iterdir() if may_be_run(folder)]
    return [each.name for each in sorted(folders, key=lambda one: -one.lstat().st_mtime)]


def list_runs(root: Path | None = None, read: Callable[[Path], Run] | None = None) -> list[Run]:
    """All runs in a folder, newest first; damaged ones with the reason.

    Args:
        root: the folder; None: that of `runs_folder`.
        read: reads a run folder; None: `read_run`.

    Raises:
        RunError: `root` exists and is not a folder.
    """
    root = runs_folder(root)
    if not root.exists():
        return []
    read = read or read_run
    runs = [read(folder) for folder in root.iterdir() if may_be_run(folder)]
    return sorted(runs, key=lambda run: str(run.environment.get("started", "")), reverse=True)


def may_be_run(folder: Path) -> bool:
    """Whether a path among the runs is a folder that may hold one."""
    if folder.name.startswith(".") or not folder.name.isprintable():
        return False
    try:
        return folder.is_dir() and not (folder / COLLECTION).exists()
    except OSError:  # no permission to read the folder: `read_run` reports it as damaged
        return True


def read_run(folder: Path, *, weights: bool = False) -> Run:
    """Read a run folder in any state; never raises an error.

    Args:
        folder: the run folder.
        weights: whether to read all weights, and compare them with the recorded hash.
    """
    try:
        if not ID.fullmatch(folder.name):
            raise RunError(f"{WHAT_IS_AN_ID}, and this is the name of its folder: rename it")
        config = from_dict(read_json(folder / "config.json"))
        environment = optional_json(folder / "environment.json") or {}
        result = optional_json(folder / "result.json")
        error = optional_json(folder / "error.json")
        metrics = read_metrics(folder / "metrics.jsonl")
        if result is not None:
            check_result(result, config.timesteps)
            check_sealed("result.json", result)
            check_hash("config.json", config_digest(folder), result)
            check_tensors(folder / WEIGHTS)
            if weights:
                check_weights(folder, result)
                if HASHES not in result:  # older versions: only the shapes can be compared
                    check_network(folder / WEIGHTS, config)
            if len(metrics) != config.training.epochs:
                held = f"{len(metrics)} of {config.training.epochs} epochs"
                raise RunError(f"metrics.jsonl holds {held}")
        elif (folder / CHECKPOINT).exists():
            check_tensors(folder / CHECKPOINT)
    except Exception as problem:  # files can hold anything
        said = (str(problem) or type(problem).__name__)[:LONGEST_REASON]
        return Run(folder, "damaged", None, {}, [], None, f"{said}{advice(folder)}")
    status: Status = "interrupted"
    reason = ""
    if result is not None:
        status = "finished"
    elif is_occupied(folder):
        status = "running"
    elif error is not None:
        status, reason = "failed", str(error.get("message", ""))
    return Run(folder, status, config, environment, metrics, result, reason)


def advice(folder: Path) -> str:
    """Advice about a configuration that cannot be read; follows the problem in a message."""
    with contextlib.suppress(RunError, FamilyError):
        return missing_families(read_json(folder / "environment.json"))
    return ""


def is_occupied(folder: Path) -> bool:
    """Whether a living process of this machine trains in a run folder."""
    try:
        return is_alive(read_json(folder / RUNNING))
    except RunError:
        return False


@contextlib.contextmanager
def occupied(folder: Path) -> Iterator[None]:
    """Reserve a run folder for this process until the end of the block.

    The mark of a process that was killed is ignored.

    Raises:
        RunError: another process, or another thread of this one, trains there.
    """
    mark = folder / RUNNING
    if not is_occupied(folder):
        remove(mark)
    try:
        with mark.open("x", encoding="utf-8") as file:
            file.write(json.dumps(this_process()))
    except FileExistsError:
        raise RunError(f"run {folder.name!r} is being trained by another process") from None
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # do not hide an earlier error
            remove(mark)


def check_result(result: dict[str, Any], timesteps: int) -> None:
    """Raise RunError unless a result has all entries that readers of runs need.

    Args:
        result: content of result.json.
        timesteps: accuracy must be there at T = 1 to this T, if at all.
    """
    names = ["training_seconds", "test_images"]
    try:
        curve = AccuracyCurve.from_entries({"accuracy": None} | result)
    except ValueError as problem:
        raise RunError(f"result.json {problem}") from None
    if not curve:
        names.append("ann_accuracy")
    elif curve.timesteps != list(range(1, len(curve) + 1)) or len(curve) != timesteps:
        held = f"accuracy at {len(curve)} T up to {max(curve)}"
        raise RunError(f"result.json holds {held}, asked for were T = 1 to {timesteps}")
    for name in names:
        value = result.get(name)
        if not is_number(value) or value < 0:
            raise RunError(f"result.json must hold a number as {name}, got {quoted(value)}")
    images = result["test_images"]
    if images % 1 or not 1 <= images <= MOST_IMAGES:
        raise RunError(f"result.json holds an impossible number of test_images: {images:g}")
    for name in ("rates", "operations"):
        check_counted(name, result.get(name), len(curve))


def check_counted(name: str, found: Any, points: int) -> None:
    """Raise RunError unless there is a number per stage and T, or no entry at all."""
    stages = [] if found is None else found
    if not isinstance(stages, list):
        raise RunError(f"result.json must hold a list as {name}, got {quoted(found)}")
    for stage in stages:
        if not isinstance(stage, list) or len(stage) != points or not all(map(is_number, stage)):
            raise RunError(f"result.json must hold {points} numbers per stage as {name}")


def check_tensors(path: Path) -> None:
    """Raise RunError unless a complete safetensors file exists; reads only its header."""
    from safetensors import SafetensorError, safe_open

    if path.exists() and not path.is_file():
        raise RunError(f"{path.name} is not a file")
    try:
        with safe_open(path, framework="numpy"):
            pass
    except FileNotFoundError:
        raise RunError(f"{path.name} is missing") from None
    except (SafetensorError, OSError) as error:
        raise RunError(f"{path.name} cannot be read: {error}") from error


def check_weights(folder: Path, result: dict[str, Any]) -> None:
    """Raise RunError unless the weights are finite, and those that were measured."""
    from safetensors import SafetensorError, safe_open

    check_hash(WEIGHTS, weights_digest(folder), result)
    try:
        with safe_open(folder / WEIGHTS, framework="numpy") as file:
            for name in file.keys():  # noqa: SIM118 (it is no mapping)
                kind = file.get_slice(name).get_dtype()
                if kind not in NUMBERS:
                    raise RunError(f"{WEIGHTS} holds {name} as {kind}; valid: {', '.join(NUMBERS)}")
                tensor = file.get_tensor(name)
                if tensor.dtype.kind == "f" and not abs(tensor).max(initial=0) < math.inf:
                    raise RunError(f"{WEIGHTS} holds NaN or infinity in {name}")
                if name.endswith("running_var") and tensor.min(initial=0) < 0:
                    raise RunError(f"{WEIGHTS} holds a variance below 0 in {name}")
    except (SafetensorError, OSError, TypeError) as error:
        raise RunError(f"{WEIGHTS} cannot be read: {error}") from error


def check_network(path: Path, config: RunConfig) -> None:
    """Raise RunError unless weights fit the network of a configuration."""
    from snnlab.runs.assemble import load_network

    try:
        load_network(path, config, "cpu")
    except ValueError as error:
        raise RunError(f"{path.name} does not fit: {error}") from error


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """Metrics per epoch; lines that are incomplete or no epoch are ignored.

    Raises:
        RunError: the file cannot be read.
    """
    if not path.exists():
        return []
    try:
        text = read_text(path, errors="replace")
    except (OSError, ValueError) as error:
        raise RunError(f"{path.name} cannot be read: {why(error)}") from error
    epochs: dict[int, dict[str, Any]] = {}
    for line in text.splitlines():
        try:
            entry = json.loads(line)
            if is_epoch(entry):
                epochs[entry["epoch"]] = entry
        except (ValueError, RecursionError):
            continue
    return [epochs[number] for number in sorted(epochs)]


def is_epoch(entry: Any) -> bool:
    """Whether a line of the metrics has all entries that readers of runs need."""
    if not isinstance(entry, dict):
        return False
    number, accuracy = entry.get("epoch"), entry.get("validation_accuracy")
    return (
        isinstance(number, int)
        and is_number(number)
        and number >= 1
        and is_number(entry.get("loss"))
        and (accuracy is None or is_number(accuracy))
    )

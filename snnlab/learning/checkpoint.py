"""The state of a training in one safetensors file, written completely or not at all."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from snnlab.data.whole_files import written_whole
from snnlab.settings import LONGEST_QUOTE

Generators = dict[str, torch.Generator]


@dataclass(frozen=True)
class Progress:
    """The finished epochs of a training, and the state of its schedule."""

    history: list[dict[str, Any]]
    """One entry per finished epoch."""
    schedule: dict[str, float]
    """Position of the learning-rate schedule."""


def save_checkpoint(
    path: Path,
    net: nn.Module,
    aside: dict[str, Tensor],
    optimizer: torch.optim.Optimizer,
    generators: Generators,
    identity: dict[str, Any],
    progress: Progress,
) -> None:
    """Write everything that a training needs to continue; a kill leaves the old file or the new.

    `aside` holds the weights that a `MovingAverage` has put aside.
    """
    state = optimizer.state_dict()
    tensors: dict[str, Tensor] = {f"net.{k}": v for k, v in net.state_dict().items()}
    tensors |= {f"aside.{name}": value for name, value in aside.items()}
    for index, slots in state["state"].items():
        stored = {slot: value for slot, value in slots.items() if isinstance(value, Tensor)}
        tensors |= {f"optimizer.{index}.{slot}": value for slot, value in stored.items()}
    tensors |= {f"generator.{name}": g.get_state() for name, g in generators.items()}
    notes = {
        "identity": identity,
        "history": progress.history,
        "schedule": progress.schedule,
        "groups": state["param_groups"],
    }
    write_tensors(path, tensors, notes)


def load_checkpoint(
    path: Path,
    net: nn.Module,
    aside: dict[str, Tensor],
    optimizer: torch.optim.Optimizer,
    generators: Generators,
    identity: dict[str, Any],
) -> Progress:
    """Restore network, weights put aside, optimizer and generators from the saved state.

    Raises:
        ValueError: the file is damaged, or belongs to another training.
    """
    tensors, notes = read_tensors(path)
    different = differences(notes["identity"], json.loads(json.dumps(identity)))
    if different:
        raise ValueError(
            f"{path} belongs to another training: {'; '.join(different)}; "
            "use another file or delete this one"
        )
    device = next(net.parameters()).device
    weights = {k[4:]: v.to(device) for k, v in tensors.items() if k.startswith("net.")}
    net.load_state_dict(weights)
    for name, value in aside.items():
        value.copy_(tensors[f"aside.{name}"])
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    slots: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        if key.startswith("optimizer."):
            _, index, slot = key.split(".", 2)
            slots.setdefault(int(index), {})[slot] = lying_as(parameters[int(index)], value)
    optimizer.load_state_dict({"state": slots, "param_groups": notes["groups"]})
    for name, generator in generators.items():
        generator.set_state(tensors[f"generator.{name}"])
    return Progress(notes["history"], notes["schedule"])


def lying_as(parameter: Tensor, value: Tensor) -> Tensor:
    """A value of the optimizer in the memory layout of its parameter, if both have one shape.

    The fused optimizer pairs the two element by element in memory, and ignores their strides.
    """
    if value.shape != parameter.shape:
        return value
    return torch.empty_like(parameter, dtype=value.dtype, device=value.device).copy_(value)


def differences(saved: dict[str, Any], asked: dict[str, Any]) -> list[str]:
    """The differences between two descriptions of a training, one line each, also nested ones."""
    lines: list[str] = []
    for key in sorted(saved.keys() | asked.keys()):
        old, new = saved.get(key), asked.get(key)
        if isinstance(old, dict) and isinstance(new, dict):
            lines += differences(old, new)
        elif old != new:
            short = max(len(str(old)), len(str(new))) <= LONGEST_QUOTE
            lines.append(f"{key} was {old!r}, now {new!r}" if short else f"another {key}")
    return lines


def write_tensors(path: Path, tensors: dict[str, Tensor], notes: dict[str, Any]) -> None:
    """Write tensors and JSON notes to a safetensors file, atomically.

    Raises:
        OSError: it cannot be written: a full disk, say.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    saved = {key: value.detach().cpu().contiguous() for key, value in tensors.items()}
    try:
        with written_whole(path) as partial:
            save_file(saved, partial, metadata={"notes": json.dumps(notes)})
    except SafetensorError as error:
        raise OSError(f"{path} cannot be written: {error}") from error


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read a file of `write_tensors`; the tensors are copies, so the file can be replaced.

    Raises:
        ValueError: the file is damaged or not one of ours.
    """
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {key: file.get_tensor(key).clone() for key in file.keys()}  # noqa: SIM118
            noted = (file.metadata() or {}).get("notes")
        if noted is None:
            raise ValueError(f"{path} is not a file of this kit: it has no notes of its network")
        notes: dict[str, Any] = json.loads(noted)
    except (SafetensorError, json.JSONDecodeError) as error:
        raise ValueError(f"{path} is damaged or not a file of this kit: {error}") from error
    return tensors, notes

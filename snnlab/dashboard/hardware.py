"""The hardware of runs in words, notes on how they were trained, and the menu of devices."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, get_args

import streamlit as st

from snnlab.dashboard import address
from snnlab.dashboard.screen import escaped, warn
from snnlab.jobs.durations import seconds_per_epoch
from snnlab.jobs.places import cards
from snnlab.jobs.scheduler import scheduler
from snnlab.runs.config import Device, RunConfig
from snnlab.runs.store import Run

WORDS = {"auto": "Automatic", "cpu": "CPU", "cuda": "NVIDIA GPU", "mps": "Apple GPU"}
"""Devices as the page names them."""
MISSING_DEVICE = "no-such-device"
"""In the session: the device that the link asked for and this server does not have."""


def draw_hardware(runs: Sequence[Run]) -> None:
    """What runs train on, or were trained on, and how long an epoch takes; a line for each kind."""
    together: dict[str, list[Run]] = {}
    for run in runs:
        if words := hardware_of(run):
            together.setdefault(words, []).append(run)
    for words, members in together.items():
        over = all(run.status != "running" for run in members)
        st.caption(f"{'Trained' if over else 'Trains'} on {words}{epochs_of(members)}.")


def draw_notes(configs: Iterable[RunConfig]) -> None:
    """Notes on trainings whose last phase runs several timesteps, each note once."""
    said = [f"**{escaped(one.entry.title)}**: {escaped(one.note)}." for one in configs if one.note]
    for note in dict.fromkeys(said):
        st.caption(note)


def facts_of(run: Run, name: str) -> dict[str, Any]:
    """A group of facts about code and hardware of a run; empty if missing or malformed."""
    found = run.environment.get(name)
    return found if isinstance(found, dict) else {}


def hardware_of(run: Run) -> str:
    """What a run was trained on; empty if it does not say."""
    facts = facts_of(run, "hardware")
    device, threads = str(facts.get("device", "")), facts.get("threads")
    processor = str(facts.get("processor") or "unknown processor")[:80]
    if device.startswith("cuda"):
        return f"the GPU {str(facts.get('gpu') or 'of unknown name')[:80]}"
    if device == "mps":
        return f"the GPU of {processor}"
    if device != "cpu":
        return ""
    count = f", {threads} thread{'' if threads == 1 else 's'}" if isinstance(threads, int) else ""
    return f"the CPU ({processor}{count})"


def epochs_of(runs: Sequence[Run]) -> str:
    """How long an epoch of these runs takes, as the end of a sentence; empty if none has ended.

    Args:
        runs: on the same hardware, with as many threads. A run on one thread of a CPU is timed in
            processor time, see `stopwatch`.
    """
    found = sorted(seconds for run in runs if (seconds := seconds_per_epoch(run)) is not None)
    if not found:
        return ""
    shown = list(dict.fromkeys(f"{seconds:.3g}" for seconds in (found[0], found[-1])))
    alone = hardware_of(runs[0]).endswith(", 1 thread)")
    return f": {' to '.join(shown)} s {'of processor time ' if alone else ''}per epoch"


@cache
def devices() -> tuple[str, ...]:
    """The devices that a run can ask for: those of this machine.

    Which devices the workers of a Dask cluster have, only they know: with a cluster all devices are
    offered, and a run fails with a message if its worker lacks the device. Looked up once; GPUs are
    counted without being initialised.
    """
    if scheduler() is not None:
        return get_args(Device)
    import torch

    there = {"cuda": bool(cards()), "mps": torch.backends.mps.is_available()}
    return tuple(device for device in get_args(Device) if there.get(device, True))


def device_in_words(device: str) -> str:
    """The name of a device in the menu; Automatic with the device that it means, if known."""
    if device == "auto" and scheduler() is None:
        return f"Automatic ({'the next free GPU' if 'cuda' in devices() else 'CPU'})"
    return WORDS.get(device, device)


def missing_device(place: Any) -> None:
    """Warn, outside the closed box, if the link asks for a device that this server lacks."""
    said, key = address.link_value("device"), address.key(MISSING_DEVICE)
    if said in get_args(Device) and said not in devices():
        st.session_state[key] = said
    if asked := st.session_state.get(key):
        warn(
            f"This link asks for the device {asked} ({WORDS[asked]}), which this server does not "
            "have. "
            f"Start uses “{device_in_words('auto')}” instead."
        )


def forget_missing() -> None:
    """Forget the missing device of the link, as the visitor has chosen another."""
    st.session_state.pop(address.key(MISSING_DEVICE), None)

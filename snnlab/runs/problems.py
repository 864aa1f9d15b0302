"""Explain errors of a training, with advice on what to do."""

from __future__ import annotations

import errno

import torch

from snnlab.runs.config import RunConfig
from snnlab.runs.methods import plays_a_part

MEMORY_SIGNS = ("out of memory", "can't allocate memory", "not enough memory")
GPU_MEMORY_SIGNS = ("CUDA error: out of memory", "STATUS_ALLOC_FAILED")
"""Of CUDA and its libraries, which take memory besides torch's own."""
DISK_SIGNS = ("No space left on device", "Disk quota exceeded")


def explain(error: BaseException, config: RunConfig) -> str:
    """The message of an error; for a lack of memory or disk space, advice.

    Example:
        >>> explain(OSError(28, "No space left on device"), RunConfig())
        'the disk is full: ...'
    """
    if is_memory_error(error):
        return memory_advice(error, config)
    if is_disk_error(error):
        return (
            "the disk is full: delete runs that you do not need, or choose another folder, and "
            f"start again; the last whole epoch is kept ({first_line(error)})"
        )
    if isinstance(error, OSError) and error.strerror:  # visitors must not see the path
        return f"the folder of the run cannot be used: {error.strerror}"
    return str(error) or type(error).__name__


def is_memory_error(error: BaseException) -> bool:
    """Whether the GPU or the machine has too little memory."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    signs = (*MEMORY_SIGNS, *GPU_MEMORY_SIGNS)
    return isinstance(error, RuntimeError) and any(sign in str(error) for sign in signs)


def is_of_gpu(error: BaseException) -> bool:
    """Whether an error of too little memory is about that of a GPU."""
    return isinstance(error, torch.OutOfMemoryError) or any(
        sign in str(error) for sign in GPU_MEMORY_SIGNS
    )


def is_disk_error(error: BaseException) -> bool:
    """Whether the disk is full."""
    if not isinstance(error, OSError):
        return False
    full = (errno.ENOSPC, errno.EDQUOT)
    return error.errno in full or any(sign in str(error) for sign in DISK_SIGNS)


def memory_advice(error: BaseException, config: RunConfig) -> str:
    """Advice for an error of too little memory.

    Settings are written in backticks, as dotted name and value, so that a page of the dashboard can
    replace them by the names of its controls.
    """
    size = config.training.batch_size
    on_gpu = is_of_gpu(error)
    where = "the GPU" if on_gpu else "the machine"
    steps = []
    if size > 1:
        steps.append(f"a smaller batch (`training.batch_size {size // 2}` instead of {size})")
    T, width = config.bptt_timesteps, config.acting_model.channels
    if plays_a_part("bptt_timesteps", config.method) and T > 1:
        steps.append(f"fewer timesteps in training (`bptt_timesteps {T // 2}` instead of {T})")
    if width > 1:
        steps.append(f"a narrower network (`model.width {width // 2}` instead of {width})")
    if on_gpu:
        steps.append("another device (`device cpu`), or wait until others are done")
    return f"{where} has too little free memory for this run. Try {'; '.join(steps)}"


def first_line(error: BaseException) -> str:
    """The message of an error, up to its first line end."""
    return (str(error).splitlines() or [type(error).__name__])[0]

"""What tensors that users hand in must be; each check costs a few microseconds, none waits.

Whole numbers become floating-point ones: a potential of 0.75 kept as a whole number would be 0.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from snnlab.settings import quoted

CHUNK = 4096
"""Images that `check_finite` looks at in one go, which bounds its memory."""


def described(given: Any) -> str:
    """What was given, for a message: type of numbers and shape, or the thing itself.

    Example:
        >>> described(torch.zeros(2, 3))
        'float32 (2, 3)'
    """
    if hasattr(given, "dtype") and hasattr(given, "shape"):
        return f"{str(given.dtype).removeprefix('torch.')} {tuple(given.shape)}"
    text = quoted(given)
    return type(given).__name__ if "\n" in text else f"{type(given).__name__} {text}"


def tensor(name: str, given: Any, shape: str = "", least: int = 0) -> Tensor:
    """What was given if it is a tensor of real numbers.

    Args:
        name: of the argument.
        given: its value.
        shape: what is valid, for the message.
        least: dimensions that it must have at least.

    Raises:
        ValueError: something else.
    """
    if not isinstance(given, Tensor):
        raise ValueError(f"{name} must be a tensor{shape and ' '}{shape}, got {described(given)}")
    if given.is_complex() or given.ndim < least:
        kind = "a tensor of real numbers" if given.is_complex() else "a tensor"
        raise ValueError(f"{name} must be {kind}{shape and ' '}{shape}, got {described(given)}")
    return given


def floating(name: str, given: Any, shape: str = "", least: int = 0) -> Tensor:
    """A tensor of floating-point numbers: whole ones and booleans become torch's default type.

    Example:
        >>> floating("currents", torch.tensor([1, 0]))
        tensor([1., 0.])
    """
    found = tensor(name, given, shape, least)
    return found if found.is_floating_point() else found.to(torch.get_default_dtype())


def beside(name: str, given: Any, like: Tensor, called: str) -> Tensor:
    """A number or tensor that can be calculated with beside another one.

    Args:
        name: of the argument.
        given: its value, which must broadcast to the shape of `like`.
        like: another argument.
        called: its name, for messages.

    Raises:
        ValueError: another shape or device.
    """
    if isinstance(given, int | float):
        return torch.full((), given, dtype=like.dtype, device=like.device)
    found = floating(name, given)
    check_device(name, found, like, called)
    if found.shape != like.shape and not broadcasts(found.shape, like.shape):
        raise ValueError(
            f"{name} has shape {tuple(found.shape)}, which does not fit {called} of shape "
            f"{tuple(like.shape)}"
        )
    return found


def broadcasts(shape: torch.Size, to: torch.Size) -> bool:
    """Whether a tensor of a shape can be laid over one of another, without making it larger."""
    pairs = zip(reversed(shape), reversed(to), strict=False)
    return len(shape) <= len(to) and all(a in (1, b) for a, b in pairs)


def check_device(name: str, given: Tensor, like: Tensor, called: str) -> None:
    """Raise ValueError unless two tensors are on one device."""
    if given.device != like.device:
        raise ValueError(
            f"{name} is on {given.device}, {called} on {like.device}; "
            "move one of them with .to(device)"
        )


def check_generator(generator: Any, like: Tensor) -> None:
    """Raise ValueError unless this is a generator, or None, that can fill tensors like this."""
    if generator is None:
        return
    if not isinstance(generator, torch.Generator):
        raise ValueError(f"generator must be a torch.Generator, got {described(generator)}")
    if generator.device.type != like.device.type:
        raise ValueError(
            f"the generator is on {generator.device}, what it is for on {like.device}; make it "
            f"with torch.Generator({str(like.device)!r})"
        )


def check_finite(pixels: Tensor, error: type[ValueError] = ValueError) -> None:
    """Raise an error that names the first of the pixels (N, C, H, W) that is no finite number."""
    if not pixels.is_floating_point():
        return
    for begin in range(0, len(pixels), CHUNK):
        part = pixels[begin : begin + CHUNK].detach()
        wrong = (~torch.isfinite(part)).nonzero()  # (n, 4)
        if len(wrong):
            image, channel, row, column = wrong[0].tolist()
            value = part[image, channel, row, column].item()
            raise error(
                f"image {begin + image} has the pixel {value} at channel {channel}, row {row}, "
                f"column {column}: pixels must be finite numbers"
            )

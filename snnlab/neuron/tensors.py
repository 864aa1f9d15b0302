"""What tensors that users hand in must be.

A check costs a few microseconds and never waits for a GPU. Whole numbers become floating-point
ones: a potential of 0.75 kept as a whole number would be 0.
"""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar, get_type_hints

import torch
from torch import Tensor

from snnlab.settings import checked, quoted

P = ParamSpec("P")
R = TypeVar("R")

CHUNK = 4096
"""Images that `check_finite` looks at in one go, which bounds its memory."""


def described(given: Any) -> str:
    """What was given, for a message: type of numbers and shape, or the thing itself.

    Example:
        >>> described(torch.zeros(2, 3))
        'float32 (2, 3)'
    """
    if isinstance(given, Tensor) and given.is_nested:
        return "a nested tensor"
    if hasattr(given, "dtype") and hasattr(given, "shape"):
        layout = getattr(given, "layout", torch.strided)
        kind = given.dtype if layout == torch.strided else f"{layout} {given.dtype}"
        place = " on meta" if str(getattr(given, "device", "")) == "meta" else ""
        return f"{kind} {tuple(given.shape)}{place}".replace("torch.", "")
    text = quoted(given)
    return type(given).__name__ if "\n" in text else f"{type(given).__name__} {text}"


def is_plain(given: Tensor) -> bool:
    """Whether a tensor holds real numbers that all of torch can calculate with.

    Those are dense, and neither quantised nor of eight bits with a point.
    """
    return (
        given.layout == torch.strided
        and not (given.is_complex() or given.is_quantized or given.is_nested)
        and not (given.is_floating_point() and given.itemsize == 1)
    )


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
    plain = torch.compiler.is_compiling() or is_plain(given)
    if not plain or given.ndim < least:
        kind = "a tensor" if plain else "a plain tensor of real numbers"
        raise ValueError(f"{name} must be {kind}{shape and ' '}{shape}, got {described(given)}")
    return given


def floating(name: str, given: Any, shape: str = "") -> Tensor:
    """A tensor of floating-point numbers: whole ones and booleans become torch's default type.

    Example:
        >>> floating("currents", torch.tensor([1, 0]))
        tensor([1., 0.])
    """
    found = tensor(name, given, shape)
    return found if found.is_floating_point() else found.to(torch.get_default_dtype())


def in_time(currents: Any, least: int = 1) -> Tensor:
    """Currents (T, B, *) as floating-point numbers, of `least` dimensions or more.

    Raises:
        ValueError: something else, or no timestep.
    """
    found = floating("currents", currents, "(T, B, *)")
    if found.ndim < least or len(found) == 0:
        raise ValueError(
            f"currents must have shape (T, B, *) with T >= 1, got {tuple(found.shape)}"
        )
    return found


def beside(name: str, given: Any, like: Tensor, called: str, *, grow: bool = False) -> Tensor:
    """A number or tensor that can be calculated with beside another one.

    Args:
        name: of the argument.
        given: its value, which must broadcast to the shape of `like`.
        like: another argument.
        called: its name, for messages.
        grow: whether both may broadcast to a larger shape.

    Raises:
        ValueError: another shape or device.
    """
    if isinstance(given, int | float):
        return torch.full((), given, dtype=like.dtype, device=like.device)
    found = floating(name, given)
    check_device(name, found, like, called)
    if found.shape != like.shape and not broadcasts(found.shape, like.shape, grow):
        raise ValueError(
            f"{name} has shape {tuple(found.shape)}, which does not fit {called} of shape "
            f"{tuple(like.shape)}"
        )
    return found


class Looking(threading.local):
    """Whether a thread is inside a function whose arguments have been looked at."""

    inside = False

    def __enter__(self) -> None:
        self.inside = True

    def __exit__(self, *_: object) -> None:
        self.inside = False


looking = Looking()


def fitting(to: str = "") -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Look at what a function of tensors is given, so that it is all equation.

    Tensors become floating-point ones, which must lie on one device and broadcast; all else is
    brought into its declared type. What such a function calls is not looked at again, nor is
    anything while torch compiles.

    Args:
        to: the tensor to whose shape all others must broadcast; empty: to a common one.
    """

    def look_at(function: Callable[P, R]) -> Callable[P, R]:
        kinds = get_type_hints(function, include_extras=True)
        names = tuple(inspect.signature(function).parameters)
        needed = [name for name in names if kinds[name] is Tensor]
        tensors = [name for name in names if kinds[name] in (Tensor, Tensor | None)]
        others = [name for name in names if name not in tensors]

        @wraps(function)
        def call(*args: P.args, **named: P.kwargs) -> R:
            given: dict[str, Any] = dict(zip(names, args, strict=False)) | named
            seen = torch.compiler.is_compiling() or looking.inside
            if seen or len(args) > len(names) or not given.keys() >= set(needed):
                return function(*args, **named)
            first = to or next(
                (name for name in needed if isinstance(given[name], Tensor)), names[0]
            )
            given[first] = floating(first, given[first])
            for name in tensors:
                if name != first and (name in needed or given.get(name) is not None):
                    given[name] = beside(name, given[name], given[first], first, grow=not to)
            for name in others:
                if name in given:
                    given[name] = checked(name, kinds[name], given[name])
            with looking:
                return function(**given)  # type: ignore[call-arg]

        return call

    return look_at


def broadcasts(shape: torch.Size, to: torch.Size, grow: bool = False) -> bool:
    """Whether a tensor of a shape can be laid over one of another, which may or may not grow."""
    pairs = zip(reversed(shape), reversed(to), strict=False)
    fits = all(a in (1, b) or (grow and b == 1) for a, b in pairs)
    return fits and (grow or len(shape) <= len(to))


def check_filled(name: str, given: Tensor, error: type[ValueError] = ValueError) -> None:
    """Raise an error for a tensor that holds no plain numbers, or none at all."""
    if not is_plain(given) or given.is_meta:
        raise error(f"{name} must be plain real numbers, got {described(given)}")


def on_device(given: Tensor, device: Any, error: type[ValueError] = ValueError) -> Tensor:
    """A tensor on a device; an error if there is no such device here."""
    try:
        torch.empty(0, device=device)
        known = torch.device(device).type != "meta"
    except (RuntimeError, AssertionError, TypeError, NotImplementedError):  # as each device has it
        known = False
    if not known:
        raise error(
            f"device must be one that is here, such as 'cpu' or 'cuda', got {described(device)}"
        )
    return given.to(device)


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

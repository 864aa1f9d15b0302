"""Checks of tensors that users pass in.

A check costs a few microseconds and never waits for a GPU. Tensors of whole numbers become
floating-point ones: as a whole number a potential of 0.75 would be 0.
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
"""How many images `check_finite` checks at a time, which limits its memory."""


def described(given: Any) -> str:
    """A refused value for a message: of a tensor its type and shape, else the value itself.

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


def holds_real_numbers(given: Tensor) -> bool:
    """Whether a tensor holds real numbers of a type that all of torch's operations accept.

    It is dense, and neither complex, nor quantised, nor of eight-bit floating-point numbers.
    """
    return (
        given.layout == torch.strided
        and not (given.is_complex() or given.is_quantized or given.is_nested)
        and not (given.is_floating_point() and given.itemsize == 1)
    )


def tensor(name: str, given: Any, shape: str = "", least: int = 0) -> Tensor:
    """Return the value if it is a tensor of real numbers.

    Args:
        name: name of the argument, for the message.
        given: its value.
        shape: the valid shape, for the message.
        least: smallest number of dimensions.

    Raises:
        ValueError: it is something else.
    """
    if not isinstance(given, Tensor):
        raise ValueError(f"{name} must be a tensor{shape and ' '}{shape}, got {described(given)}")
    real = torch.compiler.is_compiling() or holds_real_numbers(given)
    if not real or given.ndim < least:
        kind = "a tensor" if real else "a plain tensor of real numbers"
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
    """Convert a number or tensor so that it can be combined with another argument.

    Args:
        name: name of the argument, for messages.
        given: its value, which must broadcast to the shape of `like`.
        like: the other argument.
        called: the name of the other argument, for messages.
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


class InsideChecked(threading.local):
    """Whether a thread is inside a function whose arguments have already been checked."""

    inside = False

    def __enter__(self) -> None:
        self.inside = True

    def __exit__(self, *_: object) -> None:
        self.inside = False


inside_checked = InsideChecked()


def checked_tensors(to: str = "") -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Check the arguments of a function of tensors, so that its body holds only the equation.

    Tensors become floating-point ones, which must lie on one device and broadcast; other arguments
    are converted to their declared types. Calls inside such a function are not checked again, and
    nothing is checked while torch compiles.

    Args:
        to: name of the tensor to whose shape all others must broadcast; empty: a common shape.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        kinds = get_type_hints(function, include_extras=True)
        names = tuple(inspect.signature(function).parameters)
        needed = [name for name in names if kinds[name] is Tensor]
        tensors = [name for name in names if kinds[name] in (Tensor, Tensor | None)]
        others = [name for name in names if name not in tensors]

        @wraps(function)
        def call(*args: P.args, **named: P.kwargs) -> R:
            given: dict[str, Any] = dict(zip(names, args, strict=False)) | named
            skip = torch.compiler.is_compiling() or inside_checked.inside
            if skip or len(args) > len(names) or not given.keys() >= set(needed):
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
            with inside_checked:
                return function(**given)  # type: ignore[call-arg]

        return call

    return decorate


def broadcasts(shape: torch.Size, to: torch.Size, grow: bool = False) -> bool:
    """Whether one shape broadcasts to another, or with `grow` both to a common shape."""
    pairs = zip(reversed(shape), reversed(to), strict=False)
    fits = all(a in (1, b) or (grow and b == 1) for a, b in pairs)
    return fits and (grow or len(shape) <= len(to))


def check_filled(name: str, given: Tensor, error: type[ValueError] = ValueError) -> None:
    """Raise an error for a tensor without real numbers, or without data (on the meta device)."""
    if not holds_real_numbers(given) or given.is_meta:
        raise error(f"{name} must be plain real numbers, got {described(given)}")


def on_device(given: Tensor, device: Any, error: type[ValueError] = ValueError) -> Tensor:
    """Move a tensor to a device; raise an error if this machine has no such device."""
    try:
        torch.empty(0, device=device)
        known = torch.device(device).type != "meta"
    except (RuntimeError, AssertionError, TypeError, NotImplementedError):  # differs by device
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
    """Raise ValueError unless this is None, or a generator on the device of the tensor `like`."""
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

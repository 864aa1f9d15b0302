"""Apply a student's function to tensors, also one that was checked with numbers only."""

from __future__ import annotations

import contextlib
import copy
import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from snnlab.classroom.calling import Beginning
from snnlab.classroom.comparing import parts
from snnlab.classroom.outcomes import as_data

Function = Callable[..., Any]


def on_tensors(function: Function, like: Any) -> Function:
    """The function, called with copies, so that it cannot change its arguments.

    Args:
        function: of tensors, lists or numbers.
        like: an example of a right result, a tensor or a tuple of numbers; results of the function
            are converted to this form.
    """
    form = partial(numbers, like=like) if isinstance(like, tuple) else tensor
    return quiet(lambda *given: form(function(*map(copied, given))))


def on_each_number(function: Function, calls: Sequence[Sequence[float]]) -> Function:
    """The function, called for each element of tensors.

    If it accepts whole tensors and returns the same for them, it is called only once.

    Args:
        function: of numbers.
        calls: arguments with which to find that out.
    """
    tried = alike([torch.tensor(column) for column in zip(*calls, strict=True)])
    if takes_tensors(function, tried):
        return quiet(lambda *given: at_once(function, *alike(given)))
    return quiet(lambda *given: number_by_number(function, *alike(given)))


def alike(given: Sequence[Any]) -> list[Tensor]:
    """Copies of numbers and tensors as tensors of one shape."""
    tensors = [torch.as_tensor(each, dtype=torch.get_default_dtype()) for each in given]
    return [each.detach().clone() for each in torch.broadcast_tensors(*tensors)]


def copied(given: Any) -> Any:
    """A copy; that of a tensor is detached from its gradient graph."""
    return given.detach().clone() if isinstance(given, Tensor) else copy.deepcopy(given)


def at_once(function: Function, *given: Tensor) -> Any:
    """Call a function of numbers once with whole tensors; each result is a tensor like them."""
    found = as_tensors(function(*given))
    dtype = given[0].dtype
    return tuple(f.to(dtype) for f in found) if isinstance(found, tuple) else found.to(dtype)


def number_by_number(function: Function, *given: Tensor) -> Any:
    """Call a function of numbers for each element of tensors; each result is a tensor."""
    results = list(map(function, *(each.flatten().tolist() for each in given)))
    found = torch.from_numpy(np.array(results, np.float64)).to(given[0].dtype)  # (n,), (n, k)
    columns = [column.reshape(given[0].shape) for column in found.view(len(results), -1).T]
    return tuple(columns) if len(columns) > 1 else columns[0]


def takes_tensors(function: Function, given: Sequence[Tensor]) -> bool:
    """Whether a function of numbers returns the same for tensors as number by number."""
    try:
        together = quiet(at_once)(function, *(each.clone() for each in given))
        alone = quiet(number_by_number)(function, *given)
        pairs = [(together, alone)] if isinstance(alone, Tensor) else zip(together, alone)  # noqa: B905
        return all(a.shape == b.shape and torch.allclose(a, b) for a, b in pairs)
    except Exception:
        return False


def as_tensors(value: Any) -> Any:
    """The result of a function of numbers as a tensor or a tuple of tensors."""
    return tuple(map(tensor, value)) if isinstance(value, tuple) else tensor(value)


def tensor(value: Any) -> Tensor:
    """Numbers in any form as a tensor."""
    if isinstance(value, Iterator):
        value = list(value)
    found = value.detach() if isinstance(value, Tensor) else torch.as_tensor(np.asarray(value))
    return found.float() if found.is_floating_point() else found


def numbers(value: Any, like: tuple[Any, ...]) -> tuple[float, ...]:
    """Several numbers in any form that a check takes: a list, an array, tensors."""
    return tuple(part.item() for part in parts(as_data(value), like))


def quiet(function: Function) -> Function:
    """The function without its prints and warnings, which would appear thousands of times."""

    def call(*given: Any) -> Any:
        with warnings.catch_warnings(), contextlib.redirect_stdout(Beginning()):
            warnings.simplefilter("ignore")
            return function(*given)

    return call

"""Check a noise family: its methods and attributes must describe one and the same distribution."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any

import torch
from torch import Tensor

from snnlab.neuron.family import Family, FamilyError
from snnlab.settings import quoted

RESERVED = ("none",)  # what tables and GPU programs call the absence of noise
TOLERANCE = 1e-3
"""Largest error of probabilities, moments and slopes."""
SHARE_AT_JUMPS = 0.01
"""At this share of the points slopes may be wrong, as a density may jump there."""
WIDTH, V_TH = 0.7, 1.3


def check(family: Any) -> None:
    """Raise FamilyError unless an object is a family that can be registered."""
    if not isinstance(family, Family):
        kind = isinstance(family, type) and issubclass(family, Family)
        hint = f": pass an object, {family.__name__}()" if kind else f", got {quoted(family)}"
        raise FamilyError(f"a noise family is an object derived from Family{hint}")
    name = getattr(family, "name", None)
    if not (isinstance(name, str) and name.isidentifier()) or name in RESERVED:
        raise FamilyError(
            "the name of a noise family must be letters, digits and '_', and not none, got "
            f"{name!r} for {type(family).__name__}"
        )
    asked = chain(claims(family), demands(family))
    try:
        broken = next((demand for holds, demand in asked if not holds), "")
    except Exception as error:  # of its own code
        broken = f"it cannot be computed with, {type(error).__name__}: {error}"
    if broken:
        raise FamilyError(f"noise family {name!r}: {broken}")


def claims(family: Family) -> Iterator[tuple[bool, str]]:
    """Attributes that only the families of the kit may set: as `demands`, with whether it holds."""
    on_gpu = family.on_gpu
    yield on_gpu is None, f"on_gpu must be None, as the GPU programs do not know it, got {on_gpu!r}"
    tables = "takes_quantiles must be False; tables of quantiles are the family empirical"
    yield not family.takes_quantiles, tables


def demands(family: Family) -> Iterator[tuple[bool, str]]:
    """What the numbers of a family must fulfil: pairs of whether it is true, and the demand.

    A later demand relies on earlier ones, so the caller stops at the first that is broken.
    """
    z = torch.linspace(-12, 12, 24_001, dtype=torch.float64) + 1e-4  # kinks lie between them
    p = (torch.arange(1000, dtype=torch.float64) + 0.5) / 1000
    for name, x in (("cumulative", z), ("density", z), ("quantile", p)):
        for given in (x, torch.rand(2, 3)):
            found = getattr(family, name)(given)
            kind = (found.shape, found.dtype) if isinstance(found, Tensor) else type(found)
            same = kind == (given.shape, given.dtype)
            yield same, f"{name} must return a tensor of the shape and dtype of its argument"
            yield bool(found.isfinite().all()), f"{name} must be finite"
    reached, density = family.cumulative(z), family.density(z)
    rises = (reached.diff() >= -1e-9).all() and reached[0] < 0.01 and reached[-1] > 0.99
    inside = reached.min() >= -1e-9 and reached.max() <= 1 + 1e-9
    yield bool(rises and inside), "cumulative must rise from 0 to 1"
    area = torch.cumulative_trapezoid(density, z)
    yield close(area, reached[1:] - reached[0]), "density must be the derivative of cumulative"
    gradient = "the gradient of cumulative must be density: write it in torch's operations"
    yield close_almost_everywhere(slope_of(family, z), density), gradient
    inverse = family.cumulative(family.quantile(p))
    yield close(inverse, p), "quantile must be the inverse of cumulative"
    mean, std = moments(family)
    moved = f"mean and standard deviation must be 0 and 1, they are {mean:.4g} and {std:.4g}"
    yield abs(mean) < TOLERANCE and abs(std - 1) < TOLERANCE, moved
    if family.symmetric:
        yield close(family.cumulative(-z), 1 - reached), "it is not symmetric"
    if half := family.half_width:
        even = (z / half + 1).clamp(0, 2) / 2
        yield close(even, reached), f"it is not spread evenly over {half:g} to both sides"
    yield from demands_on_samples(family)
    yield from demands_on_quick_forms(family, z)


def demands_on_samples(family: Family) -> Iterator[tuple[bool, str]]:
    """What the random numbers of a family must be."""
    like = torch.empty(100, 200)
    drawn, again = (family.sample(like, torch.Generator().manual_seed(0)) for _ in range(2))
    alike = drawn.shape == like.shape and drawn.dtype == like.dtype
    yield alike, "sample must have the shape and dtype of its argument"
    yield torch.equal(drawn, again), "sample must take its randomness from the generator alone"
    shares = family.cumulative(drawn.double().flatten()).sort().values
    even = (torch.arange(len(shares)) + 0.5) / len(shares)
    yield close(shares, even, 0.02), "sample must follow cumulative"


def demands_on_quick_forms(family: Family, z: Tensor) -> Iterator[tuple[bool, str]]:
    """The fast methods must return what `cumulative` and `slope` return."""
    lead = family.lead(z, 0.3, 1.2).clamp(-1, 1)
    expected = 2 * family.cumulative((z + 0.3) * 1.2) - 1
    yield close(lead, expected), "lead must be 2 cumulative - 1"
    scale, constant = family.quick_constants(WIDTH, V_TH)
    found = family.quick_slope(z * scale, torch.tensor(constant, dtype=z.dtype), WIDTH, V_TH)
    found = 1 / found if family.quick_inverse else found
    yield (
        close_almost_everywhere(found, family.slope(z / V_TH, WIDTH) / V_TH),
        "quick_slope must be slope",
    )


def slope_of(family: Family, z: Tensor) -> Tensor:
    """The gradient of `cumulative`, which learned noise uses; 0 if autograd finds none."""
    leaf = z.clone().requires_grad_()
    with torch.enable_grad():
        total = family.cumulative(leaf).sum()
    return torch.autograd.grad(total, leaf)[0] if total.requires_grad else torch.zeros_like(z)


def moments(family: Family) -> tuple[float, float]:
    """Mean and standard deviation, integrated far into the tails."""
    u = torch.linspace(-30, 30, 6001, dtype=torch.float64)
    p = u.sigmoid()
    weight = p * (-u).sigmoid()  # dp / du
    z = family.quantile(p)
    mean, square = (torch.trapezoid(x * weight, u).item() for x in (z, z.square()))
    return mean, max(square - mean**2, 0) ** 0.5


def close(found: Tensor, expected: Tensor, most: float = TOLERANCE) -> bool:
    """Whether numbers differ by little everywhere."""
    return bool(((found - expected).abs() < most).all())


def close_almost_everywhere(found: Tensor, expected: Tensor) -> bool:
    """Whether slopes differ by little almost everywhere."""
    return bool(((found - expected).abs() > TOLERANCE).double().mean() < SHARE_AT_JUMPS)

"""Neurons, noise and random numbers for the cases of the GPU kernels."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import torch
import triton
import triton.language as tl
from kernel_inputs import NEURONS, NOISES

from snnlab.neuron import Noise, Surrogate
from snnlab.neuron.fast import fused, kernels
from snnlab.neuron.fast.triton_kernels import even, standard_noise

__all__ = ["NEURONS", "NOISES"]

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
SURROGATES = {
    **{shape: Surrogate(shape, 0.6) for shape in ("gaussian", "uniform", "logistic")},
    "arctan": Surrogate("arctan", 0.8),
    "triangle": Surrogate("triangle", 0.7),
    "empirical": Surrogate("empirical", 0.6, NOISES["empirical"].law.mirrored().quantiles),
}


def seeded(seed: int) -> torch.Generator:
    return torch.Generator(DEVICE).manual_seed(seed)


@triton.jit
def write_uniform(seeds, out, BLOCK: tl.constexpr):
    """The numbers that `noisy_step` compares with, in its order."""
    seed, lane = tl.load(seeds), tl.arange(0, BLOCK)
    place = tl.program_id(0).to(tl.int64) * BLOCK + lane
    one, two, three, four = tl.randint4x(seed, place)
    i = tl.program_id(0) * 4 * BLOCK + lane
    tl.store(out + i, even(one))
    tl.store(out + i + BLOCK, even(two))
    tl.store(out + i + 2 * BLOCK, even(three))
    tl.store(out + i + 3 * BLOCK, even(four))


@triton.jit
def write_noise(seeds, out, n, table, intervals, FAMILY: tl.constexpr, BLOCK: tl.constexpr):
    """Standard noise at the places 0 .. n - 1."""
    i = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    tl.store(out + i, standard_noise(tl.load(seeds), i, table, intervals, FAMILY), mask=i < n)


def noisy_fire(*args: Any, by_program: bool = True) -> torch.Tensor:
    """`kernels.noisy_fire` by the programs or without them, on a GPU as in the interpreter."""
    with patch.object(fused, "usable", lambda *_: by_program):
        return kernels.noisy_fire(*args)


def uniform_numbers(seed: int, n: int) -> torch.Tensor:
    """(n,) as the first call of `noisy_fire` with this seed draws them."""
    grid = fused.programs(n)
    out = torch.empty(grid[0] * fused.BLOCK, device=DEVICE)
    write_uniform[grid](fused.draw_seed(seeded(seed), DEVICE), out, fused.BLOCK // 4)
    return out[:n]


def noise_numbers(noise: Noise, seed: int, n: int) -> torch.Tensor:
    """(n,) as the first call of `fused_scan` or `rounded_rates` with this seed draws them."""
    out = torch.empty(n, device=DEVICE)
    law = fused.arguments_of(noise.law, out)
    drawn = fused.draw_seed(seeded(seed), DEVICE)
    write_noise[fused.programs(n)](drawn, out, n, *law, fused.BLOCK)
    return out


def random_64ths(*shape: int) -> torch.Tensor:
    """Multiples of 1/64 in [-1, 2]: their sums are exact."""
    return torch.randint(-64, 129, shape, device=DEVICE, generator=seeded(1)).float() / 64


def outcome(run, currents, v, weights, uses=(True, True)):
    """Spikes, last potential, and the gradients of a weighted sum of one or both."""
    currents, v = currents.clone().requires_grad_(), v.clone().requires_grad_()
    spikes, last = run(currents, v)
    loss = sum(
        (x * w).sum() for x, w, used in zip((spikes, last), weights, uses, strict=True) if used
    )
    return spikes.detach(), last.detach(), *torch.autograd.grad(loss, (currents, v))


def assert_same(found, expected):
    assert torch.equal(found[0], expected[0])
    torch.testing.assert_close(found[1], expected[1])
    for mine, plain in zip(found[2:], expected[2:], strict=True):
        torch.testing.assert_close(mine, plain, rtol=2e-5, atol=2e-6)

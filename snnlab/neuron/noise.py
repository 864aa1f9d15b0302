"""Random numbers from a `Noise`."""

from __future__ import annotations

from typing import Annotated, Any

import torch
from torch import Tensor

from snnlab.neuron.spec import Noise
from snnlab.neuron.tensors import described
from snnlab.settings import Valid, checked


def deviation(noise: Noise, like: Tensor, generator: torch.Generator) -> Tensor:
    """Noise less its mean, in units of v_th, with the shape, dtype and device of `like`."""
    return noise.sigma * noise.law.sample(like, generator)


def sample(
    noise: Noise,
    shape: tuple[int, ...],
    generator: torch.Generator,
    *,
    dtype: torch.dtype = torch.float32,
) -> Tensor:
    """Draw noise in units of v_th, on the generator's device.

    Args:
        noise: family, sigma and mu.
        shape: shape of the result.
        generator: where the randomness comes from.
        dtype: floating-point type of the result.

    Returns:
        Tensor of `shape` with mean `mu` and standard deviation `sigma`.

    Raises:
        ValueError: arguments of another kind.

    Example:
        >>> u = sample(Noise(), (1000,), torch.Generator().manual_seed(0))
    """
    checked("noise", Noise, noise)
    shape = checked("shape", tuple[Annotated[int, Valid(low=0)], ...], shape)
    if not isinstance(generator, torch.Generator):
        raise ValueError(f"generator must be a torch.Generator, got {described(generator)}")
    kind: Any = dtype
    if not (isinstance(kind, torch.dtype) and kind.is_floating_point):
        raise ValueError(f"dtype must be a floating-point type of torch, got {described(dtype)}")
    like = torch.empty(shape, dtype=dtype, device=generator.device)
    return noise.mu + deviation(noise, like, generator)

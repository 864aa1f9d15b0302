"""The neuron layer: maps currents to spikes and keeps no state between calls."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from snnlab.neuron import dynamics
from snnlab.neuron.fast.kernels import fast_scan, noisy_fire
from snnlab.neuron.learned import along_channels, log_parameter
from snnlab.neuron.own_layer import acting_noise, check_constants
from snnlab.neuron.rounding import mean_response, round_at_random, round_with_learned_noise
from snnlab.neuron.spec import Neuron, Noise, Surrogate
from snnlab.neuron.tensors import beside, check_generator, in_time


class NeuronLayer(nn.Module):
    """A layer of spiking neurons: maps currents (T, B, *) to spikes (T, B, *).

    The potentials live inside `forward`: two calls never influence each other. To continue from
    earlier potentials use `advance`.

    Noise acts only in calls with a generator. Without a generator, a layer with noise raises an
    error in training mode and runs without noise in evaluation mode. Target-T noise, whose
    `timesteps` are above 1, acts in a single pass only, and gives rates in place of spikes.

    Attributes:
        mean_response: if True, a single step in training mode, from no earlier potential, returns
            clip(I / v_th, 0, 1), the rate over endless timesteps, and not a spike. False until
            `fit` sets it.

    Args:
        neuron: threshold, leak, reset, v_init.
        noise: takes the place of the residual while training with T = 1; None: no noise.
        surrogate: slope for the backward pass. None: the exact derivative of the firing
            probability if there is noise, else arctangent. Target-T and learned noise bring
            their own, see `rounding`.
        channels: of the currents (T, B, C, *); needed to learn sigma per channel.

    Raises:
        ValueError: target-T noise for a neuron that it does not describe, sigma learned per channel
            without their number, noise that vanishes, or arguments of another kind.

    Example:
        >>> layer = NeuronLayer(noise=Noise())
        >>> spikes = layer(torch.rand(1, 32, 10), generator=torch.Generator())
    """

    def __init__(
        self,
        neuron: Neuron | None = None,
        *,
        noise: Noise | None = None,
        surrogate: Surrogate | None = None,
        channels: int | None = None,
    ) -> None:
        super().__init__()
        check_constants(neuron, noise, surrogate)
        self.neuron = neuron or Neuron()
        self.noise = noise
        self.mean_response = False
        self.log_sigma_ratio: nn.Parameter | None = None
        if noise is not None:
            if noise.timesteps > 1:
                hint = "; use noise with timesteps=1"
                self.neuron.require_no_loss("target-T noise stands for", hint)
            if noise.learned != "no":
                self.log_sigma_ratio = log_parameter(1.0, noise.learned, channels)
        self.surrogate = surrogate or Surrogate.matched(noise, self.neuron.beta)

    def forward(self, currents: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
        """Spikes (T, B, *) for currents (T, B, *), from v_init (or the noise) on."""
        return self.advance(currents, generator=generator)[0]

    def advance(
        self,
        currents: Tensor,
        v: Tensor | None = None,
        *,
        generator: torch.Generator | None = None,
    ) -> tuple[Tensor, Tensor | None]:
        """Continue from the potentials v.

        Args:
            currents: (T, B, *).
            v: (B, *), or None to start afresh.
            generator: where the noise comes from, see the class.

        Returns:
            Spikes (T, B, *) and the potentials for the next call, (B, *). A single noisy step
            from None has no potentials afterwards and returns None for them.

        Raises:
            ValueError: noise in training mode without a generator, or target-T noise in more
                than a single pass.
        """
        currents = in_time(currents, 2)
        if v is not None:
            v = beside("v", v, currents[0], "the current of a timestep")
        check_generator(generator, currents)
        alone = v is None and len(currents) == 1
        if self.mean_response and self.training and alone:
            return mean_response(currents, self.neuron), None
        noise = acting_noise(self, generator)
        if noise is not None and generator is not None:
            if alone:
                return self.single_pass(currents.squeeze(0), noise, generator).unsqueeze(0), None
            noise = self.noise_per_timestep(noise)
        v = dynamics.first_potential(currents, self.neuron, noise) if v is None else v
        return fast_scan(currents, self.neuron, v, self.surrogate, noise, generator)

    def single_pass(self, current: Tensor, noise: Noise, generator: torch.Generator) -> Tensor:
        """Spikes, or under target-T noise rates, of one pass over a current (B, *)."""
        if self.learns(noise):
            sigma = along_channels(self.sigma(noise), current)
            return round_with_learned_noise(current, self.neuron, noise, sigma, generator)
        if noise.timesteps > 1:
            return round_at_random(current, self.neuron, noise, generator)
        return noisy_fire(current, self.neuron, noise, self.surrogate, generator)

    def learns(self, noise: Noise) -> bool:
        """Whether sigma of the noise is a parameter of this layer."""
        return noise.learned != "no" and self.log_sigma_ratio is not None

    def sigma(self, noise: Noise) -> Tensor:
        """Standard deviation of the noise in units of v_th: a scalar, or (C,)."""
        if noise.learned == "no" or self.log_sigma_ratio is None:
            return torch.tensor(noise.sigma, dtype=torch.float64)
        return noise.sigma * self.log_sigma_ratio.exp()  # no copy to a GPU

    def noise_per_timestep(self, noise: Noise) -> Noise:
        """The noise drawn anew at each timestep, with a number for sigma.

        Raises:
            ValueError: target-T noise, or sigma learned per channel.
        """
        if not noise.each_timestep:
            raise ValueError(
                f"{noise} acts in a single pass only; call with timesteps=1, or without a "
                "generator in evaluation mode"
            )
        if not self.learns(noise):
            return noise
        return replace(noise, sigma=self.sigma(noise).item(), learned="no")

    def trace(
        self, currents: Tensor, *, generator: torch.Generator | None = None
    ) -> dynamics.Trace:
        """Like `advance` from None, with every potential kept: h, spikes and v, each (T, B, *)."""
        noise = acting_noise(self, generator)
        if noise is not None:
            noise = self.noise_per_timestep(noise)
        return dynamics.trace(
            currents, self.neuron, surrogate=self.surrogate, noise=noise, generator=generator
        )

    def first_potential(self, currents: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Potential before the first timestep, (B, *), for currents (T, B, *)."""
        return dynamics.first_potential(currents, self.neuron, acting_noise(self, generator))

    @property
    def v_th(self) -> float:
        """The threshold, the unit of noise and potentials."""
        return self.neuron.v_th

    def extra_repr(self) -> str:
        """The constants, for print(net)."""
        n = self.neuron
        text = f"v_th={n.v_th:g}, v_init={n.v_start:g}, beta={n.beta:g}, reset={n.reset}"
        if self.noise:
            text += f", noise={self.noise.family}({self.noise.mu:.3g}, {self.noise.sigma:.3g})"
            if self.noise.timesteps > 1:
                text += f" for T={self.noise.timesteps}"
            if self.noise.learned != "no":
                text += f", sigma learned per {self.noise.learned}"
        return f"{text}, surrogate={self.surrogate.shape}({self.surrogate.width:.3g})"

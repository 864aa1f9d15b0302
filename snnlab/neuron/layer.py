"""The neuron layer: currents in, spikes out, no state left behind."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from snnlab.neuron import dynamics
from snnlab.neuron.kernels import fast_scan, noisy_fire, widened
from snnlab.neuron.spec import Neuron, Noise, Surrogate


class NeuronLayer(nn.Module):
    """A layer of spiking neurons: maps currents (T, B, *) to spikes (T, B, *).

    The potentials live inside `forward`: two calls never influence each other. To run on
    from earlier potentials use `advance`.

    Noise acts where a generator is given. In training mode a layer with noise refuses to
    run without one; in evaluation mode it then runs without noise.

    Args:
        neuron: threshold, leak, reset, v_init.
        noise: what stands for the residual while training with T = 1; None: no noise.
        surrogate: slope for the backward pass. None: the exact derivative of the firing
            probability if there is noise, else arctangent.

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
    ) -> None:
        super().__init__()
        self.neuron = neuron or Neuron()
        self.noise = noise
        if surrogate is None:
            surrogate = Surrogate.matched(noise, self.neuron.beta) if noise else Surrogate()
        self.surrogate = surrogate

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
        """Run on from the potentials v.

        Args:
            currents: (T, B, *).
            v: (B, *), or None to start afresh.
            generator: where the noise comes from, see the class.

        Returns:
            Spikes (T, B, *) and the potentials to hand to the next call, (B, *). After a
            single noisy step from None there are none to hand on: None.

        Raises:
            ValueError: noise in training mode without a generator.
        """
        noise = self.acting_noise(generator)
        if noise is None or generator is None:
            v = dynamics.start(currents, self.neuron) if v is None else v
            return fast_scan(currents, self.neuron, v, self.surrogate)
        if v is None and len(currents) == 1:
            args = (currents.squeeze(0), self.neuron, noise, self.surrogate, generator)
            return noisy_fire(*args).unsqueeze(0), None
        spikes, v = dynamics.scan(
            widened(currents),
            self.neuron,
            v,
            surrogate=self.surrogate,
            noise=noise,
            generator=generator,
        )
        return spikes.to(currents.dtype), v

    def trace(
        self,
        currents: Tensor,
        v: Tensor | None = None,
        *,
        generator: torch.Generator | None = None,
    ) -> dynamics.Trace:
        """Like `advance`, with every potential kept: h, spikes and v, each (T, B, *)."""
        noise = self.acting_noise(generator)
        return dynamics.trace(
            currents, self.neuron, v, surrogate=self.surrogate, noise=noise, generator=generator
        )

    def start(self, currents: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Potential before the first timestep, (B, *), for currents (T, B, *)."""
        return dynamics.start(currents, self.neuron, self.acting_noise(generator))

    def acting_noise(self, generator: torch.Generator | None) -> Noise | None:
        """The noise that acts in a call with this generator.

        Raises:
            ValueError: noise in training mode without a generator.
        """
        if self.noise is not None and generator is None and self.training:
            raise ValueError(
                f"this layer trains with {self.noise}: pass generator=torch.Generator(), "
                "or call eval() to run it without noise"
            )
        return self.noise if generator is not None else None

    def extra_repr(self) -> str:
        """The constants, for print(net)."""
        n = self.neuron
        text = f"v_th={n.v_th:g}, v_init={n.v_start:g}, beta={n.beta:g}, reset={n.reset}"
        if self.noise:
            text += f", noise={self.noise.family}({self.noise.mu:.3g}, {self.noise.sigma:.3g})"
        return f"{text}, surrogate={self.surrogate.shape}({self.surrogate.width:.3g})"

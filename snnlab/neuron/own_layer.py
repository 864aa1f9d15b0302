"""Layers of neurons that users write: what they must have, what they may have, and a base class.

Every layer has `advance`, which maps currents (T, B, *) to spikes (T, B, *). With it a layer can be
built into a network, trained, measured, converted and saved. A function that needs another method
or attribute checks for it with `require`; `ABILITIES` says what each one is.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol, cast

import torch
from torch import Tensor, nn

from snnlab.neuron import noise as families
from snnlab.neuron.dynamics import Step, Trace, charge, first_potential, reset
from snnlab.neuron.fast.kernels import widened
from snnlab.neuron.spec import SMALLEST, Neuron, Noise, Surrogate
from snnlab.neuron.surrogate import fire_with_slope
from snnlab.neuron.tensors import check_generator, described, in_time
from snnlab.settings import checked

State = Tensor | tuple[Tensor, ...]
"""What neurons carry from one timestep to the next: the potential (B, *), or a tuple of tensors
that begin with B, the potential first."""


class SpikingLayer(Protocol):
    """What every layer of neurons does; it is an `nn.Module` as well."""

    def advance(
        self, currents: Tensor, v: Any = None, *, generator: torch.Generator | None = None
    ) -> tuple[Tensor, Any]:
        """Continue from a state.

        Args:
            currents: (T, B, *).
            v: a `State`, as an earlier call returned it; None: start afresh.
            generator: where randomness comes from. None: nothing random happens.

        Returns:
            Spikes (T, B, *) and the state for the next call. The layer itself keeps no state.
        """


ABILITIES = {
    "advance": "advance(currents, v=None, *, generator=None), a method that gives spikes "
    "(T, B, *) and the state to go on from; or put a NeuronLayer there",
    "trace": "trace(currents, *, generator=None), a method that gives a Trace of h, spikes and v, "
    "each (T, B, *)",
    "first_potential": "first_potential(currents, generator=None), a method that gives the "
    "potential (B, *) before the first timestep",
    "v_th": "v_th, its threshold as a number, the unit of its potentials",
    "neuron": "neuron, a Neuron whose threshold, v_init, leak and reset it obeys, also anew",
    "noise": "noise, a Noise or None, which acts where a generator is given",
    "surrogate": "surrogate, the Surrogate that it fires with",
    "sigma": "sigma(noise), a method that gives the standard deviation learned so far, a tensor",
    "mean_response": "mean_response, a boolean under which a single training step gives "
    "clip(I / v_th, 0, 1) in place of spikes",
}
"""Methods and attributes that a layer can have, each with the text of the message if it lacks."""


def require(layer: object, *abilities: str, needed_by: str, stage: int) -> None:
    """Raise ValueError unless a layer has `advance` and these other `ABILITIES`.

    Args:
        layer: a layer of neurons, or the module in its place.
        abilities: names from `ABILITIES`.
        needed_by: the computation that needs them, for the message.
        stage: number of the layer's stage, for the message.

    Example:
        >>> require(nn.ReLU(), needed_by="BPTT", stage=0)
        ValueError: BPTT needs neurons with advance; the ReLU of stage 0 has none. Give it ...
    """
    missing = [name for name in ("advance", *abilities) if not hasattr(layer, name)]
    if missing:
        wanted = "; and ".join(ABILITIES[name] for name in missing)
        raise ValueError(
            f"{needed_by} needs neurons with {', '.join(missing)}; the {type(layer).__name__} of "
            f"stage {stage} has none. Give it {wanted}"
        )


def noise_of(layer: object) -> Noise | None:
    """The noise of a layer; None: it has none, or cannot have any."""
    noise = getattr(layer, "noise", None)
    return noise if isinstance(noise, Noise) else None


def drop_noise(layers: Iterable[object]) -> None:
    """Take the noise away from the layers that have some."""
    for layer in layers:
        if noise_of(layer) is not None:
            cast(Any, layer).noise = None


def sigma_of(layer: object, noise: Noise) -> float:
    """Present sigma of a layer's noise, in units of v_th; if learned per channel, the mean."""
    return noise.sigma if noise.learned == "no" else cast(Any, layer).sigma(noise).mean().item()


def acting_noise(layer: nn.Module, generator: torch.Generator | None) -> Noise | None:
    """The noise that acts when a layer is called with this generator; None: no noise acts.

    Raises:
        ValueError: noise in training mode without a generator.
    """
    noise = noise_of(layer)
    if noise is not None and generator is None and layer.training:
        raise ValueError(
            f"this layer trains with {noise}: pass generator=torch.Generator(), "
            "or call eval() to run it without noise"
        )
    return noise if generator is not None else None


def check_constants(neuron: Any, noise: Any, surrogate: Any) -> None:
    """Raise ValueError unless each is None or what its name says.

    Also for a noise whose standard deviation vanishes in float32.
    """
    neuron = checked("neuron", Neuron | None, neuron) or Neuron()
    checked("surrogate", Surrogate | None, surrogate)
    if checked("noise", Noise | None, noise) is None:
        return
    if (width := neuron.beta * noise.sigma * neuron.v_th) < SMALLEST:
        raise ValueError(
            f"sigma = {noise.sigma:g} times v_th = {neuron.v_th:g} and beta = {neuron.beta:g} is "
            f"{width:g}, which vanishes in single precision: it must be at least {SMALLEST:g}; for "
            "no noise pass noise=None"
        )


def parts_of(state: Any) -> tuple[Any, ...]:
    """The tensors of a state as a tuple, the membrane potential (B, *) first."""
    return state if isinstance(state, tuple) else (state,)


def displaced(state: State, by: Tensor) -> State:
    """A state whose membrane potential is `by` higher."""
    return state + by if isinstance(state, Tensor) else (state[0] + by, *state[1:])


def shapes_of(state: Any) -> list[Any]:
    """The shape of each part of a state; a part that is no tensor, as it is."""
    return [tuple(p.shape) if isinstance(p, Tensor) else p for p in parts_of(state)]


class StepLayer(nn.Module):
    """A layer that computes one timestep after the other, in methods that a subclass may replace.

        h = charge(state, current),  spikes where h >= threshold(state),
        state = reset(h, spikes, state)

    Unchanged, it computes what `NeuronLayer` computes, more slowly. A subclass replaces
    those of `charge`, `threshold` and `reset` that differ, and `first_state` if its neurons carry
    more than a potential. Surrogate gradient, noise on the residual, recording and all else then
    work. Noise that is learned or has a target T needs a `NeuronLayer`.

    Args:
        neuron: the constants; methods read them as `self.constants`.
        noise: takes the place of the residual while training with T = 1; None: no noise.
        surrogate: slope for the backward pass; None: as for `NeuronLayer`.
        channels: of the currents (T, B, C, *); for parameters of a subclass, not used here.

    Raises:
        ValueError: noise that is learned or has a target T.

    Example:
        >>> class Bounded(StepLayer):
        ...     def reset(self, h, spikes, state):
        ...         return super().reset(h, spikes, state).clamp(min=-1)
        >>> build(Architecture("mlp"), image_shape=(1, 8, 8), classes=10, seed=0, layer=Bounded)
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
        if noise is not None and (noise.timesteps > 1 or noise.learned != "no"):
            raise ValueError(
                f"{type(self).__name__} draws its noise anew at each timestep, so it can neither "
                f"be learned nor have a target T, got {noise}"
            )
        # Not called `neuron`: a layer with `neuron` promises that its constants alone define it.
        self.constants = neuron or Neuron()
        self.noise = noise
        self.surrogate = surrogate or Surrogate.matched(noise, self.constants.beta)

    def charge(self, state: State, current: Tensor) -> Tensor:
        """Potential before firing (B, *), for the current (B, *) of a timestep."""
        return charge(parts_of(state)[0], current, self.constants.beta)

    def threshold(self, state: State) -> Tensor | float:
        """Where neurons fire: one number, or (B, *)."""
        return self.v_th

    def reset(self, h: Tensor, spikes: Tensor, state: State) -> State:
        """The state after this timestep, from the state before it.

        Both h and the spikes are (B, *); autograd takes the spikes as a constant.
        """
        return reset(h, spikes, self.constants)

    def first_state(self, v: Tensor) -> State:
        """The state before the first timestep, for potentials v (B, *)."""
        return v

    @property
    def v_th(self) -> float:
        """The threshold of the constants, the unit of noise and potentials."""
        return self.constants.v_th

    def step(
        self, state: State, current: Tensor, deviation: Tensor | None = None
    ) -> tuple[Step, State]:
        """One timestep: charge, fire, reset; the deviation of the residual by noise is (B, *)."""
        h = mean = self.charge(state, current)
        if deviation is not None:
            h = self.charge(displaced(state, deviation), current)
        above = self.threshold(state) - self.v_th  # 0 unless a subclass moves the threshold
        spikes = fire_with_slope(h - above, mean - above, self.v_th, self.surrogate)
        after = self.reset(h, spikes.detach(), state)
        return Step(h, spikes, parts_of(after)[0]), after

    def run(
        self, currents: Tensor, state: State | None, generator: torch.Generator | None
    ) -> tuple[list[Step], State]:
        """All timesteps of the currents (T, B, *), and the state after them."""
        currents = in_time(currents)
        check_generator(generator, currents)
        noise = acting_noise(self, generator)
        if state is None:
            state = self.first_state(self.first_potential(currents, generator))
        if not all(isinstance(part, Tensor) for part in parts_of(state)):
            raise ValueError(
                f"v must be a tensor (B, *), or a tuple of them, got {described(state)}"
            )
        steps = []
        for current in widened(currents):  # (B, *)
            deviation = None
            if noise is not None and generator is not None:
                deviation = self.v_th * families.deviation(noise, current, generator)
            before = shapes_of(state)
            step, state = self.step(state, current, deviation)
            if shapes_of(state) != before:
                raise ValueError(
                    f"{type(self).__name__}.reset must return a state like that of first_state, "
                    f"of the shapes {before}, got {shapes_of(state)}"
                )
            steps.append(step)
        return steps, state

    def first_potential(self, currents: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Potential before the first timestep, (B, *): v_init, or the mean of acting noise."""
        noise = acting_noise(self, generator)
        return first_potential(widened(currents[:1]), self.constants, noise)

    def advance(
        self,
        currents: Tensor,
        v: State | None = None,
        *,
        generator: torch.Generator | None = None,
    ) -> tuple[Tensor, State]:
        """Continue from a state; see `SpikingLayer`."""
        steps, state = self.run(currents, v, generator)
        return torch.stack([step.spikes for step in steps]).to(currents.dtype), state

    def trace(self, currents: Tensor, *, generator: torch.Generator | None = None) -> Trace:
        """Like `advance` from None, with every potential kept: h, spikes and v, each (T, B, *)."""
        steps, _ = self.run(currents, None, generator)
        return Trace(*(torch.stack(parts) for parts in zip(*steps, strict=True)))

    def forward(self, currents: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
        """Spikes (T, B, *) for currents (T, B, *)."""
        return self.advance(currents, generator=generator)[0]

    def extra_repr(self) -> str:
        """The constants, for print(net)."""
        return ", ".join(map(str, filter(None, (self.constants, self.noise, self.surrogate))))

"""Put neurons into the stages of a network: the kit's, the user's, or with other constants."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from inspect import Parameter, signature

from torch import nn

from snnlab.network.net import SpikingNet, Stage, check_network
from snnlab.network.spec import Architecture
from snnlab.neuron.layer import NeuronLayer
from snnlab.neuron.learned import LearnedThreshold
from snnlab.neuron.own_layer import check_constants, drop_noise, require
from snnlab.neuron.spec import Neuron, Noise, Surrogate
from snnlab.settings import quoted

MakeLayer = Callable[..., nn.Module]
"""A class or a function that makes the layer of neurons of one stage.

It is called with keyword arguments, with each of these for which it has a parameter: `channels`,
the C of the currents (T, B, C, *), and `neuron`, `noise` and `surrogate` as passed to `build`.
"""

USUAL: dict[str, object] = {"neuron": Neuron(), "noise": None, "surrogate": None}
"""Values that are not passed to a maker whose parameter has a default of its own."""


def put_neurons(
    stages: list[Stage],
    channels: Sequence[int],
    neuron: Neuron | None,
    noise: Noise | Sequence[Noise] | None,
    surrogate: Surrogate | None,
    architecture: Architecture,
    make: MakeLayer | None = None,
) -> None:
    """Put spiking neurons into the stages, and learned thresholds if the architecture has them.

    Args:
        stages: their neurons are replaced.
        channels: C of the currents (B, C, *) of each stage.
        neuron, noise, surrogate, architecture, make: see `build`.
    """
    learned = architecture.learned_threshold or "no"
    make, asked = NeuronLayer if make is None else make, neuron or Neuron()
    one_each = isinstance(noise, Sequence)
    noises = list(noise) if isinstance(noise, Sequence) else [noise] * len(stages)
    if len(noises) != len(stages):
        raise ValueError(f"{len(stages)} neuron layers need as many noises, got {len(noises)}")
    for i, (stage, own) in enumerate(zip(stages, noises, strict=True)):
        constants = asked
        if one_each and own is not None and asked.v_init is None:
            constants = replace(asked, v_init=own.mu * asked.v_th)
        if learned != "no":
            initial = asked.v_th * (architecture.threshold_start or 1.0)
            stage.threshold = LearnedThreshold(initial, learned, channels[i])
            constants = replace(constants, v_th=1.0, v_init=constants.v_start / asked.v_th)
        settings = {"neuron": neuron, "noise": own, "surrogate": surrogate}
        given = [name for name, value in settings.items() if value is not None]
        known = settings | {"neuron": constants, "channels": channels[i]}
        stage.neuron = made_by(make, known, given, i)
        v_th = getattr(stage.neuron, "v_th", 1)
        if learned != "no" and isinstance(v_th, int | float) and v_th != 1:
            raise ValueError(
                "a learned threshold divides the currents, so its neurons need v_th = 1; the "
                f"{type(stage.neuron).__name__} of stage {i} has {v_th}"
            )


def check_given(neuron: object, noise: object, surrogate: object) -> None:
    """Raise ValueError unless each is None or what its name says; noise may be a list of these."""
    for one in noise if isinstance(noise, list | tuple) else [noise]:
        check_constants(neuron, one, surrogate)


def made_by(
    make: MakeLayer, known: Mapping[str, object], given: Sequence[str], stage: int
) -> nn.Module:
    """The layer of neurons of a stage.

    Args:
        make: see `MakeLayer`.
        known: all arguments that it may be called with, by name.
        given: names of the arguments that the caller of `build` passed; `make` must take them.
        stage: number of the stage, for messages.

    Raises:
        ValueError: `make` cannot be called, lacks a parameter for a passed argument, or returns
            no layer of neurons.
    """
    if isinstance(make, nn.Module) or not callable(make):
        raise ValueError(
            "layer must be a class or a function that makes a layer for each stage, got "
            f"{quoted(make)}; for a layer that exists: layer=lambda: copy.deepcopy(it)"
        )
    name, valid = getattr(make, "__name__", repr(make)), ", ".join(known)
    parameters = parameters_of(make)
    anything = any(p.kind is Parameter.VAR_KEYWORD for p in parameters.values())
    accepted = [setting for setting in known if anything or setting in parameters]
    if lost := [setting for setting in given if setting not in accepted]:
        raise ValueError(
            f"{', '.join(lost)} would be lost: layer={name} has no parameter of that name; "
            f"it may have {valid}"
        )
    taken = {
        setting: known[setting]
        for setting in accepted
        if setting in given
        or known[setting] != USUAL.get(setting)
        or is_required(parameters.get(setting))
    }
    try:
        signature(make).bind(**taken)
    except TypeError as error:
        raise ValueError(
            f"layer={name} cannot be called with {', '.join(taken) or 'nothing'}: {error}; "
            f"it may have the parameters {valid}, further ones need a default"
        ) from None
    made = make(**taken)
    if not isinstance(made, nn.Module):
        raise ValueError(f"layer={name} must make an nn.Module, got {made!r} for stage {stage}")
    require(made, needed_by=f"build(layer={name})", stage=stage)
    return made


def parameters_of(make: MakeLayer) -> Mapping[str, Parameter]:
    """The parameters of a maker, by name; none for a class that has no `__init__` of its own.

    Raises:
        ValueError: it is built into Python and does not tell its parameters, as `int`.
    """
    if getattr(make, "__init__", None) is nn.Module.__init__:
        return {}  # its signature takes anything, and its body nothing
    try:
        return signature(make).parameters
    except ValueError:
        raise ValueError(
            f"layer={make.__name__} makes no layer of neurons: give a class or a function, as in "
            "layer=NeuronLayer"
        ) from None


def is_required(parameter: Parameter | None) -> bool:
    """Whether a maker cannot be called without this parameter."""
    return parameter is not None and parameter.default is Parameter.empty


def with_neurons(net: SpikingNet, **changes: object) -> SpikingNet:
    """A copy of the network whose neurons have other constants, and no noise.

    Args:
        net: is not changed.
        changes: fields of `Neuron`: v_th, v_init, beta, reset.

    Raises:
        TypeError: a field that `Neuron` does not have.
        ValueError: a value outside its range, or a user's own neurons, if their constants are no
            `Neuron`.

    Example:
        >>> broken = with_neurons(net, reset="zero")
    """
    check_network(net, "with_neurons()")
    changed = copy.deepcopy(net).eval()
    layers = changed.neuron_layers("neuron", needed_by="with_neurons()")
    for layer in layers:
        layer.neuron = replace(layer.neuron, **changes)  # type: ignore[arg-type]
    drop_noise(layers)
    return changed

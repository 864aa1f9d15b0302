"""The user's own loss and optimizer, checked before the first step."""

from __future__ import annotations

import contextlib
import copy
import hashlib
from collections.abc import Callable
from functools import partial
from inspect import Parameter, signature
from typing import Any

import torch
from torch import Tensor, nn

from snnlab.learning.spec import Training
from snnlab.neuron.fast.kernels import widened
from snnlab.neuron.own_code import source_of
from snnlab.neuron.tensors import described

Loss = Callable[[Tensor, Tensor], Tensor]
"""Maps logits (B, K) and labels (B,) to a number that is smaller the better they agree."""
MakeOptimizer = Callable[..., torch.optim.Optimizer] | torch.optim.Optimizer
"""A class or function that takes the parameter groups, or an optimizer of the network's weights."""


def loss_for(loss: Loss | None, training: Training, logits: Tensor, labels: Tensor) -> Loss:
    """The loss of a training: cross-entropy, or the user's, tried on a few images.

    Args:
        loss: the user's loss, or None; a module is moved to the device of the logits.
        training: label smoothing, which is only for cross-entropy.
        logits, labels: those of a few training images.

    Raises:
        ValueError: `loss` is no loss, fails with these logits, or does not depend on them.
    """
    if loss is None:
        return nn.CrossEntropyLoss(label_smoothing=training.label_smoothing)
    if isinstance(loss, type) or not callable(loss):
        raise ValueError(
            "loss must be a function of logits (B, K) and labels (B,), such as "
            f"nn.CrossEntropyLoss(), got {described(loss)}"
        )
    if training.label_smoothing:
        raise ValueError(
            f"label_smoothing = {training.label_smoothing:g} belongs to the usual loss: leave it "
            "at 0 and give it to yours, as in nn.CrossEntropyLoss(label_smoothing=0.1)"
        )
    if isinstance(loss, nn.Module):
        if any(True for _ in loss.parameters()):
            raise ValueError(
                f"the loss {described(loss)} has parameters, which fit() does not train: make "
                "them part of the network"
            )
        loss = copy.deepcopy(loss).to(logits.device, logits.dtype)
    probe = widened(logits.detach()).requires_grad_()
    asked = f"loss(logits {tuple(logits.shape)}, labels {tuple(labels.shape)})"
    try:
        value = loss(probe, labels)
    except Exception as error:  # the user's code may raise any type
        raise ValueError(f"{asked} fails: {type(error).__name__}: {error}") from error
    if not isinstance(value, Tensor) or value.shape != () or not value.is_floating_point():
        raise ValueError(f"{asked} must give a single number, a tensor (), got {described(value)}")
    if not value.requires_grad:
        raise ValueError(f"{asked} gives {value.item():g}, which has no gradient: use the logits")
    return loss


def optimizer_for(
    given: MakeOptimizer | None, net: nn.Module, training: Training
) -> torch.optim.Optimizer:
    """The optimizer of a training: AdamW, or the user's.

    Args:
        given: a class or function, called with the parameter groups, and with
            lr=training.learning_rate if it has this parameter and no value for it; an optimizer;
            or None.
        net: the network whose parameters are trained.
        training: learning rate and weight decay.

    Raises:
        ValueError: `given` is or makes no optimizer that fit() can use, or one of other weights.
    """
    groups = parameter_groups(net, training)
    if given is None:
        return torch.optim.AdamW(groups, lr=training.learning_rate, fused=True)
    ready = isinstance(given, torch.optim.Optimizer)
    made: torch.optim.Optimizer = given if ready else made_by(given, groups, training)  # type: ignore[assignment, arg-type]
    own = {id(parameter) for parameter in net.parameters()}
    trained = [parameter for group in made.param_groups for parameter in group["params"]]
    if not trained or any(id(parameter) not in own for parameter in trained):
        raise ValueError(
            f"the optimizer {type(made).__name__} trains {len(trained)} tensors that are not all "
            "parameters of this network: make it with net.parameters(), or give its class"
        )
    if isinstance(made, torch.optim.SparseAdam):
        raise ValueError("SparseAdam takes sparse gradients only, and those of a network are dense")
    closure = signature(made.step).parameters.get("closure")
    if closure is not None and closure.default is Parameter.empty:
        raise ValueError(
            f"{type(made).__name__} computes the loss several times per step, which fit() cannot; "
            "use another optimizer, such as torch.optim.SGD"
        )
    return made


def made_by(
    make: Callable[..., torch.optim.Optimizer], groups: list[dict[str, object]], training: Training
) -> torch.optim.Optimizer:
    """The optimizer that a class or function makes from the parameter groups."""
    if not callable(make):
        raise ValueError(
            "optimizer must be an optimizer of torch, or a class or function that makes one of "
            f"parameter groups, such as torch.optim.SGD, got {described(make)}"
        )
    options = {}
    bound = make.keywords if isinstance(make, partial) else {}
    with contextlib.suppress(TypeError, ValueError):  # no signature
        if "lr" in signature(make).parameters and "lr" not in bound:
            options["lr"] = training.learning_rate
    try:
        made = make(groups, **options)
    except Exception as error:  # the user's code may raise any type
        raise ValueError(f"optimizer={name_of(make)} fails: {error}") from error
    if not isinstance(made, torch.optim.Optimizer):
        raise ValueError(
            f"optimizer={name_of(make)} must make an optimizer of torch, got {described(made)}"
        )
    return made


def parameter_groups(net: nn.Module, training: Training) -> list[dict[str, object]]:
    """Two groups of parameters: matrices and kernels with weight decay, all others without."""
    decayed = [p for p in net.parameters() if p.ndim > 1]
    others = [p for p in net.parameters() if p.ndim <= 1]
    return [
        {"params": decayed, "weight_decay": training.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]


def name_of(part: Any) -> str:
    """The name of a function or class, or of the class of an object."""
    part = part.func if isinstance(part, partial) else part
    return str(getattr(part, "__qualname__", type(part).__qualname__))


def identity_of(part: Any) -> str:
    """A text that identifies a loss or an optimizer, the same in each process."""
    digest = hashlib.sha256()
    if isinstance(part, torch.optim.Optimizer):
        groups = [{k: g[k] for k in sorted(part.defaults)} for g in part.param_groups]
        return f"{name_of(part)} {groups}"
    if isinstance(part, nn.Module):
        digest.update(repr(part).encode())
        for name, value in sorted({**dict(part.named_buffers()), **settings_of(part)}.items()):
            value = value.tolist() if isinstance(value, Tensor) else value
            digest.update(f"{name}={value}".encode())
    else:
        try:
            digest.update(source_of(part).encode())
        except (OSError, TypeError):
            digest.update(name_of(part).encode())
    return f"{name_of(part)} {digest.hexdigest()[:12]}"


def settings_of(part: nn.Module) -> dict[str, Any]:
    """The numbers and texts that a module was made with."""
    return {k: v for k, v in vars(part).items() if isinstance(v, int | float | str | bool)}

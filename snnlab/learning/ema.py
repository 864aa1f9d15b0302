"""An exponential moving average of the weights, which is steadier than the weights themselves."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import chain

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn


class MovingAverage:
    """The average of a network's weights and buffers over the steps of its training.

    After step s, from 1 on, with the weights w of that step:

        d = min(decay, (1 + s) / (10 + s))
        average = d * average + (1 - d) * w

    The average begins with the weights before training, and d rises to `decay`: with a fixed d of
    0.999 those first weights would count for a third after a thousand steps. Numbers that are not
    floating-point, such as the count of batches in batch norm, are copied.

    The network holds either the average or the weights in training, and `aside` the other. Its
    tensors stay the same ones, for the optimizer and a CUDA graph refer to them.

    Args:
        net: the network, before training.
        decay: in [0, 1); 0: there is no average, and every method does nothing.

    Source: averaging (Polyak and Juditsky, 1992); the rise of d as in `ExponentialMovingAverage`
    of TensorFlow with `num_updates`.
    """

    # Not `AveragedModel` of torch: it moves its counter to the device in each step, which waits
    # for a GPU; and it holds a copy of the network, which the noise schedule does not reach.

    def __init__(self, net: nn.Module, decay: float) -> None:
        self.decay = decay
        self.places = places(net) if decay else {}
        # A clone has the memory layout of its original.
        self.aside = {name: place().detach().clone() for name, place in self.places.items()}
        self.is_in_net = True  # at first the two are equal

    @property
    def pairs(self) -> list[tuple[Tensor, Tensor]]:
        """Each tensor in `aside`, and the one of the network."""
        return [(value, self.places[name]()) for name, value in self.aside.items()]

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Move the average towards the weights of the network, after a step (from 1 on)."""
        pairs = self.pairs
        if not pairs:
            return
        decay = min(self.decay, (1 + step) / (10 + step))
        averages, weights = zip(*(p for p in pairs if p[0].is_floating_point()), strict=True)
        get_ema_multi_avg_fn(decay)(averages, weights, step)
        for average, weight in pairs:
            if not average.is_floating_point():
                average.copy_(weight)

    def into_net(self) -> None:
        """Give the network the average, and put the weights in training aside."""
        if not self.is_in_net:
            self.swap()

    def out_of_net(self) -> None:
        """Give the network the weights in training again."""
        if self.is_in_net:
            self.swap()

    @torch.no_grad()
    def swap(self) -> None:
        """Exchange the values in the network and those aside."""
        for aside, in_net in self.pairs:
            kept = in_net.clone()
            in_net.copy_(aside)
            aside.copy_(kept)
        self.is_in_net = not self.is_in_net


def places(net: nn.Module) -> dict[str, Callable[[], Tensor]]:
    """Functions that return the tensors which `state_dict` saves, by name; a shared one once.

    They look in the modules anew, as a module may replace a buffer; `state_dict` takes longer.
    """
    saved = net.state_dict()
    found: dict[int, tuple[str, Callable[[], Tensor]]] = {}
    for path, module in net.named_modules():
        own = module.named_parameters(recurse=False), module.named_buffers(recurse=False)
        for attribute, tensor in chain(*own):
            name = f"{path}.{attribute}" if path else attribute
            if name in saved:
                found.setdefault(id(tensor), (name, partial(getattr, module, attribute)))
    return dict(found.values())

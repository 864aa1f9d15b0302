"""What the noise of a network does from epoch to epoch."""

from __future__ import annotations

from snnlab.learning.spec import Training
from snnlab.network.net import SpikingNet, StagedNet
from snnlab.neuron.rounding import check_mean_response


class NoiseSchedule:
    """Sets the noise of all neuron layers for an epoch, and puts it back after the training.

    Args:
        net: its noise, as it is now, is the full noise.
        training: fractions, schedule and floor.

    Raises:
        ValueError: a phase of mean responses for neurons that leak or reset to zero.
    """

    def __init__(self, net: StagedNet, training: Training) -> None:
        self.training = training
        self.layers = net.neuron_layers() if isinstance(net, SpikingNet) else []
        self.full = [layer.noise for layer in self.layers]
        if training.mean_epochs or training.warm_up_epochs:
            for layer in self.layers:
                check_mean_response(layer.neuron)

    def enter(self, epoch: int) -> None:
        """Make the noise what it is in this epoch, from 1 on: whole, narrower or none."""
        factor = self.training.noise_factor(epoch)
        for layer, noise in zip(self.layers, self.full, strict=True):
            if noise is None or factor in (0, 1):
                layer.noise = noise if factor else None
            else:
                layer.noise = noise.scaled(factor)
            layer.mean_response = self.training.on_mean_response(epoch)

    def leave(self) -> None:
        """Put the full noise back."""
        for layer, noise in zip(self.layers, self.full, strict=True):
            layer.noise, layer.mean_response = noise, False

    def sigmas(self) -> list[float]:
        """Sigma of each stage at the moment, in units of v_th; means over channels; none: 0.

        Empty if the network has no noise at all.
        """
        if not any(self.full):
            return []
        pairs = [(layer, layer.noise) for layer in self.layers]
        return [
            0.0 if noise is None else layer.sigma(noise).mean().item() for layer, noise in pairs
        ]


def learned_thresholds(net: StagedNet) -> list[float]:
    """The threshold that each stage has learned so far, means over channels.

    Empty unless all stages learn one.
    """
    found = [stage.threshold for stage in net.stages if stage.threshold is not None]
    if len(found) < len(net.stages):
        return []
    return [threshold.v_th.mean().item() for threshold in found]

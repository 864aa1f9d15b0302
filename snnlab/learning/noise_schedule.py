"""Changes the noise of a network from epoch to epoch."""

from __future__ import annotations

from snnlab.learning.rates import check_own_rates
from snnlab.learning.spec import Training
from snnlab.network.net import SpikingNet, StagedNet
from snnlab.neuron.own_layer import noise_of, sigma_of
from snnlab.neuron.rounding import check_mean_response


class NoiseSchedule:
    """Sets the noise of all neuron layers for an epoch, and puts it back after the training.

    Args:
        net: its present noise is the full noise.
        training: fractions, schedule and floor.

    Raises:
        ValueError: a phase of mean responses, or of rates, with neurons that leak, reset to zero
            or lack the abilities for it; or learned noise in a layer without `sigma`.
    """

    def __init__(self, net: StagedNet, training: Training) -> None:
        self.training = training
        self.layers = net.neuron_layers() if isinstance(net, SpikingNet) else []
        self.full = [noise_of(layer) for layer in self.layers]
        # The present factor of sigma, and whether neurons give their mean response.
        self.now: tuple[float, bool] | None = None
        self.on_mean = bool(training.mean_epochs or training.warm_up_epochs)
        if self.on_mean and self.layers:
            phase = "a phase of mean responses (warm_up_fraction, mean_fraction)"
            for layer in net.neuron_layers("neuron", "mean_response", needed_by=phase):
                check_mean_response(layer.neuron)
        if training.rates_epochs:
            check_own_rates(net)
        if any(noise.learned != "no" for noise in self.full if noise):
            net.neuron_layers("sigma", needed_by="learned noise")

    def enter(self, epoch: int) -> bool:
        """Set the noise for this epoch (from 1 on): at full strength, narrower or none.

        Returns:
            Whether the noise differs from that of the epoch before.
        """
        factor, before = self.training.noise_factor(epoch), self.now
        self.now = factor, self.training.on_mean_response(epoch)
        for layer, noise in zip(self.layers, self.full, strict=True):
            if noise is not None:
                scaled = noise.scaled(factor) if 0 < factor < 1 else noise
                layer.noise = scaled if factor else None
            if self.on_mean:
                layer.mean_response = self.training.on_mean_response(epoch)
        return self.now != before

    def leave(self) -> None:
        """Restore the full noise."""
        for layer, noise in zip(self.layers, self.full, strict=True):
            if noise is not None:
                layer.noise = noise
            if self.on_mean:
                layer.mean_response = False

    def sigmas(self) -> list[float]:
        """Present sigma of each stage, in units of v_th, averaged over channels; 0 without noise.

        Empty if the whole network has no noise.
        """
        if not any(self.full):
            return []
        pairs = [(layer, noise_of(layer)) for layer in self.layers]
        return [0.0 if noise is None else sigma_of(layer, noise) for layer, noise in pairs]


def learned_thresholds(net: StagedNet) -> list[float]:
    """The threshold that each stage has learned so far, averaged over channels.

    Empty unless all stages learn a threshold.
    """
    found = [stage.threshold for stage in net.stages if stage.threshold is not None]
    if len(found) < len(net.stages):
        return []
    return [threshold.v_th.mean().item() for threshold in found]

"""The residual potentials of one neuron over many images."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from snnlab.data.images import Images
from snnlab.measure.passes import images_for, watched_batches
from snnlab.measure.residuals import ResidualSummary, Several, Tally, groups_of, targets_for
from snnlab.network.net import SpikingNet
from snnlab.network.probes import run_whole
from snnlab.neuron.dynamics import Trace, trace
from snnlab.neuron.layer import NeuronLayer
from snnlab.settings import checked


class Seen(Exception):
    """Raised once the neuron is recorded, so that no later stage runs."""


@dataclass(frozen=True, eq=False)
class OneNeuron:
    """Residuals and spikes of a neuron for N images over T timesteps, without noise."""

    residuals: Tensor
    """v[t-1] for t = 2 to T, (T - 1, N), in units of v_th."""
    spikes: Tensor
    """1 where it fired, (T, N)."""
    summary: ResidualSummary
    """A summary as for a stage, of its residuals for the images for which it was active; `neurons`
    is the number of these images. `Match` compares the summary with a noise."""

    @property
    def images(self) -> int:
        """N."""
        return self.spikes.shape[1]

    @property
    def groups(self) -> tuple[Tensor, Tensor, Tensor]:
        """For which images it was silent, active and saturated, see `ResidualSummary`: (N,)."""
        return groups_of(self.spikes)


@torch.no_grad()
def neuron_residuals(
    net: SpikingNet,
    images: Images | Any,
    timesteps: int,
    *,
    stage: int,
    index: int,
    batch_size: int = 64,
    progress: bool = False,
) -> OneNeuron:
    """Collect the residual potentials of one neuron of a network that runs without noise.

    Later stages do not run, and of its own stage only this neuron is kept.

    Args:
        net: on the device of the images; evaluated in evaluation mode.
        images: images, of any kind that `images_of` accepts; no labels needed.
        timesteps: T, at least 2.
        stage: number of the stage, from 0.
        index: number of the neuron in its stage, from 0: channel by channel, row by row.
        batch_size: images at once; all T timesteps of a batch are held in memory.
        progress: show a progress bar, if there is a terminal.

    Raises:
        ValueError: fewer than 2 timesteps, no such neuron, or neurons without `trace` and `v_th`,
            see `ABILITIES`.

    Example:
        >>> found = neuron_residuals(net, data.test.first(256), 16, stage=1, index=0)
        >>> Match(found.summary, Noise()).text()
    """
    timesteps = checked("timesteps", Several, timesteps)
    images = images_for(net, images, "neuron_residuals()", labelled=False)
    layers = net.neuron_layers("trace", "v_th", needed_by="neuron_residuals()")
    stage, index = checked("stage", int, stage), checked("index", int, index)
    if not 0 <= stage < len(layers):
        raise ValueError(f"the network has stages 0 to {len(layers) - 1}, got {stage}")
    own = layers[stage]
    carried, fired = [], []

    def record_neuron(number: int, currents: Tensor) -> Tensor:
        if number < stage:
            return layers[number].advance(currents)[0]
        path = path_of(own, currents, index)
        carried.append(path.v[:-1, :, 0] / own.v_th)
        fired.append(path.spikes[:, :, 0])
        raise Seen

    for batch, _ in watched_batches(images, batch_size, "residuals", progress=progress):
        with contextlib.suppress(Seen):
            run_whole(net, batch, timesteps, record_neuron)
    residuals, spikes = torch.cat(carried, 1), torch.cat(fired, 1)
    tally = Tally(1, residuals.device, wide=True)  # a single neuron's potentials may lie far out
    tally.add(residuals.unsqueeze(2), spikes.unsqueeze(2))
    return OneNeuron(residuals, spikes, tally.summary(targets_for(own), channels=False))


def path_of(layer: NeuronLayer, currents: Tensor, index: int) -> Trace:
    """The trace of one neuron, each part (T, B, 1), for the currents (T, B, *) of its stage."""
    count = currents[0, 0].numel()
    if not 0 <= index < count:
        raise ValueError(f"the stage has neurons 0 to {count - 1}, got {index}")

    def one(values: Tensor) -> Tensor:
        return values.flatten(2)[:, :, index : index + 1]

    if hasattr(layer, "neuron"):  # then its constants alone define it, see `ABILITIES`
        return trace(one(currents), layer.neuron)
    return Trace(*map(one, layer.trace(currents)))

"""Thresholds for the neurons of a network that was trained with activation functions.

A neuron fires at most once per timestep, so its rate can represent only activations between 0 and
its threshold. The threshold is a compromise: with the largest activation as the threshold nothing
is clipped, with a smaller one rates are larger and the steps between them finer.
"""

from __future__ import annotations

import torch
from torch import Tensor

from snnlab.conversion.spec import ThresholdRule
from snnlab.data.images import Images
from snnlab.network.activations import ceiling
from snnlab.network.net import ANN

BINS = 8192
"""Bins of the histogram from which percentiles are read."""

BATCH = 128
"""How many images run through the network at once."""


def find_thresholds(net: ANN, images: Images | None, rule: ThresholdRule) -> list[Tensor]:
    """Thresholds of all stages, in units of their activations.

    A stage that ends in `QCFS` has learned its threshold, and that of a clip is its upper end; for
    ReLU it is measured from the activations on the images. A channel that is 0 on all images gets
    the largest threshold of its layer.

    Args:
        net: in evaluation mode.
        images: typical input of the network, such as training images. May be None if every stage
            ends in `QCFS` or a clip.
        rule: how a threshold follows from the activations.

    Returns:
        One tensor per stage, (1,) or (C,).

    Raises:
        ValueError: no images where they are needed, a layer that is silent on all of them,
            or activations that are not finite.
    """
    ceilings = [ceiling(stage.neuron) for stage in net.stages]
    weight = next(net.parameters(), torch.ones(()))
    own = [None if top is None else top.view(1).to(weight) for top in ceilings]
    known = [threshold for threshold in own if threshold is not None]
    if len(known) == len(own):
        return known
    if images is None or len(images) == 0:
        raise ValueError("thresholds of ReLU layers are read from images: pass calibration=")
    measured = largest(net, images, rule.per_channel)
    check_activations(measured, len(images))
    if rule.threshold == "percentile":
        measured = percentiles(net, images, rule.percentile, measured)
    without_silent = [torch.where(values > 0, values, values.max()) for values in measured]
    return [a if a is not None else b for a, b in zip(own, without_silent, strict=True)]


def check_activations(largest: list[Tensor], images: int) -> None:
    """Raise ValueError unless every stage has a largest activation above 0 and finite."""
    for i, values in enumerate(largest):
        if not torch.isfinite(values).all():
            raise ValueError(f"activations of stage {i} are not finite: has the training diverged?")
        if not (values > 0).any():
            raise ValueError(
                f"the neurons of stage {i} are silent on all {images} calibration images, so "
                "they have no threshold; use other images, or train the network first"
            )


@torch.no_grad()
def largest(net: ANN, images: Images, per_channel: bool) -> list[Tensor]:
    """Largest activation of each stage: (1,), or (C,) per channel."""
    found: list[Tensor] = []
    for batch, _ in images.batches(BATCH):
        values = [rows(y, per_channel).amax(1) for y in net.activations(batch)]
        pairs = zip(found or values, values, strict=True)
        found = [torch.maximum(before, now) for before, now in pairs]
    return found


@torch.no_grad()
def percentiles(net: ANN, images: Images, percent: float, top: list[Tensor]) -> list[Tensor]:
    """Values that `percent` percent of the activations above 0 do not exceed.

    They are read from a histogram, so memory does not grow with the number of images; the error is
    at most 1 / BINS of the largest activation, rounded up.

    Args:
        net: in evaluation mode.
        images: as for `largest`.
        percent: in (0, 100].
        top: the largest activations, (1,) or (C,).

    Returns:
        The shapes of `top`; 0 where there is no activation above 0.
    """
    counts = [torch.zeros(len(t), BINS, dtype=torch.int64, device=t.device) for t in top]
    for batch, _ in images.batches(BATCH):
        for i, y in enumerate(net.activations(batch)):
            values = rows(y, per_channel=len(top[i]) > 1)  # (C, n)
            channel, position = (values > 0).nonzero(as_tuple=True)
            share = values[channel, position] / top[i][channel]  # in (0, 1]
            bins = ((share * BINS).ceil().long() - 1).clamp(min=0)
            counts[i] += torch.bincount(channel * BINS + bins, minlength=counts[i].numel()).view(
                counts[i].shape
            )
    return [quantile(count, percent / 100) * t for count, t in zip(counts, top, strict=True)]


def quantile(counts: Tensor, share: float) -> Tensor:
    """Upper edge, in (0, 1], of the bin where `share` of the counts (C, BINS) is reached: (C,)."""
    reached = counts.cumsum(1)  # (C, BINS)
    wanted = share * reached[:, -1:].double()
    return ((reached < wanted).sum(1) + 1).clamp(max=BINS).float() / BINS


def rows(activations: Tensor, per_channel: bool) -> Tensor:
    """Activations (B, C, *) as one row per channel (C, n), or as a single row (1, n)."""
    if per_channel:
        return activations.transpose(0, 1).flatten(1)
    return activations.reshape(1, -1)

"""Early exit: stop the computation for an image as soon as the readout is confident.

After t timesteps the readout, averaged over the first t, gives class probabilities by
softmax. An image leaves at the first t at which the confidence reaches a threshold, and at
the last timestep in any case. Confidence is the largest probability, or the margin by
which it exceeds the second largest.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from snnlab.data.images import Images
from snnlab.measure.passes import images_for, summed_readout, watched_batches
from snnlab.network.net import SpikingNet, evaluating
from snnlab.neuron.tensors import described
from snnlab.settings import checked, count

Confidence = Literal["probability", "margin"]


@dataclass(frozen=True)
class EarlyExit:
    """Accuracy and timesteps of early exit at one threshold."""

    threshold: float
    """Confidence at which an image leaves; above 1 no image leaves early."""
    mean_timesteps: float
    """Timesteps per image."""
    accuracy: float
    """Accuracy in percent."""
    left_early: float
    """Share of the images that were confident before the last timestep."""


@torch.no_grad()
def early_exit_curve(
    net: SpikingNet,
    images: Images | Any,
    thresholds: Sequence[float],
    max_timesteps: int,
    *,
    confidence: Confidence = "probability",
    batch_size: int = 256,
    progress: bool = False,
) -> list[EarlyExit]:
    """Mean timesteps and accuracy at each threshold, in one pass over the images.

    Args:
        net: on the device of the images; evaluated in evaluation mode, without noise.
        images: images and labels, of any kind that `images_of` accepts.
        thresholds: confidences at which an image leaves.
        max_timesteps: T at which every image leaves.
        confidence: "probability" or "margin".
        batch_size: images at once.
        progress: show a progress bar, if there is a terminal.

    Returns:
        One entry per threshold, in the order given.

    Raises:
        ValueError: max_timesteps below 1, no thresholds, one that is not a number, or an unknown
            confidence.

    Source:
        Early exit over time in spiking networks: Li et al. (2023), "SEENN: Towards temporal
        spiking early-exit neural networks".

    Example:
        >>> early_exit_curve(net, data.test, [0.8, 0.9, 0.99], max_timesteps=16)
    """
    check_exit(thresholds, max_timesteps, confidence)
    images = images_for(net, images, "early_exit_curve()")
    bounds = torch.tensor(thresholds, device=images.device)[:, None, None]  # (n, 1, 1)
    sums = torch.zeros(3, len(thresholds), dtype=torch.float64)  # timesteps, hits, early
    with evaluating(net):
        for batch, labels in watched_batches(images, batch_size, "early exit", progress=progress):
            sure, hit = confidence_and_hits(net, batch, labels, max_timesteps, confidence)
            reached = sure >= bounds  # (n, T, b)
            reached[:, -1] = True
            last = reached.int().argmax(1)  # (n, b), index of the first timestep that is enough
            hits = hit.expand(len(thresholds), *hit.shape).gather(1, last[:, None])  # (n, 1, b)
            early = last < max_timesteps - 1
            sums += torch.stack([(last + 1).sum(1), hits.sum((1, 2)), early.sum(1)]).cpu()
    means = sums / len(images)
    return [
        EarlyExit(float(threshold), steps, 100 * accuracy, early)
        for threshold, steps, accuracy, early in zip(thresholds, *means.tolist(), strict=True)
    ]


def confidence_and_hits(
    net: SpikingNet, batch: Tensor, labels: Tensor, timesteps: int, confidence: Confidence
) -> tuple[Tensor, Tensor]:
    """Confidence and correctness after 1, 2, ... timesteps, each (T, b), for one batch."""
    sure, hits = [], []
    for span, summed in summed_readout(net, batch, timesteps):  # (t, b, K)
        steps = torch.arange(span.start + 1, span.stop + 1, device=batch.device)
        sure.append(confidence_of(summed / steps[:, None, None], confidence))
        hits.append(summed.argmax(2) == labels)
    return torch.cat(sure), torch.cat(hits)


def confidence_of(logits: Tensor, confidence: Confidence) -> Tensor:
    """Confidence of logits (*, K), in [0, 1]: shape (*)."""
    top = logits.softmax(-1).topk(2).values  # (*, 2)
    return top[..., 0] if confidence == "probability" else top[..., 0] - top[..., 1]


def check_exit(thresholds: Sequence[float], max_timesteps: int, confidence: str) -> None:
    """Raise ValueError unless these are valid settings of `early_exit_curve`."""
    checked("confidence", Confidence, confidence)
    count("max_timesteps", max_timesteps)
    given: Any = thresholds
    if isinstance(given, str) or not isinstance(given, Sequence):
        raise ValueError(f"thresholds must be a list of numbers, got {described(thresholds)}")
    if not len(thresholds):
        raise ValueError("thresholds must be one or more numbers, got none")
    for threshold in thresholds:
        one: Any = threshold
        infinite = isinstance(one, float) and math.isinf(one)
        if not infinite:  # infinite ones are valid: all images leave at once, or none early
            checked("threshold", float, threshold)

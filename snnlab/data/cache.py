"""A cache on disk of decoded images, so that a slow source is read only once.

An entry is one safetensors file, named after a fingerprint of its source. A changed source has
another fingerprint, so an entry is never out of date. If an entry is damaged, the source is read
again; if the cache folder cannot be written, nothing is cached.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from platformdirs import user_cache_dir
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from snnlab.data.listing import FileStamp
from snnlab.data.whole_files import written_whole

FORMAT = 3  # part of every fingerprint; raise it when decoding changes
CACHE_LIMIT = 4 * 2**30  # bytes in all entries together
SPLITS = ("train", "validation", "test")


class RawImages(NamedTuple):
    """Pixels and their labels."""

    pixels: Tensor  # (N, C, H, W); uint8, or floating-point in a user's own data set
    labels: Tensor  # int64 (N,)

    def take(self, indices: Tensor) -> RawImages:
        """The images at `indices`, int64 (M,), as a copy."""
        return RawImages(self.pixels[indices], self.labels[indices])


@dataclass(frozen=True)
class RawData:
    """A data set with its official splits, before ours are made."""

    classes: tuple[str, ...]
    train: RawImages
    validation: RawImages | None = None
    test: RawImages | None = None
    notes: tuple[str, ...] = ()
    """Which files were passed over in reading it: a line for each reason."""


def cache_folder() -> Path:
    """$SNNLAB_CACHE, or the user's cache folder for this program."""
    given = os.environ.get("SNNLAB_CACHE")
    return Path(given).expanduser() if given else Path(user_cache_dir("snnlab", appauthor=False))


def through_cache(
    source: Path, stamps: Iterable[FileStamp], options: str, read: Callable[[], RawData]
) -> RawData:
    """What `read` returns, from the cache if it was stored there before.

    Args:
        source: the folder or file that is read.
        stamps: the stamps of all files that are read.
        options: everything else that changes the result, such as the image size.
        read: reads the source.
    """
    key = json.dumps([FORMAT, str(source.resolve()), options, sorted(stamps)])
    entry = (
        cache_folder() / "decoded" / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.safetensors"
    )
    cached = _load(entry)
    if cached is not None:
        return cached
    data = read()
    with contextlib.suppress(OSError):
        _store(entry, data)
    return data


def _load(entry: Path) -> RawData | None:
    """The data stored in `entry`, or None if there is none or it is damaged.

    The tensors are mapped from the file, so only the pixels that are used are read.
    """
    try:
        with safe_open(entry, framework="pt") as file:
            texts = json.loads(file.metadata()["said"])
            classes, notes = (tuple(texts[name]) for name in ("classes", "notes"))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        splits = {
            split: RawImages(tensors[f"{split}.pixels"], tensors[f"{split}.labels"])
            for split in SPLITS
            if f"{split}.pixels" in tensors
        }
        with contextlib.suppress(OSError):
            os.utime(entry)  # the time of last use, for _prune
        return RawData(classes, **splits, notes=notes)
    except (OSError, SafetensorError, KeyError, TypeError, ValueError):
        return None


def _store(entry: Path, data: RawData) -> None:
    """Write `data` to `entry`: whole or not at all."""
    tensors: dict[str, Tensor] = {}
    for split in SPLITS:
        images: RawImages | None = getattr(data, split)
        if images is not None:
            tensors[f"{split}.pixels"] = images.pixels.contiguous()
            tensors[f"{split}.labels"] = images.labels.contiguous()
    needed = sum(tensor.nbytes for tensor in tensors.values())
    if needed > CACHE_LIMIT:
        return
    entry.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(entry) as partial:
        texts = json.dumps({"classes": data.classes, "notes": data.notes})
        # A single key: safetensors writes several in varying order.
        save_file(tensors, partial, metadata={"said": texts})
        _prune(entry.parent, CACHE_LIMIT - needed)


def _prune(folder: Path, limit: int) -> None:
    """Remove the least recently used entries until the others take at most `limit` bytes."""
    stats = [(entry, entry.stat()) for entry in folder.glob("*.safetensors")]
    total = sum(stat.st_size for _, stat in stats)
    for entry, stat in sorted(stats, key=lambda pair: pair[1].st_mtime_ns):
        if total <= limit:
            return
        with contextlib.suppress(OSError):  # on Windows: it is in use
            entry.unlink(missing_ok=True)
            total -= stat.st_size

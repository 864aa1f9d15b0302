"""Check images that a visitor uploads, in a process of its own: can a network be trained on them?

The images are loaded as a training loads them, so that images that pass here can be trained on. It
is a process of its own, since decoding thousands of images would keep everybody's pages waiting,
and a damaged image might end the server. Nothing here imports Streamlit, which that process does
not need.
"""

from __future__ import annotations

import json
import time
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from snnlab.data.limits import UPLOADED
from snnlab.data.spec import DataError, DataWarning
from snnlab.jobs.local_pool import LocalPool
from snnlab.jobs.places import Place
from snnlab.jobs.pool import POLL, Outcome
from snnlab.settings import settle

if TYPE_CHECKING:
    from PIL import Image as Pictures

    from snnlab.data.images import Data

WORK = "snnlab.dashboard.first_look:look"
LONGEST = 180.0
"""Seconds that a look may take."""
NICENESS = 10
"""Added to the niceness of the server, whose pages come first."""
SIDES = (8, 16, 28, 32, 48, 64, 96, 128)
"""Sizes in pixels to choose from."""
AS_THEY_ARE = (8, 64)
"""Shortest and longest side of images that are trained on as they are; others are resized."""
RESIZED = 32
"""The side to resize to that is suggested, where the images allow it."""
SAMPLES, SIDE, GAP = 5, 64, 4
"""How many images are shown; their side and the gap between them, in pixels."""


@dataclass(frozen=True)
class ArchiveContents:
    """What is in an archive of images."""

    classes: dict[str, int]
    """How many images each class has, all splits together."""
    channels: int
    """1: grey, 3: colour."""
    smallest: tuple[int, int]
    """(height, width) of the image with the fewest pixels."""
    largest: tuple[int, int]
    """(height, width) of the image with the most pixels."""
    one_size: bool
    """Whether all images have the same size."""
    samples: tuple[str, ...] = ()
    """The classes of the images that are shown."""
    notes: tuple[str, ...] = ()
    """Which files were passed over, a line for each reason."""

    def __post_init__(self) -> None:
        settle(self)

    @property
    def images(self) -> int:
        """How many images there are."""
        return sum(self.classes.values())

    @property
    def sizes(self) -> tuple[int | None, ...]:
        """Sides to resize to, the suggested one first; None: as they are."""
        short, long = AS_THEY_ARE
        fits = [s for s in SIDES if self.images * self.channels * s * s <= UPLOADED.decoded]
        if self.one_size and short <= min(self.smallest) and max(self.smallest) <= long:
            return (None, *(side for side in fits if (side, side) != self.smallest))
        suggested = max(side for side in fits if side <= RESIZED)
        return (suggested, *(side for side in fits if side != suggested))

    def pixels(self, side: int | None) -> int:
        """Pixels of one image of that size."""
        return side * side if side is not None else self.smallest[0] * self.smallest[1]


def looked_at(archive: Path, notes: Path, samples: Path) -> Outcome:
    """Have another process look at an archive, and wait for it.

    Args:
        archive: path of the archive.
        notes: path to which the `ArchiveContents` are written as JSON.
        samples: path to which a picture of a few images is written.

    Returns:
        `finished`; or `failed`, with the reason in words.
    """
    job = {"archive": str(archive), "notes": str(notes), "samples": str(samples)}
    pool = LocalPool([Place("cpu")], WORK, niceness=NICENESS)
    try:
        task, end = pool.start(job, pool.places[0]), time.monotonic() + LONGEST
        while task.outcome is None and time.monotonic() < end:
            pool.wait(POLL)
    finally:
        pool.close()
    outcome = task.outcome
    if outcome is None or outcome.status == "cancelled":
        return Outcome("failed", "looking at it takes too long; take fewer or smaller images")
    return outcome


def look(job: Mapping[str, str]) -> Outcome:
    """Look at an archive, see `looked_at`."""
    try:
        found, picture = first_look(Path(job["archive"]))
        picture.save(job["samples"], "png")
        Path(job["notes"]).write_text(json.dumps(asdict(found)), encoding="utf-8")
    except (DataError, OSError) as error:
        return Outcome("failed", str(error))
    except MemoryError:
        return Outcome("failed", "it takes more memory than this server has; take fewer images")
    return Outcome("finished")


def first_look(archive: Path) -> tuple[ArchiveContents, Pictures.Image]:
    """What is in an archive, and a few of its images side by side.

    Raises:
        DataError: as `load_data` does; it cannot be trained on.
    """
    from snnlab.data.decode import NeedsSize
    from snnlab.data.sources import load_data

    def load(image_size: int | None = None) -> Data:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DataWarning)  # the page shows them
            return load_data(str(archive), limits=UPLOADED, image_size=image_size)

    try:
        data = load()
        sizes: Iterable[tuple[int, int]] = [data.image_shape[1:]]
    except NeedsSize as error:
        sizes = error.sizes
        data = load(SIDES[0])
    by_pixels = sorted(sizes, key=lambda size: size[0] * size[1])
    ends = by_pixels[0], by_pixels[-1]
    found = ArchiveContents(counted(data), data.channels, *ends, one_size=len(by_pixels) == 1)
    if found.sizes[0] is not None:
        data = load(found.sizes[0])
    labels, picture = side_by_side(data)
    samples = tuple(data.classes[n] for n in labels)
    return replace(found, samples=samples, notes=data.notes), picture


def counted(data: Data) -> dict[str, int]:
    """How many images each class has."""
    import torch

    labels = torch.cat([data.train.labels, data.validation.labels, data.test.labels])
    counts = torch.bincount(labels, minlength=len(data.classes)).tolist()
    return dict(zip(data.classes, counts, strict=True))


def side_by_side(data: Data) -> tuple[list[int], Pictures.Image]:
    """The labels of a few training images of as many classes as possible, and the images."""
    from PIL import Image, ImageOps

    labels = data.train.labels.tolist()
    firsts = [labels.index(label) for label in dict.fromkeys(labels)]
    others = [index for index in range(len(labels)) if index not in firsts[:SAMPLES]]
    chosen = sorted([*firsts, *others][:SAMPLES], key=labels.__getitem__)
    width = len(chosen) * (SIDE + GAP) - GAP
    picture = Image.new("RGBA", (width, SIDE), (0, 0, 0, 0))
    for place, index in enumerate(chosen):
        pixels: Any = data.train.pixels[index].permute(1, 2, 0).numpy()  # (H, W, C)
        one = Image.fromarray(pixels.squeeze(2) if pixels.shape[2] == 1 else pixels)
        small = max(one.size) <= SIDE
        how = Image.Resampling.NEAREST if small else Image.Resampling.LANCZOS
        one = ImageOps.contain(one, (SIDE, SIDE), how)
        corner = place * (SIDE + GAP) + (SIDE - one.width) // 2, (SIDE - one.height) // 2
        picture.paste(one.convert("RGBA"), corner)
    return [labels[index] for index in chosen], picture

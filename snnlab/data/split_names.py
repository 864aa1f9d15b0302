"""The names under which splits are published: "Training", "seg_train", "test_set", "valid" ...

A name consists of a word for a split and, around it, words that any folder may have:

    seg_train     seg + train         training_set    training + set
    val2017       val + number        Test Images     test + images
"""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

Split = Literal["train", "validation", "test", "unlabelled"]

WORDS: dict[Split, tuple[str, ...]] = {
    "train": ("train", "training"),
    "validation": ("val", "valid", "validation", "validate", "dev", "devel", "development"),
    "test": ("test", "testing", "eval", "evaluation"),
    "unlabelled": ("pred", "predict", "prediction", "predictions", "unlabeled", "unlabelled"),
}
"""Words for each split. Images of "unlabelled" are published without labels, to be predicted."""
AROUND = (
    *("data", "set", "split", "seg", "folder", "dir", "raw"),
    *("image", "images", "img", "imgs", "jpg", "jpeg", "png"),
    *("photo", "photos", "picture", "pictures", "sample", "samples"),
)
"""Words that say nothing about the content of a folder. No word is a sequence of others (such as
"dataset" of "data" and "set"): with two ways to read a name the regular expression becomes slow."""

_AROUND = f"(?:{'|'.join(AROUND)})*"
_SPLITS = {
    split: re.compile(rf"{_AROUND}(?:{'|'.join(words)}){_AROUND}\d*")
    for split, words in WORDS.items()
}
_NOTHING = re.compile(rf"{_AROUND}\d*")


def split_of(folder: str) -> Split | None:
    """The split that a folder's name stands for; None: it is no name of a split.

    Example:
        >>> split_of("Training_set"), split_of("trainers")
        ('train', None)
    """
    plain = _plain(folder)
    return next((split for split, names in _SPLITS.items() if names.fullmatch(plain)), None)


def split_named_in(folder: str) -> Split | None:
    """The split that a word in a name stands for: "asl_alphabet_train", "trainA", "Final_Test".

    Example:
        >>> split_named_in("asl_alphabet_test"), split_named_in("contest")
        ('test', None)
    """
    return split_of(folder) or next(
        (split for word in _words(folder) if (split := split_of(word))), None
    )


def says_nothing(folder: str) -> bool:
    """Whether any folder could have this name, such as "images"."""
    plain = _plain(folder)
    return bool(plain) and not plain.isdigit() and _NOTHING.fullmatch(plain) is not None


def _words(name: str) -> list[str]:
    """The words of a name; a capital letter begins a new one: "trainA", "PrivateTest"."""
    return re.findall(r"[^\W\d_A-Z]+|[A-Z]+(?![a-z])|[A-Z][^\W\d_A-Z]*", name)


def _plain(name: str) -> str:
    """A name in small letters, without the characters between words."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", name).casefold())

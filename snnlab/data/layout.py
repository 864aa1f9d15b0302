"""Which image belongs to which class and split, from file names alone.

Two layouts are known, both of torchvision's ImageFolder kind: `<class>/...` and
`<split>/<class>/...`, where a split has any of the names in `split_names.py`. A single folder
around the layout is skipped, and so is a second folder inside a split with its name, as in
`seg_train/seg_train/<class>`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from snnlab.data.passed_over import PassedOver
from snnlab.data.spec import ARCHIVE_ENDINGS, DataError
from snnlab.data.split_names import WORDS, Split, says_nothing, split_named_in, split_of
from snnlab.settings import quoted_path

ENDINGS = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".bmp", ".dib", ".webp"),
    *(".tif", ".tiff", ".ppm", ".pgm", ".pbm", ".pnm"),
)
UNREAD = (
    *(".heic", ".heif", ".hif", ".avif", ".jxl", ".jp2", ".svg", ".psd", ".eps"),
    *(".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".rw2", ".raf"),
)
"""Endings of pictures that are not read: of telephones, of cameras, of drawing programs."""
ADDED = {"__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "@eadir", "$recycle.bin"}
"""Files and folders that macOS, Windows and storage devices add; others have a leading dot."""
EXPECTED = "expected <class>/<image>, or train/<class>/<image> and test/<class>/<image>"
TRAINING_NAMES = ", ".join(WORDS["train"])

Parts = tuple[str, ...]
"""The parts of a path."""
ByClass = dict[str, list[Parts]]
"""Images by the name of one of their folders, mostly that of their class."""


@dataclass(frozen=True)
class Layout:
    """Classes, and for each split the names of its images with their labels."""

    classes: tuple[str, ...]
    splits: dict[str, list[tuple[str, int]]]


def is_image(name: str) -> bool:
    """Whether a file name ends like an image and is not hidden."""
    return name.lower().endswith(ENDINGS) and hidden_part(name) is None


def hidden_part(name: str) -> str | None:
    """A path up to its first part that is hidden or added by a system; None: there is none."""
    parts = name.split("/")
    for end, part in enumerate(parts, start=1):
        if part.startswith(".") or part.casefold() in ADDED:
            return "/".join(parts[:end])
    return None


def pass_over(name: str, passed: PassedOver) -> None:
    """Note a file that is not read as an image."""
    hidden, lower = hidden_part(name), name.lower()
    if hidden is not None:
        passed.add("hidden", hidden)
    elif lower.endswith(UNREAD):
        passed.add("unread", name)
    else:
        passed.add("archive" if lower.endswith(ARCHIVE_ENDINGS) else "no image", name)


def arrange(images: Iterable[str], folders: Iterable[str], passed: PassedOver) -> Layout:
    """Sort images into classes and splits.

    Args:
        images: paths of images, parts separated by "/".
        folders: paths of all folders that are not hidden, also those without images.
        passed: collects images without labels and splits without images.

    Returns:
        classes in alphabetical order; the split "train", and "validation" and "test" if there
        are such folders. Names are compared in the form NFC, with a letter and its accent as one
        character as on Windows and Linux; macOS separates them.

    Raises:
        DataError: no image, an image outside a class folder, a class without images, fewer than
            two classes, names that could be splits or classes, or splits with different classes.
    """
    names: dict[Parts, list[str]] = {}
    for name in sorted(images):
        names.setdefault(_parts(name), []).append(name)
    files = sorted(names)
    if not files:
        raise DataError(_no_image(passed))
    top = _top(files)
    above = files[0][:top]
    inside = sorted(parts for f in folders if (parts := _parts(f))[:top] == above)
    if stray := next((file for file in files if len(file) == top + 1), None):
        raise DataError(_stray(stray))
    by_top = _grouped(files, top)
    if splits := _splits(by_top, top):
        found = _in_splits(by_top, splits, top, inside, passed)
    else:
        found = {"train": _by_class(files, top, inside, passed)}
        _refuse_splits(found["train"], top)
    classes = _shared_classes(found)
    label = {name: i for i, name in enumerate(classes)}
    return Layout(
        classes,
        {
            split: [(n, label[c]) for c in classes for file in by_class[c] for n in names[file]]
            for split, by_class in found.items()
        },
    )


def _in_splits(
    by_top: ByClass,
    splits: dict[str, Split],
    top: int,
    folders: list[Parts],
    passed: PassedOver,
) -> dict[Split, ByClass]:
    """The images of each split that has labels, by class; notes splits that hold none."""
    for folder in folders:
        if len(folder) == top + 1 and split_of(folder[top]) and folder[top] not in by_top:
            passed.add("empty", "/".join(folder))
    found = {
        split: _split_classes(by_top[name], split, top + 1, folders, passed)
        for name, split in splits.items()
    }
    labelled = {split: by_class for split, by_class in found.items() if by_class}
    if len(labelled) == 1:  # without a second split with the same folders these may be splits
        named = _named(labelled["train"])
        others = sorted(labelled["train"].keys() - named.keys())
        if named and not _is_class_of_trains(named):
            raise DataError(_split_or_class(named, others))
        _refuse_two_splits(labelled["train"])
    return labelled


def _parts(name: str) -> Parts:
    return tuple(unicodedata.normalize("NFC", name).split("/"))


def _grouped(files: Iterable[Parts], level: int) -> ByClass:
    """The files by their folder at a level."""
    groups: ByClass = {}
    for file in files:
        groups.setdefault(file[level], []).append(file)
    return groups


def _top(files: list[Parts]) -> int:
    """Number of folders around the layout: shared by all images, with two levels left inside.

    A folder with a name for training images is a split and not around the layout, unless it holds
    splits itself.
    """
    top = 0
    while _only_folder(files, top):
        below = {split_of(f[top + 1]) for f in files} - {None}
        if split_of(files[0][top]) == "train" and len(below) < 2:
            break
        top += 1
    return top


def _only_folder(files: list[Parts], level: int) -> bool:
    """Whether all files lie in one folder at a level, and in folders below it."""
    return all(len(f) > level + 2 and f[level] == files[0][level] for f in files)


def _folders_in(files: list[Parts], level: int) -> set[str]:
    """The folders at a level, below which more folders or files are."""
    return {file[level] for file in files if len(file) > level + 1}


def _splits(by_top: ByClass, top: int) -> dict[str, Split]:
    """The split of each folder, the training split first; empty if the folders are classes.

    Raises:
        DataError: it is unclear, two folders are the same split, or there is no training split.
    """
    named = _named(by_top)
    others = sorted(by_top.keys() - named.keys())
    with_folders = [name for name in named if any(len(f) > top + 2 for f in by_top[name])]
    if not named or (others and not with_folders and _is_class_of_trains(named)):
        return {}
    if others:
        if any(named[name] == "train" for name in with_folders):
            raise DataError(
                f"folder {quoted_path(others[0])} stands beside {_all(sorted(named))}, and is no "
                "split by its name. Remove it, or give it the name of a split: "
                f"{', '.join(words[0] for words in WORDS.values())}"
            )
        raise DataError(_split_or_class(named, others))
    for name, split in sorted(named.items()):
        if twin := next((n for n in sorted(named) if n > name and named[n] == split), None):
            raise DataError(
                f"folders {quoted_path(name)} and {quoted_path(twin)} are both the split "
                f"{split!r} by their names. Keep one, or put their classes together"
            )
    training = next((name for name, split in named.items() if split == "train"), None)
    if training is None:
        raise DataError(
            f"the splits {', '.join(map(quoted_path, sorted(named)))} are here, but none to "
            f"train on. Add one under one of the names {TRAINING_NAMES}; or, if these are "
            "classes, give them "
            "other names"
        )
    return {name: named[name] for name in sorted(named, key=lambda name: name != training)}


def _named(folders: Iterable[str]) -> dict[str, Split]:
    """Folders whose names are names of splits, with their splits."""
    return {name: split for name in folders if (split := split_of(name)) is not None}


def _all(names: Iterable[str]) -> str:
    """Names as messages list them."""
    return " and ".join(map(quoted_path, names))


def _split_or_class(named: dict[str, Split], others: list[str]) -> str:
    beside = f"stands beside {quoted_path(others[0])}" if others else "stands in one"
    return (
        f"folder {_all(sorted(named))} {beside}: a split or a class? If it is a "
        "class, give it another name; if it is a split, put the classes to train on into one named "
        "'train'"
    )


def _is_class_of_trains(named: dict[str, Split]) -> bool:
    """Whether the only name of a split among classes is "train", which is also a vehicle."""
    return [name.casefold() for name in named] == ["train"]


def _split_classes(
    files: list[Parts], split: Split, level: int, folders: list[Parts], passed: PassedOver
) -> ByClass:
    """The images of a split by class; empty, with a note, if the split has no labels.

    Raises:
        DataError: the training split has no labels.
    """

    def inner(name: str) -> bool:
        return split_of(name) == split or says_nothing(name)

    while _only_folder(files, level) and inner(files[0][level]):
        level += 1
    no_classes = all(
        len(f) == level + 1 or (len(f) == level + 2 and inner(f[level])) for f in files
    )
    if split != "unlabelled" and not no_classes:
        return _by_class(files, level, folders, passed)
    if split == "train":
        raise DataError(
            f"the images in {quoted_path('/'.join(files[0][:level]))}, by its name the split "
            f"to train on, lie in no class folders, such as {quoted_path('/'.join(files[0]))}; "
            f"{EXPECTED}"
        )
    for file in files:
        passed.add("unlabelled", "/".join(file))
    return {}


def _by_class(files: list[Parts], level: int, folders: list[Parts], passed: PassedOver) -> ByClass:
    """The images by class, for class folders at this level.

    Raises:
        DataError: an image outside the class folders, a class folder without images, or one that
            holds splits or classes.
    """
    if stray := next((file for file in files if len(file) < level + 2), None):
        raise DataError(_stray(stray))
    found = _grouped(files, level)
    _refuse_folders_inside(found, level)
    for folder in folders:
        beside = len(folder) == level + 1 and folder[:level] == files[0][:level]
        if beside and folder[level] not in found:
            raise DataError(_empty("/".join(folder), passed))
    return found


def _refuse_splits(by_class: ByClass, level: int) -> None:
    """Check that the classes are no splits with unknown names.

    Raises:
        DataError: their names, or the folders inside them, look like those of splits.
    """
    _refuse_two_splits(by_class)
    inside = {name: _folders_in(files, level + 1) for name, files in sorted(by_class.items())}
    for name, folders in inside.items():
        others = [other for other in inside if other != name]
        if others and split_named_in(name) and all(len(inside[one]) > 1 for one in others):
            raise DataError(_splits_or_classes([name, *others]))
        if twin := next((n for n in others if len(folders & inside[n]) > 1), None):
            held = _all(sorted(folders & inside[twin])[:2])
            raise DataError(f"{_splits_or_classes([name, twin])} Both hold {held}")


def _refuse_two_splits(names: Iterable[str]) -> None:
    """Check that the names of folders do not contain words for different splits."""
    named = {split: name for name in sorted(names) if (split := split_named_in(name))}
    if len(named) > 1:
        raise DataError(_splits_or_classes(sorted(named.values())))


def _splits_or_classes(names: list[str]) -> str:
    return (
        f"folders {_all(names[:2])}: splits or classes? If they are splits, name them 'train', "
        "'validation' or 'test'; if they are classes, give them names without these words and put "
        "their images right into them."
    )


def _refuse_folders_inside(by_class: ByClass, level: int) -> None:
    """Check that no class folder holds splits, or a second set of the classes.

    Raises:
        DataError: a class folder does.
    """
    for name, files in sorted(by_class.items()):
        inside = _folders_in(files, level + 1)
        splits = {split: f for f in sorted(inside) if (split := split_named_in(f))}
        if len(splits) > 1:
            raise DataError(
                f"folder {quoted_path(name)} holds {_all(splits.values())}, which are splits by "
                "their names, below the classes. Put the classes into the splits: "
                "train/<class>/<image>"
            )
        again = sorted((inside & by_class.keys()) - {name})
        if len(again) > 1:
            raise DataError(
                f"folder {quoted_path(name)} stands among the classes and holds class folders "
                f"of the same names, {_all(again[:2])}: a copy? Remove it, or give the folder "
                "that holds the classes and nothing else"
            )


def _shared_classes(members: dict[Split, ByClass]) -> tuple[str, ...]:
    """The classes, which must be the same in every split."""
    classes = set(members["train"])
    for split, by_class in members.items():
        for name in sorted(classes ^ set(by_class)):
            where, not_where = ("train", split) if name in classes else (split, "train")
            there = by_class if not_where == split else classes
            near = next((n for n in sorted(there) if n.casefold() == name.casefold()), None)
            raise DataError(
                f"class {quoted_path(name)} has images in the split {where!r} but none in "
                f"{not_where!r}"
                + (
                    f", which has {quoted_path(near)}: give both the same name"
                    if near
                    else "; every split needs the same classes"
                )
            )
    if len(classes) < 2:
        raise DataError(f"only one class, {quoted_path(classes.pop())}; at least two are needed")
    return tuple(sorted(classes))


def _no_image(passed: PassedOver) -> str:
    there = f" Passed over: {'; '.join(passed.notes)}" if passed.notes else ""
    return f"no images found; {EXPECTED}, with the endings {' '.join(ENDINGS)}.{there}"


def _stray(file: Parts) -> str:
    return (
        f"image {quoted_path('/'.join(file))} lies in no class folder; {EXPECTED}. Move it "
        "into one, or remove it"
    )


def _empty(folder: str, passed: PassedOver) -> str:
    held = sorted(n for names in passed.names.values() for n in names if n.startswith(f"{folder}/"))
    there = f" that is read here, only {quoted_path(held[0])} or the like" if held else ""
    return (
        f"class folder {quoted_path(folder)} holds no image{there}; remove it, or add images "
        f"with one of the endings {' '.join(ENDINGS)}"
    )

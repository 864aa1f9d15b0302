"""Which image belongs to which class and split, from file names alone.

Two layouts are known, both of torchvision's ImageFolder kind: `<class>/...` and
`<split>/<class>/...`. Folders above them that hold nothing else are skipped.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from snnlab.data.spec import DataError

ENDINGS = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")
SPLIT_FOLDERS = {
    "train": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
}
EXPECTED = "expected <class>/<image>, or train/<class>/<image> and test/<class>/<image>"


@dataclass(frozen=True)
class Layout:
    """Classes, and for each split the names of its images with their labels."""

    classes: tuple[str, ...]
    splits: dict[str, list[tuple[str, int]]]


def is_image(name: str) -> bool:
    """Whether a file name ends like an image and is not hidden."""
    return name.lower().endswith(ENDINGS) and not is_hidden(name)


def is_hidden(name: str) -> bool:
    """Whether any part of a path starts with a dot or is what macOS adds to archives."""
    return any(part.startswith(".") or part == "__MACOSX" for part in name.split("/"))


def arrange(images: Iterable[str], folders: Iterable[str]) -> Layout:
    """Sort images into classes and splits.

    Args:
        images: paths of images, parts separated by "/".
        folders: paths of folders that are there even if no image is in them.

    Returns:
        classes in alphabetical order; the split "train", and "validation" and "test" where there
        are such folders.

    Raises:
        DataError: no image, an image outside a class folder, a class without images, fewer than
            two classes, or splits with different classes.
    """
    files = sorted(tuple(name.split("/")) for name in images)
    if not files:
        raise DataError(f"no images found; {EXPECTED}, with the endings {' '.join(ENDINGS)}")
    depth = _shared_depth(files)
    tops = {file[depth] for file in files}
    split_level = "train" in tops and any(f[depth] == "train" and len(f) > depth + 2 for f in files)
    if split_level and not tops <= SPLIT_FOLDERS.keys():
        other = sorted(tops - SPLIT_FOLDERS.keys())[0]
        raise DataError(
            f"folder {other!r} stands beside 'train'; valid there: {', '.join(SPLIT_FOLDERS)}"
        )
    level = depth + split_level  # where the class names stand
    members: dict[str, dict[str, list[str]]] = {}  # split -> class -> images
    for file in files:
        if len(file) < level + 2:
            raise DataError(f"image {'/'.join(file)!r} lies in no class folder; {EXPECTED}")
        split = SPLIT_FOLDERS[file[depth]] if split_level else "train"
        members.setdefault(split, {}).setdefault(file[level], []).append("/".join(file))
    _refuse_empty_classes(folders, files[0][:depth], level, members)
    classes = _shared_classes(members)
    label = {name: i for i, name in enumerate(classes)}
    return Layout(
        classes,
        {
            split: [(name, label[c]) for c in classes for name in by_class[c]]
            for split, by_class in members.items()
        },
    )


def _shared_depth(files: list[tuple[str, ...]]) -> int:
    """Number of folders above the layout: shared by all images, with two levels left below."""
    depth = 0
    while all(len(f) > depth + 2 and f[depth] == files[0][depth] for f in files):
        depth += 1
    return depth


def _refuse_empty_classes(
    folders: Iterable[str],
    above: tuple[str, ...],
    level: int,
    members: dict[str, dict[str, list[str]]],
) -> None:
    """Check that every folder at the level of the classes holds an image."""
    for folder in sorted(folders):
        parts = tuple(folder.split("/"))
        if len(parts) != level + 1 or parts[: len(above)] != above or is_hidden(folder):
            continue
        split = "train" if level == len(above) else SPLIT_FOLDERS.get(parts[len(above)], "")
        if parts[level] not in members.get(split, {}):
            raise DataError(
                f"class folder {folder!r} holds no image; remove it, or add images with one of "
                f"the endings {' '.join(ENDINGS)}"
            )


def _shared_classes(members: dict[str, dict[str, list[str]]]) -> tuple[str, ...]:
    """The classes, which must be the same in every split."""
    classes = set(members["train"])
    for split, by_class in members.items():
        for name in sorted(classes ^ set(by_class)):
            where, not_where = ("train", split) if name in classes else (split, "train")
            raise DataError(
                f"class {name!r} has images in the split {where!r} but none in {not_where!r}"
            )
    if len(classes) < 2:
        raise DataError(f"only one class, {classes.pop()!r}; at least two are needed")
    return tuple(sorted(classes))

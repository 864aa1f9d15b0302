"""Folders made by the thousand: a sentence that quotes them, or the right images; packed the same.

`planned` folders follow a plan, so that what is right is known; `heaps` are folders and files of
names that mean something, in no order at all.
"""

from __future__ import annotations

import io
import tarfile
import tempfile
import unicodedata
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from snnlab.data import Data, load_data
from snnlab.data.layout import Layout, arrange, hidden_part, is_image
from snnlab.data.passed_over import PassedOver
from snnlab.data.spec import CATALOGUE, DataError, DataWarning, existing
from snnlab.data.split_names import split_of

Tree = dict[str, bytes]
"""Files by path."""
QUICK, MANY = settings(max_examples=15), settings(max_examples=1200)


@pytest.fixture(autouse=True)
def no_cache(own_cache: Path) -> None:
    """Each folder is read once: a file in the place of the cache folder keeps it from growing."""
    own_cache.touch()


def picture(value: int, kind: str = "png") -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.full((4, 4), value, dtype=np.uint8)).save(file, kind)
    return file.getvalue()


PICTURES = [picture(value) for value in range(256)]


def as_folder(tree: Tree, root: Path) -> Path:
    for name, content in tree.items():
        path = root / "pets" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root / "pets"


def as_zip(tree: Tree, root: Path, prefix: str = "", separator: str = "/") -> Path:
    path = root / f"p{len(list(root.iterdir()))}.zip"
    with zipfile.ZipFile(path, "w") as packed:
        for name, content in tree.items():
            entry = zipfile.ZipInfo("x")
            entry.filename = (prefix + name).replace("/", separator)
            packed.writestr(entry, content)
    return path


def as_tar(tree: Tree, root: Path, prefix: str = "") -> Path:
    path = root / f"p{len(list(root.iterdir()))}.tar"
    with tarfile.open(path, "w") as packed:
        for name, content in tree.items():
            member = tarfile.TarInfo(prefix + name)
            member.size = len(content)
            packed.addfile(member, io.BytesIO(content))
    return path


def loaded(path: Path) -> Data | str:
    """The data, or the sentence."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DataWarning)
            return load_data(str(path))
    except DataError as error:
        said = str(error)
        assert "\n" not in said
        return said.replace(f"'{path}'", "it").replace(str(path), "it")


def assert_equal(one: Data | str, other: Data | str) -> None:
    if isinstance(one, str) or isinstance(other, str):
        assert one == other
        return
    assert (one.classes, one.notes) == (other.classes, other.notes)
    for split in ("train", "validation", "test"):
        ours, theirs = getattr(one, split), getattr(other, split)
        assert torch.equal(ours.pixels, theirs.pixels)
        assert torch.equal(ours.labels, theirs.labels)


@pytest.mark.slow
@given(st.text(max_size=30) | st.sampled_from(["~nobody/x", "a\0/b", "x/" * 3000, "x" * 5000]))
def test_any_text_is_a_path_or_told(name: str) -> None:
    if name not in CATALOGUE and existing(name) is None:
        with pytest.raises(DataError, match=r"^Unknown data set ") as told:
            load_data(name)
        assert len(str(told.value)) < 400


CLASSES = ["cat", "dog", "a b", "Käfer", "猫", "it's", "1", "#", "C++", "é", "rené", "x" * 60]
JUNK = ["notes.txt", ".DS_Store", "Thumbs.db", "labels.csv", "x.zip", "desktop.ini", "photo.heic"]
SPLITS = {
    "train": ["train", "Training", "seg_train", "training_set", "TRAIN", "Train images"],
    "validation": ["val", "Valid", "validation_set", "dev"],
    "test": ["test", "Testing", "seg_test", "test_set", "TEST"],
}
ABOVE = ["", "dataset/", "my photos/2024/", "seg/"]


@dataclass
class Plan:
    """A folder, and what is right for it."""

    tree: Tree
    classes: tuple[str, ...]
    counts: dict[str, Counter[tuple[str, int]]]
    """How many images each split has of each class and grey value; no test split: all of them."""
    junk: int


@st.composite
def planned(draw: st.DrawFn) -> Plan:
    classes = draw(st.lists(st.sampled_from(CLASSES), min_size=2, max_size=3, unique=True))
    above = draw(st.sampled_from(ABOVE))
    used = draw(st.sampled_from([(), ("train",), ("train", "test"), tuple(SPLITS)]))
    folders = {split: draw(st.sampled_from(SPLITS[split])) for split in used} or {"train": ""}
    twice = draw(st.booleans())
    tree: Tree = {}
    counts: dict[str, Counter[tuple[str, int]]] = {}
    for split, folder in folders.items():
        inner = f"{folder}/{folder}" if folder and twice else folder
        counts[split] = Counter()
        for name in classes:
            for i in range(draw(st.integers(4, 6))):
                form = draw(st.sampled_from(["NFC", "NFD"]))
                value = draw(st.integers(0, 255))
                deeper = draw(st.sampled_from(["", "", "old/"]))
                file = draw(st.sampled_from([f"{i}.png", f"{i}.PNG", f"Bild {i}.jpg", f"é{i}.jpe"]))
                path = f"{above}{inner}/{unicodedata.normalize(form, name)}/{deeper}{file}"
                tree[path.replace("//", "/").lstrip("/")] = PICTURES[value]
                counts[split][name, value] += 1
    places = sorted({path.rpartition("/")[0] for path in tree})
    junk = {
        f"{draw(st.sampled_from(places))}/{draw(st.sampled_from(JUNK))}": b"x"
        for _ in range(draw(st.integers(0, 3)))
    }
    if draw(st.booleans()):
        junk |= {f"__MACOSX/{path}": b"x" for path in list(tree)[:1]}
    order = draw(st.permutations(list((tree | junk).items())))
    return Plan(dict(order), tuple(sorted(classes)), counts, len(junk))


def check_plan(plan: Plan) -> None:
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        data = loaded(as_folder(plan.tree, root))
        assert isinstance(data, Data), data
        assert data.classes == plan.classes
        found = {
            split: Counter(
                (data.classes[label], value)
                for images in parts
                for label, value in zip(
                    images.labels.tolist(), images.pixels[:, 0, 0, 0].tolist(), strict=True
                )
            )
            for split, parts in {
                "train": (data.train,),
                "validation": (data.validation,),
                "test": (data.test,),
            }.items()
        }
        given = sum(plan.counts.values(), Counter())
        assert sum(found.values(), Counter()) == given
        for split in ("validation", "test"):
            if split in plan.counts:
                assert found[split] == plan.counts[split]
        assert sum(int(note.split()[0].replace(",", "")) for note in data.notes) == plan.junk
        assert_equal(loaded(as_zip(plan.tree, root)), data)
        assert_equal(loaded(as_zip(plan.tree, root, separator="\\")), data)
        assert_equal(loaded(as_tar(plan.tree, root, "./")), data)


@QUICK
@given(planned())
def test_planned_folders_give_what_was_planned(plan: Plan) -> None:
    check_plan(plan)


@pytest.mark.slow
@settings(max_examples=500)
@given(planned())
def test_many_planned_folders_give_what_was_planned(plan: Plan) -> None:
    check_plan(plan)


FOLDERS = [
    *("cat", "dog", "train", "Training", "test", "val", "images", "seg_pred", "seg_train"),
    *(".git", "__MACOSX", "Käfer", "Käfer", "Cat", "x y"),
]
FILES = ["1.png", "2.png", "3.jpg", ".hidden.png", "notes.txt", "a.heic", "Thumbs.db", "in.zip"]
PATHS = st.builds(
    lambda folders, file: "/".join([*folders, file]),
    st.lists(st.sampled_from(FOLDERS), max_size=4),
    st.sampled_from(FILES),
)
heaps = st.sets(PATHS, max_size=14)


def composed(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def check_heap(paths: set[str]) -> Layout | None:
    """A sentence that quotes a name, or every image has one place and no class is a split."""
    images = [path for path in paths if is_image(path)]
    passed = PassedOver()
    parents = {str(parent) for path in paths for parent in Path(path).parents} - {"."}
    folders = {folder for folder in parents if hidden_part(folder) is None}
    try:
        layout = arrange(images, folders, passed)
    except DataError as error:
        said = str(error)
        assert "\n" not in said
        parts = {part for path in paths for part in composed(path).split("/")}
        quoted = any(f"'{part}'" in said or f"/{part}'" in said for part in parts)
        assert quoted or "no images found" in said, said
        return None
    taken = [name for split in layout.splits.values() for name, _ in split]
    left = passed.names.get("unlabelled", set())
    assert len(set(taken)) == len(taken)
    assert not {composed(name) for name in taken} & left
    assert {composed(name) for name in taken} | left == {composed(name) for name in images}
    assert list(layout.classes) == sorted({composed(c) for c in layout.classes})
    for split, members in layout.splits.items():
        assert {label for _, label in members} == set(range(len(layout.classes)))
        for name, label in members:
            folders_of = [composed(part) for part in name.split("/")[:-1]]
            assert layout.classes[label] in folders_of
            above = folders_of[: folders_of.index(layout.classes[label])]
            if len(layout.splits) > 1:
                assert split in {split_of(part) for part in above}
    if len(layout.splits) == 1:  # then a name of a split is a vehicle, beside other classes
        assert not ({"test", "val", "Training"} & set(layout.classes))
    return layout


@settings(max_examples=200)
@given(heaps)
def test_heaps_of_files_are_told_or_read(paths: set[str]) -> None:
    check_heap(paths)


@pytest.mark.slow
@settings(max_examples=10_000)
@given(heaps)
def test_many_heaps_of_files_are_told_or_read(paths: set[str]) -> None:
    check_heap(paths)


def possible(paths: set[str]) -> bool:
    """Whether no path is a file and a folder, on a system that keeps accents as they are."""
    return not any(str(parent) in paths for path in paths for parent in Path(path).parents)


def check_packed_heap(paths: set[str]) -> None:
    kinds = [PICTURES[3], picture(5, "gif"), b"", b"<html>"]
    weights = [0] * 9 + [1, 2, 3]
    tree = {path: kinds[weights[sum(path.encode()) % len(weights)]] for path in sorted(paths)}
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        (root / "pets").mkdir()
        folder = loaded(as_folder(tree, root))
        assert_equal(loaded(as_zip(tree, root)), folder)
        assert_equal(loaded(as_tar(tree, root)), folder)


@QUICK
@given(heaps.filter(possible))
def test_a_packed_heap_is_told_or_read_as_the_folder(paths: set[str]) -> None:
    check_packed_heap(paths)


@pytest.mark.slow
@MANY
@given(heaps.filter(possible))
def test_many_packed_heaps_are_told_or_read_as_the_folder(paths: set[str]) -> None:
    check_packed_heap(paths)


def small_archive(kind: str) -> bytes:
    tree = {f"{c}/{i}.png": PICTURES[40 * i] for c in ("cat", "dog") for i in range(4)}
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        if kind == "zip":
            return as_zip(tree, root).read_bytes()
        plain = as_tar(tree, root).read_bytes()
    if kind == "tar":
        return plain
    import bz2
    import gzip
    import lzma

    return {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}[kind](plain)


@st.composite
def damaged(draw: st.DrawFn) -> tuple[str, bytes]:
    kind = draw(st.sampled_from(["zip", "tar", "gz", "bz2", "xz"]))
    content = bytearray(ARCHIVES[kind])
    for _ in range(draw(st.integers(0, 4))):
        content[draw(st.integers(0, len(content) - 1))] = draw(st.integers(0, 255))
    start, end = draw(st.integers(0, 40)), draw(st.integers(0, len(content)))
    how = draw(st.sampled_from(["whole", "cut", "doubled", "headless", "hole"]))
    parts: Mapping[str, Callable[[], bytes]] = {
        "whole": lambda: bytes(content),
        "cut": lambda: bytes(content[:end]),
        "doubled": lambda: bytes(content) + bytes(content[:end]),
        "headless": lambda: bytes(content[start:]),
        "hole": lambda: bytes(content[:end]) + bytes(content[end + start :]),
    }
    return kind, parts[how]()


ARCHIVES = {kind: small_archive(kind) for kind in ("zip", "tar", "gz", "bz2", "xz")}


def check_damaged(kind: str, content: bytes) -> None:
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / f"p.{kind}"
        path.write_bytes(content)
        found = loaded(path)
        if isinstance(found, str):
            assert found.startswith(("it: ", "Data set it: "))
        else:
            assert len(found.train) + len(found.validation) + len(found.test) <= 8


@settings(max_examples=120)
@given(damaged())
def test_damaged_archives_are_read_or_told(archive: tuple[str, bytes]) -> None:
    check_damaged(*archive)


@pytest.mark.slow
@settings(max_examples=4000)
@given(damaged())
def test_many_damaged_archives_are_read_or_told(archive: tuple[str, bytes]) -> None:
    check_damaged(*archive)

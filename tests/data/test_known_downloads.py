"""Folders as well-known downloads have them: splits are splits, or refused by name."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from snnlab.data import load_data
from snnlab.data.layout import arrange
from snnlab.data.passed_over import PassedOver
from snnlab.data.spec import DataError, DataWarning
from snnlab.data.split_names import says_nothing, split_of

Write = Callable[..., Path]
TWO = ("cat", "dog")

NAMES = {
    "train": [
        *("train", "Train", "TRAIN", "training", "Training", "training_set", "trainingSet"),
        *("seg_train", "train_data", "Training Data", "train-images", "trainset", "train2017"),
        *("train_224", "data_train", "training.set", "train_img"),
    ],
    "validation": [
        *("val", "valid", "Validation", "validation_set", "VAL", "val2017", "dev", "dev_set"),
        *("development", "valid_images", "Val-Split"),
    ],
    "test": ["test", "Test", "testing", "Testing", "test_set", "seg_test", "TestSet", "test1"],
    "unlabelled": ["pred", "seg_pred", "unlabeled", "Unlabelled images", "predictions"],
    None: [
        *(
            "cat",
            "trainer",
            "trainers",
            "trains",
            "tests",
            "test_tube",
            "contest",
            "value",
            "valve",
        ),
        *(
            "invalid",
            "latest",
            "protest",
            "retraining",
            "testament",
            "",
            "+",
            "4",
            "images",
            "rain",
        ),
        *("Straßenbahn", "テスト", "training shoes", "predator", "device"),
    ],
}
"""By what they are."""


@pytest.mark.parametrize("split", NAMES)
def test_names_of_splits(split: str | None):
    assert {name: split_of(name) for name in NAMES[split]} == dict.fromkeys(NAMES[split], split)


def test_names_that_say_nothing():
    assert all(map(says_nothing, ("images", "Images", "img", "data set", "JPEGImages", "photos2")))
    assert not any(map(says_nothing, ("cat", "0", "12", "+", "", "train", "imagery")))


@pytest.mark.parametrize("part", ["dataset", "data", "images", "imgset", "train", "pngraw", "seg"])
def test_no_name_takes_long(part: str):
    start = time.process_time()
    assert split_of(part * 2000 + "x") is None
    assert not says_nothing(part * 2000 + "x")
    assert time.process_time() - start < 1


LAYOUTS = {
    "Kaggle's Intel scenes": ("seg_train/seg_train/{}", "", "seg_test/seg_test/{}"),
    "brain tumours": ("Training/{}", "", "Testing/{}"),
    "cats and dogs": ("dataset/training_set/{}", "", "dataset/test_set/{}"),
    "chest x-rays": ("chest_xray/train/{}", "chest_xray/val/{}", "chest_xray/test/{}"),
    "fruits": ("fruits-360/Training/{}", "", "fruits-360/Test/{}"),
    "imagenette": ("imagenette2-160/train/{}", "imagenette2-160/val/{}", ""),
    "hymenoptera": ("hymenoptera_data/train/{}", "hymenoptera_data/val/{}", ""),
    "with a folder of images": ("train/images/{}", "valid/images/{}", "test/images/{}"),
    "of a tool": ("TRAIN/{}", "DEV/{}", "EVAL/{}"),
    "in a folder of that name": ("train/train/{}", "", "train/test/{}"),
    "in a folder called test": ("test/train/{}", "", "test/test/{}"),
    "training alone": ("data/train/{}", "", ""),
    "in a folder of somebody who tries": ("test/{}", "", ""),
}
"""Where each split of a download has its classes: training, validation, test."""


@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.parametrize("how", ["folder", "zip", "tar.gz"])
def test_splits_of_well_known_downloads(
    name: str, how: str, tmp_path: Path, write_folder: Write, pack: Write
):
    root, counts = tmp_path / "d", (10, 3, 4)
    for place, count in zip(LAYOUTS[name], counts, strict=True):
        if place:
            write_folder(root, [place.format(one) for one in TWO], count)
    path = root if how == "folder" else pack(root, tmp_path / f"d.{how}")
    data = load_data(str(path))
    assert data.classes == TWO
    has = [bool(place) for place in LAYOUTS[name]]
    test = 8 if has[2] else 5
    assert len(data.test) == test
    left = 20 if has[2] else 20 - test
    assert len(data.validation) == (6 if has[1] else round(left / 10))
    assert len(data.train) == (left if has[1] else left - len(data.validation))
    if has[2]:
        values = torch.tensor([0, 10, 20, 30])
        assert (
            data.test.pixels[:, 0, 0, 0].sort().values.tolist()
            == values.repeat_interleave(2).tolist()
        )


@pytest.mark.parametrize(
    ("folders", "notes"),
    [
        (["seg_train/seg_train/cat", "seg_train/seg_train/dog", "seg_pred/seg_pred"], "seg_pred"),
        (["train/cat", "train/dog", "Test"], "Test"),
        (["train/cat", "train/dog", "val/images"], "val"),  # as in tiny ImageNet
        (["train/cat", "train/dog", "unlabeled/a", "unlabeled/b"], "unlabeled"),
    ],
)
def test_a_split_without_labels_is_passed_over_and_named(
    folders: list[str], notes: str, tmp_path: Path, write_folder: Write
):
    write_folder(tmp_path / "d", folders)
    count = 8 * len(folders) - 16
    with pytest.warns(DataWarning, match=f"{count} images without labels.*: '{notes}/"):
        data = load_data(str(tmp_path / "d"))
    assert data.classes == TWO
    assert len(data.train) + len(data.validation) + len(data.test) == 16


def test_an_empty_split_is_named(tmp_path: Path, write_folder: Write):
    root = write_folder(tmp_path / "d", ("train/cat", "train/dog"))
    (root / "test" / "cat").mkdir(parents=True)
    with pytest.warns(DataWarning, match="1 folder of a split without images: 'test'"):
        assert load_data(str(root)).classes == TWO


REFUSED = [
    (["Train", "Test"], "Train', by its name the split to train on, lie in no class folders"),
    (["train", "test", "val"], "train/00.png'; expected <class>/<image>"),
    (["training_set/images"], "training_set', .*such as .*training_set/images/00.png'"),
    (["cat", "dog", "test"], "'test' stands beside 'cat': a split or a class?"),
    (["cat", "dog", "Training"], "'Training' stands beside 'cat': a split or a class?"),
    (["cat", "dog", "test/cat", "test/dog"], "'test' stands beside 'cat': a split or a class?"),
    (["train/cat", "train/dog", "train/Training"], "'Training' stands beside 'cat': a split or"),
    (["valid", "invalid"], "'valid' stands beside 'invalid': a split or a class?"),
    (["train", "test", "tram"], "'test' and 'train' stands? beside 'tram'"),
    (["train/cat", "train/dog", "extra/cat"], "'extra' stands beside 'train', and is no split"),
    (["Test/cat", "Test/dog", "Val/cat", "Val/dog"], "'Test', 'Val' are here, but none to train"),
    (["test1", "test2"], "'test1' and 'test2' are both the split 'test'"),
    (["train/cat", "train/dog", "Training/cat"], "'Training' and 'train' are both the split 'tra"),
    (["cat/train", "cat/test", "dog/train", "dog/test"], "'cat' holds 'test' and 'train'.*below"),
    (["cat", "dog", "pets/cat", "pets/dog"], "'pets' stands among the classes and holds class fo"),
    (
        ["train/Cat", "train/dog", "test/cat", "test/dog"],
        "'Cat' has images .*which has 'cat': give",
    ),
]


@pytest.mark.parametrize(("folders", "message"), REFUSED)
@pytest.mark.parametrize("above", ["", "dataset/"])
def test_what_cannot_be_told_is_refused_by_name(folders: list[str], message: str, above: str):
    images = [f"{above}{folder}/{i:02}.png" for folder in folders for i in range(3)]
    with pytest.raises(DataError, match=message) as told:
        arrange(images, [], PassedOver())
    assert "\n" not in str(told.value)


def test_a_class_in_a_split_may_have_the_name_of_a_split():
    images = [f"{s}/{c}/1.png" for s in ("train", "test") for c in ("valid", "invalid")]
    assert arrange(images, [], PassedOver()).classes == ("invalid", "valid")
    images = [f"training/{c}/1.png" for c in ("car", "train")]
    assert arrange(images, [], PassedOver()).classes == ("car", "train")


def test_signs_and_numbers_are_names_of_classes():
    for names in (("+", "-"), ("0", "1"), ("images1", "cat")):
        images = [f"train/{name}/1.png" for name in names]
        assert arrange(images, [], PassedOver()).classes == tuple(sorted(names))


PAIRS = [
    *(("asl_alphabet_train", "asl_alphabet_test"), ("Final_Training", "Final_Test")),
    *(("rps", "rps-test-set"), ("horse-or-human", "validation-horse-or-human")),
    *(("DIV2K_train_HR", "DIV2K_valid_HR"), ("trainA", "testA"), ("train_32x32", "test_32x32")),
    *(("1. Train", "2. Test"), ("01_train", "02_test"), ("ILSVRC2012_img_train", "X_val")),
    *(("Trainingsdaten", "Testdaten"), ("part1", "part2"), ("fold1", "fold2")),
    ("entrenamiento", "prueba"),
]


@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("above", ["", "download/"])
def test_splits_under_other_names_are_never_classes(pair: tuple[str, str], above: str):
    images = [f"{above}{s}/{c}/{i}.png" for s in pair for c in TWO for i in range(3)]
    with pytest.raises(DataError, match="splits or classes") as told:
        arrange(images, [], PassedOver())
    assert all(repr(name) in str(told.value) for name in pair)


@pytest.mark.parametrize(
    "folders",
    [
        ["asl_train/asl_train/A", "asl_train/asl_train/B", "asl_test/asl_test"],
        ["simpsons/bart", "simpsons/homer", "kaggle_simpson_testset/kaggle_simpson_testset"],
        ["cat/cat_train", "cat/cat_test", "dog/dog_train", "dog/dog_test"],
        ["train/Test/a", "train/Test/b", "train/seg_test/a", "train/seg_test/b"],
        ["train/Train/a", "train/Train/b", "train/training_set/a", "train/training_set/b"],
    ],
)
def test_splits_that_lie_otherwise_are_never_classes(folders: list[str]):
    with pytest.raises(DataError, match=r"splits? or (a )?class|splits by their names"):
        arrange([f"{f}/{i}.png" for f in folders for i in range(3)], [], PassedOver())


def test_a_word_of_a_split_may_stand_in_the_name_of_a_class():
    for names in (("test tube", "cat"), ("bullet train", "freight train", "contest")):
        images = [f"{name}/{i}.png" for name in names for i in range(3)]
        assert arrange(images, [], PassedOver()).classes == tuple(sorted(names))
    rooms = [f"{s}/{c}/{r}/1.png" for s in ("train", "test") for c in TWO for r in ("in", "out")]
    assert arrange(rooms, [], PassedOver()).classes == TWO

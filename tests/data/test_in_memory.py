"""Images as people have them: tensors, arrays, data sets and loaders of torch."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torch.utils.data import (
    DataLoader,
    Dataset,
    IterableDataset,
    SubsetRandomSampler,
    TensorDataset,
)

from snnlab import accuracy, accuracy_against_timesteps, convert, fit, load_data, residuals
from snnlab.conversion import convert_ann
from snnlab.data import DataError, data_of, images_of
from snnlab.data.images import as_picture
from snnlab.data.limits import Limits
from snnlab.learning import SingleStep, Training
from snnlab.network import Architecture, build
from snnlab.neuron import Noise

X = torch.rand(6, 1, 8, 8, generator=torch.Generator().manual_seed(0))
Y = torch.arange(6)


class Listed(Dataset[Any]):
    """A data set of the items that it is given."""

    def __init__(self, items: list[Any]) -> None:
        self.items = items

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> Any:
        return self.items[index]


class Endless(IterableDataset[Any]):
    """Images without end."""

    def __iter__(self) -> Iterator[Any]:
        while True:
            yield torch.rand(1, 8, 8), 1


class Drawn(Listed):
    """Another image each time."""

    def __getitem__(self, index: int) -> Any:
        return torch.rand(1, 8, 8), 1


SAME: dict[str, Any] = {
    "tensors": (X, Y),
    "a list of two": [X, Y],
    "arrays": (X.numpy(), Y.numpy()),
    "another byte order": (X.numpy().astype(">f4"), Y.numpy()),
    "without channels": (X[:, 0], Y),
    "one-hot": (X, torch.nn.functional.one_hot(Y)),
    "a column of labels": (X, Y[:, None]),
    "whole floats as labels": (X, Y.double()),
    "a TensorDataset": TensorDataset(X, Y),
    "a Dataset": Listed([(x, int(y)) for x, y in zip(X, Y, strict=True)]),
    "a Dataset of arrays": Listed([(x[0].numpy(), np.int32(y)) for x, y in zip(X, Y, strict=True)]),
    "a list of pairs": [(x, y) for x, y in zip(X, Y, strict=True)],
    "a DataLoader": DataLoader(TensorDataset(X, Y), batch_size=4),
    "one that shuffles": DataLoader(TensorDataset(X, Y), 4, shuffle=True, drop_last=True),
    "one without batches": DataLoader(TensorDataset(X, Y), batch_size=None),
    "a generator": ((x, y) for x, y in zip(X, Y, strict=True)),
}


@pytest.mark.parametrize("form", SAME)
def test_all_forms_give_the_same_images(form: str) -> None:
    found = images_of(SAME[form])
    assert torch.equal(found.pixels, X)
    assert torch.equal(found.labels, Y)
    assert torch.equal(found.normalised(), X)  # as they are


def test_images_of_pil_are_read_as_torchvision_reads_them() -> None:
    grey = Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8))
    found = images_of(Listed([(grey, 0), (grey, 1)]))
    assert found.pixels.dtype == torch.uint8
    expected = torch.arange(64).reshape(8, 8) / 255  # what ToTensor gives
    torch.testing.assert_close(found.normalised()[1, 0], expected)
    colour = images_of(Listed([(Image.new("RGBA", (4, 5), "red"), 0)]))
    assert colour.shape == (3, 5, 4)
    assert colour.pixels[0, :, 0, 0].tolist() == [255, 0, 0]


def test_a_sampler_of_ones_own_decides() -> None:
    loader = DataLoader(TensorDataset(X, Y), sampler=SubsetRandomSampler([4]))
    assert images_of(loader).labels.tolist() == [4]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (X, r"labels are missing.*float32 \(6, 1, 8, 8\)"),
        ("mnist", "got str 'mnist'"),
        (None, "got NoneType None"),
        ((X, Y[:3]), r"labels must be \(6,\).*got int64 \(3,\)"),
        ((X, Y + 0.5), "whole numbers that name classes, got 0.5 for image 0"),
        ((X, -Y), "from 0 on, got -5 for image 5"),
        ((X, torch.full((6, 3), 0.3)), r"one-hot.*got \[0\.3"),
        ((X, np.array(["a"] * 6)), "labels must be numbers, got <U1"),
        ((X[None], Y), r"\(N, C, H, W\) or \(N, H, W\), got float32 \(1, 6, 1, 8, 8\)"),
        ((X.to(torch.complex64), Y), "plain real numbers, got complex64"),
        ((X.expand(6, 3, 8, 8).movedim(1, -1), Y), r"channels must come before.*\(6, 8, 8, 3\)"),
        (((4095 * X).long(), Y), r"must lie in 0 to 255, got \d+ to \d+: divide them"),
        (Listed([]), "has no images"),
        (Listed([{"image": X[0], "label": 1}]), r"dictionary with the keys \['image', 'label'\]"),
        (Listed([(X[0], 1, 2)]), "item 0 must be a pair.*tuple of 3"),
        (Listed([(X[0], 1.5)]), "item 0: labels must be whole numbers.*1.5"),
        (Listed([(X[0], "cat")]), "item 0: a label must be a whole number, got str 'cat'"),
        (Listed([("a.png", 1)]), "item 0: an image must be.*got str 'a.png'"),
        (
            Listed([(X[0], 1), (X[0, :, 1:], 1)]),
            r"image 1 is float32 \(1, 7, 8\), the",
        ),
        (data_of((X, Y)), "give its .train or its .test"),
    ],
)
def test_what_cannot_be_images_is_refused_in_a_sentence(wrong: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        images_of(wrong)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_pixel_that_is_no_number_is_named(value: float) -> None:
    pixels = X.clone()
    pixels[4, 0, 2, 7] = value
    with pytest.raises(DataError, match=f"image 4 has the pixel {value} at channel 0, row 2, col"):
        images_of((pixels, Y))
    net = build(Architecture("mlp", width=4), image_shape=(1, 8, 8), classes=10, seed=0).eval()
    with pytest.raises(ValueError, match=f"image 4 has the pixel {value}"):
        net(pixels)


@pytest.mark.parametrize("endless", [Endless(), DataLoader(Endless(), 100)], ids=["set", "loader"])
def test_endless_ones_end_at_the_limit(endless: Any) -> None:
    limits = Limits(unpacked=1, images=1000, pixels=1, decoded=2**30, way_out="")
    with pytest.raises(DataError, match=r"more than 1,000 images"):
        images_of(endless, limits=limits)
    with pytest.raises(DataError, match=r"take more than"):
        images_of(endless, limits=Limits(1, 10**6, 1, 10**5, ""))


def test_random_images_are_drawn_once_with_a_warning() -> None:
    with pytest.warns(UserWarning, match=r"draws its images at random: each is drawn once"):
        images_of(Drawn([0, 1]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        images_of(SAME["a Dataset"])


def test_splits_and_classes() -> None:
    named = Listed([(x, y) for x, y in zip(X, Y, strict=True)])
    named.classes = list("abcdefg")  # type: ignore[attr-defined]
    data = data_of((named, (X, Y)))
    assert data.classes == tuple("abcdefg")
    assert (len(data.train), len(data.validation), len(data.test)) == (6, 0, 6)
    assert data_of((X, Y)).classes == tuple("012345")
    assert len(data_of(named, validation=(X[:2], Y[:2])).validation) == 2
    with pytest.raises(DataError, match=r"no training images"):
        data_of((X[:0], Y[:0]))


def test_float_images_train_and_measure_as_the_same_uint8_ones() -> None:
    digits = load_data("digits", train_size=300)
    floats = data_of(
        *((split.normalised(), split.labels) for split in digits.splits.values()),
    )
    nets = []
    for data in (digits, floats):
        net = build(Architecture("mlp"), image_shape=(1, 8, 8), classes=10, seed=0, noise=Noise())
        nets.append((net, fit(net, data, SingleStep(), Training(epochs=2, batch_size=64), seed=0)))
    (one, first), (other, second) = nets
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))
    assert first[-1].validation_accuracy == second[-1].validation_accuracy
    given = (floats.test.pixels, floats.test.labels)
    curve = accuracy_against_timesteps(one, digits.test, 4)
    assert curve == accuracy_against_timesteps(one, DataLoader(TensorDataset(*given), 50), 4)
    assert accuracy(one, digits.test) == accuracy(one, given) == curve[1]
    assert convert(one, 4, digits.test)[1] == convert(one, 4, given)[1]
    assert residuals(one, digits.test, 3)[0].mean == residuals(one, floats.test.pixels, 3)[0].mean


def test_networks_in_double_are_measured_and_converted() -> None:
    digits = load_data("digits", train_size=300)
    net = build(Architecture("mlp"), image_shape=(1, 8, 8), classes=10, seed=0)
    fit(net, digits, SingleStep(), Training(epochs=2, batch_size=64), seed=0)
    exact = build(Architecture("mlp"), image_shape=(1, 8, 8), classes=10, seed=0).double()
    exact.load_state_dict({k: v.double() for k, v in net.state_dict().items()})
    assert (
        abs(accuracy(exact, digits.test, timesteps=4) - accuracy(net, digits.test, timesteps=4)) < 2
    )
    many, certificate = convert(exact, 4, digits.test)
    assert certificate.weights_equal
    assert certificate.logits_equal_at_1
    assert many(digits.test.normalised()).dtype == torch.float64
    ann = build(
        Architecture("mlp"), image_shape=(1, 8, 8), classes=10, seed=0, activation="relu"
    ).double()
    converted = convert_ann(ann, 64, digits.train.pixels.double() / 255)
    images = digits.test.pixels.double() / 255
    close = (converted(images) - ann.eval()(images)).abs().mean() / ann(images).abs().mean()
    assert close < 0.1
    half = build(Architecture("mlp"), image_shape=(1, 8, 8), classes=10, seed=0).bfloat16()
    assert 0 <= accuracy(half, digits.test, timesteps=4) <= 100


def test_images_that_do_not_fit_the_network_are_refused() -> None:
    net = build(Architecture("mlp", width=4), image_shape=(1, 8, 8), classes=3, seed=0)
    ann = build(
        Architecture("mlp", width=4), image_shape=(1, 8, 8), classes=3, seed=0, activation="relu"
    )
    wide, few = torch.rand(4, 1, 8, 9), torch.zeros(4, dtype=torch.int64)
    with pytest.raises(DataError, match=r"convert_ann.*shape \(1, 8, 8\).*got \(1, 8, 9\)"):
        convert_ann(ann, 4, wide)
    with pytest.raises(DataError, match=r"got \(1, 8, 9\)"):
        accuracy(net, (wide, few))
    with pytest.raises(DataError, match=r"this split has none"):
        accuracy(net, (X[:0], Y[:0]))
    with pytest.raises(DataError, match=r"tells 3 classes apart.*got 5 for image 5"):
        accuracy(net, (X, Y))
    with pytest.raises(DataError, match=r"labels are missing"):
        accuracy(net, X)
    elsewhere = images_of((X, Y % 3))
    with pytest.raises(DataError, match=r"the network is on meta, the images on cpu"):
        accuracy(net.to("meta"), elsewhere)


@settings(max_examples=200)
@given(
    shape=st.lists(st.integers(0, 9), min_size=0, max_size=5),
    kind=st.sampled_from([torch.float32, torch.float64, torch.uint8, torch.int64, torch.bool]),
    labels=st.lists(st.integers(-1, 300), max_size=9),
    numpy=st.booleans(),
)
def test_any_tensors_are_images_or_refused(
    shape: list[int], kind: torch.dtype, labels: list[int], numpy: bool
) -> None:
    pixels, classes = torch.ones(shape, dtype=kind), torch.tensor(labels, dtype=torch.int64)
    given = (pixels.numpy(), classes.numpy()) if numpy else (pixels, classes)
    try:
        found = images_of(given)
    except DataError as error:
        said = str(error)
    else:
        said = ""
    if said:
        assert re.search("got|shift", said)
        return
    assert len(shape) in (3, 4)
    assert found.labels.tolist() == labels
    assert len(found) == shape[0]
    assert min(labels, default=0) >= 0


def test_pictures_of_float_images() -> None:
    assert as_picture(torch.tensor([[[0.0, 1.0]]])).tolist() == [[[0, 255]]]
    assert as_picture(torch.tensor([[[-1.0, 3.0]]])).tolist() == [[[0, 255]]]
    assert as_picture(torch.zeros(2, 5, 4, 4)).shape == (2, 1, 4, 4)
    pixels = torch.arange(48, dtype=torch.uint8).reshape(3, 4, 4)
    assert as_picture(pixels) is pixels


def test_a_label_that_would_fill_the_memory_is_refused_before() -> None:
    net = build(Architecture("mlp", width=4), image_shape=(1, 8, 8), classes=10, seed=0)
    for label in (10**12, 10**7):
        with pytest.raises(DataError, match=rf"at most; got {label}"):
            fit(net, (X, torch.full((6,), label)), SingleStep(), Training(epochs=1), seed=0)
    with pytest.raises(DataError, match=r"tells 10 classes apart.*got 5000 for image 0"):
        fit(net, (X, torch.full((6,), 5000)), SingleStep(), Training(epochs=1), seed=0)


class Normalising(DataLoader[Any]):
    """A loader that changes its batches."""

    def __iter__(self) -> Any:
        return ((2 * x - 1, y) for x, y in super().__iter__())


def test_a_loader_of_ones_own_class_gives_what_it_gives() -> None:
    found = images_of(Normalising(TensorDataset(X, Y), 4, shuffle=False))
    assert torch.equal(found.pixels, 2 * X - 1)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("kind", [list, tuple])
@pytest.mark.parametrize("form", ["number", "row", "one-hot", "arrays"])
def test_two_items_are_no_two_splits(kind: Any, form: str, channels: int) -> None:
    images = X[:2].expand(2, channels, 8, 8)
    hot = torch.nn.functional.one_hot(torch.arange(2), 3)
    forms: dict[str, Any] = {"number": Y, "row": Y[:, None], "one-hot": hot}
    labels = (forms | {"arrays": Y.numpy()[:, None]})[form]
    found = data_of(kind((images[i], labels[i]) for i in range(2)))
    assert (len(found.train), len(found.test)) == (2, 0)
    assert found.train.labels.tolist() == [0, 1]


def test_two_splits_of_grey_images_without_channels() -> None:
    found = data_of([(X[:, 0], Y), (X[:4, 0], Y[:4])])
    assert (len(found.train), len(found.test)) == (6, 4)


def test_a_split_without_images_is_refused() -> None:
    empty = X[:0], Y[:0]
    with pytest.raises(DataError, match=r"the validation split of 'data' has no images"):
        data_of((X, Y), empty)
    with pytest.raises(DataError, match=r"the test split of 'data' has no images"):
        data_of((X, Y), test=empty)
    with pytest.raises(DataError, match="the test split"):
        data_of(((X, Y), (X[:0], Y[:0])))


def test_images_alone_in_any_form_where_labels_do_not_count() -> None:
    one: Any = X
    loaders = [DataLoader(one, 4), DataLoader(one, batch_size=None)]
    for form in (list(X), list(X[:2]), Listed(list(X)), *loaders):
        found = images_of(form, labelled=False)
        assert torch.equal(found.pixels, X[: len(found)])
        assert not found.labels.any()


@pytest.mark.parametrize("wrong", [(X, Y.tolist()), (X, Y, X, Y), (X, Y, X), [X], (X, None)])
def test_what_is_no_pair_of_arrays_is_told_so(wrong: Any) -> None:
    with pytest.raises(DataError, match=r"pair of tensors or arrays.*got .*float32 \(6, 1, 8, 8\)"):
        images_of(wrong)

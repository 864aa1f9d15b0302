"""Make `Images` from tensors, arrays, and data sets and loaders of torch.

Everything is read once and kept: of a data set with random transforms each image is drawn once.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import (
    DataLoader,
    Dataset,
    IterableDataset,
    RandomSampler,
    SequentialSampler,
    Subset,
    TensorDataset,
)

from snnlab.data.decode import GREY_MODES
from snnlab.data.images import Data, Images
from snnlab.data.limits import OWN, Limits, in_words
from snnlab.data.spec import DataError
from snnlab.neuron.tensors import check_filled, described
from snnlab.settings import quoted

VALID = (
    "Images, a pair (images, labels) of tensors or NumPy arrays, or a Dataset or DataLoader of "
    "torch that gives such pairs"
)
CHANNELS = (1, 3, 4)
"""Usual numbers of channels: grey, colour, colour with transparency."""
MOST_CLASSES = 100_000
"""Limit for labels, more than any set has: a longer list of class names would fill the memory."""
Pair = tuple[Tensor, Tensor]


def images_of(given: Any, *, labelled: bool = True, limits: Limits = OWN) -> Images:
    """Make `Images` from an object that holds images and their labels.

    Floating-point images are used unchanged, so they should be normalised; of uint8 images a
    network receives pixels / 255, as from torchvision's ToTensor. Grey images may lack the axis of
    channels, (N, H, W) or (H, W).

    Args:
        given: `Images`, returned as they are; a pair (images, labels) of tensors or NumPy arrays;
            or a `Dataset`, a `DataLoader` or another iterable of such pairs. It is read once. If a
            loader only shuffles, the images keep the order of its data set. Labels are whole
            numbers from 0 on, or one-hot rows. Images of PIL become uint8.
        labelled: whether labels are needed; if not, images alone are valid, too, and get label 0.
        limits: how much may be read.

    Raises:
        DataError: something else, images of several sizes, a pixel that is no finite number, labels
            that name no class, or more than the limits allow.

    Example:
        >>> images_of((torch.rand(5, 28, 28), torch.arange(5)))
        Images(5 of 1 x 28 x 28, cpu)
    """
    if isinstance(given, Images):
        return given
    if isinstance(given, Data):
        raise DataError(f"this takes one split of {given.name!r}: give its .train or its .test")
    if is_array(given):
        if labelled:
            raise DataError(f"labels are missing: give (images, labels), got {described(given)}")
        pixels = whole_images(given)
        return Images(pixels, torch.zeros(len(pixels), dtype=torch.int64, device=pixels.device))
    if isinstance(given, TensorDataset) and len(given.tensors) == 2:
        given = given.tensors
    row = given if isinstance(given, tuple | list) else ()
    if labelled and row and is_array(row[0]) and row[0].ndim > 2 and not is_pair_of_arrays(row):
        got = ", ".join(described(each) if is_array(each) else type(each).__name__ for each in row)
        raise DataError(
            "images and labels must be a pair of tensors or arrays, (images, labels), and splits "
            f"pairs of their own, ((x, y), (x_test, y_test)); got {quoted(got)}"
        )
    if is_pair_of_arrays(given) and (labelled or given[1].ndim < 3):
        pixels = whole_images(given[0])
        return Images(pixels, whole_labels(given[1], len(pixels)).to(pixels.device))
    return Images(*collected(pairs_in(given, labelled), limits))


def data_of(
    train: Any,
    validation: Any = None,
    test: Any = None,
    *,
    classes: Iterable[str] | None = None,
    name: str = "data",
) -> Data:
    """Make `Data` from splits, each of any kind that `images_of` accepts.

    Args:
        train: the training images; also a `Data`, returned as it is, a pair (train, test) or
            three splits (train, validation, test) of anything but arrays.
        validation, test: the other splits; None: an empty split.
        classes: names of the classes; None: those of the data set if it has names, else the labels.
        name: name of the data, for messages.

    Raises:
        DataError: see `images_of`; or splits that do not fit each other.

    Example:
        >>> fit(net, data_of(torchvision_train, test=torchvision_test), SingleStep(), seed=0)
    """
    if isinstance(train, Data):
        return train
    if validation is None and test is None and is_splits(train):
        train, *rest = train
        validation, test = rest if len(rest) == 2 else (None, rest[0])
    first = images_of(train)
    if len(first) == 0:
        raise DataError(f"data set {name!r} has no training images")
    nothing = first.subset(torch.empty(0, dtype=torch.int64))
    second, third = (nothing if split is None else images_of(split) for split in (validation, test))
    for split, given, images in (("validation", validation, second), ("test", test, third)):
        if given is not None and not len(images):
            raise DataError(f"the {split} split of {name!r} has no images: leave it out")
    if classes is not None and (isinstance(classes, str) or not isinstance(classes, Iterable)):
        raise DataError(f"classes must be a list of names, got {described(classes)}")
    named = list(classes) if classes is not None else named_classes(train)
    if named is None:
        highest = max(int(s.labels.max()) for s in (first, second, third) if len(s))
        if highest >= MOST_CLASSES:
            raise DataError(
                f"labels count classes from 0 on, {MOST_CLASSES:,} at most; got {highest}"
            )
        named = [str(label) for label in range(max(2, highest + 1))]
    return Data(name, tuple(map(str, named)), first, second, third)


def is_array(given: Any) -> bool:
    """Whether something is a tensor or a NumPy array."""
    return isinstance(given, Tensor | np.ndarray)


def is_pair_of_arrays(given: Any) -> bool:
    """Whether something is images and labels side by side."""
    return isinstance(given, tuple | list) and len(given) == 2 and all(map(is_array, given))


def is_splits(given: Any) -> bool:
    """Whether something is two or three splits."""
    kinds = (Images, Dataset, DataLoader)
    return (
        isinstance(given, tuple | list)
        and len(given) in (2, 3)
        and all(
            isinstance(split, kinds) or (is_pair_of_arrays(split) and not is_item(*split))
            for split in given
        )
    )


def is_item(images: Any, labels: Any) -> bool:
    """Whether a pair of arrays is one image ([C,] H, W) and its label, rather than a split."""
    if images.ndim != 3 or labels.ndim == 0 or len(images) != len(labels):
        return images.ndim < 4
    alone = labels.size == 1 if isinstance(labels, np.ndarray) else labels.numel() == 1
    one_hot = labels.ndim == 1 and sorted(labels.tolist()) == [0] * (len(labels) - 1) + [1]
    return len(images) in CHANNELS and (alone or one_hot)


def named_classes(given: Any) -> list[str] | None:
    """The attribute `classes` of a data set, as in torchvision; None: it has none."""
    while isinstance(given, DataLoader | Subset):
        given = given.dataset
    found = getattr(given, "classes", None)
    return [str(name) for name in found] if isinstance(found, list | tuple) and found else None


def whole_images(given: Any) -> Tensor:
    """Pixels (N, C, H, W), uint8 or floating-point, of a tensor or array (N, [C,] H, W)."""
    pixels = numbers(given)
    if pixels.ndim == 3:
        pixels = pixels.unsqueeze(1)  # (N, 1, H, W)
    if pixels.ndim != 4:
        raise DataError(
            f"images must have the shape (N, C, H, W) or (N, H, W), got {described(given)}"
        )
    if pixels.shape[3] in CHANNELS and min(pixels.shape[1:3]) > 4:  # (N, H, W, C)
        raise DataError(
            f"the channels must come before height and width, got {described(given)}: move them "
            "with x.movedim(-1, -3), or np.moveaxis(x, -1, -3)"
        )
    return pixels


def native_tensor(given: Any, name: str) -> Tensor:
    """A tensor of real numbers, from a tensor or from an array in any byte order."""
    if isinstance(given, np.ndarray):
        if given.dtype.kind not in "biuf":
            raise DataError(f"{name} must be numbers, got {described(given)}")
        native = given.astype(given.dtype.newbyteorder("="), copy=False)
        if native.dtype == np.longdouble:
            native = native.astype(np.float64)
        if native.dtype.kind in "iu" and native.dtype != np.uint8:
            native = native.astype(np.int64)
        given = torch.from_numpy(np.require(native, requirements=("C", "W")))
    found: Tensor = given.detach()
    check_filled(name, found, DataError)
    return found


def numbers(given: Any) -> Tensor:
    """Images as a dense tensor of uint8 or floating-point numbers."""
    found = native_tensor(given, "images")
    if found.dtype == torch.bool:
        return found.float()
    if found.is_floating_point() or found.dtype == torch.uint8:
        return found
    if not found.numel():
        return found.to(torch.uint8)
    low, high = found.min().item(), found.max().item()
    if low < 0 or high > 255:
        raise DataError(
            f"whole-number images must lie in 0 to 255, got {low} to {high}: divide them, as in "
            f"x / {max(high, 1)}"
        )
    return found.to(torch.uint8)


def whole_labels(given: Any, count: int) -> Tensor:
    """Labels int64 (N,), from numbers (N,) or (N, 1), or from one-hot rows (N, K)."""
    found = native_tensor(given, "labels")
    if found.ndim == 2 and found.shape[1] == 1:
        found = found.squeeze(1)
    if found.ndim not in (1, 2) or len(found) != count:
        raise DataError(
            f"labels must be ({count},), one for each image, or one-hot rows ({count}, K), got "
            f"{described(given)}"
        )
    if found.ndim == 2:
        hot = (found == 1).sum(1) + (found == 0).sum(1) == found.shape[1]
        right = hot & ((found == 1).sum(1) == 1)
        if not right.all():
            row = int((~right).nonzero()[0])
            raise DataError(
                f"rows of labels must be one-hot, a single 1 among zeros, got "
                f"{quoted(found[row].tolist())} for image {row}"
            )
        return found.int().argmax(1)
    odd = (found != found.round()) | (found.abs() >= 2**53) if found.is_floating_point() else None
    if odd is not None and odd.any():
        wrong = int(odd.nonzero()[0])
        raise DataError(
            f"labels must be whole numbers that name classes, got {found[wrong].item()} for image "
            f"{wrong}"
        )
    labels = found.to(torch.int64)
    if len(labels) and labels.min() < 0:
        row = int(labels.argmin())
        raise DataError(f"labels count classes from 0 on, got {labels[row].item()} for image {row}")
    return labels


def pairs_in(given: Any, labelled: bool) -> Iterator[Pair]:
    """Yield images (B, C, H, W) and labels (B,) from an object that holds such pairs."""
    if isinstance(given, DataLoader):
        check_repeats(given.dataset)
        return batches_of(given, labelled)
    if isinstance(given, str | bytes | dict | np.generic) or not (
        isinstance(given, Dataset | Iterable) or hasattr(given, "__getitem__")
    ):
        raise DataError(f"images must be {VALID}; got {described(given)}")
    check_repeats(given)
    by_place = hasattr(given, "__getitem__") and hasattr(given, "__len__")
    items = (given[i] for i in range(len(given))) if by_place else given
    return (one_item(item, number, labelled) for number, item in enumerate(items))


def batches_of(loader: DataLoader[Any], labelled: bool) -> Iterator[Pair]:
    """The batches of a loader; in the order of its data set if the loader only shuffles."""
    if only_shuffles(loader):
        loader = DataLoader(
            loader.dataset,
            loader.batch_size,
            num_workers=loader.num_workers,
            collate_fn=loader.collate_fn,
            worker_init_fn=loader.worker_init_fn,
        )
    if loader.batch_size is None and loader.batch_sampler is None:
        yield from (one_item(item, number, labelled) for number, item in enumerate(loader))
        return
    seen = 0
    for batch in loader:
        if not labelled and is_array(batch):
            batch = batch, torch.zeros(len(batch))
        images, labels = both(batch, f"the batch that begins with image {seen}")
        if not is_array(images) or not is_array(labels):
            raise DataError(
                "a DataLoader must give batches (images, labels) of tensors, got "
                f"{type(images).__name__} and {type(labels).__name__}"
            )
        pixels = whole_images(images)
        yield pixels, whole_labels(labels, len(pixels))
        seen += len(pixels)


def only_shuffles(loader: DataLoader[Any]) -> bool:
    """Whether a loader only orders and batches the images of its data set, each of them once.

    A loader of a derived class may change its batches, so it does not count.
    """
    sampler: Any = loader.sampler
    whole = type(sampler) is SequentialSampler or (
        type(sampler) is RandomSampler
        and not sampler.replacement
        and sampler.num_samples == len(sampler.data_source)
    )
    return type(loader) is DataLoader and whole and loader.batch_size is not None


def check_repeats(given: Any) -> None:
    """Warn if a data set returns a different image each time."""
    if isinstance(given, IterableDataset) or not hasattr(given, "__getitem__"):
        return
    try:
        one, other = (np.asarray(given[0][0]) for _ in range(2))
        same = np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
    except Exception:  # reading the data set raises the error with a message
        return
    if not same:
        warnings.warn(
            "this data set draws its images at random: each is drawn once and kept. To have "
            "training draw anew, leave the transforms out and use Training(augment=True)",
            stacklevel=2,
        )


def both(item: Any, called: str) -> tuple[Any, Any]:
    """The two parts of a pair; DataError if it is no pair."""
    if isinstance(item, tuple | list) and len(item) == 2:
        return item[0], item[1]
    if isinstance(item, dict):
        keys = [str(key) for key in item]
        raise DataError(
            f"{called} is a dictionary with the keys {quoted(keys)}; give pairs (image, label), as "
            "in [(x['image'], x['label']) for x in data]"
        )
    held = f"{type(item).__name__} of {len(item)}" if isinstance(item, tuple | list) else None
    raise DataError(f"{called} must be a pair (image, label), got {held or described(item)}")


def one_item(item: Any, number: int, labelled: bool) -> Pair:
    """Image (1, C, H, W) and label (1,) of an item of a data set; without a label it gets 0."""
    if not labelled and (is_array(item) or isinstance(item, Image.Image)):
        item = item, 0
    image, label = both(item, f"item {number}")
    try:
        return one_image(image), one_label(label)
    except DataError as error:
        raise DataError(f"item {number}: {error}") from None


def one_image(image: Any) -> Tensor:
    """Pixels (1, C, H, W) of an image ([C,] H, W) or one of PIL."""
    if isinstance(image, Image.Image):
        mode = "L" if image.mode in GREY_MODES else "RGB"
        image = np.moveaxis(np.atleast_3d(np.array(image.convert(mode))), -1, 0)  # (C, H, W)
    if not is_array(image):
        raise DataError(
            f"an image must be a tensor, a NumPy array or one of PIL, got {described(image)}"
        )
    if image.ndim not in (2, 3):
        raise DataError(f"an image must have the shape (C, H, W) or (H, W), got {described(image)}")
    return whole_images(image[None])


def one_label(label: Any) -> Tensor:
    """A label (1,) of a number or a one-hot row."""
    if not (is_array(label) or isinstance(label, int | float | np.generic)):
        raise DataError(f"a label must be a whole number, got {described(label)}")
    found = label if isinstance(label, Tensor) else torch.as_tensor(np.asarray(label))
    return whole_labels(found.reshape(1, -1), 1)


def collected(pairs: Iterator[Pair], limits: Limits) -> Pair:
    """Concatenate all pairs, on one device.

    Raises:
        DataError: no images, several sizes or types, or more than the limits allow.
    """
    pixels: list[Tensor] = []
    labels: list[Tensor] = []
    count = held = 0
    try:
        for images, classes in pairs:
            first = pixels[0] if pixels else images
            if images.shape[1:] != first.shape[1:] or images.dtype != first.dtype:
                raise DataError(
                    f"image {count} is {kind_of(images)}, the first {kind_of(first)}; bring all "
                    "to one size and type"
                )
            pixels.append(images)
            labels.append(classes.to(images.device))
            count, held = count + len(images), held + images.nbytes
            limits.check_images(count, "data set")
            if held > limits.decoded:
                raise DataError(
                    f"its first {count:,} images take more than {in_words(limits.decoded)}; give "
                    "fewer or smaller ones"
                )
    except DataError:
        raise
    except Exception as error:  # the user's data set may raise any type
        why = f"{type(error).__name__}: {error}"
        raise DataError(f"image {count} of the data set cannot be read: {why}") from error
    if not count:
        raise DataError("the data set has no images")
    return torch.cat(pixels), torch.cat(labels)


def kind_of(images: Tensor) -> str:
    """Type and shape of one of the images (N, C, H, W), for messages."""
    return described(images[:1].squeeze(0))

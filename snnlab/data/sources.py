"""`load_data`: from the name of a set to images on the device, split and normalised."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from snnlab.data.downloads import read_download
from snnlab.data.errors import DataError
from snnlab.data.folder import read_images
from snnlab.data.images import Data, Images, channel_statistics
from snnlab.data.locations import data_folder
from snnlab.data.packaged import read_digits, read_mnist_5k
from snnlab.data.raw import RawData, RawImages
from snnlab.data.spec import CATALOGUE, DataSpec, unknown_name
from snnlab.data.splits import (
    TEST_FRACTION,
    fraction_of,
    limit,
    require_all_classes,
    stratified_order,
)

PACKAGED = {"digits": read_digits, "mnist-5k": read_mnist_5k}


def load_data(
    name: str = "digits",
    *,
    root: str | Path | None = None,
    train_size: int | None = None,
    validation_fraction: float = 0.1,
    test_size: int | None = None,
    image_size: int | None = None,
    shift: int | None = None,
    flip: bool | None = None,
    split_seed: int = 0,
    device: torch.device | str = "cpu",
    download: bool = True,
) -> Data:
    """Load a data set, split it and put it on a device.

    The official test images are the test split; sets without any give a quarter of their images.
    Validation images are cut from the training images, then `train_size` of the others are taken.
    Every split stands in stratified random order: its first n images hold all classes in
    proportion, and a smaller `train_size` picks a part of what a larger one picks. The pixels'
    mean and standard deviation are those of the training split.

    Args:
        name: a set of the catalogue, or the path of an image folder or of a tar archive of one.
        root: folder with downloaded sets; default $SNNLAB_DATA or the user's cache folder.
        train_size: number of training images; default all.
        validation_fraction: part of the training images for validation, in [0, 1). Not used
            where a folder brings a validation split.
        test_size: number of test images; default all.
        image_size: height and width in pixels to resize to; default as they are.
        shift: largest random shift in pixels when augmenting; default what suits the set.
        flip: whether augmenting mirrors images; default where the set allows it, folders not.
        split_seed: seed of the splits and subsets.
        device: where the images live.
        download: whether a set that is not there may be fetched.

    Raises:
        DataError: the set cannot be found, read or split as asked.

    Example:
        >>> load_data("digits")
        Data('digits': 1,213 train, 135 validation, 449 test images of 1 x 8 x 8, 10 classes, cpu)
    """
    spec = DataSpec(
        name=name,
        root=None if root is None else str(root),
        train_size=train_size,
        validation_fraction=validation_fraction,
        test_size=test_size,
        image_size=image_size,
        shift=shift,
        flip=flip,
        split_seed=split_seed,
    )
    raw = _read(spec, download)
    try:
        return _assemble(raw, spec).to(device)
    except DataError as error:
        raise DataError(f"Data set {name!r}: {error}") from None


def _read(spec: DataSpec, download: bool) -> RawData:
    """The raw images behind a name or a path."""
    if spec.name in PACKAGED:
        return PACKAGED[spec.name]()
    if spec.name in CATALOGUE:
        return read_download(spec.name, data_folder(spec.root), download=download)
    path = Path(spec.name).expanduser()
    if not path.exists():
        raise DataError(unknown_name(spec.name))
    return read_images(path, spec.image_size)


def _assemble(raw: RawData, spec: DataSpec) -> Data:
    """Split, resize, measure and wrap."""
    train, validation, test = _split(raw, spec)
    if spec.image_size is not None:
        train, validation, test = (_resize(s, spec.image_size) for s in (train, validation, test))
    mean, std = channel_statistics(train.pixels)
    shift, flip = _augmentation(spec, train.pixels)

    def wrap(images: RawImages) -> Images:
        return Images(images.pixels, images.labels, mean, std, shift, flip)

    return Data(spec.name, raw.classes, wrap(train), wrap(validation), wrap(test))


def _split(raw: RawData, spec: DataSpec) -> tuple[RawImages, RawImages, RawImages]:
    """Training, validation and test images, each in stratified order.

    Raises:
        DataError: not enough images, or a class without a training image.
    """
    pool = stratified_order(raw.train.labels, spec.split_seed)
    set_aside = []

    def official_or_cut(official: RawImages | None, split: str, fraction: float) -> Tensor:
        nonlocal pool
        if official is not None:
            return stratified_order(official.labels, spec.split_seed)
        count = fraction_of(len(pool), fraction)
        chosen, pool = pool[:count], pool[count:]
        set_aside.append(f"{count} {split}")
        return chosen

    test = official_or_cut(raw.test, "test", TEST_FRACTION)
    validation = official_or_cut(raw.validation, "validation", spec.validation_fraction)
    reason = f" once {' and '.join(set_aside)} images are set aside" if set_aside else ""
    train = raw.train.take(limit(pool, spec.train_size, "train_size", reason))
    require_all_classes(train.labels, raw.classes)
    return (
        train,
        (raw.validation or raw.train).take(validation),
        (raw.test or raw.train).take(limit(test, spec.test_size, "test_size")),
    )


def _resize(images: RawImages, size: int) -> RawImages:
    """Resize (N, C, H, W) to (N, C, size, size), smoothed when it shrinks."""
    if images.pixels.shape[2:] == (size, size) or len(images.labels) == 0:
        return images._replace(pixels=images.pixels[:, :, :size, :size])
    chunks = [
        functional.interpolate(chunk, size=(size, size), mode="bilinear", antialias=True)
        for chunk in torch.split(images.pixels, 4096)
    ]
    return images._replace(pixels=torch.cat(chunks))


def _augmentation(spec: DataSpec, pixels: Tensor) -> tuple[int, bool]:
    """The largest shift in pixels, and whether to flip: as asked, or what suits the set.

    A shift of the catalogue scales with the image. A folder gets an eighth of its smaller side,
    and no flip, since nothing is known of its images.
    """
    side = min(pixels.shape[2:])
    info = CATALOGUE.get(spec.name)
    shift = round(info.shift * side / info.shape[1]) if info else side // 8
    flip = info.flip if info else False
    return (
        shift if spec.shift is None else spec.shift,
        flip if spec.flip is None else spec.flip,
    )

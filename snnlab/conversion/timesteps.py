"""Convert a network trained with one timestep to T timesteps, and certify what it kept."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import torch

from snnlab.data.images import Images
from snnlab.measure.accuracy import accuracy, accuracy_against_timesteps
from snnlab.measure.curve import AccuracyCurve
from snnlab.measure.passes import images_for
from snnlab.measure.statistics import PairedImages, Verdict
from snnlab.network.net import SpikingNet, StagedNet, evaluating, from_elsewhere
from snnlab.neuron.own_layer import drop_noise, noise_of
from snnlab.neuron.tensors import described
from snnlab.settings import Count, Valid, checked, count, declared, quoted, settle

PROBE_IMAGES = 256
"""Images on which the logits of the two networks are compared."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """The entries that both kinds of certificates have. Accuracies in percent."""

    timesteps: Count
    """T of the converted network."""
    warm_up: Annotated[int, Valid(low=0)] = 0
    """Timesteps at the beginning that are not counted: 0, every timestep counts."""
    accuracy: AccuracyCurve
    """Accuracy of the converted network at T = 1, 2, ..., without noise; rates and operations."""

    @property
    def images(self) -> int | None:
        """Number of images on which the accuracies were measured."""
        return self.accuracy.images

    def to_json(self) -> dict[str, Any]:
        """All entries for JSON files: accuracy by T, rates, operations and the others."""
        return asdict(self) | self.accuracy.entries()


@dataclass(frozen=True, kw_only=True)
class Certificate(Measured):
    """Whether a conversion kept weights, logits and accuracy. Accuracies in percent."""

    weights_equal: bool
    """All weights and batch-norm statistics are equal, bit for bit."""
    logits_equal_at_1: bool
    """At T = 1 without noise both networks give the same logits, bit for bit."""
    accuracy_with_noise_at_1: Annotated[float | None, Valid(low=0, high=100)]
    """Accuracy of the single-step network under its training noise; None if it has none."""

    def __post_init__(self) -> None:
        settle(self)

    @property
    def paired(self) -> PairedImages:
        """How many images are lost and gained between one timestep and T."""
        return self.accuracy.since_1(self.timesteps)

    @property
    def verdict(self) -> Verdict:
        """Whether accuracy is kept from T = 1 on, by the rule of `PairedImages`."""
        return self.paired.verdict

    @property
    def lossless(self) -> bool:
        """Weights and logits are kept bit for bit, and the verdict on the accuracy is kept.

        False means that a loss was found or, more often, that the images cannot decide: see
        `verdict`.
        """
        return self.weights_equal and self.logits_equal_at_1 and self.verdict == "kept"

    def to_json(self) -> dict[str, Any]:
        """All entries for JSON files, with the verdict."""
        return super().to_json() | {"verdict": self.verdict}

    @classmethod
    def from_json(cls, found: Any) -> Certificate:
        """Read a certificate of `to_json`, without its `rates` and `operations`.

        Raises:
            ValueError: an entry is missing, or has an impossible value.
        """
        if not isinstance(found, Mapping):
            raise ValueError(f"a certificate must be a group of values, got {quoted(found)}")
        kind: type = cls
        fields = declared(kind)
        wanted = (*fields, "images", "changed")
        if missing := [name for name in wanted if name not in found]:
            raise ValueError(f"the certificate lacks {', '.join(missing)}")
        images = checked("images", Annotated[int, Valid(low=1, high=10**6)], found["images"])
        curve = AccuracyCurve.from_json(found["accuracy"], images=images, changed=found["changed"])
        certificate = cls(**{name: found[name] for name in fields} | {"accuracy": curve})
        if certificate.timesteps not in curve or 1 not in curve:
            raise ValueError(f"the certificate lacks accuracy at T = 1 or {certificate.timesteps}")
        if certificate.timesteps in curve.changed:
            certificate.paired  # noqa: B018 (more images may change than there are)
        return certificate


def convert(
    net: StagedNet,
    timesteps: int,
    images: Images | Any,
    *,
    seed: int = 0,
    progress: bool = False,
) -> tuple[SpikingNet, Certificate]:
    """Copy the weights, drop the noise, run T timesteps.

    Args:
        net: a network trained at T = 1; it is not changed.
        timesteps: T of the new network.
        images: images for measuring the certificate, usually the test images, of any kind that
            `images_of` accepts.
        seed: seed of the noise, for the accuracy with noise.
        progress: show a progress bar.

    Returns:
        The new network, in evaluation mode, and the certificate.

    Raises:
        ValueError: an ANN, timesteps below 1, no images, or ones that do not fit the network.

    Source:
        Jiang and Zhang (2023), arXiv 2211.05453.

    Example:
        >>> many, certificate = convert(net, 8, data.test)
    """
    if not isinstance(net, SpikingNet):
        raise ValueError(
            f"convert() takes a SpikingNet trained with one timestep, got a {described(net)}"
            f"{from_elsewhere(net)}"
        )
    timesteps, seed = count("timesteps", timesteps), checked("seed", int, seed)
    images = images_for(net, images, "convert()")
    converted = copy.deepcopy(net).eval()
    converted.timesteps = timesteps
    drop_noise(converted.neuron_layers(needed_by="convert()"))
    return converted, certify(net, converted, images, seed=seed, progress=progress)


def certify(
    net: SpikingNet, converted: SpikingNet, images: Images, *, seed: int, progress: bool = False
) -> Certificate:
    """Compare a single-step network with its conversion; arguments as for `convert`."""
    curve = accuracy_against_timesteps(converted, images, converted.timesteps, progress=progress)
    with_noise = None
    if any(noise_of(layer) for layer in net.neuron_layers(needed_by="certify()")):
        generator = torch.Generator(images.device).manual_seed(seed)
        with_noise = accuracy(net, images, timesteps=1, generator=generator)
    return Certificate(
        timesteps=converted.timesteps,
        weights_equal=weights_equal(net, converted),
        logits_equal_at_1=logits_equal_at_1(net, converted, images),
        accuracy_with_noise_at_1=with_noise,
        accuracy=curve,
    )


def weights_equal(one: StagedNet, other: StagedNet) -> bool:
    """Whether two networks have the same weights and statistics, bit for bit."""
    a, b = one.state_dict(), other.state_dict()
    return a.keys() == b.keys() and all(torch.equal(a[key], b[key]) for key in a)


@torch.no_grad()
def logits_equal_at_1(one: SpikingNet, other: SpikingNet, images: Images) -> bool:
    """Whether two networks give the same logits at T = 1 without noise, bit for bit."""
    batch = images.normalised(slice(PROBE_IMAGES))
    with evaluating(one), evaluating(other):
        return torch.equal(one(batch, 1), other(batch, 1))

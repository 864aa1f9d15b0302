"""Accuracy against the number of timesteps: of one network, and over seeds. No torch here.

Measurements, run folders, JSON files, tables, figures and charts all represent accuracy against T
as an `AccuracyCurve`, or as `SeedCurves` for several networks that differ only in the seed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from statistics import mean
from typing import Any, Self

from snnlab.measure.statistics import Estimate, PairedImages, estimate
from snnlab.settings import checked, count

Stages = Sequence[Sequence[float]]
"""A number per stage and T."""


class AccuracyCurve(Mapping[int, float]):
    """Test accuracy of one network in percent by T, with counts of spikes and operations.

    Args:
        accuracy: accuracy by T; or a list whose entry i belongs to T = i + 1.
        rates: per stage and T: spikes per neuron and timestep, over the first T timesteps.
        operations: per stage and T: synaptic operations per image that its spikes caused in the
            first T timesteps.
        images: number of images, if known.
        changed: by T, if counted: images right at T = 1 and wrong at T, and the reverse.

    Raises:
        ValueError: a T that is not a whole number of at least 1, or an accuracy outside 0 to 100.

    Example:
        >>> curve = AccuracyCurve({1: 97.5, 8: 98.25})
        >>> curve[8], max(curve), curve.to_json()
        (98.25, 8, {'1': 97.5, '8': 98.25})
    """

    def __init__(
        self,
        accuracy: Mapping[int, float] | Sequence[float],
        rates: Stages = (),
        operations: Stages = (),
        images: int | None = None,
        changed: Mapping[int, tuple[int, int]] | None = None,
    ) -> None:
        if not isinstance(accuracy, Mapping | Sequence):
            raise ValueError(f"accuracy must be a list, or go by T, got {accuracy!r}")
        given = accuracy if isinstance(accuracy, Mapping) else dict(enumerate(accuracy, 1))
        check_percent("accuracy", given.values())
        self._by_timesteps = {count("T", T): float(given[T]) for T in sorted(given)}
        self.rates = rates
        self.operations = operations
        self.images = images
        self.changed = dict(changed or {})

    def __getitem__(self, timesteps: int) -> float:
        return self._by_timesteps[timesteps]

    def __iter__(self) -> Iterator[int]:
        return iter(self._by_timesteps)

    def __len__(self) -> int:
        return len(self._by_timesteps)

    def __repr__(self) -> str:
        """The accuracies as a Python expression."""
        return f"{type(self).__name__}({self._by_timesteps})"

    @property
    def timesteps(self) -> list[int]:
        """All measured T, rising."""
        return list(self)

    @property
    def accuracy(self) -> list[float]:
        """Accuracy in percent at each of the `timesteps`."""
        return list(self.values())

    @property
    def synaptic_operations(self) -> list[float]:
        """Synaptic operations per image of all stages, at each T; empty if not counted."""
        return [float(sum(stages)) for stages in zip(*self.operations, strict=True)]

    def at(self, timesteps: int) -> float:
        """Accuracy in percent after this many timesteps.

        Raises:
            ValueError: not measured.
        """
        if checked("timesteps", int, timesteps) not in self:
            raise ValueError(f"measured for T = {measured(self.timesteps)}, got T = {timesteps}")
        return self[timesteps]

    def only(self, timesteps: Iterable[int]) -> AccuracyCurve:
        """The accuracies at some T.

        Raises:
            ValueError: one of them was not measured.
        """
        accuracy = {T: self.at(T) for T in timesteps}
        changed = {T: self.changed[T] for T in accuracy if T in self.changed}
        return AccuracyCurve(accuracy, images=self.images, changed=changed)

    def since_1(self, timesteps: int) -> PairedImages:
        """How many images are lost and gained between T = 1 and this many timesteps.

        Raises:
            ValueError: they were not counted.
        """
        if self.images is None or timesteps not in self.changed:
            raise ValueError(f"images that change from T = 1 to {timesteps} were not counted")
        return PairedImages(self.images, *self.changed[timesteps])

    def thinned(self) -> AccuracyCurve:
        """The accuracies at the powers of two and at the highest T, as tables show them."""
        return self.only(powers_of_two(max(self)) if self else ())

    def to_json(self) -> dict[str, float]:
        """Accuracy by T, for JSON files."""
        return {str(T): accuracy for T, accuracy in self.items()}

    def entries(self) -> dict[str, Any]:
        """All measured numbers, for JSON files."""
        counted = {"rates": self.rates, "operations": self.operations, "images": self.images}
        changed = {str(T): list(pair) for T, pair in self.changed.items()}
        return {"accuracy": self.to_json()} | counted | {"changed": changed}

    @classmethod
    def from_entries(cls, found: Mapping[str, Any]) -> Self:
        """Read the result of `entries`, also among other entries, such as those of a run.

        Raises:
            KeyError: no accuracy.
            ValueError: an entry of another kind.
        """
        images = found.get("images", found.get("test_images"))
        counts = ("rates", "operations", "changed")
        counted = {name: found[name] for name in counts if found.get(name)}
        return cls.from_json(found["accuracy"], images=images, **counted)

    @classmethod
    def from_json(cls, found: Any, **counted: Any) -> Self:
        """Read the result of `to_json`; `counted` are the other arguments of the class.

        Raises:
            ValueError: it is something else.
        """
        if not isinstance(found, Mapping):
            raise ValueError(f"must hold accuracy by T, got {found!r}")
        for T, value in found.items():
            if not re.fullmatch("[1-9][0-9]{0,8}", str(T)):
                raise ValueError(f"must hold accuracy by whole T, got {T!r}")
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise ValueError(f"must hold a number as accuracy at T = {T}, got {value!r}")
        if counted.get("changed"):
            counted["changed"] = counts_by_timesteps(counted["changed"])
        return cls({int(T): value for T, value in found.items()}, **counted)


@dataclass(frozen=True)
class SeedCurves:
    """Accuracy of networks that differ only in the seed, all measured at the same points.

    Raises:
        ValueError: no points or no seeds, shapes that do not fit, points that do not rise, or an
            accuracy outside 0 to 100.

    Example:
        >>> curves = SeedCurves.of([AccuracyCurve([97.0, 98.0]), AccuracyCurve([98.0, 98.5])])
        >>> curves.mean, curves.at(2).text()
        ([97.5, 98.25], '98.25 ± 3.18')
    """

    x: tuple[float, ...]
    """(n,), rising: the timesteps T, or the values of another setting, such as sigma."""
    accuracy: tuple[tuple[float, ...], ...]
    """(seeds, n), in percent."""

    def __post_init__(self) -> None:
        lengths = {len(row) for row in self.accuracy}
        if not self.x or lengths != {len(self.x)}:
            shape = (len(self.accuracy), *sorted(lengths))
            raise ValueError(
                f"accuracy has shape {shape}, which does not fit points of shape "
                f"{(len(self.x),)}: it must be (seeds, {len(self.x)})"
            )
        if not all(low < high for low, high in pairwise(self.x)):
            raise ValueError(f"points must rise, got {list(self.x)}")
        check_percent("accuracy", [value for row in self.accuracy for value in row])

    @classmethod
    def of(cls, curves: Iterable[AccuracyCurve]) -> Self:
        """Make it from one curve per seed, at those T that all curves have."""
        seeds = list(curves)
        shared = sorted(set.intersection(*map(set, seeds))) if seeds else []
        return cls(tuple(shared), tuple(tuple(seed[T] for T in shared) for seed in seeds))

    @property
    def timesteps(self) -> list[int]:
        """The points `x`, if they are timesteps T.

        Raises:
            ValueError: they are not whole numbers of at least 1.
        """
        if self.x[0] < 1 or any(T % 1 for T in self.x):
            raise ValueError(f"timesteps must be rising positive integers, got {list(self.x)}")
        return [int(T) for T in self.x]

    @property
    def seeds(self) -> int:
        """Number of seeds."""
        return len(self.accuracy)

    @cached_property
    def columns(self) -> list[tuple[float, ...]]:
        """The accuracies of all seeds, point by point: (n, seeds)."""
        return list(zip(*self.accuracy, strict=True))

    @cached_property
    def mean(self) -> list[float]:
        """Mean over the seeds, at each point."""
        return [mean(column) for column in self.columns]

    @property
    def range(self) -> tuple[list[float], list[float]]:
        """The lowest and the highest seed at each point."""
        return [min(column) for column in self.columns], [max(column) for column in self.columns]

    @property
    def interval(self) -> tuple[list[float], list[float]]:
        """Both ends of the 95 % t-interval of the mean; the mean itself with a single seed."""
        ends = [found.interval or [found.mean] * 2 for found in self.estimates]
        return [low for low, _ in ends], [high for _, high in ends]

    @cached_property
    def estimates(self) -> list[Estimate]:
        """Mean and 95 % t-interval at each point."""
        return [estimate(column) for column in self.columns]

    def at(self, x: float) -> Estimate:
        """Mean and 95 % t-interval at a point.

        Raises:
            ValueError: not measured.
        """
        if x not in self.x:
            raise ValueError(f"measured at {measured(self.x)}, got {x}")
        return self.estimates[self.x.index(x)]

    def to_json(self) -> dict[str, list[Any]]:
        """Timesteps and accuracies, for JSON and for figures."""
        return {"timesteps": self.timesteps, "accuracy": [list(row) for row in self.accuracy]}


def counts_by_timesteps(found: Any) -> dict[int, tuple[int, int]]:
    """Read the images lost and gained by T from JSON.

    Raises:
        ValueError: it is something else.
    """
    try:
        pairs = {int(T): (lost, gained) for T, (lost, gained) in found.items()}
    except (AttributeError, TypeError, ValueError):
        raise ValueError(f"must hold images lost and gained by T, got {found!r}") from None
    for number in (number for pair in pairs.values() for number in pair):
        if isinstance(number, bool) or not isinstance(number, int) or number < 0:
            raise ValueError(f"must hold numbers of images, got {number!r}")
    return pairs


def check_percent(name: str, values: Iterable[Any]) -> None:
    """Raise ValueError unless all values are numbers in 0 to 100."""
    found = [checked(name, float, value) for value in values]
    if found and not 0 <= min(found) <= max(found) <= 100:
        ends = f"{min(found):g} to {max(found):g}"
        raise ValueError(f"{name} must be in percent, 0 to 100, got {ends}")


def measured(points: Sequence[float]) -> str:
    """Points in words: "1 to 8", or a list if they are not all whole numbers from 1 on."""
    if len(points) > 0 and list(points) == list(range(1, len(points) + 1)):
        return f"1 to {len(points)}"
    return ", ".join(f"{point:g}" for point in points) or "nothing"


def powers_of_two(highest: int) -> list[int]:
    """1, 2, 4, ... up to `highest`, and `highest` itself."""
    powers = [2**k for k in range(highest.bit_length()) if 2**k <= highest]
    return powers if powers[-1] == highest else [*powers, highest]

"""The race as a film: recorded trainings against the clock, then T from 1 to 16.

Python computes the moments of all events, and the sentences; `race.js` draws. Nothing is
interpolated between two measurements: a line grows only when an epoch has ended.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import accumulate, pairwise
from statistics import mean
from typing import Any, Final

from matplotlib.ticker import MaxNLocator

from snnlab.measure.curve import SeedCurves
from snnlab.runs.recorded import Recorded
from snnlab.show.charts.draw import dash_pattern
from snnlab.show.charts.runs import one_image_words
from snnlab.show.colours import HUES
from snnlab.show.described import (
    ACCURACY,
    TIMESTEPS,
    TRAINING_TIME,
    VALIDATION,
    accuracy_limits,
    accuracy_words,
    three_digits,
    unbroken,
)
from snnlab.show.films.film import Chapter, Film
from snnlab.show.plot import Look
from snnlab.show.style import looks_of, marker_path

MOST: Final = 7
"""Lines for which there is room, at most."""
HIGHEST: Final = 16
"""The largest T of the film."""
ON_BOARD: Final = (1, 4, HIGHEST)
"""The T of the columns of the board below the picture."""
START, TRAINING, REST, TURN, FRAME, END = 1.0, 16.0, 6.0, 1.0, 0.7, 6.0
"""Seconds of film: before the start; the slowest training, at most; until the axes change; the
change of axes; each T; the last picture."""
BELOW_THE_TOP: Final = 6
"""Length of the accuracy axis during training, as a multiple of the distance from its upper end to
the lowest final accuracy."""
CLOSE: Final = 0.1
"""Trainings that end within so many seconds of film share one step."""

WORDS: Final = {
    "seconds": TRAINING_TIME,
    "validation": VALIDATION,
    "timesteps": TIMESTEPS,
    "accuracy": ACCURACY,
    "second": "{number} s",
    "T": "T = {T}",
    "trained": "Trained",
    "training": "Training",
}
"""Texts of the picture and the board below it."""


@dataclass(frozen=True)
class Racer:
    """One line of the film: trainings that differ in nothing but the seed, and their mean."""

    look: Look
    runs: Sequence[Recorded]

    @property
    def name(self) -> str:
        """The name in the picture."""
        return self.look.name

    @property
    def called(self) -> str:
        """The name in a sentence: in quotes if it holds a comma."""
        return f"\u201c{self.name}\u201d" if "," in self.name else self.name

    @cached_property
    def ends(self) -> list[float]:
        """Seconds of training at the end of each epoch."""
        totals = (accumulate(run.seconds) for run in self.runs)
        return [mean(ends) for ends in zip(*totals, strict=True)]

    @cached_property
    def validation(self) -> list[float]:
        """Accuracy on the validation images after each epoch, in percent."""
        return [mean(found) for found in zip(*(run.validation for run in self.runs), strict=True)]

    @cached_property
    def curves(self) -> SeedCurves:
        """Accuracy on the test images, up to the highest T of the film."""
        whole = SeedCurves.of(run.accuracy for run in self.runs)
        shown = [T for T in whole.timesteps if T <= HIGHEST]
        return SeedCurves.of(run.accuracy.only(shown) for run in self.runs)

    @property
    def epochs(self) -> int:
        """The number of epochs."""
        return len(self.ends)

    @property
    def seconds(self) -> float:
        """Training time in seconds."""
        return self.ends[-1]

    def at(self, T: int) -> float | None:
        """Accuracy on the test images; None where it was not measured."""
        curves = self.curves
        return curves.mean[curves.timesteps.index(T)] if T in curves.timesteps else None


def race(runs: Mapping[str, Sequence[Recorded]], *, names: Mapping[str, str] | None = None) -> Film:
    """Trainings side by side against the clock, then their accuracy as T grows from 1 to 16.

    With several seeds each line is their mean, epoch by epoch and T by T.

    Args:
        runs: methods, or any other names, to their finished trainings, one for each seed: of a
            race `recorded_runs(result)`, of a run `[recorded(run)]`. Seven names at most, of which
            four may be no methods.
        names: other names for some of them, as written in the film.

    Raises:
        ValueError: no runs, more lines than can be told apart, seeds with different numbers of
            epochs, or a name for a line that is not there.

    Example:
        >>> race(recorded_runs(result))
    """
    course = Course(racers_of(runs, names))
    return Film(
        kind="race",
        title=f"The race on {listed(run.config.data.name for run in course.runs)}",
        alt=course.alt(),
        length=course.length,
        chapters=course.chapters(),
        steps=course.steps(),
        scene=course.scene(),
        words=WORDS,
    )


def racers_of(
    runs: Mapping[str, Sequence[Recorded]], names: Mapping[str, str] | None
) -> list[Racer]:
    """The lines of the film, in the order given."""
    if not 1 <= len(runs) <= MOST:
        raise ValueError(f"a film of a race shows 1 to {MOST} lines, got {len(runs)}")
    for label, own in runs.items():
        counts = [len(run.seconds) for run in own]
        if len(set(counts)) != 1:
            got = ", ".join(map(str, counts)) or "no run"
            raise ValueError(f"the seeds of {label!r} must have trained equally long, got {got}")
    looks = looks_of(list(runs), names)
    return [Racer(looks[label], tuple(own)) for label, own in runs.items()]


@dataclass(frozen=True)
class Course:
    """The moments of a race, its sentences, and the data of its scene."""

    racers: Sequence[Racer]

    @property
    def runs(self) -> list[Recorded]:
        """All trainings."""
        return [run for racer in self.racers for run in racer.runs]

    @cached_property
    def order(self) -> list[Racer]:
        """The lines by training time, the quickest first."""
        return sorted(self.racers, key=lambda racer: racer.seconds)

    @cached_property
    def timesteps(self) -> list[int]:
        """Every T that is shown."""
        return sorted({T for racer in self.racers for T in racer.curves.timesteps})

    @property
    def board(self) -> list[int]:
        """Every T of the board that is shown."""
        return sorted({min(T, self.timesteps[-1]) for T in ON_BOARD})

    # ---- moments

    @cached_property
    def scale(self) -> float:
        """Seconds of training per second of film: two digits, so that the sentence is exact."""
        rough = self.order[-1].seconds / TRAINING
        digit: float = 10.0 ** (math.floor(math.log10(rough)) - 1)
        return float(f"{math.ceil(rough / digit - 1e-9) * digit:.2g}")

    def moment(self, seconds: float) -> float:
        """The moment of the film at which so many seconds of training have passed."""
        return hundredths(START + seconds / self.scale)

    @property
    def turn(self) -> float:
        """The moment at which the axes change."""
        return hundredths(self.moment(self.order[-1].seconds) + REST)

    def frame(self, T: int) -> float:
        """The moment at which a T is reached."""
        return hundredths(self.turn + TURN + FRAME * self.timesteps.index(T))

    @property
    def end(self) -> float:
        """The moment at which everything is shown."""
        return hundredths(self.frame(self.timesteps[-1]) + FRAME)

    @property
    def length(self) -> float:
        """Length of the film in seconds."""
        return hundredths(self.end + END)

    def steps(self) -> tuple[float, ...]:
        """The start, the end of each training, T = 1, 2, 4 and so on, and the end."""
        trained = {self.moment(racer.seconds) for racer in self.racers}
        doubled = {self.frame(T) for T in self.timesteps if T & (T - 1) == 0}
        found = sorted({0.0, self.end} | trained | doubled)
        apart = [step for step, later in pairwise(found) if later - step > CLOSE]
        return (*apart, found[-1])

    def chapters(self) -> tuple[Chapter, ...]:
        """The parts of the film and their sentences."""
        first, last = (self.moment(racer.seconds) for racer in (self.order[0], self.order[-1]))
        parts = [(0.0, "Training", self.start_words())]
        if first < last:
            parts.append((first, "The first is trained", self.first_words()))
        parts += [
            (last, "All are trained", self.last_words()),
            (self.frame(self.timesteps[0]), "More timesteps", self.sweep_words()),
            (self.end, "The numbers", self.end_words()),
        ]
        return tuple(Chapter(at, name, unbroken(said)) for at, name, said in parts)

    # ---- sentences

    def start_words(self) -> str:
        """What is trained, on which data, and how fast the film runs."""
        return " ".join(
            [self.terms_words(), self.clock_words(), self.validation_words(), *self.notes()]
        )

    def notes(self) -> list[str]:
        """A sentence for each training whose last phase runs several timesteps."""
        noted = {racer.name: racer.runs[0].config.note for racer in self.racers}
        return [f"{starting(name)}: {note}." for name, note in noted.items() if note]

    def terms_words(self) -> str:
        """What the trainings have in common."""
        networks = listed(run.config.model.name for run in self.runs)
        data = listed(run.config.data.name for run in self.runs)
        epochs = listed(str(racer.epochs) for racer in self.racers)
        said = f"Network {networks} on {data}, {epochs} epoch{'s' * (epochs != '1')}"
        if not epochs.isdigit():
            said += ", not the same for all"
        counts = sorted({len(racer.runs) for racer in self.racers})
        if counts[-1] > 1:
            said += f", mean of {' to '.join(map(str, {counts[0]: 0, counts[-1]: 0}))} seeds"
        return f"{said}."

    def clock_words(self) -> str:
        """How many seconds of training a second of film is, and on which machine."""
        machines = list(dict.fromkeys(machine_words(run) for run in self.runs))
        clock = f"1 s of film is {self.scale:,g} s of training"
        if len(machines) > 1:
            known = listed(machine or "one that nobody noted" for machine in machines)
            return f"{clock}, not all on the same machine: {known}."
        return f"{clock} on {machines[0]}." if machines[0] else f"{clock}."

    def validation_words(self) -> str:
        """The T at which accuracy is measured after each epoch, always without noise."""
        at: dict[str, list[str]] = {}
        for racer in self.racers:
            T = racer.runs[0].validated_at
            at.setdefault("without timesteps" if T is None else f"T = {T}", []).append(racer.name)
        how = next(iter(at))
        if len(at) > 1:
            how = "; ".join(f"{how} ({listed(names)})" for how, names in at.items())
        return f"Height: accuracy on the validation images at the T of training, {how}."

    def first_words(self) -> str:
        """Which training ends first, and how far the last one is at that moment."""
        first, last = self.order[0], self.order[-1]
        epoch = min(bisect_right(last.ends, first.seconds) + 1, last.epochs)
        return (
            f"{starting(first.called)} is trained, after {three_digits(first.seconds)} s. "
            f"{starting(last.called)} is in epoch {epoch} of {last.epochs}."
        )

    def last_words(self) -> str:
        """How long the slowest training took, compared with the first line, and the accuracies."""
        last = self.order[-1]
        other = self.racers[0] if self.racers[0] is not last else self.order[0]
        said = f"{starting(last.called)} is trained, after {three_digits(last.seconds)} s"
        if other is not last:
            times = f"{last.seconds / other.seconds:.2g}"
            said += f": {'about' if times == '1' else f'{times} times'} as long as {other.called}"
        reached = self.highest_words(lambda racer: racer.validation[-1])
        return f"{said}. On the validation images {reached}."

    def sweep_words(self) -> str:
        """What is done with the trained networks."""
        converted = [racer.name for racer in self.racers if racer.runs[0].config.entry.conversions]
        said = (
            f"Without any more training each network now runs for T = 1 to {self.timesteps[-1]} "
            "timesteps, on the test images."
        )
        if converted:
            said += f" What did not spike is converted first: {listed(converted)}."
        if any(racer.curves.seeds > 1 for racer in self.racers):
            said += " Band: lowest to highest seed."
        return said

    def end_words(self) -> str:
        """Which line is ahead at which T, and the shortest and longest training time."""
        ahead = [f"At T = {T} {self.highest_words(partial(Racer.at, T=T))}." for T in self.board]
        first, last = self.order[0], self.order[-1]
        shortest, longest = (f"{three_digits(one.seconds)} s" for one in (first, last))
        if shortest != longest:
            ahead.append(
                f"Training took from {shortest} ({first.called}) to {longest} ({last.called})."
            )
        images = (run.accuracy.images for run in self.runs)
        worth = one_image_words(count for count in images if count)
        return " ".join([*ahead, f"{starting(worth)}."] if worth else ahead)

    def highest_words(self, value: Callable[[Racer], float | None]) -> str:
        """Which line has the highest value in percent, as shown, and by how much."""
        found = {racer.called: value(racer) for racer in self.racers}
        values = {name: number for name, number in found.items() if number is not None}
        best = max(values.values())
        names = [name for name, number in values.items() if f"{number:.2f}" == f"{best:.2f}"]
        others = [number for name, number in values.items() if name not in names]
        if len(values) == 1:
            return f"{names[0]} has {best:.2f} %"
        if not others:
            return f"all have {best:.2f} %"
        verb = "is" if len(names) == 1 else "are"
        more = best - max(others)
        return f"{listed(names)} {verb} ahead with {best:.2f} %, by {more:.2f} points"

    def alt(self) -> str:
        """The film in words and numbers."""
        trained = [
            f"{racer.called} after {three_digits(racer.seconds)} s, "
            f"then {racer.validation[-1]:.2f} %"
            for racer in self.order
        ]
        return (
            f"{self.terms_words()} Trained, and accuracy on the validation images: "
            f"{'; '.join(trained)}. "
            f"{accuracy_words({racer.name: racer.curves for racer in self.racers})} "
            f"{self.end_words()}"
        )

    # ---- data of the scene

    def heights(self) -> tuple[float, float]:
        """Limits of the accuracy axis during training, close enough to separate the final values.

        The first epochs may lie below the axis: if they were shown, all final values would
        coincide.
        """
        low, high = accuracy_limits(value for racer in self.racers for value in racer.validation)
        worst = min(racer.validation[-1] for racer in self.racers)
        return max(low, high - BELOW_THE_TOP * (high - worst)), high

    def scene(self) -> dict[str, Any]:
        """The data for `race.js`."""
        tested = [value for racer in self.racers for side in racer.curves.range for value in side]
        longest = self.order[-1].seconds
        return {
            "start": START,
            "scale": self.scale,
            "turn": [self.turn, hundredths(self.turn + TURN)],
            "frames": [[T, self.frame(T)] for T in self.timesteps],
            "digits": max(0, 1 - math.floor(math.log10(longest))),
            "axes": {
                "seconds": axis((0, longest)),
                "validation": axis(self.heights()),
                "accuracy": axis(accuracy_limits(tested)),
            },
            "board": self.board,
            "racers": [line(racer) for racer in self.racers],
        }


def line(racer: Racer) -> dict[str, Any]:
    """The data of one line for `race.js`."""
    hue = next(name for name, hue in HUES.items() if hue.light == racer.look.colour)
    curves, band = racer.curves, [rounded(side) for side in racer.curves.range]
    return {
        "name": racer.name,
        "hue": f"hue_{hue}",
        "marker": marker_path(racer.look.marker),
        "dashes": dash_pattern(racer.look.dashes),
        "ends": rounded(racer.ends),
        "validation": rounded(racer.validation),
        "took": three_digits(racer.seconds),
        "timesteps": curves.timesteps,
        "accuracy": rounded(curves.mean),
        "band": band if curves.seeds > 1 else None,
    }


def machine_words(run: Recorded) -> str:
    """The machine of a training and its number of threads; empty if it was not recorded."""
    threads = run.hardware.get("threads")
    if not run.machine or run.hardware.get("gpu") or not threads:
        return run.machine
    return f"{run.machine}, {threads} thread{'s' * (threads != 1)}"


def axis(limits: tuple[float, float]) -> dict[str, Any]:
    """An axis: its limits, and a few round numbers within them with their texts."""
    low, high = limits
    ticks = MaxNLocator(nbins=6, steps=[1, 2, 5, 10]).tick_values(low, high)
    inside = [float(f"{tick:.10g}") for tick in ticks if low <= tick <= high]
    return {"limits": [low, high], "ticks": [[tick, f"{tick:g}"] for tick in inside]}


def rounded(values: Iterable[float]) -> list[float]:
    """Numbers with six decimals, more than a picture shows."""
    return [round(value, 6) for value in values]


def hundredths(moment: float) -> float:
    """A moment, rounded up to hundredths of a second, so that it never precedes its event."""
    return math.ceil(100 * moment - 1e-6) / 100


def listed(names: Iterable[str]) -> str:
    """Names as a sentence lists them, each once.

    Example:
        >>> listed(["noise", "BPTT", "noise", "ANN"])
        'noise, BPTT and ANN'
    """
    *others, last = dict.fromkeys(names)
    return f"{', '.join(others)} and {last}" if others else last


def starting(words: str) -> str:
    """Words at the start of a sentence."""
    return f"{words[:1].upper()}{words[1:]}"

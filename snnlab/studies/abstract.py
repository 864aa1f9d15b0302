"""The claims of the paper's abstract, in its order, and how a race tests each of them.

Only the abstract is known here (Jiang and Zhang, 2023, arXiv 2211.05453), not the networks, T, data
and conversions behind its numbers. `claims` holds the rules; the claim about biology needs no race,
see `lifelike`. If a claim depends on the T of backpropagation through time (BPTT), a note gives the
T from which on it would hold: the cost of BPTT is assumed to grow linearly with T, on the line
through the method without noise (T = 1) and the T in the race.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import mean

from snnlab.measure.statistics import LEVEL, MARGIN, PairedImages
from snnlab.studies.claims import Found, Test
from snnlab.studies.evidence import Evidence, Untested, mean_of
from snnlab.studies.speedup import LEAST_SPEEDUP, speedup, timed_speedup

LEAST_SAVED = 65.0
"""Percent of training time. The claim says 65 to 75; more than 75 is more than claimed, so it
counts as support, and the exact number is printed."""
DOZENS = 24.0
"""How many times the resources of an ANN "dozens" means at least."""
LEAST_MEMORY = 10.0
"""MiB: smaller peaks depend on the rest of the process more than on the network."""
SEED_CORRELATION = 0.2
"""Assumed correlation between two seeds of whether the same image is lost or gained: 0.05 to 0.15
was measured over 8 networks of method noise on the digits, at T = 2 to 16."""


def resources(e: Evidence, column: str) -> Found:
    """Ratio of a cost (a column of the race) of BPTT to that of training an ANN."""
    seeds = e.with_rivals(e.slow)
    slow = e.column(column, e.slow, seeds)
    readings = {
        method: [a / b for a, b in zip(slow, e.column(column, method, seeds), strict=True)]
        for method in e.rivals
    }
    goal = DOZENS * mean(e.column(column, e.plainest, seeds))
    note = holds_from(e, column, goal)
    return Found(readings[e.plainest], seeds, f"over {e.plainest}", readings, note)


def training_resources(e: Evidence) -> Found:
    """Ratio of the training seconds of BPTT to those of an ANN."""
    e.check_timings()
    return resources(e, "training_seconds")


def memory_resources(e: Evidence) -> Found:
    """Ratio of the peak memory of BPTT to that of an ANN."""
    e.check_timings()
    seeds = e.with_rivals(e.slow)
    least = min(min(e.column("peak_memory_mib", each, seeds)) for each in (e.slow, *e.rivals))
    if least < LEAST_MEMORY:
        raise Untested(f"trainings take less than {LEAST_MEMORY:g} MiB: too little to be measured")
    return resources(e, "peak_memory_mib")


def differences(
    ours: Sequence[Mapping[int, float]], theirs: Sequence[Mapping[int, float]], shown: Sequence[int]
) -> dict[str, list[float]]:
    """Differences of accuracy in points, ours minus theirs, for each seed at each T."""
    return {f"T = {T}": [a[T] - b[T] for a, b in zip(ours, theirs, strict=True)] for T in shown}


def over_curve(by_T: dict[str, list[float]]) -> list[float]:
    """The mean over T, seed by seed."""
    return [mean(values) for values in zip(*by_T.values(), strict=True)]


def lossless(e: Evidence) -> Found:
    """Accuracy after the conversion minus accuracy before it, in points."""
    seeds = e.shared(e.ours)
    certificates = e.column("certificate", e.ours, seeds)
    if not all(certificate.get("weights_equal") for certificate in certificates):
        raise Untested("a certificate lacks equal weights")
    curves, shown = e.curves(e.ours, seeds), e.timesteps()
    noisy = [certificate.get("accuracy_with_noise_at_1") for certificate in certificates]
    if None not in noisy and mean(noisy) > mean(curve[1] for curve in curves):
        by_T = differences(curves, [dict.fromkeys(shown, before) for before in noisy], shown)
        note = "compared with T = 1 under noise, which was more accurate; images not paired"
        return Found(over_curve(by_T), seeds, mean_of(shown), by_T, note)
    if not all(T in curve.changed for curve in curves for T in shown):
        raise Untested("the race does not hold which images change sides; a new race does")
    return since_1({T: [curve.since_1(T) for curve in curves] for T in shown}, seeds)


def since_1(pairs: dict[int, list[PairedImages]], seeds: list[int]) -> Found:
    """Points of accuracy gained since T = 1, from the counts of lost and gained images.

    Args:
        pairs: these counts by T, one per seed.
        seeds: their seeds.
    """
    by_T = {f"T = {T}": [pair.difference for pair in own] for T, own in pairs.items()}
    images = over_seeds(list(zip(*pairs.values(), strict=True)))
    return Found(over_curve(by_T), seeds, mean_of(list(pairs)), by_T, images=images)


def over_seeds(pairs: list[tuple[PairedImages, ...]]) -> PairedImages:
    """The images of all seeds together; each seed's changes are means over the curve.

    All seeds saw the same images, so the images of n seeds count 1 + (n - 1) `SEED_CORRELATION`
    times less than n separate sets of images (design effect; Kish, 1965). Rounded against us.

    Args:
        pairs: by seed, then by T.
    """
    worth = 1 / (1 + (len(pairs) - 1) * SEED_CORRELATION)
    images = sum(seed[0].images for seed in pairs) * worth
    lost = sum(mean(pair.lost for pair in seed) for seed in pairs) * worth
    gained = sum(mean(pair.gained for pair in seed) for seed in pairs) * worth
    lost = math.ceil(round(lost, 9))
    return PairedImages(max(math.floor(images), lost), lost, math.floor(min(gained, images - lost)))


def gained(e: Evidence) -> Found:
    """Points of accuracy that noise gains after conversion."""
    if e.config.get("noise", {}).get("family", "gaussian") != "gaussian":
        raise Untested("the noise was not Gaussian")
    seeds = e.shared(e.ours, e.quiet)
    noisy, quiet = e.curves(e.ours, seeds), e.curves(e.quiet, seeds)
    shown = e.timesteps()
    by_T = differences(noisy, quiet, shown)
    return Found(over_curve(by_T), seeds, mean_of(shown), by_T)


def maintained(e: Evidence) -> Found:
    """Our accuracy minus that of the best rival at the same T, in points."""
    seeds = e.with_rivals(e.ours, e.slow)
    ours, shown = e.curves(e.ours, seeds), e.timesteps()
    itself = e.column("ann_accuracy", e.plainest, seeds)
    flat = [dict.fromkeys(shown, accuracy) for accuracy in itself]
    less = {f"{e.plainest} itself": differences(ours, flat, shown)} | {
        method: differences(ours, e.curves(method, seeds), shown) for method in (e.slow, *e.rivals)
    }
    best = min(less, key=lambda name: mean(over_curve(less[name])))
    readings = {f"less {name} at {T}": less[name][T] for name in less for T in less[name]}
    return Found(
        over_curve(less[best]), seeds, f"less {best}, {mean_of(shown)}", readings, rivals=len(less)
    )


def saved(e: Evidence, method: str, seeds: list[int]) -> list[float]:
    """Percent of a method's training time that one timestep saves."""
    pairs = (e.column("training_seconds", each, seeds) for each in (e.ours, method))
    return [100 * (1 - ours / theirs) for ours, theirs in zip(*pairs, strict=True)]


def saved_on_bptt(e: Evidence) -> Found:
    """Percent of the training time of BPTT."""
    seeds = e.shared(e.ours, e.slow)
    e.check_timings()
    ours = mean(e.column("training_seconds", e.ours, seeds))
    note = holds_from(e, "training_seconds", ours / (1 - LEAST_SAVED / 100))
    return Found(saved(e, e.slow, seeds), seeds, note=note)


def saved_on_conversion(e: Evidence) -> Found:
    """Percent of the training time of the network that is converted, the quickest of them."""
    seeds = e.with_rivals(e.ours)
    e.check_timings()
    readings = {method: saved(e, method, seeds) for method in e.rivals}
    quickest = min(readings, key=lambda method: mean(readings[method]))
    return Found(readings[quickest], seeds, f"against {quickest}", readings, rivals=len(readings))


def holds_from(e: Evidence, column: str, goal: float) -> str:
    """The T at which the cost of BPTT would reach `goal`, in words; "" if it is unknown."""
    if e.quiet not in e.entries or not e.slow_T or e.slow_T < 2:
        return ""
    seeds = e.shared(e.quiet, e.slow)
    one, many = (mean(e.column(column, each, seeds)) for each in (e.quiet, e.slow))
    slope = (many - one) / (e.slow_T - 1)
    if slope <= 0:
        return ""
    first = max(1, math.ceil(1 + (goal - one) / slope))
    ran = f"{e.slow_title} ran with T = {e.slow_T}"
    return f"{ran}; on the line through T = 1, it would from T = {first} on"


FASTER = "more than 100 times faster inference than conversion at equal accuracy"
CONVERSION = (
    " that the fastest conversion of {e.rival_names} needs to be as accurate as {e.ours} at T, "
    "on the same images, over those of {e.ours} at T (geometric mean)"
)
TRAINING = "training seconds, same epochs, no validation: "
EACH_ERRS = 1 - 2 * LEVEL
"""Confidence of an interval whose ends each err in `LEVEL` of all cases, see `PairedImages`."""

TESTS = (
    Test(
        "spike-based backpropagation takes dozens of times (24 or more) the time of an ANN",
        TRAINING + "{e.slow_title} with T = {e.slow_T} over an ordinary network (geometric mean)",
        training_resources,
        "times",
        DOZENS,
        ratio=True,
    ),
    Test(
        "spike-based backpropagation takes dozens of times (24 or more) the memory of an ANN",
        "peak memory while training, beyond what was held before: {e.slow_title} with "
        "T = {e.slow_T} over an ordinary network (geometric mean)",
        memory_resources,
        "times",
        DOZENS,
        ratio=True,
    ),
    Test(
        "the conversion from one timestep to more is lossless",
        "test accuracy of {e.ours} at T > 1, run without noise, minus that of the same weights at "
        "T = 1 with or without noise, whichever is more accurate over the seeds; supported if a "
        f"loss of {MARGIN:g} point can be excluded, contradicted if a loss can be shown",
        lossless,
        "points",
        -MARGIN,
        strict=True,
        lost_below=0.0,
        confidence=EACH_ERRS,
        everywhere=True,
    ),
    Test(
        "Gaussian noise raises accuracy after conversion",
        "test accuracy of {e.ours} minus {e.quiet}, both run without noise at T > 1",
        gained,
        "points",
        strict=True,
    ),
    Test(
        f"high accuracy is maintained (less than {MARGIN:g} point below the best rival)",
        "test accuracy of {e.ours}, run without noise, minus that of the most accurate of "
        "{e.slow}, {e.plainest} itself, and the best-practice conversions of {e.rival_names}, at "
        "the same T > 1",
        maintained,
        "points",
        -MARGIN,
        strict=True,
        confidence=EACH_ERRS,
    ),
    Test(
        "65 to 75 % less training time than spike-based backpropagation",
        TRAINING + "{e.ours} and {e.slow_title} with T = {e.slow_T}",
        saved_on_bptt,
        "%",
        LEAST_SAVED,
    ),
    Test(
        "65 to 75 % less training time than conversion",
        TRAINING + "{e.ours} and the quickest to train of {e.rival_names}",
        saved_on_conversion,
        "%",
        LEAST_SAVED,
    ),
    Test(
        f"{FASTER}, in timesteps",
        "timesteps" + CONVERSION,
        speedup,
        "times",
        LEAST_SPEEDUP,
        strict=True,
        ratio=True,
    ),
    Test(
        f"{FASTER}, in measured seconds",
        "seconds per image" + CONVERSION,
        timed_speedup,
        "times",
        LEAST_SPEEDUP,
        strict=True,
        ratio=True,
    ),
)
"""The claims of the abstract that a race can test, in its order."""

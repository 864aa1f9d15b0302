"""Answers to the exercises of notebook 06 in unfamiliar styles."""

import math
import statistics

import numpy as np
import pandas


def scaled_in_place(weight, bias, before, after):
    weight *= before
    for row in weight:
        row /= after
    bias[:] = [b / after for b in bias]
    return weight, bias


def empties_its_lists(ours, theirs):
    n, left = len(ours), 0.0
    while ours:
        left += ours.pop() / theirs.pop()
    return 100 - 100 * left / n


def first_only(ours, theirs):
    for a, b in zip(ours, theirs, strict=True):
        return 100 * (1 - a / b)


def last_only(ours, theirs):
    for a, b in zip(ours, theirs, strict=True):
        saved = 100 * (1 - a / b)
    return saved


def shares(ours, theirs):
    """Saving of each seed."""
    return [1 - a / b for a, b in zip(ours, theirs, strict=True)]


RIGHT = {
    "scaled_layer": [
        scaled_in_place,
        lambda weight, bias, before, after: (
            [[w * before / after for w in row] for row in weight.tolist()],
            [b / after for b in bias],
        ),
        lambda weight, bias, before, after: (
            np.einsum("oi,i->oi", weight, np.full(weight.shape[1], before)) / after,
            np.true_divide(bias, after),
        ),
    ],
    "mean_saving": [
        empties_its_lists,
        lambda ours, theirs: (
            pandas.DataFrame({"a": ours, "b": theirs}).eval("100 * (b - a) / b").mean()
        ),
        lambda ours, theirs: statistics.fmean(map(lambda a, b: (1 - a / b) * 100, ours, theirs)),
        lambda ours, theirs: 100 * np.average(1 - np.divide(ours, theirs)),
    ],
}
WRONG = {
    "scaled_layer": [
        (
            lambda w, b, before, after: (b / after, w * before / after),
            "The two results are in the wrong order.",
        ),
        (
            lambda w, b, before, after: w * before / after,
            "Your function returns one value ([[ 0.25 , -0.5 ,",
        ),
        (
            lambda w, b, before, after: b / after,
            "Your function returns one value ([ 0.05, -0.15]): the",
        ),
        (
            lambda w, b, before, after: {"weight": w * before / after, "bias": b / after},
            "Your function returns a dict ({'weight': [[ 0.25",
        ),
        (
            lambda w, b, before, after: (w / before / after, b / after),
            "You divide by the threshold of the layer before. Its",
        ),
        (
            lambda w, b, before, after: (w * before / after, b / before),
            "You divide the bias by the threshold of the layer",
        ),
        (
            lambda w, b, before, after: (w * after / before, b / before),
            "You have swapped `before` and `after`.",
        ),
        (
            lambda w, b, before, after: (w.T * before / after, b / after),
            "Your first value is not right yet, the other one is.",
        ),
        (
            lambda w, b, before, after: (w * before / after, b - after),
            "your function returns ([[ 0.25 , -0.5 , 0.125], [ 1. ,",
        ),
        (
            lambda w, b, before, after: (np.maximum(w * before / after, 0), b / after),
            "your function returns ([[0.25 , 0. , 0.125], [1. , 0. ,",
        ),
    ],
    "mean_saving": [
        (first_only, "You use the first seed only."),
        (last_only, "You use the last seed only."),
        (shares, "Your result holds 2 numbers; it should be one number."),
        (
            lambda ours, theirs: 100 * sum(shares(ours, theirs)),
            "You add the savings up, but do not divide by the number",
        ),
        (
            lambda ours, theirs: -100 * statistics.mean(shares(ours, theirs)),
            "Your sign is turned round: a saving is positive where",
        ),
        (
            lambda ours, theirs: 100 * statistics.mean(shares(theirs, ours)),
            "You have swapped the two methods.",
        ),
        (
            lambda ours, theirs: 100 * statistics.median(shares(ours, theirs)),
            "You take the median over the seeds.",
        ),
        (
            lambda ours, theirs: 100 * statistics.mean(abs(s) for s in shares(ours, theirs)),
            "your function returns 68.75; it should return 18.75.",
        ),
        (
            lambda ours, theirs: round(100 * statistics.mean(shares(ours, theirs))),
            "your function returns 19; it should return 18.75.",
        ),
        (
            lambda ours, theirs: f"{100 * statistics.mean(shares(ours, theirs)):.1f} %",
            "Your function returns text ('18.8 %'); it should return",
        ),
        (
            lambda ours, theirs: 100 * (1 - ours / theirs),
            "TypeError: unsupported operand type(s) for /: 'list'",
        ),
        (
            lambda ours, theirs: (
                100 * (1 - math.prod(a / b for a, b in zip(ours, theirs, strict=True)) ** 0.5)
            ),
            "your function returns 56.699; it should return 18.75.",
        ),
    ],
}

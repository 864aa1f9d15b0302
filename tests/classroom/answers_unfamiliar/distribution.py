"""Answers to the exercises of notebook 02 in unfamiliar styles."""

import math
from fractions import Fraction
from functools import reduce
from statistics import NormalDist

import numpy as np
import torch


def by_recursion(current, T, v_init, v_th):
    if T == 0:
        return v_init
    h = v_init + current
    return by_recursion(current, T - 1, h - v_th if h >= v_th else h, v_th)


def active_in_place(spikes):
    spikes.sub_(spikes[0].clone())
    return spikes.abs_().amax(0) > 0


def strictly(current, T, v_init, v_th):
    v = v_init
    for _ in range(T):
        v += current
        if v > v_th:
            v -= v_th
    return v


def once(current, T, v_init, v_th):
    v = v_init + T * current
    if v >= v_th:
        v -= v_th
    return v


def to_zero(current, T, v_init, v_th):
    v = v_init
    for _ in range(T):
        v += current
        if v >= v_th:
            v = 0
    return v


RIGHT = {
    "residual": [
        by_recursion,
        lambda current, T, v_init, v_th: reduce(
            lambda v, i: v + i - v_th * (v + i >= v_th), [current] * T, v_init
        ),
        lambda current, T, v_init, v_th: np.float32(np.mod(v_init + T * current, v_th)),
        lambda current, T, v_init, v_th: math.modf((v_init + T * current) / v_th)[0] * v_th,
        lambda current, T, v_init, v_th: divmod(v_init + T * current, v_th)[1],
    ],
    "matched_noise": [
        lambda v_th: torch.tensor([0.5, 12**-0.5]) * v_th,
        lambda v_th: (Fraction(v_th) / 2, math.sqrt(Fraction(v_th) ** 2 / 12)),
        lambda v_th: (x * v_th for x in (1 / 2, math.sqrt(3) / 6)),
        lambda v_th: (round(v_th / 2, 4), round(v_th * 0.288675, 4)),
    ],
    "active_neurons": [
        active_in_place,
        lambda spikes: spikes.var(0) > 0,
        lambda spikes: [len(set(column)) == 2 for column in zip(*spikes.tolist(), strict=True)],
        lambda spikes: (spikes.sum(0) > 0) * (spikes.sum(0) < spikes.shape[0]) * 1.0,
        lambda spikes: np.logical_xor(spikes.numpy().any(0), spikes.numpy().all(0)),
    ],
}
WRONG = {
    "residual": [
        (
            lambda current, T, v_init, v_th: v_init + T * current % v_th,
            "Your remainder leaves v_init out, so your residual can",
        ),
        (strictly, "At exactly v_th your neuron stays silent. It may stay"),
        (once, "You take one threshold away at most, after all the"),
        (to_zero, "Your reset sets the potential to zero and throws away"),
        (
            lambda current, T, v_init, v_th: v_init + current * T - v_th * T,
            "your function returns -1.75; it should return 0.25.",
        ),
        (
            lambda current, T, v_init, v_th: by_recursion(current, T - 1, v_init, v_th),
            "You stop one timestep too early.",
        ),
        (
            lambda current, T, v_init, v_th: by_recursion(current, T + 1, v_init, v_th),
            "You run one timestep too many.",
        ),
        (
            lambda current, T, v_init, v_th: divmod(v_init + T * current, v_th),
            "Your result holds 2 numbers; it should be one number.",
        ),
        (
            lambda current, T, v_init, v_th: v_th - (v_init + T * current) % v_th,
            "That is what is missing to the next spike.",
        ),
        (
            lambda current, T, v_init, v_th: v_th % (v_init + T * current),
            "your function returns 1; it should return 0.25.",
        ),
    ],
    "matched_noise": [
        (lambda v_th: (v_th / 2, v_th / 12**1 / 2), "Python takes `**` before `/`"),
        (
            lambda v_th: f"{v_th / 2}, {v_th / 12**0.5}",
            "Your function returns text ('0.5, 0.2886751345948129');",
        ),
        (
            lambda v_th: {"mu": v_th / 2, "sigma": v_th / 12**0.5},
            "Your function returns a dict ({'mu': 0.5,",
        ),
        (
            lambda v_th: NormalDist(v_th / 2, v_th / 12**0.5),
            "Your function returns a NormalDist (NormalDist(mu=0.5,",
        ),
        (lambda v_th: (v_th / 12**0.5, v_th / 2), "The two results are in the wrong order."),
        (lambda v_th: (v_th / 2, 12**0.5), "Your second value is not right yet, the other one is."),
        (
            lambda v_th: (v_th / 2, (v_th / 12) ** 0.5),
            "You take the root of v_th too. The variance is v_th^2 /",
        ),
        (lambda v_th: v_th / 12**0.5, "Your function returns one value (0.28868): the second"),
        (
            lambda v_th: (v_th // 2, v_th / 12**0.5),
            "Your first value is not right yet, the other one is.",
        ),
        (
            lambda v_th: (v_th / 2, 0.29 * v_th),
            "Your second value is not right yet, the other one is.",
        ),
        (
            lambda v_th: (v_th / 2, v_th / 12**0.5, v_th**2 / 12),
            "Your function returns 3 values; it should return 2",
        ),
    ],
    "active_neurons": [
        (
            lambda spikes: (spikes.sum(0) > 0) | (spikes.sum(0) < len(spikes)),
            "You join the two conditions with `or`: every neuron",
        ),
        (lambda spikes: spikes.mean(0), "You return the rate of each neuron. Asked for is"),
        (
            lambda spikes: spikes.sum(0) > 0 and spikes.sum(0) < len(spikes),
            "RuntimeError: Boolean value of Tensor with more than",
        ),
        (
            lambda spikes: ((c := spikes.sum(0)) > 0) & (c < len(spikes) - 1),
            "You leave out neurons that are silent just once.",
        ),
        (
            lambda spikes: torch.where((spikes.mean(0) > 0) & (spikes.mean(0) < 1))[0],
            "You return which neurons are active, by their numbers.",
        ),
        (
            lambda spikes: ((c := spikes.sum(0, keepdim=True)) > 0) & (c < len(spikes)),
            "Your numbers are right, but the shape is (1, 4); it",
        ),
        (
            lambda spikes: 0 < spikes.mean(0) < 1,
            "RuntimeError: Boolean value of Tensor with more than",
        ),
        (
            lambda spikes: ((c := spikes.sum(0)) > 0) & (c < spikes.shape[1]),
            "You compare with the number of neurons, not of",
        ),
    ],
}

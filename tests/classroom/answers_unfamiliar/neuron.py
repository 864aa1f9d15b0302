"""Answers to the exercises of notebook 01 in unfamiliar styles."""

from itertools import accumulate

import numpy as np
import torch


class Cell:
    """A neuron that is an object."""

    def __init__(self, v, v_th, beta):
        self.v, self.v_th, self.beta = v, v_th, beta

    def step(self, current):
        """One timestep."""
        self.v *= self.beta
        self.v += current
        fired = self.v >= self.v_th
        self.v -= self.v_th if fired else 0
        return fired


def with_an_object(v, current, v_th, beta):
    cell = Cell(v, v_th, beta)
    return cell.step(current), cell.v


def by_indexing(v, current, v_th, beta):
    h = beta * v + current
    return [(0, h), (1, h - v_th)][h >= v_th]


def by_recursion(current, T, v_init):
    if T == 0:
        return 0
    h = v_init + current
    return (h >= 1) + by_recursion(current, T - 1, h - (h >= 1))


def by_accumulating(current, T, v_init):
    rests = accumulate(range(T), lambda v, _: v + current - (v + current >= 1), initial=v_init)
    return sum(v + current >= 1 for v in list(rests)[:-1])


def with_prints(current, T, v_init):
    v, n = v_init, 0
    for t in range(T):
        v += current
        print("t", t, "v", v)  # noqa: T201
        if v >= 1:
            v, n = v - 1, n + 1
    return n


def always_subtracts(v, current, v_th, beta):
    h = beta * v + current
    return int(h >= v_th), h - v_th


def returns_when_it_fires(v, current, v_th, beta):
    h = beta * v + current
    if h >= v_th:
        return 1, h - v_th


def no_current_in_v(v, current, v_th, beta):
    h = beta * v + current
    spike = int(h >= v_th)
    return spike, v - v_th * spike


def v_returned_before_reset(v, current, v_th, beta):
    v = beta * v + current
    spike = 1 if v >= v_th else 0
    v_new = v - v_th if spike else v
    return spike, v_new - v


def to_zero(current, T, v_init):
    v, n = v_init, 0
    for _ in range(T):
        v += current
        if v >= 1:
            v, n = 0, n + 1
    return n


def returns_in_the_loop(current, T, v_init):
    v, n = v_init, 0
    for _ in range(T):
        v += current
        if v >= 1:
            v, n = v - 1, n + 1
        return n


def strictly(current, T, v_init):
    v, n = v_init, 0
    for _ in range(T):
        v += current
        if v > 1:
            v, n = v - 1, n + 1
    return n


def counts_and_prints(current, T, v_init):
    print(by_recursion(current, T, v_init))  # noqa: T201


def clamped_at_zero(current, T, v_init):
    v, count = v_init, 0
    for _ in range(T):
        v = max(0, v + current)
        if v >= 1:
            v, count = v - 1, count + 1
    return count


def leaks_in_the_end(v, current, v_th, beta):
    v = v + current
    spike = int(v >= v_th)
    return spike, beta * (v - v_th * spike)


RIGHT = {
    "one_step": [
        with_an_object,
        by_indexing,
        lambda v, current, v_th, beta: (
            (h := np.float64(beta * v + current)) >= v_th,
            np.where(h < v_th, h, h - v_th),
        ),
        lambda v, current, v_th, beta: torch.tensor(
            [
                float(v * beta + current >= v_th),
                v * beta + current - v_th * (v * beta + current >= v_th),
            ]
        ),
    ],
    "spike_count": [
        by_recursion,
        by_accumulating,
        with_prints,
        lambda current, T, v_init: np.clip(np.floor(v_init + T * current), 0, T),
        lambda current, T, v_init: sorted([0, T, int(np.floor(T * current + v_init))])[1],
    ],
}
WRONG = {
    "one_step": [
        (always_subtracts, "You subtract v_th even when there was no spike."),
        (returns_when_it_fires, "For `v = 0.25, current = 0.25, v_th = 1, beta = 1` your"),
        (no_current_in_v, "You reset the potential from before the charge: neither"),
        (v_returned_before_reset, "Your second number is only what the spike takes away."),
        (
            lambda v, current, v_th, beta: ((h := beta * v + current) // v_th, h % v_th),
            "You count how often v_th fits into h. A neuron fires",
        ),
        (
            lambda v, current, v_th, beta: (h := beta * v + current, int(h >= v_th)),
            "You return h and the spike. Asked for are the spike,",
        ),
        (
            lambda v, current, v_th, beta: (
                int((h := beta * v + current) >= 1),
                h - v_th * (h >= v_th),
            ),
            "Your spike compares with 1; that is right only where",
        ),
        (
            lambda v, current, v_th, beta: "spike, 0.25",
            "Your function returns text ('spike, 0.25'); it should",
        ),
        (
            lambda v, current, v_th, beta: {"spike": 1, "v": 0.25},
            "Your function returns a dict ({'spike': 1, 'v':",
        ),
        (
            lambda v, current, v_th, beta: 1 if beta * v + current >= v_th else 0,
            "Your function returns one value (1): the first of the 2",
        ),
        (
            lambda v, current, v_th, beta: (
                bool((h := v + beta * current) >= v_th),
                h - v_th * (h >= v_th),
            ),
            "You weaken the current. It is the old potential that",
        ),
        (leaks_in_the_end, "Your leak comes after the reset."),
    ],
    "spike_count": [
        (to_zero, "Your reset sets the potential to zero and throws away"),
        (returns_in_the_loop, "You run a single timestep, whatever T is."),
        (strictly, "At exactly v_th your neuron stays silent. It may stay"),
        (counts_and_prints, "Your function prints, but returns nothing."),
        (
            lambda current, T, v_init: round(T * current + v_init),
            "your function returns 2; it should return 1.",
        ),
        (
            lambda current, T, v_init: -(-(T * current + v_init) // 1),
            "your function returns 5; it should return 4.",
        ),
        (
            lambda current, T, v_init: int(T * current + v_init),
            "Your count leaves the range from 0 to T.",
        ),
        (clamped_at_zero, "You cut the potential off at 0."),
        (
            lambda current, T, v_init: min(T, int(abs(T * current + v_init))),
            "your function returns 2; it should return 0.",
        ),
        (lambda current, T, v_init: T * current, "your function returns 2.5; it should return 3."),
        (
            lambda current, T, v_init: by_recursion(current, T + 1, v_init),
            "You run one timestep too many.",
        ),
        (
            lambda current, T, v_init: by_recursion(current, T, v_init) + 1,
            "Each of your numbers is 1 too large.",
        ),
        (
            lambda current, T, v_init: [1] * by_recursion(current, T, v_init),
            "Your result holds 3 numbers; it should be one number.",
        ),
    ],
}

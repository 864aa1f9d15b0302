"""Answers to the tasks of assignment 1.

RIGHT ones pass known and hidden cases. WRONG ones fail known cases, with these words; NEARLY ones
pass them and fail hidden cases of this kind.
"""

import math
from decimal import Decimal
from fractions import Fraction
from functools import partial, reduce
from itertools import accumulate
from operator import ge

import numpy as np
import pandas
import torch


class Charge:
    """A class whose object is the function."""

    def __call__(self, v, current, beta):
        return current + v * beta


def charge_in_decimal(v, current, beta):
    return Decimal(beta) * Decimal(v) + Decimal(current)


def charge_in_an_array(v, current, beta):
    h = np.zeros(1)
    h[0] = beta * v + current
    return h


def charge_with_default(v, current, beta=1.0, scale=1.0):
    return scale * np.dot([beta, 1.0], [v, current])


def fire_by_exception(h, v_th):
    try:
        assert not h < v_th
    except AssertionError:
        return 0
    return 1


def fire_in_torch(h, v_th):
    return (torch.tensor([h]) >= torch.tensor([v_th])).int()


def reset_by_recursion(h, spike, v_th):
    return reset_by_recursion(h - v_th, spike - 1, v_th) if spike else h


def reset_in_place(h, spike, v_th):
    h -= spike * v_th
    return np.array([h], dtype=np.float32)


def trace_in_torch(currents, v_th, beta, v_init):
    v, spikes, potentials = torch.tensor(v_init), [], []
    for current in torch.tensor(currents, dtype=torch.float32):
        h = beta * v + current
        spike = (h >= v_th).float()
        v = h - v_th * spike
        spikes.append(spike)
        potentials.append(v)
    return torch.stack(spikes), torch.stack(potentials)


def trace_by_recursion(currents, v_th, beta, v_init):
    if len(currents) == 0:
        return [], []
    h = beta * v_init + currents[0]
    fired = bool(h >= v_th)
    v = h - v_th if fired else h
    spikes, potentials = trace_by_recursion(currents[1:], v_th, beta, v)
    return [fired, *spikes], [v, *potentials]


def trace_in_pandas(currents, v_th, beta, v_init):
    frame = pandas.DataFrame({"current": currents})
    frame["spike"], frame["v"], v = 0, 0.0, v_init
    for row in frame.index:
        h = beta * v + frame.loc[row, "current"]
        frame.loc[row, "spike"] = int(h >= v_th)
        v = frame.loc[row, "v"] = h - v_th if h >= v_th else h
    return frame["spike"], frame["v"]


def trace_in_fractions(currents, v_th, beta, v_init):
    def step(state, current):
        h = Fraction(beta) * state[1] + Fraction(current)
        return (1, h - Fraction(v_th)) if h >= Fraction(v_th) else (0, h)

    steps = list(accumulate(currents, step, initial=(0, Fraction(v_init))))[1:]
    return zip(*steps, strict=True)


def trace_by_generators(currents, v_th, beta, v_init):
    def run():
        v = v_init
        for current in currents:
            h = beta * v + current
            v = h - (h >= v_th) * v_th
            yield h >= v_th, v

    return (spike for spike, _ in run()), (v for _, v in run())


def trace_in_place(currents, v_th, beta, v_init):
    spikes, v = np.zeros_like(currents), v_init
    for t in range(len(currents)):
        currents[t] += beta * v
        if currents[t] >= v_th:
            spikes[t] = 1
            currents[t] -= v_th
        v = currents[t]
    return np.stack([spikes, currents])


def trace_in_float32(currents, v_th, beta, v_init):
    out, v = np.zeros((2, len(currents)), np.float32), np.float32(v_init)
    for t, current in enumerate(currents.astype(np.float32)):
        h = np.float32(beta) * v + current
        out[0, t] = h >= np.float32(v_th)
        v = out[1, t] = h - np.float32(v_th) * out[0, t]
    return list(out)


def trace_wrong(step):
    """A trace whose step from (h, v_th) is given."""

    def answer(currents, v_th, beta, v_init):
        v, spikes, potentials = v_init, [], []
        for current in currents:
            spike, v = step(beta * v + current, v_th)
            spikes.append(spike)
            potentials.append(v)
        return np.array(spikes), np.array(potentials)

    return answer


def trace_of_columns(currents, v_th, beta, v_init):
    spikes, potentials = trace_in_float32(currents, v_th, beta, v_init)
    return spikes[:, None], potentials[:, None]


def trace_with_start(currents, v_th, beta, v_init):
    spikes, potentials = trace_in_float32(currents, v_th, beta, v_init)
    return spikes, [v_init, *potentials]


def trace_never_below_zero_start(currents, v_th, beta, v_init):
    return trace_in_float32(currents, v_th, beta, min(v_init, v_th))


def trace_resets_first(currents, v_th, beta, v_init):
    v, spikes, potentials = v_init, [], []
    for current in currents:
        spike = v >= v_th
        v = beta * (v - v_th * spike) + current
        spikes.append(spike)
        potentials.append(v)
    return spikes, potentials


RIGHT = {
    "charge": [
        lambda v, current, beta: np.float32(current) + beta * v,
        Charge(),
        charge_in_decimal,
        charge_in_an_array,
        charge_with_default,
        lambda *given: math.fsum([given[0] * given[2], given[1]]),
        np.vectorize(lambda v, current, beta: v * beta + current),
        lambda v, current, beta: Fraction(v) * Fraction(beta) + Fraction(current),
        lambda v, current, beta: torch.lerp(torch.tensor(0.0), torch.tensor(v), beta) + current,
    ],
    "fire": [
        lambda h, v_th: float(not h < v_th),
        lambda h, v_th: bool(h >= v_th),
        ge,
        fire_by_exception,
        fire_in_torch,
        lambda h, v_th: np.heaviside(h - v_th, 1),
        lambda h, v_th: min(max(h // v_th, 0), 1),
        lambda h, v_th: np.int64(np.sign(np.sign(h - v_th) + 1)),
        lambda h, v_th: Decimal(h) >= Decimal(v_th),
        lambda h, v_th: pandas.Series([h]).ge(v_th),
    ],
    "reset": [
        lambda h, spike, v_th: h - v_th if spike else h,
        partial(lambda scale, h, spike, v_th: h - scale * spike * v_th, 1),
        reset_by_recursion,
        reset_in_place,
        lambda h, spike, v_th: [h, h - v_th][spike],
        lambda h, spike, v_th: np.where(spike == 1, h - v_th, h),
        lambda h, spike, v_th: reduce(lambda v, _: v - v_th, range(spike), h),
    ],
    "trace": [
        trace_in_torch,
        trace_by_recursion,
        trace_in_pandas,
        trace_in_fractions,
        trace_by_generators,
        trace_in_place,
        trace_in_float32,
    ],
}
WRONG = {
    "charge": [
        (lambda v, current, beta: v + current, "The leak is missing"),
        (lambda v, current, beta: (v + current) * beta, "takes from the current too"),
        (lambda v, current, beta: abs(beta * v + current), "should return"),
        (
            lambda v, current, beta: round(beta * v + current, 1),
            "You round your result to 1 decimal.",
        ),
        (lambda v, current, beta: beta * v + current if current else v, "6 of 7 cases"),
        (lambda v, current, beta: f"{beta * v + current}", "returns text"),
        (
            lambda v, current, beta: (beta * v, current),
            "Your result holds 2 numbers; it should be one number.",
        ),
        (lambda v, current: v + current, "must take 3 arguments"),
        (lambda v, current, beta: {"h": beta * v + current}, "returns a dict"),
        (lambda v, current, beta: {beta * v + current}, "returns a set"),
    ],
    "fire": [
        (lambda h, v_th: int(h > v_th), "equality included"),
        (lambda h, v_th: int(h >= 1), "only where v_th is 1"),
        (
            lambda h, v_th: int(h // v_th),
            "You count how often v_th fits into h. A neuron fires once",
        ),
        (lambda h, v_th: h >= v_th - 1e-3, "h = 0.9999"),
        (lambda h, v_th: np.isclose(h, v_th, rtol=1e-3) or h > v_th, "h = 0.9999"),
        (lambda h, v_th: bool(h // v_th), "strongly negative"),
        (lambda h, v_th: 1 / (1 + math.exp(-100 * (h - v_th))), "should return"),
        (lambda h, v_th: v_th * (h >= v_th), "should return"),
        (lambda h, v_th: "spike" if h >= v_th else "silent", "returns text"),
    ],
    "reset": [
        (lambda h, spike, v_th: h - v_th if h >= v_th else h, "argument `spike` says so"),
        (lambda h, spike, v_th: h * (1 - spike), "sets the potential to zero"),
        (lambda h, spike, v_th: max(h - v_th * spike, 0), "should return"),
        (lambda h, spike, v_th: h - spike, "You subtract 1"),
        (lambda h, spike, v_th: h % v_th if spike else h, "should return"),
        (lambda h, spike, v_th: h - v_th * (spike and h >= v_th), "should return"),
    ],
    "trace": [
        (trace_wrong(lambda h, v_th: (h > v_th, h - v_th * (h > v_th))), "stays silent"),
        (trace_wrong(lambda h, v_th: (h >= v_th, h * (h < v_th))), "potential to zero"),
        (
            trace_wrong(lambda h, v_th: (h // v_th, h % v_th)),
            "You count how often v_th fits into h. A neuron fires once",
        ),
        (trace_wrong(lambda h, v_th: (h >= v_th, max(h - v_th * (h >= v_th), 0))), "off at 0"),
        (trace_wrong(lambda h, v_th: (h >= v_th, h)), "should return"),
        (trace_of_columns, "Your result has the shape (1, 1); it should have (1,). It"),
        (trace_with_start, "Your result has the shape (2,); it should have (1,)."),
        (trace_resets_first, "should return"),
        (
            lambda *given: trace_in_float32(*given)[0],
            "Your function returns one value ([0., 1., 0., 1., 0., 0.,",
        ),
    ],
}
NEARLY = {
    "charge": [
        (lambda v, current, beta: min(beta * v + current, 5), "far above 1"),
        (lambda v, current, beta: beta * max(v, -1) + current, "a negative potential"),
    ],
    "fire": [
        (lambda h, v_th: h >= v_th - 1e-6, "a hair below"),
        (lambda h, v_th: np.isclose(h, v_th) or h > v_th, "a hair below"),
        (lambda h, v_th: round(h, 5) >= v_th, "a hair below"),
        (lambda h, v_th: v_th <= h < 4 * v_th, "many thresholds"),
    ],
    "reset": [
        (lambda h, spike, v_th: h - v_th if spike and h > -1 else h, "a negative potential"),
        (lambda h, spike, v_th: h - (v_th if h >= v_th / 2 else h) * spike, "potential"),
    ],
    "trace": [
        (
            trace_wrong(lambda h, v_th: (h >= v_th - 1e-6, h - v_th * (h >= v_th - 1e-6))),
            "a hair below",
        ),
        (trace_never_below_zero_start, "a start above"),
        (trace_wrong(lambda h, v_th: (h >= v_th, max(h - v_th * (h >= v_th), -3))), "negative"),
        (lambda *given: trace_in_float32(given[0][:100], *given[1:]), "many timesteps"),
    ],
}

"""Answers to the exercises of notebook 02."""

import math

import torch


def by_running(current, T, v_init, v_th):
    v = v_init
    for _ in range(T):
        v = v + current
        if v >= v_th:
            v = v - v_th
    return v


def without_start(current, T, v_init, v_th):
    return math.fmod(current * T, v_th)


def by_integral(v_th):
    v = torch.linspace(0, v_th, 100_001, dtype=torch.float64)
    return v.mean(), v.std()


def variance(v_th):
    mu = v_th / 2
    return mu, (v_th**2) / 12


def active_by_rate(spikes):
    rate = spikes.mean(0)
    return torch.logical_and(rate > 0, rate < 1)


def active_by_loop(spikes):
    result = []
    for n in range(spikes.shape[1]):
        column = spikes[:, n].tolist()
        result.append(0 in column and 1 in column)
    return result


RIGHT = {
    "residual": [
        by_running,
        lambda current, T, v_init, v_th: math.fmod(v_init + T * current, v_th),
    ],
    "matched_noise": [by_integral, lambda v_th: [0.5 * v_th, v_th * math.sqrt(1 / 12)]],
    "active_neurons": [active_by_rate, active_by_loop],
}
WRONG = {
    "residual": [
        (without_start, "before the first timestep"),
        (lambda current, T, v_init, v_th: v_init + T * current, "all the charge"),
        (lambda current, T, v_init, v_th: int((v_init + T * current) / v_th), "number of spikes"),
        (lambda current, T, v_init, v_th: (v_init + T * current) % 1.0, "only where v_th is 1"),
    ],
    "matched_noise": [
        (variance, "is the variance"),
        (lambda v_th: (0, v_th / math.sqrt(12)), "mean 0"),
        (lambda v_th: (0.5, 0.2887), "right for v_th = 1 only"),
        (lambda v_th: v_th / 2, "one value"),
    ],
    "active_neurons": [
        (lambda spikes: spikes.sum(0) > 0, "keep the saturated"),
        (lambda spikes: spikes.mean(0) != 1, "keep the silent"),
        (lambda spikes: spikes.any(1), "one result for each timestep"),
        (lambda spikes: (spikes.mean(0) == 0) | (spikes.mean(0) == 1), "not active"),
    ],
}

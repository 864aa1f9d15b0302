"""Answers to the task of assignment 2 that draws noise; see `a1_neuron`."""

import math
import random
from statistics import NormalDist

import numpy as np
import pandas
import torch
from scipy import stats

SIGMA = 12**-0.5


def drawn(make):
    """Noise from a generator made of the seed, with something done to it."""
    return lambda count, seed: make(np.random.default_rng(seed).normal(0.5, SIGMA, count))


def by_random(count, seed):
    random.seed(seed)
    return [random.gauss(0.5, SIGMA) for _ in range(count)]


def by_box_muller(count, seed):
    u, w = np.random.default_rng(seed).uniform(size=(2, count))
    return 0.5 + SIGMA * np.sqrt(-2 * np.log(1 - u)) * np.cos(2 * np.pi * w)


def in_torch(count, seed):
    return 0.5 + SIGMA * torch.randn(count, generator=torch.Generator().manual_seed(seed))


def globally(count, seed):
    np.random.seed(seed)  # noqa: NPY002
    return np.random.randn(count) * SIGMA + 0.5  # noqa: NPY002


def smooth(x):
    mixed = (x[:-1] + x[1:] - 1) / math.sqrt(2) + 0.5
    return np.append(mixed, x[0])


def of_seed(change):
    """Noise whose seed is changed before it is used."""
    return lambda count, seed: np.random.default_rng(change(seed)).normal(0.5, SIGMA, count)


def t_distributed(count, seed):
    return 0.5 + SIGMA * np.random.default_rng(seed).standard_t(8, count) / math.sqrt(8 / 6)


def truncated(count, seed):
    x = np.random.default_rng(seed).normal(0.5, SIGMA, 2 * count)
    return x[np.abs(x - 0.5) < 2.5 * SIGMA][:count]


def stream(count, seed):
    return np.random.default_rng(0).normal(0.5, SIGMA, count + seed % 99)[seed % 99 :]


def forgets_the_seed(count, seed):
    return np.random.randn(count) * SIGMA + 0.5  # noqa: NPY002


RIGHT = {
    "draw_noise": [
        drawn(lambda x: x),
        drawn(list),
        drawn(tuple),
        drawn(lambda x: x.astype(np.float32)),
        drawn(pandas.Series),
        drawn(lambda x: (value for value in x)),
        by_random,
        by_box_muller,
        in_torch,
        globally,
        lambda count, seed: NormalDist(0.5, SIGMA).samples(count, seed=seed),
        lambda count, seed: stats.norm(0.5, SIGMA).rvs(count, random_state=seed),
        lambda count, seed: stats.norm(0.5, SIGMA).ppf(
            np.random.Generator(np.random.PCG64(seed)).uniform(size=count)
        ),
        lambda count, seed: np.random.default_rng(seed + 1).normal(0.5, SIGMA, (1, count))[0],
        lambda count, seed: np.random.default_rng([seed, 7]).normal(0.5, math.sqrt(1 / 12), count),
    ],
}
WRONG = {
    "draw_noise": [
        (drawn(np.sort), "depend on their places"),
        (drawn(smooth), "depend on their places"),
        (drawn(lambda x: np.tile(x[: len(x) // 4], 4)), "repeat themselves"),
        (drawn(lambda x: np.append(x[: len(x) // 2], 1 - x[: len(x) // 2])), "their places"),
        (drawn(lambda x: np.round(x, 2)), "repeat themselves"),
        (drawn(lambda x: x[:, None]), "shape (4000, 1)"),
        (drawn(lambda x: np.clip(x, 0, 1)), "repeat themselves"),
        (drawn(lambda x: (x - x.mean()) / x.std() * SIGMA + 0.5), "exactly the same mean"),
        (drawn(lambda x: 0.5 + (x - 0.5) / 2), "The standard deviation of your noise"),
        (drawn(lambda x: 0.5 + (x - 0.5) * SIGMA), "variance"),
        (of_seed(lambda seed: seed % 2), "Different seeds"),
        (of_seed(lambda seed: None), "The same seed"),
        (of_seed(lambda seed: 0), "Different seeds"),
        (forgets_the_seed, "The same seed"),
        (stream, "Different seeds"),
        (lambda count, seed: drawn(lambda x: x)(count, 0) + 1e-9 * seed, "rise and fall together"),
        (t_distributed, "not normally distributed"),
        (truncated, "standard deviation"),
        (lambda count, seed: np.random.default_rng(seed).uniform(0, 1, count), "evenly"),
        (lambda count, seed: np.random.default_rng(seed).gamma(3, 1 / 6, count), "not normally"),
        (lambda count, seed: drawn(lambda x: x)(4000, seed)[: count - 1], "shape (3999,)"),
    ],
}
NEARLY = {
    "draw_noise": [
        (of_seed(lambda seed: seed % 10), "seed"),
        (of_seed(lambda seed: seed % 65536), "seed"),
        (of_seed(lambda seed: seed % 100), "seed"),
        (of_seed(lambda seed: seed % 3), "seed"),
        (lambda count, seed: drawn(lambda x: x)(4000, seed), "another count"),
        (
            lambda count, seed: drawn(lambda x: x)(count, seed) if count > 1 else [0.5, 0.5],
            "a single number",
        ),
    ],
}

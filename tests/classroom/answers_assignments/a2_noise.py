"""Answers to the tasks of assignment 2; see `a1_neuron`."""

import math
import statistics
from statistics import NormalDist

import numpy as np
import pandas
import torch
from scipy import stats
from scipy.integrate import quad
from scipy.special import erf, erfc, expit, ndtr

SIGMA = 12**-0.5


def density(z):
    return math.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)


def p_by_quad(current, mu, sigma, v_th):
    def one(i):
        return quad(density, -12, max(-12, min(12, (i + mu * v_th - v_th) / (sigma * v_th))))[0]

    return np.vectorize(one)(current)


def p_by_recursion(current, mu, sigma, v_th):
    if np.ndim(current):
        return [p_by_recursion(i, mu, sigma, v_th) for i in current]
    return 1 - NormalDist(mu * v_th, sigma * v_th).cdf(v_th - current)


def p_in_place(current, mu, sigma, v_th):
    current += mu * v_th - v_th
    current /= sigma * v_th
    return ndtr(current)


def p_in_torch(current, mu, sigma, v_th):
    z = (torch.as_tensor(current, dtype=torch.float32) + (mu - 1) * v_th) / (sigma * v_th)
    return torch.distributions.Normal(0.0, 1.0).cdf(z)


def slope_by_autograd(current, mu, sigma, v_th):
    i = torch.tensor(current, requires_grad=True)
    p_in_double = torch.special.ndtr((i + mu * v_th - v_th) / (sigma * v_th))
    p_in_double.sum().backward()
    return i.grad


def slope_by_difference(current, mu, sigma, v_th):
    def p(i):
        return ndtr((i + mu * v_th - v_th) / (sigma * v_th))

    return (p(current + 1e-5) - p(current - 1e-5)) / 2e-5


def slope_by_loop(current, mu, sigma, v_th):
    flat = [NormalDist(mu * v_th, sigma * v_th).pdf(v_th - i) for i in current.ravel()]
    return np.reshape(flat, current.shape)


def moments(
    currents, T, v_init, *, fires=lambda h: h >= 1, active=lambda n, T: (n > 0) & (n < T), ddof=0
):
    v, rows, count = np.full(len(currents), v_init), [], 0
    for _ in range(T):
        h = v + currents
        spikes = fires(h)
        v, count = h - spikes, count + spikes
        rows.append(v)
    kept = np.array(rows)[:, active(count, T)]
    return kept.mean(), kept.std(ddof=ddof)


def moments_by_closed_form(currents, T, v_init):
    t = np.arange(1, T + 1)[:, None]
    charge = v_init + t * np.asarray(currents)
    spikes = np.clip(np.floor(charge), 0, t)
    # A neuron above the threshold is saturated; below, all whole thresholds have left.
    active = (spikes[-1] > 0) & (spikes[-1] < T)
    kept = (charge - spikes)[:, active]
    return float(np.mean(kept)), math.sqrt(np.mean((kept - np.mean(kept)) ** 2))


def moments_by_neuron(currents, T, v_init):
    kept = []
    for current in currents.tolist():
        v, row, spikes = v_init, [], 0
        for _ in range(T):
            v += current
            if v >= 1:
                v -= 1
                spikes += 1
            row.append(v)
        if 0 < spikes < T:
            kept += row
    return statistics.fmean(kept), statistics.pstdev(kept)


def moments_in_torch(currents, T, v_init):
    x = torch.tensor(currents, dtype=torch.float32)
    v, spikes, rows = torch.full_like(x, v_init), [], []
    for _ in range(T):
        v = v + x
        spikes.append((v >= 1).float())
        v = v - spikes[-1]
        rows.append(v)
    count = torch.stack(spikes).sum(0)
    kept = torch.stack(rows)[:, (count > 0) & (count < T)]
    return torch.stack([kept.mean(), kept.std(correction=0)])


def moments_in_pandas(currents, T, v_init):
    frame, v, count = pandas.DataFrame(index=range(len(currents))), v_init, 0
    for t in range(T):
        h = v + currents
        v, count = np.where(h >= 1, h - 1, h), count + (h >= 1)
        frame[t] = v
    kept = frame[(count > 0) & (count < T)].stack()
    return [kept.mean()], [kept.std(ddof=0)]


def moments_per_neuron(currents, T, v_init):
    found = [moments(np.array([i]), T, v_init) for i in currents]
    found = [pair for pair in found if not math.isnan(pair[0])]
    return tuple(np.mean(found, axis=0))


RIGHT = {
    "firing_probability": [
        lambda current, mu, sigma, v_th: stats.norm.sf(v_th, current + mu * v_th, sigma * v_th),
        lambda current, mu, sigma, v_th: (
            0.5 * (1 + erf((current / v_th + mu - 1) / sigma / math.sqrt(2)))
        ),
        lambda current, mu, sigma, v_th: (
            0.5 * erfc((v_th - current - mu * v_th) / (math.sqrt(2) * sigma * v_th))
        ),
        p_by_quad,
        p_by_recursion,
        p_in_place,
        p_in_torch,
        lambda current, mu, sigma, v_th: (
            pandas.DataFrame(np.atleast_2d(ndtr((current / v_th + mu - 1) / sigma)))
            .to_numpy()
            .reshape(current.shape)
        ),
    ],
    "gradient": [
        lambda current, mu, sigma, v_th: stats.norm.pdf(current, v_th - mu * v_th, sigma * v_th),
        slope_by_autograd,
        slope_by_difference,
        slope_by_loop,
        lambda current, mu, sigma, v_th: (
            np.vectorize(density)((current / v_th + mu - 1) / sigma) / sigma / v_th
        ),
    ],
    "residual_moments": [
        moments,
        moments_by_closed_form,
        moments_by_neuron,
        moments_in_torch,
        moments_in_pandas,
        lambda *given: moments(*given, fires=lambda h: np.floor(h).clip(0)),  # v < 1, so h < 2
    ],
}
WRONG = {
    "firing_probability": [
        (lambda current, mu, sigma, v_th: ndtr((current - v_th) / (sigma * v_th)), "mean of the"),
        (
            lambda current, mu, sigma, v_th: expit(1.702 * (current / v_th + mu - 1) / sigma),
            "should return",
        ),
        (
            lambda current, mu, sigma, v_th: np.clip((current / v_th + mu - 1) / sigma, 0, 1),
            "should return",
        ),
        (
            lambda current, mu, sigma, v_th: ndtr((current / v_th + mu - 1) / sigma).ravel(),
            "it should have (2, 3)",
        ),
        (
            lambda current, mu, sigma, v_th: ndtr((current / v_th + mu - 1) / sigma).mean(),
            "Your result is one number; it should have the shape (2, 3).",
        ),
        (
            lambda current, mu, sigma, v_th: (
                np.random.default_rng(0)
                .normal(mu * v_th, sigma * v_th, (100_000 // current.size, *current.shape))
                .__add__(current)
                .__ge__(v_th)
                .mean(0)
            ),
            "should return",
        ),
    ],
    "gradient": [
        (lambda current, mu, sigma, v_th: np.gradient(p_in_place(current, mu, sigma, v_th)), ""),
        (
            lambda current, mu, sigma, v_th: (
                stats.norm.pdf((current / v_th + mu - 1) / sigma) / sigma
            ),
            "You divide by sigma only",
        ),
        (
            lambda current, mu, sigma, v_th: (
                -stats.norm.pdf(current, v_th - mu * v_th, sigma * v_th)
            ),
            "Your result has the wrong sign in every case.",
        ),
    ],
    "residual_moments": [
        (lambda *given: moments(*given, fires=lambda h: h > 1), "stay silent"),
        (lambda *given: moments(*given, ddof=1), "n - 1"),
        (lambda *given: moments(*given, active=lambda n, T: n >= 0), "all neurons"),
        (lambda *given: moments(*given, active=lambda n, T: n > 0), "fire at each timestep"),
        (lambda *given: moments(*given, active=lambda n, T: n > 1), "should return"),
        (lambda *given: moments(*given)[0], "one value"),
        (lambda *given: moments(*given)[::-1], "The two results are in the wrong order."),
        (moments_per_neuron, "should return"),
        (lambda currents, T, v_init: (0.5, SIGMA), "should return"),
    ],
}
NEARLY = {
    "firing_probability": [
        (
            lambda current, mu, sigma, v_th: ndtr((current / v_th + mu - 1) / max(sigma, 0.1)),
            "very little noise",
        ),
        (
            lambda current, mu, sigma, v_th: ndtr((current / v_th + mu - 1) / min(sigma, 1)),
            "very much noise",
        ),
        (
            lambda current, mu, sigma, v_th: np.squeeze(ndtr((current / v_th + mu - 1) / sigma)),
            "a single current",
        ),
    ],
    "gradient": [
        (
            lambda current, mu, sigma, v_th: stats.norm.pdf(
                current, v_th - mu * v_th, min(sigma, 1) * v_th
            ),
            "very much noise",
        ),
        (
            lambda current, mu, sigma, v_th: (
                (
                    ndtr((current + 0.003 + mu * v_th - v_th) / (sigma * v_th))
                    - ndtr((current - 0.003 + mu * v_th - v_th) / (sigma * v_th))
                )
                / 0.006
            ),
            "noise",
        ),
    ],
    "residual_moments": [
        (lambda currents, T, v_init: moments(currents[:20], T, v_init), "ordinary currents"),
        (lambda currents, T, v_init: moments(currents, T, v_init or 0.5), "a start at rest"),
    ],
}

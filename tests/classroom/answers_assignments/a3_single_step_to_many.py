"""Answers to the tasks of assignment 3 but `train`; see `a1_neuron`."""

import math
from fractions import Fraction
from statistics import NormalDist, fmean

import numpy as np
import pandas
import torch
from scipy.special import ndtr


def run_many_by_rates(W1, b1, W2, b2, images, T):
    counts = np.zeros((len(images), len(b1)))
    v = 0.5 * np.ones_like(counts)
    for _ in range(T):
        v += images @ W1.T + b1
        counts += v >= 1
        v[v >= 1] -= 1
    return (counts / T) @ W2.T + b2


def run_many_in_torch(W1, b1, W2, b2, images, T):
    W1, b1, W2, b2, images = (
        torch.tensor(x, dtype=torch.float32) for x in (W1, b1, W2, b2, images)
    )
    v, total = torch.tensor(0.5), 0
    for _ in range(T):
        h = v + torch.nn.functional.linear(images, W1, b1)
        spikes = (h >= 1).float()
        v = h - spikes
        total = total + torch.nn.functional.linear(spikes, W2, b2)
    return total / T


def run_many_by_loops(W1, b1, W2, b2, images, T):
    rows = []
    for image in images:
        currents = [
            sum(w * x for w, x in zip(row, image, strict=True)) + b
            for row, b in zip(W1, b1, strict=True)
        ]
        counts = []
        for current in currents:
            v, count = Fraction(1, 2), 0
            for _ in range(T):
                v += Fraction(current)
                if v >= 1:
                    v, count = v - 1, count + 1
            counts.append(count)
        rows.append(
            [
                sum(w * c for w, c in zip(row, counts, strict=True)) / T + b
                for row, b in zip(W2, b2, strict=True)
            ]
        )
    return rows


def run_many_at_once(W1, b1, W2, b2, images, T):
    """Spikes (T, B, H) first, then one product."""
    current, v, spikes = np.einsum("bd,hd->bh", images, W1) + b1, 0.5, []
    for _ in range(T):
        v = v + current
        spikes.append(v >= 1)
        v = v - spikes[-1]
    return (np.array(spikes) @ W2.T + b2).mean(0)


def run_wrong(fires=lambda h: h >= 1, reset=lambda h, s: h - s, start=0.5):
    """A network with a mistake."""

    def answer(W1, b1, W2, b2, images, T):
        current, v, total = images @ W1.T + b1, start, 0
        for _ in range(T):
            h = v + current
            spikes = fires(h)
            v = reset(h, spikes)
            total = total + spikes @ W2.T + b2
        return total / T

    return answer


def gap_by_loop(current, sigma):
    return max(abs(NormalDist(0.5, sigma).cdf(i) - min(max(i, 0.0), 1.0)) for i in current)


def gap_in_torch(current, sigma):
    i = torch.tensor(current, dtype=torch.float32)
    return (torch.special.ndtr((i - 0.5) / sigma) - i.clamp(0, 1)).abs().max()


def gap_in_pandas(current, sigma):
    frame = pandas.DataFrame({"p": ndtr((current - 0.5) / sigma), "rate": current.clip(0, 1)})
    return frame.diff(axis=1)["rate"].abs().max()


def gap_by_sorting(current, sigma):
    gaps = [0.5 + math.erf((i - 0.5) / sigma / 2**0.5) / 2 - np.clip(i, 0, 1) for i in current]
    return [sorted(map(abs, gaps))[-1]]


def best_by_dict(sigmas, accuracy):
    means = {sigma: fmean(row) for sigma, row in zip(sigmas, accuracy, strict=True)}
    return max(means, key=means.get)


def best_by_recursion(sigmas, accuracy):
    if len(sigmas) == 1:
        return sigmas[0]
    rest = best_by_recursion(sigmas[1:], accuracy[1:])
    mean = accuracy[list(sigmas).index(rest)].mean()
    return sigmas[0] if accuracy[0].mean() > mean else rest


RIGHT = {
    "run_many": [
        run_many_by_rates,
        run_many_in_torch,
        run_many_by_loops,
        run_many_at_once,
        run_wrong(reset=lambda h, s: (h - s).clip(0)),
    ],
    "largest_gap": [
        gap_by_loop,
        gap_in_torch,
        gap_in_pandas,
        gap_by_sorting,
        lambda current, sigma: np.linalg.norm(
            ndtr((current - 0.5) / sigma) - np.clip(current, 0, 1), np.inf
        ),
    ],
    "best_sigma": [
        best_by_dict,
        best_by_recursion,
        lambda sigmas, accuracy: pandas.DataFrame(accuracy, index=sigmas).mean(axis=1).idxmax(),
        lambda sigmas, accuracy: sigmas[[np.sum(accuracy, axis=1).argmax()]],
        lambda sigmas, accuracy: torch.tensor(sigmas)[torch.tensor(accuracy).mean(1).argmax()],
        lambda sigmas, accuracy: sorted(zip(accuracy.mean(1), sigmas, strict=True))[-1][1],
    ],
}
WRONG = {
    "run_many": [
        (run_wrong(start=0.0), "start from 0"),
        (run_wrong(fires=lambda h: h > 1), "stay silent"),
        (run_wrong(reset=lambda h, s: h * (1 - s)), "potential to zero"),
        (run_wrong(fires=lambda h: np.floor(h).clip(0)), "should return"),
        (run_wrong(reset=lambda h, s: h), "should return"),
        (lambda *given: run_wrong()(*given).argmax(1), "shape (5,)"),
        (
            lambda *given: run_wrong()(*given).T,
            "Your numbers are right, but lie across: the shape is (3,",
        ),
        (lambda *given: run_wrong()(*given) * given[-1], "add the readout up"),
    ],
    "largest_gap": [
        (lambda current, sigma: gap_in_torch(np.linspace(-1, 2, 999), sigma), "should return"),
        (
            lambda current, sigma: np.max(ndtr((current - 0.5) / sigma) - np.clip(current, 0, 1)),
            "lies above the rate",
        ),
        (
            lambda current, sigma: np.abs(
                ndtr((current - 0.5) / sigma) - np.maximum(current, 0)
            ).max(),
            "A rate ends at 0 and at 1",
        ),
        (
            lambda current, sigma: np.abs(ndtr((current - 0.5) / sigma) - np.clip(current, 0, 1)),
            "Your result holds 2 numbers; it should be one number.",
        ),
    ],
    "best_sigma": [
        (lambda sigmas, accuracy: accuracy.mean(1).max(), "best accuracy"),
        (lambda sigmas, accuracy: accuracy.mean(1).argmax(), "place in the list"),
        (lambda sigmas, accuracy: sigmas[accuracy.max(1).argmax()], "single best run"),
        (lambda sigmas, accuracy: sigmas[np.median(accuracy, 1).argmax()], "median"),
        (lambda sigmas, accuracy: sigmas[accuracy.argmax() // accuracy.shape[1]], "best run"),
        (lambda sigmas, accuracy: np.sort(sigmas)[accuracy.mean(1).argmax()], "should return"),
    ],
}
NEARLY = {
    "run_many": [
        (lambda *given: np.squeeze(run_wrong()(*given)), "a single image"),
        (lambda *given: run_wrong()(*given[:-1], min(given[-1], 32)), "many timesteps"),
    ],
    "largest_gap": [
        (lambda current, sigma: gap_in_torch(current, max(sigma, 0.1)), "very little noise"),
        (lambda current, sigma: gap_in_torch(current, min(sigma, 1)), "very much noise"),
    ],
    "best_sigma": [
        (
            lambda sigmas, accuracy: sigmas[np.squeeze(accuracy).mean(1).argmax()],
            "a single seed",
        ),
        (
            lambda sigmas, accuracy: sigmas[:-1][accuracy[:-1].mean(1).argmax()],
            "",
        ),
    ],
}

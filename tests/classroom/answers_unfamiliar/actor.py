"""Answers to the exercises of notebook 10 in unfamiliar styles."""

import math

import numpy as np
import torch


class Memory:
    """Noise that is asked for its next value."""

    def __init__(self, m):
        self.kept = math.e ** (-1 / m)

    def after(self, x, n):
        """One step later."""
        return float(np.dot([self.kept, math.sqrt(-math.expm1(2 * math.log(self.kept)))], [x, n]))


RIGHT = {
    "next_noise": [
        lambda x, n, m: Memory(m).after(x, n),
        lambda x, n, m: (
            torch.tensor([x, n], dtype=torch.float64)
            @ torch.tensor([math.exp(-1 / m), (1 - math.exp(-2 / m)) ** 0.5], dtype=torch.float64)
        ),
    ],
    "action_spread": [
        lambda readout, p: torch.linalg.norm(readout * torch.sqrt(p - p**2)),
        lambda readout, p: np.sqrt(np.array(readout) ** 2 @ (np.array(p) * (1 - np.array(p)))),
        lambda readout, p: math.hypot(*(readout * (p * (1 - p)).sqrt()).tolist()),
    ],
}
WRONG = {
    "next_noise": [
        (
            lambda x, n, m: (1 - 1 / m) * x + (1 - (1 - 1 / m) ** 2) ** 0.5 * n,
            "a = 1 - 1 / m comes near exp(-1 / m) only for",
        ),
        (lambda x, n, m: math.exp(-1 / m) * x, "The new draw has no effect"),
        (
            lambda x, n, m: math.exp(-1 / m) * x + (1 - math.exp(-1 / m)) ** 0.5 * n,
            "Under your root stands 1 - a.",
        ),
        (
            lambda x, n, m: math.exp(-1 / m) * x + (1 - math.exp(-1 / m) ** 2) * n,
            "1 - a ** 2 is the variance that comes in.",
        ),
    ],
    "action_spread": [
        (
            lambda readout, p: (abs(readout) * p * (1 - p)).sum() ** 0.5,
            "You forgot to square the weights.",
        ),
        (
            lambda readout, p: torch.linalg.norm(readout * p * (1 - p)),
            "You square p * (1 - p), which is a variance",
        ),
        (lambda readout, p: (readout**2 * p).sum() ** 0.5, "A neuron that always fires"),
        (
            lambda readout, p: (readout**2 * p * (1 - p)).mean() ** 0.5,
            "You take the mean over the neurons.",
        ),
    ],
}

"""Answers to the exercises of notebook 12 in unfamiliar styles."""

from statistics import NormalDist

import numpy as np
import torch


class Witnesses:
    """They are heard one after the other."""

    def __init__(self, prior):
        self.prior, self.belief = prior, prior.clone()

    def hear(self, posterior):
        """Bayes: the likelihood is the posterior without the prior."""
        likelihood = posterior / self.prior
        self.belief = self.belief * likelihood / (self.belief * likelihood).sum()
        return self


def heard(left, right, prior):
    return Witnesses(prior).hear(left).hear(right).belief


def by_einsum(left, right, prior):
    scores = torch.einsum("k,k,k->k", left, right, prior.reciprocal()).numpy()
    return scores / np.linalg.norm(scores, 1)


def by_calculus(left, sigma_left, right, sigma_right):
    """The most likely place, and the width of the likelihood there."""
    one, other = NormalDist(left, sigma_left), NormalDist(right, sigma_right)
    curvature = 1 / one.variance + 1 / other.variance
    slope = one.mean / one.variance + other.mean / other.variance
    return slope / curvature, curvature**-0.5


def step_by_step(left, sigma_left, right, sigma_right):
    gain = sigma_left**2 / (sigma_left**2 + sigma_right**2)  # as in a Kalman filter
    return left + gain * (right - left), sigma_left * (1 - gain) ** 0.5


RIGHT = {"combine": [heard, by_einsum], "weigh": [by_calculus, step_by_step]}
WRONG = {
    "combine": [
        (lambda left, right, prior: heard(left, right, prior) * prior, "should return"),
        (
            lambda left, right, prior: (
                torch.maximum(left, right) / torch.maximum(left, right).sum()
            ),
            "You take the larger of the two probabilities.",
        ),
        (
            lambda left, right, prior: (left * right / prior).softmax(-1),
            "You use softmax, which takes an exponential first.",
        ),
        (lambda left, right, prior: (left * right / prior).argmax(), "Your result is one number"),
        (
            lambda left, right, prior: (left.log() + right.log() - prior.log()).log_softmax(0),
            "You return logarithms.",
        ),
        (
            lambda left, right, prior: (
                (left / prior) * (right / prior) / ((left / prior) @ (right / prior))
            ),
            "You divide by the prior twice.",
        ),
        (lambda left, right, prior: left * right / prior / (left @ right), "leaves out the prior"),
    ],
    "weigh": [
        (
            lambda a, s, b, z: (by_calculus(a, s, b, z)[0], by_calculus(a, s, b, z)[1] ** 2),
            "Your second number is the variance.",
        ),
        (lambda a, s, b, z: by_calculus(a, s, b, z)[::-1], "in the wrong order"),
        (lambda a, s, b, z: by_calculus(a, s, b, z)[0], "Your function returns one value"),
        (
            lambda a, s, b, z: ((a + b) / 2, by_calculus(a, s, b, z)[1]),
            "You take the plain mean",
        ),
        (
            lambda a, s, b, z: ((a / s + b / z) / (1 / s + 1 / z), 1 / (1 / s + 1 / z)),
            "You weigh by 1 / sigma.",
        ),
        (lambda a, s, b, z: (b, z) if z < s else (a, s), "You take the surer sense alone."),
        (
            lambda a, s, b, z: (by_calculus(a, s, b, z)[0], s**-2 + z**-2),
            "Your second number is the sum of the weights.",
        ),
    ],
}

"""Answers to the exercises of notebook 06."""

import numpy as np
import torch


def in_two_lines(weight, bias, before, after):
    weight = weight * (before / after)
    return weight, bias / after


def with_torch(weight, bias, before, after):
    weight, bias = torch.as_tensor(weight), torch.as_tensor(bias)
    return [weight.mul(before).div(after), bias.div(after)]


def bias_forgotten(weight, bias, before, after):
    return weight / after * before, bias


def bias_like_a_weight(weight, bias, before, after):
    return weight / after * before, bias / after * before


def layer_before_forgotten(weight, bias, before, after):
    return np.array(weight) / after, np.array(bias) / after


def by_arrays(ours, theirs):
    return 100 * (1 - np.array(ours) / np.array(theirs)).mean()


def in_a_loop(ours, theirs):
    total = 0.0
    for a, b in zip(ours, theirs, strict=True):
        total += (b - a) / b
    return 100 * total / len(ours)


def of_the_means(ours, theirs):
    return 100 * (1 - np.mean(ours) / np.mean(theirs))


def needed(ours, theirs):
    return 100 * np.mean(np.divide(ours, theirs))


def against_ours(ours, theirs):
    return 100 * np.mean((np.array(theirs) - np.array(ours)) / np.array(ours))


RIGHT = {
    "scaled_layer": [in_two_lines, with_torch],
    "mean_saving": [by_arrays, in_a_loop],
}
WRONG = {
    "scaled_layer": [
        (bias_forgotten, "biases stay as they were"),
        (bias_like_a_weight, "the bias like a weight"),
        (layer_before_forgotten, "forgot the layer before"),
        (lambda weight, bias, before, after: weight / after, "returns"),
    ],
    "mean_saving": [
        (of_the_means, "compare the sums"),
        (needed, "how much is saved"),
        (against_ours, "our own time"),
        (lambda ours, theirs: by_arrays(ours, theirs) / 100, "between 0 and 1"),
    ],
}

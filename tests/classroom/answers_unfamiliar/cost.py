"""Answers to the exercises of notebook 07 in unfamiliar styles."""

import bisect
from itertools import accumulate

import numpy as np
import torch


def raises_the_last(confidence, threshold):
    confidence[-1] = threshold
    return int(np.flatnonzero(confidence >= threshold)[0]) + 1


def recursive(confidence, threshold):
    if len(confidence) == 1 or confidence[0] >= threshold:
        return 1
    return 1 + recursive(confidence[1:], threshold)


def bisected(confidence, threshold):
    highest = list(accumulate(confidence, max))
    return min(bisect.bisect_left(highest, threshold) + 1, len(highest))


def no_return_after_the_loop(confidence, threshold):
    for t, sure in enumerate(confidence, 1):
        if sure >= threshold:
            return t


def confidence_itself(confidence, threshold):
    for sure in confidence:
        if sure >= threshold:
            return sure
    return confidence[-1]


def after_the_end(confidence, threshold):
    t = 1
    for sure in confidence:
        if sure >= threshold:
            break
        t += 1
    return t


def one_at_most(confidence, threshold):
    for t, sure in enumerate(confidence, 1):
        if sure >= threshold:
            return t
        return len(confidence)


def falls_off(confidence, threshold):
    t = 0
    while confidence[t] < threshold:
        t += 1
    return t + 1


RIGHT = {
    "spiking_energy": [
        lambda *numbers: 1e-3 * sum(map(float.__mul__, numbers[:2], numbers[2:])),
        lambda first_layer, additions, mac, ac: (
            torch.tensor([first_layer, additions]).double()
            @ torch.tensor([mac, ac]).double()
            / 1000
        ),
        lambda first_layer, additions, mac, ac: (
            np.array([[first_layer / 1e3 * mac]]) + additions / 1e3 * ac
        ),
    ],
    "exit_timestep": [
        raises_the_last,
        recursive,
        bisected,
        lambda confidence, threshold: next(
            (float(t) for t, c in enumerate(confidence, 1) if c >= threshold), len(confidence)
        ),
    ],
}
WRONG = {
    "spiking_energy": [
        (
            lambda first, adds, mac, ac: first * mac / 1000 + adds * ac,
            "You turn only the first layer into nanojoules.",
        ),
        (
            lambda first, adds, mac, ac: (first * mac + adds * ac) * 1000,
            "You multiply by 1000. A nanojoule is more than a",
        ),
        (
            lambda first, adds, mac, ac: (first * mac + adds * ac) / 1e6,
            "Each of your numbers is 0.001 times the right one.",
        ),
        (
            lambda first, adds, mac, ac: (first * mac + adds * ac) * 1e-9,
            "Each of your numbers is 1e-06 times the right one.",
        ),
        (lambda first, adds, mac, ac: first * mac / 1000, "You left out the additions."),
        (
            lambda first, adds, mac, ac: first * mac + adds * ac / 1000,
            "You turn only the additions into nanojoules: `/` comes",
        ),
        (
            lambda first, adds, mac, ac: (first * ac + adds * mac) / 1000,
            "You have swapped the prices of a multiplication and of",
        ),
        (
            lambda first, adds, mac, ac: (first + adds) * (mac + ac) / 1000,
            "You pay both prices for every operation.",
        ),
        (
            lambda first, adds, mac, ac: (first * mac / 1000, adds * ac / 1000),
            "Your result holds 2 numbers; it should be one number.",
        ),
        (
            lambda first, adds, mac, ac: (first * mac + adds * ac) // 1000,
            "You round your result down to whole numbers.",
        ),
        (
            lambda first, adds, mac, ac: f"{(first * mac + adds * ac) / 1000} nJ",
            "Your function returns text ('6.0 nJ'); it should return",
        ),
    ],
    "exit_timestep": [
        (
            lambda c, th: next((t for t, sure in enumerate(c) if sure >= th), len(c)),
            "You count from 0.",
        ),
        (
            lambda c, th: next((t for t, sure in enumerate(c, 1) if sure >= th), -1),
            "Your function has no exit for an image that is never sure.",
        ),
        (
            lambda c, th: next((t for t in range(1, len(c) + 1) if c[:t].mean() >= th), len(c)),
            "You average the confidence over the timesteps so far.",
        ),
        (no_return_after_the_loop, "For `confidence = [0.2, 0.3, 0.4, 0.5], threshold ="),
        (confidence_itself, "You return the confidence. Asked for is the timestep."),
        (after_the_end, "An image that is never sure leaves after the last"),
        (one_at_most, "You look at the first timestep only"),
        (falls_off, "IndexError: index 4 is out of bounds for axis 0 with"),
        (
            lambda confidence, threshold: (confidence >= threshold).sum(),
            "You count how many timesteps are sure enough.",
        ),
        (
            lambda confidence, threshold: (confidence < threshold).sum() + 1,
            "your function returns 2; it should return 1.",
        ),
        (
            lambda confidence, threshold: np.where(confidence >= threshold)[0] + 1,
            "Your result holds 0 numbers; it should be one number.",
        ),
        (
            lambda confidence, threshold: confidence >= threshold,
            "your function returns [0.]; it should return 1.",
        ),
        (
            lambda confidence, threshold: recursive(confidence, threshold) + 1,
            "Each of your numbers is 1 too large.",
        ),
        (
            lambda confidence, threshold: len(confidence),
            "your function returns 3; it should return 1.",
        ),
    ],
}

"""Answers to the exercises of notebook 07."""

import numpy as np


def by_hand(first_layer, additions, mac, ac):
    picojoules = first_layer * mac + additions * ac
    return picojoules / 1e3


def by_product(first_layer, additions, mac, ac):
    return np.dot([first_layer, additions], [mac, ac]) / 1000


def spikes_only(first_layer, additions, mac, ac):
    return ac * additions / 1000


def all_multiplied(first_layer, additions, mac, ac):
    return mac * (first_layer + additions) / 1000


def picojoules(first_layer, additions, mac, ac):
    return first_layer * mac + additions * ac


def in_a_loop(confidence, threshold):
    for t, sure in enumerate(confidence, start=1):
        if sure >= threshold:
            return t
    return len(confidence)


def with_numpy(confidence, threshold):
    enough = np.append(confidence[:-1] >= threshold, True)
    return enough.argmax() + 1


def from_zero(confidence, threshold):
    return with_numpy(confidence, threshold) - 1


def at_once_if_never(confidence, threshold):
    return (confidence >= threshold).argmax() + 1


def strictly(confidence, threshold):
    enough = np.append(confidence[:-1] > threshold, True)
    return enough.argmax() + 1


def the_surest(confidence, threshold):
    return np.argmax(confidence) + 1


RIGHT = {
    "spiking_energy": [by_hand, by_product],
    "exit_timestep": [in_a_loop, with_numpy],
}
WRONG = {
    "spiking_energy": [
        (spikes_only, "left out the first layer"),
        (all_multiplied, "spikes as multiplications"),
        (picojoules, "return picojoules"),
        (lambda first_layer, additions, mac, ac: 0.0, "return 0 in every case"),
    ],
    "exit_timestep": [
        (from_zero, "count from 0"),
        (at_once_if_never, "never sure leave at once"),
        (strictly, "exactly the threshold"),
        (the_surest, "largest confidence"),
    ],
}

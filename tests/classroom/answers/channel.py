"""Answers to the exercises of notebook 11."""

import numpy as np


def with_where(spikes, dt):
    fires = spikes.any(axis=0)
    return np.where(fires, spikes.argmax(axis=0), len(spikes)) * dt


def with_loops(spikes, dt):
    steps, neurons = spikes.shape
    times = []
    for neuron in range(neurons):
        time = steps * dt
        for t in range(steps):
            if spikes[t, neuron]:
                time = t * dt
                break
        times.append(time)
    return np.array(times)


def argmax_alone(spikes, dt):
    return spikes.argmax(0) * dt


def silent_is_zero(spikes, dt):
    first = spikes.argmax(0)
    return np.where(first == 0, len(spikes), first) * dt


def never_is_infinite(spikes, dt):
    return np.where(spikes.any(0), spikes.argmax(0) * dt, np.inf)


def steps_only(spikes, dt):
    return np.where(spikes.any(0), spikes.argmax(0), len(spikes))


def last_one(spikes, dt):
    n = len(spikes)
    return np.where(spikes.any(0), n - 1 - spikes[::-1].argmax(0), n) * dt


def four_cases(bright, dark):
    right = bright * (1 - dark)
    both, none = bright * dark, (1 - bright) * (1 - dark)
    return right + 0.5 * both + 0.5 * none


def short(bright, dark):
    return (1 + bright - dark) / 2


def no_ties(bright, dark):
    return bright * (1 - dark)


def ties_are_right(bright, dark):
    return 1 - (1 - bright) * dark


def difference(bright, dark):
    return bright - dark


RIGHT = {
    "first_spike": [with_where, with_loops],
    "brighter_found": [four_cases, short],
}
WRONG = {
    "first_spike": [
        (argmax_alone, "the earliest spike of all"),
        (silent_is_zero, "counts as silent"),
        (never_is_infinite, "no finite time"),
        (steps_only, "the number of the time step"),
        (last_one, "the last spike"),
        (lambda spikes, dt: spikes.sum(0), "You count the spikes"),
    ],
    "brighter_found": [
        (no_ties, "fires alone"),
        (ties_are_right, "every tie as right"),
        (difference, "hits minus false alarms"),
        (lambda bright, dark: 0.5 + bright - dark, "twice too large"),
        (lambda bright, dark: bright > dark, "only 0 or 1"),
        (lambda bright, dark: round((1 + bright - dark) / 2), "only 0 or 1"),
    ],
}

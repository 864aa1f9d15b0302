"""Exercises of notebook 06: converting weights, and comparing on equal terms."""

from __future__ import annotations

from statistics import mean

import numpy as np
from numpy.typing import NDArray

from snnlab.classroom.checking import Exercise, Mistake
from snnlab.classroom.questions import Question

_WEIGHT = np.array([[0.5, -1.0, 0.25], [2.0, 0.0, -0.75]])
_BIAS = np.array([0.2, -0.6])

scaled_layer = Exercise(
    solution=lambda weight, bias, before, after: (weight * before / after, bias / after),
    calls=[(_WEIGHT, _BIAS, 2.0, 4.0), (_WEIGHT.T, np.array([1.0, 0.5, -0.5]), 3.0, 1.5)],
    mistakes=[
        Mistake(
            lambda weight, bias, before, after: (weight * before / after, bias),
            "Your biases stay as they were. They are added to currents, so they have the same "
            "unit and must shrink with them.",
            "Divide the bias by the threshold of this layer.",
        ),
        Mistake(
            lambda weight, bias, before, after: (weight * before / after, bias * before / after),
            "You scale the bias like a weight. A weight is multiplied with rates of the layer "
            "before; a bias is not.",
            "Only what comes in from the layer before has its unit changed by `before`.",
        ),
        Mistake(
            lambda weight, bias, before, after: (weight * after / before, bias / after),
            "Your weights are scaled the wrong way round.",
            "An input of the layer before is `before` times its rate; an output of this layer "
            "becomes a current when it is divided by `after`.",
        ),
        Mistake(
            lambda weight, bias, before, after: (weight / after, bias / after),
            "You forgot the layer before: its rates are `before` times smaller than its "
            "activations were.",
            "Multiply the weights by `before`.",
        ),
        Mistake(
            lambda weight, bias, before, after: (weight * before * after, bias * after),
            "You multiply by the threshold of this layer. An activation as large as the threshold "
            "should become a current of 1.",
            "Divide by `after`.",
        ),
        Mistake(
            lambda weight, bias, before, after: (weight / before / after, bias / after),
            "You divide by the threshold of the layer before. Its rates are smaller than its "
            "activations were, so the weights must make up for it.",
            "Put `before * rate` in the place of the input.",
        ),
        Mistake(
            lambda weight, bias, before, after: (weight * before / after, bias / before),
            "You divide the bias by the threshold of the layer before.",
            "A bias is added to the currents of this layer: divide by `after`.",
        ),
        Mistake(
            lambda weight, bias, before, after: (weight * before / after, bias * after),
            "You multiply the bias by the threshold of this layer.",
            "It must shrink as the currents do: divide.",
        ),
        Mistake(
            lambda weight, bias, before, after: (weight * before, bias),
            "You forgot the threshold of this layer: an activation of `after` should become a "
            "current of 1.",
            "Divide weight and bias by `after`.",
        ),
        Mistake(
            lambda weight, bias, before, after: (weight * after / before, bias / before),
            "You have swapped `before` and `after`.",
            "`before` belongs to the rates that come in, `after` to the current.",
        ),
        Mistake(
            lambda weight, bias, before, after: (weight, bias),
            "You return the layer as it was. Its neurons now have the threshold 1.",
            "Write activation = threshold * rate on both sides of the layer, and solve for the "
            "rate.",
        ),
    ],
    praise="Now every threshold is 1, and rates flow where activations flowed.",
)


def _needed(ours: list[float], theirs: list[float]) -> NDArray[np.float64]:
    """Our time as a share of their time, seed by seed."""
    return np.divide(ours, theirs)


def _saving(ours: list[float], theirs: list[float]) -> float:
    return float(100 * (1 - _needed(ours, theirs)).mean())


mean_saving = Exercise(
    solution=_saving,
    calls=[([3.0, 1.0], [2.0, 8.0]), ([1.0, 1.0, 2.0], [4.0, 10.0, 4.0])],
    mistakes=[
        Mistake(
            lambda ours, theirs: 100 * (1 - sum(ours) / sum(theirs)),
            "You compare the sums. Then a seed on which both were slow counts for more than the "
            "others.",
            "Compute the saving of each seed first, then take the mean.",
        ),
        Mistake(
            lambda ours, theirs: 100 - _saving(ours, theirs),
            "You return how much of the time is needed, not how much is saved.",
            "Subtract the share from 1.",
        ),
        Mistake(
            lambda ours, theirs: -_saving(theirs, ours),
            "You measure against our own time. Saved is a share of what the other method needs.",
            "Divide by the seconds of the other method.",
        ),
        Mistake(
            lambda ours, theirs: _saving(ours, theirs) / 100,
            "You return a share between 0 and 1. Asked for are percent.",
            "Multiply by 100.",
        ),
        Mistake(
            lambda ours, theirs: _saving(theirs, ours),
            "You have swapped the two methods.",
            "We save a share of what the others need: divide by `theirs`.",
        ),
        Mistake(
            lambda ours, theirs: -_saving(ours, theirs),
            "Your sign is turned round: a saving is positive where ours is quicker.",
            "1 minus the share that is needed.",
        ),
        Mistake(
            lambda ours, theirs: 100 * (1 - np.median(_needed(ours, theirs))),
            "You take the median over the seeds.",
            "Take the mean.",
        ),
        Mistake(
            lambda ours, theirs: 100 * (1 - ours[0] / theirs[0]),
            "You use the first seed only.",
            "Is there a `return` in your loop? Every seed counts.",
        ),
        Mistake(
            lambda ours, theirs: 100 * (1 - ours[-1] / theirs[-1]),
            "You use the last seed only.",
            "Does your loop write over what it has found? Collect it, then take the mean.",
        ),
        Mistake(
            lambda ours, theirs: _saving(ours, theirs) * len(ours),
            "You add the savings up, but do not divide by the number of seeds.",
            "Take the mean.",
        ),
        Mistake(
            lambda ours, theirs: 100 * (1 - np.exp(np.log(_needed(ours, theirs)).mean())),
            "You take the geometric mean of the shares.",
            "Add the savings of the seeds and divide by their number.",
        ),
        Mistake(
            lambda ours, theirs: 100 * (1 - _needed(ours, theirs).max()),
            "You return the worst seed.",
            "Every seed counts the same.",
        ),
        Mistake(
            lambda ours, theirs: 100 * (1 - _needed(ours, theirs).min()),
            "You return the best seed. Choosing the best is not a measurement.",
            "All seeds count the same.",
        ),
        Mistake(
            lambda ours, theirs: mean(theirs) - mean(ours),
            "You return seconds. They depend on the machine; a share depends on it much less.",
            "Divide each difference by the seconds of the other method.",
        ),
    ],
    praise="Paired by seed, and averaged: so the race judges, too.",
)

equal_terms = Question(
    right="d",
    because={
        "a": "Different networks learn differently fast. A difference may come from the network "
        "and not from the method.",
        "b": "The best of many tries is partly luck, and the other method had one try only.",
        "c": "Warm-up timesteps have to be computed, too. Twelve timesteps are compared with four.",
        "d": "Same data, network, epochs and seeds, every timestep counted, and the spread is "
        "given: what differs is the method.",
    },
    hint="What else differs between the two sides, besides the method?",
)

"""Exercises of notebook 07: energy from counted operations, and when an image may leave."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from snnlab.classroom.checking import Exercise, Mistake
from snnlab.classroom.questions import Question

Floats = NDArray[np.float64]


def energy(first_layer: float, additions: float, mac: float, ac: float) -> float:
    """Nanojoules of multiply-accumulates and additions that cost `mac` and `ac` picojoules."""
    return (first_layer * mac + additions * ac) / 1000


PICOJOULES = (
    "You return picojoules. Asked for are nanojoules.",
    "A nanojoule has 1000 picojoules.",
)
MISTAKES_OF_COUNTING = [
    Mistake(
        lambda first_layer, additions, mac, ac: energy(0, additions, mac, ac),
        "You left out the first layer. It sees pixels, not spikes, so it multiplies.",
        "Add the multiply-accumulates of the first layer, at the price of each.",
    ),
    Mistake(
        lambda first_layer, additions, mac, ac: energy(0, first_layer + additions, mac, ac),
        "You count the first layer as additions. Pixels are real numbers: each needs a "
        "multiplication.",
        "The operations of the first layer are multiply-accumulates.",
    ),
    Mistake(
        lambda first_layer, additions, mac, ac: energy(first_layer + additions, 0, mac, ac),
        "You count spikes as multiplications. A spike is 0 or 1, so the weight is only added.",
        "Operations that follow a spike cost as much as an addition.",
    ),
    Mistake(
        lambda first_layer, additions, mac, ac: energy(first_layer, additions, ac, mac),
        "You have swapped the prices of a multiplication and of an addition.",
        "Where are there real numbers to multiply: at the pixels or at the spikes?",
    ),
]
spiking_energy = Exercise(
    solution=energy,
    calls=[
        (1000.0, 2000.0, 4.0, 1.0),
        (14_000.0, 66_000.0, 4.6, 0.9),
        (10_000.0, 500_000.0, 3.0, 1.0),
        (5e4, 0.0, 4.6, 0.9),
    ],
    mistakes=[
        *MISTAKES_OF_COUNTING,
        Mistake(
            lambda first_layer, additions, mac, ac: 1000 * energy(first_layer, additions, mac, ac),
            *PICOJOULES,
        ),
        Mistake(
            lambda first_layer, additions, mac, ac: energy(first_layer, additions, mac, ac) * 1e6,
            "You multiply by 1000. A nanojoule is more than a picojoule, so there are fewer.",
            "Divide by 1000.",
        ),
        Mistake(
            lambda first_layer, additions, mac, ac: energy(first_layer, 0, mac, ac),
            "You left out the additions.",
            "Each synaptic operation costs `ac`.",
        ),
        Mistake(
            lambda first_layer, additions, mac, ac: first_layer * mac + additions * ac / 1000,
            "You turn only the additions into nanojoules: `/` comes before `+`.",
            "Put brackets round the sum.",
        ),
        Mistake(
            lambda first_layer, additions, mac, ac: first_layer * mac / 1000 + additions * ac,
            "You turn only the first layer into nanojoules.",
            "Add the two energies first, then divide their sum by 1000.",
        ),
        Mistake(
            lambda first_layer, additions, mac, ac: (first_layer + additions) * (mac + ac) / 1000,
            "You pay both prices for every operation.",
            "Multiply each count by its own price, then add.",
        ),
    ],
    praise="Two kinds of operations, two prices, and nothing else: memory is not in it.",
)


def _exit(confidence: Floats, threshold: float, never: int | None = None) -> int:
    """The timestep of the exit; `never`: that of an image that is never sure, default the last."""
    enough = confidence >= threshold
    last = len(enough) if never is None else never
    return int(enough.argmax()) + 1 if enough.any() else last


exit_timestep = Exercise(
    solution=_exit,
    calls=[
        (np.array([0.3, 0.6, 0.95, 0.99, 0.91]), 0.9),
        (np.array([0.97, 0.5, 0.6]), 0.9),
        (np.array([0.2, 0.3, 0.4, 0.5]), 0.9),
        (np.array([0.5, 0.75, 0.8]), 0.75),
        (np.array([0.2, 0.9, 0.3, 0.1]), 0.8),
        (np.array([0.2, 0.4, 0.75]), 0.75),  # at the last timestep
        (np.array([0.3, 0.6, 0.5]), 0.9),
        (np.array([0.4]), 0.75),
        (np.array([0.5, 0.95, 0.95, 0.2]), 0.75),  # its running mean is sure one timestep later
    ],
    mistakes=[
        Mistake(
            lambda confidence, threshold: _exit(confidence, threshold) - 1,
            "You count from 0. An image that leaves at once has taken one timestep.",
            "Add 1 to the index.",
            (lambda confidence, threshold: _exit(confidence, threshold, len(confidence) + 1) - 1,),
        ),
        Mistake(
            lambda confidence, threshold: _exit(confidence, threshold, never=1),
            "Your function lets an image that is never sure leave at once. It should stay to the "
            "end.",
            "`argmax` of nothing but False is 0: treat this case on its own.",
        ),
        Mistake(
            lambda confidence, threshold: _exit(confidence, threshold, never=0),
            "Your function has no exit for an image that is never sure. It leaves at the last "
            "timestep.",
            "Return T for it.",
            (lambda confidence, threshold: _exit(confidence, threshold, never=-1),),
        ),
        Mistake(
            lambda confidence, threshold: 1 if confidence[0] >= threshold else len(confidence),
            "You look at the first timestep only: an image that is not sure there stays to the "
            "end.",
            "Which `return` ends your loop in its first round? Return the last timestep after the "
            "loop, not in it.",
        ),
        Mistake(
            lambda confidence, threshold: _exit(confidence, threshold, never=len(confidence) + 1),
            "An image that is never sure leaves after the last timestep. There is none after it.",
            "The last timestep is T, `len(confidence)`.",
        ),
        Mistake(
            lambda confidence, threshold: _exit(confidence, threshold, confidence.argmax() + 1),
            "An image that is never sure leaves where it is surest. It cannot know which timestep "
            "that will be.",
            "Return T for it.",
        ),
        Mistake(
            lambda confidence, threshold: confidence[_exit(confidence, threshold) - 1],
            "You return the confidence. Asked for is the timestep.",
            "`enumerate(confidence, start=1)` counts along.",
        ),
        Mistake(
            lambda confidence, threshold: min((confidence < threshold).sum() + 1, len(confidence)),
            "You count all timesteps that are not sure, those after the exit too.",
            "Stop at the first one that is sure.",
        ),
        Mistake(
            lambda confidence, threshold: (confidence >= threshold).sum(),
            "You count how many timesteps are sure enough.",
            "Asked for is which of them is the first.",
        ),
        Mistake(
            lambda confidence, threshold: _exit(-confidence, -threshold),
            "You leave where the confidence is at most the threshold.",
            "Leave where it reaches the threshold: `>=`.",
        ),
        Mistake(
            lambda confidence, threshold: min(_exit(confidence, threshold) + 1, len(confidence)),
            "You leave one timestep too late.",
            "`enumerate(confidence, start=1)` is the timestep already: add nothing.",
        ),
        Mistake(
            lambda confidence, threshold: _exit(confidence, np.nextafter(threshold, 1)),
            "A confidence of exactly the threshold is enough, but not in your function.",
            "Compare `>` with `>=`.",
        ),
        Mistake(
            lambda confidence, threshold: confidence.argmax() + 1,
            "You wait for the largest confidence. Whoever sits at timestep t does not know yet "
            "what comes later.",
            "Leave at the first timestep whose confidence reaches the threshold.",
        ),
        Mistake(
            lambda confidence, threshold: (
                len(confidence) + 1 - _exit(confidence[::-1], threshold, 1)
            ),
            "You take the last timestep that is sure enough. The image has left long before.",
            "Take the first one.",
        ),
        Mistake(
            lambda confidence, threshold: min(
                int(np.searchsorted(confidence, threshold)) + 1, len(confidence)
            ),
            "You search as in a sorted list, but a confidence may fall again.",
            "`confidence >= threshold` is true where the image is sure: which is the first?",
        ),
        Mistake(
            lambda confidence, threshold: _exit(
                np.cumsum(confidence) / np.arange(1, len(confidence) + 1), threshold
            ),
            "You average the confidence over the timesteps so far. It belongs to a sum of readouts "
            "already.",
            "Compare the confidence of each timestep itself with the threshold.",
        ),
    ],
    praise="Leave when you are sure, and at the end in any case.",
)

when_it_does_not_pay = Question(
    right="c",
    because={
        "a": "A low rate saves additions. This is the best case for spikes, not the worst.",
        "b": "Early exit stops the easy images. The energy falls with the mean of the timesteps.",
        "c": "Each timestep then multiplies all pixels anew. With many timesteps that alone can "
        "cost more than the whole ReLU network, however few spikes follow.",
        "d": "Where an addition is cheap and a multiplication dear, spikes are at their best.",
    },
    hint="Try them in the energy explorer. Which makes the blue line steep?",
)

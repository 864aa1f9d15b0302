"""Exercises of the capstone: a whole network over T timesteps, and a gradient by hand."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from snnlab.classroom.calling import Arguments
from snnlab.classroom.checking import Exercise, Mistake
from snnlab.classroom.gradient_exercises import bell, distance, probability, slope
from snnlab.classroom.neuron_with_mistakes import Floats, neuron_mistakes, run_neuron, step
from snnlab.classroom.questions import Question

Factor = Callable[[Floats, float, float], Floats]
"""A function of currents, mu and sigma."""


def _run(
    images: Any, first: Any, second: Any, last: Any, T: int, v_th: float, mistake: str = ""
) -> Floats:
    """Readout (T, B, K) of a network with two layers of neurons, or with a mistake."""
    v_init = {"from rest": 0.0, "from 0.5": 0.5}.get(mistake, v_th / 2)
    images, *layers, last = (np.asarray(each) for each in (images, first, second, last))
    readouts, late = [], np.zeros((len(images), len(first)))  # late: (B, N)
    potentials = [np.full((len(images), len(weights)), v_init) for weights in layers]
    for t in range(T):
        x = images * (t == 0) if mistake == "shown once" else images  # (B, M)
        for i, weights in enumerate(layers):
            v, current = v_init if mistake == "forgets" else potentials[i], x @ weights.T
            spikes, potentials[i] = step(v, current, v_th, 1.0, mistake)
            passed = {"potentials": v + current, "currents": current, "worth v_th": spikes * v_th}
            x = passed.get(mistake, spikes)
            if mistake == "late" and i == 0:
                x, late = late, spikes
        readouts.append(x @ last.T)
    return np.stack(readouts)


def _making(mistake: str, message: str, hint: str) -> Mistake:
    """A `Mistake` that `_run` makes with this argument `mistake`."""
    return Mistake(partial(_run, mistake=mistake), message, hint)


def _fired(currents: Floats, v_th: float) -> Floats:
    """Spikes of neurons that start from v_th / 2: (T, B, N) for currents of this shape."""
    return run_neuron(currents, v_th, 1.0, v_th / 2)[0]


def _of_rates(images: Any, first: Any, second: Any, last: Any, T: int, v_th: float) -> Floats:
    """The second layer gets the rates of the first, the same at each timestep."""
    images, first, second, last = (np.asarray(each) for each in (images, first, second, last))
    rates = _fired(np.tile(images @ first.T, (T, 1, 1)), v_th).mean(0)  # (B, N)
    return np.asarray(_fired(np.tile(rates @ second.T, (T, 1, 1)), v_th) @ last.T)


def _network(sizes: tuple[int, int, int, int, int], T: int, v_th: float, seed: int) -> Arguments:
    """Images (B, M), three matrices of weights, T and v_th; all in eighths, so that sums are exact.

    Args:
        sizes: B, M, N, N', K.
        T, v_th: returned unchanged.
        seed: of the random numbers.
    """
    generator = torch.Generator().manual_seed(seed)

    def eighths(low: int, high: int, *shape: int) -> Tensor:
        return torch.randint(low, high, shape, generator=generator) / 8

    b, m, n, k, classes = sizes
    images, first = eighths(0, 9, b, m), eighths(-4, 9, n, m)
    return images, first, eighths(-4, 9, k, n), eighths(-8, 9, classes, k), T, v_th


_ONE = (
    torch.tensor([[0.5, 1.0]]),
    torch.tensor([[0.5, 0.25], [0.25, 0.75]]),
    torch.tensor([[0.5, 0.5], [0.75, -0.25]]),
    torch.tensor([[1.0, -0.5], [0.25, 0.75]]),
    4,
    1.0,
)
"""One image, two neurons in each layer, two classes; thresholds are met exactly."""

run_network = Exercise(
    solution=_run,
    calls=[
        _ONE,
        _network((2, 3, 4, 3, 2), 5, 2.0, 1),
        _network((3, 4, 6, 5, 3), 8, 0.5, 2),
        _network((4, 4, 8, 6, 3), 6, 1.0, 3),
    ],
    mistakes=[
        _making(
            "from rest",
            "Your neurons start from 0. The noise of training is gone, but its mean stays: they "
            "start from v_th / 2.",
            "Begin with potentials that are all v_th / 2.",
        ),
        _making(
            "from 0.5",
            "Your neurons start from 0.5, whatever v_th is. That is right only where v_th is 1.",
            "The mean of matched noise is v_th / 2.",
        ),
        *neuron_mistakes(
            _run,
            *("forgets", "to zero", "strict", "compares with one", "subtracts one"),
            *("several spikes", "never negative"),
        ),
        _making("keeps h", "Your potentials are never reset.", "Subtract v_th where a spike was."),
        _making(
            "late",
            "Your second layer gets the spikes of the timestep before. All layers belong to one "
            "timestep.",
            "Within a timestep go from layer to layer: what the first fires goes into the second.",
        ),
        _making(
            "shown once",
            "You show the image at the first timestep only.",
            "The current of the first layer is the same at each timestep: images @ first.T.",
        ),
        _making(
            "potentials",
            "You pass potentials on. What goes from layer to layer are spikes, 0 or 1.",
            "Hand on the result of the comparison with v_th.",
        ),
        _making(
            "currents",
            "You pass currents on: nothing fires.",
            "Each layer of neurons turns its current into spikes before the next matrix.",
        ),
        _making(
            "worth v_th",
            "Your spikes are worth v_th. A spike is 1, whatever the threshold.",
            "Only the reset takes v_th away.",
        ),
        Mistake(
            lambda *given: _fired(_run(*given), given[-1]),
            "Your last layer fires, too. It is the readout: it gives its numbers as they are.",
            "After the second layer only multiply: spikes @ last.T.",
        ),
        Mistake(
            _of_rates,
            "Your second layer gets the rates of the first, the same at each timestep.",
            "Let each timestep go through all layers, with the spikes of that timestep.",
        ),
        Mistake(
            lambda *given: _run(*given).mean(0),
            "You average over time. Asked for is the readout of each timestep, (T, B, K).",
            "Keep them in a list, and `torch.stack` it.",
        ),
        Mistake(
            lambda *given: _run(*given).sum(0),
            "You add up over time. Asked for is the readout of each timestep, (T, B, K).",
            "Keep them in a list, and `torch.stack` it.",
        ),
        Mistake(
            lambda *given: _run(*given) / given[4],
            "You divide each readout by T. Asked for is each readout as it is.",
            "Averaging is left to who reads the readout.",
        ),
        Mistake(
            lambda *given: _run(*given)[-1],
            "You return the readout of the last timestep only.",
            "Keep all of them in a list, and `torch.stack` it.",
        ),
        Mistake(
            lambda *given: _run(*given).cumsum(0),
            "You return sums over the timesteps so far. Asked for is each readout by itself.",
            "Adding up is left to who reads the readout.",
        ),
        Mistake(
            lambda *given: _run(*given).swapaxes(0, 1),
            "Your readout has images first. Time comes first: (T, B, K).",
            "Stack the timesteps, each of shape (B, K), along dimension 0.",
        ),
    ],
    praise="That is the whole conversion: the same weights, neurons that start from v_th / 2, and "
    "a loop over time.",
)


def _gradient(
    images: Any, weights: Any, sent_back: Any, mu: float, sigma: float, factor: Factor = slope
) -> Floats:
    """Gradient of the loss with respect to the weights, (N, M).

    Args:
        images: (B, M).
        weights: (N, M).
        sent_back: gradient of the loss with respect to the spikes, (B, N).
        mu, sigma: of the noise.
        factor: used as the slope; a function of currents, mu and sigma.
    """
    images, weights, sent_back = map(np.asarray, (images, weights, sent_back))
    return np.asarray((sent_back * factor(images @ weights.T, mu, sigma)).T @ images)


def _with_factor(factor: Factor) -> Callable[..., Floats]:
    """The gradient with another factor in place of the slope."""
    return partial(_gradient, factor=factor)


def _layer(sizes: tuple[int, int, int], mu: float, sigma: float, seed: int) -> Arguments:
    """Images (B, M), weights (N, M), gradients of the spikes (B, N), mu and sigma."""
    generator = torch.Generator().manual_seed(seed)
    b, m, n = sizes
    images, weights = (
        torch.rand(b, m, generator=generator),
        torch.rand(n, m, generator=generator) - 0.25,
    )
    return images, weights, torch.randn(b, n, generator=generator), mu, sigma


weight_gradient = Exercise(
    solution=_gradient,
    calls=[
        (
            torch.tensor([[1.0, 0.5]]),
            torch.tensor([[0.25, 0.5]]),
            torch.tensor([[2.0]]),
            0.5,
            0.25,
        ),
        _layer((3, 2, 4), 0.5, 0.3, 0),
        _layer((5, 4, 3), 0.3, 0.6, 1),
    ],
    mistakes=[
        Mistake(
            _with_factor(lambda current, mu, sigma: np.ones_like(current)),
            "You leave the neuron out: there is no slope in your gradient.",
            "On its way back a gradient is multiplied by the slope at each neuron's current.",
        ),
        Mistake(
            lambda *given: _gradient(*given).T,
            "Your gradient is transposed. It has the shape of the weights, (N, M).",
            "A.T @ B and B.T @ A are transposes of each other.",
        ),
        Mistake(
            lambda *given: _gradient(*given) / len(given[0]),
            "You average over the images. What is sent back belongs to the loss already; add up.",
            "The matrix product adds up over the images by itself.",
        ),
        Mistake(
            _with_factor(lambda current, mu, sigma: slope(current, 0.0, sigma)),
            "You forget the mean of the noise: the neuron starts from mu, not from 0.",
            "z = (current + mu - 1) / sigma",
        ),
        Mistake(
            _with_factor(lambda current, mu, sigma: bell(distance(current, mu, sigma))),
            "The factor 1 / sigma of the chain rule is missing.",
            "The derivative of z with respect to the current is 1 / sigma.",
        ),
        Mistake(
            _with_factor(lambda current, mu, sigma: bell(current + mu - 1) / sigma),
            "You forget to divide the distance to the threshold by sigma.",
            "z counts in standard deviations.",
        ),
        Mistake(
            _with_factor(lambda current, mu, sigma: slope(current, mu, sigma**2)),
            "You put the variance where the standard deviation belongs.",
            "sigma is the standard deviation: take it as it is.",
        ),
        Mistake(
            lambda images, weights, *rest: np.asarray(weights) - _gradient(images, weights, *rest),
            "You return new weights. Asked for is the gradient.",
            "A step against it is the work of the optimizer.",
        ),
        Mistake(
            _with_factor(probability),
            "You multiply by the firing probability. Asked for is its slope.",
            "The bell over sigma, not the area under it.",
        ),
        Mistake(
            _with_factor(lambda current, mu, sigma: np.where(current + mu >= 1, 1.0, 0.0)),
            "You multiply by the spikes. What comes back is multiplied by a slope.",
            "The bell over sigma, at each neuron's current.",
        ),
        Mistake(
            _with_factor(lambda current, mu, sigma: 0 * current),
            "Your gradient is 0: that is the slope of the hard threshold.",
            "Backwards the slope of the firing probability stands in for it.",
        ),
        Mistake(
            lambda images, weights, sent_back, *noise: _gradient(
                images, weights, torch.ones_like(sent_back), *noise
            ),
            "You leave out what is sent back from the layers behind.",
            "Chain rule: `sent_back` times the slope, number by number, before the product.",
        ),
        Mistake(
            lambda images, weights, sent_back, *noise: (
                np.asarray(sent_back)
                * slope(np.asarray(images) @ np.asarray(weights).T, *noise)
                @ np.asarray(weights)
            ),
            "That is the gradient of the images, which goes on to the layer before.",
            "A weight is multiplied by a pixel, so its gradient is, too.",
        ),
    ],
    praise="By hand and by the chain rule: this is what autograd does with your slope.",
)

where_timesteps_matter = Question(
    "c",
    {
        "a": "Matched noise has the spread of the residuals, v_th / sqrt(12), and that is the same "
        "however long the network runs.",
        "b": "The slope is that of the firing probability in one noisy timestep. No T is in it.",
        "c": "Training knows one timestep and noise. T comes in when the network runs, and may be "
        "chosen anew for each image.",
        "d": "That is what backpropagation through time does, at T times the cost. Look for T in "
        "`train`: it isn't there.",
    },
    hint="Search the cells for T, one after the other.",
)

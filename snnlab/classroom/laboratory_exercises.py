"""Exercises of notebook 08: noise from residuals, lost spikes, the gradient through a rate."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from snnlab.classroom.checking import Exercise, Mistake, mean_and_variance, wrong_order
from snnlab.classroom.neuron_with_mistakes import run_neuron
from snnlab.classroom.questions import Question


def _residuals(neurons: int, seed: int) -> tuple[Tensor, Tensor]:
    """Residuals and rates of neurons; silent ones are far below 0, saturated ones far above 1."""
    generator = torch.Generator().manual_seed(seed)
    residual = 1.2 * torch.rand(neurons, generator=generator).sqrt() - 0.1  # mean and median differ
    rate = 0.1 + 0.8 * torch.rand(neurons, generator=generator)
    rate[: neurons // 4], residual[: neurons // 4] = 0.0, residual[: neurons // 4] - 5
    rate[-neurons // 5 :], residual[-neurons // 5 :] = 1.0, residual[-neurons // 5 :] + 3
    return residual, rate


def _moments(residual: Tensor, chosen: Tensor, correction: int = 0) -> tuple[Tensor, Tensor]:
    kept = residual[chosen]
    return kept.mean(), kept.std(correction=correction)


def _active(rate: Tensor) -> Tensor:
    return (rate > 0) & (rate < 1)


def _active_moments(residual: Tensor, rate: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation over the neurons that fire at some timesteps."""
    return _moments(residual, _active(rate))


def _wrong_moments(
    answer: Callable[[Tensor, Tensor, int], tuple[Tensor, Tensor]], message: str, hint: str
) -> Mistake:
    """A mistake whose deviation divides by N, or by N - 1: 0 or 1 as the last argument."""

    def less_one(residual: Tensor, rate: Tensor) -> tuple[Tensor, Tensor]:
        return answer(residual, rate, 1)

    return Mistake(lambda residual, rate: answer(residual, rate, 0), message, hint, (less_one,))


_FEW_RESIDUALS = (
    torch.tensor([-4.0, 0.5, 0.5, 3.0, 0.5, 0.75]),
    torch.tensor([0.0, 0.25, 0.75, 1.0, 0.5, 0.0]),
)  # the active ones are equal: their std is 0, with N and with N - 1

noise_from_residuals = Exercise(
    solution=_active_moments,
    calls=[
        _FEW_RESIDUALS,
        _residuals(30_000, 0),
        _residuals(21_001, 1),
    ],  # many: std with N or with N - 1
    mistakes=[
        _wrong_moments(
            lambda residual, rate, n: _moments(residual, rate >= 0, n),
            "You take all neurons. Those that never fire have sunk far below 0 and spoil the mean.",
            "Choose the active ones first: 0 < rate < 1.",
        ),
        _wrong_moments(
            lambda residual, rate, n: _moments(residual, rate > 0, n),
            "Saturated neurons are still among yours. They fire at every timestep, and what "
            "exceeds the threshold piles up in them.",
            "Leave out rate = 1, too.",
        ),
        _wrong_moments(
            lambda residual, rate, n: _moments(residual, rate < 1, n),
            "Silent neurons are still among yours. Their potential sinks for ever.",
            "Leave out rate = 0, too.",
        ),
        _wrong_moments(
            lambda residual, rate, n: (
                residual[_active(rate)].mean(),
                residual.std(correction=n),
            ),
            "Your standard deviation is that of all neurons.",
            "Take it of the active ones too: keep them under a name, and use it twice.",
        ),
        _wrong_moments(
            lambda residual, rate, n: _moments(rate, _active(rate), n),
            "Those are mean and spread of the rates.",
            "The rate says which neurons count; take the moments of their residuals.",
        ),
        _wrong_moments(
            lambda residual, rate, n: (
                residual[_active(rate)].median(),
                residual[_active(rate)].std(correction=n),
            ),
            "Your first number is the median.",
            "mu is the mean.",
        ),
        Mistake(
            lambda residual, rate: (
                residual[_active(rate)].mean(),
                residual[_active(rate)].square().mean().sqrt(),
            ),
            "You forgot to take the mean away before you square: that is the distance from 0.",
            "`.std()` does it.",
        ),
        _wrong_moments(
            lambda residual, rate, n: _moments(residual * _active(rate), rate >= 0, n),
            "You set the others to 0, but still count them.",
            "A mask in brackets takes them out: `residual[active]`.",
        ),
        _wrong_moments(
            lambda residual, rate, n: _moments(residual, ~_active(rate), n),
            "You have chosen exactly the neurons that are not active.",
            "Turn the mask round.",
        ),
        mean_and_variance(_active_moments),
        wrong_order(_active_moments, "First mu, then sigma."),
        _wrong_moments(
            lambda residual, rate, n: _moments(residual, (residual >= 0) & (residual < 1), n),
            "You choose by the residual itself. That forces the answer you expect; choose by what "
            "the neuron does.",
            "A neuron is active if its rate lies between 0 and 1.",
        ),
    ],
    praise="That is all a calibration is: look at the active neurons and take two moments.",
)


def _losses(timesteps: int, neurons: int, seed: int, share: float) -> tuple[Tensor, float, Tensor]:
    """Spikes, the share of them that gets lost, and draws."""
    generator = torch.Generator().manual_seed(seed)
    spikes = (torch.rand(timesteps, neurons, generator=generator) < 0.4).float()
    return spikes, share, torch.rand(timesteps, neurons, generator=generator)


_FEW_LOSSES = (
    torch.tensor([[1.0, 0.0, 1.0], [1.0, 1.0, 0.0]]),
    0.5,
    torch.tensor([[0.25, 0.75, 0.5], [0.75, 0.125, 0.25]]),
)  # with a draw that equals the share
_MANY_LOSSES = _losses(8, 12, 0, 0.3)  # twice: random numbers of one's own give another result

lose_spikes = Exercise(
    solution=lambda spikes, share, draws: spikes * (draws >= share),
    calls=[_FEW_LOSSES, _MANY_LOSSES, _MANY_LOSSES, _losses(5, 9, 1, 0.8), _losses(6, 4, 2, 0.0)],
    mistakes=[
        Mistake(
            lambda spikes, share, draws: spikes * (draws < share),
            "You keep the share that should get lost.",
            "A draw below `share` loses the spike.",
            (lambda spikes, share, draws: spikes * (draws <= share),),
        ),
        Mistake(
            lambda spikes, share, draws: spikes * (draws >= share) / (1 - share),
            "Your spikes are larger than 1. That is dropout, which makes up for what it drops; a "
            "wire that loses spikes does not.",
            "Leave the spikes that arrive as they are.",
        ),
        Mistake(
            lambda spikes, share, draws: spikes * (draws > share),
            "A draw of exactly the share loses no spike; yours does.",
            "Lost is what lies below: keep `draws >= share`.",
        ),
        Mistake(
            lambda spikes, share, draws: spikes * (draws >= 1 - share),
            "You keep a spike with probability `share`. With this probability it gets lost.",
            "Compare the draw with the share itself.",
        ),
        Mistake(
            lambda spikes, share, draws: spikes * (draws < 1 - share),
            "You lose the spikes with large draws. As many are lost, but not the right ones.",
            "Lose a spike where its draw is below `share`.",
        ),
        Mistake(
            lambda spikes, share, draws: spikes - (draws < share).float(),
            "You take a spike away where there was none: -1 is no spike.",
            "Multiply by what survives.",
        ),
        Mistake(
            lambda spikes, share, draws: spikes * draws,
            "You weaken every spike by its draw. A spike arrives whole, or does not arrive.",
            "Compare the draw with the share.",
        ),
        Mistake(
            lambda spikes, share, draws: torch.maximum(spikes, (draws >= share).float()),
            "You join spikes and survivors with `or`.",
            "A spike arrives where there was one and it survives: both must hold.",
        ),
        Mistake(
            lambda spikes, share, draws: (spikes * (draws >= share)).sum(),
            "You return how many spikes arrive. Asked for are the spikes.",
            "Return the whole tensor.",
        ),
        Mistake(
            lambda spikes, share, draws: spikes * (draws[:, :1] >= share),
            "All neurons share one draw in each timestep.",
            "Each spike has a draw of its own: `draws` has the shape of `spikes`.",
        ),
        Mistake(
            lambda spikes, share, draws: spikes * (1 - share),
            "You make every spike smaller. A spike arrives whole or not at all.",
            "Compare each draw with the share.",
        ),
        Mistake(
            lambda spikes, share, draws: (draws >= share).float(),
            "You make spikes where there were none.",
            "Multiply with the spikes that were there.",
        ),
        Mistake(
            lambda spikes, share, draws: spikes * (draws[0] >= share),
            "You lose a neuron for ever, not a spike: all timesteps share one draw.",
            "Each timestep has draws of its own: `draws` has the shape of `spikes`.",
        ),
    ],
    praise="Each spike takes its chance alone.",
)


def _open(mean: Tensor, v_th: float) -> Tensor:
    """True where a rate follows the mean current of its neuron."""
    return (mean > 0) & (mean < v_th)


def _gated(gate: Callable[[Tensor, float], Tensor]) -> Callable[..., Tensor]:
    """Gradient with respect to the mean current, from that with respect to the rate.

    Args:
        gate: the factor of the gradient, given the mean current and v_th.
    """
    return lambda currents, spikes, grad, v_th: grad * gate(currents.mean(0), v_th) / v_th


def _through_rates(currents: Tensor, spikes: Tensor, grad: Tensor, v_th: float) -> Tensor:
    return _gated(_open)(currents, spikes, grad, v_th)


def _rates(
    timesteps: int, neurons: int, seed: int, v_th: float
) -> tuple[Tensor, Tensor, Tensor, float]:
    """Uneven currents of IF neurons that start at v_th / 2, their spikes, and a gradient."""
    generator = torch.Generator().manual_seed(seed)
    level = 1.8 * torch.rand(neurons, generator=generator) - 0.4
    uneven = 1.5 * torch.randn(timesteps, neurons, generator=generator)
    currents = v_th * (level + uneven - uneven.mean(0))
    spikes = torch.from_numpy(run_neuron(currents, v_th, 1.0, v_th / 2)[0]).float()
    return currents, spikes, torch.randn(neurons, generator=generator), v_th


_FEW_RATES = (
    torch.tensor([[0.25, 1.5, 1.0, -1.5, 0.5, 0.0], [0.25, -1.0, 1.0, 1.0, 3.5, 0.0]]),
    torch.tensor([[0.0, 1.0, 1.0, 0.0, 1.0, 0.0], [0.0, 0.0, 1.0, 0.0, 1.0, 0.0]]),
    torch.tensor([1.0, 3.0, 5.0, 7.0, -9.0, 11.0]),
    1.0,
)  # silent with a small current; open; means of exactly v_th and 0; below 0; above v_th

gradient_through_rates = Exercise(
    solution=_through_rates,
    calls=[_FEW_RATES, _rates(4, 9, 0, 2.0), _rates(8, 40, 1, 0.5), _rates(1, 12, 2, 3.0)],
    mistakes=[
        Mistake(
            lambda currents, spikes, grad, v_th: grad / v_th,
            "Your gate is missing: you let every gradient through. A neuron whose mean current "
            "lies below 0 or above v_th does not change its rate when that moves a little.",
            "Multiply by `(mean > 0) & (mean < v_th)`.",
            (lambda currents, spikes, grad, v_th: grad,),
        ),
        Mistake(
            lambda currents, spikes, grad, v_th: grad * _active(spikes.mean(0)) / v_th,
            "Your gate looks at the spikes. A neuron that has been silent over a few timesteps may "
            "have a current above 0: at a small T it would learn nothing.",
            "The gate asks for the mean current: does it lie between 0 and v_th?",
            (
                lambda currents, spikes, grad, v_th: grad * (spikes.mean(0) > 0) / v_th,
                lambda currents, spikes, grad, v_th: grad * (spikes.mean(0) < 1) / v_th,
                lambda currents, spikes, grad, v_th: grad * spikes.mean(0) / v_th,
            ),
        ),
        Mistake(
            lambda currents, *rest: _through_rates(currents, *rest) / len(currents),
            "You divide by T. The gradient is asked for the mean current, and the mean has the "
            "1/T in it already.",
            "One pass leads back, whatever T is.",
            (
                lambda currents, spikes, grad, v_th: (
                    grad * _open(currents.sum(0), v_th) / v_th / len(currents)
                ),
            ),
        ),
        Mistake(
            lambda currents, *rest: _through_rates(currents, *rest) * len(currents),
            "You multiply by T: that is the gradient for a count of spikes, not for a rate.",
            "The rate is the mean of the spikes.",
        ),
        Mistake(
            lambda currents, spikes, grad, v_th: grad * _open(currents.mean(0), v_th),
            "Your slope is 1. The rate climbs from 0 to 1 while the current goes from 0 to v_th.",
            "Divide by v_th.",
        ),
        Mistake(
            _gated(lambda mean, v_th: _open(mean, 1.0)),
            "Your gate closes at 1. A neuron fires at every timestep from a current of v_th on.",
            "Compare the mean current with `v_th`.",
        ),
        Mistake(
            lambda currents, spikes, grad, v_th: grad * _open(currents.sum(0), v_th) / v_th,
            "Your gate looks at the sum of the currents.",
            "Take their mean over time: `currents.mean(0)`.",
        ),
        Mistake(
            lambda currents, spikes, grad, v_th: (
                grad * _open(currents, v_th).float().mean(0) / v_th
            ),
            "You open the gate timestep by timestep. What comes unevenly then closes it, although "
            "the rate follows the mean.",
            "Take the mean over time first, then ask.",
        ),
        Mistake(
            _gated(lambda mean, v_th: mean > 0),
            "Your gate has no upper end. Above v_th a neuron fires at every timestep; more it "
            "cannot.",
            "Close it where the mean current reaches v_th, too.",
        ),
        Mistake(
            _gated(lambda mean, v_th: mean < v_th),
            "Your gate has no lower end. Below 0 a neuron does not fire; less it cannot.",
            "Close it where the mean current is 0 or less, too.",
        ),
        Mistake(
            _gated(lambda mean, v_th: (mean >= 0) & (mean <= v_th)),
            "At its two ends the gate is closed: a mean current of exactly 0 or v_th lets nothing "
            "through.",
            "Compare with `>` and `<`.",
            (
                _gated(lambda mean, v_th: (mean >= 0) & (mean < v_th)),
                _gated(lambda mean, v_th: (mean > 0) & (mean <= v_th)),
            ),
        ),
        Mistake(
            _gated(lambda mean, v_th: mean.clamp(0, v_th)),
            "You multiply by the rate itself. Asked for is how it changes with the current.",
            "The slope of clip(I / v_th, 0, 1) is 1 / v_th inside, and 0 outside.",
        ),
        Mistake(
            _gated(lambda mean, v_th: ~_open(mean, v_th)),
            "Your gate is the wrong way round: it is open where the rate cannot change.",
            "Open it where the mean current lies between 0 and v_th.",
        ),
        Mistake(
            lambda currents, spikes, grad, v_th: _open(currents.mean(0), v_th) / v_th,
            "That is the slope of the rate. The chain rule multiplies it with the gradient that "
            "comes from behind.",
            "Multiply by `grad`.",
        ),
    ],
    praise="However many timesteps run forwards, one pass leads back.",
)

learned_sigma = Question(
    right="b",
    because={
        "a": "The noise is dropped after the conversion in any case, learned or not.",
        "b": "With T = 1 noise only disturbs the loss, so learning makes it smaller. The loss "
        "knows nothing of the residuals that come with more timesteps.",
        "c": "A smaller sigma makes the slope of the firing probability steeper, not flatter; and "
        "at sigma = 0 there is no gradient at all.",
        "d": "Residuals come from charge and reset. Training at T = 1 does not see them.",
    },
    hint="What does the loss see at T = 1, and what does it not see?",
)

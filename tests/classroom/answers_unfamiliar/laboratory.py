"""Answers to the exercises of notebook 08 in unfamiliar styles."""

import math

import numpy as np
import torch


def with_nan(residual, rate):
    residual[(rate <= 0) | (rate >= 1)] = math.nan
    mu = residual.nanmean()
    return mu, (residual - mu).square().nanmean().sqrt()


def by_weights(residual, rate):
    w = ((rate - rate**2) > 0).double()
    mu = (w * residual).sum() / w.sum()
    return mu, torch.sqrt((w * (residual - mu) ** 2).sum() / w.sum())


def lost_in_place(spikes, share, draws):
    spikes[draws < share] = 0
    return spikes


def draws_its_own(spikes, share, draws):
    return spikes * (torch.rand(spikes.shape) >= share)


def loses_rows(spikes, share, draws):
    for t in range(len(spikes)):
        if draws[t].mean() < share:
            spikes[t] = 0
    return spikes


act = lambda rate: (rate > 0) & (rate < 1)  # noqa: E731

RIGHT = {
    "noise_from_residuals": [
        with_nan,
        by_weights,
        lambda residual, rate: torch.std_mean(residual[(rate % 1).bool()])[::-1],
        lambda residual, rate: (
            (v := np.compress(act(rate).numpy(), residual.numpy())).mean(),
            v.std(ddof=1),
        ),
    ],
    "lose_spikes": [
        lost_in_place,
        lambda spikes, share, draws: torch.logical_and(spikes, draws >= share),
        lambda spikes, share, draws: np.minimum(spikes.numpy(), (draws >= share).numpy()),
        lambda spikes, share, draws: [
            [s if d >= share else 0 for s, d in zip(*rows, strict=True)]
            for rows in zip(spikes.tolist(), draws.tolist(), strict=True)
        ],
        lambda spikes, share, draws: spikes.masked_fill(draws.lt(share), 0).to(torch.int8),
    ],
    "gradient_through_rates": [
        lambda currents, spikes, grad, v_th: grad.masked_fill(
            (currents.mean(0) - v_th / 2).abs() >= v_th / 2, 0
        ).div(v_th),
        lambda currents, spikes, grad, v_th: [
            g / v_th if 0 < sum(own) / len(own) < v_th else 0.0
            for g, own in zip(grad.tolist(), currents.T.tolist(), strict=True)
        ],
        lambda currents, spikes, grad, v_th: (
            np.where(
                np.sign(m := currents.numpy().mean(0)) > np.sign(np.maximum(m - v_th, -0.0) + 0.0),
                grad.numpy() / v_th,
                0,
            )
            * (m < v_th)
        ),
    ],
}
WRONG = {
    "noise_from_residuals": [
        (lambda v, r: v[act(r)].mean(), "Your function returns one value (0.5): the first of the"),
        (
            lambda v, r: (v[act(r)].mean(), v.std()),
            "Your standard deviation is that of all neurons.",
        ),
        (
            lambda v, r: (r[act(r)].mean(), r[act(r)].std()),
            "Those are mean and spread of the rates.",
        ),
        (
            lambda v, r: (v[act(r)].mean(), v[act(r)].square().mean().sqrt()),
            "You forgot to take the mean away before you square:",
        ),
        (
            lambda v, r: ((v * act(r)).mean(), (v * act(r)).std()),
            "You set the others to 0, but still count them.",
        ),
        (lambda v, r: (v[act(r)].median(), v[act(r)].std()), "Your first number is the median."),
        (
            lambda v, r: (v[act(r)].std(), v[act(r)].mean()),
            "The two results are in the wrong order.",
        ),
        (
            lambda v, r: (v[~act(r)].mean(), v[~act(r)].std()),
            "You have chosen exactly the neurons that are not",
        ),
        (lambda v, r: v[act(r)], "Your function returns 3 values; it should return 2"),
        (
            lambda v, r: (v[act(r)].mean().round(decimals=1), v[act(r)].std()),
            "Your first value is not right yet, the other one is.",
        ),
    ],
    "lose_spikes": [
        (
            lambda spikes, share, draws: spikes.masked_fill(draws > share, 0),
            "You keep the share that should get lost.",
        ),
        (draws_its_own, "Your function returns something else when it is called"),
        (loses_rows, "your function returns [[1., 0., 1.], [0., 0., 0.]]; it"),
        (
            lambda s, share, draws: s * (draws > share),
            "A draw of exactly the share loses no spike; yours does.",
        ),
        (
            lambda s, share, draws: s * (draws < 1 - share),
            "You lose the spikes with large draws. As many are lost,",
        ),
        (
            lambda s, share, draws: s - (draws < share).float(),
            "You take a spike away where there was none: -1 is no",
        ),
        (lambda s, share, draws: s * draws, "You weaken every spike by its draw. A spike arrives"),
        (
            lambda s, share, draws: s[draws >= share],
            "Your result has the shape (3,); it should have (2, 3).",
        ),
        (
            lambda s, share, draws: (s * (draws >= share)).sum(),
            "You return how many spikes arrive. Asked for are the",
        ),
        (
            lambda s, share, draws: torch.bernoulli(s * (1 - share)),
            "Your function returns something else when it is called",
        ),
        (
            lambda s, share, draws: torch.nn.functional.dropout(s, share),
            "Your function returns something else when it is called",
        ),
        (lambda s, share, draws: s, "You return `spikes` as it came in."),
    ],
    "gradient_through_rates": [
        (
            lambda i, s, g, v: g * ((i > 0) & (i < v)).float().mean(0) / v,
            "You open the gate timestep by timestep.",
        ),
        (lambda i, s, g, v: g.where(s.sum(0) > 0, 0) / v, "Your gate looks at the spikes."),
        (lambda i, s, g, v: g * (i.mean(0) / v).clip(0, 1), "You multiply by the rate itself."),
        (
            lambda i, s, g, v: torch.sigmoid(g),
            "your function returns",
        ),
    ],
}

"""The verdict on a noise: synthetic residuals, each with the noise that it is to name."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from snnlab.measure import residuals
from snnlab.measure.distances import Law
from snnlab.measure.match import FEWEST, FITS, RULE, Match
from snnlab.measure.residuals import trained_noise
from snnlab.network import SpikingNet, Stage
from snnlab.neuron import Neuron, NeuronLayer, Noise, firing_probability
from tests.measure.test_residuals import ramp

EVEN = ramp(0.0, math.sqrt(1.01))
"""Currents from 0 to 0.995 v_th: residuals that lie evenly over [0, v_th)."""


def judged(noise: Noise | None, *, timesteps: int = 256, neuron: Neuron | None = None) -> Match:
    """The match of 255 active neurons, each with a constant current of its own."""
    layer = NeuronLayer(neuron, noise=noise)
    net = SpikingNet([Stage(nn.Flatten(), layer)], nn.Linear(256, 2), (1, 16, 16))
    (found,) = residuals(net, EVEN, timesteps, channels=False)
    return Match(found, trained_noise(layer))


@pytest.mark.parametrize(
    ("noise", "verdict"),
    [
        (Noise(), "fits"),
        (Noise("uniform"), "fits"),
        (Noise("uniform", timesteps=4), "fits"),
        (Noise(sigma=0.05), "too narrow"),
        (Noise(sigma=0.144), "too narrow"),  # half of the matched one
        (Noise(sigma=0.577), "too wide"),  # twice
        (Noise(sigma=0.8), "too wide"),
        (Noise(mu=0.0), "too low"),
        (Noise(mu=0.3), "too low"),
        (Noise(mu=0.9), "too high"),
        (Noise("empirical", quantiles=(0.15, 0.2, 0.25, 0.75, 0.8, 0.85)), "of another shape"),
        (None, "fits"),
    ],
)
def test_the_verdict_names_what_is_wrong(noise: Noise | None, verdict: str) -> None:
    found = judged(noise)
    if verdict == "of another shape":  # mean and deviation nearly right, and far away all the same
        found = replace(found, noise=replace(Noise("uniform"), sigma=0.3, mu=0.5))
        found.found.distances["training"] = replace(
            found.found.distances["uniform"], wasserstein=0.2
        )
    assert found.verdict == verdict
    assert f"distance {found.distance:.2f} v_th" in found.text()
    assert ("fit" in found.text()) == bool(found.fits)


def test_the_sentence_says_what_it_rests_on() -> None:
    assert judged(Noise(sigma=0.05)).text() == (
        "The noise is too narrow: distance 0.21 v_th, deviation 0.05 against the residuals' 0.29."
    )
    assert judged(Noise(mu=0.0)).text() == (
        "The noise is too low: distance 0.50 v_th, mean 0.00 against the residuals' 0.50."
    )
    assert (
        judged(None).text() == "Noise spread evenly over [0, v_th) would fit: distance 0.00 v_th."
    )


def test_the_verdict_follows_the_number_that_is_read() -> None:
    found = judged(Noise())
    for distance, verdict in ((FITS + 0.0049, "fits"), (FITS + 0.0051, "of another shape")):
        near = replace(found.found.distances["training"], wasserstein=distance)
        summary = replace(found.found, distances={"training": near})
        assert Match(summary, Noise()).verdict == verdict


def test_few_neurons_allow_no_verdict() -> None:
    found = judged(Noise())
    few = Match(replace(found.found, neurons=FEWEST - 1), Noise())
    assert few.verdict is few.fits is None
    assert few.text() == "No verdict: 99 active neurons are too few, 100 are needed."
    none = Match(replace(found.found, neurons=0, distances={}), None)
    assert none.text() == "No neuron is active: there is no residual to compare."


def test_a_sigma_for_each_channel_has_no_single_distance() -> None:
    layer = NeuronLayer(noise=Noise(learned="channel"), channels=1)
    net = SpikingNet(
        [Stage(nn.Identity(), layer)], nn.Sequential(nn.Flatten(), nn.Linear(256, 2)), (1, 16, 16)
    )
    (found,) = residuals(net, EVEN, 32)
    said = Match(found, trained_noise(layer))
    assert said.verdict is None
    assert "no single distance" in said.text()


def test_the_distance_is_the_area_between_the_firing_curves() -> None:
    """What the rule says about it, and about the matched noise."""
    currents = torch.linspace(-4, 5, 90_001, dtype=torch.float64)
    curves = [
        firing_probability(currents, noise, Neuron())
        for noise in (Noise(sigma=0.5), Noise("uniform"))
    ]
    area = float((curves[0] - curves[1]).abs().sum() * 1e-4)
    assert judged(Noise(sigma=0.5)).distance == pytest.approx(area, abs=0.003)
    assert "0.04 v_th" in RULE
    assert judged(Noise()).distance == pytest.approx(0.044, abs=0.002)


def test_chance_alone_keeps_few_neurons_this_far_away() -> None:
    """Why so many neurons are needed."""
    generator, shares = np.random.default_rng(0), (np.arange(FEWEST) + 0.5) / FEWEST
    law = Law(Noise("uniform"))
    apart = [np.abs(np.sort(generator.random(FEWEST)) - law.ppf(shares)).mean() for _ in range(500)]
    assert 0.025 < np.mean(apart) < 0.04


def test_what_drifts_is_found_where_it_is() -> None:
    images = ramp(0.5, 0.25)  # currents from -2 to 2
    net = SpikingNet([Stage(nn.Flatten(), NeuronLayer())], nn.Linear(256, 2), (1, 16, 16))
    (found,) = residuals(net, images, 16, channels=False, wide=True)
    (plain,) = residuals(net, images, 16, channels=False)
    assert plain.wide == {}
    assert replace(found, wide={}) == plain
    at = np.arange(-100, 100, 0.1) + 0.05
    silent, active, saturated = (np.asarray(found.wide[name]) for name in found.wide)
    for density in (silent, active, saturated):
        assert density.sum() / 10 == pytest.approx(1)
    assert at[silent > 0].min() == pytest.approx(0.5 - 2 * 15, abs=0.1)  # v[15] at a current of -2
    assert at[saturated > 0].max() == pytest.approx(0.5 + 15, abs=0.1)
    assert active[(at > 0) & (at < 1)].sum() / 10 == pytest.approx(plain.inside, abs=0.01)
    assert plain.neurons == round(256 * plain.active)

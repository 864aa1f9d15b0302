"""Which networks and settings a method refuses, before training starts."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from snnlab.learning import BPTT, PlainANN, SingleStep, Training, fit
from snnlab.measure import accuracy

SPIKING = [SingleStep(), BPTT()]


@pytest.mark.parametrize("objective", SPIKING, ids=repr)
def test_an_ann_given_to_a_spiking_method_is_refused(objective, few_digits, net_for):
    with pytest.raises(ValueError, match=r'needs a SpikingNet, got a ANN.*activation="spiking"'):
        fit(net_for(PlainANN()), few_digits, objective, seed=0)


def test_a_spiking_network_given_to_the_plain_method_is_refused(few_digits, net_for):
    with pytest.raises(ValueError, match=r'got a SpikingNet.*activation="relu".*SingleStep'):
        fit(net_for(SingleStep()), few_digits, PlainANN(), seed=0)


@pytest.mark.parametrize("objective", SPIKING, ids=repr)
def test_a_stage_that_does_not_spike_is_refused(objective, few_digits, net_for):
    net = net_for(objective)
    net.stages[1].neuron = nn.ReLU()
    with pytest.raises(ValueError, match=r"the ReLU of stage 1 has none.*put a NeuronLayer there"):
        fit(net, few_digits, objective, seed=0)


@pytest.mark.parametrize("dropout", [nn.Dropout(), nn.Dropout2d(), nn.AlphaDropout()], ids=str)
@pytest.mark.parametrize("objective", [*SPIKING, PlainANN()], ids=repr)
def test_dropout_is_refused_by_name(objective, dropout, few_digits, net_for):
    net = net_for(objective)
    net.stages[1].layers.append(dropout)
    before, called = copy.deepcopy(net.state_dict()), []
    kind = type(dropout).__name__
    with pytest.raises(ValueError, match=rf"stages\.1\.layers\.2' \({kind}\).*remove it"):
        fit(net, few_digits, objective, seed=0, on_batch=called.append)
    assert called == []
    assert all((before[key] == value).all() for key, value in net.state_dict().items())


@pytest.mark.parametrize(("objective", "timesteps"), [(SingleStep(), 1), (BPTT(5), 5)])
def test_a_method_runs_and_validates_its_timesteps(objective, timesteps, few_digits, net_for):
    net, images = net_for(objective), few_digits.train.normalised(slice(64))
    logits = [
        run(torch.Generator().manual_seed(0))
        for run in (
            lambda generator: objective.logits(net, images, generator),
            lambda generator: net(images, timesteps, generator=generator),
            lambda generator: net(images, timesteps + 1, generator=generator),
        )
    ]
    assert torch.equal(logits[0], logits[1])
    assert not torch.equal(logits[0], logits[2])
    history = fit(net, few_digits, objective, Training(epochs=3), seed=0)
    measured = accuracy(net, few_digits.validation, timesteps=timesteps)
    assert history[-1].validation_accuracy == measured


def test_single_step_training_has_one_timestep():
    with pytest.raises(ValueError, match="T = 1, got 4; for T > 1 use BPTT"):
        SingleStep(timesteps=4)


@pytest.mark.parametrize("timesteps", [0, -1])
def test_backpropagation_through_no_time_is_refused(timesteps):
    with pytest.raises(ValueError, match=f"timesteps must be at least 1, got {timesteps}"):
        BPTT(timesteps)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"epochs": 0}, "epochs must be at least 1, got 0"),
        ({"batch_size": 0}, "batch_size must be at least 1, got 0"),
        ({"learning_rate": 0.0}, r"learning_rate must be a number above 0, got 0\.0"),
        ({"learning_rate": float("nan")}, "learning_rate must be a number above 0, got nan"),
        ({"weight_decay": -0.1}, r"weight_decay must be at least 0, got -0\.1"),
        ({"label_smoothing": 1.0}, r"label_smoothing must lie in \[0, 1\), got 1\.0"),
        ({"ema_decay": 1.0}, r"ema_decay must lie in \[0, 1\), got 1\.0"),
        ({"ema_decay": -0.1}, r"ema_decay must lie in \[0, 1\), got -0\.1"),
        ({"ema_decay": "0.9"}, "ema_decay must be a number, got '0.9'"),
        ({"noise_fraction": 1.5}, r"noise_fraction must lie in \[0, 1\], got 1\.5"),
        ({"precision": "float16"}, "'float16'; valid: float32, bfloat16"),
    ],
)
def test_impossible_settings_are_refused(values, message):
    with pytest.raises(ValueError, match=message):
        Training(**values)


@pytest.mark.parametrize(
    ("fraction", "epochs", "noisy"), [(1, 7, 7), (0, 7, 0), (0.5, 10, 5), (0.26, 4, 1)]
)
def test_noisy_epochs_are_the_rounded_share(fraction, epochs, noisy):
    assert Training(epochs=epochs, noise_fraction=fraction).noisy_epochs == noisy

"""What noise does over the epochs, and what learned constants do in training and after it."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from snnlab.learning import BPTT, SingleStep, Training, fit
from snnlab.neuron import Neuron, Noise

FEW = Training(epochs=5, batch_size=64)
TARGET = Noise("uniform", timesteps=4)


def factors(training: Training) -> list[float]:
    return [training.noise_factor(epoch) for epoch in range(1, training.epochs + 1)]


def test_the_schedules_in_numbers():
    assert factors(FEW) == [1, 1, 1, 1, 1]
    assert factors(replace(FEW, noise_fraction=0.4)) == [1, 1, 0, 0, 0]
    linear = replace(FEW, noise_schedule="linear", noise_floor=0.2)
    assert factors(linear) == pytest.approx([1, 0.8, 0.6, 0.4, 0.2])
    cosine = replace(linear, noise_schedule="cosine")
    quarter = math.cos(math.pi / 4)
    assert factors(cosine) == pytest.approx([1, 0.6 + 0.4 * quarter, 0.6, 0.6 - 0.4 * quarter, 0.2])
    assert factors(replace(linear, noise_fraction=0.4)) == pytest.approx([1, 0.2, 0, 0, 0])
    assert factors(replace(linear, mean_fraction=0.4)) == pytest.approx([1, 0.6, 0.2, 0, 0])
    assert factors(replace(linear, epochs=1)) == [1]
    warm = replace(linear, warm_up_fraction=0.4)
    assert factors(warm) == pytest.approx([0, 0, 1, 0.6, 0.2])
    assert factors(replace(warm, noise_fraction=0.2)) == pytest.approx([0, 0, 1, 0, 0])
    assert factors(replace(warm, warm_up_fraction=1.0, mean_fraction=0.4)) == [0] * 5


def test_which_epochs_train_on_mean_responses():
    def mean(**values):
        training = replace(FEW, **values)
        return [training.on_mean_response(epoch) for epoch in range(1, 6)]

    assert mean() == [False] * 5
    assert mean(warm_up_fraction=0.4) == [True, True, False, False, False]
    assert mean(warm_up_fraction=0.4, mean_fraction=0.2) == [True, True, False, False, True]
    assert mean(warm_up_fraction=0.8, mean_fraction=0.6) == [True] * 5


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"noise_schedule": "step"}, "noise_schedule 'step'; valid: constant, linear, cosine"),
        ({"noise_floor": 0.0}, r"noise_floor must lie in \(0, 1\], got 0.0"),
        ({"mean_fraction": 1.5}, r"mean_fraction must lie in \[0, 1\], got 1.5"),
        ({"warm_up_fraction": -0.1}, r"warm_up_fraction must lie in \[0, 1\], got -0.1"),
    ],
)
def test_an_impossible_schedule_is_refused(values, message):
    with pytest.raises(ValueError, match=message):
        Training(**values)


def test_sigma_falls_and_is_whole_again_afterwards(few_digits, net_for):
    net = net_for(SingleStep())
    training = replace(FEW, noise_schedule="linear", noise_floor=0.2, mean_fraction=0.2)
    seen = []

    def watch(batch):
        layer = net.neuron_layers()[0]
        seen.append((batch.epoch, layer.noise, layer.mean_response))

    history = fit(net, few_digits, SingleStep(), training, seed=0, on_batch=watch)
    wanted = [1, 1 - 0.8 / 3, 1 - 1.6 / 3, 0.2, 0]
    for epoch, factor in zip(history, wanted, strict=True):
        assert epoch.noise_by_stage == pytest.approx([factor * Noise().sigma] * 2)
        assert epoch.noise is (factor > 0)
    assert all((noise is None) is (epoch == 5) for epoch, noise, _ in seen)
    assert all(mean is (epoch == 5) for epoch, _, mean in seen)
    assert all(layer.noise == Noise() for layer in net.neuron_layers())
    assert not any(layer.mean_response for layer in net.neuron_layers())


def test_the_mean_response_has_nothing_random(few_digits, net_for, same_weights):
    one, two = (net_for(SingleStep(), noise=noise) for noise in (Noise(), Noise("logistic", 0.9)))
    training = replace(FEW, mean_fraction=1.0)
    histories = [fit(net, few_digits, SingleStep(), training, seed=0) for net in (one, two)]
    assert same_weights(one, two)
    assert histories[0][-1].noise_by_stage == [0, 0]


@pytest.mark.parametrize("neuron", [Neuron(beta=0.9), Neuron(reset="zero")])
def test_other_neurons_have_no_mean_response(neuron, few_digits, net_for):
    net, training = net_for(SingleStep(), neuron=neuron), replace(FEW, mean_fraction=0.5)
    with pytest.raises(ValueError, match="need IF neurons"):
        fit(net, few_digits, SingleStep(), training, seed=0)


@pytest.mark.parametrize("noise", [TARGET, Noise(learned="layer")], ids=["target", "learned"])
def test_bptt_refuses_noise_of_a_single_pass(noise, few_digits, net_for):
    with pytest.raises(ValueError, match="act in a single pass"):
        fit(net_for(BPTT(2), noise=noise), few_digits, BPTT(2), FEW, seed=0)


@pytest.mark.parametrize("learned", ["layer", "channel"])
@pytest.mark.parametrize("noise", [Noise(), TARGET], ids=["T = 1", "T = 4"])
def test_sigma_is_learned_and_reported(noise, learned, few_digits, net_for):
    net = net_for(SingleStep(), noise=replace(noise, learned=learned))
    history = fit(net, few_digits, SingleStep(), FEW, seed=0)
    paths = [epoch.noise_by_stage for epoch in history]
    assert all(sigma > 0 for path in paths for sigma in path)
    for layer, sigma in zip(net.neuron_layers(), paths[-1], strict=True):
        assert layer.log_sigma_ratio.shape == ((8,) if learned == "channel" else ())
        assert layer.log_sigma_ratio.abs().max() > 1e-3
        assert layer.sigma(layer.noise).mean().item() == pytest.approx(sigma)


def test_a_schedule_narrows_learned_noise_too(few_digits, net_for):
    net = net_for(SingleStep(), noise=Noise(learned="layer"))
    training = replace(FEW, noise_schedule="linear", noise_floor=0.1)
    history = fit(net, few_digits, SingleStep(), training, seed=0)
    whole = [layer.sigma(layer.noise).item() for layer in net.neuron_layers()]
    assert history[-1].noise_by_stage == pytest.approx([0.1 * sigma for sigma in whole], rel=1e-5)


RESUMED = {
    "annealed": ({"noise": Noise()}, {"noise_schedule": "cosine"}),
    "mean phase": ({"noise": TARGET}, {"mean_fraction": 0.4}),
    "warm-up": ({"noise": TARGET}, {"warm_up_fraction": 0.4}),
    "learned": ({"noise": Noise(learned="channel")}, {"noise_schedule": "linear"}),
}


@pytest.mark.parametrize("case", RESUMED)
def test_a_resumed_training_equals_an_uninterrupted_one(
    case, few_digits, net_for, same_weights, without_time, tmp_path
):
    options, changes = RESUMED[case]
    training, file = replace(FEW, **changes), tmp_path / "c.safetensors"
    whole, cut, resumed = (net_for(SingleStep(), **options) for _ in range(3))
    expected = fit(whole, few_digits, SingleStep(), training, seed=1)

    def stop(epoch):
        if epoch.epoch == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(cut, few_digits, SingleStep(), training, seed=1, checkpoint=file, on_epoch=stop)
    history = fit(resumed, few_digits, SingleStep(), training, seed=1, checkpoint=file)
    assert same_weights(resumed, whole)
    assert without_time(history) == without_time(expected)
    assert not any(torch.isnan(p).any() for p in resumed.parameters())

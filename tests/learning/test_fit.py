"""The training loop: deterministic, told what it may train, honest when it fails."""

from __future__ import annotations

import copy
import math
import shutil

import pytest
import torch
from torch import nn

from snnlab.data import load_data
from snnlab.learning import BPTT, PlainANN, SingleStep, Training, TrainingError, fit
from snnlab.learning.fit import Loop
from snnlab.measure import accuracy
from snnlab.neuron import Neuron, Noise

SHORT = Training(epochs=2, batch_size=64)
METHODS = [SingleStep(), BPTT(timesteps=3), PlainANN()]
methods = pytest.mark.parametrize("objective", METHODS, ids=repr)


@pytest.mark.sample(3)
@pytest.mark.parametrize("augment", [False, True])
@pytest.mark.parametrize("model", ["mlp", "convnet"])
@methods
def test_two_runs_give_the_same_weights_bit_for_bit(
    objective, model, augment, few_digits, net_for, same_weights, without_time
):
    training, runs = Training(epochs=2, batch_size=64, augment=augment), []
    for global_seed in (1, 2):  # nothing may come from there
        torch.manual_seed(global_seed)
        net = net_for(objective, model)
        before = torch.get_rng_state()
        runs.append((net, fit(net, few_digits, objective, training, seed=5)))
        assert torch.equal(torch.get_rng_state(), before)
    (one, history), (again, history_again) = runs
    assert same_weights(one, again)
    assert without_time(history) == without_time(history_again)
    assert not same_weights(one, net_for(objective, model))
    other = net_for(objective, model)
    fit(other, few_digits, objective, training, seed=6)
    assert not same_weights(one, other)


@pytest.mark.sample(1)
@methods
def test_every_method_learns_digits(objective, digits, net_for):
    net = net_for(objective, width=32)
    history = fit(net, digits, objective, Training(epochs=12, batch_size=64), seed=0)
    assert history[-1].loss < 0.3 * history[0].loss
    assert history[-1].train_accuracy > 90
    assert history[-1].validation_accuracy > 90
    assert accuracy(net, digits.test) > 92


def test_backpropagation_through_one_timestep_is_single_step_training(few_digits, net_for):
    images, labels = next(few_digits.train.batches(64))
    gradients = []
    for objective in (SingleStep(), BPTT(timesteps=1)):
        net = net_for(objective, "convnet", noise=None, neuron=Neuron(v_th=0.8))
        logits = objective.logits(net, images, torch.Generator())
        nn.functional.cross_entropy(logits, labels).backward()
        gradients.append([p.grad for p in net.parameters()])
    assert all(g.abs().max() > 0 for g in gradients[0])
    for one, other in zip(*gradients, strict=True):
        assert torch.equal(one, other)


def test_trained_through_one_timestep_both_methods_end_equal(few_digits, net_for, same_weights):
    nets = []
    for objective in (SingleStep(), BPTT(timesteps=1)):
        nets.append(net_for(objective, noise=None))
        fit(nets[-1], few_digits, objective, SHORT, seed=0)
    assert same_weights(*nets)


def test_the_history_and_the_callbacks_tell_what_happened(few_digits, net_for):
    net, batches, epochs = net_for(SingleStep()), [], []
    training = Training(epochs=3, batch_size=64, learning_rate=1e-2)
    callbacks = {"on_batch": batches.append, "on_epoch": epochs.append}
    history = fit(net, few_digits, SingleStep(), training, seed=0, **callbacks)
    assert history == epochs
    assert [epoch.epoch for epoch in history] == [1, 2, 3]
    assert [b.step for b in batches] == list(range(1, 10))  # 3 whole batches each
    assert [b.epoch for b in batches] == [1] * 3 + [2] * 3 + [3] * 3
    assert {b.steps for b in batches} == {9}
    for number, epoch in enumerate(history):
        losses = [b.loss.item() for b in batches[3 * number : 3 * number + 3]]
        assert epoch.loss == pytest.approx(sum(losses) / 3)
        assert 0 <= epoch.train_accuracy <= 100
        assert epoch.seconds > 0
    measured = accuracy(net, few_digits.validation, timesteps=1)
    assert history[-1].validation_accuracy == measured


def test_the_learning_rate_makes_one_cycle(few_digits, net_for):
    training, net = Training(epochs=10, batch_size=64, learning_rate=1e-2), net_for(SingleStep())
    loop, rates = Loop(net, few_digits, SingleStep(), training, seed=0), []
    for number in range(1, 11):
        loop.epoch(number, lambda _: rates.append(loop.schedule.get_last_lr()[0]))
    assert len(rates) == 30
    peak = rates.index(max(rates))
    assert max(rates) == pytest.approx(1e-2, rel=0.01)
    assert 6 <= peak <= 12
    assert rates[: peak + 1] == sorted(rates[: peak + 1])
    assert rates[peak:] == sorted(rates[peak:], reverse=True)
    assert rates[-1] < 1e-5


def test_weight_decay_spares_biases_and_batch_norm(few_digits, net_for):
    net = net_for(SingleStep(), "convnet")
    loop = Loop(net, few_digits, SingleStep(), Training(weight_decay=0.3), seed=0)
    decay = {id(p): g["weight_decay"] for g in loop.optimizer.param_groups for p in g["params"]}
    matrices = {n for n, p in net.named_parameters() if decay[id(p)] == 0.3}
    layers = net.named_modules()
    assert matrices == {f"{n}.weight" for n, m in layers if isinstance(m, nn.Conv2d | nn.Linear)}
    assert len(decay) == len(list(net.parameters()))
    assert {decay[id(p)] for n, p in net.named_parameters() if n not in matrices} == {0.0}


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_label_smoothing_spreads_a_share_of_the_target(smoothing, few_digits, net_for):
    net, training = net_for(PlainANN()), Training(label_smoothing=smoothing)
    images, labels = next(few_digits.train.batches(64))
    log_p = copy.deepcopy(net)(images).log_softmax(1)  # (B, K)
    right = log_p.gather(1, labels[:, None]).mean()
    expected = -(1 - smoothing) * right - smoothing * log_p.mean()
    loss, _ = Loop(net, few_digits, PlainANN(), training, seed=0).step(images, labels)
    torch.testing.assert_close(loss, expected.detach())


@pytest.mark.parametrize(
    ("fraction", "epochs", "expected"),
    [(1.0, 4, [1, 1, 1, 1]), (0.5, 4, [1, 1, 0, 0]), (0.0, 3, [0, 0, 0]), (0.3, 3, [1, 0, 0])],
)
def test_noise_acts_in_the_initial_share_of_the_epochs(
    fraction, epochs, expected, few_digits, net_for
):
    noise, seen = Noise("uniform"), []
    net = net_for(SingleStep(), noise=noise)
    layers = net.neuron_layers()
    training = Training(epochs=epochs, batch_size=64, noise_fraction=fraction)
    history = fit(
        net,
        few_digits,
        SingleStep(),
        training,
        seed=0,
        on_batch=lambda batch: seen.append((batch.epoch, {layer.noise for layer in layers})),
    )
    assert [epoch.noise for epoch in history] == [bool(on) for on in expected]
    assert all(now == ({noise} if expected[epoch - 1] else {None}) for epoch, now in seen)
    assert [layer.noise for layer in layers] == [noise, noise]


def test_epochs_without_noise_train_as_a_network_without_noise(few_digits, net_for, same_weights):
    noisy = net_for(SingleStep())
    plain = net_for(SingleStep(), noise=None, surrogate=noisy.neuron_layers()[0].surrogate)
    plain.load_state_dict(noisy.state_dict())
    history = fit(noisy, few_digits, SingleStep(), Training(epochs=2, noise_fraction=0.0), seed=0)
    fit(plain, few_digits, SingleStep(), Training(epochs=2), seed=0)
    assert same_weights(noisy, plain)
    assert not any(epoch.noise for epoch in history)


def test_the_noise_comes_back_when_training_is_cut_short(few_digits, net_for):
    net, noise = net_for(SingleStep()), Noise()

    def stop(epoch):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(
            net,
            few_digits,
            SingleStep(),
            Training(epochs=4, noise_fraction=0.0),
            seed=0,
            on_epoch=stop,
        )
    assert all(layer.noise == noise for layer in net.neuron_layers())


@methods
def test_weights_that_are_not_numbers_stop_the_training_with_an_explanation(
    objective, few_digits, net_for
):
    net = net_for(objective)

    def poison(batch):
        if batch.step == 4:  # the first step of the second epoch
            next(net.parameters()).data[0, 0] = math.nan

    training = Training(epochs=5, batch_size=64, learning_rate=0.003)
    with pytest.raises(TrainingError, match=r"became nan in epoch 2.*learning rate below 0\.003"):
        fit(net, few_digits, objective, training, seed=0, on_batch=poison)
    if not isinstance(objective, PlainANN):
        assert all(layer.noise for layer in net.neuron_layers())


@methods
def test_a_learning_rate_far_too_high_stops_the_training(objective, few_digits, net_for):
    training = Training(epochs=3, batch_size=64, learning_rate=1e30)
    with pytest.raises(TrainingError, match=r"learning rate below 1e\+30"):
        fit(net_for(objective), few_digits, objective, training, seed=0)


def test_dead_neurons_do_not_hide_lost_weights(few_digits, net_for):
    """Neurons whose current is not a number fall silent, and the loss stays a number."""
    net, losses = net_for(SingleStep()), []

    def poison(batch):
        losses.append(batch.loss.item())
        next(net.parameters()).data.fill_(math.nan)

    with pytest.raises(TrainingError, match="weights became nan"):
        fit(net, few_digits, SingleStep(), SHORT, seed=0, on_batch=poison)
    assert all(math.isfinite(loss) for loss in losses)


def test_a_long_epoch_is_stopped_before_its_end(digits, net_for):
    net, steps = net_for(SingleStep()), []

    def poison(batch):
        steps.append(batch.step)
        next(net.parameters()).data[0, 0] = math.nan

    with pytest.raises(TrainingError, match="became nan in epoch 1"):
        fit(net, digits, SingleStep(), Training(epochs=1, batch_size=8), seed=0, on_batch=poison)
    assert len(steps) < 30  # of 151


def test_no_validation_images_no_validation_accuracy(net_for):
    data = load_data("digits", train_size=64, validation_fraction=0.0)
    (epoch,) = fit(net_for(SingleStep()), data, SingleStep(), Training(epochs=1), seed=0)
    assert epoch.validation_accuracy is None


def test_fewer_images_than_a_batch_are_still_trained_on(net_for):
    data, losses = load_data("digits", train_size=40), []
    net = net_for(SingleStep())
    training = Training(epochs=2, batch_size=64)
    fit(net, data, SingleStep(), training, seed=0, on_batch=losses.append)
    assert len(losses) == 2


def test_network_and_data_must_share_a_device(few_digits, net_for):
    with pytest.raises(ValueError, match=r"network is on meta, the images on cpu.*\.to\(device\)"):
        fit(net_for(SingleStep()).to("meta"), few_digits, SingleStep(), SHORT, seed=0)


@methods
def test_the_memory_layout_does_not_matter(objective, few_digits, net_for):
    losses = []
    for channels_last in (False, True):
        net = net_for(objective, "convnet", noise=None)
        training = Training(epochs=2, batch_size=64, channels_last=channels_last)
        losses.append(fit(net, few_digits, objective, training, seed=0)[-1].loss)
        kernels = [m.weight for m in net.modules() if isinstance(m, nn.Conv2d)][1:]
        for kernel in kernels:
            assert kernel.is_contiguous(memory_format=torch.channels_last) is channels_last
    assert losses[1] == pytest.approx(losses[0], rel=0.02)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("c++") is None, reason="torch.compile needs a C++ compiler")
@methods
def test_a_compiled_network_trains_as_well(objective, few_digits, net_for):
    losses, nets = [], []
    for compiled in (False, True):
        nets.append(net_for(objective))
        training = Training(epochs=2, batch_size=64, compile=compiled)
        history = fit(nets[-1], few_digits, objective, training, seed=0)
        losses.append([epoch.loss for epoch in history])
    assert losses[1] == pytest.approx(losses[0], rel=0.02)
    assert set(nets[0].state_dict()) == set(nets[1].state_dict())

"""The average of the weights: what it is, when the network holds it, and that training resumes."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from snnlab.learning import BPTT, PlainANN, SingleStep, Training, fit
from snnlab.learning.ema import MovingAverage
from snnlab.learning.noise_schedule import learned_thresholds
from snnlab.measure import accuracy
from snnlab.network import Architecture, build
from snnlab.neuron import Noise

PLAIN = Training(epochs=4, batch_size=64, augment=True)
AVERAGED = replace(PLAIN, ema_decay=0.5)  # which the rising decay reaches in step 8 of 12
PHASES = {"warm_up_fraction": 0.25, "rates_fraction": 0.5, "rates_timesteps": (2, 3)}
STEPS = 3  # per epoch

TARGET = Noise("uniform", timesteps=4)
LEARNED = {"learned_threshold": "layer", "threshold_start": 2.0}
METHODS = {
    "noise": (SingleStep(), {"noise": Noise()}, {}, {}),
    "learned noise": (SingleStep(), {"noise": Noise(learned="channel")}, {}, {}),
    "target noise": (SingleStep(), {"noise": TARGET}, LEARNED, {}),
    "noise, then spikes": (SingleStep(), {"noise": TARGET}, LEARNED, PHASES),
    "bptt": (BPTT(timesteps=2), {}, {}, {}),
    "ann": (PlainANN(), {"activation": "relu"}, {}, {}),
    "qcfs": (PlainANN(), {"activation": "qcfs", "levels": 4}, {}, {}),
}
methods = pytest.mark.parametrize("method", METHODS)


class PowerCut(Exception):
    """Raised from a callback to end a training anywhere."""


def network(method, name="convnet"):
    """A narrow network for a method."""
    _, options, architecture, _ = METHODS[method]
    arch = Architecture(name, width=8, **architecture)
    return build(arch, image_shape=(1, 8, 8), classes=10, seed=0, **options)


def train(net, method, data, training=AVERAGED, **options):
    """Train it with a method; the checkpoint, if any, and callbacks are options."""
    objective, _, _, phases = METHODS[method]
    return fit(net, data, objective, replace(training, **phases), seed=3, **options)


def weights(net):
    """A copy of its weights and statistics."""
    return {name: value.clone() for name, value in net.state_dict().items()}


def averaged(row, decay):
    """The average over a row of weights, the first of them before training; in double precision."""
    mean = {name: value.double() for name, value in row[0].items()}
    for step, now in enumerate(row[1:], start=1):
        d = min(decay, (1 + step) / (10 + step))
        for name, value in now.items():
            floating = value.is_floating_point()
            mean[name] = d * mean[name] + (1 - d) * value.double() if floating else value.double()
    return mean


def assert_average(found, row, decay=AVERAGED.ema_decay):
    """Weights are the average over a row of weights."""
    expected = averaged(row, decay)
    assert found.keys() == expected.keys()
    for name, value in found.items():
        torch.testing.assert_close(value.double(), expected[name], rtol=1e-5, atol=1e-6, msg=name)


def equal(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.fixture
def few_per_epoch(few_digits):
    """The data, with weights of a training collected at each step and each epoch."""

    def collected(method, training):
        net, row, ends = network(method), [], []
        row.append(weights(net))
        history = train(
            net,
            method,
            few_digits,
            training,
            on_batch=lambda _: row.append(weights(net)),
            on_epoch=lambda epoch: ends.append((weights(net), epoch)),
        )
        return net, row, ends, history

    return collected


@methods
def test_it_is_the_average_over_the_steps_and_the_training_does_not_notice(method, few_per_epoch):
    net, row, ends, history = few_per_epoch(method, AVERAGED)
    plain_net, plain_row, _, plain_history = few_per_epoch(method, PLAIN)
    assert len(row) == 1 + 4 * STEPS
    assert all(equal(one, other) for one, other in zip(row, plain_row, strict=True))
    assert [(e.loss, e.train_accuracy) for e in history] == [
        (e.loss, e.train_accuracy) for e in plain_history
    ]
    for number, (found, _) in enumerate(ends, start=1):
        assert_average(found, row[: 1 + number * STEPS])
    assert equal(weights(net), ends[-1][0])
    assert equal(weights(plain_net), plain_row[-1])
    assert not equal(weights(net), weights(plain_net))


def test_a_short_training_forgets_its_first_weights():
    net = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(net.weight)
    average = MovingAverage(net, 0.999)
    average.out_of_net()
    nn.init.ones_(net.weight)
    for step in range(1, 101):  # with a fixed decay of 0.999 the average would be 0.095
        average.update(step)
    average.into_net()
    assert net.weight.item() == pytest.approx(1, abs=1e-6)


def test_batch_norm_counts_its_batches_and_averages_its_statistics(few_per_epoch):
    net, row, *_ = few_per_epoch("noise", AVERAGED)
    norms = [module for module in net.modules() if isinstance(module, nn.BatchNorm2d)]
    assert norms
    assert all(norm.num_batches_tracked == 4 * STEPS for norm in norms)
    name = next(name for name in row[0] if name.endswith("running_var"))
    averaged_statistics, last = net.state_dict()[name], row[-1][name]
    assert not torch.equal(averaged_statistics, last)
    expected = averaged(row, AVERAGED.ema_decay)[name]
    torch.testing.assert_close(averaged_statistics.double(), expected, rtol=1e-5, atol=1e-6)


@methods
def test_an_epoch_ends_with_the_averaged_network(method, few_digits):
    net, objective, seen = network(method), METHODS[method][0], []

    def look(epoch):
        seen.append(accuracy(net, few_digits.validation, timesteps=objective.timesteps))
        assert epoch.thresholds == learned_thresholds(net)

    history = train(net, method, few_digits, on_epoch=look)
    assert [epoch.validation_accuracy for epoch in history] == seen
    assert accuracy(net, few_digits.validation, timesteps=objective.timesteps) == seen[-1]


def test_the_learned_sigma_of_an_epoch_is_the_averaged_one(few_per_epoch):
    net, _, _, history = few_per_epoch("learned noise", AVERAGED)
    sigmas = [layer.sigma(layer.noise).mean().item() for layer in net.neuron_layers()]
    assert history[-1].noise_by_stage == sigmas


@pytest.mark.sample(4)
@pytest.mark.parametrize("cut", [2, STEPS, STEPS + 1, 2 * STEPS, 3 * STEPS - 1, 4 * STEPS])
@methods
def test_a_resumed_training_equals_an_uninterrupted_one_bit_for_bit(
    method, cut, few_digits, same_weights, without_time, tmp_path
):
    whole, broken, resumed, again = (network(method) for _ in range(4))
    expected = train(whole, method, few_digits)
    file = tmp_path / "checkpoint.safetensors"

    def stop(batch):
        if batch.step == cut:
            raise PowerCut

    with pytest.raises(PowerCut):
        train(broken, method, few_digits, checkpoint=file, on_batch=stop)
    history = train(resumed, method, few_digits, checkpoint=file)
    assert same_weights(resumed, whole)
    assert without_time(history) == without_time(expected)
    train(again, method, few_digits, checkpoint=file)  # it is finished
    assert same_weights(again, whole)


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_it_goes_on_after_any_epoch(number, few_digits, same_weights, tmp_path):
    method = "noise, then spikes"
    whole, broken, resumed = (network(method) for _ in range(3))
    train(whole, method, few_digits)
    file = tmp_path / "checkpoint.safetensors"

    def stop(epoch):
        if epoch.epoch == number:
            raise PowerCut

    with pytest.raises(PowerCut):
        train(broken, method, few_digits, checkpoint=file, on_epoch=stop)
    train(resumed, method, few_digits, checkpoint=file)
    assert same_weights(resumed, whole)


def test_a_checkpoint_holds_the_average_and_the_weights_in_training(few_digits, tmp_path):
    net, row, file = network("noise"), [], tmp_path / "checkpoint.safetensors"
    collect = {"on_batch": lambda _: row.append(weights(net))}
    train(net, "noise", few_digits, checkpoint=file, **collect)
    saved = load_file(file)
    assert equal({n[4:]: v for n, v in saved.items() if n.startswith("net.")}, weights(net))
    assert equal({n[6:]: v for n, v in saved.items() if n.startswith("aside.")}, row[-1])
    plain = tmp_path / "plain.safetensors"
    train(network("noise"), "noise", few_digits, PLAIN, checkpoint=plain)
    assert not [name for name in load_file(plain) if name.startswith("aside.")]


@pytest.mark.parametrize(("before", "after"), [(0.0, 0.5), (0.5, 0.0), (0.5, 0.9)])
def test_a_checkpoint_with_another_average_is_refused(before, after, few_digits, tmp_path):
    file = tmp_path / "checkpoint.safetensors"
    train(network("noise"), "noise", few_digits, replace(PLAIN, ema_decay=before), checkpoint=file)
    with pytest.raises(ValueError, match=f"ema_decay was {before}, now {after}"):
        train(
            network("noise"), "noise", few_digits, replace(PLAIN, ema_decay=after), checkpoint=file
        )


@pytest.mark.parametrize("step", [1, STEPS, STEPS + 1, 2 * STEPS + 2])
def test_an_exception_in_a_step_leaves_the_average_so_far(step, few_digits):
    net, row = network("noise"), []
    row.append(weights(net))

    def stop(batch):
        row.append(weights(net))
        if batch.step == step:
            raise PowerCut

    with pytest.raises(PowerCut):
        train(net, "noise", few_digits, on_batch=stop)
    assert len(row) == 1 + step
    assert_average(weights(net), row)


def test_an_exception_after_an_epoch_leaves_its_average(few_digits):
    net, ends = network("noise"), []

    def stop(epoch):
        ends.append(weights(net))
        if epoch.epoch == 2:
            raise PowerCut

    with pytest.raises(PowerCut):
        train(net, "noise", few_digits, on_epoch=stop)
    assert equal(weights(net), ends[-1])


@pytest.mark.parametrize("channels_last", [True, False])
def test_tensors_and_their_memory_layout_stay(channels_last, few_digits):
    """The optimizer and a CUDA graph refer to them."""
    net = network("noise").to(memory_format=torch.channels_last)
    if not channels_last:
        net = net.to(memory_format=torch.contiguous_format)
    before = {name: (value.data_ptr(), value.stride()) for name, value in net.state_dict().items()}
    train(net, "noise", few_digits, replace(AVERAGED, channels_last=channels_last))
    now = {name: (value.data_ptr(), value.stride()) for name, value in net.state_dict().items()}
    assert now == before
    average = MovingAverage(net, 0.9)
    assert all(average.aside[n].stride() == value.stride() for n, value in net.state_dict().items())


def test_an_optimizer_and_a_loss_of_ones_own(few_digits):
    net, row = network("ann"), []
    row.append(weights(net))
    train(
        net,
        "ann",
        few_digits,
        loss=nn.CrossEntropyLoss(label_smoothing=0.1),
        optimizer=torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9),
        on_batch=lambda _: row.append(weights(net)),
    )
    assert_average(weights(net), row)


class Counting(nn.Module):
    """Replaces its buffer in each call, as modules of users may, and counts in whole numbers."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(2))
        self.register_buffer("mean", torch.zeros(2))
        self.register_buffer("calls", torch.tensor(0))

    def forward(self, x):
        self.mean = 0.5 * self.mean + x
        self.calls = self.calls + 1
        return x * self.weight


def test_a_buffer_that_a_module_replaces_is_averaged_too():
    net, row = Counting(), []
    average = MovingAverage(net, AVERAGED.ema_decay)
    row.append(weights(net))
    average.out_of_net()
    for step in range(1, 6):
        net(torch.full((2,), float(step)))
        average.update(step)
        row.append(weights(net))
    average.into_net()
    assert_average(weights(net), row)
    assert net.calls == 5
    average.out_of_net()
    assert equal(weights(net), row[-1])


def test_a_weight_that_two_layers_share_is_averaged_once():
    net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    net[1].weight = net[0].weight
    row, average = [weights(net)], MovingAverage(net, AVERAGED.ema_decay)
    average.out_of_net()
    for step in range(1, 4):
        nn.init.constant_(net[0].weight, step)
        average.update(step)
        row.append(weights(net))
    average.into_net()
    assert_average(weights(net), row)
    average.out_of_net()
    assert equal(weights(net), row[-1])


def test_without_an_average_nothing_is_kept(net_for):
    net = net_for(SingleStep())
    average, before = MovingAverage(net, 0.0), weights(net)
    average.out_of_net()
    nn.init.ones_(next(net.parameters()))
    average.update(1)
    average.into_net()
    assert average.aside == {}
    assert torch.equal(next(net.parameters()), torch.ones_like(next(net.parameters())))
    assert not equal(weights(net), before)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("c++") is None, reason="torch.compile needs a C++ compiler")
@pytest.mark.parametrize("method", ["noise", "ann"])
def test_a_compiled_network_is_averaged(method, few_per_epoch):
    net, row, ends, _ = few_per_epoch(method, replace(AVERAGED, compile=True))
    assert_average(weights(net), row)
    assert_average(ends[1][0], row[: 1 + 2 * STEPS])

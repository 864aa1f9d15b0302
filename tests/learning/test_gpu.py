"""Training on a GPU: repeatable, and it goes on from a checkpoint."""

from __future__ import annotations

import pytest
import torch

from snnlab.learning import BPTT, PlainANN, SingleStep, Training, fit
from snnlab.learning.ema import MovingAverage

pytestmark = pytest.mark.gpu

OBJECTIVES = [SingleStep(), BPTT(timesteps=2), PlainANN()]
networks = pytest.mark.parametrize("name", ["mlp", "convnet", "resnet18"])
objectives = pytest.mark.parametrize("objective", OBJECTIVES, ids=repr)
ways = pytest.mark.parametrize("cuda_graph", [False, True], ids=["step by step", "recorded"])
averages = pytest.mark.parametrize("ema_decay", [0.0, 0.5], ids=["no average", "averaged"])


class PowerCut(Exception):
    """Raised from a callback to end a training anywhere."""


def training(**options):
    return Training(epochs=4, batch_size=64, augment=True, noise_fraction=0.5, **options)


@pytest.fixture
def few(few_digits):
    return few_digits.to(torch.device("cuda"))


@ways
@networks
@objectives
def test_two_runs_give_the_same_weights_bit_for_bit(
    objective, name, cuda_graph, few, net_for, same_weights
):
    nets = [net_for(objective, name).cuda() for _ in range(2)]
    for net in nets:
        fit(net, few, objective, training(cuda_graph=cuda_graph), seed=3)
    assert same_weights(*nets)


@averages
@ways
@objectives
def test_a_resumed_training_equals_an_uninterrupted_one_bit_for_bit(
    objective, cuda_graph, ema_decay, few, net_for, same_weights, without_time, tmp_path
):
    settings = training(cuda_graph=cuda_graph, ema_decay=ema_decay)
    whole, cut, resumed = (net_for(objective, "convnet").cuda() for _ in range(3))
    expected = fit(whole, few, objective, settings, seed=3)
    file = tmp_path / "checkpoint.safetensors"

    def stop(batch):
        if batch.step == 3 + 2:
            raise PowerCut

    with pytest.raises(PowerCut):
        fit(cut, few, objective, settings, seed=3, checkpoint=file, on_batch=stop)
    history = fit(resumed, few, objective, settings, seed=3, checkpoint=file)
    assert same_weights(resumed, whole)
    assert without_time(history) == without_time(expected)


@objectives
def test_recorded_steps_learn_what_steps_learn(objective, few, net_for):
    found = []
    for cuda_graph in (False, True):
        net = net_for(objective, "convnet").cuda()
        found.append(fit(net, few, objective, training(cuda_graph=cuda_graph), seed=3))
    for plain, recorded in zip(*found, strict=True):
        assert recorded.loss == pytest.approx(plain.loss, rel=1e-3)


@objectives
def test_averaged_weights_are_the_same_step_by_step_and_recorded(objective, few, net_for):
    ends = []
    for cuda_graph in (False, True):
        net = net_for(objective, "convnet").cuda()
        row = [{name: value.double() for name, value in net.state_dict().items()}]

        def collect(batch, net=net, row=row):
            row.append({name: value.double() for name, value in net.state_dict().items()})

        settings = training(cuda_graph=cuda_graph, ema_decay=0.5)
        history = fit(net, few, objective, settings, seed=3, on_batch=collect)
        for name, value in net.state_dict().items():
            average = row[0][name]
            for step, now in enumerate(row[1:], start=1):
                decay = min(0.5, (1 + step) / (10 + step)) if value.is_floating_point() else 0
                average = decay * average + (1 - decay) * now[name]
            torch.testing.assert_close(value.double(), average, rtol=1e-5, atol=1e-6, msg=name)
        ends.append(history[-1].loss)
    assert ends[1] == pytest.approx(ends[0], rel=1e-3)


def test_an_average_does_not_wait_for_the_gpu(net_for):
    net = net_for(SingleStep(), "convnet").cuda()
    average = MovingAverage(net, 0.9)
    torch.cuda.set_sync_debug_mode("error")
    try:
        average.out_of_net()
        average.update(1)
        average.into_net()
    finally:
        torch.cuda.set_sync_debug_mode("default")


@ways
def test_mixed_precision_learns_digits(cuda_graph, digits, net_for):
    net = net_for(SingleStep(), "convnet", width=16).cuda()
    settings = Training(epochs=10, batch_size=64, precision="bfloat16", cuda_graph=cuda_graph)
    history = fit(net, digits.to(torch.device("cuda")), SingleStep(), settings, seed=0)
    assert history[-1].validation_accuracy > 90
    assert all(p.dtype == torch.float32 for p in net.parameters())


def test_a_compiled_network_trains_as_well(few, net_for):
    losses = []
    for compiled in (False, True):
        net = net_for(SingleStep(), "convnet").cuda()
        losses.append(fit(net, few, SingleStep(), training(compile=compiled), seed=3)[-1].loss)
    assert losses[1] == pytest.approx(losses[0], rel=0.1)

"""Cost: operations and energies against numbers worked out by hand or counted one by one."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

from snnlab.measure.accuracy import AccuracyCurve, accuracy_against_timesteps
from snnlab.measure.energy import Assumptions, cost_report
from snnlab.measure.operations import ann_operations
from snnlab.network.net import SpikingNet, Stage
from snnlab.neuron.layer import NeuronLayer

# 4 pixels, 3 neurons, 2 neurons, 2 classes. Multiply-accumulates: 4 * 3 = 12 in the first
# layer, then 3 * 2 = 6 and 2 * 2 = 4. Synapses of the neurons: 3 * 2 + 2 * 2 = 10.
CURVE = AccuracyCurve(
    accuracy=[50.0, 75.0],
    rates=[[1 / 3, 1 / 2], [1 / 4, 1 / 4]],
    operations=[[2.0, 6.0], [1.0, 2.0]],
    images=4,
)


@pytest.fixture
def net():
    stages = [
        Stage(nn.Sequential(nn.Flatten(), nn.Linear(4, 3)), NeuronLayer()),
        Stage(nn.Linear(3, 2), NeuronLayer()),
    ]
    return SpikingNet(stages, nn.Linear(2, 2), (1, 2, 2))


def test_a_report_worked_out_by_hand(net):
    report = cost_report(net, CURVE)
    assert (report.ann_operations, report.image_operations) == (22, 12)
    assert (report.neurons, report.synapses, report.timesteps) == (5, 10, [1, 2])
    assert report.spikes == pytest.approx([1.5, 4.0])  # T (3 r_0 + 2 r_1)
    assert report.synaptic_operations == [3.0, 8.0]
    assert report.rate == pytest.approx([0.3, 0.4])
    assert report.ann_nanojoules == pytest.approx(22 * 4.6e-3)
    assert report.spiking_nanojoules == pytest.approx(
        [(12 * 4.6 + 3 * 0.9) / 1000, (12 * 4.6 + 8 * 0.9) / 1000]
    )
    assert report.break_even_rate == pytest.approx([46 / 9, 46 / 18])  # 10 * 4.6 / (0.9 * 10 T)


def test_a_first_layer_that_works_at_each_timestep(net):
    report = cost_report(net, CURVE, Assumptions(first_layer_each_timestep=True))
    assert report.spiking_nanojoules == pytest.approx(
        [(12 * 4.6 + 3 * 0.9) / 1000, (24 * 4.6 + 8 * 0.9) / 1000]
    )
    assert report.break_even_rate == pytest.approx([46 / 9, 0])  # at T = 2 it costs 110.4 of 101.2
    assert "at each timestep" in report.text()


def test_at_the_break_even_rate_both_need_the_same(net):
    report = cost_report(net, CURVE).under(Assumptions(5.0, 0.5))
    operations = [rate * T * 10 for T, rate in zip((1, 2), report.break_even_rate, strict=True)]
    even = replace(report, synaptic_operations=operations).under(report.assumptions)
    assert even.spiking_nanojoules == pytest.approx([report.ann_nanojoules] * 2)


def test_the_text_shows_the_assumptions(net):
    text = cost_report(net, CURVE).text()
    for words in ("4.6 pJ", "0.9 pJ", "Horowitz 2014", "45 nm", "once per image", "memory traffic"):
        assert words in text
    assert "0.3000" in text


def test_measured_spikes_and_operations_agree_with_the_curve(busy_net, random_images):
    net = busy_net("convnet").eval()
    curve = accuracy_against_timesteps(net, random_images(10), 3)
    report = cost_report(net, curve)
    assert report.synaptic_operations == pytest.approx(
        [sum(stage[i] for stage in curve.operations) for i in range(3)]
    )
    assert all(0 < rate < 1 for rate in report.rate)
    assert report.spikes == sorted(report.spikes)


def test_a_curve_of_another_network_is_refused(busy_net):
    with pytest.raises(ValueError, match=r"the network has 3 stages, .* 2"):
        cost_report(busy_net("convnet"), CURVE)


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
def test_energies_must_be_above_zero(value):
    with pytest.raises(ValueError, match="ac_picojoules must be a number above 0"):
        Assumptions(ac_picojoules=value)


@pytest.mark.slow
def test_large_layers_are_counted_exactly():
    wide = SpikingNet(
        [Stage(nn.Sequential(nn.Flatten(), nn.Linear(4099, 4099)), NeuronLayer())],
        nn.Linear(4099, 2),
        (1, 1, 4099),
    )
    empty = AccuracyCurve([0.0], [[0.0]], [[0.0]], images=1)
    assert cost_report(wide, empty).image_operations == 4099**2  # odd, above 2^24
    assert ann_operations(wide) == 4099**2 + 2 * 4099
    assert torch.is_grad_enabled()

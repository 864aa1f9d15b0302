"""From activation functions to spiking neurons: by hand, in the limit of large T, and on digits."""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from snnlab.conversion.ann import certify_ann, convert_ann, thresholds_of
from snnlab.data.images import Data, Images
from snnlab.data.sources import load_data
from snnlab.learning.fit import fit
from snnlab.learning.objectives import PlainANN
from snnlab.learning.spec import Training
from snnlab.measure.accuracy import accuracy, accuracy_against_timesteps
from snnlab.measure.operations import fan_outs
from snnlab.network.activations import QCFS
from snnlab.network.models import build
from snnlab.network.net import ANN, SpikingNet, Stage
from snnlab.network.probes import record
from snnlab.network.spec import Architecture
from snnlab.neuron.spec import Neuron


@pytest.fixture(scope="module")
def digits() -> Data:
    return load_data("digits")


@pytest.fixture(scope="module")
def trained(digits: Data) -> Callable[[str], ANN]:
    """Trained convnets by name (relu, qcfs-4, qcfs-8), each trained once; do not change them."""
    nets: dict[str, ANN] = {}

    def get(name: str) -> ANN:
        if name not in nets:
            activation, _, levels = name.partition("-")
            net = build(
                Architecture("convnet", width=16),
                image_shape=digits.image_shape,
                classes=10,
                seed=0,
                activation=activation,
                levels=int(levels or 4),
            )
            fit(net, digits, PlainANN(), Training(epochs=12), seed=0)
            assert isinstance(net, ANN)
            nets[name] = net
        return nets[name]

    return get


def two_layers(activation: Callable[[], nn.Module] = nn.ReLU) -> ANN:
    """Neurons a = ReLU(x0), b = ReLU(2 x1 + 1) for an image (x0, x1), then c = ReLU(a - b + 3)."""
    first, second, readout = nn.Linear(2, 2), nn.Linear(2, 1), nn.Linear(1, 2)
    for layer, weight, bias in (
        (first, [[1.0, 0.0], [0.0, 2.0]], [0.0, 1.0]),
        (second, [[1.0, -1.0]], [3.0]),
        (readout, [[1.0], [-1.0]], [0.5, 0.0]),
    ):
        layer.weight.data, layer.bias.data = torch.tensor(weight), torch.tensor(bias)
    stages = [
        Stage(nn.Sequential(nn.Flatten(), first), activation()),
        Stage(second, activation()),
    ]
    return ANN(stages, readout, (1, 1, 2))


def as_they_are(pixels: Tensor) -> Images:
    """Images (N, 1, H, W) whose normalised values are the pixels."""
    labels = torch.zeros(len(pixels), dtype=torch.int64)
    return Images(pixels.to(torch.uint8), labels, torch.zeros(1), torch.full((1,), 1 / 255))


PAIRS = as_they_are(torch.tensor([[4, 1], [2, 3], [3, 2]]).view(3, 1, 1, 2))
# a, b, c = 4, 3, 4 and 2, 7, 0 and 3, 5, 1


def weights(net: SpikingNet) -> list[list[list[float]]]:
    """Weights of the two stages and of the readout."""
    layers = [net.stages[0].layers[1], net.stages[1].layers[0], net.readout[0]]
    return [layer.weight.tolist() for layer in layers]


def test_two_layers_by_hand() -> None:
    net = convert_ann(two_layers(), 8, PAIRS)
    assert [t.tolist() for t in thresholds_of(net)] == [[7], [4]]
    expected = [[[1 / 7, 0], [0, 2 / 7]], [[7 / 4, -7 / 4]], [[4], [-4]]]
    assert weights(net) == [[pytest.approx(row) for row in matrix] for matrix in expected]
    assert net.stages[0].layers[1].bias.tolist() == pytest.approx([0, 1 / 7])
    assert net.stages[1].layers[0].bias.tolist() == pytest.approx([3 / 4])
    assert net.readout[0].bias.tolist() == [0.5, 0]
    assert [layer.neuron for layer in net.neuron_layers()] == [Neuron(), Neuron()]


def test_two_layers_by_hand_with_a_threshold_per_channel() -> None:
    net = convert_ann(two_layers(), 8, PAIRS, per_channel=True)
    assert [t.tolist() for t in thresholds_of(net)] == [[4, 7], [4]]
    expected = [[[1 / 4, 0], [0, 2 / 7]], [[4 / 4, -7 / 4]], [[4], [-4]]]
    assert weights(net) == [[pytest.approx(row) for row in matrix] for matrix in expected]
    assert net.stages[0].layers[1].bias.tolist() == pytest.approx([0, 1 / 7])


def test_two_layers_by_hand_with_learned_thresholds() -> None:
    net = convert_ann(two_layers(lambda: QCFS(4, threshold=0.5)), 4)
    assert [t.item() for t in thresholds_of(net)] == pytest.approx([0.5, 0.5])
    expected = [[[2, 0], [0, 4]], [[1, -1]], [[0.5], [-0.5]]]
    assert weights(net) == [[pytest.approx(row) for row in matrix] for matrix in expected]
    assert net.stages[1].layers[0].bias.tolist() == pytest.approx([6])


def test_the_spikes_of_two_layers_by_hand() -> None:
    """First image, T = 4: currents 4/7 and 3/7 from 1/2 on, then 7/4 (a - b) + 3/4."""
    (first, second) = record(convert_ann(two_layers(), 4, PAIRS), PAIRS.normalised(slice(1)))
    # potentials before firing: 15/14, 9/14, 17/14, 11/14 and 13/14, 19/14, 11/14, 17/14
    assert first.spikes[:, 0].tolist() == [[1, 0], [0, 1], [1, 0], [0, 1]]
    # 1/2 + 5/2 = 3, then 2 - 1 = 1, then 0 + 5/2 = 5/2, then 3/2 - 1 = 1/2
    assert second.h[:, 0, 0].tolist() == pytest.approx([3, 1, 2.5, 0.5], abs=1e-5)


@pytest.mark.sample(1)
@pytest.mark.parametrize("half", [False, True])
def test_rates_of_the_first_layer_are_rounded_or_rounded_down(
    half: bool, trained: Callable[[str], ANN], digits: Data
) -> None:
    net, images = trained("relu"), digits.train.first(200)
    x = images.normalised()
    with torch.no_grad():
        first = next(copy.deepcopy(net).eval().activations(x)).double()
    for T in (1, 3, 8, 50):
        converted = convert_ann(net, T, images, half_threshold_start=half)
        spikes = record(converted, x)[0].spikes.sum(0).double()
        exact = first / thresholds_of(converted)[0].item() * T  # spikes wanted
        error = spikes - exact
        low, high = (-0.5, 0.5) if half else (-1.0, 0.0)
        assert error.min() > low - 1e-3
        assert error.max() < high + 1e-3
        assert error.max() - error.min() > 0.5


@pytest.mark.sample(2)
@pytest.mark.parametrize("per_channel", [False, True])
@pytest.mark.parametrize(
    "name", ["mlp", "convnet", pytest.param("resnet18", marks=pytest.mark.slow)]
)
def test_rates_tend_to_the_activations(name: str, per_channel: bool, digits: Data) -> None:
    net = build(
        Architecture(name, width=6),
        image_shape=digits.image_shape,
        classes=10,
        seed=0,
        activation="relu",
    ).eval()
    assert isinstance(net, ANN)
    images = digits.train.first(12)
    x = images.normalised()
    with torch.no_grad():
        activations, logits = list(net.activations(x)), net(x)
        converted = convert_ann(net, 1, images, per_channel=per_channel)
        assert logits.std() > 0.05
        errors = {T: (converted(x, T) - logits).abs().max().item() for T in (16, 128, 1024)}
    assert errors[128] < errors[16] / 3
    assert errors[1024] < errors[128] / 3
    assert errors[1024] < 0.05 * logits.abs().max()
    rates = [recording.spikes.mean(0) for recording in record(converted, x, 1024)]
    for rate, y, threshold in zip(rates, activations, thresholds_of(converted), strict=True):
        estimate = rate * threshold.view(-1, *[1] * (rate.ndim - 2))
        assert (estimate - y).abs().max() < 0.04 * y.max()


@pytest.mark.sample(1)
@pytest.mark.parametrize("levels", [4, 8])
def test_at_as_many_timesteps_as_levels_the_first_layer_is_exact(
    levels: int, trained: Callable[[str], ANN], digits: Data
) -> None:
    net = copy.deepcopy(trained(f"qcfs-{levels}")).eval()
    x = digits.test.normalised()
    converted = convert_ann(net, levels)
    spikes = record(converted, x)[0].spikes
    with torch.no_grad():
        steps = net.stages[0].current([x]) * levels / net.stages[0].neuron.threshold
        quantised = next(net.activations(x))
    off_ties = ((steps + 0.5) - (steps + 0.5).round()).abs() > 1e-4  # rounding may decide a tie
    assert off_ties.float().mean() > 0.99
    wanted = quantised / net.stages[0].neuron.threshold
    torch.testing.assert_close(spikes.mean(0)[off_ties], wanted[off_ties], rtol=0, atol=1e-6)
    assert len(wanted.round(decimals=4).unique()) == levels + 1


def test_with_more_timesteps_it_tends_to_the_accuracy_of_the_relu_network(
    trained: Callable[[str], ANN], digits: Data
) -> None:
    net = trained("relu")
    for options in ({}, {"per_channel": True}, {"threshold": "percentile"}):
        converted = convert_ann(net, 64, digits.train, **options)
        report = certify_ann(net, converted, digits.test)
        assert report.accuracy[1] < report.ann_accuracy - 5
        assert abs(report.loss) <= 0.5
        assert abs(report.ann_accuracy - report.accuracy[32]) <= 1


@pytest.mark.parametrize("levels", [4, 8])
def test_at_as_many_timesteps_as_levels_it_is_as_accurate_as_the_quantised_network(
    levels: int, trained: Callable[[str], ANN], digits: Data
) -> None:
    net = trained(f"qcfs-{levels}")
    report = certify_ann(net, convert_ann(net, levels), digits.test)
    assert report.ann_accuracy > 97
    assert abs(report.loss) <= 0.7  # 3 of 449 images


def test_starting_at_half_the_threshold_helps_at_few_timesteps(
    trained: Callable[[str], ANN], digits: Data
) -> None:
    at_4 = [
        accuracy(
            convert_ann(trained("relu"), 4, digits.train, half_threshold_start=half), digits.test
        )
        for half in (False, True)
    ]
    assert at_4[1] > at_4[0] + 20


def test_the_certificate_tells_what_is_measured_apart_from_it(
    trained: Callable[[str], ANN], digits: Data
) -> None:
    net, images = trained("relu"), digits.test.first(100)
    converted = convert_ann(net, 9, digits.train, per_channel=True)
    report = certify_ann(net, converted, images)
    curve = accuracy_against_timesteps(converted, images, 9)
    assert (report.timesteps, report.warm_up, report.images) == (9, 0, 100)
    assert report.ann_accuracy == accuracy(net, images)
    assert report.accuracy == {
        T: pytest.approx(accuracy(converted, images, timesteps=T)) for T in range(1, 10)
    }
    assert report.loss == report.ann_accuracy - report.accuracy[9]
    assert report.accuracy.rates == curve.rates
    assert report.accuracy.operations == curve.operations
    assert report.thresholds == [t.tolist() for t in thresholds_of(converted)]
    assert [len(values) for values in report.thresholds] == [16, 32, 32]


def test_the_original_stays_as_it_was(digits: Data) -> None:
    options = {"image_shape": digits.image_shape, "classes": 10, "seed": 0}
    for activation in ("relu", "qcfs"):
        net = build(Architecture("resnet18", width=2), activation=activation, **options)
        for training in (True, False):
            net.train(training)
            before = copy.deepcopy(net.state_dict())
            state = torch.get_rng_state()
            converted = convert_ann(net, 5, digits.train.first(50), per_channel=True)
            assert torch.equal(torch.get_rng_state(), state)
            assert net.training is training
            assert not any(module.training for module in converted.modules())
            assert converted.timesteps == 5
            for value in converted.state_dict().values():
                value.fill_(7)  # nothing is shared
            assert all(torch.equal(before[key], value) for key, value in net.state_dict().items())


@pytest.mark.parametrize("name", ["mlp", "convnet", "resnet18"])
def test_it_has_the_synapses_of_the_spiking_twin(name: str, digits: Data) -> None:
    options = {"image_shape": digits.image_shape, "classes": 10, "seed": 0}
    twins = [
        build(Architecture(name, width=2), activation=activation, **options).eval()
        for activation in ("relu", "spiking")
    ]
    converted = convert_ann(twins[0], 1, digits.train.first(50), per_channel=True)
    for found, expected in zip(fan_outs(converted), fan_outs(twins[1]), strict=True):
        assert torch.equal(found, expected)


def test_only_a_converted_network_can_be_certified(digits: Data) -> None:
    options = {"image_shape": digits.image_shape, "classes": 10, "seed": 0}
    ann, other = (build(Architecture(), activation=a, **options) for a in ("relu", "spiking"))
    with pytest.raises(ValueError, match=r"convert_ann\(\) did not make it"):
        certify_ann(ann, other, digits.test)

"""The quantised activation: its values, its gradients, and the neuron that it stands for."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from snnlab.data.sources import load_data
from snnlab.learning.fit import fit
from snnlab.learning.objectives import PlainANN
from snnlab.learning.spec import Training
from snnlab.network.activations import QCFS
from snnlab.network.models import build
from snnlab.network.net import ANN, StagedNet
from snnlab.network.spec import Architecture
from snnlab.neuron.dynamics import scan
from snnlab.neuron.spec import Neuron


def by_equation(x: Tensor, threshold: Tensor, levels: int) -> Tensor:
    """The equation in the docstring, its floor made transparent for autograd."""
    level = x * levels / threshold + 0.5
    level = level + (level.floor() - level).detach()
    return threshold * (level / levels).clamp(0, 1)


def test_values_by_hand() -> None:
    x = torch.tensor([-3.0, -0.1, 0.12, 0.125, 0.37, 0.375, 0.99, 1.0, 50.0])
    steps = torch.tensor([0, 0, 0, 0.25, 0.25, 0.5, 1.0, 1.0, 1.0])  # halves go up
    assert torch.equal(QCFS(levels=4, threshold=1.0)(x), steps)
    off_ties = x + 0.001
    torch.testing.assert_close(QCFS(levels=4, threshold=3.0)(3 * off_ties), 3 * steps)


@pytest.mark.parametrize("levels", [1, 2, 3, 4, 7, 8, 16])
def test_is_the_rate_of_a_neuron_after_as_many_timesteps(levels: int) -> None:
    """Exactly, ties included: the currents are multiples of 1/512, so that sums are exact."""
    current = torch.arange(-256, 1024) / 512
    spikes, _ = scan(current.expand(levels, 1, -1), Neuron())  # v_init = v_th / 2
    assert torch.equal(QCFS(levels, threshold=1.0)(current), spikes.mean(0)[0])


@pytest.mark.parametrize("levels", [1, 4, 8])
@pytest.mark.parametrize("threshold", [0.3, 1.0, 2.5])
def test_values_and_gradients_follow_the_equation(levels: int, threshold: float) -> None:
    activation = QCFS(levels, threshold=threshold).double()
    log_threshold = torch.tensor(threshold).double().log().requires_grad_()
    x = (2 * torch.randn(40, 30, dtype=torch.float64)).requires_grad_()
    weight = torch.randn(40, 30, dtype=torch.float64)

    y = activation(x)
    expected = by_equation(x, log_threshold.exp(), levels)
    torch.testing.assert_close(y, expected)
    inside = (x > 0) & (x < threshold)
    got = torch.autograd.grad((weight * y).sum(), (x, activation.log_threshold))
    torch.testing.assert_close(got[0], weight * inside)
    rounding = (y - x) / threshold
    slope = torch.where(inside, rounding, (x >= threshold).double())
    torch.testing.assert_close(got[1], (weight * slope).sum() * threshold)


def test_gradients_do_not_depend_on_the_memory_layout() -> None:
    x = torch.randn(4, 3, 5, 5)
    weight = torch.randn(4, 3, 5, 5)
    gradients = []
    for layout in (torch.contiguous_format, torch.channels_last):
        activation = QCFS(4)
        image = x.clone(memory_format=layout).requires_grad_()
        (activation(image) * weight).sum().backward()
        gradients.append((image.grad, activation.log_threshold.grad))
    torch.testing.assert_close(gradients[0], gradients[1])


def test_the_threshold_stays_above_zero() -> None:
    activation = QCFS(4, threshold=0.01)
    optimizer = torch.optim.SGD(activation.parameters(), lr=0.1)
    for _ in range(50):  # the first step would take a plain parameter to -9.99
        optimizer.zero_grad()
        activation(torch.rand(100)).sum().backward()
        optimizer.step()
    assert 0 < activation.threshold < 0.01


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"levels": 0}, "levels must be at least 1, got 0"),
        ({"threshold": 0.0}, "threshold must be a number above 0, got 0.0"),
        ({"threshold": float("nan")}, "got nan"),
    ],
)
def test_impossible_constants_are_refused(options: dict[str, float], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        QCFS(**options)


def test_shows_its_constants() -> None:
    assert repr(QCFS(8, threshold=1.5)) == "QCFS(levels=8, threshold=1.5)"


def digits_net(activation: str, levels: int = 4) -> StagedNet:
    return build(
        Architecture("mlp"),
        image_shape=(1, 8, 8),
        classes=10,
        seed=3,
        activation=activation,
        levels=levels,
    )


def test_a_network_is_built_with_the_weights_of_its_relu_twin() -> None:
    quantised, relu = digits_net("qcfs", levels=8), digits_net("relu")
    assert isinstance(quantised, ANN)
    assert [stage.neuron.levels for stage in quantised.stages] == [8, 8]
    weights = quantised.state_dict()
    assert relu.state_dict().items()
    for name, value in relu.state_dict().items():
        assert torch.equal(weights[name], value), name
    assert set(weights) - set(relu.state_dict()) == {
        "stages.0.neuron.log_threshold",
        "stages.1.neuron.log_threshold",
    }


def test_an_unknown_activation_is_refused_with_the_valid_ones() -> None:
    with pytest.raises(ValueError, match="'gelu'; valid: spiking, relu, qcfs"):
        digits_net("gelu")


def test_the_one_training_loop_trains_weights_and_thresholds() -> None:
    net, data = digits_net("qcfs"), load_data("digits")
    before = [stage.neuron.threshold.item() for stage in net.stages]
    epochs = fit(net, data, PlainANN(), Training(epochs=6), seed=0)
    after = [stage.neuron.threshold.item() for stage in net.stages]
    assert epochs[-1].validation_accuracy is not None
    assert epochs[-1].validation_accuracy > 93
    assert all(a != b and a > 0 for a, b in zip(after, before, strict=True))

"""The rates phase: the same as a slow reference, and where it stands in a training."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

from snnlab.learning import BPTT, PlainANN, SingleStep, Training, fit, rates
from snnlab.learning.rates import MEMORY, logits_of_rates
from snnlab.network import Architecture, SpikingNet, Stage, build
from snnlab.neuron import Neuron, NeuronLayer, dynamics

SHAPES = {"mlp": (1, 8, 8), "convnet": (1, 8, 8), "convnet6": (3, 8, 8), "resnet18": (3, 8, 8)}
LAST = Training(epochs=4, batch_size=64, rates_fraction=0.5, rates_timesteps=(2, 3))


def network(name, **options):
    """A narrow network in double precision, so that both ways round alike."""
    arch = Architecture(name, width=4, **options)
    net = build(
        arch,
        image_shape=SHAPES[name],
        classes=10,
        seed=0,
        neuron=Neuron(v_init=0.5),
    )
    for module in net.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.3, 0.9)
            nn.init.uniform_(module.bias, -0.1, 0.4)
    return net.double().train()


def slow_logits(net, images, timesteps):
    """The same, layer by layer and timestep by timestep, the gradient by detaching.

    Every timestep goes through every layer, batch renormalization is written out, and a rate is
    its mean response plus what it deviates from it.
    """

    def layers(row, at_each):
        for layer in row.modules():
            if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
                mean = sum(at_each) / timesteps  # (B, C, *)
                along, shape = [0, *range(2, mean.ndim)], [1, -1] + [1] * (mean.ndim - 2)
                centre = mean.mean(along)
                spread = ((mean - centre.view(shape)) ** 2).mean(along)
                count = mean.numel() / len(centre)
                with torch.no_grad():
                    layer.running_mean += MEMORY * (centre - layer.running_mean)
                    unbiased = spread * count / (count - 1)
                    layer.running_var += MEMORY * (unbiased - layer.running_var)
                    kept = (layer.running_var + layer.eps).sqrt()
                    r = ((spread + layer.eps).sqrt() / kept).clamp(1 / 3, 3).view(shape)
                    d = ((centre - layer.running_mean) / kept).clamp(-5, 5).view(shape)
                deviation = (spread + layer.eps).sqrt().view(shape)
                weight, bias = layer.weight.view(shape), layer.bias.view(shape)
                at_each = [
                    weight * ((x - centre.view(shape)) / deviation * r + d) + bias for x in at_each
                ]
            elif not list(layer.children()):
                at_each = [layer(x) for x in at_each]
        return at_each

    inputs = [[images] * timesteps]
    for stage in net.stages:
        at_each = layers(stage.layers, inputs[-1])
        if stage.shortcut is not None:
            skipped = layers(stage.shortcut, inputs[-1 - stage.back])
            at_each = [a + b for a, b in zip(at_each, skipped, strict=True)]
        if stage.threshold is not None:
            at_each = [x / stage.threshold.v_th for x in at_each]
        neuron = stage.neuron.neuron
        spikes = dynamics.trace(torch.stack(at_each).detach(), neuron).spikes  # (T, B, *)
        soft = (sum(at_each) / timesteps / neuron.v_th).clamp(0, 1)  # (B, *)
        # each timestep is its spike; its gradient is a part of that of the mean
        inputs.append([spike + soft - soft.detach() for spike in spikes])
    return sum(net.readout(x) for x in inputs[-1]) / timesteps


@pytest.mark.parametrize("timesteps", [1, 2, 5])
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("mlp", {"learned_threshold": "layer", "threshold_start": 1.3}),
        ("convnet", {"readout_gain": 3.0}),
        ("convnet6", {}),
        ("resnet18", {}),
    ],
)
def test_the_fast_path_is_the_slow_one(name, options, timesteps):
    fast, slow = network(name, **options), network(name, **options)
    slow.load_state_dict(fast.state_dict())
    generator = torch.Generator().manual_seed(1)
    images = torch.rand(16, *SHAPES[name], dtype=torch.float64, generator=generator)
    weigh = torch.randn(16, 10, dtype=torch.float64, generator=generator)
    one, other = logits_of_rates(fast, images, timesteps), slow_logits(slow, images, timesteps)
    assert torch.allclose(one, other, atol=1e-9), (one - other).abs().max()
    for logits in (one, other):
        (logits * weigh).sum().backward()
    for (label, a), b in zip(fast.named_parameters(), slow.parameters(), strict=True):
        assert a.grad is not None, label
        assert torch.allclose(a.grad, b.grad, atol=1e-8), label


def single(*, v_th=1.0, neuron=None):
    """One neuron per pixel, its current the pixel."""
    layer = NeuronLayer(neuron or Neuron(v_th=v_th, v_init=v_th / 2))
    return SpikingNet([Stage(nn.Flatten(), layer)], nn.Identity(), (1, 1, 7)).train()


@pytest.mark.parametrize("v_th", [1.0, 2.0])
def test_at_one_timestep_spike_and_gradient_have_a_closed_form(v_th):
    share = torch.tensor([-0.6, -0.1, 0.2, 0.49, 0.6, 0.99, 1.3])
    current = (share * v_th).view(1, 1, 1, 7).requires_grad_()
    logits = logits_of_rates(single(v_th=v_th), current, 1)
    assert logits.tolist() == [[0, 0, 0, 0, 1, 1, 1]]  # fires at I >= v_th - v_init
    logits.sum().backward()
    inside = (share > 0) & (share < 1)
    assert torch.equal(current.grad.flatten(), inside / v_th)


@pytest.mark.parametrize("timesteps", [1, 3, 8])
def test_the_gradient_is_that_of_one_pass_whatever_t_is(timesteps):
    current = torch.linspace(-0.4, 1.4, 7).view(1, 1, 1, 7).requires_grad_()
    found = logits_of_rates(single(), current, timesteps)
    steps = torch.floor(timesteps * current.detach().flatten() + 0.5).clamp(0, timesteps)
    assert torch.allclose(found.flatten(), steps / timesteps)
    found.sum().backward()
    inside = (current.detach() > 0) & (current.detach() < 1)
    assert torch.equal(current.grad, inside.float())


def test_without_batch_norm_the_logits_are_those_of_the_network():
    net = SpikingNet(
        [
            Stage(nn.Sequential(nn.Flatten(), nn.Linear(16, 12)), NeuronLayer(Neuron(v_init=0.5))),
            Stage(nn.Linear(12, 12), NeuronLayer(Neuron(v_init=0.5))),
        ],
        nn.Linear(12, 3),
        (1, 4, 4),
    ).double()
    images = torch.rand(32, 1, 4, 4, dtype=torch.float64)
    for timesteps in (1, 2, 7):
        assert torch.allclose(logits_of_rates(net, images, timesteps), net(images, timesteps))


def test_endless_timesteps_are_the_mean_responses():
    current = torch.linspace(-0.4, 1.4, 7).view(1, 1, 1, 7).requires_grad_()
    found = logits_of_rates(single(v_th=2.0), 2 * current, None)
    assert torch.allclose(found, current.clamp(0, 1).flatten(1))
    many = logits_of_rates(single(v_th=2.0), 2 * current, 1000)
    assert torch.allclose(found, many, atol=1e-3)


@pytest.mark.parametrize("timesteps", [1, 2, 4, 8])
def test_logits_are_those_of_the_evaluation_after_it(timesteps, monkeypatch):
    """Every T is trained as it is evaluated, with the same running statistics."""
    monkeypatch.setattr(rates, "MEMORY", 0.1)
    net = network("convnet")
    images = torch.rand(32, 1, 8, 8, dtype=torch.float64)
    for _ in range(60):  # statistics that are near those of the images
        logits_of_rates(net, images, 3)
    trained = logits_of_rates(net, images, timesteps)
    assert torch.allclose(trained, net.eval()(images, timesteps), atol=1e-9)


def test_running_statistics_are_those_of_the_mean_currents(monkeypatch):
    monkeypatch.setattr(rates, "MEMORY", 1.0)
    net = network("mlp")
    images = torch.rand(64, 1, 8, 8, dtype=torch.float64)
    net.stages[0].layers[2].momentum = net.stages[1].layers[1].momentum = 1.0
    logits_of_rates(net, images, 4)
    norm = net.stages[1].layers[1]
    trained = norm.running_mean.clone()
    with torch.no_grad():
        first = net.eval().stages[0].current([images]).expand(4, -1, -1)  # (T, B, C)
        fired = net.stages[0].neuron.advance(first)[0].mean(0)
        assert torch.allclose(trained, net.stages[1].layers[0](fired).mean(0))


def test_batch_norm_without_statistics_or_weights_trains_too():
    for norm in (nn.BatchNorm1d(12, track_running_stats=False), nn.BatchNorm1d(12, affine=False)):
        row = nn.Sequential(nn.Flatten(), nn.Linear(16, 12), norm)
        stages = [Stage(row, NeuronLayer(Neuron(v_init=0.5)))]
        stages.append(Stage(nn.Sequential(nn.Linear(12, 12), norm), NeuronLayer()))
        net = SpikingNet(stages, nn.Linear(12, 3), (1, 4, 4)).train()
        logits_of_rates(net, torch.rand(32, 1, 4, 4), 3).sum().backward()
        assert all(weight.grad is not None for weight in net.parameters())


def test_the_phases_in_their_order():
    training = Training(
        epochs=10, warm_up_fraction=0.2, mean_fraction=0.2, rates_fraction=0.3, noise_fraction=0.2
    )
    epochs = range(1, 11)
    assert [e for e in epochs if training.on_mean_response(e)] == [1, 2, 6, 7]
    assert [e for e in epochs if training.noise_factor(e)] == [3, 4]
    assert [e for e in epochs if training.on_own_spikes(e)] == [8, 9, 10]
    everything = replace(training, warm_up_fraction=1.0)
    assert everything.rates_epochs == everything.mean_epochs == 0
    assert replace(training, rates_fraction=1.0).rates_epochs == 8
    assert Training().rates_epochs == 0


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"rates_fraction": 1.5}, r"rates_fraction must lie in \[0, 1\], got 1.5"),
        ({"rates_timesteps": ()}, "rates_timesteps needs one T or more"),
        ({"rates_timesteps": (1, 0)}, "rates_timesteps"),
        ({"rates_timesteps": "many"}, "rates_timesteps"),
        ({"rates_mean_share": 1.0}, r"rates_mean_share must lie in \[0, 1\), got 1.0"),
    ],
)
def test_an_impossible_phase_is_refused(values, message):
    with pytest.raises(ValueError, match=message):
        Training(**values)


def test_the_last_epochs_run_on_own_spikes_without_noise(few_digits, net_for):
    net, noises = net_for(SingleStep(), neuron=Neuron(v_init=0.5)), []

    def watch(batch):
        noises.append((batch.epoch, net.neuron_layers()[0].noise is not None))

    history = fit(net, few_digits, SingleStep(), LAST, seed=0, on_batch=watch)
    assert [epoch.own_spikes for epoch in history] == [False, False, True, True]
    assert [epoch.noise for epoch in history] == [True, True, False, False]
    assert all(noisy is (epoch < 3) for epoch, noisy in noises)
    assert net.neuron_layers()[0].noise is not None  # back again


def test_every_drawn_t_is_run(few_digits, net_for, monkeypatch):
    seen, advance = [], NeuronLayer.advance

    def spy(self, currents, *args, **options):
        seen.append(len(currents))
        return advance(self, currents, *args, **options)

    monkeypatch.setattr(NeuronLayer, "advance", spy)
    net = net_for(SingleStep())
    training = Training(
        epochs=8, batch_size=64, rates_fraction=1.0, rates_timesteps=(1, 5, 5), rates_mean_share=0.3
    )
    fit(net, few_digits, SingleStep(), training, seed=0)
    per_epoch = len(net.stages) * 3  # batches, besides the validation
    assert seen.count(5) > len(net.stages)
    assert 0 < seen.count(5) < 8 * per_epoch


def test_it_repeats_bit_for_bit_and_goes_on_where_it_stopped(
    few_digits, net_for, same_weights, tmp_path
):
    whole, again, stopped = (net_for(SingleStep()) for _ in range(3))
    for net in (whole, again):
        fit(net, few_digits, SingleStep(), LAST, seed=3)
    assert same_weights(whole, again)

    def stop(epoch):
        if epoch.epoch == 3:
            raise KeyboardInterrupt

    file = tmp_path / "checkpoint"
    with pytest.raises(KeyboardInterrupt):
        fit(stopped, few_digits, SingleStep(), LAST, seed=3, on_epoch=stop, checkpoint=file)
    fresh = net_for(SingleStep())
    fit(fresh, few_digits, SingleStep(), LAST, seed=3, checkpoint=file)
    assert same_weights(whole, fresh)


def test_without_the_phase_nothing_changes(few_digits, net_for, same_weights):
    plain, given = net_for(SingleStep()), net_for(SingleStep())
    usual = replace(LAST, rates_fraction=None)
    fit(plain, few_digits, SingleStep(), usual, seed=0)
    fit(given, few_digits, SingleStep(), replace(usual, rates_timesteps=(7,)), seed=0)
    assert same_weights(plain, given)


@pytest.mark.parametrize("objective", [BPTT(2), SingleStep()])
def test_every_spiking_method_may_end_with_it(objective, digits, net_for):
    net = net_for(objective, noise=None, neuron=Neuron(v_init=0.5), width=32)
    training = Training(epochs=8, batch_size=64, rates_fraction=0.5)
    assert fit(net, digits, objective, training, seed=0)[-1].train_accuracy > 90


@pytest.mark.parametrize("neuron", [Neuron(beta=0.9), Neuron(reset="zero")])
def test_neurons_whose_rate_is_another_are_refused(neuron, few_digits, net_for):
    with pytest.raises(ValueError, match=r"the rates phase .* needs IF neurons that reset"):
        fit(net_for(SingleStep(), neuron=neuron), few_digits, SingleStep(), LAST, seed=0)


def test_a_network_without_spikes_is_refused(few_digits, net_for):
    with pytest.raises(ValueError, match=r"rates phase .* needs a SpikingNet, got ANN"):
        fit(net_for(PlainANN()), few_digits, PlainANN(), LAST, seed=0)


def test_it_runs_in_mixed_precision():
    net = network("convnet6").float()
    with torch.autocast("cpu", torch.bfloat16):
        logits = logits_of_rates(net, torch.rand(8, 3, 8, 8), 3)
    logits.float().sum().backward()
    assert all(weight.grad.isfinite().all() for weight in net.parameters())


def test_layers_that_are_not_affine_count_what_they_make_of_spikes():
    """Max pooling, and a readout that bends: the mean of what they make, not of the mean."""
    first = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.MaxPool2d(2))
    second = nn.Sequential(nn.MaxPool2d(2), nn.Flatten(), nn.Linear(4, 8))
    layers = [Stage(row, NeuronLayer(Neuron(v_init=0.5))) for row in (first, second)]
    net = SpikingNet(layers, nn.Sequential(nn.Linear(8, 3), nn.Softplus()), (1, 4, 4)).double()
    images = torch.rand(16, 1, 4, 4, dtype=torch.float64)
    for timesteps in (1, 3, 8):
        assert torch.allclose(logits_of_rates(net, images, timesteps), net(images, timesteps))


class Hidden(nn.Module):
    """A module of one's own with a batch norm inside."""

    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(64)

    def forward(self, x):
        return self.norm(x.flatten(1))


def test_a_batch_norm_that_cannot_be_reached_is_refused(few_digits):
    net = SpikingNet([Stage(Hidden(), NeuronLayer())], nn.Linear(64, 10), (1, 8, 8))
    with pytest.raises(ValueError, match=r"cannot reach 'stages.0.layers.norm' inside a module"):
        fit(net, few_digits, SingleStep(), LAST, seed=0)


def test_a_momentum_of_zero_never_moves_and_a_lone_image_is_refused():
    net = network("mlp")
    norm = net.stages[1].layers[1]
    norm.momentum = 0.0
    logits_of_rates(net, torch.rand(8, 1, 8, 8, dtype=torch.float64), 2)
    assert not norm.running_mean.any()
    with pytest.raises(ValueError, match="cannot learn from a single image"):
        logits_of_rates(net, torch.rand(1, 1, 8, 8, dtype=torch.float64), 2)

"""A neuron of one's own: built in, trained, measured, converted and saved, all from outside."""

from __future__ import annotations

import functools
import io

import pytest
import torch
from torch import nn

import snnlab
from snnlab.conversion import (
    calibrate_noise,
    correct_rates,
    decompose_error,
    leaky_equivalent,
    with_noise,
)
from snnlab.learning import BPTT, SingleStep, Training, fit
from snnlab.measure import accuracy, accuracy_against_timesteps, residuals, responses
from snnlab.network import Architecture, build, record, with_neurons
from snnlab.neuron import Neuron, NeuronLayer, Noise, StepLayer, Surrogate, along_channels
from snnlab.neuron import trace as plain_trace
from snnlab.neuron.surrogate import Fire

T = 6


class Adaptive(StepLayer):
    """Each spike raises the threshold for a while, and every channel learns its leak."""

    def __init__(self, channels: int, **settings) -> None:
        super().__init__(**settings)
        self.leak = nn.Parameter(torch.full((channels,), 3.0))

    def first_state(self, v):
        return v, torch.zeros_like(v)

    def charge(self, state, current):
        return along_channels(self.leak.sigmoid(), current) * state[0] + current

    def threshold(self, state):
        return self.v_th * (1 + 0.2 * state[1])

    def reset(self, h, spikes, state):
        return h - self.threshold(state) * spikes, 0.8 * state[1] + spikes


class Bare(nn.Module):
    """Only what every layer must do: potentials that fall to zero at each spike."""

    def advance(self, currents, v=None, *, generator=None):
        v = torch.full_like(currents[0], 0.5) if v is None else v
        spikes = []
        for current in currents:
            h = v + current
            spikes.append(Fire.apply(h, h.detach(), 1.0, Surrogate()))
            v = h * (1 - spikes[-1].detach())
        return torch.stack(spikes), v


@pytest.fixture(scope="module")
def digits():
    return snnlab.load_data("digits")


def net_of(layer, name="mlp", **options):
    arch = Architecture(name, width=options.pop("width", 32))
    return build(arch, image_shape=(1, 8, 8), classes=10, seed=0, layer=layer, **options)


@pytest.mark.sample(2)
@pytest.mark.parametrize("name", ["mlp", pytest.param("convnet", marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    ("layer", "objective", "noise"),
    [
        (Adaptive, SingleStep(), Noise()),
        (Adaptive, BPTT(3), None),
        (Adaptive, BPTT(2), Noise()),
        (Bare, SingleStep(), None),
        (Bare, BPTT(3), None),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_it_is_trained_measured_converted_and_saved(layer, name, objective, noise, digits):
    net = net_of(layer, name, noise=noise)
    fit(net, digits, objective, Training(epochs=2, batch_size=16), seed=0)
    curve = accuracy_against_timesteps(net, digits.test, T)
    assert curve.at(objective.timesteps) > 80  # chance: 10
    assert all(0 < rate < 1 for stage in curve.rates for rate in stage)
    assert all(stage == sorted(stage) and stage[0] > 0 for stage in curve.operations)

    many, certificate = snnlab.convert(net, T, digits.test)
    assert certificate.weights_equal
    assert certificate.logits_equal_at_1
    assert (certificate.accuracy_with_noise_at_1 is None) == (noise is None)
    assert certificate.accuracy == dict(zip(curve.timesteps, curve.accuracy, strict=True))
    assert accuracy(many, digits.test) == curve.at(T)

    images = digits.test.first(40).normalised()
    wanted = many(images)
    torch.testing.assert_close(snnlab.streamline(many)(images), wanted, atol=0.3, rtol=0.3)
    file = io.BytesIO()
    torch.save(many.state_dict(), file)
    file.seek(0)
    again = net_of(layer, name, noise=noise).eval()
    again.load_state_dict(torch.load(file))
    assert torch.equal(again(images, T), wanted)


@pytest.mark.parametrize(("objective", "noise"), [(SingleStep(), Noise()), (BPTT(3), None)])
def test_training_reaches_its_own_parameters(objective, noise, digits):
    net = net_of(Adaptive, noise=noise)
    objective.logits(net, digits.train.first(64).normalised(), torch.Generator()).sum().backward()
    for stage in net.stages:
        assert stage.neuron.leak.grad.abs().max() > 0
    before = [stage.neuron.leak.detach().clone() for stage in net.stages]
    fit(net, digits, objective, Training(epochs=1), seed=0)
    for stage, leak in zip(net.stages, before, strict=True):
        assert (stage.neuron.leak != leak).all()


def test_a_recording_obeys_its_own_equations(digits):
    net = net_of(Adaptive)
    for stage, found in zip(
        net.stages, record(net, digits.test.first(9).normalised(), T), strict=True
    ):
        raised = torch.zeros_like(found.v[0])
        assert torch.equal(found.residuals[0], torch.full_like(raised, 0.5))
        for t in range(T):
            h = stage.neuron.leak.sigmoid() * found.residuals[t] + found.currents[t]
            assert torch.equal(found.h[t], h)
            torch.testing.assert_close(found.v[t], h - (1 + 0.2 * raised) * found.spikes[t])
            raised = 0.8 * raised + found.spikes[t]
        assert found.spikes.sum() > 0


def test_residuals_need_no_more_than_a_trace(digits):
    net = net_of(Adaptive, noise=Noise())
    found = residuals(net, digits.test, T)
    assert 0 < found[0].active < 1
    assert found[0].distances["training"] == found[0].distances["gaussian"]


# --- What a layer that cannot do a thing is told -------------------------------------------------


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (
            lambda n, d: record(n, d.test.normalised()),
            r"record\(\) .* trace, first_potential; .* trace\(cur",
        ),
        (lambda n, d: residuals(n, d.test, 4), r"residuals\(\) .* trace, v_th; .* its threshold"),
        (lambda n, d: responses(n, d.test, 4), r"responses\(\) .* neuron; .* it obeys"),
        (lambda n, d: with_neurons(n, beta=0.9), r"with_neurons\(\) .* neuron; "),
        (lambda n, d: leaky_equivalent(n, 0.9), r"leaky_equivalent\(\) .* neuron; "),
        (lambda n, d: correct_rates(n, d.train, 4), "the mean response .* neuron; "),
        (lambda n, d: calibrate_noise(n, d, 4), r"calibrate_noise\(\) .* neuron; "),
        (
            lambda n, d: with_noise(n, [Noise()] * 2),
            r"with_noise\(\) .* noise, neuron, surrogate; ",
        ),
        (lambda n, d: decompose_error(n, d.test, 4), r"decompose_error\(\) .* v_th; "),
        (
            lambda n, d: fit(n, d, SingleStep(), Training(epochs=2, mean_fraction=0.5), seed=0),
            r"mean responses .* neuron, mean_response; .* clip\(I / v_th, 0, 1\)",
        ),
    ],
)
def test_what_is_missing_is_said(use, message, digits):
    net = net_of(Bare)
    net.stages[0].neuron = NeuronLayer()
    with pytest.raises(ValueError, match=f"^(a phase of )?{message}") as caught:
        use(net, digits)
    assert "the Bare of stage 1 has none. Give it " in str(caught.value)


def test_constants_of_its_own_are_not_changed_by_others(digits):
    net = net_of(Adaptive)
    assert residuals(net, digits.test, 4)
    with pytest.raises(ValueError, match="neuron; the Adaptive of stage 0 has none"):
        residuals(net, digits.test, 4, neurons="driven")
    with pytest.raises(ValueError, match="neuron; the Adaptive of stage 0 has none"):
        with_neurons(net, reset="zero")


def test_learned_and_target_noise_are_for_the_layer_of_the_kit():
    for noise in (Noise(timesteps=4), Noise(learned="layer")):
        with pytest.raises(ValueError, match="Adaptive draws its noise anew at each timestep"):
            net_of(Adaptive, noise=noise)


# --- The layer of the kit is one among others ----------------------------------------------------


@pytest.mark.parametrize("noise", [None, Noise(), [Noise(mu=0.4), Noise("uniform")]])
def test_the_layer_of_the_kit_is_no_special_case(noise, digits):
    nets = [net_of(layer, noise=noise, neuron=Neuron(0.9)) for layer in (None, NeuronLayer)]
    for net in nets:
        fit(net, digits, SingleStep(), Training(epochs=1), seed=0)
    one, other = (net.state_dict() for net in nets)
    assert str(nets[0]) == str(nets[1])
    assert all(torch.equal(one[key], other[key]) for key in one | other)


@pytest.mark.parametrize("neuron", [Neuron(0.8), Neuron(beta=0.7), Neuron(reset="zero")], ids=str)
@pytest.mark.parametrize("noise", [None, Noise("logistic", 0.2, 0.4)])
def test_three_verbs_left_as_they_are_make_the_neuron_of_the_kit(neuron, noise):
    own, kit = StepLayer(neuron, noise=noise), NeuronLayer(neuron, noise=noise)
    x = (torch.rand(T, 5, 4) + 0.1).double()
    seeded = [torch.Generator().manual_seed(1) if noise else None for _ in range(3)]
    found, wanted = x.clone().requires_grad_(), x.clone().requires_grad_()
    weight = torch.rand(T, 5, 4).double()
    for layer, inputs, generator in ((own, found, seeded[0]), (kit, wanted, seeded[1])):
        (layer(inputs, generator=generator) * weight).sum().backward()
    torch.testing.assert_close(found.grad, wanted.grad)
    plain = plain_trace(x, neuron, noise=noise, generator=seeded[2])
    generator = torch.Generator().manual_seed(1) if noise else None
    for a, b in zip(own.trace(x, generator=generator), plain, strict=True):
        torch.testing.assert_close(a, b)
    first, state = own.eval().advance(x[:2])
    rest, _ = own.advance(x[2:], state)
    assert torch.equal(torch.cat([first, rest]), kit.eval()(x))


def test_mixed_precision_keeps_its_potentials_in_float32():
    spikes, v = StepLayer().advance(torch.rand(3, 4, 5, dtype=torch.bfloat16))
    assert (spikes.dtype, v.dtype) == (torch.bfloat16, torch.float32)


# --- What makes the layers -----------------------------------------------------------------------


def test_a_maker_gets_what_it_has_a_parameter_for():
    calls = []

    def every(neuron, noise, surrogate, channels):
        calls.append((neuron, noise, surrogate, channels))
        return Bare()

    net_of(every)
    net_of(every, noise=[Noise(mu=0.4), Noise(mu=0.6)], neuron=Neuron(2.0), width=3)
    assert calls[:2] == [(Neuron(), None, None, 32)] * 2
    assert calls[2:] == [(Neuron(2.0, 2 * n), Noise(mu=n), None, 3) for n in (0.4, 0.6)]
    assert [type(n) for n in net_of(lambda: Bare()).neuron_layers()] == [Bare, Bare]
    preset = functools.partial(NeuronLayer, neuron=Neuron(beta=0.5), noise=Noise())
    assert net_of(preset).neuron_layers()[0].noise == Noise()
    assert net_of(preset, noise=Noise(sigma=0.1)).neuron_layers()[0].noise == Noise(sigma=0.1)


def test_its_parameters_come_from_the_seed():
    class Random(StepLayer):
        def __init__(self):
            super().__init__()
            self.start_at = nn.Parameter(torch.rand(()))

    before = torch.get_rng_state()
    one, other = (net_of(Random).stages[1].neuron.start_at for _ in range(2))
    assert torch.equal(before, torch.get_rng_state())
    assert torch.equal(one, other)


def test_a_learned_threshold_needs_neurons_in_its_unit():
    arch = Architecture("mlp", learned_threshold="layer")
    shape = {"image_shape": (1, 8, 8), "classes": 10, "seed": 0}
    assert build(arch, **shape, layer=Adaptive, neuron=Neuron(2.0)).stages[0].threshold.v_th == 2
    with pytest.raises(ValueError, match=r"need v_th = 1; the StepLayer of stage 0 has 2\.0"):
        build(arch, **shape, layer=lambda: StepLayer(Neuron(2.0)))


@pytest.mark.parametrize(
    ("layer", "options", "message"),
    [
        (lambda: 7, {}, "layer=<lambda> must make an nn.Module, got 7 for stage 0"),
        (lambda: None, {}, "must make an nn.Module, got None for stage 0"),
        (nn.ReLU, {}, r"needs neurons with advance; the ReLU of stage 0 has none.*NeuronLayer"),
        (Bare(), {}, r"must be a class or a function .*, got Bare\(\)"),
        ("lif", {}, "must be a class or a function .*, got 'lif'"),
        (int, {}, "layer=int makes no layer of neurons"),
        (Bare, {"noise": Noise()}, "noise would be lost: layer=Bare has no parameter of that name"),
        (Bare, {"neuron": Neuron()}, "neuron would be lost: .*; it may have neuron, noise, surr"),
        (lambda tau: Bare(), {}, "'tau'; it may have the parameters neuron, noise, surrogate, cha"),
        (Adaptive, {"activation": "relu"}, "got activation='relu': use activation=\"spiking\""),
    ],
)
def test_makers_of_something_else_are_refused(layer, options, message):
    with pytest.raises(ValueError, match=message):
        net_of(layer, **options)


class Forgetful(StepLayer):
    """Its reset drops the second part of its state."""

    def first_state(self, v):
        return v, torch.zeros_like(v)

    def charge(self, state, current):
        return state[0] + current

    def reset(self, h, spikes, state):
        return h - spikes


def test_a_state_that_loses_a_part_is_refused():
    net = build(
        Architecture("mlp", width=4), image_shape=(1, 8, 8), classes=3, seed=0, layer=Forgetful
    )
    with pytest.raises(
        ValueError, match=r"Forgetful\.reset must return a state like that of first"
    ):
        net.eval()(torch.rand(2, 1, 8, 8), 3)


@pytest.mark.parametrize("made", [None, torch.ones(1), (torch.ones(1), None), ([1], None)])
def test_what_advance_must_return_is_said(made):
    class Odd(nn.Module):
        def advance(self, currents, v=None, *, generator=None):
            return made

    net = build(Architecture("mlp", width=4), image_shape=(1, 8, 8), classes=3, seed=0, layer=Odd)
    with pytest.raises(
        ValueError, match=r"Odd\.advance must return spikes as a tensor of the shape"
    ):
        net.eval()(torch.rand(2, 1, 8, 8), 1)

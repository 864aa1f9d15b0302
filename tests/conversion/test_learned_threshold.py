"""Networks that learn thresholds or noise: built, trained, converted, saved, streamlined."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from snnlab.conversion import convert, streamline
from snnlab.conversion.leak import leaky_equivalent
from snnlab.data import load_data
from snnlab.learning import SingleStep, Training, fit
from snnlab.network import Architecture, build
from snnlab.neuron import Neuron, Noise
from snnlab.runs.assemble import build_network, load_network, save_network
from snnlab.runs.config import RunConfig

TARGET = Noise("uniform", timesteps=4)
IMAGES = 1 + 2 * torch.randn(
    6, 1, 8, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(9)
)


def lived_in(name: str, learned: str, noise=TARGET):
    """A network with uneven thresholds whose batch norms have seen data."""
    net = build(
        Architecture(name, width=4, learned_threshold=learned),
        image_shape=(1, 8, 8),
        classes=5,
        seed=0,
        neuron=Neuron(v_th=0.3),
        noise=noise,
    )
    generator = torch.Generator().manual_seed(0)
    for stage in net.stages:
        log_v_th = stage.threshold.log_v_th
        with torch.no_grad():
            log_v_th.add_(torch.randn(log_v_th.shape, generator=generator) / 4)
    for _ in range(3):
        net.train()(1 + 2 * torch.randn(8, 1, 8, 8, generator=generator), generator=generator)
    return net.double().eval()


@pytest.mark.sample(2)
@pytest.mark.parametrize("learned", ["layer", "channel"])
@pytest.mark.parametrize("name", ["mlp", "convnet", "convnet6", "resnet18"])
def test_streamlined_networks_give_the_same_outputs(name, learned):
    net = lived_in(name, learned)
    fast = streamline(net)
    with torch.no_grad():
        found, expected = fast(IMAGES, 5), net(IMAGES, 5)
    assert expected.std(0).max() > 0
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)
    merged = [stage.threshold is None for stage in fast.stages]
    assert merged == [stage.shortcut is None for stage in fast.stages]
    assert all(stage.threshold is not None for stage in net.stages)


def test_a_fixed_and_a_learned_threshold_start_from_the_same_network():
    options = {"image_shape": (1, 8, 8), "classes": 5, "seed": 0, "neuron": Neuron(v_th=1.5)}
    fixed = build(Architecture("mlp", width=8), **options).eval()
    learned = build(Architecture("mlp", width=8, learned_threshold="channel"), **options).eval()
    images = IMAGES.float()
    torch.testing.assert_close(learned(images, 6), fixed(images, 6))
    neuron = learned.neuron_layers()[0].neuron
    assert (neuron.v_th, neuron.v_init) == (1, 0.5)


def test_a_learned_threshold_survives_training_conversion_and_a_file(tmp_path):
    data = load_data("digits", train_size=300)
    config = RunConfig(
        method="target-noise",
        model=Architecture("mlp", width=16, norm_weight=1.0, learned_threshold="channel"),
        neuron=Neuron(v_th=2.0),
        target_noise=replace(TARGET, learned="layer"),
        training=Training(epochs=12, batch_size=32),
    )
    net = build_network(config, data.image_shape, 10)
    history = fit(net, data, SingleStep(), config.training, seed=0)
    assert all(v_th > 0 and v_th != 2 for v_th in history[-1].thresholds)
    many, certificate = convert(net, 4, data.test)
    assert certificate.weights_equal
    assert certificate.logits_equal_at_1
    assert certificate.accuracy[4] > 60
    save_network(net, data.classes, tmp_path / "weights.safetensors")
    again = load_network(tmp_path / "weights.safetensors", config, "cpu")
    images = data.test.normalised(slice(50))
    assert torch.equal(again(images, 4), many(images, 4))


def test_a_leak_is_undone_in_units_of_the_learned_threshold():
    net = lived_in("mlp", "channel")
    one, leaky = net(IMAGES, 1), leaky_equivalent(net, 0.9)(IMAGES, 1)
    torch.testing.assert_close(leaky, one)


def test_noise_of_each_stage():
    noises = (Noise(mu=0.4), Noise("uniform", mu=0.6, timesteps=2))
    options = {"image_shape": (1, 8, 8), "classes": 5, "seed": 0}
    net = build(Architecture("mlp", width=4), noise=noises, **options)
    assert tuple(layer.noise for layer in net.neuron_layers()) == noises
    assert [layer.neuron.v_init for layer in net.neuron_layers()] == [0.4, 0.6]
    with pytest.raises(ValueError, match="2 neuron layers need as many noises, got 3"):
        build(Architecture("mlp", width=4), noise=(*noises, Noise()), **options)


def test_a_run_with_noise_of_each_stage_builds_and_trains_that_network():
    noises = (Noise("empirical", quantiles=(0.0, 0.3, 0.9)), Noise("logistic"))
    config = RunConfig(stage_noise=noises, model=Architecture("mlp", width=8))
    net = build_network(config, (1, 8, 8), 10)
    assert tuple(layer.noise for layer in net.neuron_layers()) == noises
    assert net.neuron_layers()[0].neuron.v_init == pytest.approx(noises[0].mu)
    data = load_data("digits", train_size=300)
    history = fit(net, data, SingleStep(), Training(epochs=4, batch_size=64), seed=0)
    assert history[-1].loss < history[0].loss
    assert history[-1].noise_by_stage == pytest.approx([noise.sigma for noise in noises])

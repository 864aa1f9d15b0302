"""ONNX files, run by onnxruntime: the logits of the network they were written from."""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from snnlab.data.sources import load_data
from snnlab.exchange import write_onnx
from snnlab.network import Architecture, StagedNet, build
from snnlab.neuron import Neuron, Noise, StepLayer

from .networks import lived_in, network

runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
pytest.importorskip("onnxscript", reason="the extra exchange is not installed")

MODELS = ("mlp", "convnet", "convnet6", "vgg11", "vgg16", "resnet18")


def hold_equal(net: StagedNet, path: Path, timesteps: int | None = None) -> Any:
    """Write the network and run it elsewhere; the session."""
    write_onnx(net, path, timesteps)
    session = runtime.InferenceSession(path)
    (images,), (logits,) = session.get_inputs(), session.get_outputs()
    assert (images.name, images.shape) == ("images", ["batch", *net.image_shape])
    assert logits.name == "logits"
    generator = torch.Generator().manual_seed(1)
    for batch in (1, 5):
        given = 2 * torch.randn(batch, *net.image_shape, generator=generator)
        with torch.no_grad():
            expected = net(given) if timesteps is None else net(given, timesteps)
        (found,) = session.run(["logits"], {"images": given.numpy()})
        far = (torch.from_numpy(found) - expected).abs().amax(1) > 1e-5  # (B,)
        assert far.sum() <= (batch > 1)  # a potential on the threshold may round either way
        assert batch == 1 or expected.std(0).max() > 0
    return session


def ann(name: str, activation: str) -> StagedNet:
    """A small network of activation functions."""
    architecture = Architecture(name, width=4)
    return lived_in(
        build(architecture, image_shape=(1, 16, 16), classes=5, seed=0, activation=activation)
    )


@pytest.mark.slow
def test_three_timesteps_elsewhere(tmp_path: Path) -> None:
    session = hold_equal(network("mlp", Neuron(beta=0.9)), tmp_path / "net.onnx", 3)
    notes = session.get_modelmeta().custom_metadata_map
    assert notes["timesteps"] == "3"
    assert "run" not in notes


@pytest.mark.slow
@pytest.mark.parametrize("timesteps", [1, 4])
@pytest.mark.parametrize("name", MODELS)
def test_spiking_networks(name: str, timesteps: int, tmp_path: Path) -> None:
    hold_equal(network(name), tmp_path / "net.onnx", timesteps)


@pytest.mark.slow
@pytest.mark.parametrize("activation", ["relu", "qcfs"])
@pytest.mark.parametrize("name", MODELS)
def test_networks_of_activation_functions(name: str, activation: str, tmp_path: Path) -> None:
    hold_equal(ann(name, activation), tmp_path / "net.onnx")


@pytest.mark.slow
@pytest.mark.parametrize(
    "neuron",
    [Neuron(reset="zero", v_th=0.7), Neuron(beta=0.8, v_init=0.3), Neuron(v_init=-0.2)],
    ids=str,
)
def test_neurons(neuron: Neuron, tmp_path: Path) -> None:
    hold_equal(network("convnet", neuron), tmp_path / "net.onnx", 5)


@pytest.mark.slow
def test_learned_thresholds_and_noise_which_is_left_out(tmp_path: Path) -> None:
    net = network("convnet", learned_threshold="channel")
    for layer in net.neuron_layers("noise"):
        layer.noise = Noise()
    net.timesteps = 3
    hold_equal(net, tmp_path / "net.onnx")
    assert all(layer.noise is not None for layer in net.neuron_layers("noise"))


@pytest.mark.slow
def test_a_layer_of_ones_own(tmp_path: Path) -> None:
    architecture = Architecture("mlp", width=4)
    net = build(architecture, image_shape=(1, 8, 8), classes=3, seed=0, layer=StepLayer)
    hold_equal(net.eval(), tmp_path / "net.onnx", 3)


@pytest.mark.slow
def test_a_file_does_not_grow_with_timesteps(tmp_path: Path) -> None:
    sizes = []
    for timesteps in (2, 32):
        write_onnx(network("convnet"), tmp_path / "net.onnx", timesteps)
        sizes.append((tmp_path / "net.onnx").stat().st_size)
    assert sizes[1] < 1.1 * sizes[0]


@pytest.mark.slow
def test_the_file_says_how_to_prepare_images(tmp_path: Path, capfd: Any) -> None:
    data = load_data("digits", train_size=64)
    net = build(Architecture("mlp", width=4), image_shape=(1, 8, 8), classes=10, seed=0).eval()
    net.double()
    write_onnx(net, tmp_path / "net.onnx", 2, data=data, run="digits-mlp-noise-s0-12345678")
    assert capfd.readouterr() == ("", "")  # the exporter is silent
    session = runtime.InferenceSession(tmp_path / "net.onnx")
    notes = session.get_modelmeta().custom_metadata_map
    assert notes["run"] == "digits-mlp-noise-s0-12345678"
    assert tuple(json.loads(notes["classes"])) == data.classes
    mean, std = (torch.tensor(json.loads(notes[name])) for name in ("mean", "std"))
    pixels = data.test.pixels[:3]
    images = (pixels / 255 - mean[:, None, None]) / std[:, None, None]
    torch.testing.assert_close(images, data.test.normalised(slice(3)))
    (logits,) = session.run(None, {"images": images.numpy()})
    expected = net(images, 2).float()
    torch.testing.assert_close(torch.from_numpy(logits), expected.detach(), rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("net", "timesteps", "message"),
    [
        (nn.Linear(1, 1), None, "takes a SpikingNet or an ANN, got a Linear"),
        (ann("mlp", "relu"), 4, "an ANN runs once and has no timesteps, got timesteps=4"),
        (network("mlp"), 0, "timesteps must be at least 1, got 0"),
        (network("mlp"), "four", "timesteps must be a whole number, got 'four'"),
    ],
)
def test_refusals(net: Any, timesteps: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message):
        write_onnx(net, tmp_path / "net.onnx", timesteps)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_layer_that_onnx_does_not_know(tmp_path: Path) -> None:
    class Odd(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x if x.sum().item() > 0 else -x

    net = network("mlp")
    net.readout = nn.Sequential(Odd(), net.readout)
    with pytest.raises(ValueError, match="ONNX cannot describe this network: "):
        write_onnx(net, tmp_path / "net.onnx", 2)
    assert list(tmp_path.iterdir()) == []


def test_missing_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(ValueError, match=r'pip install "snnlab\[exchange\]"'):
        write_onnx(network("mlp"), tmp_path / "net.onnx")


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "no" / "net.onnx"
    with pytest.raises(ValueError, match=r"cannot write '.*net\.onnx': No such file or directory"):
        write_onnx(network("mlp"), path)


@pytest.mark.slow
def test_two_exports_at_once(tmp_path: Path) -> None:
    """Visitors of the dashboard ask for files in threads of one process."""
    net = network("mlp")
    with ThreadPoolExecutor(2) as pool:
        tries = [pool.submit(hold_equal, net, tmp_path / f"{i}.onnx", 2) for i in range(3)]
    assert all(one.result() for one in tries)

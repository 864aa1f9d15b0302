"""Files of snnTorch and Norse give their spikes here, and ours give our spikes there.

Each tool runs its own reader or writer. Where a tool reads what we wrote in another way, the test
says what has to be told to it, see `notes_on`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from snnlab.conversion import streamline
from snnlab.exchange import read_nir, write_nir
from snnlab.exchange.nir_neurons import DT
from snnlab.network import record
from snnlab.neuron import Neuron

from .networks import network, spikes

nir = pytest.importorskip("nir", reason="the extra exchange is not installed")
pytest.importorskip("nirtorch", reason="the peers need nirtorch to read and write NIR files")

pytestmark = pytest.mark.filterwarnings("ignore")  # of the peers among themselves
T = 12


def logits_of(peer: nn.Module, images: Tensor) -> Tensor:
    """The mean output of a network of another tool, image by image: NIR knows no batch."""
    outputs = []
    for image in images:
        state, total = None, torch.zeros(())
        for _ in range(T):
            made = peer(image) if state is None else peer(image, state)
            spiked, state = made if isinstance(made, tuple) else (made, None)
            total = total + spiked.detach()
        outputs.append(total / T)
    return torch.stack(outputs)


def alike(ours: Tensor, theirs: Tensor) -> None:
    """Equal but for rounding, and not all the same."""
    assert ours.std() > 0
    torch.testing.assert_close(theirs.float(), ours, rtol=1e-5, atol=1e-6)


# snnTorch


@pytest.fixture
def snn() -> Any:
    pytest.importorskip("snntorch.export_nir", reason="the extra bench is not installed")
    return pytest.importorskip("snntorch")


def snntorch_reads(snn: Any, path: Any, **told: Any) -> Any:
    """The network in snnTorch; with settings, new layers of neurons with their thresholds."""
    from snntorch.import_nir import import_from_nir

    peer = import_from_nir(nir.read(path))
    for name, layer in list(peer.named_modules()):
        if isinstance(layer, snn.Leaky) and told:
            setattr(peer, name, snn.Leaky(threshold=layer.threshold, init_hidden=True, **told))
    leaky = [layer for layer in peer.modules() if isinstance(layer, snn.Leaky)]

    def start_afresh(_: nn.Module, given: tuple[Any, ...]) -> None:
        if len(given) == 1:  # without a state
            for layer in leaky:
                layer.reset_mem()

    peer.register_forward_pre_hook(start_afresh)
    return peer


@pytest.mark.parametrize("name", ["mlp", "convnet"])
def test_snntorch_reads_leaky_neurons_that_reset_to_zero_as_they_are(tmp_path, snn, name):
    net = network(name, Neuron(beta=0.9, reset="zero", v_init=0), shape=(1, 8, 8))
    images = torch.rand(4, 1, 8, 8)
    assert len(write_nir(net, tmp_path / "net.nir")) == 1  # dt, which is snnTorch's
    alike(net(images, T).detach(), logits_of(snntorch_reads(snn, tmp_path / "net.nir"), images))


def test_snntorch_has_to_be_told_that_leaky_neurons_subtract(tmp_path, snn):
    net = network("mlp", Neuron(v_th=3, beta=0.9, v_init=0), shape=(1, 8, 8))
    images = torch.rand(4, 1, 8, 8)
    assert all(stage.v.max() < 3 for stage in record(net, images, T))  # or snnTorch subtracts twice
    write_nir(net, tmp_path / "net.nir")
    told = {"beta": 0.9, "reset_mechanism": "subtract", "reset_delay": False}
    peer = snntorch_reads(snn, tmp_path / "net.nir", **told)
    alike(net(images, T).detach(), logits_of(peer, images))


@pytest.mark.parametrize("reset", ["zero", "subtract"])
def test_snntorch_has_to_be_told_that_if_neurons_do_not_leak(tmp_path, snn, reset):
    """SnnTorch 1.0 reads IF as Leaky(beta=0.9) that hands its state on."""

    def tell(layer: Any) -> None:
        layer.beta, layer.init_hidden = torch.tensor(1.0), True
        layer.reset_mechanism = reset

    net = network("convnet", Neuron(reset=reset, v_init=0), shape=(1, 8, 8))
    images = torch.rand(4, 1, 8, 8)
    write_nir(net, tmp_path / "net.nir")
    peer = snntorch_reads(snn, tmp_path / "net.nir", beta=1.0, reset_mechanism=reset)
    alike(net(images, T).detach(), logits_of(peer, images))


@pytest.mark.parametrize(
    ("beta", "reset"), [(0.9, "zero"), (0.9, "subtract"), (1.0, "zero"), (1.0, "subtract")]
)
def test_a_file_of_snntorch_fires_the_same_here(tmp_path, snn, beta, reset):
    from snntorch.export_nir import export_to_nir

    def leaky(n: int) -> nn.Module:
        """Delayed, snnTorch subtracts after the leak: another neuron, unless nothing leaks."""
        constants = torch.full((n,), beta), torch.full((n,), 0.9)
        delay = beta == 1 or reset == "zero"
        return snn.Leaky(*constants, init_hidden=True, reset_mechanism=reset, reset_delay=delay)

    peer = nn.Sequential(nn.Linear(12, 40), leaky(40), nn.Linear(40, 30), leaky(30))
    nir.write(tmp_path / "theirs.nir", export_to_nir(peer, torch.rand(12)))
    net = read_nir(tmp_path / "theirs.nir", dt=1e-4, reset=reset)
    assert net.image_shape == (1, 1, 12)
    images = torch.rand(16, 1, 1, 12)
    rates = torch.stack([peer(images.flatten(1)).detach() for _ in range(T)])
    alike(rates.mean(0), net(images, T).detach())
    assert torch.equal(spikes(net, images, T)[1], rates)
    assert torch.equal(
        read_nir(tmp_path / "theirs.nir", (3, 2, 2), dt=1e-4, reset=reset)(
            images.view(16, 3, 2, 2), T
        ),
        net(images, T),
    )


# Norse


@pytest.fixture
def norse() -> Any:
    return pytest.importorskip("norse.torch", reason="the extra bench is not installed")


@pytest.mark.parametrize("beta", [0.8, 1.0])
def test_norse_reads_neurons_that_reset_to_zero_as_they_are(tmp_path, norse, beta):
    net = network("mlp", Neuron(beta=beta, reset="zero", v_init=0), shape=(1, 8, 8))
    images = torch.rand(4, 1, 8, 8)
    write_nir(net, tmp_path / "net.nir")
    peer = norse.from_nir(nir.read(tmp_path / "net.nir"), dt=DT)
    alike(net(images, T).detach(), logits_of(peer, images))


def test_norse_reads_convolutions_without_pooling(tmp_path, norse):
    """Norse 1.1 has no average pooling; `streamline` merges ours into the convolutions."""
    net = streamline(network("convnet", Neuron(beta=0.8, reset="zero", v_init=0), shape=(1, 8, 8)))
    images = torch.rand(4, 1, 8, 8)
    write_nir(net, tmp_path / "net.nir")
    peer = norse.from_nir(nir.read(tmp_path / "net.nir"), dt=DT)
    alike(net(images, T).detach(), logits_of(peer, images))


def test_norse_has_to_be_told_to_subtract(tmp_path, norse):
    from norse.torch.functional.reset import reset_subtract

    net = network("mlp", Neuron(beta=0.8, v_init=0), shape=(1, 8, 8))
    images = torch.rand(4, 1, 8, 8)
    notes = write_nir(net, tmp_path / "net.nir")
    assert any("subtraction" in note for note in notes)
    peer = norse.from_nir(nir.read(tmp_path / "net.nir"), dt=DT)
    for layer in peer.modules():
        if isinstance(layer, norse.LIFBoxCell):
            layer.p = layer.p._replace(reset_method=reset_subtract)
    alike(net(images, T).detach(), logits_of(peer, images))


def test_norse_has_no_if_neuron_that_subtracts_but_can_be_given_one(tmp_path, norse):
    import nirtorch
    from norse.torch.functional.reset import reset_subtract
    from norse.torch.functional.threshold import threshold
    from norse.torch.module.snn import SNNCell
    from norse.torch.utils.import_nir import _import_norse_module

    def module(node: Any) -> nn.Module:
        if not isinstance(node, nir.IF):
            return _import_norse_module(node, dt=DT)
        v_th = torch.tensor(node.v_threshold).float()

        def step(current: Tensor, v: Tensor, p: None, dt: float) -> tuple[Tensor, Tensor]:
            h = v + current
            fired = threshold(h - v_th, "super", torch.tensor(100.0))
            return fired, reset_subtract(fired, h, None, v_th)

        return SNNCell(step, torch.zeros_like, None)

    net = network("mlp", Neuron(v_init=0), shape=(1, 8, 8))
    images = torch.rand(4, 1, 8, 8)
    write_nir(net, tmp_path / "net.nir")
    peer = nirtorch.load(nir.read(tmp_path / "net.nir"), module)
    alike(net(images, T).detach(), logits_of(peer, images))


@pytest.mark.parametrize("leaky", [False, True])
def test_a_file_of_norse_fires_the_same_here(tmp_path, norse, leaky):
    """Its writer divides by dt what its reader does not: with dt=1 time constants are right."""

    def cell(n: int) -> nn.Module:
        zeros, v_th = torch.zeros(n), torch.full((n,), 0.05 if leaky else 0.5)
        if not leaky:
            return norse.IAFCell(norse.IAFParameters(v_th=v_th))
        tau = torch.full((n,), 100.0)
        return norse.LIFBoxCell(norse.LIFBoxParameters(tau, v_leak=zeros, v_th=v_th), dt=1e-3)

    peer = norse.SequentialState(nn.Linear(12, 40), cell(40), nn.Linear(40, 30), cell(30))
    nir.write(tmp_path / "theirs.nir", norse.to_nir(peer, torch.rand(1, 12), dt=1))
    net = read_nir(tmp_path / "theirs.nir", dt=1e-3 if leaky else None)
    assert net.stages[0].neuron.neuron.beta == pytest.approx(0.9 if leaky else 1)
    images, state, rates = torch.rand(16, 1, 1, 12), None, []
    for _ in range(T):
        fired, state = peer(images.flatten(1), state)
        rates.append(fired.detach())
    alike(torch.stack(rates).mean(0), net(images, T).detach())
    assert torch.equal(spikes(net, images, T)[1], torch.stack(rates))


def test_a_synapse_that_filters_is_refused_and_one_that_does_not_is_read(norse, tmp_path):
    values = [np.full(5, value, np.float32) for value in (1e-3, 1e-2, 1.0, 0.0, 0.05)]
    graph = nir.NIRGraph.from_list(
        nir.Affine(np.eye(5, dtype=np.float32), np.zeros(5, np.float32)), nir.CubaLIF(*values)
    )
    nir.write(tmp_path / "cuba.nir", graph)
    with pytest.raises(ValueError, match=r"'cubalif' filters its currents in a synapse.*tau_syn"):
        read_nir(tmp_path / "cuba.nir", dt=1e-4)
    net = read_nir(tmp_path / "cuba.nir", dt=1e-3)
    peer, images = norse.from_nir(graph, dt=1e-3), torch.rand(3, 1, 1, 5)
    alike(net(images, T).detach(), logits_of(peer, images.flatten(1)))

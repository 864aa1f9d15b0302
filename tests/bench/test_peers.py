"""The other libraries run the same network: every spike is the same as ours."""

from __future__ import annotations

import importlib.util

import pytest
import torch

from snnlab.bench import peers
from snnlab.bench.peers import PEERS, peer_networks, plain_ann
from snnlab.network import Architecture, SpikingNet, build, record
from snnlab.neuron import Neuron, NeuronLayer

T = 5


def ours(name="convnet", neuron=None, **options) -> SpikingNet:
    return build(
        Architecture(name, width=4, **options),
        image_shape=(1, 8, 8),
        classes=3,
        seed=0,
        neuron=neuron or Neuron(v_init=0.0),
    )


def library(name: str):
    if importlib.util.find_spec(name) is None:
        pytest.skip(f"{name} is not installed")
    return PEERS[name]


def spikes_of(net: torch.nn.Module, images: torch.Tensor) -> list[torch.Tensor]:
    """Spikes of each neuron layer, (T, B, *), whether it is called once or once per timestep."""
    heard: list[list[torch.Tensor]] = [[] for _ in net.neurons]

    def listen(layer, _, out, *, place):
        heard[place].append((out[0] if isinstance(out, tuple) else out).detach())

    for i, layer in enumerate(net.neurons):
        layer.register_forward_hook(lambda *a, i=i: listen(*a, place=i))
    net(images, T)
    features = [layer[0].shape[-3:] for layer in heard]
    return [
        torch.cat([part.reshape(-1, *shape) for part in layer]).view(T, len(images), *shape)
        for layer, shape in zip(heard, features, strict=True)
    ]


@pytest.mark.sample(2)
@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("name", list(PEERS))
def test_every_spike_and_the_logits_are_the_same(name, training):
    make, net = library(name), ours()
    images = torch.randn(6, 1, 8, 8, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        for _ in range(60):  # until the running statistics fit, so that every layer fires
            net.train()(images, T)
    peer = make(net).train(training)
    with torch.no_grad():
        if training:  # by timestep, batch norm would see other batches: use its running ones
            for module in peer.modules():
                if isinstance(module, torch.nn.BatchNorm2d):
                    module.eval()
        theirs = spikes_of(peer, images)
        found, logits = peer(images, T), net.eval()(images, T)
    for spikes, mine in zip(theirs, record(net, images, T), strict=True):
        assert 0.01 < mine.spikes.mean() < 0.9
        assert torch.equal(spikes, mine.spikes)
    torch.testing.assert_close(found, logits)


@pytest.mark.parametrize("name", list(PEERS))
def test_they_learn(name):
    peer = library(name)(ours()).train()
    peer(torch.randn(6, 1, 8, 8), T).square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in peer.parameters())


@pytest.mark.parametrize("name", ["snntorch", "spikingjelly"])
def test_they_have_the_same_surrogate_slope(name):
    """One layer of neurons, one timestep: the gradient of the current is ours."""
    make = library(name).make_neurons
    current = torch.linspace(-1, 3, 50).requires_grad_()
    neurons = make(1.0)
    args = (current, torch.zeros(50)) if name == "snntorch" else (current[None],)
    fired = neurons(*args)
    (theirs,) = torch.autograd.grad(
        (fired[0] if isinstance(fired, tuple) else fired).sum(), current
    )
    spikes = NeuronLayer(Neuron(v_init=0.0))(current[None])
    (mine,) = torch.autograd.grad(spikes.sum(), current)
    torch.testing.assert_close(theirs, mine)


def test_an_absent_library_leaves_a_note(monkeypatch):
    monkeypatch.setattr(peers.importlib.util, "find_spec", lambda name: None)
    nets, notes = peer_networks(ours())
    assert nets == {}
    assert len(notes) == len(PEERS)
    assert all("pip install -e .[bench]" in note for note in notes)


def test_a_network_that_they_cannot_be_given_leaves_a_note():
    nets, notes = peer_networks(ours("resnet18"))
    assert nets == {}
    assert "shortcut" in notes[0]
    with pytest.raises(ValueError, match=r"beta=0\.9"):
        peers.check_row_of_stages(ours(neuron=Neuron(beta=0.9, v_init=0.0)))


def test_the_reference_is_made_of_the_layers_of_pytorch_and_computes_the_same():
    net = build(
        Architecture("convnet", width=4),
        image_shape=(1, 8, 8),
        classes=3,
        seed=0,
        activation="relu",
    )
    plain = plain_ann(net)
    assert type(plain.stages[0].layers) is torch.nn.Sequential
    images = torch.randn(4, 1, 8, 8)
    torch.testing.assert_close(plain(images), net(images))


@pytest.mark.parametrize(
    ("there", "supported", "gpu", "backend"),
    [
        ({"triton", "cupy"}, ("torch", "cupy", "triton"), True, "triton"),
        ({"triton", "cupy"}, ("torch", "cupy"), True, "cupy"),
        ({"triton"}, ("torch", "cupy"), True, ""),
        ({"triton", "cupy"}, ("torch", "cupy", "triton"), False, ""),
    ],
    ids=str,
)
def test_spikingjelly_gets_its_fastest_backend(there, supported, gpu, backend, monkeypatch):
    class Old:
        supported_backends = supported

        def __init__(self, step_mode="s", backend="torch"): ...

    class New:
        def __init__(self, step_mode="s"): ...

    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name if name in there else None)
    assert peers.fused_backend(Old) == backend
    assert peers.fused_backend(New) == ""


def test_notes_say_what_spikingjelly_ran_as(monkeypatch):
    library("spikingjelly")
    from spikingjelly.activation_based import functional

    gpu = torch.device("cuda")
    assert peers.peer_notes(["spikingjelly"], torch.device("cpu")) == []
    assert peers.peer_notes(["norse"], gpu) == []
    chosen = {"implementation": "triton", "unavailable": {}}
    monkeypatch.setattr(functional, "neuron_implementation", lambda *_: chosen, raising=False)
    monkeypatch.setattr(peers, "fused_backend", lambda kind: "")
    (note,) = peers.peer_notes(["spikingjelly"], gpu)
    assert "neurons by triton" in note

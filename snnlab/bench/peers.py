"""The same network in other libraries, each as fast as its users can write it.

All of them get the layers of ours as PyTorch has them, on equal terms: channels-last, the
layers before the first neurons run once per image, pooling before the neurons. Their
neurons are IF neurons with reset by subtraction that start at 0, so they fire as ours do;
`tests/bench/test_peers.py` compares every spike.

    library       neurons                                    surrogate slope
    spikingjelly  IFNode, multi-step mode, time folded       arctangent, as ours
    snntorch      Leaky(beta=1), see `LoopedNet`             arctangent, as ours
    norse         SNN over threshold and reset_subtract,     SuperSpike: it has no arctangent
                  see `LoopedNet`
"""

from __future__ import annotations

import copy
import importlib.util
import inspect
from collections.abc import Callable, Collection
from importlib.metadata import version
from typing import Any, cast

import torch
from torch import Tensor, nn

from snnlab.network.layers import ConvPoolNorm
from snnlab.network.net import ANN, SpikingNet


def plain_layers(layers: nn.Module) -> nn.Module:
    """A copy of a stage's layers as PyTorch has them, without merged pooling."""
    own = copy.deepcopy(layers)
    return nn.Sequential(*own) if isinstance(own, ConvPoolNorm) else own


def plain_ann(net: ANN) -> ANN:
    """A copy of a network whose stages are made of PyTorch's own layers."""
    plain = copy.deepcopy(net)
    for stage in plain.stages:
        stage.layers = plain_layers(stage.layers)
    return plain


def check_row_of_stages(net: SpikingNet) -> None:
    """Raise ValueError unless the peers can represent this network.

    Raises:
        ValueError: shortcuts, learned thresholds, or neurons other than IF neurons that start
            at 0 and are reset by subtraction.
    """
    for i, stage in enumerate(net.stages):
        if stage.shortcut is not None or stage.threshold is not None:
            raise ValueError(
                f"stage {i} has a shortcut or a learned threshold; the peers are compared on "
                "plain rows of stages, such as convnet, mlp or vgg11"
            )
    for layer in net.neuron_layers("neuron", needed_by="a comparison with peers"):
        n = layer.neuron
        if n.beta != 1 or n.reset != "subtract" or n.v_start != 0:
            raise ValueError(f"the peers are compared as IF neurons that start at 0, got {n}")


class PeerNet(nn.Module):
    """A network of another library with the weights of ours; abstract: see `make_neurons`.

    Args:
        net: the network to copy, a row of stages of IF neurons that start at 0.
    """

    def __init__(self, net: SpikingNet) -> None:
        super().__init__()
        check_row_of_stages(net)
        self.layers = nn.ModuleList(plain_layers(stage.layers) for stage in net.stages)
        self.neurons = nn.ModuleList(self.make_neurons(n.neuron.v_th) for n in net.neuron_layers())
        self.readout = copy.deepcopy(net.readout)

    @staticmethod
    def make_neurons(v_th: float) -> nn.Module:
        """IF neurons of the library with this threshold, reset by subtraction."""
        raise NotImplementedError


class SpikingJellyNet(PeerNet):
    """SpikingJelly in multi-step mode; on a GPU with its fused neurons, see `InFloat32`.

    Source: Fang et al. (2023), "SpikingJelly", Science Advances 9.
    """

    def __init__(self, net: SpikingNet) -> None:
        from spikingjelly.activation_based import layer

        super().__init__(net)
        folded = [layer.SeqToANNContainer(own) for own in [*self.layers[1:], self.readout]]
        pairs = zip(map(InFloat32, self.neurons), folded, strict=True)
        self.body = nn.Sequential(*(part for pair in pairs for part in pair))

    def forward(self, images: Tensor, timesteps: int) -> Tensor:
        """Logits (B, K), averaged over time."""
        from spikingjelly.activation_based import functional

        current = self.layers[0](images)  # (B, *)
        readout = self.body(current.unsqueeze(0).expand(timesteps, *current.shape))  # (T, B, K)
        functional.reset_net(self)
        return cast(Tensor, readout.mean(0))

    @staticmethod
    def make_neurons(v_th: float) -> nn.Module:
        """IF neurons in multi-step mode, on a GPU with the fastest backend, see `fused_backend`."""
        from spikingjelly.activation_based import neuron, surrogate

        backend = fused_backend(neuron.IFNode)
        options: dict[str, Any] = {"backend": backend} if backend else {}
        neurons: nn.Module = neuron.IFNode(
            v_threshold=v_th,
            v_reset=None,
            surrogate_function=surrogate.ATan(alpha=2.0),
            detach_reset=True,
            step_mode="m",
            **options,
        )
        return neurons


BACKENDS = ("triton", "cupy")
"""Backends of SpikingJelly that run all timesteps as one kernel on a GPU, the fastest first; each
needs the package of its name."""


def fused_backend(kind: Any) -> str:
    """The fastest backend for a kind of neurons of SpikingJelly on a GPU of this machine.

    Returns:
        One of `BACKENDS`; empty without a GPU, without their packages, and for version 2, which
        has no such argument: it takes its own CUDA code if it was built with that, else Triton.
    """
    if "backend" not in inspect.signature(kind.__init__).parameters:
        return ""
    if not torch.cuda.is_available():
        return ""
    there = kind(step_mode="m").supported_backends
    usable = (name for name in BACKENDS if name in there and importlib.util.find_spec(name))
    return next(usable, "")


def peer_notes(names: Collection[str], device: torch.device) -> list[str]:
    """What the neurons of the other libraries of these names run as on a GPU, where it differs."""
    if "spikingjelly" not in names or device.type != "cuda":
        return []
    from spikingjelly.activation_based import functional, neuron

    backend = fused_backend(neuron.IFNode)
    if not backend and hasattr(functional, "neuron_implementation"):
        backend = functional.neuron_implementation("if", device)["implementation"]
    found = f"spikingjelly {version('spikingjelly')}: neurons by {backend or 'torch'}"
    return [f"{found}, the fastest of its backends that is here"]


class InFloat32(nn.Module):
    """Neurons whose currents are float32: under mixed precision SpikingJelly's fused ones loop."""

    def __init__(self, neurons: nn.Module) -> None:
        super().__init__()
        self.neurons = neurons

    def forward(self, currents: Tensor) -> Tensor:
        """Spikes (T, B, *)."""
        return cast(Tensor, self.neurons(currents.float()))


class LoopedNet(PeerNet):
    """Neurons that are called once per timestep; abstract: see `step` and `scan`.

    Two orders give the same. Timestep by timestep through the whole network was faster in
    training on a CPU; layer by layer, with time folded into the batch of the stateless layers,
    was faster in inference, and launches fewer kernels on a GPU. Each is used where it wins.
    """

    def step(self, i: int, current: Tensor, state: Any) -> tuple[Tensor, Any]:
        """Spikes and state of the neurons of stage i after one timestep; state None: at rest."""
        raise NotImplementedError

    def scan(self, i: int, currents: Tensor) -> Tensor:
        """Spikes (T * B, *) of the neurons of stage i for currents (T, B, *)."""
        spikes, state = [], None
        for current in currents:
            fired, state = self.step(i, current, state)
            spikes.append(fired)
        return torch.cat(spikes)

    def forward(self, images: Tensor, timesteps: int) -> Tensor:
        """Logits (B, K), averaged over time."""
        current = self.layers[0](images)  # (B, *)
        if self.training and not images.is_cuda:
            return self.by_timestep(current, timesteps)
        return self.by_layer(current, timesteps)

    def by_timestep(self, current: Tensor, timesteps: int) -> Tensor:
        """The whole network at each timestep."""
        states: list[Any] = [None] * len(self.neurons)
        total = torch.zeros((), device=current.device)
        for _ in range(timesteps):
            spikes, states[0] = self.step(0, current, states[0])
            for i, layers in enumerate(self.layers[1:], start=1):
                spikes, states[i] = self.step(i, layers(spikes), states[i])
            total = total + self.readout(spikes)
        return total / timesteps

    def by_layer(self, current: Tensor, timesteps: int) -> Tensor:
        """All timesteps of each layer."""
        currents = current.unsqueeze(0).expand(timesteps, *current.shape)  # (T, B, *)
        for i, layers in enumerate([*self.layers[1:], self.readout]):
            folded = layers(self.scan(i, currents))  # (T * B, *)
            currents = folded.view(timesteps, len(current), *folded.shape[1:])  # (T, B, *)
        return currents.mean(0)


class SnnTorchNet(LoopedNet):
    """snnTorch. Its Leaky with beta 1 is the IF neuron; the delayed reset is its faster one.

    Source: Eshraghian et al. (2023), "Training spiking neural networks using lessons from deep
    learning", Proceedings of the IEEE 111.
    """

    @staticmethod
    def make_neurons(v_th: float) -> nn.Module:
        """IF neurons reset by subtraction."""
        import snntorch
        from snntorch import surrogate

        neurons: nn.Module = snntorch.Leaky(
            beta=1.0,
            threshold=v_th,
            spike_grad=surrogate.atan(alpha=2.0),
            reset_mechanism="subtract",
        )
        return neurons

    def step(self, i: int, current: Tensor, state: Any) -> tuple[Tensor, Any]:
        """Spikes and potential after one timestep."""
        v = torch.zeros_like(current) if state is None else state
        spikes, v = self.neurons[i](current, v)
        return spikes, v


class NorseNet(LoopedNet):
    """Norse. Its IF neuron is reset to a value, so the neuron is put together from its parts.

    Source: Pehle and Pedersen (2021), "Norse", Zenodo.
    """

    @staticmethod
    def make_neurons(v_th: float) -> nn.Module:
        """IF neurons reset by subtraction, run over time by Norse's `SNN`."""
        from norse.torch.functional.reset import reset_subtract
        from norse.torch.functional.threshold import threshold
        from norse.torch.module.snn import SNN

        v_threshold, sharpness = torch.tensor(v_th), torch.tensor(100.0)

        def activation(current: Tensor, v: Tensor, p: None, dt: float) -> tuple[Tensor, Tensor]:
            h = v + current
            spikes = threshold(h - v_threshold, "super", sharpness)
            return spikes, reset_subtract(spikes.detach(), h, None, v_threshold)

        return cast(
            nn.Module, SNN(activation, lambda currents: torch.zeros_like(currents[0]), None)
        )

    def step(self, i: int, current: Tensor, state: Any) -> tuple[Tensor, Any]:
        """Spikes and potential after one timestep."""
        spikes, v = self.neurons[i](current.unsqueeze(0), state)
        return spikes[0], v

    def scan(self, i: int, currents: Tensor) -> Tensor:
        """Spikes (T * B, *), by Norse's own loop over time."""
        spikes, _ = self.neurons[i](currents)
        return cast(Tensor, spikes.flatten(0, 1))


PEERS: dict[str, Callable[[SpikingNet], PeerNet]] = {
    "snntorch": SnnTorchNet,
    "spikingjelly": SpikingJellyNet,
    "norse": NorseNet,
}


def peer_networks(net: SpikingNet) -> tuple[dict[str, PeerNet], list[str]]:
    """The network in each installed library, and a note for each missing library.

    A network that the peers cannot be given (see `check_row_of_stages`) makes none, and a note.

    Example:
        >>> nets, notes = peer_networks(net)
    """
    try:
        check_row_of_stages(net)
    except ValueError as error:
        return {}, [f"no rows of other libraries: {error}"]
    there = [name for name in PEERS if importlib.util.find_spec(name)]
    notes = [
        f"no rows of {name}: it is not installed; pip install -e .[bench] installs it"
        for name in PEERS
        if name not in there
    ]
    return {name: PEERS[name](net) for name in there}, notes


Net = ANN | SpikingNet | PeerNet
"""What the benchmark runs."""

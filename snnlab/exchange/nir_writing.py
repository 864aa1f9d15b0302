"""Write spiking networks as NIR graphs for other simulators and chips.

Two tools were tested, image by image, as NIR has no batch. Neurons that start at 0 fire the same
there, if these settings are made by hand (`tests/exchange/test_nir_peers.py`):

    neurons                   snnTorch 1.0                   Norse 1.1, from_nir(graph, dt=1e-4)
    LIF, reset to zero        as they are                    as they are
    IF, reset to zero         Leaky(beta=1) in their place   as they are
    LIF, by subtraction       Leaky(beta=...), likewise (*)  reset_method=reset_subtract in layer.p
    IF, by subtraction        Leaky(beta=1), likewise        your own SNNCell in their place
    AvgPool2d                 as it is                       none: `streamline` a convnet before
    residuals, global pooling                                none

A Leaky gets `threshold` of the layer it replaces, `init_hidden=True` and `reset_mechanism`. (*) And
`reset_delay=False`; the same as long as no potential stays above the threshold after a spike.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from snnlab import __version__
from snnlab.conversion.folding import fold_batchnorm
from snnlab.exchange.nir_layers import NODES
from snnlab.exchange.nir_neurons import DT, Constants, node_of
from snnlab.exchange.packages import package, written
from snnlab.network.layers import leaves
from snnlab.network.net import SpikingNet, Stage
from snnlab.neuron.layer import NeuronLayer
from snnlab.neuron.learned import along_channels
from snnlab.settings import with_article


def write_nir(net: SpikingNet, path: str | Path) -> list[str]:
    """Write a spiking network to a NIR file; see `to_nir` for what the file holds.

    Args:
        net: is not changed.
        path: path of the file, usually `name.nir`; an existing file is replaced.

    Returns:
        Notes on settings for other tools, with which they fire like this network, one sentence
        each; the file contains them, too. Norse 1.1 reads neither pooling nor residuals.

    Raises:
        ValueError: a part that NIR cannot describe, named with its place; the package `nir` is
            missing; or the file cannot be written.

    Example:
        >>> notes = write_nir(net, "net.nir")
    """
    nir = package("nir", "write_nir()")
    with written(path) as partial:
        nir.write(partial, to_nir(net))
    return list(notes_on(net))


def to_nir(net: SpikingNet) -> Any:
    """The NIR graph of a spiking network.

    Batch norm, the gain of the readout, and learned thresholds of stages without a shortcut are
    folded into the weights; other learned thresholds become those of the neurons. The currents of
    several edges into neurons are added. Noise is left out, as in `convert`. The image is the input
    of each timestep; the user of the graph chooses their number and averages the outputs.

    Args:
        net: is not changed.

    Returns:
        A `nir.NIRGraph`; its shapes have no batch axis.

    Raises:
        ValueError: no spiking network, a user's own neurons, or a layer that NIR does not have,
            named with its place; or the package `nir` is missing.

    Source:
        Pedersen et al. (2024), "Neuromorphic intermediate representation", Nature Communications
        15; for constants and resets see `snnlab.exchange.nir_neurons`.

    Example:
        >>> graph = to_nir(build(Architecture("mlp"), image_shape=(1, 8, 8), classes=10, seed=0))
    """
    if not isinstance(net, SpikingNet):
        raise ValueError(
            f"NIR describes spiking networks, got {with_article(type(net))}; convert_ann() makes "
            "one of a ReLU network"
        )
    for i, layer in enumerate(net.neuron_layers("neuron", needed_by="to_nir()")):
        if not isinstance(layer, NeuronLayer):
            raise ValueError(
                f"NIR has no {type(layer).__name__}, the neurons of stage {i}; it has those of "
                "NeuronLayer"
            )
    return Writer(fold_batchnorm(net).cpu()).graph()


def notes_on(net: SpikingNet) -> list[str]:
    """Where a tool that reads no metadata differs from this network, a sentence each."""
    neurons = [layer.neuron for layer in net.neuron_layers("neuron", needed_by="write_nir()")]
    notes = []
    if any(neuron.beta != 1 for neuron in neurons):
        notes.append(f"a timestep stands for dt = {DT:g} s: Norse needs from_nir(..., dt={DT:g})")
    if any(neuron.beta == 1 for neuron in neurons):
        notes.append(
            "neurons do not leak: snnTorch reads them as Leaky(beta=0.9), in whose place put "
            "Leaky(beta=1, init_hidden=True) with the threshold and the reset_mechanism"
        )
    if any(neuron.reset == "subtract" for neuron in neurons):
        notes.append(
            "neurons reset by subtraction, which stands in the metadata only: NIR defines a reset "
            "to a value"
        )
    if any(neuron.v_start for neuron in neurons):
        notes.append(
            "neurons start from v_init, which stands in the metadata only: other tools start "
            "from 0, as with_neurons(net, v_init=0) does"
        )
    return notes


class Writer:
    """Runs a network on one black image, and collects nodes and edges.

    Args:
        net: on the CPU, without batch norm.
    """

    def __init__(self, net: SpikingNet) -> None:
        self.nir = package("nir", "to_nir()")
        self.net = net
        self.nodes: dict[str, Any] = {}
        self.edges: list[tuple[str, str]] = []

    @torch.no_grad()
    def graph(self) -> Any:
        """The whole graph, which is not checked: `nir` counts channels of groups wrongly."""
        dtype = next(self.net.parameters()).dtype
        at = self.add("input", self.nir.Input(np.array(self.net.image_shape)))
        inputs = [(at, torch.zeros(1, *self.net.image_shape, dtype=dtype))]
        for i, stage in enumerate(self.net.stages):
            inputs.append(self.stage(i, stage, inputs))
        at, logits = self.row(self.net.readout, "readout", *inputs[-1])
        self.edges.append((at, self.add("output", self.nir.Output(np.array(logits.shape[1:])))))
        metadata = {
            "dt": DT,
            "writer": f"snnlab {__version__}",
            "notes": "; ".join(notes_on(self.net)),
        }
        return self.nir.NIRGraph(self.nodes, self.edges, metadata=metadata, type_check=False)

    def stage(self, i: int, stage: Stage, inputs: list[tuple[str, Tensor]]) -> tuple[str, Tensor]:
        """Add a stage; returns the name of its neurons, and a tensor in their shape (1, *)."""
        at, current = self.row(stage.layers, f"stages.{i}.layers", *inputs[-1])
        sources = [at]
        if stage.shortcut is not None:
            at, _ = self.row(stage.shortcut, f"stages.{i}.shortcut", *inputs[-1 - stage.back])
            sources.append(at)
        if len(set(sources)) < len(sources):
            raise ValueError(
                f"stages.{i} adds the same spikes twice, for which NIR has no edge; double weights"
            )
        constants = constants_of(stage, current)
        name = self.add(f"neurons_{i}", node_of(constants, tuple(current.shape[1:])))
        self.edges += [(source, name) for source in sources]
        return name, current

    def row(self, layers: nn.Module, place: str, at: str, x: Tensor) -> tuple[str, Tensor]:
        """Add layers one after the other, from a node whose output is x (1, *)."""
        for where, layer in leaves(layers, place):
            y = layer(x)
            if not isinstance(layer, nn.Identity | nn.Dropout):
                name = self.add(where.replace(".", "_"), self.node(layer, where, x, y))
                self.edges.append((at, name))
                at = name
            x = y
        return at, x

    def add(self, name: str, node: Any) -> str:
        """Add a node to the graph; returns its name."""
        self.nodes[name] = node
        return name

    def node(self, layer: nn.Module, place: str, x: Tensor, y: Tensor) -> Any:
        """The node of a layer that maps x (1, *) to y (1, *)."""
        for kind, make in NODES.items():
            if isinstance(layer, kind):
                made = make(self.nir, layer, tuple(x.shape[1:]), tuple(y.shape[1:]))
                if made is not None:
                    return made
        raise ValueError(
            f"NIR has nothing for {layer} at {place!r}; it has "
            f"{', '.join(kind.__name__ for kind in NODES)}, without padding but by zeros, and "
            "pooling in whole windows"
        )


def constants_of(stage: Stage, current: Tensor) -> Constants:
    """Constants of the neurons of a stage, in units of the current (1, *) that it computes."""
    neuron = cast(NeuronLayer, stage.neuron).neuron
    unit = np.array(1.0)
    if stage.threshold is not None:
        unit = along_channels(stage.threshold.v_th.double(), current).numpy()
    return Constants(unit * neuron.v_th, unit * neuron.v_start, neuron.beta, neuron.reset)

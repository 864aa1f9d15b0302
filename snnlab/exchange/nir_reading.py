"""Read NIR graphs of other simulators as spiking networks of stages."""

from __future__ import annotations

import operator
import re
import warnings
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, fx, nn

from snnlab.exchange.nir_layers import LAYERS
from snnlab.exchange.nir_neurons import Constants, Shape, constants_of
from snnlab.exchange.packages import package
from snnlab.network.net import SpikingNet
from snnlab.network.torch_networks import from_torch
from snnlab.neuron.layer import NeuronLayer
from snnlab.neuron.learned import LearnedThreshold
from snnlab.neuron.spec import Neuron, Reset
from snnlab.settings import Positive, checked, quoted, with_article

NEURONS = ("IF", "LIF", "CubaLIF")
VALID = ("Input", "Output", *NEURONS, *LAYERS)
"""Kinds of nodes that our networks have."""


def read_nir(
    path: str | Path,
    image_shape: tuple[int, int, int] | None = None,
    *,
    dt: float | None = None,
    reset: Reset | None = None,
) -> SpikingNet:
    """Read a spiking network from a NIR file of any tool; arguments as for `from_nir`.

    A file of snnTorch does not contain the reset of its neurons. They fire the same here if they do
    not leak, or have `reset_mechanism="zero"`. Neurons that leak and reset by subtraction fire the
    same with `reset_delay=False`, as long as no potential stays above the threshold after a spike;
    with its default, which subtracts a timestep later, rates differ somewhat. Its mechanism "none"
    does not exist here.

    Raises:
        ValueError: no NIR file, a damaged one, or one that `from_nir` refuses.

    Example:
        >>> net = read_nir("net.nir")
        >>> theirs = read_nir("snntorch.nir", (1, 28, 28), dt=1e-4, reset="subtract")
    """
    nir = package("nir", "read_nir()")
    try:
        if Path(path).is_dir():
            raise ValueError("it is a folder")
        check_size(path)
        graph = nir.read(Path(path), type_check=False)
    except FileNotFoundError:
        raise ValueError(f"there is no file {quoted(str(path))}") from None
    except Exception as error:  # h5py and nir may raise any type for an unknown file
        raise ValueError(
            f"{quoted(str(path))} is no NIR file, or a damaged one: {reason(path, error)}"
        ) from None
    return network_of(graph, image_shape, dt, reset)


def from_nir(
    graph: Any,
    image_shape: tuple[int, int, int] | None = None,
    *,
    dt: float | None = None,
    reset: Reset | None = None,
) -> SpikingNet:
    """The spiking network that a NIR graph describes.

    Each layer of neurons ends a stage. The layers after the last neurons are the readout; without
    such layers the logits are rates. The image is the input of each timestep.

    Args:
        graph: a `nir.NIRGraph` with one input and one output.
        image_shape: (C, H, W) of the images, if the graph takes vectors or has no input shape;
            None: the shape in the graph, (1, 1, F) for vectors (F,).
        dt: seconds per timestep, above 0, on which leaks depend; None: that in the graph, if any.
        reset: "zero" or "subtract", for neurons without a reset in their metadata; None: "zero", as
            NIR defines it, with a warning. By default snnTorch subtracts, see `read_nir`.

    Returns:
        The network, in evaluation mode and single precision, with `timesteps` 1.

    Raises:
        ValueError: nodes or constants that our networks do not have, a cycle, or shapes that do
            not fit, named with their place.

    Example:
        >>> net = from_nir(to_nir(net))
    """
    nir = package("nir", "from_nir()")
    if not isinstance(graph, nir.NIRGraph):
        raise ValueError(f"from_nir() takes a nir.NIRGraph, got {with_article(type(graph))}")
    return network_of(graph, image_shape, dt, reset)


def network_of(
    graph: Any, image_shape: tuple[int, int, int] | None, dt: float | None, reset: Reset | None
) -> SpikingNet:
    """See `from_nir`. Only public functions call it directly: warnings point to their caller."""
    reset, dt = checked("reset", Reset | None, reset), checked("dt", Positive | None, dt)
    if dt is None and "dt" in graph.metadata:
        dt = checked("dt in the metadata", Positive, graph.metadata["dt"])
    reader = GraphReader(graph, image_shape, dt, reset)
    net = from_torch(reader.module(), reader.image_shape).eval()
    for stage, thresholds in zip(net.stages, reader.thresholds, strict=True):
        if thresholds is not None:
            stage.threshold = LearnedThreshold(1.0, "channel", len(thresholds))
            stage.threshold.log_v_th.data = torch.tensor(thresholds).log().float()
    if reader.untold:
        warnings.warn(
            f"the file does not say how {reader.untold[0]!r} resets, so it resets to 0, as NIR "
            'defines it: give reset="subtract" for neurons of snnTorch that subtract, as they do '
            'unless told otherwise, else reset="zero"',
            stacklevel=3,
        )
    return cast(SpikingNet, net)


class GraphReader:
    """Runs a graph on one black image and makes a module of torch from its layers.

    Attributes:
        thresholds: for each layer of neurons its thresholds (C,), or None if they are all equal.
        untold: names of neurons without a reset in metadata or arguments.
    """

    def __init__(
        self,
        graph: Any,
        image_shape: tuple[int, int, int] | None,
        dt: float | None,
        reset: Reset | None,
    ) -> None:
        self.nodes, self.dt, self.reset = graph.nodes, dt, reset
        self.start, self.end = self.only("Input"), self.only("Output")
        self.before = sources(graph)
        self.input_shape = shape_of(self.nodes[self.start], self.start)
        self.image_shape = image_shape_of(self.input_shape, image_shape)
        self.thresholds: list[list[float] | None] = []
        self.untold: list[str] = []
        self.layers: dict[str, nn.Module] = {}

    def only(self, kind: str) -> str:
        """The name of the one node of a kind."""
        names = [name for name, node in self.nodes.items() if type(node).__name__ == kind]
        if len(names) != 1:
            raise ValueError(f"a network has one {kind}, this graph has {len(names)}: {names}")
        return names[0]

    @torch.no_grad()
    def module(self) -> fx.GraphModule:
        """Images (B, C, H, W) to logits, as a module whose layers have the names of the nodes."""
        graph = fx.Graph()
        made: dict[str, tuple[fx.Node, Tensor]] = {}  # with the output for a black image
        for name in ordered(self.before):
            arriving = [made[source] for source in self.before[name]]
            if name == self.start:
                made[name] = graph.placeholder("images"), torch.zeros(1, *self.image_shape)
                if len(self.input_shape) == 1 and len(self.image_shape) == 3:
                    made[name] = self.call(graph, "flat", nn.Flatten(), *made[name])
                continue
            if not arriving:
                raise ValueError(f"nothing leads to {name!r}")
            node, x = arriving[0]
            for other, y in arriving[1:]:
                if x.shape != y.shape:
                    raise ValueError(
                        f"{name!r} gets shapes {tuple(x.shape[1:])} and {tuple(y.shape[1:])}, "
                        "which do not add up"
                    )
                node = graph.call_function(operator.add, (node, other))
            if name != self.end:
                layer = self.layer(name, tuple(x.shape[1:]))
                node, x = self.call(graph, name, layer, node, x)
            made[name] = node, x
        graph.output(made[self.end][0])
        if not self.thresholds:
            raise ValueError("the graph has no spiking neurons")
        return fx.GraphModule(self.layers, graph).eval()

    def call(
        self, graph: fx.Graph, name: str, layer: nn.Module, node: fx.Node, x: Tensor
    ) -> tuple[fx.Node, Tensor]:
        """Add a layer after a node whose output is x (1, *)."""
        place = "node_" + re.sub(r"\W", "_", name)  # neither a keyword nor a module's attribute
        while place in self.layers:
            place += "_"
        self.layers[place] = layer
        called = graph.call_module(place, (node,))
        if isinstance(layer, NeuronLayer):
            return called, x
        try:
            return called, layer(x)
        except (RuntimeError, IndexError) as error:
            raise ValueError(
                f"{name!r} gets shape {tuple(x.shape[1:])}, which does not fit it: {error}"
            ) from None

    def layer(self, name: str, shape: Shape) -> nn.Module:
        """The layer of a node whose input has this shape."""
        node = self.nodes[name]
        kind = type(node).__name__
        if kind in NEURONS:
            if self.reset is None and "reset" not in node.metadata:
                self.untold.append(name)
            return self.neurons(
                constants_of(node, name, shape, self.dt, self.reset or "zero"), name
            )
        if kind not in LAYERS:
            raise ValueError(
                f"{name!r} is a NIR {kind}, which our networks do not have; valid: "
                f"{', '.join(VALID)}"
            )
        try:
            return LAYERS[kind](node)
        except (TypeError, ValueError, IndexError, RuntimeError, AttributeError) as error:
            raise ValueError(f"{name!r}, a NIR {kind}, makes no layer: {error}") from None

    def neurons(self, constants: Constants, name: str) -> NeuronLayer:
        """The neurons; if thresholds differ between channels, theirs is 1, see `thresholds`."""
        v_th, v_init = by_channel(constants.v_th, name), by_channel(constants.v_init, name)
        ratio = np.unique(v_init / v_th).tolist()
        alike = len(np.unique(v_th)) == len(np.unique(v_init)) == 1
        if not alike and max(ratio) - min(ratio) > 1e-5 * abs(max(ratio)):
            raise ValueError(f"v_init of {name!r} is not the same share of v_th in all channels")
        self.thresholds.append(None if alike else v_th.tolist())
        first = (shortest(v_th[0]), shortest(v_init[0])) if alike else (1.0, shortest(ratio[0]))
        try:
            return NeuronLayer(Neuron(*first, beta=constants.beta, reset=constants.reset))
        except ValueError as error:
            raise ValueError(f"{name!r}: {error}") from None


def sources(graph: Any) -> dict[str, list[str]]:
    """The names of the nodes from which edges lead to each node."""
    before: dict[str, list[str]] = {name: [] for name in graph.nodes}
    for edge in graph.edges:
        for name in edge:
            if name not in before:
                raise ValueError(
                    f"an edge leads from {edge[0]!r} to {edge[1]!r}, but there is no {name!r}; "
                    f"there are {', '.join(before)}"
                )
        if edge[0] in before[edge[1]]:
            raise ValueError(
                f"the edge from {edge[0]!r} to {edge[1]!r} stands twice; double weights"
            )
        before[edge[1]].append(edge[0])
    leading = {edge[0] for edge in graph.edges}
    for name, node in graph.nodes.items():
        if name not in leading and type(node).__name__ != "Output":
            raise ValueError(f"{name!r} leads nowhere; take it out, or lead it to the output")
    return before


def ordered(before: dict[str, list[str]]) -> list[str]:
    """The names of the nodes in an order in which each comes after its sources."""
    try:
        return list(TopologicalSorter(before).static_order())
    except CycleError as error:
        raise ValueError(
            f"the graph has a cycle, {' -> '.join(error.args[1])}: our networks run forward; train "
            "it without recurrent connections"
        ) from None


def shape_of(node: Any, name: str) -> Shape:
    """The shape of an input, without the batch axis of size 1 that some tools write."""
    said = node.input_type.get("input")
    shape = () if said is None else tuple(int(n) for n in np.ravel(said))
    if any(n < 1 for n in shape):
        raise ValueError(f"{name!r} has shape {shape}; sizes must be at least 1")
    return shape[1:] if len(shape) in {2, 4} and shape[0] == 1 else shape


def image_shape_of(given: Shape, asked: tuple[int, int, int] | None) -> tuple[int, int, int]:
    """(C, H, W) of the images of a graph whose input has the given shape."""
    if asked is None:
        if not 1 <= len(given) <= 3:
            raise ValueError(
                f"the input has shape {given}, which is no image: give image_shape=(C, H, W)"
            )
        return cast(tuple[int, int, int], (*(1,) * (3 - len(given)), *given))
    shape = checked("image_shape", tuple[int, int, int], asked)
    fits = shape == given if len(given) == 3 else np.prod(shape) == np.prod(given)
    if given and not fits:
        raise ValueError(f"the input has shape {given}, for which image_shape={shape} does not do")
    return shape


def by_channel(values: np.ndarray[Any, Any], place: str) -> np.ndarray[Any, Any]:
    """Values (C,), from (F,) or from (C, H, W) with equal values within each channel."""
    flat = values.reshape(len(values), -1)  # (C, H * W)
    if (flat != flat[:, :1]).any():
        raise ValueError(
            f"thresholds or v_init of {place!r} differ inside a channel; ours are those of a layer "
            "or of a channel"
        )
    return flat[:, 0]


def shortest(value: float) -> float:
    """The shortest decimal number that is equal to a value in single precision, such as 0.3."""
    with np.errstate(over="ignore"):
        return float(str(np.float32(value)))


MOST_BYTES = 2**31
"""Largest size of all numbers in a file; the published VGG-16 has a quarter of it."""


def check_size(path: str | Path) -> None:
    """Raise ValueError if the sizes in a (damaged) file would need too much memory."""
    import h5py

    sizes: list[int] = []

    def add(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            sizes.append(item.nbytes)

    with h5py.File(path, "r") as file:
        file.visititems(add)
    if (total := sum(sizes)) > MOST_BYTES:
        raise ValueError(f"its numbers would fill {total:.3g} bytes, at most {MOST_BYTES:.3g} do")


def reason(path: str | Path, error: Exception) -> str:
    """Why a file cannot be read: unknown kinds of nodes, or the message of the package."""
    import h5py

    try:
        with h5py.File(path, "r") as file:
            kinds = {name: node["type"].asstr()[()] for name, node in file["node/nodes"].items()}
    except Exception:  # not even that can be read
        return str(error) or type(error).__name__
    unknown = [f"{name!r} is a {kind}" for name, kind in kinds.items() if kind not in VALID]
    known = f"{'; '.join(unknown)}; valid: {', '.join(VALID)}"
    return known if unknown else str(error) or type(error).__name__

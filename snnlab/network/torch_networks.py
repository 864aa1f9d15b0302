"""A network of torch as a network of stages: `from_torch`.

`torch.fx` reads the forward of the network as a graph of layers and functions. `Walk` runs this
graph once on images that have a shape and no values. Meanwhile it represents every tensor as a sum
of routes; a route is a sequence of affine layers that begins at the images or at the neurons of a
stage. An activation ends a stage; a route from an earlier stage is its residual connection.
"""

from __future__ import annotations

import copy
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, cast

import torch
from torch import Tensor, fx, nn

from snnlab.network.layers import listened_to
from snnlab.network.models import Shape, makers
from snnlab.network.net import ANN, SpikingNet, Stage, StagedNet
from snnlab.network.neurons import MakeLayer, check_given, put_neurons
from snnlab.network.spec import Activation, Architecture
from snnlab.network.torch_graph import (
    Shapes,
    first_of,
    graph_of,
    is_torchs,
    made_by_call,
    name_of,
    operands,
    without_values,
)
from snnlab.network.torch_layers import (
    DIFFERENCES,
    FUNCTIONS,
    LAYERS,
    MAX_POOLINGS,
    PRODUCTS,
    QUOTIENTS,
    REMOVERS,
    SUMS,
    Dropout,
    NotTaken,
    as_activation,
    averaged,
    averaging,
    by_channel,
    indexing,
    instead,
    one_to_one_of_any,
    parts,
    reshaping,
)
from snnlab.neuron.spec import Neuron, Noise, Surrogate
from snnlab.settings import Count, Valid, checked, count, quoted

Pooling = Annotated[Literal["average"] | None, Valid(called="pooling")]

BATCH = 2
"""Number of images that run through the graph: above 1, so that `squeeze` keeps their axis."""

IMAGES = -1
"""The source of a route that begins at the images and not at the neurons of a stage."""

WEIGHTLESS = (nn.AvgPool2d, nn.AdaptiveAvgPool2d, nn.Flatten, nn.Unflatten)
"""Layers without weights and bias: applied to a sum, they give the sum of their results."""

RESHAPES = {"flatten", "view", "reshape", "squeeze", "unsqueeze"}
MOVES = {"to", "cpu", "cuda", "type_as", "float", "double", "detach", "contiguous", "clone"}
"""Functions that change where or how numbers are stored, and not their values."""
CONSTANTS: dict[str, Callable[[Any, Any], Any]] = {
    **dict.fromkeys(SUMS, operator.add),
    **dict.fromkeys(DIFFERENCES, operator.sub),
    **dict.fromkeys(PRODUCTS, operator.mul),
    **dict.fromkeys(QUOTIENTS, operator.truediv),
}
"""Functions of two arguments that are affine if one argument is a constant."""

COMPUTABLE = {*CONSTANTS, *RESHAPES, "getitem", "sqrt", "rsqrt"}
"""Functions that may compute a constant from other constants."""

COMPUTED = "its other part is computed; keep it as a buffer of the module"


def from_torch(
    module: nn.Module,
    image_shape: Shape,
    *,
    pooling: Literal["average"] | None = None,
    activation: str | None = None,
    neuron: Neuron | None = None,
    noise: Noise | Sequence[Noise] | None = None,
    surrogate: Surrogate | None = None,
    levels: int = 4,
    layer: MakeLayer | None = None,
) -> StagedNet:
    """Copy a network of torch, with its weights, into a network of stages.

    `torch.fx` must be able to read the network. It may consist of convolutions, linear layers,
    batch norm, average pooling, dropout (off in evaluation) and activations, as layers or
    functions, with residual sums: torchvision's VGG and ResNet, or any `Sequential`. Logits in
    evaluation mode are those of the module. A layer that is used in several places is copied for
    each, and training may change the copies differently. A sum of activations, x + relu(conv(x)),
    gets its own ReLU, which does not change the values.

    There are three ways to a spiking network. `convert_ann` sets thresholds from images and needs
    no training. activation="spiking" with noise keeps weights and batch norm and clips activations
    at v_th; it needs more training with one timestep. So does
    `with_noise(convert_ann(net, 1, images), noises)`, but from thresholds that fit the images.

    Args:
        module: maps images (B, C, H, W) to logits (B, K); it is not changed.
        image_shape: (C, H, W) of the images.
        pooling: "average" replaces max pooling by average pooling over the pixels of the image;
            None refuses max pooling.
        activation: None keeps those of the module: ReLU, clips from 0 such as ReLU6 and
            Hardtanh(0, 1), `QCFS`, or layers of spiking neurons. "spiking", "relu" or "qcfs"
            replaces each, as in `build`, and keeps the weights.
        neuron, noise, surrogate, levels, layer: for activation="spiking" or "qcfs", see `build`.

    Returns:
        `ANN`, or `SpikingNet` where the activations are spiking neurons, in the mode (training or
        evaluation) and on the device of the module.

    Raises:
        ValueError: a part that cannot be converted; names its place and what to write instead.

    Example:
        >>> net = from_torch(torchvision.models.vgg11_bn(), (3, 32, 32), pooling="average")
        >>> spiking = convert_ann(net, 64, data.train.first(500))
    """
    checked("pooling", Pooling, pooling)
    checked("activation", Activation | None, activation)
    image_shape = checked("image_shape", tuple[Count, Count, Count], image_shape)
    check_given(neuron, noise, surrogate)
    levels = count("levels", levels)
    given = {"neuron": neuron, "noise": noise, "surrogate": surrogate, "layer": layer}
    unused = [name for name, value in given.items() if value is not None]
    if unused and activation != "spiking":
        raise ValueError(
            f'{", ".join(unused)} would be lost: pass activation="spiking", got {activation!r}'
        )
    module = getattr(module, "_orig_mod", module)  # of a compiled one
    check_module(module)
    walk = Walk(module, image_shape, pooling)
    stages = walk.stages
    if activation is not None:
        for stage in stages:
            stage.neuron = makers(levels)[activation]()
    if activation == "spiking":
        put_neurons(stages, walk.channels, neuron, noise, surrogate, Architecture(), layer)
    spiking = [hasattr(stage.neuron, "advance") for stage in stages]
    if any(spiking) and not all(spiking):
        mixed = ", ".join(type(stage.neuron).__name__ for stage in stages)
        raise NotTaken(f"spiking neurons and activations in one network: {mixed}; use one kind")
    kind = SpikingNet if spiking[0] else ANN
    return kind(stages, walk.readout, image_shape).train(module.training)


def check_module(module: object) -> None:
    """Raise ValueError unless this is a network of torch that is ready to be converted."""
    if isinstance(module, StagedNet):
        raise ValueError(f"this {type(module).__name__} has stages already: use it as it is")
    if isinstance(module, type):
        raise ValueError(
            f"from_torch() takes an nn.Module, got the class {module.__name__}: make one"
        )
    if not isinstance(module, nn.Module):
        raise ValueError(f"from_torch() takes an nn.Module, got {quoted(module)}")
    if not isinstance(module, torch.jit.ScriptModule):
        for path, part in module.named_modules():
            check_part(f"{path!r} ({type(part).__name__})" if path else type(part).__name__, part)
    for name, value in module.named_parameters():
        if isinstance(value, nn.parameter.UninitializedParameter):
            raise ValueError(f"{name!r} has no shape yet: run the module on images once")


def check_part(place: str, part: nn.Module) -> None:
    """Raise ValueError for a module that is not ready, quantises, or computes its weights anew."""
    if "_modules" not in vars(part):
        raise ValueError(f"{place} is not ready: its __init__ must call super().__init__()")
    if type(part).__module__.startswith("torch.ao."):
        raise NotTaken(
            f"cannot take {place}: it quantises; pass the network of floating-point numbers that "
            "it was made of"
        )
    for hook in part._forward_pre_hooks.values():
        if type(hook).__module__ in REMOVERS:
            raise NotTaken(
                f"cannot take {place}: its weights are computed whenever it runs; make them plain: "
                f"{REMOVERS[type(hook).__module__]}"
            )
    for name, value in vars(part).items():
        if isinstance(value, Tensor) and not value.is_leaf:
            raise NotTaken(
                f"cannot take {place}: it keeps {name!r}, a tensor that was computed; delete it, "
                f"del module.{name}, or keep it with detach()"
            )


@dataclass(frozen=True)
class Route:
    """A sequence of affine layers that begins at the neurons of a stage or at the images."""

    source: int
    """Number of the stage, or `IMAGES`."""
    layers: tuple[nn.Module, ...] = ()
    """In the order in which they run."""

    def made(self) -> nn.Module:
        """A module with copies of all the layers."""
        if not self.layers:
            return nn.Identity()
        return nn.Sequential(*(copy.deepcopy(layer) for layer in self.layers))


@dataclass
class Flow:
    """The routes whose sum is a tensor of the graph; an in-place function changes the list."""

    routes: list[Route]


class Walk(Shapes):
    """Runs the graph of a module and collects its stages.

    Args:
        module: the module to convert.
        image_shape: (C, H, W).
        pooling: see `from_torch`.

    Raises:
        NotTaken: a part that no sequence of stages can represent.
    """

    def __init__(self, module: nn.Module, image_shape: Shape, pooling: str | None) -> None:
        super().__init__(graph_of(without_values(module)), nn.Sequential(module), image_shape)
        self.pooling = pooling
        self.flows: dict[fx.Node, Flow] = {}
        self.shapes: dict[fx.Node, torch.Size] = {}  # of the inputs of the current node
        self.stages: list[Stage] = []
        self.channels: list[int] = []  # C of the currents of each stage
        self.closing: list[str] = []  # place of the activation of each stage
        self.readout: nn.Module = nn.Identity()
        self.numbers: list[tuple[fx.Node, fx.Node]] = []  # (node, computed number that it reads)
        self.run(torch.empty(BATCH, *image_shape, device="meta"))
        self.check_numbers()

    def check_numbers(self) -> None:
        """Refuse numbers that depend on the number of images: layers cannot depend on it."""
        if not self.numbers:
            return
        other = Shapes(cast(fx.GraphModule, self.module), self.original, self.image_shape)
        other.run(torch.empty(BATCH + 1, *self.image_shape, device="meta"))
        for n, number in self.numbers:
            if other.env[number] != self.env[number]:
                raise NotTaken(
                    f"cannot take {self.place(n)}: it depends on the number of images; use a "
                    "number that does not"
                )

    def run_node(self, n: fx.Node) -> Any:
        """Run one node: return its result without values, and note its flow."""
        given = {source: self.env[source] for source in n.all_input_nodes}
        self.shapes = {s: value.shape for s, value in given.items() if isinstance(value, Tensor)}
        result = self.without_values(n)
        try:
            if n.op == "output":
                self.finish(n, result)
            elif n.op == "placeholder":
                self.flows[n] = Flow([Route(IMAGES)])
            elif any(source in self.flows for source in n.all_input_nodes):
                if isinstance(result, Tensor):
                    self.follow(n, result)
                elif any(isinstance(part, Tensor) for part in parts(result)):
                    raise NotTaken(self.instead_of_several(n))
        except NotTaken as error:
            raise NotTaken(f"cannot take {self.place(n)}: {error}") from None
        return result

    def follow(self, n: fx.Node, result: Tensor) -> None:
        """Store the flow of a node's output; `result` has its shape."""
        first = first_of(n)
        if name_of(n) in MOVES and first not in self.flows:
            return  # a constant that is moved to the device of the images
        if any(s in self.flows and not self.flows[s].routes for s in n.all_input_nodes):
            raise NotTaken(
                "it reads a tensor that was changed in place through a view of it; use the "
                "functions that are not in place"
            )
        made = self.flow(n, result)
        if result is not self.env.get(first):
            self.flows[n] = Flow(made.routes)
            return
        if first not in self.flows:
            raise NotTaken("it changes a constant in place; use the function that is not in place")
        self.flows[n] = changed = self.flows[first]
        if made.routes != changed.routes:
            changed.routes = made.routes
            self.forget_views(result, changed)

    def forget_views(self, written: Tensor, changed: Flow) -> None:
        """Delete the routes of tensors that share memory with one that was changed in place."""
        memory = written.untyped_storage()._cdata
        for node, flow in self.flows.items():
            at = self.env.get(node)
            if flow is not changed and at is not None and at.untyped_storage()._cdata == memory:
                flow.routes = []

    def instead_of_several(self, n: fx.Node) -> str:
        """What to write instead of a node that returns several tensors."""
        if n.op == "call_module":
            layer = self.original.get_submodule(str(n.target))
            if isinstance(layer, MAX_POOLINGS):
                self.instead_of_max(layer)
            return instead(type(layer))
        return instead(name_of(n)) if is_torchs(n) else "return one tensor, the logits (B, K)"

    def flow(self, n: fx.Node, result: Tensor) -> Flow:
        """The flow of a node's output; `result` has its shape."""
        name = name_of(n)
        if not is_torchs(n):
            raise NotTaken(f"it is not torch's function of that name; {instead(name)}")
        if name in CONSTANTS and sum(arg in self.flows for arg in operands(n)) == 1:
            return self.through(n, self.scaled(n, CONSTANTS[name]), result)
        if name in SUMS:
            return Flow(self.summed(n))
        if isinstance(first_of(n), fx.Node) and self.flowing(n) is not first_of(n):
            raise NotTaken(
                "its first tensor does not come from the images; call it on one that does"
            )
        before = self.shapes[self.flowing(n)]
        if n.op == "call_module":
            layer = self.original.get_submodule(str(n.target))
            shapes = isinstance(layer, nn.Flatten | nn.Unflatten)
            if listened_to(layer) and (shapes or not is_kept(layer)):
                raise NotTaken(
                    "the hook on it would be lost; remove it: what register_... returned"
                )
            return self.through(n, reshaping(before, result.shape) if shapes else [layer], result)
        if name in RESHAPES:
            return self.through(n, reshaping(before, result.shape), result)
        if name == "getitem":
            return self.through(n, indexing(n.args[1], before, result.shape), result)
        if name in MOVES:
            if not result.is_floating_point():
                raise NotTaken(f"it makes {result.dtype} of the values; leave it out")
            return self.flows[self.flowing(n)]
        given: Any = (n.args[1:], n.kwargs)
        args, options = fx.node.map_arg(given, lambda arg: self.number(n, arg))
        options = {name: value for name, value in options.items() if name != "input"}
        if name in ("mean", "sum"):
            layers = averaging(before, result.shape, *args, **options)
            if name == "sum":
                size = before.numel() / result.numel()
                layers += self.constant(result.shape[1:], torch.tensor(size), torch.zeros(()))
            return self.through(n, layers, result)
        if name in FUNCTIONS:
            return self.through(n, [made_by_call(FUNCTIONS[name], args, options)], result)
        raise NotTaken(instead(name))

    def flowing(self, n: fx.Node) -> fx.Node:
        """The first tensor that a node reads and that comes from the images."""
        return next(source for source in n.all_input_nodes if source in self.flows)

    def summed(self, n: fx.Node) -> list[Route]:
        """The routes of a sum of two tensors."""
        args = operands(n)
        one, other = (self.shapes[arg] for arg in args)
        if one != other:
            raise NotTaken(
                f"it adds shapes {tuple(one[1:])} and {tuple(other[1:])}; use equal ones"
            )
        return [route for arg in args for route in self.flows[arg].routes]

    def scaled(self, n: fx.Node, function: Callable[[Any, Any], Any]) -> list[nn.Module]:
        """The layers of a sum or product with a constant: they map x to scale * x + shift."""
        flowing = self.flowing(n)
        one, other = (arg if arg is flowing else self.value(n, arg) for arg in operands(n))
        at = [torch.full((), x, dtype=torch.float64) for x in (0.0, 1.0, 2.0)]
        y0, y1, y2 = (function(x, other) if one is flowing else function(one, x) for x in at)
        if not torch.allclose(y2 - y1, y1 - y0):
            raise NotTaken("it divides by what comes from the images; use sums and products")
        return self.constant(self.shapes[flowing][1:], y1 - y0, y0)

    def constant(self, shape: Sequence[int], scale: Tensor, shift: Tensor) -> list[nn.Module]:
        """The layers that map x (B, *shape) to scale * x + shift."""
        weight = next(self.original.parameters(), torch.empty(()))
        scale, shift = (by_channel(values, shape) for values in (scale, shift))
        identity = bool((scale == 1).all() and (shift == 0).all())  # such as the 0 + x of sum()
        layers = [] if identity else one_to_one_of_any(shape)
        for conv in (layer for layer in layers if isinstance(layer, nn.Conv2d)):
            conv.weight = nn.Parameter(scale.view_as(conv.weight))
            conv.bias = nn.Parameter(shift)
        return [layer.to(weight) for layer in layers]

    def value(self, n: fx.Node, arg: Any) -> Any:
        """A constant that a node reads: a number, or a tensor independent of the images."""
        if not isinstance(arg, fx.Node) or not isinstance(self.env[arg], Tensor):
            return self.number(n, arg)
        name = name_of(arg)
        if arg.op == "get_attr":
            return self.attribute(str(arg.target))
        if name in MOVES and first_of(arg) not in self.flows:
            return self.value(n, first_of(arg))
        if name not in COMPUTABLE or not is_torchs(arg) or self.flows.keys() & arg.all_input_nodes:
            raise NotTaken(COMPUTED)
        given: Any = (arg.args, arg.kwargs)
        args, options = fx.node.map_arg(given, lambda each: self.value(n, each))
        if arg.op == "call_method":
            return getattr(args[0], str(arg.target))(*args[1:], **options)
        return CONSTANTS.get(name, cast(Callable[..., Any], arg.target))(*args, **options)

    def number(self, n: fx.Node, arg: Any) -> Any:
        """An argument of a node that is no tensor; a computed one is noted for `check_numbers`."""
        if not isinstance(arg, fx.Node):
            return arg
        if not isinstance(self.env[arg], Tensor):
            self.numbers.append((n, arg))
        return self.env[arg]

    def attribute(self, target: str) -> Tensor:
        """The values of a tensor of the module, or of a constant that forward creates."""
        *path, name = target.split(".")
        for module in (self.original, self.module):
            found = getattr(module.get_submodule(".".join(path)), name, None)
            if isinstance(found, Tensor) and not found.is_meta:
                return found.detach().double().cpu()
        raise NotTaken(COMPUTED)

    def through(self, n: fx.Node, layers: Sequence[nn.Module], result: Tensor) -> Flow:
        """The flow of a node's input after these layers, one after the other."""
        before, flow = self.shapes[self.flowing(n)], self.flows[self.flowing(n)]
        for layer in layers:
            if isinstance(layer, MAX_POOLINGS):
                layer = self.instead_of_max(layer)
            activation = as_activation(layer)
            if activation is not None:
                return self.close(n, activation, flow, result.shape)
            if not isinstance(layer, nn.Identity | Dropout):
                if not isinstance(layer, WEIGHTLESS):
                    self.rectify(n, flow, before)
                flow = behind(flow, layer, before)
        return flow

    def rectify(self, n: fx.Node, flow: Flow, shape: Sequence[int]) -> None:
        """Put a ReLU after a sum of two rates, x + relu(conv(x)); it does not change the values."""
        rates = all(
            route.source != IMAGES and all(isinstance(layer, WEIGHTLESS) for layer in route.layers)
            for route in flow.routes
        )
        if len(flow.routes) == 2 and rates and not hasattr(self.stages[-1].neuron, "advance"):
            flow.routes = self.close(n, nn.ReLU(), flow, shape).routes

    def instead_of_max(self, layer: nn.Module) -> nn.Module:
        """Average pooling that replaces max pooling; NotTaken unless `pooling` allows it."""
        if self.pooling is None:
            raise NotTaken(f'{instead(type(layer))}, or pass pooling="average"')
        return averaged(layer)

    def close(self, n: fx.Node, activation: nn.Module, flow: Flow, shape: Sequence[int]) -> Flow:
        """End a stage with an activation, whose input is the current (B, *) of this flow."""
        stage, place = len(self.stages), self.place(n)
        from_last = [route for route in flow.routes if route.source == stage - 1]
        if not from_last:
            raise NotTaken(
                f"it does not read from {self.closing[-1]}, the activation before it; stages "
                "stand in one row with residual sums, and branches side by side do not"
            )
        main = max(from_last, key=lambda route: len(route.layers))
        others = list(flow.routes)
        others.remove(main)
        if len(others) > 1:
            raise NotTaken(
                f"it is the activation of a sum of {len(flow.routes)} parts; a stage adds two, "
                "so put a ReLU behind each sum"
            )
        shortcut = others[0] if others else None
        if shortcut is not None and shortcut.source == IMAGES and stage > 0:
            raise NotTaken(
                "its residual connection starts from the images; start it from neurons, behind "
                "a first convolution and ReLU"
            )
        made = Stage(main.made(), activation)
        if shortcut is not None:
            made.shortcut, made.back = shortcut.made(), stage - 1 - shortcut.source
        self.stages.append(made)
        self.channels.append(shape[1])
        self.closing.append(place)
        return Flow([Route(stage)])

    def finish(self, n: fx.Node, result: Any) -> None:
        """Make the readout from the flow of the output."""
        if not isinstance(result, Tensor):
            kind = type(result).__name__.removeprefix("immutable_")
            raise NotTaken(f"it is a {kind}; return one tensor, the logits (B, K)")
        if result.ndim != 2 or len(result) != BATCH:
            raise NotTaken(
                f"it has shape {tuple(result.shape)} for {BATCH} images of shape "
                f"{self.image_shape}; return logits (B, K), one number per class"
            )
        if not any(source in self.flows for source in n.all_input_nodes):
            raise NotTaken("it does not come from the images; return logits (B, K) that do")
        routes = self.flows[self.flowing(n)].routes
        if not self.stages:
            raise NotTaken(
                "no activation stands before it, so there is nothing to be neurons; "
                "put nn.ReLU() between the layers"
            )
        if len(routes) > 1:
            raise NotTaken("it is a sum; put a ReLU and a Linear behind it")
        if routes[0].source != len(self.stages) - 1:
            raise NotTaken(f"it does not read from {self.closing[-1]}, the last activation")
        self.readout = routes[0].made()


def behind(flow: Flow, layer: nn.Module, before: Sequence[int]) -> Flow:
    """The flow after an affine layer that reads tensors of shape `before`."""
    if type(layer) not in LAYERS:
        raise NotTaken(instead(type(layer)))
    if isinstance(layer, nn.Linear) and len(before) != 2:
        raise NotTaken(
            f"it reads vectors, and gets {tuple(before[1:])}; put nn.Flatten() in front of it"
        )
    if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d) and not layer.track_running_stats:
        raise NotTaken("it keeps no running statistics; train it with track_running_stats=True")
    if isinstance(layer, nn.BatchNorm1d) and len(before) != 2:
        raise NotTaken(
            f"it reads vectors, and gets {tuple(before[1:])}; put nn.Flatten() in front of it, or "
            "use BatchNorm2d for images"
        )
    if len(flow.routes) > 1 and not isinstance(layer, WEIGHTLESS):
        raise NotTaken("it reads a sum; put a ReLU between the sum and the next layer with weights")
    return Flow([Route(route.source, (*route.layers, layer)) for route in flow.routes])


def is_kept(layer: nn.Module) -> bool:
    """Whether a stage holds a copy of this layer, and not another layer that replaces it."""
    replaced = (nn.ReLU, nn.ReLU6, nn.Hardtanh, nn.Identity, *MAX_POOLINGS)
    return type(layer) not in replaced and not isinstance(layer, Dropout)

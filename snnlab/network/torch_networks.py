"""A network of torch as a network of stages: `from_torch`.

The forward of the network is read with `torch.fx`, as a graph of layers and functions, and
walked once with images that have a shape and no values. On the way every tensor is known as a
sum of paths: each a row of affine layers from the images, or from the neurons of a stage. An
activation closes a stage; a path that comes from further back is its residual connection.
"""

from __future__ import annotations

import copy
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import torch
from torch import Tensor, fx, nn

from snnlab.network.layers import one_to_one
from snnlab.network.models import Shape, makers
from snnlab.network.net import ANN, SpikingNet, Stage, StagedNet
from snnlab.network.neurons import MakeLayer, check_given, put_neurons
from snnlab.network.spec import Activation, Architecture
from snnlab.network.torch_graph import (
    first_line,
    graph_of,
    in_place,
    known,
    name_of,
    operands,
    without_values,
)
from snnlab.network.torch_layers import (
    DROPOUTS,
    FUNCTIONS,
    LAYERS,
    MAX_POOLINGS,
    NotTaken,
    as_activation,
    averaged,
    instead,
)
from snnlab.neuron.spec import Neuron, Noise, Surrogate
from snnlab.settings import Count, Valid, checked, quoted

Pooling = Annotated[Literal["average"] | None, Valid(called="pooling")]

BATCH = 2
"""Images that walk through the graph: more than one, so that their axis is not squeezed away."""

IMAGES = -1
"""Where a path starts that does not start from the neurons of a stage."""

SPREAD = (nn.AvgPool2d, nn.AdaptiveAvgPool2d, nn.Flatten, nn.Unflatten)
"""Layers without a constant: of a sum they are the sum of what they make of its parts."""

RESHAPES = {"flatten", "view", "reshape", "squeeze"}
SUMS = {"add", "iadd"}
CONSTANTS: dict[str, Callable[[Any, Any], Any]] = {
    **dict.fromkeys(("add", "iadd"), operator.add),
    **dict.fromkeys(("sub", "isub", "subtract"), operator.sub),
    **dict.fromkeys(("mul", "imul", "multiply"), operator.mul),
    **dict.fromkeys(("truediv", "itruediv", "div", "divide"), operator.truediv),
}
"""Functions of two parts that are affine where one of them is a constant."""

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
    """Take a network of torch with its weights: a copy of it as a row of stages.

    It takes what `torch.fx` can read: rows and blocks of convolutions, linear layers, batch norm,
    average pooling, dropout (nothing in evaluation) and activations, as layers or functions, with
    residual sums: torchvision's VGG and ResNet, any `Sequential`. Logits in evaluation mode are
    those of the module. A layer that is used in several places becomes a copy for each, which
    training may move apart.

    To a spiking network lead three ways: `convert_ann` sets thresholds from images and needs no
    training; activation="spiking" with noise keeps weights and batch norm, clips activations at
    v_th and trains on with one timestep; `with_noise(convert_ann(net, 1, images), noises)` does
    so from thresholds that fit.

    Args:
        module: images (B, C, H, W) in, logits (B, K) out; it stays as it is.
        image_shape: (C, H, W) of the images.
        pooling: "average" puts average pooling in place of max pooling, over the pixels that are
            in the image; None refuses max pooling.
        activation: None keeps those of the module: ReLU, clips from 0 such as ReLU6 and
            Hardtanh(0, 1), `QCFS`, or layers of spiking neurons. "spiking", "relu" or "qcfs" puts
            another in place of each, as in `build`, and keeps the weights.
        neuron, noise, surrogate, levels, layer: of activation="spiking" or "qcfs", see `build`.

    Returns:
        `ANN`, or `SpikingNet` where the activations are spiking neurons, in the mode (training or
        evaluation) and on the device of the module.

    Raises:
        ValueError: what cannot be taken, with its place and what to write instead.

    Example:
        >>> net = from_torch(torchvision.models.vgg11_bn(), (3, 32, 32), pooling="average")
        >>> spiking = convert_ann(net, 64, data.train.first(500))
    """
    checked("pooling", Pooling, pooling)
    checked("activation", Activation | None, activation)
    image_shape = checked("image_shape", tuple[Count, Count, Count], image_shape)
    check_given(neuron, noise, surrogate)
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
    """Raise ValueError for what is no network of torch that is ready to be taken."""
    if isinstance(module, StagedNet):
        raise ValueError(f"this {type(module).__name__} has stages already: use it as it is")
    if isinstance(module, type):
        raise ValueError(
            f"from_torch() takes an nn.Module, got the class {module.__name__}: make one"
        )
    if not isinstance(module, nn.Module):
        raise ValueError(f"from_torch() takes an nn.Module, got {quoted(module)}")
    for name, value in module.named_parameters():
        if isinstance(value, nn.parameter.UninitializedParameter):
            raise ValueError(f"{name!r} has no shape yet: run the module on images once")


@dataclass(frozen=True)
class Route:
    """Affine layers in a row, from the neurons of a stage or from the images."""

    source: int
    """Number of the stage, or `IMAGES`."""
    layers: tuple[nn.Module, ...] = ()
    """In the order in which they run."""

    def made(self) -> nn.Module:
        """Copies of the layers, as one."""
        if not self.layers:
            return nn.Identity()
        return nn.Sequential(*(copy.deepcopy(layer) for layer in self.layers))


@dataclass
class Flow:
    """What a tensor of the graph holds: a sum of routes, which in-place functions change."""

    routes: list[Route]


class Walk(fx.Interpreter):
    """Walks through the graph of a module and collects its stages.

    Args:
        module: what is taken.
        image_shape: (C, H, W).
        pooling: see `from_torch`.

    Raises:
        NotTaken: what has no place in a row of stages.
    """

    def __init__(self, module: nn.Module, image_shape: Shape, pooling: str | None) -> None:
        super().__init__(graph_of(without_values(module)))
        self.extra_traceback = False  # it would be added to our messages
        self.given, self.image_shape, self.pooling = nn.Sequential(module), image_shape, pooling
        self.flows: dict[fx.Node, Flow] = {}
        self.stages: list[Stage] = []
        self.channels: list[int] = []  # C of the currents of each stage
        self.closing: list[str] = []  # place of the activation of each stage
        self.readout: nn.Module = nn.Identity()
        self.run(torch.empty(BATCH, *image_shape, device="meta"))

    def run_node(self, n: fx.Node) -> Any:
        """One step: the result as torch has it, without values, and what flows there."""
        result = self.without_values(n)
        try:
            if n.op == "output":
                self.finish(n, result)
            elif n.op == "placeholder":
                self.flows[n] = Flow([Route(IMAGES)])
            elif any(source in self.flows for source in n.all_input_nodes):
                if isinstance(result, Tensor):
                    self.flows[n] = self.flow(n, result)
                elif any(isinstance(part, Tensor) for part in parts(result)):
                    raise NotTaken(instead(name_of(n)))
        except NotTaken as error:
            raise NotTaken(f"cannot take {self.place(n)}: {error}") from None
        return result

    def without_values(self, n: fx.Node) -> Any:
        """The result of a node for images that have a shape only."""
        given = [self.env[source] for source in n.all_input_nodes]
        if n.op == "call_module" and hasattr(self.fetch_attr(str(n.target)), "advance"):
            return given[0]  # neurons: spikes have the shape of the currents
        try:
            return super().run_node(n)
        except Exception as error:
            shapes = ", ".join(str(tuple(v.shape[1:])) for v in given if isinstance(v, Tensor))
            layer = self.fetch_attr(str(n.target)) if n.op == "call_module" else None
            hint = ""
            if isinstance(layer, nn.Linear) and given[0].ndim > 2:
                hint = "; it reads vectors: put nn.Flatten() in front of it"
            raise NotTaken(
                f"images of shape {self.image_shape} do not fit {self.place(n)}, which gets "
                f"{shapes}: {first_line(error)}{hint}"
            ) from error

    def get_attr(self, *args: Any) -> Any:
        """A tensor of the module, without values."""
        found = super().get_attr(*args)
        return found.to("meta") if isinstance(found, Tensor) else found

    def place(self, n: fx.Node) -> str:
        """Where a node stands, for messages."""
        if n.op == "output":
            return "the output"
        if n.op == "call_module":
            return self.module_place(str(n.target), type(self.fetch_attr(str(n.target))))
        owners = list(n.meta.get("nn_module_stack", {}).values())[1:]
        inside = f" in {self.module_place(*owners[-1])}" if owners else ""
        line = f", {n.meta['line']!r}" if n.meta.get("line") else ""
        return f"{name_of(n)}(){inside}{line}"

    def module_place(self, path: str, kind: type) -> str:
        """A module by its path in the network that was given, and its class."""
        path = path.partition(".")[2]
        return f"{path!r} ({kind.__name__})" if path else kind.__name__

    def flow(self, n: fx.Node, result: Tensor) -> Flow:
        """What flows out of a node; `result` has its shape."""
        name = name_of(n)
        if not known(n):
            raise NotTaken(f"it is not torch's function of that name; {instead(name)}")
        if name in CONSTANTS and sum(arg in self.flows for arg in operands(n)) == 1:
            made = self.through(n, self.scaled(n, CONSTANTS[name]), result)
        elif name in SUMS:
            made = Flow(self.summed(n))
        elif n.op == "call_module":
            layer = self.given.get_submodule(str(n.target))
            shapes = isinstance(layer, nn.Flatten | nn.Unflatten)
            layers = reshaping(self.before(n), result) if shapes else [layer]
            made = self.through(n, layers, result)
        elif name in RESHAPES:
            made = self.through(n, reshaping(self.before(n), result), result)
        elif name == "clone":
            made = Flow(self.flows[n.all_input_nodes[0]].routes)
        elif name == "mean":
            made = self.through(n, averaging(self.before(n), result), result)
        elif name in FUNCTIONS:
            args, options = self.fetch_args_kwargs_from_env(n)
            made = self.through(n, [made_by_call(FUNCTIONS[name], args[1:], options)], result)
        else:
            raise NotTaken(instead(name))
        if in_place(n, self.given):
            changed = self.flows[n.all_input_nodes[0]]
            changed.routes = made.routes
            return changed
        return made

    def before(self, n: fx.Node) -> Tensor:
        """The first tensor that a node reads, without values."""
        return self.env[n.all_input_nodes[0]]

    def summed(self, n: fx.Node) -> list[Route]:
        """The routes of a sum of two tensors."""
        args = operands(n)
        one, other = (self.env[arg].shape for arg in args)
        if one != other:
            raise NotTaken(
                f"it adds shapes {tuple(one[1:])} and {tuple(other[1:])}; use equal ones"
            )
        return [route for arg in args for route in self.flows[arg].routes]

    def scaled(self, n: fx.Node, function: Callable[[Any, Any], Any]) -> list[nn.Module]:
        """The layers of a sum with a constant, or a product: x to scale * x + shift."""
        (flowing,) = (arg for arg in operands(n) if arg in self.flows)
        one, other = (arg if arg is flowing else self.value(arg) for arg in operands(n))
        weight = next(self.given.parameters(), torch.empty(()))
        at = [torch.full((), x, dtype=torch.float64) for x in (0.0, 1.0, 2.0)]
        y0, y1, y2 = (function(x, other) if one is flowing else function(one, x) for x in at)
        if not torch.allclose(y2 - y1, y1 - y0):
            raise NotTaken("it divides by what comes from the images; use sums and products")
        shape = self.env[flowing].shape[1:]
        scale, shift = (by_channel(values, shape) for values in (y1 - y0, y0))
        nothing = bool((scale == 1).all() and (shift == 0).all())  # sum() begins with 0
        layers = [] if nothing else one_to_one(shape)
        for conv in (layer for layer in layers if isinstance(layer, nn.Conv2d)):
            conv.weight = nn.Parameter(scale.view_as(conv.weight))
            conv.bias = nn.Parameter(shift)
        return [layer.to(weight) for layer in layers]

    def value(self, arg: Any) -> Any:
        """A constant of the graph: a number, or a tensor that does not come from the images."""
        if not isinstance(arg, fx.Node):
            return arg
        if isinstance(self.env[arg], int | float):
            return self.env[arg]
        if arg.op != "get_attr":
            raise NotTaken(COMPUTED)
        *path, name = str(arg.target).split(".")
        for module in (self.given, self.module):  # which has what forward made without images
            found = getattr(module.get_submodule(".".join(path)), name, None)
            if isinstance(found, Tensor) and not found.is_meta:
                return found.detach().double().cpu()
        raise NotTaken(COMPUTED)

    def through(self, n: fx.Node, layers: Sequence[nn.Module], result: Tensor) -> Flow:
        """What flows out of layers that stand behind one another at a node."""
        before = self.before(n)
        flow = self.flows[n.all_input_nodes[0]]
        for layer in layers:
            if isinstance(layer, MAX_POOLINGS):
                layer = self.instead_of_max(layer)
            activation = as_activation(layer)
            if activation is not None:
                return self.close(n, activation, flow, result)
            if not isinstance(layer, (nn.Identity, *DROPOUTS)):
                flow = behind(flow, layer, before)
        return flow

    def instead_of_max(self, layer: nn.Module) -> nn.Module:
        """Average pooling for max pooling, if that is asked for."""
        if self.pooling is None:
            raise NotTaken(f'{instead(type(layer))}, or pass pooling="average"')
        return averaged(layer)

    def close(self, n: fx.Node, activation: nn.Module, flow: Flow, result: Tensor) -> Flow:
        """End a stage with an activation, on the current that flows into it."""
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
        self.channels.append(result.shape[1])
        self.closing.append(place)
        return Flow([Route(stage)])

    def finish(self, n: fx.Node, result: Any) -> None:
        """Make the readout of what flows into the output."""
        if not isinstance(result, Tensor):
            kind = type(result).__name__.removeprefix("immutable_")
            raise NotTaken(f"it is a {kind}; return one tensor, the logits (B, K)")
        if result.ndim != 2 or len(result) != BATCH:
            raise NotTaken(
                f"it has shape {tuple(result.shape)} for {BATCH} images of shape "
                f"{self.image_shape}; return logits (B, K), one number per class"
            )
        routes = self.flows[n.all_input_nodes[0]].routes
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


def behind(flow: Flow, layer: nn.Module, before: Tensor) -> Flow:
    """What flows out of an affine layer that reads tensors like `before`."""
    if type(layer) not in LAYERS:
        raise NotTaken(instead(type(layer)))
    if isinstance(layer, nn.Linear) and before.ndim != 2:
        raise NotTaken(
            f"it reads vectors, and gets {tuple(before.shape[1:])}; put nn.Flatten() in front of it"
        )
    if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d) and not layer.track_running_stats:
        raise NotTaken("it keeps no running statistics; train it with track_running_stats=True")
    if len(flow.routes) > 1 and not isinstance(layer, SPREAD):
        raise NotTaken("it reads a sum; put a ReLU between the sum and the next layer with weights")
    return Flow([Route(route.source, (*route.layers, layer)) for route in flow.routes])


def by_channel(values: Tensor, shape: Sequence[int]) -> Tensor:
    """Constants (C,) that lie over an input (C, *), from a tensor that is laid over it."""
    try:
        laid = torch.broadcast_to(values, (1, *shape))[0].reshape(shape[0], -1)  # (C, positions)
    except RuntimeError:
        raise NotTaken(
            f"its constants {tuple(values.shape)} do not lie over {tuple(shape)}; use one for each "
            "channel"
        ) from None
    if not torch.equal(laid, laid[:, :1].expand_as(laid)):
        raise NotTaken(f"its constants {tuple(values.shape)} differ inside a channel; use one each")
    return laid[:, 0].clone()


def parts(result: Any) -> Sequence[Any]:
    """What a function gave, as a row."""
    return result if isinstance(result, tuple | list) else [result]


def made_by_call(
    make: Callable[..., nn.Module], args: Sequence[Any], options: dict[str, Any]
) -> nn.Module:
    """The layer for a call of a function."""
    options = {name: value for name, value in options.items() if name != "input"}
    try:
        return make(*args, **options)
    except (TypeError, ValueError, RuntimeError) as error:
        raise NotTaken(f"{first_line(error)}; use numbers") from None


def reshaping(before: Tensor, after: Tensor) -> list[nn.Module]:
    """The layers that make the one shape of the other, each image by itself."""
    if before.shape == after.shape:
        return []
    if len(after) != len(before) or after.ndim < 2 or before.numel() != after.numel():
        raise NotTaken(
            f"it makes {tuple(after.shape)} of {tuple(before.shape)}; use nn.Flatten(), which "
            "makes a vector of each image"
        )
    flat: list[nn.Module] = [nn.Flatten()] if before.ndim > 2 else []
    return [*flat, nn.Unflatten(1, tuple(after.shape[1:]))] if after.ndim > 2 else flat


def averaging(before: Tensor, after: Tensor) -> list[nn.Module]:
    """Layers for a mean over height and width."""
    pooled = nn.AdaptiveAvgPool2d(1)
    if before.ndim == 4 and tuple(after.shape) == (*before.shape[:2], 1, 1):
        return [pooled]
    if before.ndim == 4 and tuple(after.shape) == tuple(before.shape[:2]):
        return [pooled, nn.Flatten()]
    raise NotTaken("it is a mean over something else than height and width; use mean((2, 3))")

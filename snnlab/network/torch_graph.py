"""The forward of a module as a graph of layers and functions, read and run by `torch.fx`."""

from __future__ import annotations

import copy
import inspect
import operator
import os
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.nn import functional

from snnlab.network.activations import QCFS
from snnlab.network.models import Shape
from snnlab.network.torch_layers import LAYERS, NotTaken

PLACES = (torch, functional, operator)
"""The modules whose functions are recognised by name."""


def without_values(module: nn.Module) -> nn.Module:
    """A copy in evaluation mode whose tensors have shapes and no values, and so take no memory.

    Raises:
        NotTaken: a module that cannot be copied.
    """
    if isinstance(module, torch.jit.ScriptModule):
        raise NotTaken("a script has no forward that could be read; pass the module it was made of")
    try:
        return copy.deepcopy(module).to("meta").eval().float().requires_grad_(False)
    except Exception as error:  # whatever the classes inside raise
        raise NotTaken(f"{type(module).__name__} cannot be copied: {first_line(error)}") from error


class Traced(fx.Proxy):
    """Represents a tensor while forward is read; distinguishes x += y from x = x + y."""

    def __iadd__(self, other: Any) -> Any:
        return self.changed(operator.iadd, other)

    def __isub__(self, other: Any) -> Any:
        return self.changed(operator.isub, other)

    def __imul__(self, other: Any) -> Any:
        return self.changed(operator.imul, other)

    def __itruediv__(self, other: Any) -> Any:
        return self.changed(operator.itruediv, other)

    def changed(self, function: Callable[[Any, Any], Any], other: Any) -> fx.Proxy:
        """A node that changes this tensor in place."""
        return self.tracer.create_proxy("call_function", function, (self, other), {})


class Reader(fx.Tracer):
    """Reads the forward of a module; a layer of torch or of the kit becomes a single node."""

    proxy_buffer_attributes = True  # computations with buffers become nodes of the graph, too

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        """Whether a call of this module is one node."""
        ours = hasattr(m, "advance") or type(m) in (QCFS, *LAYERS)
        ours = ours or isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d)  # their forward has an if
        return ours or super().is_leaf_module(m, module_qualified_name)

    def proxy(self, node: fx.Node) -> fx.Proxy:
        """The object that represents the result of a node."""
        return Traced(node, self)

    def create_proxy(self, *args: Any, **kwargs: Any) -> fx.Proxy:
        """Note the line of code that a node comes from."""
        proxy = super().create_proxy(*args, **kwargs)
        proxy.node.meta["line"] = users_line(traceback.extract_stack())
        return proxy


def users_line(frames: traceback.StackSummary) -> str:
    """The innermost line inside a forward that is not torch's, as `net.py:7: x = x.exp()`.

    Args:
        frames: the innermost last.
    """
    library = f"{Path(torch.__file__).parent}{os.sep}"  # and not torchvision
    for frame in reversed(frames):
        if (frame.filename, frame.name) == (__file__, graph_of.__name__):
            break
        if not frame.filename.startswith((library, "<eval", __file__)):
            return f"{Path(frame.filename).name}:{frame.lineno}: {frame.line}"
    return ""


def graph_of(module: nn.Module) -> fx.GraphModule:
    """The forward of a module, inside a `Sequential` of its own, as a graph.

    Raises:
        NotTaken: several inputs, or a forward that depends on what is in the images.
    """
    kind = type(module).__name__
    parameters = inspect.signature(module.forward).parameters.values()
    needed = [p.name for p in parameters if p.default is p.empty and p.kind is not p.VAR_KEYWORD]
    if len(needed) != 1:
        raise NotTaken(
            f"the forward of {kind} takes {len(needed)} inputs ({', '.join(needed)}); "
            "a network of stages takes one, the images"
        )
    root, reader = nn.Sequential(module), Reader()
    try:
        return fx.GraphModule(root, reader.trace(root))
    except Exception as error:
        line = users_line(traceback.extract_tb(error.__traceback__))
        said = first_line(error)
        if isinstance(error, fx.proxy.TraceError) or "symbolic" in said:
            said = "what comes from the images has no value and no size yet"
        raise NotTaken(
            f"torch.fx cannot read the forward of {kind}{f' at {line!r}' if line else ''}: "
            f"{said}; write it without if, for, len and assert over what comes from the images "
            "(torch.flatten(x, 1) makes vectors), or make the stages yourself: SpikingNet or ANN "
            "of Stage(layers, activation)"
        ) from error


def first_line(error: Exception) -> str:
    """The first line of an error of torch, without the table that follows."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def operands(n: fx.Node) -> list[Any]:
    """The two parts of a sum or a product."""
    both = [*n.args, *(n.kwargs[name] for name in ("input", "other") if name in n.kwargs)]
    if len(both) != 2 or set(n.kwargs) - {"input", "other"}:
        raise NotTaken(
            f"it has further arguments, {dict(n.kwargs)}; use plain sums and products, such as "
            "x + 2 * y"
        )
    return both


def name_of(n: fx.Node) -> str:
    """The name of the function or method that a node calls, without "_" at the end for in-place."""
    name = n.target if isinstance(n.target, str) else getattr(n.target, "__name__", str(n.target))
    return name if name.startswith("_") else name.rstrip("_")


def first_of(n: fx.Node) -> Any:
    """The first argument of a node."""
    return n.args[0] if n.args else n.kwargs.get("input")


def is_torchs(n: fx.Node) -> bool:
    """Whether a function is one of torch, and not another function of the same name."""
    name = getattr(n.target, "__name__", "")
    return n.op != "call_function" or any(getattr(at, name, None) is n.target for at in PLACES)


class Shapes(fx.Interpreter):
    """Runs the graph of a module on images that have a shape and no values.

    Args:
        graph: graph of a copy without values.
        module: the module that `from_torch` converts, in a `Sequential`.
        image_shape: (C, H, W).

    Raises:
        NotTaken: images that do not fit.
    """

    def __init__(self, graph: fx.GraphModule, module: nn.Module, image_shape: Shape) -> None:
        super().__init__(graph, garbage_collect_values=False)
        self.extra_traceback = False  # else torch adds text to our messages
        self.original, self.image_shape = module, image_shape

    def run_node(self, n: fx.Node) -> Any:
        """Run one node: its result in torch, without values."""
        return self.without_values(n)

    def without_values(self, n: fx.Node) -> Any:
        """The result of a node for images that have a shape only."""
        given = [self.env[source] for source in n.all_input_nodes]
        if n.op == "call_module" and hasattr(self.fetch_attr(str(n.target)), "advance"):
            return given[0]  # neurons: spikes have the shape of the currents
        options = (*n.args[1:], *n.kwargs.values())
        if name_of(n) in {"to", "cpu", "cuda"} and not any(
            isinstance(option, torch.dtype) for option in options
        ):
            return given[0]  # a tensor without values cannot be moved to another device
        try:
            return super().run_node(n)
        except Exception as error:
            shapes = ", ".join(str(tuple(v.shape[1:])) for v in given if isinstance(v, Tensor))
            layer = self.fetch_attr(str(n.target)) if n.op == "call_module" else None
            hint = ""
            if isinstance(layer, nn.Linear) and given[0].ndim > 2:
                hint = "; it reads vectors: put nn.Flatten() in front of it"
            if isinstance(layer, nn.Conv2d) and given[0].shape[1] != layer.in_channels:
                hint = f"; it takes {layer.in_channels} channels"
            raise NotTaken(
                f"images of shape {self.image_shape} do not fit {self.place(n)}, which gets "
                f"{shapes}: {first_line(error)}{hint}"
            ) from error

    def get_attr(self, *args: Any) -> Any:
        """A tensor of the module, without values."""
        found = super().get_attr(*args)
        return found.to("meta") if isinstance(found, Tensor) else found

    def place(self, n: fx.Node) -> str:
        """A node with its place in the module, for messages."""
        if n.op == "output":
            return "the output"
        if n.op == "call_module":
            return self.module_place(str(n.target), type(self.fetch_attr(str(n.target))))
        owners = list(n.meta.get("nn_module_stack", {}).values())[1:]
        inside = f" in {self.module_place(*owners[-1])}" if owners else ""
        line = f", {n.meta['line']!r}" if n.meta.get("line") else ""
        return f"{name_of(n)}(){inside}{line}"

    def module_place(self, path: str, kind: type) -> str:
        """A module by its path in the user's network, and its class."""
        path = path.partition(".")[2]
        return f"{path!r} ({kind.__name__})" if path else kind.__name__


def made_by_call(
    make: Callable[..., nn.Module], args: Sequence[Any], options: dict[str, Any]
) -> nn.Module:
    """The layer that replaces a call of a function."""
    try:
        return make(*args, **options)
    except NotTaken:
        raise
    except (TypeError, ValueError, RuntimeError, AssertionError) as error:
        raise NotTaken(f"{first_line(error)}; use numbers that fit") from None

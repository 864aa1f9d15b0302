"""Which layer of a stage replaces a layer or function of torch, and what to use if none can."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn

from snnlab.network.activations import QCFS, ceiling
from snnlab.network.layers import AFFINE, one_to_one

LAYERS = (*AFFINE, nn.BatchNorm1d, nn.BatchNorm2d)
"""Layers that are allowed between two activations."""

Dropout = nn.modules.dropout._DropoutNd
"""The base class of all layers of dropout."""
MAX_POOLINGS = (nn.MaxPool2d, nn.AdaptiveMaxPool2d)

SUMS = ("add", "iadd")
DIFFERENCES = ("sub", "isub", "subtract")
PRODUCTS = ("mul", "imul", "multiply")
QUOTIENTS = ("div", "truediv", "itruediv", "divide")
"""The names that operators and functions of torch have."""

LARGEST = "the largest rate is not the rate of any one timestep"
OWN_NEURONS = "an activation needs neurons of its own; end a stage with it"
NOT_RATES = "its values are not rates of an IF neuron; use ReLU or QCFS, and train with it"
BY_IMAGE = "it normalises by the image at hand; use BatchNorm2d, whose statistics are constants"

INSTEAD: dict[type[nn.Module] | str, str] = {
    nn.MaxPool2d: f"{LARGEST}; use AvgPool2d",
    nn.FractionalMaxPool2d: f"{LARGEST}; use AvgPool2d",
    nn.SyncBatchNorm: "use the layer nn.BatchNorm2d",
    nn.AdaptiveMaxPool2d: f"{LARGEST}; use AdaptiveAvgPool2d",
    "max_pool2d_with_indices": f"{LARGEST}; use avg_pool2d",
    **dict.fromkeys((nn.ReLU, nn.ReLU6, nn.Hardtanh, QCFS), OWN_NEURONS),
    Dropout: "it does nothing in evaluation; remove it",
    **dict.fromkeys(
        (nn.Softmax, nn.LogSoftmax, nn.Softmax2d),
        "remove it: of logits the largest is the same class, and cross-entropy takes them as they "
        "are",
    ),
    **dict.fromkeys((nn.GroupNorm, nn.LayerNorm, nn.InstanceNorm2d), BY_IMAGE),
    nn.LocalResponseNorm: "it is not affine; use BatchNorm2d, or remove it",
    **dict.fromkeys(
        (nn.ZeroPad2d, "pad"),
        "use padding= of the convolution behind it; a shortcut to more channels is a 1 x 1 "
        "convolution",
    ),
    "getitem": "it takes a part of a tensor, and stages hand on whole ones; a shortcut to fewer "
    "pixels or more channels is a 1 x 1 convolution with a stride",
    "batch_norm": "use the layer nn.BatchNorm2d",
    nn.DataParallel: "pass the network inside it, its attribute module",
    **dict.fromkeys(
        ("cat", "concat", "concatenate", "stack"),
        "stages stand in one row, and a concatenation joins several; use a sum, x + branch(x)",
    ),
    **dict.fromkeys(
        (*PRODUCTS, *QUOTIENTS, "matmul", "bmm", "einsum"),
        "products of activations are not sums of spikes; use sums and layers with weights",
    ),
    **dict.fromkeys(
        (*DIFFERENCES, "neg"),
        "a stage adds its two parts; put the minus into the weights of one of them",
    ),
    **dict.fromkeys(("max", "amax", "maximum"), f"{LARGEST}; use a mean or a sum"),
    "interpolate": "use images of the size that is needed, or AvgPool2d",
}
"""Why a layer or function cannot be converted, and what to use instead; see `instead`."""


class NotTaken(ValueError):
    """A layer or function that no sequence of stages can represent."""


REMOVERS = {
    "torch.nn.utils.prune": 'torch.nn.utils.prune.remove(layer, "weight")',
    "torch.nn.utils.weight_norm": "torch.nn.utils.remove_weight_norm(layer)",
    "torch.nn.utils.spectral_norm": "torch.nn.utils.remove_spectral_norm(layer)",
}
"""How to turn weights that a hook computes into parameters, by the module of the hook's class."""


def instead(kind: type[nn.Module] | str) -> str:
    """Why a layer (by class) or a function (by name) cannot be converted, and what to use."""
    if isinstance(kind, str) and kind not in INSTEAD:
        called = kind.replace("_", "")
        kind = next((cls for cls in classes() if cls.__name__.lower() == called), kind)
    if not isinstance(kind, str):  # a derived class counts as the class of torch it derives from
        if kind.__module__ == "torch.nn.utils.parametrize":
            return "make its weights plain: torch.nn.utils.parametrize.remove_parametrizations()"
        kind = next((base for base in kind.__mro__ if base in (*INSTEAD, *LAYERS)), kind)
    if kind in INSTEAD:
        return INSTEAD[kind]
    if isinstance(kind, str):
        return f"functions that can be taken: {', '.join(sorted((*BY_SHAPE, *FUNCTIONS)))}"
    if kind in LAYERS:
        return f"use the layer nn.{kind.__name__}"
    if kind.__module__ == "torch.nn.modules.activation":
        return NOT_RATES
    names = (layer.__name__ for layer in LAYERS if layer in classes())
    return f"convertible layers: {', '.join(names)}"


def classes() -> Iterator[type[nn.Module]]:
    """All classes in `torch.nn`."""
    return (found for found in vars(nn).values() if isinstance(found, type))


def max_pool2d(
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> nn.Module:
    """The layer for the function `max_pool2d`, which has its arguments in another order."""
    return nn.MaxPool2d(kernel_size, stride, padding, dilation, return_indices, ceil_mode)


def clamp(min: float | None = None, max: float | None = None) -> nn.Module:
    """`torch.clamp` as an activation."""
    if min == 0 and max is None:
        return nn.ReLU()
    return nn.Hardtanh(-math.inf if min is None else min, math.inf if max is None else max)


def dropout(p: float = 0.5, training: bool = True, inplace: bool = False) -> nn.Module:
    """Dropout that is off in evaluation, so an identity.

    Raises:
        NotTaken: it also drops in evaluation.
    """
    if training and p > 0:
        raise NotTaken("it drops in evaluation, too; write training=self.training")
    return nn.Identity()


FUNCTIONS: dict[str, Callable[..., nn.Module]] = {
    "relu": lambda inplace=False: nn.ReLU(),
    "relu6": lambda inplace=False: nn.ReLU6(),
    "hardtanh": lambda min_val=-1.0, max_val=1.0, inplace=False: nn.Hardtanh(min_val, max_val),
    "clamp": clamp,
    "clip": clamp,
    "avg_pool2d": nn.AvgPool2d,
    "adaptive_avg_pool2d": nn.AdaptiveAvgPool2d,
    "max_pool2d": max_pool2d,
    "adaptive_max_pool2d": nn.AdaptiveMaxPool2d,
    "clamp_min": lambda min: clamp(min),
    "dropout": lambda p=0.5, training=True, inplace=False, train=None: dropout(
        p, training if train is None else train
    ),
    "dropout2d": dropout,
    "alpha_dropout": lambda p=0.5, training=False, inplace=False: dropout(p, training),
}
"""Makes the layer that replaces a function, from the arguments after the tensor."""

BY_SHAPE = ("add", "sub", "mul", "div", "mean", "sum", "flatten", "view", "reshape", "squeeze")
"""Functions whose layers depend on shapes and constants, see `torch_networks`."""


def averaged(layer: nn.Module) -> nn.Module:
    """Average pooling in place of max pooling, over the same windows.

    Max pooling pads with minus infinity, so the padding never counts. The mean ignores it, too: it
    is taken over the pixels of the image only (`count_include_pad=False`).

    Raises:
        NotTaken: windows with gaps, or a layer that also returns indices.
    """
    if layer.return_indices:
        raise NotTaken("a mean has no index; use return_indices=False")
    if isinstance(layer, nn.AdaptiveMaxPool2d):
        return nn.AdaptiveAvgPool2d(layer.output_size)
    assert isinstance(layer, nn.MaxPool2d)
    if layer.dilation not in (1, (1, 1)):
        raise NotTaken(f"average pooling has no dilation, got {layer.dilation}; use dilation=1")
    return nn.AvgPool2d(
        layer.kernel_size, layer.stride, layer.padding, layer.ceil_mode, count_include_pad=False
    )


def as_activation(layer: nn.Module) -> nn.Module | None:
    """The activation of a stage for this layer; None: the layer is no activation.

    Raises:
        NotTaken: an activation whose values are no rates.
    """
    if hasattr(layer, "advance") or isinstance(layer, QCFS):
        return copy.deepcopy(layer)
    if type(layer) is nn.ReLU:
        return nn.ReLU()
    if type(layer) in (nn.ReLU6, nn.Hardtanh):
        low, high = cast(nn.Hardtanh, layer).min_val, cast(nn.Hardtanh, layer).max_val
        if (low, high) == (0, math.inf):
            return nn.ReLU()
        if ceiling(layer) is None:
            raise NotTaken(
                f"it clips to {low:g} ... {high:g}, and rates begin at 0; use Hardtanh(0, 1)"
            )
        return nn.ReLU6() if type(layer) is nn.ReLU6 else nn.Hardtanh(0.0, high)
    return None


def one_to_one_of_any(shape: Sequence[int]) -> list[nn.Module]:
    """`one_to_one` for inputs (C, *)."""
    if len(shape) in (1, 3):
        return one_to_one(shape)
    image = (shape[0], math.prod(shape[1:]), 1)  # (C, positions, 1)
    there, back = reshaping((1, *shape), (1, *image)), reshaping((1, *image), (1, *shape))
    return [*there, *one_to_one(image), *back]


def by_channel(values: Tensor, shape: Sequence[int]) -> Tensor:
    """Constants (C,), one per channel, from a tensor that broadcasts to an input (C, *)."""
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
    """The results of a function as a sequence, also if it has only one."""
    return result if isinstance(result, tuple | list) else [result]


def reshaping(before: Sequence[int], after: Sequence[int]) -> list[nn.Module]:
    """The layers that reshape tensors from one shape to another; both begin with B."""
    before, after = tuple(before), tuple(after)
    if before == after:
        return []
    if len(after) < 2 or after[0] != before[0] or math.prod(before) != math.prod(after):
        raise NotTaken(
            f"it makes {after} of {before}; use nn.Flatten(), which makes a vector of each image"
        )
    flat: list[nn.Module] = [nn.Flatten()] if len(before) > 2 else []
    return [*flat, nn.Unflatten(1, after[1:])] if len(after) > 2 else flat


def indexing(index: Any, before: Sequence[int], after: Sequence[int]) -> list[nn.Module]:
    """Layers for an index that selects all elements, such as [:, :, 0, 0] of a single pixel."""
    row = parts(index)
    simple = all(at is None or at is ... or isinstance(at, int | slice) for at in row)
    if not simple or row[0] not in (slice(None), ...) or math.prod(before) != math.prod(after):
        raise NotTaken(instead("getitem"))
    return reshaping(before, after)


def averaging(
    before: Sequence[int],
    after: Sequence[int],
    dim: Any = None,
    keepdim: bool = False,
    dtype: Any = None,
) -> list[nn.Module]:
    """Layers for a mean over height and width, or one of them; see `torch.mean`."""
    image = (*before, 1)[:4]  # (B, C, H, W) of (B, C, H) or (B, C, H, W)
    over = {at % len(before) for at in parts(dim)} if dim is not None else set()
    if len(before) not in (3, 4) or not over or not over <= {2, 3}:
        raise NotTaken("it is a mean over something else than height and width; use mean((2, 3))")
    size = tuple(1 if at in over else image[at] for at in (2, 3))
    back = reshaping((*image[:2], *size), after)
    return [*reshaping(before, image), nn.AdaptiveAvgPool2d(size), *back]

"""A GPU for tests on machines without one: its tensors compute on the CPU, but say `cuda:0`.

As on a GPU, an operation that mixes them with tensors of the CPU is an error, so is a generator of
the other device, and so is `numpy()`. While `recording()`, so is everything that waits for the GPU
or copies to or from it, which a CUDA graph cannot hold. What it cannot show: kernels, rounding,
streams, memory, speed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode, return_and_correct_aliasing
from torch.utils._pytree import tree_leaves, tree_map

from snnlab.neuron.families import table_on_gpu

GPU, CPU = torch.device("cuda:0"), torch.device("cpu")

MOVES = ("_to_copy", "copy_")
"""Operations that may have tensors of both devices."""
ALL_THERE = (
    "cat",
    "stack",
    "_foreach",
    "_fused",
    "convolution",
    "addmm",
    "mm",
    "native_batch_norm",
)
"""Operations (their beginnings) that do not even take a single number from the CPU."""
WAITS = ("_local_scalar_dense", "nonzero", "equal", "masked_select", "bincount", "_unique2")
"""Operations whose result the CPU waits for."""


class Now:
    """What is going on."""

    leaving = False
    """Whether a tensor is being copied to the CPU."""
    recording = False
    """Whether a CUDA graph is being recorded."""


class OnGPU(Tensor):
    """A tensor of the GPU; `held` has its numbers."""

    device = property(lambda self: GPU)
    is_cuda = property(lambda self: True)
    is_cpu = property(lambda self: False)

    @staticmethod
    def __new__(cls, held: Tensor) -> OnGPU:
        # For C++ it is on the CPU: autograd asks CUDA itself about tensors that are not.
        return Tensor._make_wrapper_subclass(
            cls,
            held.shape,
            strides=held.stride(),
            storage_offset=held.storage_offset(),
            dtype=held.dtype,
        )

    def __init__(self, held: Tensor) -> None:
        self.held = held

    def __repr__(self) -> str:
        return f"OnGPU({self.held!r})"

    def cpu(self) -> Tensor:
        before, Now.leaving = Now.leaving, True
        try:
            return torch.ops.aten._to_copy.default(self)
        finally:
            Now.leaving = before

    def to(self, *args: Any, **named: Any) -> Tensor:
        named.pop("copy", None)
        device, dtype, _, layout = torch._C._nn._parse_to(*place_of(*args), **named)
        moved = self if dtype in (None, self.dtype) else self.type(dtype)
        moved = moved if layout is None else moved.contiguous(memory_format=layout)
        return moved.cpu() if device is not None and device.type == "cpu" else moved

    def numpy(self, **_: Any) -> Any:
        raise TypeError("can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu()")

    def __array__(self, *_: Any, **__: Any) -> Any:
        return self.numpy()

    def tolist(self) -> Any:
        return self.cpu().tolist()

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is Tensor.to and not isinstance(args[0], OnGPU):  # to the device of a tensor
            return args[0].to(*place_of(*args[1:]))
        with torch._C.DisableTorchFunctionSubclass():
            return func(*args, **(kwargs or {}))

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return carried_out(func, args, kwargs or {})


def place_of(*args: Any) -> tuple[Any, ...]:
    """The arguments of a method `to`, without a tensor whose device C++ would read."""
    return (args[0].device, args[0].dtype) if args and isinstance(args[0], Tensor) else args


def carried_out(func: Any, args: Any, kwargs: Any) -> Any:
    """An operation on tensors of either device: its result, on the right one."""
    name = func.overloadpacket.__name__
    tensors = [x for x in tree_leaves((args, kwargs)) if isinstance(x, Tensor)]
    there = [x for x in tensors if isinstance(x, OnGPU)]
    here = [x for x in tensors if not isinstance(x, OnGPU) and not x.is_meta]
    asked = kwargs.get("device")
    to = CPU if asked is None else torch.device(asked)  # the device of ours, as C++ sees it: CPU
    made_there = to.type == "cuda" or bool(there and not Now.leaving and to.type != "meta")
    check_together(func, tensors, there, here)
    if Now.recording:
        crosses = name in MOVES and ((there and here) or Now.leaving or (here and made_there))
        if crosses or name in WAITS:
            raise RuntimeError(f"{func}: operation not permitted when stream is capturing")
    if to.type == "cuda":
        kwargs = {**kwargs, "device": CPU}
    bare_args, bare = tree_map(lambda x: x.held if isinstance(x, OnGPU) else x, (args, kwargs))
    with torch._C._DisableAutocast():
        out = func(*bare_args, **bare)
    if not made_there:
        return out
    if name == "copy_" and not isinstance(args[0], OnGPU):
        return args[0]
    made = tree_map(lambda x: OnGPU(x) if isinstance(x, Tensor) else x, out)
    return return_and_correct_aliasing(func, args, kwargs, made) if there else made


def check_together(func: Any, tensors: list[Any], there: list[Any], here: list[Any]) -> None:
    """Raise RuntimeError for an operation that mixes both devices, as CUDA does."""
    name = func.overloadpacket.__name__
    by_index = name.startswith("index") and isinstance(tensors[0], OnGPU)  # from the CPU: allowed
    if not (there and here) or name in MOVES or by_index:
        return
    into_cpu = name.endswith("_") and not isinstance(tensors[0], OnGPU)
    if any(x.ndim for x in here) or name.startswith(ALL_THERE) or into_cpu:
        shapes = [tuple(x.shape) for x in there], [tuple(x.shape) for x in here]
        raise RuntimeError(
            f"Expected all tensors to be on the same device: {func} got shapes {shapes[0]} on "
            f"cuda:0 and {shapes[1]} on cpu"
        )


class Operations(TorchDispatchMode):
    """Tensors that are made on the GPU, and moved there."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return carried_out(func, args, kwargs or {})


class Generator(torch.Generator):
    """A generator that says which device it is for."""

    device = property(lambda self: self.place)

    def __new__(cls, device: Any = "cpu") -> Generator:
        made = super().__new__(cls)
        made.place = GPU if torch.device(device).type == "cuda" else CPU
        return made


class Generators(TorchFunctionMode):
    """Refuses a generator of one device for numbers on the other."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if (generator := kwargs.get("generator")) is not None:
            asked = kwargs.get("device")
            on_gpu = any(isinstance(x, OnGPU) for x in tree_leaves(args))
            on_gpu = on_gpu if asked is None else torch.device(asked).type == "cuda"
            if generator.device.type != ("cuda" if on_gpu else "cpu"):
                raise RuntimeError(f"{func} got a generator for {generator.device}")
        return func(*args, **kwargs)


class Stream:
    """Order is that of the calls."""

    def wait_stream(self, other: Stream) -> None:
        """Nothing to wait for."""


class Properties:
    """Of the GPU."""

    name, total_memory = "Pretended GPU", 2**34


CUDA: dict[str, Any] = {
    "is_available": lambda: True,
    "is_initialized": lambda: True,
    "device_count": lambda: 1,
    "get_device_name": lambda *_: Properties.name,
    "get_device_properties": lambda *_: Properties,
    "is_bf16_supported": lambda *_: True,
    "_lazy_init": lambda: None,
    "reset_peak_memory_stats": lambda *_: None,
    "memory_allocated": lambda *_: 0,
    "max_memory_allocated": lambda *_: 0,
    "synchronize": lambda *_: None,
    "empty_cache": lambda: None,
    "is_current_stream_capturing": lambda: False,
    "current_stream": lambda *_: Stream(),
    "Stream": Stream,
    "stream": lambda _: nullcontext(),
    "device_of": lambda _: nullcontext(),
}
"""What the block of `pretended_gpu` finds in torch.cuda."""


@contextmanager
def pretended_gpu() -> Iterator[None]:
    """A machine with a GPU, for the code of the block."""
    autocast, to = torch.autocast, nn.Module.to
    with ExitStack() as stack:
        stack.callback(table_on_gpu.cache_clear)  # tables on the pretended GPU
        for name, value in CUDA.items():
            stack.enter_context(patch.object(torch.cuda, name, value))
        stack.enter_context(patch.object(torch, "Generator", Generator))
        moved = patch.object(
            nn.Module, "to", lambda self, *args, **k: to(self, *place_of(*args), **k)
        )
        stack.enter_context(moved)
        # Close to that of CUDA, but for the list of operations that stay in float32.
        mixed = patch.object(
            torch, "autocast", lambda _, *args, **named: autocast("cpu", *args, **named)
        )
        stack.enter_context(mixed)
        torch._C._ensureCUDADeviceGuardSet()
        torch._C._set_only_lift_cpu_tensors(True)
        stack.callback(torch._C._set_only_lift_cpu_tensors, False)
        torch.__future__.set_overwrite_module_params_on_conversion(True)
        stack.callback(torch.__future__.set_overwrite_module_params_on_conversion, False)
        stack.enter_context(Operations())
        stack.enter_context(Generators())
        yield


class Tape:
    """In place of `record_on_gpu`: recording itself does nothing, a replay writes the same tensors.

    What a CUDA graph cannot hold is refused, if it is on the pretended GPU.
    """

    def __init__(self, net: nn.Module) -> None:
        self.net, self.recorded, self.replayed = net, 0, 0

    def __call__(
        self, function: Callable[[], Any], generator: torch.Generator
    ) -> tuple[Any, Callable[[], None]]:
        """What the function gives, and what computes it again."""
        self.recorded += 1
        before = {name: value.clone() for name, value in self.net.state_dict().items()}
        state = generator.get_state()
        out = self.played(function)
        self.net.load_state_dict(before)
        generator.set_state(state)
        gradients = {name: p.grad for name, p in self.net.named_parameters() if p.grad is not None}

        def replay() -> None:
            self.replayed += 1
            for p in self.net.parameters():
                p.grad = None
            for place, value in zip(out, self.played(function), strict=True):
                place.copy_(value)
            for name, p in self.net.named_parameters():
                if name in gradients:
                    p.grad = gradients[name].copy_(p.grad)

        return out, replay

    def played(self, function: Callable[[], Any]) -> Any:
        """Carry out the function as a part of a recording."""
        Now.recording = True
        try:
            return function()
        finally:
            Now.recording = False

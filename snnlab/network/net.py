"""Networks as a row of stages, and the two ways to run one.

A stage is stateless layers (convolution, batch norm, pooling, ...) followed by a layer
of neurons. `SpikingNet` runs the stages over T timesteps, `ANN` once. The real-valued
readout receives the spikes of the last stage; its output is averaged over time.

Time is folded into the batch: stateless layers run once on (T * B, *). The image is
the same at each timestep (direct encoding), so the layers before the first neurons
run once per image. Potentials are passed from call to call as an argument.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

import torch
from torch import Tensor, nn

from snnlab.network.layers import is_affine
from snnlab.network.on_gpu import exact
from snnlab.neuron.fast.kernels import repeat_in_time, sum_over_time
from snnlab.neuron.layer import NeuronLayer
from snnlab.neuron.learned import LearnedThreshold
from snnlab.neuron.own_layer import SpikingLayer, State, require
from snnlab.neuron.tensors import (
    check_device,
    check_finite,
    check_generator,
    described,
    holds_real_numbers,
)
from snnlab.settings import Count, checked, count

Potentials = list[State | None]
"""One `State` per stage: (B, *), or None before the first timestep."""

Fired = tuple[Tensor, State | None]
"""Spikes (T, B, *), and the state after them."""

Runner = Callable[[int, SpikingLayer, Tensor, State | None, torch.Generator | None], Fired]
"""Runs the neurons of a stage: (stage, layer, currents, v, generator) to (spikes, v).

Usually it calls `SpikingLayer.advance`; a probe that records or changes something has its own, see
`probes`.
"""

CHUNK_ELEMENTS = {"cpu": 2**22, "cuda": 2**27, "mps": 2**25}
"""How many currents of the first stage an evaluation holds at once, counting all timesteps.

On the CPU they take 16 MB: larger blocks are returned to the system after use, and to allocate
them again takes longer than the computation.
"""


SINGLE_IMAGE = (
    "batch norm cannot learn from a single image where each channel has a single value: give a "
    "batch of 2 images or more, or call eval()"
)
"""The message for a batch of one image in training."""


def run_neurons(
    stage: int,
    layer: SpikingLayer,
    currents: Tensor,
    v: State | None,
    generator: torch.Generator | None,
) -> Fired:
    """The ordinary `Runner`."""
    return layer.advance(currents, v, generator=generator)


def valid_count(name: str, value: int) -> int:
    """`count`, but a compiled network does not pay for the check of a valid value."""
    return value if type(value) is int and value > 0 else count(name, value)


class Stage(nn.Module):
    """Stateless layers, then neurons; with `shortcut`, a residual connection.

    The current is layers(x), plus shortcut(y) where y is the input that the stage
    `back` places earlier received; a learned threshold divides it.

    Args:
        layers: stateless layers: the same input gives the same output at each timestep.
        neuron: a `SpikingLayer` in a spiking network, an activation function in an ANN.
        shortcut: stateless layers of the residual connection, or None.
        back: how many stages the residual connection spans.
        threshold: the threshold that the neurons learn, or None.
    """

    def __init__(
        self,
        layers: nn.Module,
        neuron: nn.Module,
        shortcut: nn.Module | None = None,
        back: int = 1,
        threshold: LearnedThreshold | None = None,
    ) -> None:
        super().__init__()
        parts: dict[str, Any] = {"layers": layers, "neuron": neuron, "shortcut": shortcut}
        for name, part in parts.items():
            if not isinstance(part, nn.Module) and not (part is None and name == "shortcut"):
                raise ValueError(f"{name} of a stage must be an nn.Module, got {described(part)}")
        self.layers, self.neuron = layers, neuron
        self.shortcut, self.back = shortcut, back
        self.threshold = threshold

    def current(self, inputs: Sequence[Tensor]) -> Tensor:
        """Current into the neurons, (N, *); `inputs` are those of the last stages, (N, *)."""
        try:
            current: Tensor = self.layers(inputs[-1])
        except ValueError as error:
            if self.training and len(inputs[-1]) == 1:
                raise ValueError(SINGLE_IMAGE) from error
            raise
        if self.shortcut is not None:
            current = current + self.shortcut(inputs[-1 - self.back])
        if self.threshold is not None:
            current = self.threshold(current)
        return current


class StagedNet(nn.Module):
    """Stages and a readout; the base class of `SpikingNet` and `ANN`.

    Args:
        stages: in the order in which they run.
        readout: stateless layers from the last stage's output to one number per class.
        image_shape: (C, H, W) of the images it was built for.

    Raises:
        ValueError: a shortcut that starts before the first neurons, or parts of another kind.
    """

    def __init__(
        self, stages: Sequence[Stage], readout: nn.Module, image_shape: tuple[int, int, int]
    ) -> None:
        super().__init__()
        image_shape = checked("image_shape", tuple[Count, Count, Count], image_shape)
        row: Any = stages
        listed = isinstance(row, Sequence | nn.ModuleList)
        if not listed or not all(isinstance(stage, Stage) for stage in row):
            raise ValueError(f"a network is made of a list of Stages, got {described(stages)}")
        if not len(stages):
            raise ValueError(f"a network needs at least one Stage, got {described(stages)}")
        if not isinstance(readout, nn.Module):
            raise ValueError(f"readout must be an nn.Module, got {described(readout)}")
        for i, stage in enumerate(stages):
            if stage.shortcut is not None and not 0 <= stage.back < max(i, 1):
                raise ValueError(
                    f"the shortcut of stage {i} reaches back {stage.back} stages; a shortcut "
                    f"starts from neurons, so valid: 0 to {max(i, 1) - 1}"
                )
        self.stages: Sequence[Stage] = nn.ModuleList(stages)  # type: ignore[assignment]
        self.readout = readout
        self.image_shape = image_shape

    @property
    def reach(self) -> int:
        """How many of the last stages' inputs a stage may read."""
        return 1 + max(stage.back for stage in self.stages)

    def stateless(self) -> Iterator[tuple[str, nn.Module]]:
        """The stateless layers before each layer of neurons, and the readout, with their names."""
        for i, stage in enumerate(self.stages):
            yield f"stages.{i}.layers", stage.layers
            if stage.shortcut is not None:
                yield f"stages.{i}.shortcut", stage.shortcut
        yield "readout", self.readout

    def neuron_layers(self, *abilities: str, needed_by: str = "this") -> list[NeuronLayer]:
        """The neuron layers; ValueError for one that lacks one of the abilities, see `ABILITIES`.

        Their declared type is `NeuronLayer`, which has all abilities; use only those you named.
        """
        for i, stage in enumerate(self.stages):
            require(stage.neuron, *abilities, needed_by=needed_by, stage=i)
        return [cast(NeuronLayer, stage.neuron) for stage in self.stages]

    def taken(self, images: Tensor) -> Tensor:
        """Images (B, C, H, W) in the type of the weights.

        Raises:
            ValueError: another shape, type of number or device than the network takes, or a
                pixel that is not a finite number (in evaluation on a CPU).
        """
        want = ", ".join(map(str, self.image_shape))
        if not isinstance(images, Tensor):
            raise ValueError(
                f"this network takes a tensor of images (B, {want}), got {described(images)}"
            )
        if images.ndim != 4 or tuple(images.shape[1:]) != tuple(self.image_shape):
            raise ValueError(
                f"this network takes images of shape (B, {want}), got {tuple(images.shape)}"
            )
        if not images.is_floating_point() or not holds_real_numbers(images):
            raise ValueError(
                f"this network takes normalised images, floating-point numbers, got "
                f"{described(images)}"
            )
        weight = next(self.parameters(), images)
        check_device("the network", weight, images, "the images")
        if (
            images.is_cpu
            and not self.training
            and not is_traced()
            and not math.isfinite(images.detach().sum())
        ):
            check_finite(images)
        return images if images.dtype == weight.dtype else images.to(weight.dtype)


def is_traced() -> bool:
    """Whether the network is being compiled or exported, and tensors have no values yet."""
    return torch.compiler.is_compiling() or bool(torch.jit.is_tracing())  # type: ignore[attr-defined]


def over_time(current: Tensor, stage: int, timesteps: int) -> Tensor:
    """Currents (T, B, *) of a stage, from (T * B, *); of the first from (B, *), repeated."""
    if stage == 0:
        return repeat_in_time(current, timesteps)
    return current.view(timesteps, current.shape[0] // timesteps, *current.shape[1:])


def fired(result: Any, stage: Stage, currents: Tensor) -> Fired:
    """The result of a stage's neurons; ValueError unless it is spikes and a state."""
    if (
        isinstance(result, tuple)
        and len(result) == 2
        and isinstance(result[0], Tensor)
        and result[0].shape == currents.shape
    ):
        return result
    spikes = result[0] if isinstance(result, tuple) and result else result
    got = tuple(spikes.shape) if isinstance(spikes, Tensor) else type(spikes).__name__
    raise ValueError(
        f"{type(stage.neuron).__name__}.advance must return spikes as a tensor of the shape of the "
        f"currents, {tuple(currents.shape)}, and the state after them; got {got}"
    )


@contextmanager
def evaluating(net: nn.Module) -> Iterator[None]:
    """Run a network in evaluation mode, then put it back into the mode it was in.

    On a GPU its convolutions are `exact`.
    """
    was_training = net.training
    net.eval()
    try:
        with exact:
            yield
    finally:
        net.train(was_training)


class ANN(StagedNet):
    """The network with activation functions instead of spiking neurons: one pass, no time."""

    def forward(self, images: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
        """Logits (B, K) of images (B, C, H, W). The generator is not used."""
        *_, last = self.activations(images)
        return cast(Tensor, self.readout(last))

    def activations(self, images: Tensor) -> Iterator[Tensor]:
        """Yield the activations (B, *) of each stage in turn, for images (B, C, H, W)."""
        inputs = deque([self.taken(images)], maxlen=self.reach)
        for stage in self.stages:
            inputs.append(stage.neuron(stage.current(inputs)))
            yield inputs[-1]


class SpikingNet(StagedNet):
    """The network with spiking neurons.

    Attributes:
        timesteps: T of a call without `timesteps`; 1 until the network is converted.

    Example:
        >>> net = build(Architecture("mlp"), image_shape=(1, 8, 8), classes=10, seed=0)
        >>> logits = net.eval()(torch.rand(5, 1, 8, 8), timesteps=8)  # (5, 10)
    """

    timesteps: int = 1

    def forward(
        self,
        images: Tensor,
        timesteps: int | None = None,
        *,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Logits averaged over time.

        Args:
            images: (B, C, H, W).
            timesteps: T; None: the network's own.
            generator: source of the noise; without one, evaluation mode runs noise-free.

        Returns:
            (B, K).

        Raises:
            ValueError: T below 1, images of another shape, or noise without a generator
                in training mode.
        """
        T = valid_count("timesteps", self.timesteps if timesteps is None else timesteps)
        all_at_once = torch.is_grad_enabled() or torch.compiler.is_compiling()
        chunk = T if all_at_once else None  # a compiled program must fit batches of any size
        summed = T > 1 and is_affine(self.readout)
        total: Any = 0
        for part in self.unroll(images, T, generator=generator, chunk=chunk, summed=summed):
            total = total + part.sum(0)  # (t, B, K) to (B, K)
        return cast(Tensor, total / T)

    def unroll(
        self,
        images: Tensor,
        timesteps: int,
        *,
        generator: torch.Generator | None = None,
        chunk: int | None = None,
        run: Runner = run_neurons,
        summed: bool = False,
    ) -> Iterator[Tensor]:
        """The readout timestep by timestep, in chunks so that memory does not grow with T.

        Args:
            images: (B, C, H, W).
            timesteps: T, at least 1.
            generator: source of the noise.
            chunk: timesteps computed at once; None: as many as `CHUNK_ELEMENTS` allows. With a
                generator 1 counts as 2, as a single noisy step returns no potentials from which
                the next chunk could continue.
            run: runs the neurons of a stage.
            summed: yield the sum over the timesteps of each chunk; an affine readout computes
                it from summed spikes.

        Yields:
            (t, B, K) with t <= chunk, T timesteps in all; (1, B, K) per chunk if summed.
        """
        images, timesteps = self.taken(images), valid_count("timesteps", timesteps)
        if generator is not None:
            check_generator(generator, images)
        first = self.stages[0].current([images])  # (B, *), the same at each timestep
        if chunk is None:
            chunk = max(1, CHUNK_ELEMENTS.get(images.device.type, 2**22) // max(1, first.numel()))
        chunk = max(valid_count("chunk", chunk), 1 if generator is None else 2)
        v: Potentials = [None] * len(self.stages)
        for begin in range(0, timesteps, chunk):
            span = min(chunk, timesteps - begin)
            readout, v = self.advance(
                images, first, span, v, generator=generator, run=run, summed=summed
            )
            yield readout

    def advance(
        self,
        images: Tensor,
        first: Tensor,
        timesteps: int,
        v: Potentials,
        *,
        generator: torch.Generator | None = None,
        run: Runner = run_neurons,
        summed: bool = False,
    ) -> tuple[Tensor, Potentials]:
        """Continue from the potentials v for some timesteps.

        Args:
            images: (B, C, H, W).
            first: current into the neurons of the first stage, (B, *).
            timesteps: number of timesteps.
            v: one entry per stage, see `Potentials`.
            generator, run: as for `unroll`.
            summed: sum the readout over the timesteps, see `unroll`.

        Returns:
            Readout (T, B, K), or (1, B, K) if summed, and the potentials after the last timestep.
        """
        inputs = deque([images], maxlen=self.reach)  # from the first spikes on: (T * B, *)
        after: Potentials = []
        for i, stage in enumerate(self.stages):
            currents = over_time(first if i == 0 else stage.current(inputs), i, timesteps)
            spikes, last = fired(
                run(i, cast(SpikingLayer, stage.neuron), currents, v[i], generator), stage, currents
            )
            after.append(last)
            inputs.append(spikes.flatten(0, 1))  # (T * B, *)
        if summed:
            mean = sum_over_time(spikes) / timesteps  # (B, *)
            return timesteps * self.readout(mean).unsqueeze(0), after
        readout = self.readout(inputs[-1])  # (T * B, K)
        return readout.view(timesteps, images.shape[0], *readout.shape[1:]), after


def check_network(net: Any, needed_by: str, kind: type[StagedNet] = SpikingNet) -> None:
    """Raise ValueError unless a network is of a class, compiled or not.

    Args:
        net: the object to check.
        needed_by: the calling function, for the message.
        kind: `SpikingNet`, `ANN`, or `StagedNet` for both.
    """
    if not isinstance(getattr(net, "_orig_mod", net), kind):
        named = {SpikingNet: "a SpikingNet", ANN: "an ANN"}.get(kind, "a SpikingNet or an ANN")
        raise ValueError(f"{needed_by} needs {named}, got {described(net)}{from_elsewhere(net)}")


def from_elsewhere(net: Any) -> str:
    """The end of a message about a network of torch: how to convert it; else an empty text."""
    if not isinstance(net, nn.Module) or isinstance(net, StagedNet):
        return ""
    return "; make stages of it first: snnlab.from_torch(module, image_shape)"

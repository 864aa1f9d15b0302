"""Write networks as ONNX files for runtimes in browsers, on phones and on servers."""

from __future__ import annotations

import copy
import json
import threading
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch._higher_order_ops import scan

from snnlab import __version__
from snnlab.data.images import Data
from snnlab.exchange.packages import package, written
from snnlab.network.layers import is_affine
from snnlab.network.net import Fired, SpikingNet, StagedNet
from snnlab.neuron.dynamics import first_potential, step
from snnlab.neuron.own_layer import SpikingLayer, State, drop_noise
from snnlab.neuron.spec import Neuron
from snnlab.settings import count, quoted, with_article

OPSET = 18
"""Version of ONNX's operators; runtimes from 2023 on support it."""
EXPORTING = threading.Lock()
"""Held during an export: two threads that trace at once spoil tracing for the whole process."""


def write_onnx(
    net: StagedNet,
    path: str | Path,
    timesteps: int | None = None,
    *,
    data: Data | None = None,
    run: str = "",
) -> None:
    """Write a network to an ONNX file: images (B, C, H, W) in, logits (B, K) out, for any B.

    The T timesteps of a spiking network are inside. Each layer of neurons is one `Scan`, so the
    file does not grow with T; memory does, as all timesteps of a batch are computed together.
    Noise is left out, as in evaluation. Numbers are float32.

    The file's metadata holds `timesteps`, `run`, `snnlab` (our version), and with `data` also
    `classes`, `mean` and `std` as JSON: a pixel p in 0 to 255 of channel c enters as
    (p / 255 - mean[c]) / std[c].

    Args:
        net: spiking network or ANN; it is not changed.
        path: path of the file, usually `name.onnx`; an existing file is replaced.
        timesteps: T of a spiking network; None: `net.timesteps`. An ANN has none.
        data: the data of its training.
        run: id of the run that trained it.

    Raises:
        ValueError: no network of ours, timesteps for an ANN or below 1, layers that ONNX cannot
            describe; the packages `onnx` and `onnxscript` are missing; or the file cannot be
            written.

    Example:
        >>> write_onnx(net, "net.onnx", timesteps=8, data=data)
        >>> onnxruntime.InferenceSession("net.onnx").run(["logits"], {"images": images.numpy()})
    """
    T = timesteps_of(net, timesteps)
    for name in ("onnx", "onnxscript"):
        package(name, "write_onnx()")
    notes: dict[str, Any] = {"timesteps": T, "snnlab": __version__}
    notes |= {"run": run} if run else {}
    if data is not None:
        images = data.train
        notes |= {"classes": data.classes, "mean": images.mean.tolist(), "std": images.std.tolist()}
    with written(path) as partial:
        model = model_of(net, T)
        for name, value in notes.items():
            text = value if isinstance(value, str) else json.dumps(value)
            model.metadata_props.add(key=name, value=text)
        partial.write_bytes(model.SerializeToString())


def timesteps_of(net: StagedNet, asked: int | None) -> int:
    """T of the file, 1 for an ANN; ValueError for invalid timesteps or another object."""
    if not isinstance(net, StagedNet):
        raise ValueError(
            f"write_onnx() takes a SpikingNet or an ANN, got {with_article(type(net))}; "
            "from_torch() makes one of a network of torch"
        )
    if isinstance(net, SpikingNet):
        return net.timesteps if asked is None else count("timesteps", asked)
    if asked is not None:
        raise ValueError(
            f"an ANN runs once and has no timesteps, got timesteps={quoted(asked)}; "
            "convert_ann() gives it some"
        )
    return 1


def model_of(net: StagedNet, timesteps: int) -> Any:
    """The network as an `onnx.ModelProto`."""
    whole: nn.Module = copy.deepcopy(net).cpu().float()
    if isinstance(whole, SpikingNet):
        drop_noise(stage.neuron for stage in whole.stages)
        whole.timesteps = timesteps
        whole = AllTimesteps(whole) if timesteps > 1 else whole
    try:
        with EXPORTING, torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # the exporter about itself
            program = torch.onnx.export(
                whole.eval(),
                (torch.zeros(2, *net.image_shape),),
                input_names=["images"],
                output_names=["logits"],
                dynamic_shapes={"images": {0: "batch"}},
                opset_version=OPSET,
                dynamo=True,
                verbose=False,
            )
    except torch.onnx.OnnxExporterError as error:
        first = str(error.__cause__ or error).strip().splitlines()[0]
        raise ValueError(f"ONNX cannot describe this network: {first}") from error
    assert program is not None
    return program.model_proto


class AllTimesteps(nn.Module):
    """A spiking network that computes its T timesteps together, neurons as `Scan`."""

    def __init__(self, net: SpikingNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, images: Tensor) -> Tensor:
        """Logits (B, K) of images (B, C, H, W)."""
        T, summed = self.net.timesteps, is_affine(self.net.readout)
        (readout,) = self.net.unroll(images, T, chunk=T, run=as_scan, summed=summed)
        return readout.sum(0) / T  # (1 or T, B, K) to (B, K)


def as_scan(
    stage: int,
    layer: SpikingLayer,
    currents: Tensor,
    v: State | None,
    generator: torch.Generator | None,
) -> Fired:
    """A `Runner` with one `Scan` for all timesteps, if their constants alone define the neurons."""
    neuron = getattr(layer, "neuron", None)
    if not isinstance(neuron, Neuron):  # a user's own neurons run timestep by timestep
        return layer.advance(currents, v, generator=generator)

    def once(v: Tensor, current: Tensor) -> tuple[Tensor, Tensor]:
        now = step(v, current, neuron)
        return now.v, now.spikes

    last, spikes = scan(once, first_potential(currents, neuron), currents)
    return spikes, last

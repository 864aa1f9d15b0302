"""Export the network of a run to a file for other tools: NIR or ONNX."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from snnlab.data.spec import DataError
from snnlab.runs.files import RunError
from snnlab.runs.store import Run
from snnlab.settings import count

if TYPE_CHECKING:
    from snnlab.network.net import ANN

Format = Literal["nir", "onnx"]
NEEDED: dict[Format, tuple[str, ...]] = {"nir": ("nir",), "onnx": ("onnx", "onnxscript")}
"""The formats, and the packages of the extra `exchange` that write each."""


def can_export(to: Format) -> bool:
    """Whether the packages that write the format are installed."""
    return all(find_spec(name) for name in NEEDED[to])


def export_run(
    run: Run, to: Format, path: Path, timesteps: int | None = None
) -> tuple[int | None, list[str]]:
    """Write the trained network of a run to a file; an existing file is replaced.

    Args:
        run: a finished run.
        to: "nir" can hold only spiking networks, so an ANN is exported as its best-practice
            conversion. With "onnx" this is so if timesteps are given, else the ANN is exported.
        path: path of the file.
        timesteps: T inside the ONNX file; None: for a spiking run the highest T at which its
            accuracy was measured. A NIR file has no T.

    Returns:
        T in the file, None for NIR; and notes for users of the file, a sentence each.

    Raises:
        RunError: the run is not finished, or timesteps for NIR.
        DataError: an ANN must be converted, and its training images are not here.
        ValueError: timesteps below 1; what `write_nir` and `write_onnx` refuse.
    """
    if to == "nir" and timesteps is not None:
        raise RunError(
            f"a NIR file says nothing of timesteps, got timesteps {timesteps}; who runs it chooses"
        )
    T = None if timesteps is None else count("timesteps", timesteps)
    net = run.network()
    assert run.config is not None  # else there is no network

    from snnlab.exchange.nir_writing import write_nir
    from snnlab.exchange.onnx_writing import write_onnx
    from snnlab.network.net import SpikingNet
    from snnlab.runs.conversions import best_conversion

    notes = []
    if not isinstance(net, SpikingNet) and (to == "nir" or T is not None):
        T = T or run.config.timesteps
        net = best_conversion(cast("ANN", net), run.data().train, T)
        notes.append("the network is the best-practice conversion of the ANN to spiking neurons")
    if isinstance(net, SpikingNet):
        if to == "nir":
            return None, [*notes, *write_nir(net, path)]
        T = T or run.config.timesteps
    data = None
    try:
        data = run.data()
    except DataError as error:
        notes.append(f"the file lacks mean and std of the images, which are not here: {error}")
    write_onnx(net, path, T, data=data, run=run.id)
    return T or 1, notes

"""The classes that a finished network names for test images, after each number of timesteps."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import streamlit as st

from snnlab.dashboard.groups import config_of
from snnlab.dashboard.kept_archives import check_still_there
from snnlab.data.own_data import check_offered
from snnlab.data.spec import DataError
from snnlab.measure.curve import AccuracyCurve
from snnlab.runs.provenance import changed_images
from snnlab.runs.store import Run

if TYPE_CHECKING:
    from snnlab.data.images import Data, Images
    from snnlab.network.net import SpikingNet

MOST_IMAGES = {"digits": 500, "mnist-5k": 500}
FEW_IMAGES = 128
"""Images that are looked at of other data sets, whose images are larger."""
SIDE = 96
"""Side of an image on a page, in pixels."""


@dataclass(frozen=True)
class Predictions:
    """The predictions for N test images at T = 1 to T_max."""

    pixels: npt.NDArray[np.uint8]
    """(N, C, H, W)."""
    labels: npt.NDArray[np.int64]
    """(N,)."""
    classes: tuple[str, ...]
    """Names of the classes."""
    quiet: npt.NDArray[np.int64]
    """(T_max, N): the classes that the network names without noise."""
    noisy: npt.NDArray[np.int64] | None
    """(T_max, N): the same with the noise of its training; None if it has no noise to keep."""

    def accuracy(self, *, noisy: bool) -> AccuracyCurve:
        """Accuracy by T; empty if the network has no noise to keep."""
        said = self.noisy if noisy else self.quiet
        right = [] if said is None else (100 * (said == self.labels).mean(1)).tolist()
        return AccuracyCurve(right, images=len(self.labels))


def network_and_data(run: Run) -> tuple[SpikingNet, Data]:
    """The network of a finished run with spiking neurons, and its data.

    Raises:
        RunError, DataError: weights or images cannot be read.
        ValueError: not a spiking network.
    """
    from snnlab.data.sources import load_data
    from snnlab.network.net import SpikingNet

    check_still_there(config_of(run).data.name)
    check_offered(config_of(run).data.name)
    net = run.network()
    if not isinstance(net, SpikingNet):
        raise ValueError(
            f"run {run.id!r} is no spiking network: it has no timesteps and no residuals"
        )
    if said := changed_images(config_of(run), run.environment):
        raise DataError(f"{said}: it was not trained for what is there now")
    return net, load_data(**asdict(config_of(run).data))


def first_images(run: Run, data: Data) -> Images:
    """The test images for which predictions are computed."""
    most = MOST_IMAGES.get(config_of(run).data.name, FEW_IMAGES)
    return data.test.first(min(most, len(data.test)))


def stamp(run: Run) -> tuple[str, int]:
    """A cache key that changes when the run is trained anew."""
    result = run.folder.absolute() / "result.json"
    return str(result), result.stat().st_mtime_ns


@st.cache_resource(
    max_entries=40, show_spinner="Looking at test images ...", hash_funcs={Run: stamp}
)
def predictions(run: Run) -> Predictions:
    """The predictions of a finished run, computed once per server; see `network_and_data`."""
    import torch

    from snnlab.data.images import as_picture
    from snnlab.measure.decisions import decisions_of

    net, data = network_and_data(run)
    config = config_of(run)
    images = first_images(run, data)
    quiet, noisy = decisions_of(net, images, config.timesteps), None
    if config.noise_can_stay:
        generator = torch.Generator().manual_seed(config.seed)
        noisy = decisions_of(net, images, config.timesteps, generator=generator)
    return Predictions(
        as_picture(images.pixels).numpy(), images.labels.numpy(), tuple(data.classes), quiet, noisy
    )


def thumbnail(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """An image (C, H, W), enlarged by a whole factor and without smoothing: (H, W, 3)."""
    factor = max(1, SIDE // pixels.shape[1])
    picture = np.repeat(np.repeat(pixels, factor, 1), factor, 2).transpose(1, 2, 0)
    return np.repeat(picture, 3, 2) if picture.shape[2] == 1 else picture

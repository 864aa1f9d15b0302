"""Every test of this folder also checks that the figures leave matplotlib as it was."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import matplotlib as mpl
import pytest
from matplotlib.axes import Axes

from snnlab.show.page import blank_axes

mpl.use("Agg")


def open_figures() -> list[int]:
    """Numbers of the figures that pyplot holds; importing pyplot is not our business here."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    return pyplot.get_fignums() if pyplot else []


@pytest.fixture
def ax() -> Axes:
    return blank_axes()


@pytest.fixture(autouse=True)
def _matplotlib_untouched() -> Iterator[None]:
    settings, figures = dict(mpl.rcParams), open_figures()
    yield
    assert dict(mpl.rcParams) == settings
    assert open_figures() == figures

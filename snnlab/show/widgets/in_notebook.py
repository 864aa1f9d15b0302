"""A module that mounts something, as a widget of JupyterLab."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from anywidget import AnyWidget
from traitlets import Dict, Float

_IN_NOTEBOOK: Final = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")


class Mounted(AnyWidget):
    """What a module mounts, in a notebook.

    Args:
        module: its text.
        mount: its function `mount(element, given, tell, options)`.
        traits: those below, and of any widget.
    """

    given = Dict().tag(sync=True)
    t: Any = Float(0.0).tag(sync=True)
    """Where it rests: the moment of a film, in seconds, or a timestep."""

    def __init__(self, module: str, mount: str, **traits: Any) -> None:
        self._esm = module + _IN_NOTEBOOK.replace("MOUNT", mount)
        super().__init__(**traits)

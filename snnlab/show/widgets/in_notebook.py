"""A widget for JupyterLab that mounts a JavaScript module."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from anywidget import AnyWidget
from traitlets import Dict, Float

_IN_NOTEBOOK: Final = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")


class Mounted(AnyWidget):
    """A part of a page that a JavaScript module draws, as a widget.

    Args:
        module: the text of the module.
        mount: the name of its function `mount(element, given, tell, options)`.
        traits: values of the traits below, and of those of any widget.
    """

    given = Dict().tag(sync=True)
    t: Any = Float(0.0).tag(sync=True)
    """Where it has stopped: the moment of a film in seconds, or a timestep."""

    def __init__(self, module: str, mount: str, **traits: Any) -> None:
        self._esm = module + _IN_NOTEBOOK.replace("MOUNT", mount)
        super().__init__(**traits)

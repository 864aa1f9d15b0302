"""What makes a module that mounts something a widget of JupyterLab."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_IN_NOTEBOOK: Final = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")


def widget_module(module: str, mount: str) -> str:
    """A module for anywidget.

    Args:
        module: the text of a module.
        mount: its function `mount(element, given, tell, options)`.
    """
    return module + _IN_NOTEBOOK.replace("MOUNT", mount)

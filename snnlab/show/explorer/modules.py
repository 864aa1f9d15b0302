"""The scripts of the explorer: files of this folder, joined to one ES module each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent


def joined(*names: str) -> str:
    """One module of several files: each sees the names of all, and none imports another.

    Args:
        names: of the files, in order. A style, `pad.css`, becomes a constant, `PAD_STYLE`.
    """
    return "\n".join(map(script_of, names))


def script_of(name: str) -> str:
    """The text of a file as it stands in a module."""
    path = HERE / name
    text = path.read_text("utf-8")
    if path.suffix != ".css":
        return text
    return f"const {path.stem.upper()}_STYLE = {json.dumps(text)};\n"

"""Where the data of a configuration lies, whatever the working directory. No torch here."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from snnlab.data.spec import CATALOGUE
from snnlab.runs.config import RunConfig


def anchored(config: RunConfig) -> RunConfig:
    """The configuration with absolute paths to its data: it means the same from anywhere."""
    data = config.data
    name = data.name if data.name in CATALOGUE else absolute(data.name)
    root = None if data.root is None else absolute(data.root)
    return replace(config, data=replace(data, name=name, root=root))


def absolute(path: str) -> str:
    """A path from the root of the file system on."""
    return str(Path(path).expanduser().absolute())

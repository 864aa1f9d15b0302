"""The public names: what stands in the index `__init__.pyi` of each room, and where it leads."""

from __future__ import annotations

import ast
import contextlib
import dataclasses
import importlib
import re
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, get_type_hints

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Name:
    """A name in the index of a room."""

    room: str
    """The module that users import it from, such as `snnlab.neuron`."""
    name: str
    source: str
    """The module that holds it, such as `snnlab.neuron.dynamics`."""
    is_module: bool
    """Whether it is itself a module of the room."""

    @property
    def path(self) -> str:
        """What a user writes, in full."""
        return f"{self.room}.{self.name}"

    @property
    def value(self) -> Any:
        """What the name stands for."""
        module = importlib.import_module(self.source)
        return module if self.is_module else getattr(module, self.name)


def rooms() -> list[str]:
    """All modules with an index, in the order in which the guide lists the rooms."""
    guide = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    order = re.findall(r"^\| `(\w+)` \|", guide, re.MULTILINE)
    found = [file.parent.relative_to(ROOT) for file in (ROOT / "snnlab").rglob("__init__.pyi")]
    inside = [folder.parts for folder in found if len(folder.parts) > 1]
    return [".".join(parts) for parts in sorted(inside, key=lambda p: (order.index(p[1]), p))]


def index(room: str) -> list[Name]:
    """The names that a room lists, in its order."""
    file = ROOT.joinpath(*room.split("."), "__init__.pyi")
    names = []
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                source = f"{room}.{node.module or alias.name}"
                names.append(Name(room, alias.name, source, is_module=not node.module))
    return names


def load(room: str) -> ModuleType:
    """The room with each public name in its place, where a file of the same name may stand."""
    module = importlib.import_module(room)
    for name in index(room):
        setattr(module, name.name, name.value)
        if dataclasses.is_dataclass(name.value):
            show_plain_types(name.value)
    return module


def show_plain_types(spec: Any) -> None:
    """Leave out of the types of a dataclass how its fields are checked."""
    for holder in (spec, spec.__init__):
        with contextlib.suppress(NameError):  # imported for type checking only
            holder.__annotations__ = get_type_hints(holder)

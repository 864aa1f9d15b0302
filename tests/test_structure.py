"""The shape of the package: rooms whose imports go one way, and names that say something.

The rooms stand in the order in which they may import: each one only those before it. How long a
file may be is no rule: it holds one idea, which readers judge, and its name says which.
"""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "snnlab"
ROOMS = (
    "settings",  # a file: how a setting is declared and checked
    "neuron",
    "biology",
    "network",
    "data",
    "measure",
    "learning",
    "conversion",
    "exchange",
    "runs",
    "jobs",
    "studies",
    "show",
    "classroom",
    "dashboard",
    "bench",
    "cli",
)
OUTSIDE = {"__init__", "__main__"}  # files of the package that belong to no room
VAGUE = re.compile(r"(^|[/_])(base|common|factory|helpers?|managers?|misc|utils?)([/_.]|$)")
TORCH_FREE = [
    "snnlab",
    "snnlab.settings",
    "snnlab.measure.curve",
    "snnlab.runs.config",
    "snnlab.runs.curves",
    *sorted(f"snnlab.{spec.parent.name}.spec" for spec in PACKAGE.glob("*/spec.py")),
]


class Import(NamedTuple):
    """One imported name, as in `from snnlab.neuron.layer import NeuronLayer`."""

    line: int
    module: str  # snnlab.neuron.layer; for `import x.y` the whole x.y
    name: str | None  # NeuronLayer; None for `import x.y`

    def __str__(self) -> str:
        return f"from {self.module} import {self.name}" if self.name else f"import {self.module}"


def imports(file: Path, package: Path) -> Iterator[Import]:
    """Every import of a file: at its top, inside functions, for type checking, by name."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"), str(file))):
        match node:
            case ast.Import(names=names):
                yield from (Import(node.lineno, alias.name, None) for alias in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                source = absolute(module or "", level, file, package)
                yield from (Import(node.lineno, source, alias.name) for alias in names)
            case ast.Call(
                func=ast.Name(id="import_module" | "__import__")
                | ast.Attribute(attr="import_module"),
                args=[ast.Constant(value=str(module)), *_],
            ):
                yield Import(node.lineno, module, None)


def absolute(module: str, level: int, file: Path, package: Path) -> str:
    """The full name of a module that is named relative to a file, one dot per level."""
    if level == 0:
        return module
    parents = [package.name, *file.relative_to(package).parts[:-1]]
    return ".".join([*parents[: len(parents) - level + 1], *filter(None, [module])])


def faults(package: Path) -> list[str]:
    """The imports that break the order of the rooms or go through a room's index.

    Each as `file:line: import: what is wrong`.
    """
    return [
        f"{file.relative_to(package.parent)}:{found.line}: {found}: {fault}"
        for file in sorted([*package.rglob("*.py"), *package.rglob("*.pyi")])
        if (room := room_of(file, package)) not in OUTSIDE
        for found in imports(file, package)
        if (fault := fault_of(found, room, is_index=file.suffix == ".pyi", package=package))
    ]


def room_of(file: Path, package: Path) -> str:
    """The room that a file stands in; for a file beside the rooms, its own name."""
    return Path(file.relative_to(package).parts[0]).stem


def fault_of(found: Import, room: str, *, is_index: bool, package: Path) -> str | None:
    """What is wrong with an import by a file of `room`; None if nothing is."""
    parts = found.module.split(".")
    if parts[0] != package.name:
        return None
    if len(parts) == 1:
        if found.name is None or found.name == "*":
            return "hides which room is used; import from the module that has the name"
        parts.append(found.name)
    target = parts[1]
    if target not in ROOMS:
        return None  # a name of the package itself, such as __version__
    if ROOMS.index(target) > ROOMS.index(room):
        return f"{room!r} may import only {', '.join(ROOMS[: ROOMS.index(room) + 1])}"
    if is_index or len(parts) > 2 or (package / target).with_suffix(".py").exists():
        return None
    inside = package / target / (found.name or "")
    if found.name not in {None, target} and (inside.with_suffix(".py").exists() or inside.is_dir()):
        return None
    return f"goes through the index of {target!r}; import from the module that has the name"


def circle_of(package: Path) -> list[str]:
    """Files that import each other in a circle, in its order; none if there is no circle."""
    files = {
        file: ".".join(file.relative_to(package.parent).with_suffix("").parts)
        for file in package.rglob("*.py")
        if file.stem != "__init__"
    }
    graph = {
        name: {
            module
            for found in imports(file, package)
            for module in (found.module, f"{found.module}.{found.name}")
            if module in files.values()
        }
        for file, name in files.items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def python_files() -> list[Path]:
    """The Python files of the repository that people write."""
    folders = [PACKAGE, ROOT / "tests"]
    return sorted([*ROOT.glob("*.py"), *(file for f in folders for file in f.rglob("*.py"))])


def test_imports_go_one_way() -> None:
    found = faults(PACKAGE)
    assert not found, "\n".join(["", *found])


def test_no_files_import_each_other_in_a_circle(tmp_path: Path) -> None:
    assert circle_of(PACKAGE) == []
    package = planted(tmp_path, "neuron/spec.py", "def f():\n    from snnlab.neuron import layer")
    assert circle_of(package) == []
    (package / "neuron" / "layer.py").write_text("from snnlab.neuron.spec import f")
    assert sorted(set(circle_of(package))) == ["snnlab.neuron.layer", "snnlab.neuron.spec"]


@pytest.mark.parametrize(
    ("file", "text", "expected"),
    [
        ("neuron/low.py", "import snnlab.learning.fit", "neuron/low.py:1"),
        ("neuron/low.py", "\nfrom snnlab.network.net import Net", "neuron/low.py:2"),
        ("neuron/low.py", "def f():\n    from snnlab import cli", "neuron/low.py:2"),
        ("neuron/low.py", "from ..network import net", "neuron/low.py:1"),
        ("neuron/low.py", "if TYPE_CHECKING:\n    import snnlab.cli.main", "neuron/low.py:2"),
        ("neuron/low.py", "importlib.import_module('snnlab.cli')", "neuron/low.py:1"),
        ("neuron/deep/low.py", "from ...bench import speed", "neuron/deep/low.py:1"),
        ("neuron/__init__.pyi", "from snnlab.show.plot import plot", "neuron/__init__.pyi:1"),
        ("network/net.py", "import torch, snnlab", "hides which room"),
        ("network/net.py", "from snnlab.neuron import NeuronLayer", "the index of 'neuron'"),
        ("network/net.py", "import snnlab.neuron", "the index of 'neuron'"),
    ],
)
def test_a_planted_import_is_found(tmp_path: Path, file: str, text: str, expected: str) -> None:
    assert [expected in fault for fault in faults(planted(tmp_path, file, text))] == [True]


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("network/net.py", "from snnlab.neuron.layer import NeuronLayer"),
        ("network/net.py", "from snnlab.neuron import layer"),
        ("network/net.py", "import snnlab.neuron.layer, torch.nn"),
        ("network/__init__.pyi", "from .net import Net as Net"),
        ("learning/fit.py", "from snnlab import __version__"),
        ("__init__.pyi", "from . import neuron as neuron, cli as cli"),
    ],
)
def test_a_proper_import_is_let_pass(tmp_path: Path, file: str, text: str) -> None:
    assert faults(planted(tmp_path, file, text)) == []


def planted(folder: Path, file: str, text: str) -> Path:
    """A small package with one file of the given text and the module snnlab/neuron/layer.py."""
    package = folder / "snnlab"
    for name, content in (("neuron/layer.py", ""), (file, text)):
        target = package / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content, encoding="utf-8")
    return package


def test_everything_in_the_package_is_a_known_room() -> None:
    names = {path.stem for path in PACKAGE.iterdir() if any(path.rglob("*.py")) or path.is_file()}
    unknown = names - {*ROOMS, *OUTSIDE, "py"}  # py.typed
    assert not unknown, f"{sorted(unknown)} in snnlab/; the rooms are: {', '.join(ROOMS)}"


def test_every_room_says_what_it_holds() -> None:
    silent = [
        str(file.relative_to(ROOT))
        for file in PACKAGE.glob("**/__init__.py")
        if not ast.get_docstring(ast.parse(file.read_text(encoding="utf-8")))
    ]
    assert not silent, f"no docstring: {', '.join(silent)}"


@pytest.mark.parametrize("room", sorted(f.parent.name for f in PACKAGE.glob("*/__init__.pyi")))
def test_every_name_in_the_index_of_a_room_is_there(room: str) -> None:
    index = importlib.import_module(f"snnlab.{room}")
    missing = []
    for name in index.__all__:
        try:
            getattr(index, name)
        except (AttributeError, ImportError) as error:
            missing.append(f"{name}: {error}")
    assert index.__all__
    assert not missing, "\n".join(missing)


def test_names_of_files_say_what_they_hold() -> None:
    names = [file.relative_to(ROOT).as_posix() for file in python_files()]
    vague = [name for name in names if VAGUE.search(name)]
    assert not vague, f"vague names: {', '.join(vague)}"


@pytest.mark.parametrize("module", TORCH_FREE)
def test_descriptions_load_without_torch(module: str) -> None:
    """The command line builds its help from these, and must answer at once."""
    if not list(ROOT.glob(f"{module.replace('.', '/')}*")):
        pytest.skip(f"{module} is not part of this version")
    script = f"import sys, {module}; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert module in loaded
    assert "torch" not in loaded


def test_the_guide_lists_the_rooms_in_this_order() -> None:
    guide = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rooms = guide.split("## The rooms")[1].split("\n## ")[0]
    assert tuple(re.findall(r"^\| `(\w+)` \|", rooms, re.MULTILINE)) == ROOMS

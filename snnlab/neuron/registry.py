"""The registry of noise families: what stands here is known everywhere, what does not nowhere.

Settings, kernels, closed forms and lists of choices ask it. `register` adds a family of one's own.
The environment variable `SNNLAB_FAMILIES` names modules that do (separated by commas), found as
Python finds modules, or in the working directory. They are imported when a family is asked for that
is not here, or a choice is offered. No torch here.
"""

from __future__ import annotations

import hashlib
import inspect
import os
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from snnlab.neuron.families import DENSITIES, FAMILIES
from snnlab.neuron.family import Density, Family, FamilyError
from snnlab.neuron.own_code import imported

MODULES = "SNNLAB_FAMILIES"


@dataclass(frozen=True)
class Origin:
    """Where a family of one's own comes from."""

    module: str
    """Which registered it."""
    kind: str
    """Its class."""
    folder: str | None
    """That the module is imported from; None: it stands in no file, but in a notebook, say."""
    digest: str | None
    """Twelve hex digits of its source, as it was when it was registered; None: there is none."""


_families: dict[str, Family] = {known.name: known for known in FAMILIES}
_densities: dict[str, Density] = {known.name: known for known in DENSITIES}
_origins: dict[str, Origin] = {}
_imported: set[str] = set()
_lock = threading.RLock()  # whoever asks while another thread imports must wait


def names() -> tuple[str, ...]:
    """The noise families that are registered by now."""
    return tuple(_families)


def without_table() -> tuple[str, ...]:
    """The noise families to choose from where there is no table."""
    load_named()
    return tuple(name for name, known in _families.items() if not known.takes_quantiles)


def shapes() -> tuple[str, ...]:
    """The shapes of surrogates: the families, and densities that are no noise."""
    return (*_families, *_densities)


def family(name: str, quantiles: tuple[float, ...] = ()) -> Family:
    """The noise family of a name, with the table if it takes one.

    Raises:
        FamilyError: there is none.

    Example:
        >>> family("gaussian").cumulative(torch.tensor(0.0))
        tensor(0.5000)
    """
    if name not in _families:
        load_named()
    if name not in _families:
        raise FamilyError(f"unknown noise family {name!r}; valid: {', '.join(names())}")
    found = _families[name]
    return found.bound(quantiles) if quantiles else found


def density(name: str, quantiles: tuple[float, ...] = ()) -> Density:
    """The density of a name: that of a noise family, or one that is no noise.

    Raises:
        FamilyError: there is none.
    """
    found = _densities.get(name)
    return family(name, quantiles) if found is None else found


def register(family: Family) -> None:
    """Make a family of your own known under its name.

    Call it in the module that defines the family: processes that train import that module.

    Args:
        family: is checked, see `family_check.check`. It takes the place of one that the same module
            registered (a cell that is run again), or that a notebook did.

    Raises:
        FamilyError: it is no family, or its name belongs to another.
    """
    from snnlab.neuron.family_check import check

    check(family)
    origin = origin_of(family, sys._getframe(1).f_globals.get("__name__", "__main__"))
    if family.name in shapes():
        there = _origins.get(family.name)
        same = there and (there.module, there.kind) == (origin.module, origin.kind)
        if there is None or not (same or there.folder is None):
            owner = f"module {there.module!r}" if there else "the kit"
            raise FamilyError(f"the name {family.name!r} belongs to a family of {owner}")
    _families[family.name], _origins[family.name] = family, origin


def origin_of(family: Family, module: str) -> Origin:
    """Where a family comes from that a module registers now."""
    kind = type(family)
    places = dict.fromkeys((module, kind.__module__))
    files = {name: getattr(sys.modules.get(name), "__file__", None) for name in places}
    file, digest = files[module], hashlib.sha256()
    try:
        for name in files.values():
            digest.update(Path(name).read_bytes() if name else cell_of(family))
        digest.update(repr(sorted(vars(family).items())).encode())  # of what it was made with
        source = digest.hexdigest()[:12]
    except OSError:
        source = None
    folder = None
    if file and module != "__main__":
        depth = module.count(".") + (Path(file).stem == "__init__")
        folder = str(Path(file).absolute().parents[depth])
    return Origin(module, kind.__qualname__, folder, source)


def cell_of(family: Family) -> bytes:
    """The source of a family that stands in no file; raises OSError if there is none."""
    parts = [
        inspect.getsource(value) if inspect.isfunction(value) else f"{name}={value!r}"
        for name, value in {**vars(type(family)), **vars(family)}.items()
        if inspect.isfunction(value) or not name.startswith("_")
    ]
    return "\n".join(parts).encode()


def origins(wanted: set[str]) -> dict[str, Origin]:
    """Where those of the named families come from that are not the kit's, by name."""
    return {name: _origins[name] for name in sorted(wanted) if name in _origins}


def ask_for(*wanted: object) -> None:
    """Import the modules that the environment variable names, if one of these is not here.

    Raises:
        FamilyError: one cannot be imported.
    """
    if any(isinstance(name, str) and name not in shapes() for name in wanted):
        load_named()


def load_named() -> None:
    """Import the modules that the environment variable names, once.

    Raises:
        FamilyError: one cannot be imported.
    """
    for module in filter(None, map(str.strip, os.environ.get(MODULES, "").split(","))):
        load(module, str(Path.cwd()))


def load(module: str, folder: str) -> None:
    """Import a module that registers families, once; `folder` is where it may be found too.

    Raises:
        FamilyError: it cannot be imported.
    """
    if not all(part.isidentifier() for part in module.split(".")):
        raise FamilyError(f"{MODULES} names modules, as in import my_noise, got {module!r}")
    with _lock:
        if module in _imported:
            return
        _imported.add(module)
        try:
            imported(module, folder)
        except Exception as error:
            _imported.remove(module)
            why = f"{type(error).__name__}: {error}"
            message = f"the module {module!r} of noise families cannot be imported: {why}"
            raise FamilyError(message) from error

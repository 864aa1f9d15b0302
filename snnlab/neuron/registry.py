"""The registry of noise families. Every part of the kit looks families up here by name.

`register` adds a family of your own. The environment variable `SNNLAB_FAMILIES` names modules that
register families (separated by commas); they are searched where Python searches modules, and in the
working directory. The registry imports them when a family is unknown without them, or when the
families to choose from are listed. No torch here.
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

MODULES_VARIABLE = "SNNLAB_FAMILIES"


@dataclass(frozen=True)
class Origin:
    """Where a family that a user registered comes from."""

    module: str
    """The module that registered it."""
    kind: str
    """Its class."""
    folder: str | None
    """From which the module is imported; None: it is in no file but, say, in a notebook."""
    digest: str | None
    """Twelve hex digits of the hash of its source when it was registered; None: no source found."""


_families: dict[str, Family] = {known.name: known for known in FAMILIES}
_densities: dict[str, Density] = {known.name: known for known in DENSITIES}
_origins: dict[str, Origin] = {}
_imported: set[str] = set()
_lock = threading.RLock()  # a second thread waits until the first has imported a module


def names() -> tuple[str, ...]:
    """The noise families that are registered so far."""
    return tuple(_families)


def without_table() -> tuple[str, ...]:
    """The noise families that need no table of quantiles; imports the named modules first."""
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
        family: an object, which `family_check.check` tests first. It replaces a family of its name
            if the same module (a cell that is run again) or a notebook registered that.

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
    """Origins by name, of those among the wanted families that users registered."""
    return {name: _origins[name] for name in sorted(wanted) if name in _origins}


def ask_for(*wanted: object) -> None:
    """Import the modules that the environment variable names, if one of these names is unknown.

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
    for module in filter(None, map(str.strip, os.environ.get(MODULES_VARIABLE, "").split(","))):
        load(module, str(Path.cwd()))


def load(module: str, folder: str) -> None:
    """Import a module that registers families, once; it is also searched in `folder`.

    Raises:
        FamilyError: it cannot be imported.
    """
    if not all(part.isidentifier() for part in module.split(".")):
        raise FamilyError(
            f"{MODULES_VARIABLE} names modules, as in import my_noise, got {module!r}"
        )
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

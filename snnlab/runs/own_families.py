"""Noise families of one's own in runs: part of what made them, and at hand wherever they train."""

from __future__ import annotations

from typing import Any

from snnlab.neuron import registry
from snnlab.neuron.family import FamilyError
from snnlab.neuron.registry import Origin
from snnlab.runs.config import RunConfig


def own_families(config: RunConfig) -> dict[str, Origin]:
    """Where the families in a configuration come from that are not the kit's, by name."""
    noises = (config.noise, config.target_noise, *config.stage_noise)
    return registry.origins({*(noise.family for noise in noises), config.surrogate.shape})


def described(config: RunConfig) -> dict[str, dict[str, str]]:
    """Module and digest of the source of each, by name.

    Raises:
        FamilyError: the source of one cannot be read.
    """
    found = {}
    for name, origin in own_families(config).items():
        if origin.digest is None:
            raise FamilyError(
                f"the source of the noise family {name!r} cannot be read, and it is part of what "
                "makes a run: put the family into a file and import that"
            )
        found[name] = {"module": origin.module, "digest": origin.digest}
    return found


def modules(config: RunConfig) -> list[tuple[str, str]]:
    """The modules that register them, each with the folder to import it from.

    Raises:
        FamilyError: one is in no module that another process can import.
    """
    found = []
    for name, origin in own_families(config).items():
        if origin.folder is None:
            raise FamilyError(
                f"the noise family {name!r} is defined in {origin.module}, where processes that "
                "train cannot find it: put it into a file, say my_noise.py, and import that"
            )
        found.append((origin.module, origin.folder))
    return found


def missing(environment: dict[str, Any]) -> str:
    """What to do about families that a run used and that are not known here; or nothing.

    Args:
        environment: that of the run.
    """
    noted = environment.get("families")
    gone = [
        f"; it used the noise family {name!r} of the module {origin.get('module')!r}: import that "
        f"first, or name it in {registry.MODULES}"
        for name, origin in (noted.items() if isinstance(noted, dict) else ())
        if isinstance(origin, dict) and name not in registry.names()
    ]
    return "".join(gone)

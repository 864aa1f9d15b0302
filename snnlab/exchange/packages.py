"""The packages that read and write the files of other tools, an extra of the kit."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType


def package(name: str, needed_by: str) -> ModuleType:
    """A package of the extra `exchange`.

    Args:
        name: of the module.
        needed_by: what is to be done, for the message.

    Raises:
        ValueError: it is not installed.
    """
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        raise ValueError(
            f'{needed_by} needs the package {error.name}: pip install "snnlab[exchange]"'
        ) from None

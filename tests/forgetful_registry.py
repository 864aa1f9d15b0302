"""A registry of noise families that forgets what a test registers."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from snnlab.neuron import registry


@contextmanager
def forgetful_registry(without: str = "") -> Iterator[None]:
    """Until its end families may be registered and imported; one of them may be missing."""
    with pytest.MonkeyPatch.context() as patch:
        known = {name: kind for name, kind in registry._families.items() if name != without}
        patch.setattr(registry, "_families", known)
        patch.setattr(registry, "_origins", dict(registry._origins))
        patch.setattr(registry, "_imported", set(registry._imported))
        patch.setattr(sys, "path", list(sys.path))
        yield

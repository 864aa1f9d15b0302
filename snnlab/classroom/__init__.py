"""Exercises and their checks: what a student wrote is run, compared and diagnosed."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)

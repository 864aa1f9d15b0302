"""Drawings that explain: what a stage is, what a timestep is, how time folds, how to train."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)

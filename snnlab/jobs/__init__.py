"""Runs that are carried out in processes of their own: a pool of them, a fair queue, the engine."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)

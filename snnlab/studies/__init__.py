"""Many runs that answer a question: races, sweeps, the noise laboratory, the audit."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)

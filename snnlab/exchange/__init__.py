"""Networks in the files of other tools: NIR for simulators and chips, ONNX for runtimes."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)

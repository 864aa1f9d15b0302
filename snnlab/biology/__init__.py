"""The neuron of biology: ion channels, the membrane of Hodgkin and Huxley, and its noise."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)

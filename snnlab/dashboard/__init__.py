"""The Streamlit dashboard: one file for each page; `app.py` at the root only lists them."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)

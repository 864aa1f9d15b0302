"""Settings of Sphinx for the reference; `build.py` beside this file writes the pages."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

import snnlab

project = "snnlab"
author = "The snnlab authors"
project_copyright = author
version = release = snnlab.__version__
extensions = ["sphinx.ext.autodoc", "sphinx.ext.napoleon", "docstrings"]
nitpicky = True  # a name in a docstring that leads nowhere fails the build
root_doc = "index"
language = "en"
smartquotes_action = "D"  # dashes; the quotes of "relu" are what one types

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
add_module_names = False
python_use_unqualified_type_names = True
maximum_signature_line_length = 72
toc_object_entries_show_parents = "hide"
napoleon_numpy_docstring = False
napoleon_use_rtype = False
napoleon_custom_sections = ["Source"]

html_theme = "furo"
html_title = f"snnlab {release}"
html_math_renderer = "mathml"  # see `equations`; needs neither a network nor TeX
html_static_path = [str(Path(__file__).parent / "static")]
html_css_files = ["reference.css"]
html_copy_source = False
html_show_sphinx = False
pygments_style = "friendly"
pygments_dark_style = "native"

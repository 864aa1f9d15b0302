"""Web pages without Python: whether one is being made, and the scripts that it brings once.

Some pictures are alive on a web page as well, without Python and without a network. What several
of them on one page need, such as a library that draws charts, stands once in its head.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from typing import Final

from snnlab.show.charts.closed_forms.piece import PIECE_FILES
from snnlab.show.modules import joined

PAGES: Final = "SNNLAB_WEB_PAGES"
"""Set in the environment while notebooks are run to become web pages, so that kernels know."""
PREDICT_FILES: Final = (
    "elements.js",
    "svg.js",
    "dress.css",
    "predict.css",
    "how_far_off.js",
    "rings.js",
    "overlay.js",
    "predict.js",
)
"""Sketches that can be drawn into, and results that wait for a prediction."""
RECORDED_FILES: Final = ("elements.js", "dress.css", "recorded.css", "recorded.js")
"""Live pictures whose controls choose among recorded frames."""
SIDEWAYS_FILES: Final = ("sideways.js",)
"""Pictures that are wider than the page can be moved by keys, too."""


@cache
def vega() -> str:
    """Vega, Vega-Lite and Vega-Embed, of the version that Altair writes for, without a network.

    Raises:
        ImportError: vl-convert is missing, which brings them.
    """
    import altair as alt

    try:
        import vl_convert
    except ImportError as error:
        raise ImportError(
            "a page with charts that compute by themselves needs Vega, which vl-convert brings: "
            "pip install vl-convert-python"
        ) from error
    version = ".".join(alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2])
    return str(vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;", version))


SCRIPTS: Final[dict[str, Callable[[], str]]] = {
    "vega": vega,
    "live charts": partial(joined, *PIECE_FILES),
    "predict": partial(joined, *PREDICT_FILES),
    "recorded": partial(joined, *RECORDED_FILES),
    "sideways": partial(joined, *SIDEWAYS_FILES),
}
"""Name to the text of a script, an ES module, for pieces of HTML that say `data-needs="name"`; they
stand on the page in this order."""


def for_web_pages() -> bool:
    """Whether what is shown becomes a web page: then it may bring more than JupyterLab needs."""
    return bool(os.environ.get(PAGES))


@contextmanager
def making_web_pages() -> Iterator[None]:
    """Kernels that start inside of this context show everything as web pages need it."""
    before = os.environ.get(PAGES)
    os.environ[PAGES] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[PAGES]
        else:
            os.environ[PAGES] = before


def with_scripts(page: str) -> str:
    """A whole page, with each script that a piece of it needs in its head, once.

    Args:
        page: HTML with a head.
    """
    needed = [text() for name, text in SCRIPTS.items() if f'data-needs="{name}"' in page]
    scripts = "".join(f'<script type="module">\n{script}\n</script>\n' for script in needed)
    return page.replace("</head>", f"{scripts}</head>", 1)

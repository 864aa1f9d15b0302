"""Web pages without Python: whether one is being made, and the scripts in its head.

Some pictures are interactive on a web page as well, without Python and internet access. A script
that several of them need, such as a library for charts, is put into the head of the page once.
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
"""An environment variable that is set while notebooks are run to make web pages."""
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
"""Files for sketches, in which readers predict, and results that are hidden until then."""
RECORDED_FILES: Final = ("elements.js", "dress.css", "recorded.css", "recorded.js")
"""Files for live pictures whose controls choose among recorded frames."""
SIDEWAYS_FILES: Final = ("sideways.js",)
"""Files by which pictures wider than the page can be scrolled with keys."""


@cache
def vega() -> str:
    """Vega, Vega-Lite and Vega-Embed of the version that Altair needs, from a local package.

    Raises:
        ImportError: vl-convert, the package that contains them, is missing.
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
"""Scripts by name, each a function that returns an ES module. A piece of HTML asks for a script by
`data-needs="name"`. They are put on the page in this order."""


def for_web_pages() -> bool:
    """Whether outputs become part of a web page, and may include more than JupyterLab needs."""
    return bool(os.environ.get(PAGES))


@contextmanager
def making_web_pages() -> Iterator[None]:
    """Make kernels that start inside of this context write outputs for web pages."""
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
    """A page with all scripts that its pieces need in its head, each once.

    Args:
        page: HTML with a head.
    """
    needed = [text() for name, text in SCRIPTS.items() if f'data-needs="{name}"' in page]
    scripts = "".join(f'<script type="module">\n{script}\n</script>\n' for script in needed)
    return page.replace("</head>", f"{scripts}</head>", 1)

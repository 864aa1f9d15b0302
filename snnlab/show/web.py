"""Web pages without Python: whether one is being made, and the scripts that it brings once.

Some pictures are alive on a web page as well, without Python and without a network. What several
of them on one page need, such as a library that draws charts, stands once in its head.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Final

from snnlab.show.modules import joined

PAGES: Final = "SNNLAB_WEB_PAGES"
"""Set in the environment while notebooks are run to become web pages, so that kernels know."""


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


def live_charts() -> str:
    """What brings the pieces of `charts.closed_forms.piece` to life."""
    from snnlab.show.charts.closed_forms.piece import PIECE_FILES

    return joined(*PIECE_FILES)


def predict() -> str:
    """What lets the reader of a page predict before the result is shown."""
    from snnlab.show.on_page import PREDICT_FILES

    return joined(*PREDICT_FILES)


def recorded() -> str:
    """What plays the recorded frames of live pictures."""
    from snnlab.show.on_page import RECORDED_FILES

    return joined(*RECORDED_FILES)


def sideways() -> str:
    """What lets keys move pictures that are wider than the page."""
    from snnlab.show.on_page import SIDEWAYS_FILES

    return joined(*SIDEWAYS_FILES)


SCRIPTS: Final[dict[str, Callable[[], str]]] = {
    "vega": vega,
    "live charts": live_charts,
    "predict": predict,
    "recorded": recorded,
    "sideways": sideways,
}
"""Name to the text of a script, an ES module, for pieces of HTML that say `data-needs="name"`; they
stand on the page in this order."""


def for_web_pages() -> bool:
    """Whether what is shown becomes a web page: then it may bring more than JupyterLab needs."""
    return bool(os.environ.get(PAGES))


@contextmanager
def making_web_pages() -> Iterator[None]:
    """Kernels that start meanwhile show what they show for web pages."""
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

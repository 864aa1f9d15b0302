"""Web pages without Python: whether one is being made, and the scripts that it brings once.

Some pictures are alive on a web page as well, without Python and without a network. What several
of them on one page need, such as a library that draws charts, stands once in its head.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

PAGES: Final = "SNNLAB_WEB_PAGES"
"""Set in the environment while notebooks are run to become web pages, so that kernels know."""


def _predict() -> str:
    from snnlab.show.on_page import predict_script

    return predict_script()


def _recorded() -> str:
    from snnlab.show.on_page import recorded_script

    return recorded_script()


SCRIPTS: Final[dict[str, Callable[[], str]]] = {"predict": _predict, "recorded": _recorded}
"""Name to the text of a script, an ES module, for pieces of HTML that say `data-needs="name"`."""


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

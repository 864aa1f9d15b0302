"""Scripts of pages: files joined to one ES module, and pieces of HTML that start one.

They lie in the folders of what they draw. A file has a name of its own among all of these folders,
so that what one of them needs can be taken from another.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

FOLDERS: Final = tuple(
    Path(__file__).parent / name for name in ("explorer", "films", "on_page", "charts/closed_forms")
)
"""Where scripts and styles lie."""


def joined(*names: str) -> str:
    """One module of several files: each sees the names of all, and none imports another.

    Args:
        names: of the files, in order. A style, `pad.css`, becomes a constant, `PAD_STYLE`.
    """
    return "\n".join(map(script_of, names))


def script_of(name: str) -> str:
    """The text of a file as it stands in a module."""
    stem, _, kind = name.rpartition(".")
    if kind != "css":
        return text_of(name)
    return f"const {stem.upper()}_STYLE = {json.dumps(text_of(name))};\n"


def text_of(name: str) -> str:
    """What a file says, wherever it lies."""
    path = next(found for folder in FOLDERS if (found := folder / name).exists())
    return path.read_text("utf-8")


def piece_of_page(module: str, start: str) -> str:
    """A piece of HTML in which a module draws by itself; several of them may stand on one page.

    Args:
        module: its text.
        start: JavaScript that draws in the element `place`; `dark` is whether its page is, or
            null: the browser knows.
    """
    return (
        '<div class="snn-player"></div>\n'
        f'<script type="module">\n{module}\n'
        # scripts run in the order of the page, so that each finds its own place empty
        'const place = document.querySelector(".snn-player:not([data-taken])");\n'
        'place.dataset.taken = "";\n'
        # the page of a notebook says whether it is light; else the browser knows
        "const { jpThemeLight: light } = document.body.dataset;\n"
        'const dark = light ? light === "false" : null;\n'
        f"{start}\n"
        "</script>\n"
    )


def for_script(value: Any) -> str:
    """JSON that may stand inside a script: no "<", so that nothing in it ends the script."""
    return json.dumps(value, ensure_ascii=True).replace("<", "\\u003c")

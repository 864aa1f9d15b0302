"""Scripts of pages: files joined to one ES module, and pieces of HTML that start one.

The files lie in several folders, each with the things it draws. No two of them have the same name,
so that a file is found by its name alone.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

FOLDERS: Final = tuple(
    Path(__file__).parent / name for name in ("explorer", "films", "on_page", "charts/closed_forms")
)
"""Folders of scripts and styles."""


def joined(*names: str) -> str:
    """Join files to one module: each can use the names of all, without imports.

    Args:
        names: of the files, in order. A style such as `pad.css` becomes a constant `PAD_STYLE`.
    """
    return "\n".join(map(script_of, names))


def script_of(name: str) -> str:
    """The text of a file as part of a module."""
    stem, _, kind = name.rpartition(".")
    if kind != "css":
        return text_of(name)
    return f"const {stem.upper()}_STYLE = {json.dumps(text_of(name))};\n"


def text_of(name: str) -> str:
    """The text of a file, in whichever folder it lies."""
    path = next(found for folder in FOLDERS if (found := folder / name).exists())
    return path.read_text("utf-8")


def piece_of_page(module: str, start: str) -> str:
    """A self-contained piece of HTML in which a module draws; a page may have several.

    Args:
        module: the text of the module.
        start: JavaScript that draws in the element `place`. `dark` says whether the page is dark;
            null: as the browser prefers.
    """
    return (
        '<div class="snn-player"></div>\n'
        f'<script type="module">\n{module}\n'
        # scripts run in page order, so each takes the first place that is free
        'const place = document.querySelector(".snn-player:not([data-taken])");\n'
        'place.dataset.taken = "";\n'
        # a page of a notebook declares its theme; otherwise the browser decides
        "const { jpThemeLight: light } = document.body.dataset;\n"
        'const dark = light ? light === "false" : null;\n'
        f"{start}\n"
        "</script>\n"
    )


def for_script(value: Any) -> str:
    """JSON that may stand inside a script: no "<", so that nothing in it ends the script."""
    return json.dumps(value, ensure_ascii=True).replace("<", "\\u003c")

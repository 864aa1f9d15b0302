"""A film: its chapters, its steps, and the data of its scene.

Python computes all data. The scene, a JavaScript file in this folder, draws the picture of any
moment, and `film.js` moves from moment to moment: in a notebook, in the dashboard, and on a web
page without Python and internet access.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from html import escape
from itertools import pairwise
from typing import Any, Final

from snnlab.show.colours import HUES
from snnlab.show.explorer.controls import CONTROL_WORDS, MOUNTED_FILES, colours
from snnlab.show.modules import for_script, joined, piece_of_page
from snnlab.show.web import for_web_pages

KINDS: Final[tuple[str, ...]] = ("idea", "race")
"""All films; the scene of the film "idea" is in `idea.js`, and so on."""
FILM_FILES: Final = (
    *MOUNTED_FILES,
    "film.css",
    "race.css",
    "easing.js",
    "sheet.js",
    "plot.js",
    "clock.js",
    "film.js",
    *(f"{kind}.js" for kind in KINDS),
)
"""Files of the films; `film.js` mounts a film."""
FILM_JS: Final = joined(*FILM_FILES)
"""All films, an ES module with `mountFilm(element, given, tell, options)`."""

WORDS: Final = CONTROL_WORDS | {
    "moment": "Moment of the film",
    "clock": "{now} of {length} s",
    "chapters": "Chapters",
    "keys": (
        "With keys: Space plays and pauses, arrows go from step to step, Home and End to the "
        "beginning and the end."
    ),
}
"""Texts of the controls, the same for every film."""
PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>TITLE</title>
<style>body { margin: 16px; font-family: system-ui, sans-serif; }</style>
</head>
<body>
<main>
FILM</main>
</body>
</html>
"""
"""A page that holds a film and nothing else."""


@dataclass(frozen=True)
class Chapter:
    """A part of a film."""

    at: float
    """The moment in seconds at which it begins; the picture of that moment belongs to it."""
    name: str
    """The label of its button."""
    said: str
    """A sentence or two below the picture while the chapter lasts."""


@dataclass(frozen=True)
class Film:
    """A film that plays wherever it is shown; it never starts by itself.

    Raises:
        ValueError: an unknown kind, a first chapter that does not begin at 0, or chapters or steps
            that are not in rising order.

    Example:
        >>> Path("idea.html").write_text(film.html())
    """

    kind: str
    """One of `KINDS`."""
    title: str
    alt: str
    """The film in words and numbers, for people who cannot see it."""
    length: float
    """Length in seconds at normal speed."""
    chapters: tuple[Chapter, ...]
    steps: tuple[float, ...]
    """Moments in seconds to which the step keys go; with reduced motion only these are shown."""
    scene: Mapping[str, Any]
    """The data of the scene, for JSON."""
    words: Mapping[str, str] = field(default_factory=dict)
    """Texts in the scene."""

    def __post_init__(self) -> None:
        """Check kind, chapters and steps."""
        if self.kind not in KINDS:
            raise ValueError(f"unknown film {self.kind!r}; valid: {', '.join(KINDS)}")
        begins = [chapter.at for chapter in self.chapters]
        if not begins or begins[0] != 0:
            raise ValueError(f"the first chapter must begin at 0, got {begins}")
        for name, moments in {"chapters": begins, "steps": list(self.steps)}.items():
            if not moments or not all(a < b for a, b in pairwise([*moments, self.length + 1e-9])):
                raise ValueError(f"{name} must rise up to the length {self.length}, got {moments}")

    def given(self) -> dict[str, Any]:
        """The input of `mountFilm`, for JSON."""
        return {
            "kind": self.kind,
            "title": self.title,
            "alt": self.alt,
            "length": self.length,
            "chapters": [asdict(chapter) for chapter in self.chapters],
            "steps": list(self.steps),
            "words": {**WORDS, **self.words},
            "colours": colours(*HUES),
            "scene": dict(self.scene),
        }

    def html(self) -> str:
        """A piece of HTML that plays without Python; a page may have several."""
        given = for_script(self.given())
        return piece_of_page(FILM_JS, f"mountFilm(place, {given}, null, {{ dark }});")

    def page(self) -> str:
        """A whole page that plays, to be opened from disk."""
        return PAGE.replace("TITLE", escape(self.title)).replace("FILM", self.html())

    def text(self) -> str:
        """The film in words."""
        return f"Film: {self.title}. {self.alt}"

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """A widget for JupyterLab, HTML with the film for web pages, and the film in words."""
        shown = {"text/plain": self.text(), "text/html": self.html()}
        if for_web_pages():
            return shown, {}
        from snnlab.show.widgets.in_notebook import Mounted

        widget = Mounted(FILM_JS, "mountFilm", given=self.given())
        data, about = widget._repr_mimebundle_(**options) or ({}, {})
        return {**data, **shown}, about

"""A drawing in a notebook: drawn once, it takes the colours of a light or a dark page."""

from __future__ import annotations

import copy
import re
import xml.etree.ElementTree as ElementTree
from html import escape
from io import BytesIO

import matplotlib as mpl
from matplotlib.axes import Axes

from snnlab.show.colours import DARK, LIGHT
from snnlab.show.diagrams.symbols import COLOURS
from snnlab.show.page import whole_figure
from snnlab.show.picture import attach_description
from snnlab.show.style import ONE_AT_A_TIME

_SVG, _LINK = "http://www.w3.org/2000/svg", "{http://www.w3.org/1999/xlink}href"
_WIDEST = 640  # pixels: fits a projector, readable from the last row


def _page_colours() -> str:
    """The colours of a page as variables of CSS, light unless JupyterLab has a dark theme."""
    light = ";".join(f"--{name}:{hue.light}" for name, hue in COLOURS.items())
    dark = ";".join(f"--{name}:{hue.dark}" for name, hue in COLOURS.items())
    return (
        f".snnlab-diagram{{--paper:{LIGHT.paper};{light}}}"
        f'[data-jp-theme-light="false"] .snnlab-diagram{{--paper:{DARK.paper};{dark}}}'
    )


class Diagram:
    """A drawing with its words. A notebook shows the drawing, a terminal the words.

    Attributes:
        figure: of matplotlib, in light colours.
        alt: what the drawing shows, in words and numbers.
        summary: how to read it, the lines below the drawing.

    Example:
        >>> save(timesteps().figure, "timesteps", ["svg", "png", "pdf"])
    """

    def __init__(self, ax: Axes, alt: str, summary: str) -> None:
        self.figure, self.alt, self.summary = whole_figure(ax, "shown"), alt, summary
        attach_description(ax, alt)

    def __repr__(self) -> str:
        return f"{self.summary} {self.alt}"

    def html(self) -> str:
        """The drawing as a self-contained HTML figure without ids, which might clash."""
        return (
            '<figure class="snnlab-diagram" style="margin: 0.5em 0; padding: 0.5em 0; '
            f'background: var(--paper); color: var(--ink)"><style>{_page_colours()}</style>'
            f"{self._svg()}"
            f'<figcaption style="max-width: {_WIDEST}px; padding: 0.4em 0.8em 0.2em; '
            f'font-size: 105%">{escape(self.summary)}</figcaption></figure>'
        )

    _repr_html_ = html

    def _svg(self) -> str:
        """The SVG of matplotlib, without ids and the attributes of a whole page."""
        buffer = BytesIO()
        with ONE_AT_A_TIME, mpl.rc_context({"svg.fonttype": "path"}):  # same width everywhere
            self.figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
        root = ElementTree.fromstring(buffer.getvalue())
        _, _, *size = root.attrib["viewBox"].split()
        drawn = ElementTree.Element(
            "svg",
            {
                "viewBox": f"0 0 {' '.join(size)}",
                "role": "img",
                "aria-label": self.alt,
                "style": f"display: block; width: 100%; max-width: {_WIDEST}px; height: auto; "
                "stroke-linejoin: round; stroke-linecap: butt",
            },
        )
        parts = {part.get("id"): part for part in root.iter() if part.get("id")}
        for group in root.findall(f"{{{_SVG}}}g"):
            drawn.append(_without_references(group, parts))
        for part in drawn.iter():
            part.tag = part.tag.rpartition("}")[2]
            if style := part.get("style"):
                part.set("style", re.sub(r"#[0-9a-f]{6}", _variable, style))
            if path := part.get("d"):  # hundredths of a point are enough
                part.set("d", re.sub(r"\d+\.\d{3,}", lambda n: f"{float(n[0]):.2f}", path))
        return ElementTree.tostring(drawn, encoding="unicode")


def _without_references(
    group: ElementTree.Element, parts: dict[str | None, ElementTree.Element]
) -> ElementTree.Element:
    """A copy without ids, with each reference replaced by the element it refers to."""
    made = ElementTree.Element(group.tag)
    for name, value in group.attrib.items():
        if name not in ("id", "clip-path"):
            made.set("href" if name == _LINK else name, value)
    for part in group:
        if part.tag == f"{{{_SVG}}}defs":
            continue
        if part.tag == f"{{{_SVG}}}use":
            placed = ElementTree.SubElement(made, "g", _place(part))
            placed.append(_without_references(copy.copy(parts[part.attrib[_LINK][1:]]), parts))
        else:
            made.append(_without_references(part, parts))
    return made


def _place(use: ElementTree.Element) -> dict[str, str]:
    """The attributes that place the glyph of a reference."""
    moved = f"translate({use.get('x', '0')} {use.get('y', '0')})"
    return {"transform": use.get("transform", moved)}


def _variable(found: re.Match[str]) -> str:
    """The CSS variable of a colour of the kit; another colour stays as it is."""
    for name, hue in COLOURS.items():
        if found[0] == hue.light.lower():
            return f"var(--{name})"
    return "var(--paper)" if found[0] == LIGHT.paper.lower() else found[0]

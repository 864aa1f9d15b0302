"""Figures as files: the same bytes every time, with a description inside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from xml.sax.saxutils import escape

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from snnlab.data.whole_files import written_whole
from snnlab.show.page import whole_figure
from snnlab.show.picture import describe
from snnlab.show.style import ONE_AT_A_TIME

FORMATS = ("png", "svg", "pdf")
_DPI = 150


def save(
    figure: Axes | Figure,
    path: str | Path,
    formats: Sequence[str] = ("png", "svg"),
    *,
    alt: str | None = None,
) -> list[Path]:
    """Write a figure in each format; the same figure gives the same bytes.

    A figure without a layout of its own is cropped to its contents, so nothing is cut off. The
    description is a text chunk in PNG, `<desc>` in SVG and the subject in PDF. A file
    appears whole or not at all.

    Args:
        figure: an Axes, whose whole figure is saved, or a Figure.
        path: without suffix; its folder is made.
        formats: any of png (150 dpi), svg, pdf.
        alt: description; by default that of `describe`.

    Returns:
        The paths written, in the order of `formats`.

    Raises:
        ValueError: no formats, an unknown one, or an Axes that was removed from its figure.

    Example:
        >>> save(accuracy_against_timesteps(curves, ax=blank_axes()), "runs/demo/accuracy")
        [PosixPath('runs/demo/accuracy.png'), PosixPath('runs/demo/accuracy.svg')]
    """
    unknown = [name for name in formats if name not in FORMATS]
    if isinstance(formats, str) or unknown or not formats:
        raise ValueError(f"formats must be some of {', '.join(FORMATS)}, got {formats!r}")
    whole = whole_figure(figure, "saved")
    text = describe(whole) if alt is None else alt
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    title = _title(whole) or path.name
    with ONE_AT_A_TIME, _layout_at_rest(whole):
        return [
            _write(path.with_name(f"{path.name}.{name}"), _rendered(whole, name, title, text))
            for name in formats
        ]


@contextmanager
def _layout_at_rest(figure: Figure) -> Iterator[None]:
    """Repeat the layout until nothing moves, then fix it, so that all formats are the same."""
    engine = figure.get_layout_engine()
    if engine is None:
        yield
        return
    for _ in range(3):
        engine.execute(figure)
    figure.set_layout_engine("none")
    try:
        yield
    finally:
        figure.set_layout_engine(engine)


def _title(figure: Figure) -> str:
    """The first title in the figure; empty without one."""
    return next(filter(None, (ax.get_title(loc="left") for ax in figure.axes)), "")


def _rendered(figure: Figure, name: str, title: str, text: str) -> bytes:
    metadata: dict[str, dict[str, str | None]] = {
        "png": {"Title": title, "Description": text},
        "svg": {"Title": title, "Description": text, "Date": None},
        "pdf": {"Title": title, "Subject": text, "CreationDate": None},
    }
    buffer = BytesIO()
    with mpl.rc_context({"svg.hashsalt": "snnlab"}):
        figure.savefig(
            buffer,
            format=name,
            dpi=_DPI,
            facecolor="white",
            metadata=metadata[name],
            bbox_inches="tight" if figure.get_layout_engine() is None else None,
        )
    data = buffer.getvalue()
    return _with_desc(data, text) if name == "svg" else data


def _with_desc(svg: bytes, text: str) -> bytes:
    """The SVG with `text` as its `<desc>`, where screen readers look for it."""
    mark = "</title>"
    before, found, after = svg.decode().partition(mark)
    if not found:
        raise RuntimeError("matplotlib wrote an SVG without a title, so it cannot be described")
    desc = f"\n <desc>{escape(text)}</desc>"
    return f"{before}{mark}{desc}{after}".replace("<svg ", '<svg role="img" ', 1).encode()


def _write(path: Path, data: bytes) -> Path:
    with written_whole(path) as partial:
        partial.write_bytes(data)
    return path

"""Live pictures on web pages: the controls choose among frames that were drawn in advance."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from itertools import product
from typing import Any, Final

from ipywidgets import Dropdown, ValueWidget
from PIL import Image

from snnlab.show.modules import for_script
from snnlab.show.picture import Picture
from snnlab.show.widgets.live import LivePicture

_COLOURS: Final = 48  # colours of a recorded picture
_ALL = "The controls have all their positions here."
_SOME = "Recorded for this page: {recorded}. In JupyterLab every value can be chosen."
_SOME_FIXED = "Recorded for this page: {recorded}; {fixed}. In JupyterLab every control moves."


def recording(
    draw: Callable[..., Picture], controls: Mapping[str, ValueWidget], **values: Sequence[Any]
) -> LivePicture:
    """A live picture that web pages show as recorded frames; see `LivePicture` and `recorded`."""
    live = LivePicture(draw, controls, on_page=lambda: recorded(live, **values))
    return live


def recorded(live: LivePicture, **values: Sequence[Any]) -> str:
    """HTML in which the controls of a live picture choose among recorded frames.

    Every frame is drawn as in JupyterLab. A list is recorded with all its options. A slider that is
    not named in `values` keeps its value, and is not on the page.

    Args:
        live: the picture; its controls are not changed.
        values: by name of a slider, the values to record, besides its present one.

    Returns:
        HTML.

    Example:
        >>> LivePicture(draw, controls, on_page=lambda: recorded(live, v_init=(0, 0.5, 1)))
    """
    choices = {name: _choices(control, values.get(name)) for name, control in live.controls.items()}
    frames: list[dict[str, Any]] = []
    places: dict[bytes, int] = {}  # index of each picture, as equal ones are stored once
    for chosen in product(*choices.values()):
        picture = live.drawn(**dict(zip(choices, (value for _, value in chosen), strict=True)))
        frames.append(
            {
                "picture": places.setdefault(small_png(picture.png), len(places)),
                "alt": picture.alt,
                "summary": picture.summary or picture.alt,
            }
        )
    content = {
        "controls": [
            _control(live.controls[name], options)
            for name, options in choices.items()
            if len(options) > 1
        ],
        "pictures": [b64encode(png).decode() for png in places],
        "frames": frames,
        "words": _words(live, choices),
    }
    return (
        '<div class="snn-recorded" data-needs="recorded" data-recorded="">'
        f"{live.still()}"
        f'<script type="application/json">{for_script(content)}</script></div>'
    )


def small_png(png: bytes) -> bytes:
    """The same picture with fewer colours, at a quarter of the size.

    Args:
        png: a picture without transparent parts.
    """
    whole, method = Image.open(BytesIO(png)).convert("RGB"), Image.Quantize.MAXCOVERAGE
    few = whole.quantize(_COLOURS, method, dither=Image.Dither.NONE)
    buffer = BytesIO()
    few.save(buffer, format="png")
    return buffer.getvalue()


def _choices(control: ValueWidget, values: Sequence[Any] | None) -> list[tuple[str, Any]]:
    """The values of a control on the page, as (text, value)."""
    if isinstance(control, Dropdown):
        return list(zip(control._options_labels, control._options_values, strict=True))
    found = sorted({control.value, *(values or ())})
    return [(f"{value:g}", value) for value in found]


def _control(control: ValueWidget, options: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """The data of a control, from which the page makes its own."""
    return {
        "label": control.description,
        "choice": isinstance(control, Dropdown),
        "texts": [text for text, _ in options],
        "at": [value for _, value in options].index(control.value),
    }


def _words(live: LivePicture, choices: dict[str, list[tuple[str, Any]]]) -> str:
    """A sentence on which values of the controls the page has."""
    parts, fixed = [], []
    for name, control in live.controls.items():
        if isinstance(control, Dropdown):
            continue
        texts = [text for text, _ in choices[name]]
        positions = round((control.max - control.min) / control.step) + 1
        if len(texts) == 1 < positions:
            fixed.append(f"{control.description} stays at {texts[0]}")
        elif len(texts) < positions:
            parts.append(f"{control.description} {', '.join(texts)}")
    if fixed:
        return _SOME_FIXED.format(recorded="; ".join(parts) or "the lists", fixed=", ".join(fixed))
    return _SOME.format(recorded="; ".join(parts)) if parts else _ALL

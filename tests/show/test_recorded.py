"""Live pictures as recorded frames of a web page."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from snnlab.show.curves import line_chart
from snnlab.show.picture import picture
from snnlab.show.web import making_web_pages
from snnlab.show.widgets.live import LivePicture, choice, live_axes, slider
from snnlab.show.widgets.recorded import recorded


def rising(**values) -> LivePicture:
    """A line with a slope and an end that can be chosen."""

    def draw(slope: float, offset: int, end: str):
        y = [0, 0 if end == "flat" else slope]
        ax = line_chart([0, 1], {"line": y}, x_label="x", y_label="y", ax=live_axes((5.0, 3.0)))
        return picture(ax, f"It rises by {y[1]:g} from {offset}.")

    live = LivePicture(
        draw,
        {
            "slope": slider("slope", 0.0, 1.0, 0.5, 0.1),
            "offset": slider("offset", 0, 4, 2),
            "end": choice("end", [("as it is", "steep"), ("level", "flat")]),
        },
        on_page=lambda: recorded(live, **values),
    )
    return live


def told(live: LivePicture) -> dict:
    """What a page of it is told."""
    with making_web_pages():
        html = live._repr_mimebundle_()["text/html"]
    assert "<figure" in html  # for readers without scripts
    (data,) = re.findall(r'<script type="application/json">(.*?)</script>', html, re.DOTALL)
    return json.loads(data)


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(png)).convert("RGB")).astype(int)


def test_each_frame_is_what_the_picture_shows_there():
    live = rising(slope=(0.2, 0.8))
    page = told(live)
    slope, end = page["controls"]
    assert slope == {"label": "slope", "choice": False, "texts": ["0.2", "0.5", "0.8"], "at": 1}
    assert end == {"label": "end", "choice": True, "texts": ["as it is", "level"], "at": 0}
    values = [(s, e) for s in (0.2, 0.5, 0.8) for e in ("steep", "flat")]
    assert len(page["frames"]) == len(values)
    for frame, (s, e) in zip(page["frames"], values, strict=True):
        drawn = live.drawn(slope=s, offset=2, end=e)
        assert (frame["alt"], frame["summary"]) == (drawn.alt, drawn.summary)
        kept = pixels(b64decode(page["pictures"][frame["picture"]]))
        assert np.abs(kept - pixels(drawn.png)).mean() < 0.5
    assert live.values == {"slope": 0.5, "offset": 2, "end": "steep"}


def test_equal_pictures_are_there_once():
    page = told(rising(slope=(0.2, 0.8)))
    assert len(page["pictures"]) == 4  # a level line is the same for every slope


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"slope": (0, 1)}, "Recorded for this page: slope 0, 0.5, 1; offset stays at 2."),
        ({"slope": (0, 1), "offset": range(5)}, "Recorded for this page: slope 0, 0.5, 1. In"),
    ],
)
def test_the_page_says_what_it_has(values, words):
    assert told(rising(**values))["words"].startswith(words)


def test_nothing_is_recorded_in_jupyterlab():
    live = rising(slope=(0.2, 0.8))
    html = live._repr_mimebundle_()["text/html"]
    assert "data-recorded" not in html
    assert "In JupyterLab this picture has sliders" in html

"""The stopwatch of the live pictures: it moves every control and times every move."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_type_hints

import pytest

from snnlab.bench.redraw import course_pictures, redraw_times
from snnlab.show import widgets
from snnlab.show.picture import Picture
from snnlab.show.widgets.live import LivePicture, choice, slider

NOTEBOOKS = Path(__file__).resolve().parent.parent.parent / "notebooks"


def counted(drawn):
    """A live picture that notes what it was asked to draw."""

    def draw(x, kind):
        drawn.append((x, kind))
        if kind == "broken":
            raise ValueError("broken")
        return Picture(b"", f"{x} {kind}")

    return lambda kinds: LivePicture(
        draw, {"x": slider("x", 0.0, 1.0, 0.5), "kind": choice("kind", kinds)}
    )


def test_every_control_is_moved_over_its_range_and_back():
    drawn = []
    live = counted(drawn)(["a", "b"])
    found = redraw_times("picture", live)
    assert [x for x, kind in drawn if kind == "a"][:6] == [0.5, 0.0, 0.25, 0.5, 0.75, 1.0]
    assert "b" in {kind for _, kind in drawn}
    assert live.values == {"x": 0.5, "kind": "a"}
    assert found.moves == len(drawn) - 1  # the first is drawn when it is built
    assert 0 < found.median_ms <= found.slowest_ms
    assert found.slowest_control in live.controls


def test_a_picture_that_fails_is_no_quick_picture():
    with pytest.raises(RuntimeError, match="broken"):
        redraw_times("picture", counted([])(["a", "broken"]))


@pytest.mark.slow
def test_every_explorer_of_the_notebooks_is_timed():
    timed = {name for name, _ in course_pictures()}
    for notebook in NOTEBOOKS.glob("*.ipynb"):
        for explorer in re.findall(r"widgets\.(\w+_explorer)", notebook.read_text("utf-8")):
            made = get_type_hints(getattr(widgets, explorer))["return"]
            if issubclass(made, LivePicture):  # the network explorer moves in the browser
                assert f"{notebook.name[:2]} {explorer}" in timed

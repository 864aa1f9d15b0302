"""A bare page with the pad, and what it tells, for tests in a browser."""

from __future__ import annotations

import json
from typing import Any

from snnlab.show.explorer.drawing import PAD_JS, ink_of, pad_given

PAGE = """<!doctype html><meta name="viewport" content="width=device-width">
<style>body {{ font: 16px sans-serif; margin: 16px; background: {paper}; color: {ink} }}</style>
<div id="here"></div><p>Below the pad.</p><div style="height: 1500px"></div>
<script type="module">{js}
window.told = [];
window.pad = mountPad(document.getElementById("here"), {given}, (name, value) =>
  window.told.push([name, value]));
</script>"""


def open_pad(page: Any, **given: Any) -> None:
    """Put the pad on the page."""
    all_given = pad_given(**given)
    colours = all_given["colours"]["dark" if all_given["dark"] else "light"]
    page.set_content(PAGE.format(js=PAD_JS, given=json.dumps(all_given), **colours))
    page.wait_for_function("window.pad")
    page.wait_for_function("document.querySelector('.snn-pad-sheet').width > 1")


def told(page: Any) -> list[Any]:
    """All that the pad has told: pictures, and None for an empty one."""
    found = page.evaluate("window.told")
    assert all(name == "ink" for name, _ in found)
    return [value and ink_of(value) for _, value in found]

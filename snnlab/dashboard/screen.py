"""How pages look and sound: colours of the visitor's theme, charts with words and numbers."""

from __future__ import annotations

import json
from collections.abc import Callable, Sized
from typing import TYPE_CHECKING, Any, Literal

import streamlit as st

from snnlab.show.colours import Palette, palette

if TYPE_CHECKING:
    import pandas as pd

    from snnlab.show.charts.frame import LiveChart

Colour = Literal["gray", "blue", "green", "red", "orange"]
"""Colours of a badge."""
HEIGHT, LINE_OF_LEGEND = 340, 24
"""Height of a chart without its legend, and of a line of the legend, in pixels."""
READ_AT = 8
"""T at which curves are read at first."""
STATES: dict[str, tuple[str, str, Colour]] = {
    "waiting": ("Waiting", ":material/hourglass_empty:", "gray"),
    "running": ("Training", ":material/play_circle:", "blue"),
    "finished": ("Done", ":material/check_circle:", "green"),
    "failed": ("Failed", ":material/error:", "red"),
    "cancelled": ("Cancelled", ":material/cancel:", "orange"),
    "interrupted": ("Interrupted", ":material/pause_circle:", "orange"),
    "damaged": ("Damaged", ":material/broken_image:", "red"),
}
"""Word, icon and colour of each state of a run."""
STYLE = """<style>
.stMainBlockContainer { padding-top: 4.5rem; padding-bottom: 3rem; max-width: 1500px; }
[data-testid="stMetricValue"] { font-variant-numeric: tabular-nums; }
h1 { letter-spacing: -0.01em; }
[data-testid="stCaptionContainer"], [data-testid="stImageCaption"] {
  color: INK !important; opacity: 0.8 !important;
}
[data-testid="stCaptionContainer"] p, [data-testid="stImageCaption"] p {
  color: inherit !important; opacity: 1 !important;
}
[data-testid^="stBaseButton-primary"]:not(:disabled),
[data-tag], [data-tag] * {
  color: ON_PRIMARY !important;
}
[data-testid="stMarkdownContainer"] table { display: block; max-width: 100%; overflow-x: auto; }
[data-testid="stElementContainer"]:has(.stHtml > script:only-child) { display: none; }
[data-testid="stFullScreenFrame"]:has(.stVegaLiteChart, .stImage):not(:hover) .stElementToolbar {
  visibility: hidden;  /* else every chart puts four stops between the keyboard and a slider */
}
[class*="st-key-verdict-"] { min-height: 4.9rem; }
@media (max-width: 640px) {
  [class*="st-key-verdict-"] { min-height: 0; }
  .stMainBlockContainer { padding-left: 1rem; padding-right: 1rem; }
  h1 { font-size: 1.9rem !important; }
}
</style>"""
DECIMALS = 4
"""Decimals of numbers in tables: a screen reader reads out every digit."""
READ_ONCE = """<script>
(() => {
  if (window.readOnce) return;
  const mend = () => {
    for (const icon of document.querySelectorAll("[role=img][aria-label$=' icon']"))
      if (!icon.ariaHidden) icon.ariaHidden = "true";
    for (const slider of document.querySelectorAll("input[aria-label][aria-labelledby]"))
      if (slider.type === "range") slider.removeAttribute("aria-labelledby");
  };
  window.readOnce = new MutationObserver(mend);
  window.readOnce.observe(document.body, {childList: true, subtree: true});
  mend();
})();
</script>"""
"""Without this script a screen reader says "check_circle icon Done" for a badge, and the label of a
slider twice."""
ANNOUNCED = """<script>
(() => {
  const [id, text] = SAID;
  let region = document.getElementById(id);
  if (!region) {
    region = document.createElement("div");
    region.id = id;
    region.setAttribute("role", "status");
    region.setAttribute("aria-live", "polite");
    region.style.cssText = "position:fixed;width:1px;height:1px;clip-path:inset(50%)";
    document.body.append(region);
  }
  if (region.dataset.said === text) return;
  region.dataset.said = text;
  setTimeout(() => { region.textContent = text; }, 200);
  setTimeout(() => { if (region.textContent === text) region.textContent = ""; }, 10000);
})();
</script>"""
"""Lets a screen reader announce a text. The text goes into a region that Streamlit never redraws,
since a screen reader announces only texts that change in an existing region. The region is emptied
afterwards, so that nobody comes across the text a second time."""


def colours() -> Palette:
    """The colours for the theme that the visitor has chosen."""
    return palette(dark=getattr(st.context.theme, "type", None) == "dark")


def heading(title: str, lead: str) -> None:
    """The title of a page and one sentence that says what it is for."""
    here = colours()
    st.html(STYLE.replace("INK", here.ink).replace("ON_PRIMARY", here.on_noise))
    st.html(READ_ONCE, unsafe_allow_javascript=True)
    st.title(title, anchor=False)
    st.markdown(lead)


def warn(text: object, place: Any = st) -> None:
    """Show a warning; of an error, its message."""
    place.warning(escaped(str(text)), icon=":material/info:")


def complain(text: object, place: Any = st) -> None:
    """Show that an action was refused, and why."""
    place.error(escaped(str(text)), icon=":material/error:")


def csv_button(content: str, name: str) -> None:
    """A button that downloads a table as CSV; a click redraws nothing."""
    look: dict[str, Any] = {"on_click": "ignore", "icon": ":material/download:"}
    st.download_button("CSV", content, f"{name}.csv", "text/csv", **look)


def leave_cookie(name: str, value: str, seconds: int) -> None:
    """Let the browser keep a cookie."""
    script = (
        f"document.cookie='{name}={value};max-age={seconds};path=/;samesite=strict'"
        "+(location.protocol==='https:'?';secure':'')"
    )
    st.html(f"<script>{script}</script>", unsafe_allow_javascript=True)


def announce(text: str, *, key: str) -> None:
    """Let a screen reader announce a text that is not visible.

    A text is announced once, when it differs from the last one under the key. So a fragment that is
    drawn every second may call this each time.

    Args:
        text: a sentence; if empty, nothing is announced.
        key: names what is announced, since several things may go on at the same time.

    Example:
        >>> announce("Done: digits, mlp, with noise, seed 0", key="run")
    """
    said = json.dumps([f"announced-{key}", text]).replace("<", "\\u003c")  # cannot end the script
    st.html(ANNOUNCED.replace("SAID", said), unsafe_allow_javascript=True)


def state_badge(state: str, place: Any) -> None:
    """The state of a run, as a badge."""
    word, icon, colour = STATES[state]
    place.badge(word, icon=icon, color=colour)


def fold(label: str, *, key: str, place: Any = st) -> Any:
    """A box that is closed at first; None as long as it is closed.

    Its content should be drawn only once it is open, since a hidden chart costs a browser as
    much as a visible one.
    """
    box = place.expander(label, key=key, on_change="rerun")
    return box if box.open else None


def height_for(names: Sized) -> int:
    """Height of a chart in pixels, given the names in its legend: on a phone each takes a line."""
    return HEIGHT + LINE_OF_LEGEND * len(names)


def show_chart(
    chart: LiveChart, table: Callable[[], pd.DataFrame], *, key: str, place: Any = st
) -> None:
    """A chart, its description for screen readers, and the numbers behind it.

    The description is part of the chart: as `alt=` each button of its toolbar would say it, too.

    Args:
        chart: from the room `show`, with a description.
        table: makes the table of the numbers, one row per point; called when somebody opens it.
        key: of this chart among those of the page.
        place: where the chart is drawn.
    """
    place.vega_lite_chart(
        spec=chart.look | {"datasets": chart.data, "description": chart.description},
        width="stretch",
        height=chart.height,
        key=f"chart-{key}",
    )
    numbers = fold("The numbers", key=f"numbers-{key}", place=place)
    if numbers is not None:
        found = table().round(DECIMALS)
        columns = ", ".join(map(str, found.columns))
        numbers.caption(chart.description)
        numbers.dataframe(
            found, hide_index=True, height=240, key=f"table-{key}", alt=f"The numbers: {columns}"
        )


def escaped(text: str) -> str:
    r"""Text that somebody typed, with every mark of Markdown made harmless.

    Example:
        >>> escaped("a*b")
        'a\\*b'
    """
    marks = set("\\`*_{}[]<>()#+-.!|~$:^&=\"'")
    return "".join(f"\\{mark}" if mark in marks else mark for mark in " ".join(text.split()))

"""Names that a screen reader says for the controls of a live picture.

The sliders of ipywidgets show their name beside them, but do not declare it as their accessible
name. The JavaScript below does so in JupyterLab, and lets screen readers read the summary below a
picture when it changes.
"""

from __future__ import annotations

from ipywidgets import Output, ValueWidget

LIVE = "snnlab-live"
"""The CSS class of every live picture."""

_SCRIPT = """
(function name(tries) {
  const live = element.closest(".LIVE");
  if (!live) {
    if (tries) setTimeout(() => name(tries - 1), 100);
    return;
  }
  const tell = () => {
    for (const slider of live.querySelectorAll(".widget-slider")) {
      const label = slider.querySelector(".widget-label");
      if (!label) continue;
      const handle = slider.querySelector("[role=slider]");
      if (handle) handle.setAttribute("aria-label", label.title);
      const readout = slider.querySelector(".widget-readout");
      if (readout) {
        readout.setAttribute("role", "textbox");
        readout.setAttribute("aria-label", label.title + ", as a number");
      }
    }
    const words = live.querySelector(".widget-html-content");
    if (words) words.setAttribute("aria-live", "polite");
  };
  tell();
  new MutationObserver(tell).observe(live, { childList: true, subtree: true });
})(100);
""".replace("LIVE", LIVE)


def name_controls(*controls: ValueWidget) -> Output:
    """Give every control a tooltip, and let the browser use it as its name.

    Args:
        controls: each with a description, which is its tooltip if it has none.

    Returns:
        An invisible widget, which must be placed inside an element of class `LIVE`.

    Raises:
        ValueError: a control without a name, or two of the same name.

    Example:
        >>> VBox([current, name_controls(current)])
    """
    names = [str(control.tooltip or control.description) for control in controls]
    if not all(names) or len(set(names)) < len(names):
        raise ValueError(f"each control needs a name of its own, got {names}")
    for control, name in zip(controls, names, strict=True):
        control.tooltip = name
    script = {
        "output_type": "display_data",
        "data": {"application/javascript": _SCRIPT},
        "metadata": {},
    }
    return Output(outputs=(script,))

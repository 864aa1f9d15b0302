"""A map of sigma and T in a real browser, with the engine that works."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from snnlab.studies.noise_sweep import SIGMAS
from tests.dashboard.browser import PATIENCE, badge, browsing, button, chromium, drawn, served

pytestmark = pytest.mark.slow
ROWS = len(SIGMAS) + 1
COUNTS = """
window.counts = {said: [0], drawn: [0]};
setInterval(() => {
  const progress = document.querySelector("[data-testid=stProgress]")?.textContent;
  const map = document.querySelector("[aria-label^='Map of sigma and T.']")?.ariaLabel;
  for (const [where, text] of [["said", progress], ["drawn", map]]) {
    const count = Number(/(\\d+) of ROWS (trained|values)/.exec(text)?.[1] ?? 0);
    if (count && count !== counts[where].at(-1)) counts[where].push(count);
  }
}, 50);
""".replace("ROWS", str(ROWS))
"""Notes how many networks are said to be trained, and how many rows are drawn, as they change."""


def test_one_press_fills_a_map_that_others_see(trained: Path, tmp_path: Path) -> None:
    chromium()
    root = tmp_path / "runs"
    shutil.copytree(trained, root)
    full = f"[aria-label^='Map of sigma and T. {ROWS} of {ROWS} values']"
    with served(root) as address, browsing() as browser:
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        context.set_default_timeout(4 * PATIENCE)
        context.add_init_script(COUNTS)
        page, outside = context.new_page(), list[str]()
        page.on(
            "request",
            lambda r: (
                None if r.url.startswith((address, "data:", "blob:")) else outside.append(r.url)
            ),
        )
        page.goto(f"{address}/train?epochs=1&T=4&sigma=0.1")
        drawn(page)
        button(page, "Map σ × T").click()
        page.wait_for_url(re.compile(r"/sigma_map\?epochs=1&T=4$"))
        page.wait_for_selector(full)
        badge(page, "Done").wait_for()
        for counts in page.evaluate("counts").values():
            assert counts == sorted(counts)  # row by row, never back
            assert len(counts) > 2  # not all at once, at the end
        fields = "document.querySelector('.stVegaLiteChart .layer_0_marks')?.children.length"
        page.wait_for_function(f"{fields} === {3 * ROWS}")  # drawn, not said only: T = 1, 2, 4
        said = "document.getElementById('announced-map').dataset.said"
        assert page.evaluate(said) == f"Done: all {ROWS} networks of the map are trained."
        page.get_by_role("slider", name="Read the row of σ =").focus()
        page.keyboard.press("ArrowLeft")
        page.wait_for_url(re.compile(r"[?&]look=0\.2(&|$)"))
        page.wait_for_selector("[aria-label*='σ = 0.2: ']")

        phone = browser.new_context(viewport={"width": 390, "height": 844})
        phone.set_default_timeout(PATIENCE)
        other = phone.new_page()
        other.goto(page.url)
        drawn(other)
        other.wait_for_selector(full)
        assert other.evaluate("document.documentElement.scrollWidth") <= 390

        button(page, "Open this run on Train").click()
        page.wait_for_url(re.compile(r"/train\?.*run="))
        page.get_by_text("Certificate of the conversion").wait_for()
        page.go_back()
        page.wait_for_url(re.compile(r"/sigma_map\?"))
        page.wait_for_selector(full)
        assert outside == []

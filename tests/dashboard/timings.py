"""How fast the dashboard is, in a real browser on this machine.

    OMP_NUM_THREADS=1 python -m tests.dashboard.timings [--repeats 3]

Prints a table of medians and maxima, in seconds. Nothing else should run beside it.
"""

from __future__ import annotations

import argparse
import signal
import statistics
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

from snnlab.runs.store import is_occupied
from tests.dashboard.browser import badge, browsing, button, drawn, press_start, served

WATCH = """
window.sent = [];
const send = WebSocket.prototype.send;
WebSocket.prototype.send = function (data) {
  window.sent.push(performance.now());
  return send.call(this, data);
};
"""
"""Notes when the page asks the server for something."""
MOVE = """async selector => {
  const chart = () => document.querySelector(selector)?.getAttribute('aria-label');
  const before = chart(), start = performance.now();
  window.sent = [];
  while (chart() === before || chart() === undefined) {
    if (performance.now() - start > 30000) throw new Error('nothing was redrawn');
    await new Promise(requestAnimationFrame);
  }
  return [performance.now() - start, performance.now() - window.sent[0]];
}"""
"""Waits for a chart to have other words; milliseconds since the key and since the request."""
POTENTIAL = "[aria-label^='Membrane potential']"
MOVES = 20
Times = dict[str, list[float]]


def since(start: float) -> float:
    return time.perf_counter() - start


def first_visit(browser: Any, address: str, times: Times, when: str) -> None:
    """From the address of the dashboard to the title and to the first chart, cache empty."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    start = time.perf_counter()
    page.goto(address, wait_until="commit")
    page.wait_for_selector("h1")
    times[f"open, {when}: title"].append(since(start))
    page.wait_for_selector(POTENTIAL)
    times[f"open, {when}: first chart"].append(since(start))
    context.close()


def redraws(page: Any, times: Times, when: str) -> None:
    """Moves of the slider of the current, one after the other."""
    page.get_by_role("slider", name="Current").first.focus()
    for _ in range(MOVES):
        page.evaluate(f"selector => {{ window.found = ({MOVE})(selector); }}", POTENTIAL)
        page.keyboard.press("ArrowRight")
        from_key, from_request = page.evaluate("() => window.found")
        times[f"redraw, {when}"].append(from_request / 1000)
        times[f"redraw, {when}: from the key on"].append(from_key / 1000)
        drawn(page)


def training(page: Any, address: str, preset: str, seed: int, times: Times) -> None:
    """From Start to the first point of the live curve and to accuracy against timesteps."""
    page.goto(f"{address}/train?preset={preset}&sigma={0.20 + seed / 100:.2f}")
    drawn(page)
    start = time.perf_counter()
    press_start(page)
    page.wait_for_selector("[aria-label^='Training loss']")
    times[f"Start, {preset}: first point of the loss"].append(since(start))
    page.wait_for_selector(
        "[aria-label^='Mean test accuracy']", state="detached"
    )  # of the examples
    badge(page, "Done").wait_for()
    page.wait_for_selector("[aria-label^='Mean test accuracy']")
    times[f"Start, {preset}: accuracy against T"].append(since(start))
    drawn(page)


def while_training(page: Any, address: str, root: Path, times: Times) -> None:
    """Redraws in one tab while another one trains, and the end of that training."""
    page.goto(f"{address}/train?preset=digits&epochs=300&sigma=0.5")
    drawn(page)
    run = press_start(page)
    page.wait_for_selector("[aria-label^='Training loss']")
    other = page.context.new_page()
    other.goto(address)
    drawn(other)
    other.wait_for_selector(POTENTIAL)
    redraws(other, times, "while a run trains")
    other.close()
    assert is_occupied(root / run), "it has ended too early: nothing trained"
    start = time.perf_counter()
    button(page, "Cancel").click()
    while is_occupied(root / run):
        time.sleep(0.02)
    times["Cancel: the process has ended"].append(since(start))
    badge(page, "Cancelled").wait_for()
    times["Cancel: the page says so"].append(since(start))


def measure(repeats: int, times: Times) -> None:
    """All figures; a server of its own for every repetition."""
    with browsing() as browser:
        for number in range(repeats):
            with tempfile.TemporaryDirectory() as folder:
                root = Path(folder) / "runs"
                start = time.perf_counter()
                with served(root) as address:
                    times["server answers"].append(since(start))
                    first_visit(browser, address, times, "as soon as it answers")
                    first_visit(browser, address, times, "while the engine starts")
                    context = browser.new_context(viewport={"width": 1280, "height": 900})
                    context.set_default_timeout(60_000)
                    page = context.new_page()
                    page.add_init_script(WATCH)
                    opened = time.perf_counter()
                    page.goto(f"{address}/train")
                    page.wait_for_selector("[aria-label^='Mean test accuracy']")
                    times["open, Train: the curve of the examples"].append(since(opened))
                    for preset in ("digits-mlp", "digits"):
                        training(page, address, preset, number, times)
                    page.goto(address)  # by now the engine has started, too
                    drawn(page)
                    page.wait_for_selector(POTENTIAL)
                    redraws(page, times, "nothing trains")
                    context.add_init_script(WATCH)
                    while_training(page, address, root, times)
                    context.close()


def table(times: Times) -> str:
    """One line per figure."""
    lines = [f"{'seconds':46} {'n':>3} {'median':>7} {'max':>7}"]
    for name, values in times.items():
        lines.append(
            f"{name:46} {len(values):3} {statistics.median(values):7.2f} {max(values):7.2f}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    found: Times = defaultdict(list)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a limit still gets the table
    try:
        measure(parser.parse_args().repeats, found)
    finally:
        print(table(found))  # noqa: T201

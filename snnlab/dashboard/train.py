"""The page Train: start runs, watch them, see their results."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from snnlab.dashboard import address, earlier, sigma_map
from snnlab.dashboard.choosing import named_by_link, say_missing
from snnlab.dashboard.hardware import draw_hardware, draw_notes
from snnlab.dashboard.live import look_forward_to, statuses_of, watch, watch_curves
from snnlab.dashboard.results import draw_details, draw_results
from snnlab.dashboard.screen import colours, heading
from snnlab.dashboard.service import engine, find_run, finished_runs
from snnlab.dashboard.training_settings import MOST_SEEDS, Asked, read_controls
from snnlab.dashboard.trouble import attempt, draw_complaint
from snnlab.dashboard.upload import check_linked
from snnlab.dashboard.visitor import draw_nickname, submit
from snnlab.runs.config import RunConfig
from snnlab.runs.examples import SMALL_DIGITS, is_example
from snnlab.runs.methods import COMPARED, PLAIN
from snnlab.runs.store import Run

MOST_SHOWN = MOST_SEEDS * len(COMPARED)
"""Runs that one link can show."""
LAYOUT = """<style>
@media (min-width: 641px) {  /* controls come first, and stand on the right */
  .st-key-train > [data-testid="stLayoutWrapper"] > [data-testid="stHorizontalBlock"] {
    flex-direction: row-reverse;
  }
}
@media (max-width: 640px) {
  :has(> .st-key-start) { position: sticky; bottom: 0; z-index: 9; }
  :has(> .st-key-read) { position: sticky; top: 3.5rem; z-index: 9; }
  .st-key-start, .st-key-read { background: PAPER; padding: 0.4rem 0; }
  .st-key-live { scroll-margin-top: 4rem; }
  .st-key-live .stVegaLiteChart { scroll-margin-bottom: 1rem; }
  [class*="st-key-row-"] { flex-wrap: nowrap; }
  [class*="st-key-row-"] p { font-size: 0.9rem; }
}
.st-key-gallery .stElementToolbar { display: none; }
</style>"""
INTO_VIEW = """<script>
if (matchMedia("(max-width: 640px)").matches) {
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const show = (found, block) =>
    found?.scrollIntoView({ behavior: calm ? "auto" : "smooth", block });
  const looks = setInterval(() => {
    const curve = document.querySelector(".st-key-live .stVegaLiteChart");
    if (curve) stop();
    show(curve, "end");
  }, 500);
  const stop = () => clearInterval(looks);
  for (const name of ["touchmove", "wheel", "keydown"]) {
    addEventListener(name, stop, { once: true, passive: true });
  }
  setTimeout(stop, 60000);
  setTimeout(() => show(document.querySelector(".st-key-live"), "start"), 400);
}
</script>"""
"""On a phone the runs in training lie below the controls. This script scrolls to their state, then
to their curve, once there is one, unless the visitor scrolls meanwhile."""


def draw() -> None:
    """The page."""
    heading(
        "Train with one timestep, run with many",
        "Noise stands in for the potential that a neuron carries over. "
        "Train, and watch accuracy against timesteps.",
    )
    theme = "dark" if colours().dark else "light"
    st.html(LAYOUT.replace("PAPER", st.get_option(f"theme.{theme}.backgroundColor")))
    with st.container(key="train"):
        controls, picture = st.columns([3, 7], gap="large")
    with controls:
        draw_start(read_controls(controls))
    with picture:
        done = draw_shown()
    draw_details(done)


def draw_start(asked: Asked) -> None:
    """The buttons that start a training, and the reason if it was refused."""
    with st.container(horizontal=True, key="start"):
        if st.button("Start", type="primary", icon=":material/play_arrow:", width="stretch"):
            ask_for(asked.configs)
        if may_compare(asked) and st.button(
            "Train all three",
            icon=":material/stacked_line_chart:",
            width="stretch",
            help=f"In turn: {'; '.join(side.title for side in COMPARED.values())}.",
        ):
            ask_for(asked.all_three)
    sigma_map.offer()
    draw_complaint()
    draw_nickname()


def may_compare(asked: Asked) -> bool:
    """Whether all starts can be trained: a lesson may have set another method."""
    return "method" not in address.set_by_lesson() or asked.settings.get("method") == PLAIN


def ask_for(configs: Callable[[], Sequence[RunConfig]]) -> None:
    """Submit runs to the engine and show them, with the runs shown before drawn behind."""

    def start() -> None:
        check_linked()
        ids = submit(list(configs()))
        earlier.leave_behind(named_by_link()[:MOST_SHOWN])
        look_forward_to(ids)
        address.remember("run", ids)
        st.session_state["into view"] = True

    attempt(start)


def draw_shown() -> list[Run]:
    """Draw the runs in the link, else the examples or the latest run; the finished ones."""
    ids = shown_ids()
    if not ids:
        st.info("Press **Start**: a run on digits takes seconds.", icon=":material/play_arrow:")
        return []
    statuses = statuses_of(ids)
    active = any(status.active for status in statuses)
    asked = address.link_value("run") is not None
    done = [status.run for status in statuses if status.run and status.state == "finished"]
    curves = st.fragment(watch_curves, run_every=1.2 if active else None)
    with st.container(key="live"):
        if asked:
            st.fragment(watch, run_every=0.8 if active else None)(ids)
        if asked and not done:
            curves(ids)
    if st.session_state.pop("into view", False):
        st.html(INTO_VIEW, unsafe_allow_javascript=True)
    draw_results(done, {status.id: status.config for status in statuses})
    if asked and done:
        curves(ids)
    if not asked:
        draw_hardware(done)
        draw_notes(run.config for run in done if run.config)
    return done


def shown_ids() -> list[str]:
    """Ids of the runs in the link that exist or are queued; else of the examples or the latest."""
    asked = named_by_link()[:MOST_SHOWN]
    known = {job.id for job in engine().jobs()} if asked else set()
    ids = [id for id in asked if id in known or find_run(id) is not None]
    say_missing(asked, ids)
    if ids:
        return ids
    finished = finished_runs()
    examples = [run for run in finished if is_example(run, SMALL_DIGITS)][:MOST_SHOWN]
    return [run.id for run in examples or finished[:1]]

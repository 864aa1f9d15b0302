"""The neuron lab: one neuron, its potential, its noise, its firing probability.

As this is the first page, slow modules (charts, torch) are imported after its title is drawn.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pandas as pd
import streamlit as st

from snnlab.dashboard import address, given_currents
from snnlab.dashboard.controls import Control, read
from snnlab.dashboard.film import draw_film, idea
from snnlab.dashboard.given_currents import CONSTANT, GivenCurrents, draw_given, given
from snnlab.dashboard.neuron_numbers import (
    SPREAD,
    Curves,
    Settings,
    Timesteps,
    curves,
    timesteps,
)
from snnlab.dashboard.screen import colours, heading, show_chart
from snnlab.neuron.spec import Neuron, Noise
from snnlab.runs.config import with_settings
from snnlab.show.colours import Palette, palette
from snnlab.show.described import whole_percent, with_minus

if TYPE_CHECKING:
    from snnlab.show.charts.frame import LiveChart

RESETS = {"subtract": "subtract v_th", "zero": "set to zero"}
CONTROLS = (
    Control("current", "Current", "current"),
    Control("sigma", "Noise σ (v_th)", "noise.sigma", help="0: no noise"),
    Control("T", "Timesteps T", "T"),
    Control("noise", "Noise in the trace", "noisy"),
    Control("v_th", "Threshold v_th", "neuron.v_th", boxed=True),
    Control("beta", "Leak β (1: none)", "neuron.beta", boxed=True),
    Control("v_init", "Start v_init", "neuron.v_init", boxed=True),
    Control("mu", "Noise mean μ (v_th)", "noise.mu", boxed=True),
    Control("reset", "Reset", "neuron.reset", words=lambda name: RESETS[name], boxed=True),
    Control("family", "Noise family", "noise.family", boxed=True),
)
"""All controls of the page."""
DEFAULTS = Settings()
"""The defaults of the controls."""
CAPTION = (
    "Dashed: the threshold. Triangles: spikes. Ticks: what is left over for the next timestep. "
)
CAPTION_WITH_NOISE = "Curve and band (μ ± σ): the noise that stands for it in training."
CAPTION_WITHOUT_NOISE = "With σ = 0 no noise stands for it."
"""The caption of the chart of the potential, with its ends for noise and no noise."""
CAPTION_OF_CURRENTS = "Bars: the current of each timestep. "
"""Added to it where a link brings the currents."""
REDRAWS = threading.BoundedSemaphore(2)
"""Held during a redraw, by two at a time: more would slow one another down, and the thread that
sends the charts to the browsers."""
STYLE = """<style>
@media (min-width: 641px) {
  .st-key-lab [data-testid="stHorizontalBlock"]:has([data-testid="stSlider"]) {
    flex-direction: row-reverse;
  }
}
@media (max-width: 640px) {
  .stMainBlockContainer { padding-top: 3.25rem !important; }
  .st-key-lab [data-testid="stHorizontalBlock"]:has([data-testid="stSlider"]) { gap: 0.75rem; }
  .st-key-lab [data-testid="stColumn"]:has([data-testid="stSlider"]),
  .st-key-lab [data-testid="stColumn"]:has([data-testid="stSlider"]) > * { gap: 0.1rem; }
  .st-key-lab h3 { font-size: 1.25rem; padding: 0; }
}
</style>"""
"""The controls stand to the right of the chart, and on a phone above it."""


def draw() -> None:
    """The page."""
    heading(
        "One neuron",
        "It **charges** with its current, **fires** at the threshold, and is **reset**. "
        "What is left over starts the next timestep.",
    )
    st.html(STYLE)
    draw_film("Show the film of the idea", idea)
    with st.container(key="lab"):
        lab()


@st.fragment
def lab() -> None:
    """The sliders and all that depends on them, as a fragment: a move redraws only this."""
    with REDRAWS:
        draw_lab()


def draw_lab() -> None:
    """Draw the controls, and the charts that depend on them."""
    controls, above = st.columns([3, 7], gap="large")  # in this order on a phone, and for Tab
    settings = read_controls(controls, given())
    now = address.whole_number("step", 0, 0, settings.T)
    path, found = timesteps(settings), curves(settings)
    drawn = charts(settings, path, found, colours(), now or None)
    with above:
        st.subheader(trace_title(path), anchor=False)
        show_chart(drawn["potential"], lambda: trace_table(settings, path), key="potential")
        bars = CAPTION_OF_CURRENTS if settings.currents else ""
        st.caption(
            CAPTION
            + bars
            + (CAPTION_WITHOUT_NOISE if settings.acting_noise is None else CAPTION_WITH_NOISE)
        )
        draw_steps(settings, path, now)
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader(f"It fires with probability {found.at_current:.2f}", anchor=False)
        show_chart(drawn["firing"], lambda: firing_table(settings, found), key="firing")
        if settings.currents:
            mean = with_minus(f"{settings.current:.2f}")
            st.caption(f"At the mean of its currents, {mean}. Ticks: the currents that it met.")
    with right:
        what = "No" if settings.acting_noise is None else "The"
        st.subheader(f"{what} noise stands for what is left over", anchor=False)
        show_chart(drawn["residual"], lambda: residual_table(found), key="residual")
        if settings.currents:
            st.caption(
                "The residuals are those of a crowd of neurons that meet these currents, each "
                f"neuron up to {whole_percent(SPREAD)} weaker or stronger."
            )


def warm_up() -> None:
    """Draw once in advance, so that the first visitor does not wait for imports and caches."""
    path, found = timesteps(DEFAULTS), curves(DEFAULTS)
    for dark in (False, True):
        for chart in charts(DEFAULTS, path, found, palette(dark=dark)).values():
            chart.to_dict()


def read_controls(
    place: st.delta_generator.DeltaGenerator, given: GivenCurrents | None
) -> Settings:
    """Draw the controls, the less important ones in a box; the settings that they give."""
    shown: Sequence[Control] = CONTROLS
    if given is not None:
        draw_given(given, place)
        shown = [control for control in CONTROLS if control.name not in CONSTANT]
    values = read(shown, [DEFAULTS], place, "More of the neuron")
    if given is not None:
        currents = given.currents
        values |= {"current": given.mean, "T": len(currents), "currents": currents}
    if values["noise.sigma"] == 0:  # a `Noise` has a positive sigma
        values |= {"noise.sigma": DEFAULTS.noise.sigma, "quiet": True}
    return settings_of(tuple(values.items()))


@lru_cache(1000)
def settings_of(values: tuple[tuple[str, Any], ...]) -> Settings:
    """The settings, given the values of the controls by their dotted names."""
    return with_settings(DEFAULTS, dict(values))


def link_to(
    currents: Sequence[float], neuron: Neuron, noise: Noise | None, name: str
) -> str | None:
    """A link, relative to any page, that opens the lab with the currents of a neuron of a network.

    Args:
        currents: into it at t = 1 to T, (T,), in the unit of its potentials; a link holds the
            first 64.
        neuron: its constants.
        noise: what stood for its residual in training; None: nothing did.
        name: where the neuron is, as in "stage 2, map 5, row 3, column 4, test image 17".

    Returns:
        The link; None if the lab's controls cannot show the neuron: a constant lies outside the
        range of its slider, the noise has a table of its own, or a current is not finite or too
        large.

    Example:
        >>> link_to([0.5, 0.25], Neuron(), Noise(sigma=0.3), "stage 1, neuron 7")
        'neuron?sigma=0.3&currents=0.5,0.25&from=stage+1,+neuron+7'
    """
    text = given_currents.text_of(currents)
    own = Settings(neuron=replace(neuron, v_init=neuron.v_start), noise=noise or DEFAULTS.noise)
    if not text or not all(control.reaches(DEFAULTS, own) for control in CONTROLS):
        return None
    moved = [one for one in CONTROLS if one.value_in(own) != one.value_in(DEFAULTS)]
    query = {one.name: address.link_text(one.value_in(own)) for one in moved}
    if noise is None:
        query["sigma"] = "0"
    query |= {given_currents.CURRENTS: text} | ({given_currents.NAME: name} if name else {})
    return f"neuron?{urlencode(query, safe=',')}"


def charts(
    settings: Settings, path: Timesteps, found: Curves, colours: Palette, now: int | None = None
) -> dict[str, LiveChart]:
    """The charts: the potential over time, firing against current, residual and noise."""
    from snnlab.show.charts.neuron import (
        NoiseAndResiduals,
        firing_chart,
        potential_chart,
        residual_chart,
    )

    return {
        "potential": potential_chart(
            path.h,
            path.v,
            path.spikes,
            v_th=settings.neuron.v_th,
            beside=NoiseAndResiduals.of(path.before, settings.acting_noise),
            colours=colours,
            currents=settings.currents,
            now=now,
        ),
        "firing": firing_chart(
            found.currents,
            found.probability,
            found.rate,
            timesteps=settings.T,
            colours=colours,
            current=settings.current,
            at_current=found.at_current,
            noisy=settings.acting_noise is not None,
            met=settings.currents,
        ),
        "residual": residual_chart(
            found.edges, found.without, found.drawn, found.points, found.law, colours=colours
        ),
    }


def trace_table(settings: Settings, path: Timesteps) -> pd.DataFrame:
    """Potential, noise and spikes by timestep."""
    table = pd.DataFrame(asdict(path), index=range(1, len(path.h) + 1)).rename_axis("t")
    if settings.currents:
        table.insert(0, "current", settings.currents)
    names = {"before": "v[t-1]", "deviation": "noise", "h": "h[t]", "spikes": "spike", "v": "v[t]"}
    return table.rename(columns=names).reset_index()


def firing_table(settings: Settings, found: Curves) -> pd.DataFrame:
    """Firing probability and rate by current."""
    rate = f"rate over {settings.T} timesteps"
    how = "without" if settings.acting_noise is None else "with"
    columns = {"current": found.currents, f"probability {how} noise": found.probability}
    return pd.DataFrame(columns | {rate: found.rate})


def residual_table(found: Curves) -> pd.DataFrame:
    """The densities of residual and noise."""
    columns = {"from (v_th)": found.edges[:-1], "residual density": found.without}
    return pd.DataFrame(columns | ({"noise density": found.drawn} if found.drawn else {}))


def draw_steps(settings: Settings, path: Timesteps, now: int) -> None:
    """Buttons that go from timestep to timestep, and the chosen timestep in slow motion."""
    buttons = st.container(horizontal=True)
    for label, icon, kind, disabled, step in (
        ("Step", "skip_next", "primary", now >= settings.T, now + 1),
        ("Back", "skip_previous", "secondary", now == 0, now - 1),
    ):
        look: dict[str, Any] = {"icon": f":material/{icon}:", "type": kind, "disabled": disabled}
        buttons.button(label, on_click=go_to, args=(step,), **look)
    if now:
        buttons.button("All timesteps", icon=":material/all_inclusive:", on_click=go_to, args=(0,))
        slow_motion(settings, path, now)


def go_to(step: int) -> None:
    """Choose the timestep that is shown; 0: all of them."""
    address.remember("step", step or None)


def trace_title(path: Timesteps) -> str:
    """The number of spikes and the rate in one line."""
    count, T = int(sum(path.spikes)), len(path.spikes)
    return (
        f"{count} spike{'s' * (count != 1)} in {T} timestep{'s' * (T != 1)}: rate {count / T:.2f}"
    )


def slow_motion(settings: Settings, path: Timesteps, now: int) -> None:
    """Charge, noise, fire and reset of one timestep, with their numbers."""
    i, neuron = now - 1, settings.neuron
    before, h, v, noise = path.before[i], path.h[i], path.v[i], path.deviation[i]
    fired = bool(path.spikes[i])
    leak = "" if neuron.beta == 1 else f"{neuron.beta:g} × "
    current = settings.currents[i] if settings.currents else settings.current
    charged = neuron.beta * before + current
    seen, sign = beside_threshold(h, neuron.v_th), "\u2212" if current < 0 else "+"
    source = "a new draw" if settings.noisy else "off: see Noise in the trace"
    if settings.quiet:
        source = "none: σ is 0"
    after = f"{h:.2f} − {neuron.v_th:g}" if neuron.reset == "subtract" else "set to 0"
    verbs = (
        (f"t = {now}: charge", f"{charged:.2f}", f"{leak}{before:.2f} {sign} {abs(current):.2f}"),
        (
            "noise",
            f"{neuron.beta * noise:+.2f}",
            source,
        ),
        (
            "fire",
            "yes" if fired else "no",
            f"h = {seen} {'≥' if fired else '<'} {neuron.v_th:g}",
        ),
        ("reset", f"{v:.2f}", after if fired else "no spike, no reset"),
    )
    for place, (label, value, why) in zip(st.columns(4), verbs, strict=True):
        place.metric(label, value, border=True)
        place.caption(why)


def beside_threshold(h: float, v_th: float) -> str:
    """A potential with two decimals, or more where these would hide its side of the threshold.

    Example:
        >>> beside_threshold(0.3, 1.0), beside_threshold(0.9999, 1.0)
        ('0.30', '0.9999')
    """
    texts = (f"{h:.{decimals}f}" for decimals in (2, 4, 6, 8))
    return next((text for text in texts if (float(text) >= v_th) == (h >= v_th)), repr(h))

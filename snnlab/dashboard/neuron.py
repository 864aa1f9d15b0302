"""The neuron lab: one neuron, its potential, its noise, its firing probability.

It is the first page: what loads slowly (charts, torch) is imported after its title and sliders.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from snnlab.dashboard import address
from snnlab.dashboard.controls import Control, read
from snnlab.dashboard.neuron_numbers import Curves, Settings, Timesteps, curves, timesteps
from snnlab.dashboard.screen import colours, heading, show_chart
from snnlab.runs.config import with_settings
from snnlab.show.colours import Palette, palette

if TYPE_CHECKING:
    from snnlab.show.charts.frame import Picture

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
"""All of them."""
FIRST = Settings()
"""Where they stand at first."""


def draw() -> None:
    """The page."""
    heading(
        "One neuron",
        "It **charges** with its current, **fires** at the threshold, and is **reset**. "
        "What is left over starts the next timestep.",
    )
    lab()


@st.fragment
def lab() -> None:
    """Sliders and what follows them; a move draws nothing else of the page anew."""
    picture, controls = st.columns([7, 3], gap="large")
    settings = read_controls(controls)
    with picture:
        draw_trace(settings, timesteps(settings))
    found = curves(settings)
    left, right = st.columns(2, gap="large")
    with left:
        draw_firing(settings, found)
    with right:
        draw_residual(found)


def warm_up() -> None:
    """Do what the first drawing of the page has to do, and the next ones need not."""
    path, found = timesteps(FIRST), curves(FIRST)
    for dark in (False, True):
        for picture in (
            trace_picture(FIRST, path, palette(dark=dark)),
            firing_picture(FIRST, found, palette(dark=dark)),
            residual_picture(found, palette(dark=dark)),
        ):
            picture.to_dict()


def read_controls(place: st.delta_generator.DeltaGenerator) -> Settings:
    """The controls, the most important ones in sight."""
    values = read(CONTROLS, [FIRST], place, "More of the neuron")
    if values["noise.sigma"] == 0:  # which no noise has
        values |= {"noise.sigma": FIRST.noise.sigma, "quiet": True}
    return with_settings(FIRST, values)


def trace_picture(
    settings: Settings, path: Timesteps, colours: Palette, now: int | None = None
) -> Picture:
    """The potential over time."""
    from snnlab.show.charts.potential import potential_chart

    v_init = path.before[0]
    return potential_chart(
        path.h,
        path.v,
        path.spikes,
        v_th=settings.neuron.v_th,
        v_init=v_init,
        colours=colours,
        now=now,
    )


def firing_picture(settings: Settings, found: Curves, colours: Palette) -> Picture:
    """Firing probability and rate against current."""
    from snnlab.show.charts.firing import firing_chart

    return firing_chart(
        found.currents,
        found.probability,
        found.rate,
        timesteps=settings.T,
        current=settings.current,
        at_current=found.at_current,
        colours=colours,
    )


def residual_picture(found: Curves, colours: Palette) -> Picture:
    """Residual and noise."""
    from snnlab.show.charts.residual import residual_chart

    parts = (found.edges, found.without, found.drawn, found.points, found.law)
    return residual_chart(*parts, colours=colours)


def draw_trace(settings: Settings, path: Timesteps) -> None:
    """The potential over time, and one timestep of it in slow motion."""
    now = address.whole("step", 0, 0, settings.T)
    columns = {
        "t": range(1, settings.T + 1),
        "v[t-1]": path.before,
        "noise": path.deviation,
        "h[t]": path.h,
        "spike": path.spikes,
        "v[t]": path.v,
    }
    st.subheader(trace_title(path), anchor=False)
    chart = trace_picture(settings, path, colours(), now or None)
    show_chart(chart, lambda: pd.DataFrame(columns), key="potential")
    st.caption("Dashed: the threshold v_th. Triangles: spikes.")
    buttons = st.container(horizontal=True)
    buttons.button(
        "Step",
        icon=":material/skip_next:",
        type="primary",
        disabled=now >= settings.T,
        on_click=go_to,
        args=(now + 1,),
    )
    buttons.button(
        "Back",
        icon=":material/skip_previous:",
        disabled=now == 0,
        on_click=go_to,
        args=(now - 1,),
    )
    if now:
        buttons.button("All timesteps", icon=":material/all_inclusive:", on_click=go_to, args=(0,))
        slow_motion(settings, path, now)


def go_to(step: int) -> None:
    """Look at another timestep; 0: at all of them."""
    address.remember("step", step or None)


def trace_title(path: Timesteps) -> str:
    """What to see, in one line."""
    count, T = int(sum(path.spikes)), len(path.spikes)
    return (
        f"{count} spike{'s' * (count != 1)} in {T} timestep{'s' * (T != 1)}: rate {count / T:.2f}"
    )


def slow_motion(settings: Settings, path: Timesteps, now: int) -> None:
    """Charge, noise, fire and reset of one timestep, with their numbers."""
    i, neuron = now - 1, settings.neuron
    before, h, v, noise = path.before[i], path.h[i], path.v[i], path.deviation[i]
    fired = bool(path.spikes[i])
    charge, add, fire, reset = st.columns(4)
    leak = "" if neuron.beta == 1 else f"{neuron.beta:g} × "
    charged = neuron.beta * before + settings.current
    charge.metric(f"t = {now}: charge", f"{charged:.2f}", border=True)
    charge.caption(f"{leak}{before:.2f} + {settings.current:.2f}")
    add.metric("noise", f"{neuron.beta * noise:+.2f}", border=True)
    add.caption(
        "a new draw" if settings.noisy and not settings.quiet else "off: see Noise in the trace"
    )
    fire.metric("fire", "yes" if fired else "no", border=True)
    fire.caption(f"h = {h:.2f} {'≥' if fired else '<'} {neuron.v_th:g}")
    reset.metric("reset", f"{v:.2f}", border=True)
    after = f"{h:.2f} − {neuron.v_th:g}" if neuron.reset == "subtract" else "set to 0"
    reset.caption(after if fired else "nothing to do")


def draw_firing(settings: Settings, found: Curves) -> None:
    """Firing probability and rate."""
    st.subheader(f"It fires with probability {found.at_current:.2f}", anchor=False)
    columns = {
        "current": found.currents,
        "probability with noise": found.probability,
        f"rate over {settings.T} timesteps": found.rate,
    }
    chart = firing_picture(settings, found, colours())
    show_chart(chart, lambda: pd.DataFrame(columns), key="firing")


def draw_residual(found: Curves) -> None:
    """What the noise stands for."""
    st.subheader("The noise stands for what is left over", anchor=False)
    columns = {
        "from (v_th)": found.edges[:-1],
        "residual density": found.without,
        "noise density": found.drawn,
    }
    show_chart(residual_picture(found, colours()), lambda: pd.DataFrame(columns), key="residual")

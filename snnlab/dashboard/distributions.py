"""The page Distributions: the noise of the training over the residuals, layer by layer."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from snnlab.dashboard.choosing import choose_run
from snnlab.dashboard.controls import Control
from snnlab.dashboard.predictions import network_and_data, stamp
from snnlab.dashboard.screen import colours, heading, show_chart, warn
from snnlab.data.spec import DataError
from snnlab.measure.residuals import ResidualSummary
from snnlab.neuron.spec import Noise
from snnlab.runs.store import Run
from snnlab.show.charts.runs import layer_chart, layer_table
from snnlab.show.described import whole_percent

MOST_IMAGES = 256
MOST_AT_FIRST = 16
"""Timesteps that are measured unless somebody wants more."""
TIMESTEPS = Control("T", "Timesteps T", "timesteps")


def draw() -> None:
    """The page."""
    heading(
        "Does the noise match the residual?",
        "Orange: potentials that active neurons carry into a timestep, measured after training. "
        "Blue: the noise that stood in for them.",
    )
    left, right = st.columns([3, 2], gap="large")
    with left:
        run = choose_run("Run")
    if run is None or run.config is None:
        return
    default = replace(run.config, timesteps=min(MOST_AT_FIRST, run.config.timesteps))
    T = TIMESTEPS.draw([default], right)
    try:
        layers = measured(run, T)
    except (DataError, ValueError, OSError) as error:
        warn(error)
        return
    noise = run.config.acting_noise
    noises = list(noise) if isinstance(noise, tuple) else [noise] * len(layers)
    if noise is None:
        st.info("This run trained without noise.", icon=":material/info:")
    places = st.columns(min(len(layers), 2), gap="large")
    for number, layer in enumerate(layers):
        draw_layer(number, layer, noises[number], places[number % len(places)])
    st.caption(
        "Silent neurons (never a spike) and saturated ones (a spike at every timestep) mostly "
        f"drift away: they are counted but not drawn. First {MOST_IMAGES} test images at most."
    )


def draw_layer(
    number: int,
    layer: ResidualSummary,
    noise: Noise | None,
    place: st.delta_generator.DeltaGenerator,
) -> None:
    """One chart."""
    name = f"Layer {number + 1}"
    place.subheader(f"{name}: mean {layer.mean:.2f}, deviation {layer.std:.2f}", anchor=False)
    chart = layer_chart(layer, noise, name=name, colours=colours())
    show_chart(chart, lambda: layer_table(layer, noise), key=f"layer-{number}", place=place)
    place.caption(
        f"{whole_percent(layer.active)} of the neurons active, "
        f"{whole_percent(layer.silent)} silent, {whole_percent(layer.saturated)} saturated."
    )


@st.cache_resource(
    max_entries=60, show_spinner="Measuring residual potentials ...", hash_funcs={Run: stamp}
)
def measured(run: Run, T: int) -> list[ResidualSummary]:
    """The residuals of every layer, measured once per server; see `network_and_data`."""
    from snnlab.conversion.timesteps import convert
    from snnlab.measure.residuals import residuals

    net, data = network_and_data(run)
    images = data.test.first(min(MOST_IMAGES, len(data.test)))
    quiet = convert(net, T, images.first(1))[0]
    found = residuals(quiet, images, T)
    return [replace(layer, channels=[]) for layer in found]  # the channels are not drawn

"""The page Distributions: the noise of the training over the residuals, layer by layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import pandas as pd
import streamlit as st

from snnlab.dashboard.choosing import choose_run
from snnlab.dashboard.controls import Control
from snnlab.dashboard.screen import colours, head, plain, show_chart
from snnlab.data.spec import DataError
from snnlab.measure.residuals import ResidualSummary
from snnlab.neuron.spec import Noise
from snnlab.runs.store import Run, read_run
from snnlab.show.charts.layers import layer_charts

MOST_IMAGES = 256
MOST_AT_FIRST = 16
"""Timesteps that are measured unless somebody wants more."""
TIMESTEPS = Control("T", "Timesteps T", "timesteps")
MERGED = 5
"""Bins of the measurement that make one bin of a chart."""


def draw() -> None:
    """The page."""
    head(
        "Does the noise match the residual?",
        "Orange: potentials that active neurons carry into a timestep, measured after training. "
        "Blue: the noise that stood in for them.",
    )
    left, right = st.columns([3, 2], gap="large")
    with left:
        run = choose_run("Run")
    if run is None or run.config is None:
        return
    start = replace(run.config, timesteps=min(MOST_AT_FIRST, run.config.timesteps))
    T = TIMESTEPS.draw([start], right)
    try:
        layers = measured(run, T)
    except (DataError, ValueError, OSError) as error:
        st.warning(plain(str(error)), icon=":material/info:")
        return
    noise = run.config.acting_noise
    noises = list(noise) if isinstance(noise, tuple) else [noise] * len(layers)
    if noise is None:
        st.info("This run trained without noise.", icon=":material/info:")
    places = st.columns(min(len(layers), 2), gap="large")
    for number, layer in enumerate(layers):
        draw_layer(number, layer, noises[number], places[number % len(places)])
    st.caption(
        "Silent neurons (never a spike) and saturated ones (a spike at every timestep) drift away: "
        f"they are counted but not drawn. First {MOST_IMAGES} test images at most."
    )


def draw_layer(
    number: int,
    layer: ResidualSummary,
    noise: Noise | None,
    place: st.delta_generator.DeltaGenerator,
) -> None:
    """One chart."""
    edges = layer.edges[::MERGED]
    density = merged(layer.density)
    law = noise_density(noise, edges) if noise else None
    name = f"Layer {number + 1}"
    place.subheader(f"{name}: mean {layer.mean:.2f}, deviation {layer.std:.2f}", anchor=False)
    chart = layer_charts(edges, density, law, name=name, colours=colours())
    columns = {"from (v_th)": edges[:-1], "residuals": density}
    if law is not None:
        columns["noise"] = law
    show_chart(chart, lambda: pd.DataFrame(columns), key=f"layer-{number}", place=place)
    place.caption(
        f"{layer.active:.0%} of the neurons active, {layer.silent:.0%} silent, "
        f"{layer.saturated:.0%} saturated."
    )


def merged(density: Sequence[float]) -> list[float]:
    """The density over bins that are `MERGED` times as wide."""
    return [sum(density[i : i + MERGED]) / MERGED for i in range(0, len(density), MERGED)]


def noise_density(noise: Noise, edges: Sequence[float]) -> list[float]:
    """The density of the noise in the middle of each bin, in units of v_th."""
    import torch

    places = torch.tensor(edges, dtype=torch.float64)
    middles = (places[1:] + places[:-1]) / 2
    found: list[float] = (
        noise.law.density((middles - noise.mu) / noise.sigma) / noise.sigma
    ).tolist()
    return found


def measured(run: Run, T: int) -> list[ResidualSummary]:
    """The residuals of every layer; measured once per server."""
    stamp = (run.folder / "result.json").stat().st_mtime_ns
    return kept_measurement(str(run.folder.absolute()), stamp, T)


@st.cache_resource(max_entries=60, show_spinner="Measuring residual potentials ...")
def kept_measurement(folder: str, stamp: int, T: int) -> list[ResidualSummary]:
    """See `measured`."""
    from snnlab.conversion.timesteps import convert
    from snnlab.data.sources import load_data
    from snnlab.measure.residuals import residuals
    from snnlab.network.net import SpikingNet

    run = read_run(Path(folder))
    net = run.network()
    if run.config is None or not isinstance(net, SpikingNet):
        raise ValueError(f"run {run.id!r} is no spiking network: it has no residual potentials")
    data = load_data(**asdict(run.config.data))
    images = data.test.first(min(MOST_IMAGES, len(data.test)))
    quiet = convert(net, T, images.first(1))[0]
    found = residuals(quiet, images, T)
    return [replace(layer, channels=[]) for layer in found]  # the channels are not drawn

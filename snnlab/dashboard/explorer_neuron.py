"""One neuron of a network that sees a picture: its path, its residuals, a link to the lab."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl

import pandas as pd
import streamlit as st

from snnlab.dashboard import neuron as lab
from snnlab.dashboard.explorer_numbers import (
    NeuronSeen,
    Picture,
    names_of,
    neuron_over_images,
    neuron_seen,
    title_of,
)
from snnlab.dashboard.navigation import page_of
from snnlab.dashboard.screen import colours, escaped, show_chart
from snnlab.runs.store import Run

HEIGHT = 300
"""Height of a chart in pixels."""
PLACE = re.compile(",".join([r"([1-9]\d{0,8})"] * 3), re.ASCII)
"""Network, stage and neuron in a link."""


@dataclass(frozen=True)
class Place:
    """Which neuron: network, stage and index, counted from 0."""

    network: int
    stage: int
    index: int

    def __str__(self) -> str:
        """The text in a link, counted from 1.

        Example:
            >>> str(Place(0, 1, 530))
            '1,2,531'
        """
        return f"{self.network + 1},{self.stage + 1},{self.index + 1}"

    @classmethod
    def of(cls, said: str | None) -> Place | None:
        """The neuron that a text from a link names; None if the text makes no sense."""
        found = PLACE.fullmatch(said or "")
        return cls(*(int(part) - 1 for part in found.groups())) if found else None


def draw_neuron(runs: tuple[Run, ...], picture: Picture, T: int, t: int, place: Place) -> None:
    """What a neuron did on this picture, and its residuals over many images.

    Args:
        runs, picture, T: what is shown.
        t: the timestep at which the player stands.
        place: of the neuron; if the network has no such neuron, nothing is drawn.
    """
    if place.network >= len(runs):
        return
    run = runs[place.network]
    seen = neuron_seen(run, picture, T, place.stage, place.index)
    if seen is None:
        return
    where = f"stage {place.stage + 1}, {seen.where}"
    name = names_of(runs)[place.network]
    st.subheader(escaped(f"{name}: {where}"), anchor=False)
    left, right = st.columns(2, gap="large")
    with left:
        draw_path(seen, t)
        draw_way_to_the_lab(seen, f"{name}, {where}, {title_of(run, picture)}")
    with right:
        if T > 1:
            draw_residuals(run, T, place, seen)


def draw_path(seen: NeuronSeen, t: int) -> None:
    """Potential and current over time."""
    from snnlab.show.charts.neuron import NoiseAndResiduals, potential_chart

    fired = int(sum(seen.spikes))
    st.markdown(f"**On this image: {fired} spike{'s' * (fired != 1)} in {len(seen.h)} timesteps**")
    chart = potential_chart(
        seen.h,
        seen.v,
        seen.spikes,
        v_th=seen.v_th,
        beside=NoiseAndResiduals.of(seen.left, seen.noise),
        colours=colours(),
        currents=seen.currents,
        now=t,
        height=HEIGHT,
    )
    show_chart(chart, lambda: table_of(seen), key="explorer-path")
    noise = ", and the noise that stood for it in training" if seen.noise else ""
    st.caption(f"Bars: its currents. Ticks at the right: what it carried on{noise}.")


def table_of(seen: NeuronSeen) -> pd.DataFrame:
    """Potential, current and spikes of the neuron as a table."""
    columns = {
        "t": range(1, len(seen.h) + 1),
        "current": seen.currents,
        "v[t-1]": seen.left,
        "h[t]": seen.h,
        "spike": seen.spikes,
        "v[t]": seen.v,
    }
    return pd.DataFrame(columns)


def draw_residuals(run: Run, T: int, place: Place, seen: NeuronSeen) -> None:
    """Its residuals over many images, and the noise that replaced them in training."""
    from snnlab.show.charts.residuals import layer_table, one_neuron_chart, one_neuron_span
    from snnlab.show.described import one_neuron_words

    found = neuron_over_images(run, T, place.stage, place.index)
    st.markdown(f"**Over {found.images} test images: what it carries, and the noise for it**")
    chart = one_neuron_chart(found, seen.noise, colours=colours(), height=HEIGHT)
    span = one_neuron_span(found)
    show_chart(
        chart, lambda: layer_table(found.summary, seen.noise, span), key="explorer-residuals"
    )
    st.caption(escaped(one_neuron_words(found, seen.noise)))


def draw_way_to_the_lab(seen: NeuronSeen, name: str) -> None:
    """A link to the Neuron lab with the neuron's currents, if the lab's controls can show it."""
    link = None
    if seen.neuron is not None:
        own = replace(seen.neuron, v_init=seen.v_init)
        link = lab.link_to(seen.currents, own, seen.noise, name)
    if link is None:
        st.caption("The controls of the Neuron lab do not reach this neuron.")
        return
    page, _, query = link.partition("?")
    st.page_link(
        page_of(page, url_path=page),
        label="Open in the Neuron lab",
        icon=":material/ecg_heart:",
        query_params=dict(parse_qsl(query)),
    )

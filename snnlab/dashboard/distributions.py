"""The page Distributions: whether the noise in training matches the residuals that it replaced."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from snnlab.dashboard import controls
from snnlab.dashboard.choosing import choose_run
from snnlab.dashboard.controls import Control
from snnlab.dashboard.groups import config_of, titles_of
from snnlab.dashboard.predictions import network_and_data, stamp
from snnlab.dashboard.screen import colours, escaped, heading, show_chart, warn
from snnlab.dashboard.twins import draw_missing_twin, twins_of
from snnlab.data.spec import DataError
from snnlab.measure.match import RULE, Match
from snnlab.runs.methods import PAIR
from snnlab.runs.store import Run
from snnlab.show.described import drift_words, unbroken, whole_percent

if TYPE_CHECKING:
    from snnlab.data.images import Data
    from snnlab.network.net import SpikingNet

MOST_AT_FIRST = 16
"""Timesteps that are measured at first, at most."""
TIMESTEPS = Control("T", "Timesteps T", "timesteps")
AFTER, BEFORE = "after training", "before training"
HEIGHT, LINE_OF_LEGEND = 290, 30
"""Height of a chart, and of the second line of its legend, in pixels."""
MOST_IMAGES, FEWEST_IMAGES = 128, 16
"""The most and the fewest test images that a network is measured on."""
MOST_NEURONS = 2**22
"""Neurons that are measured, times images: for a large network a few images suffice."""
MOST_VALUES = 2**22
"""Currents of a stage, times images and timesteps, that are held in memory at once: 16 MB."""
STATISTICS_IMAGES = 256
"""Training images on which batch norm of the untrained network takes its statistics."""


@dataclass(frozen=True)
class Measured:
    """What the networks of a run carry from timestep to timestep."""

    after: list[Match]
    """The residuals of each layer after training, and the noise it trained with."""
    before: list[Match]
    """The same with the weights that the training started from."""
    images: int
    """Test images that the networks saw."""


@dataclass(frozen=True)
class Side:
    """A run, and what was measured of it."""

    run: Run
    title: str
    """Title that tells it apart from its twin."""
    measured: Measured

    @property
    def layers(self) -> dict[str, list[Match]]:
        """The residuals of each layer, and the noise."""
        return {AFTER: self.measured.after, BEFORE: self.measured.before}


def draw() -> None:
    """The page."""
    heading(
        "Does the noise match the residual?",
        "Orange: potentials that active neurons carry into timesteps 2 to T. "
        "Blue: the noise that stood in for them in training, if there was any.",
    )
    left, right = st.columns([3, 2], gap="medium")
    with left:
        run = choose_run("Run")
    if run is None:
        return
    config = config_of(run)
    T = TIMESTEPS.draw([replace(config, timesteps=default_of(config.timesteps))], right)
    twin = choose_twin(run, left)
    answer = st.container()
    line = st.container(horizontal=True, vertical_alignment="bottom", gap="large")
    layers = line.container(width="content")
    wide = controls.toggle("apart", "Show silent and saturated neurons, too", False, place=line)
    try:
        sides = sides_of(run, twin, T, wide=wide)
    except (DataError, ValueError, OSError) as error:
        warn(error)
        return
    layer = choose_layer(len(sides[0].measured.after), layers)
    with answer:
        draw_answer(sides)
        if twin is None:
            draw_missing_twin(run)
    if wide:
        st.caption(
            "Grey, mostly at the left: silent neurons, which sink while their current stays below "
            "0. Violet, mostly at the right: saturated ones, which get more than they can fire "
            "away. The more timesteps, the further they drift: the axis holds 90 % of each."
        )
    draw_panels(sides, layer, wide=wide)
    draw_all_layers(sides)
    draw_method(sides[0], T)


def default_of(timesteps: int) -> int:
    """T at first: residuals exist from T = 2 on."""
    return max(2, min(MOST_AT_FIRST, timesteps))


def choose_twin(run: Run, place: Any) -> Run | None:
    """The twin beside the run; None if there is none."""
    twins = twins_of(config_of(run))
    if len(twins) < 2:
        return twins[0] if twins else None
    words = titles_of(twins)
    id = controls.select("twin", "Its twin", words, twins[0].id, place=place, lasting=False)
    return next(twin for twin in twins if twin.id == id)


def choose_layer(count: int, place: Any) -> int:
    """The layer that is drawn, counted from 0; at first the second, whose inputs are spikes."""
    if count == 1:
        return 0
    names = tuple(str(number) for number in range(1, count + 1))
    return int(controls.segments("layer", "Layer", names, "2", place=place)) - 1


def sides_of(run: Run, twin: Run | None, T: int, *, wide: bool) -> list[Side]:
    """The run and its twin, measured; the one with noise first.

    Raises:
        RunError, DataError, ValueError, OSError: see `measured`.
    """
    runs = sorted(filter(None, [run, twin]), key=lambda one: config_of(one).method != PAIR[0])
    titles = titles_of(runs)
    return [Side(one, titles[one.id], measured(one, T, wide=wide)) for one in runs]


def draw_answer(sides: Sequence[Side]) -> None:
    """A sentence for each side: in how many layers the noise fits."""
    for side in sides:
        layers = side.measured.after
        judged = [layer.verdict for layer in layers if layer.verdict]
        fits = judged.count("fits")
        plural = "s" * (len(judged) != 1)
        noisy = any(layer.noise for layer in layers)
        what = "the noise fits" if noisy else "evenly spread noise would fit"
        said = f"{what} in {fits} of {len(judged)} layer{plural}" if judged else "no verdict"
        colour = colour_of(fits == len(judged) if judged else None)
        st.subheader(f"{colour}[{escaped(capital(side.title))}: {said}.]", anchor=False)


def draw_panels(sides: Sequence[Side], layer: int, *, wide: bool) -> None:
    """The residuals of one layer after and before training; twins side by side."""
    from snnlab.show.charts.residuals import highest_density, layer_table, wide_span

    panels = [(side, when) for when in (AFTER, BEFORE) for side in sides]
    matches = [side.layers[when][layer] for side, when in panels]
    span = wide_span(match.found for match in matches) if wide else None
    highest = highest_density(layer_table(match.found, match.noise, span) for match in matches)
    for row in [panels] if len(sides) == 1 else [panels[:2], panels[2:]]:
        for place, (side, when) in zip(st.columns(2, gap="large"), row, strict=True):
            with place:
                draw_panel(side, layer, when, span, highest)


def draw_panel(
    side: Side, layer: int, when: str, span: tuple[float, float] | None, highest: float
) -> None:
    """The residuals of one layer of a network, and its verdict above them."""
    from snnlab.show.charts.residuals import layer_chart, layer_table

    match = side.layers[when][layer]
    found, noise = match.found, match.noise
    title, colour = capital(f"{side.title}, {when}"), colour_of(match.fits)
    with st.container(key=f"verdict-{side.run.id}-{when.split()[0]}"):
        st.markdown(f"**{escaped(title)}**  \n{colour}[{escaped(match.text())}]")
    chart = layer_chart(
        found,
        noise,
        name=f"layer {layer + 1} ({side.title}, {when})",
        colours=colours(),
        span=span,
        highest=highest,
        height=HEIGHT if span is None else HEIGHT + LINE_OF_LEGEND,
    )
    show_chart(chart, lambda: layer_table(found, noise, span), key=f"{side.run.id}-{when}")
    if span is not None:
        said = f"{whole_percent(found.active)} of the neurons active, {drift_words(found)}."
        st.caption(unbroken(said))
        return
    inside = f": {whole_percent(found.inside)} of their residuals lie in [0, v_th)"
    said = (
        f"{whole_percent(found.active)} of the neurons active{inside if found.neurons else ''}. "
        f"{whole_percent(found.silent)} silent, {whole_percent(found.saturated)} saturated."
    )
    st.caption(unbroken(said))


def colour_of(fits: bool | None) -> str:
    """The colour of a verdict, as Markdown writes it; None: there is none."""
    return {True: ":green", False: ":orange", None: ":grey"}[fits]


def draw_all_layers(sides: Sequence[Side]) -> None:
    """Distance and verdict of every layer."""
    st.subheader("All layers", anchor=False)
    count = len(sides[0].measured.after)
    columns = {
        capital(f"{side.title}, {when}"): [in_short(side.layers[when][i]) for i in range(count)]
        for side in sides
        for when in (AFTER, BEFORE)
    }
    table = pd.DataFrame({"Layer": [str(i + 1) for i in range(count)], **columns})
    st.dataframe(table, hide_index=True)


def in_short(match: Match) -> str:
    """Distance and verdict of a layer, for a cell of the table."""
    if match.verdict is None or match.distance is None:
        return "no verdict"
    return f"{match.distance:.2f} v_th: {match.verdict}"


def draw_method(side: Side, T: int) -> None:
    """Say how the residuals were measured."""
    st.caption(RULE)
    when = "at timestep 2" if T == 2 else f"over timesteps 2 to {T} together"
    st.caption(
        f"Measured without noise on the first {side.measured.images} test images, {when}. "
        f"Silent: no spike in {T} timesteps; saturated: a spike at each. Without a leak, a current "
        "that stays below 0 or above v_th drives the potential further away at every timestep. "
        "Layer 1 has the same current at each timestep, so over many its residuals lie evenly, "
        "with noise or without; deeper layers get spikes. Before training: the first weights of "
        f"this seed. Batch norm, which has no statistics yet, takes those of {STATISTICS_IMAGES} "
        "training images."
    )


def capital(text: str) -> str:
    """With a capital letter."""
    return f"{text[:1].upper()}{text[1:]}"


@st.cache_resource(
    max_entries=200, show_spinner="Measuring residual potentials ...", hash_funcs={Run: stamp}
)
def measured(run: Run, T: int, *, wide: bool) -> Measured:
    """Measure the residuals of every layer, once per server.

    Args:
        run: a finished one.
        T: timesteps, at least 2.
        wide: whether to include silent and saturated neurons.

    Raises:
        RunError, DataError, ValueError: see `network_and_data`.
    """
    from snnlab.measure.residuals import residuals, trained_noise

    net, data = network_and_data(run)
    neurons = neurons_of(net, data)
    count = min(max(MOST_NEURONS // sum(neurons), FEWEST_IMAGES), MOST_IMAGES, len(data.test))
    batch = min(max(1, MOST_VALUES // (T * max(neurons))), count)
    images = data.test.first(count)

    def matches(net: SpikingNet) -> list[Match]:
        found = residuals(net, images, T, channels=False, wide=wide, batch_size=batch)
        noises = [trained_noise(layer) for layer in net.neuron_layers()]
        return [Match(*each) for each in zip(found, noises, strict=True)]

    return Measured(matches(net), matches(untrained(run, data)), count)


def untrained(run: Run, data: Data) -> SpikingNet:
    """The network with the weights from before the training of a run.

    Batch norm of an untrained network has no statistics, so it gets those of some training images:
    without any, the neurons of deeper layers would be silent.
    """
    from snnlab.network.net import SpikingNet
    from snnlab.runs.assemble import build_network
    from snnlab.studies.switches import renormalised

    net = build_network(config_of(run), data.image_shape, len(data.classes))
    assert isinstance(net, SpikingNet)  # since the trained network is one
    first = renormalised(net, data.train.first(min(STATISTICS_IMAGES, len(data.train))), 1)
    net.load_state_dict(first.state_dict())  # the noise is kept: it is no part of the state
    return net.eval()


def neurons_of(net: SpikingNet, data: Data) -> list[int]:
    """How many neurons each stage has."""
    from snnlab.network.probes import record

    seen = record(net, data.test.first(1).normalised(), 1)
    return [stage.currents[0].numel() for stage in seen]

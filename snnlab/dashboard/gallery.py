"""Test images that more timesteps get right, and those that they get wrong."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from snnlab.dashboard.predictions import SIDE, Predictions, predictions, thumbnail
from snnlab.dashboard.screen import escaped, fold, warn
from snnlab.data.spec import DataError
from snnlab.measure.decisions import images_of_kind
from snnlab.runs.store import Run
from snnlab.show.described import image_title

EARLY = 1
"""T that the chosen T is compared with."""
MOST_IMAGES = 8
"""Images that are shown of each kind."""


def draw_gallery(run: Run, late: int) -> None:
    """Images gained and lost from one timestep to more.

    Args:
        run: a finished one.
        late: T, above 1.
    """
    st.subheader(f"Images that T\u00a0=\u00a0{late} changes", anchor=False)
    try:
        found = predictions(run)
    except (DataError, ValueError, OSError) as error:
        warn(error)
        return
    gained = images_of_kind("gained", found.quiet[:late], found.labels)
    lost = images_of_kind("lost", found.quiet[:late], found.labels)
    st.markdown(counts_in_words(run, len(found.labels), len(lost), len(gained), late))
    draw_images(found, gained, late, f"Gained: wrong at T = {EARLY}, right at T = {late}")
    draw_images(found, lost, late, f"Lost: right at T = {EARLY}, wrong at T = {late}")
    if gained or lost:
        numbers = fold("The numbers", key="numbers-images")
        if numbers is not None:
            kinds = {"gained": gained, "lost": lost}
            numbers.dataframe(table(found, kinds, late), hide_index=True)


def counts_in_words(run: Run, images: int, lost: int, gained: int, late: int) -> str:
    """How many images changed, of those looked at here and of all that were tested."""
    tested = run.accuracy.images or images
    of = f"all {images:,} test images" if images == tested else f"the first {images:,} test images"
    here = f"Of {of} **{gained} gained** and **{lost} lost**: net {gained - lost:+d}."
    everywhere = run.accuracy.changed.get(late)
    if everywhere in (None, (lost, gained)) and images == tested:
        return here
    if everywhere is None:
        return f"{here} {tested:,} were tested in all."
    lost, gained = everywhere
    return (
        f"{here} The measurement after training, on all {tested:,}: {gained:,} gained, "
        f"{lost:,} lost, net {gained - lost:+,d}."
    )


def draw_images(found: Predictions, chosen: list[int], late: int, title: str) -> None:
    """Some of the images under a title, each with the classes that the network names."""
    if not chosen:
        return
    more = f"; {MOST_IMAGES} of {len(chosen)} shown" if len(chosen) > MOST_IMAGES else ""
    st.markdown(f"**{title}**{more}")
    row = st.container(horizontal=True)
    for image in chosen[:MOST_IMAGES]:
        label = found.classes[found.labels[image]]
        words = f"{escaped(said(found, image, EARLY))} → **{escaped(said(found, image, late))}**"
        picture = thumbnail(found.pixels[image])
        row.image(picture, words, width=SIDE, alt=f"{image_title(image, label)}.")


def table(found: Predictions, kinds: dict[str, list[int]], late: int) -> pd.DataFrame:
    """All changed images with their classes."""
    rows = [
        {
            "image": image,
            "kind": kind,
            "label": found.classes[found.labels[image]],
            **{f"at T = {T}": said(found, image, T) for T in (EARLY, late)},
        }
        for kind, images in kinds.items()
        for image in images
    ]
    return pd.DataFrame(rows)


def said(found: Predictions, image: int, T: int) -> str:
    """The class that the network names after T timesteps."""
    return found.classes[found.quiet[T - 1, image]]

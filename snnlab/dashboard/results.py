"""What became of finished runs: accuracy against T, the certificate, images that were rescued."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from snnlab.conversion.timesteps import Certificate
from snnlab.dashboard import address, controls
from snnlab.dashboard.groups import Group, group_runs, lines_of
from snnlab.dashboard.predictions import Predictions, predictions, thumbnail
from snnlab.dashboard.screen import colours, escaped, fold, show_chart, warn
from snnlab.data.spec import DataError
from snnlab.measure.curve import SeedCurves
from snnlab.measure.statistics import RULE, Verdict
from snnlab.runs.curves import curve_of
from snnlab.runs.store import Run
from snnlab.show.charts.runs import Line, accuracy_chart, accuracy_table

EARLY, LATE = 1, 8
"""T at which the images that are shown are wrong, and T at which they are right."""
MOST_IMAGES = 12


def draw_results(runs: list[Run]) -> None:
    """Accuracy against timesteps."""
    palette = colours()
    groups = groups_of(runs)
    lines = lines_of(groups)
    if not lines:
        st.info("These runs have no timesteps to read.")
        return
    noisy = with_noise(groups)
    below = st.container()
    kept = (
        noisy is not None
        and noisy.config.noise_can_stay
        and controls.toggle(
            "kept", "Keep the noise on after training", False, help="What if it were not dropped?"
        )
    )
    if kept and noisy:
        lines |= noise_kept(noisy, palette.free[0])
    highest = min(line.curves.timesteps[-1] for line in lines.values())
    with below:
        draw_curve(lines, highest)


def draw_details(runs: list[Run]) -> None:
    """What became of one of the runs that were trained with noise, if there is one."""
    noisy = with_noise(groups_of(runs))
    if noisy:
        run = noisy.runs[0]
        highest = max(run.accuracy)
        certificate, images = st.columns(2, gap="large")
        with certificate:
            draw_certificate(run)
        with images:
            draw_rescued(run, address.whole("at", min(LATE, highest), 1, highest))


def groups_of(runs: list[Run]) -> list[Group]:
    """The runs that have a curve, in groups."""
    return [group for group in group_runs(runs, colours()) if group.runs[0].accuracy]


def with_noise(groups: list[Group]) -> Group | None:
    """The first group that was trained with noise."""
    return next((group for group in groups if group.config.acting_noise), None)


def draw_curve(lines: dict[str, Line], highest: int) -> None:
    """The curve, and a slider that reads it."""
    place = st.container()
    T = controls.slider("at", "Read the curve at T =", min(LATE, highest), 1, highest, 1)
    with place:
        chart = accuracy_chart(lines, colours=colours(), at=T)
        st.subheader("Accuracy against timesteps", anchor=False)
        show_chart(chart, lambda: accuracy_table(lines), key="accuracy")
    numbers = st.container(horizontal=True)
    for name, (_, curves) in lines.items():
        if T in curves.timesteps:
            found = curves.at(T).mean
            delta = f"{found - curves.mean[0]:+.2f} since T = 1" if T > 1 else None
            numbers.metric(name, f"{found:.2f} %", delta, border=True)


def noise_kept(group: Group, colour: str) -> dict[str, Line]:
    """The same networks when the noise of their training stays on."""
    seeds = []
    for run in group.runs:
        try:
            seeds.append(predictions(run).accuracy(noisy=True))
        except (DataError, ValueError, OSError) as error:
            warn(error)
    return {"noise kept on": Line(colour, SeedCurves.of(seeds))} if seeds else {}


def draw_certificate(run: Run) -> None:
    """What the conversion from one timestep to many kept."""
    found = (run.result or {}).get("certificate")
    st.subheader("Certificate of the conversion", anchor=False)
    if not isinstance(found, dict):
        st.info("This run has no certificate.")
        return
    try:
        Certificate.from_json(found)
    except ValueError as error:
        warn(f"The certificate of this run cannot be read: {error}")
        return
    accuracy, last = curve_of(found), found["timesteps"]
    rows = [
        ("All weights equal, bit for bit", found["weights_equal"]),
        ("Same outputs at T = 1", found["logits_equal_at_1"]),
        ("Timesteps left out as warm-up: none", found["warm_up"] == 0),
    ]
    for text, kept in rows:
        st.markdown(f"{mark_of('kept' if kept else 'lost')} {text}")
    if last in accuracy.changed:
        paired = accuracy.since_1(last)
        st.markdown(
            f"{mark_of(paired.verdict)} Accuracy from T = 1 to {last} {paired.text()}",
            help=RULE,
        )
    with_noise = found.get("accuracy_with_noise_at_1")
    parts = [f"{accuracy[1]:.2f} % at T = 1", f"{accuracy[last]:.2f} % at T = {last}"]
    if with_noise is not None:
        parts.insert(0, f"{with_noise:.2f} % at T = 1 with noise")
    st.caption(f"{', '.join(parts)}; {found['images']:,} test images, seed of {escaped(run.id)}.")


def mark_of(verdict: Verdict) -> str:
    """A sign before a line of the certificate."""
    return {
        "kept": ":green[:material/check_circle:]",
        "lost": ":red[:material/cancel:]",
        "undecided": ":grey[:material/help:]",
    }[verdict]


def draw_rescued(run: Run, T: int) -> None:
    """Images that more timesteps get right."""
    late = T if T > EARLY else LATE
    st.subheader(f"Right at T\u00a0=\u00a0{late}, wrong at T\u00a0=\u00a0{EARLY}", anchor=False)
    try:
        found = predictions(run)
    except (DataError, ValueError, OSError) as error:
        warn(error)
        return
    late = min(late, len(found.quiet))
    chosen = found.rescued(EARLY, late)
    if not chosen:
        lost = len(found.rescued(late, EARLY))
        other = f" {lost} the other way round." if lost else ""
        st.caption(f"None of {len(found.labels)} images with this seed.{other} Try another T.")
        return
    shown = chosen[:MOST_IMAGES]
    gallery = st.container(horizontal=True)
    for image in shown:
        picture, words = thumbnail(found.pixels[image]), in_words(found, image, late)
        spoken = f"{said(found, image, EARLY)} at T = {EARLY}, {said(found, image, late)} later"
        label = found.classes[found.labels[image]]
        gallery.image(picture, words, width=104, alt=f"Test image of class {label}: {spoken}")
    st.caption(f"{len(chosen)} of {len(found.labels)} test images.")
    numbers = fold("The numbers", key="numbers-rescued")
    if numbers is not None:
        rows = [
            {
                "image": image,
                "label": found.classes[found.labels[image]],
                **{f"at T = {T}": said(found, image, T) for T in (EARLY, late)},
            }
            for image in shown
        ]
        numbers.dataframe(pd.DataFrame(rows), hide_index=True)


def in_words(found: Predictions, image: int, late: int) -> str:
    """What the network says about an image, early and late."""
    return f"{escaped(said(found, image, EARLY))} → **{escaped(said(found, image, late))}**"


def said(found: Predictions, image: int, T: int) -> str:
    """The class that the network names after T timesteps."""
    return found.classes[found.quiet[T - 1, image]]

"""The results of finished runs: accuracy against T, verdicts, the certificate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from snnlab.conversion.timesteps import Certificate
from snnlab.dashboard import address, controls
from snnlab.dashboard.earlier import draw_earlier, earlier_runs
from snnlab.dashboard.gallery import draw_gallery
from snnlab.dashboard.groups import Group, config_of, group_runs, lines_of
from snnlab.dashboard.predictions import predictions
from snnlab.dashboard.screen import READ_AT, colours, escaped, height_for, show_chart, warn
from snnlab.data.spec import DataError
from snnlab.measure.curve import SeedCurves
from snnlab.measure.statistics import RULE, PairedImages, Verdict
from snnlab.runs.config import RunConfig
from snnlab.runs.store import Run
from snnlab.show.charts.runs import Line, accuracy_chart, accuracy_table


def draw_results(runs: list[Run], shown: Mapping[str, RunConfig | None]) -> None:
    """Accuracy against timesteps, with earlier runs drawn behind.

    Args:
        runs: finished ones.
        shown: configurations of all runs on the page, finished or not, by their ids.
    """
    data = [config.data for config in shown.values() if config]
    groups = groups_of(runs, earlier_runs(shown, data))
    lines = lines_of(groups)
    if not lines:
        if runs:
            st.info("These runs have no timesteps to read.")
        return
    front = [group for group in groups if not group.earlier and group.name in lines]
    st.subheader("Accuracy against timesteps", anchor=False)
    read = st.container(key="read")
    below, switch = st.container(), st.container()
    lines |= noise_kept(front, switch)
    in_front = [line for line in lines.values() if not line.faint] or list(lines.values())
    with read:
        T = read_at(min(line.curves.timesteps[-1] for line in in_front))
    with below:
        chart = accuracy_chart(lines, colours=colours(), at=T, height=height_for(lines))
        show_chart(chart, lambda: accuracy_table(lines), key="accuracy")
        draw_earlier([group for group in groups if group.earlier and group.name in lines])
        draw_numbers(lines, T)
        draw_verdicts(front, T)


def groups_of(runs: Sequence[Run], earlier: Sequence[Run] = ()) -> list[Group]:
    """The runs that have a curve, in groups."""
    return group_runs([run for run in runs if run.accuracy], colours(), earlier)


def read_at(highest: int) -> int:
    """A slider that reads the curves."""
    if highest == 1:
        return 1
    return int(controls.slider("at", "Read the curve at T =", min(READ_AT, highest), 1, highest, 1))


def draw_numbers(lines: dict[str, Line], T: int) -> None:
    """The accuracies of the curves in front at T."""
    numbers = st.container(horizontal=True)
    for name, line in lines.items():
        curves = line.curves
        if not line.faint and T in curves.timesteps:
            found = curves.at(T).mean
            since = T > 1 and 1 in curves.timesteps
            delta = f"{found - curves.at(1).mean:+.2f} since T = 1" if since else None
            numbers.metric(name, f"{found:.2f} %", delta, border=True)


def draw_verdicts(groups: Sequence[Group], T: int) -> None:
    """A sentence on each curve: whether its accuracy is kept from T = 1 on."""
    found = {group.name: verdict_of(group, T) for group in groups}
    said = [f"{words[0]} **{escaped(name)}** {words[1]}" for name, words in found.items() if words]
    if T > 1 and said:
        st.markdown(f"Accuracy from T = 1 to {T}:", help=RULE)
        st.markdown("  \n".join(said))


def verdict_of(group: Group, T: int) -> tuple[str, str] | None:
    """A sign, and how accuracy changes from T = 1 to T in words; None if it was not counted."""
    pairs = [run.accuracy.since_1(T) for run in group.runs if counted(run, T)]
    if len(pairs) < 2:
        return (mark_of(pairs[0].verdict), f"{pairs[0].text()}.") if pairs else None
    verdicts = Counter(pair.verdict for pair in pairs)
    first, *others = verdicts.most_common()
    summary = f"{first[0]} with {first[1]} of {len(pairs)} seeds"
    summary += "".join(f", {verdict} with {count}" for verdict, count in others)
    lost, gained = sum(pair.lost for pair in pairs), sum(pair.gained for pair in pairs)
    mark = mark_of(pairs[0].verdict if len(verdicts) == 1 else "undecided")
    return mark, f"{summary} (lost {lost}, gained {gained} in all)."


def counted(run: Run, T: int) -> bool:
    """Whether the run recorded which images change between T = 1 and T."""
    return run.accuracy.images is not None and T in run.accuracy.changed


def noise_kept(groups: Sequence[Group], place: Any) -> dict[str, Line]:
    """A switch; when it is on, the curves of the same networks with their noise kept on."""
    group = next((group for group in groups if group.config.noise_can_stay), None)
    if group is None or not controls.toggle(
        "kept",
        "Keep the noise on after training",
        False,
        help="What if it were not dropped?",
        place=place,
    ):
        return {}
    seeds = []
    for run in group.runs:
        try:
            seeds.append(predictions(run).accuracy(noisy=True))
        except (DataError, ValueError, OSError) as error:
            warn(error)
    if not seeds:
        return {}
    images = tuple({seed.images for seed in seeds if seed.images})
    return {"noise kept on": Line(colours().free[0], SeedCurves.of(seeds), images=images)}


def draw_details(runs: list[Run]) -> None:
    """Details of one run: its certificate, and the images that more timesteps change."""
    groups = groups_of(runs)
    names = {
        run.id: group.name + (f", seed {config_of(run).seed}" if len(group.runs) > 1 else "")
        for group in groups
        for run in group.runs
    }
    if not names:
        return
    noisy = [run.id for group in groups for run in group.runs if config_of(run).acting_noise]
    id = (noisy or list(names))[0]
    if len(names) > 1:
        id = controls.select("of", "Certificate and images of", names, id)
    run = next(run for run in runs if run.id == id)
    highest = max(run.accuracy)
    certificate, images = st.columns(2, gap="large")
    with certificate:
        draw_certificate(run)
    with images:
        if highest > 1 and config_of(run).spiking:
            T = min(address.whole_number("at", READ_AT, 1, highest), highest)
            with st.container(key="gallery"):
                draw_gallery(run, T if T > 1 else min(READ_AT, highest))


def draw_certificate(run: Run) -> None:
    """What the conversion from one timestep to many left unchanged."""
    st.subheader("Certificate of the conversion", anchor=False)
    found = (run.result or {}).get("certificate")
    if found is None:
        draw_without_certificate(run)
        return
    try:
        certificate = Certificate.from_json(found)
    except ValueError as error:
        warn(f"The certificate of this run cannot be read: {error}")
        return
    rows = [
        (certificate.weights_equal, "All weights equal, bit for bit", "Some weights differ"),
        (certificate.logits_equal_at_1, "Same outputs at T = 1", "Other outputs at T = 1"),
        (
            certificate.warm_up == 0,
            "No warm-up: every timestep counts",
            f"Warm-up: {certificate.warm_up} timesteps do not count",
        ),
    ]
    for kept, yes, no in rows:
        st.markdown(f"{mark_of('kept')} {yes}" if kept else f"{mark_of('lost')} {no}")
    draw_change(run)
    accuracy, last = certificate.accuracy, certificate.timesteps
    parts = [f"{accuracy[1]:.2f} % at T = 1", f"{accuracy[last]:.2f} % at T = {last}"]
    if certificate.accuracy_with_noise_at_1 is not None:
        parts.insert(0, f"{certificate.accuracy_with_noise_at_1:.2f} % at T = 1 with noise")
    images = f"{certificate.images:,} test images"
    st.caption(f"{', '.join(parts)}; {images}; run {escaped(run.id)}.")


def draw_without_certificate(run: Run) -> None:
    """Why there is no certificate, and how accuracy changes with T."""
    if config_of(run).spiking:
        st.markdown(
            "Trained without noise, so there is none to drop and nothing to convert: the same "
            "network runs on for more timesteps."
        )
    else:
        st.markdown(
            "Trained without spikes and converted afterwards: no conversion from one timestep "
            "to many, which is what a certificate is about."
        )
    draw_change(run)


def draw_change(run: Run) -> None:
    """How accuracy changes from T = 1 to the last T."""
    last = max(run.accuracy)
    if last > 1 and counted(run, last):
        paired: PairedImages = run.accuracy.since_1(last)
        st.markdown(
            f"{mark_of(paired.verdict)} Accuracy from T = 1 to {last} {paired.text()}", help=RULE
        )


def mark_of(verdict: Verdict) -> str:
    """The sign of a verdict."""
    return {
        "kept": ":green[:material/check_circle:]",
        "lost": ":red[:material/cancel:]",
        "undecided": ":grey[:material/help:]",
    }[verdict]

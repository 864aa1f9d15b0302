"""The page Sigma map: one press trains a network for each sigma; each is read at every T.

The settings of a map stand in its link, under the names of the page Train, and determine the runs
that are its rows. So whoever opens the link sees the runs that are finished, and may train those
that are missing. They are ordinary runs, trained like those that Start trains, with as many
threads, and listed on the page Runs.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import pandas as pd
import streamlit as st

from snnlab.dashboard import address, controls
from snnlab.dashboard.controls import Control, read
from snnlab.dashboard.groups import short
from snnlab.dashboard.live import Status, statuses_of
from snnlab.dashboard.navigation import page_of
from snnlab.dashboard.screen import (
    announce,
    colours,
    complain,
    csv_button,
    escaped,
    heading,
    show_chart,
    state_badge,
    warn,
)
from snnlab.dashboard.service import engine, example_of, find_run, runs_folder
from snnlab.dashboard.training_settings import CONTROLS, METHOD, PRESET, Asked
from snnlab.dashboard.trouble import attempt, draw_complaint
from snnlab.dashboard.upload import check_linked
from snnlab.dashboard.visitor import submit, visitor, withdraw
from snnlab.dashboard.waiting import ends_in
from snnlab.jobs.progress import read_progress
from snnlab.learning.time_left import left_in_words
from snnlab.measure.curve import SeedCurves, powers_of_two
from snnlab.measure.statistics import MARGIN
from snnlab.neuron.spec import MATCHED_SIGMA
from snnlab.runs.config import RunConfig, anchored
from snnlab.runs.methods import METHODS, PLAIN, plays_a_part
from snnlab.runs.presets import PRESETS, with_noise
from snnlab.runs.store import Run, run_id
from snnlab.show.charts.runs import Line, accuracy_chart, accuracy_table
from snnlab.show.charts.sigma_map import STAR, sigma_map_chart
from snnlab.show.described import sigma_name
from snnlab.studies.sigma_map import (
    SIGMA,
    as_sweep,
    best_sigmas,
    coarse_to_fine,
    networks,
    validation,
)
from snnlab.studies.sweep_table import sweep_csv

NAME = "sigma_map"
PRESSED = "start-sigma-map"
"""In the session: the button on the page Train was pressed."""
AWAITED = "sigma map awaited"
"""In the session: ids of the runs of the map that trained while the visitor was on the page."""
LOOK_AGAIN = {"active": 1.0, "missing": 5.0}
"""Seconds until the page looks again: while runs train, and while somebody else might start
some."""
WORDS = {
    "waiting": "waits",
    "running": "in training ...",
    "failed": "failed, see below",
    "cancelled": "cancelled",
    "interrupted": "interrupted",
    "damaged": "damaged",
}
"""Text in the row of an unfinished run, by its state; in other states it is not trained yet."""

Statuses = dict[float, Status]
"""The states of the runs of a map by sigma, in rising order."""


def own_controls() -> list[Control]:
    """The controls of the page Train that count for a map, without the preset."""
    chosen = ("preset", "method", SIGMA, "seeds")
    return [c for c in CONTROLS if c.setting not in chosen and plays_a_part(c.setting, PLAIN)]


def offer() -> None:
    """The button on the page Train that starts and shows a map with the settings chosen there."""
    pressed = st.button(
        "Map σ × T",
        icon=":material/grid_on:",
        width="stretch",
        help="Trains a network for each of several σ with these settings, and opens the page Sigma "
        "map. The method and the number of seeds do not count: it is one seed, with noise.",
    )
    if pressed:
        attempt(open_map)
    say_if_busy()


def open_map() -> None:
    """Go to the page with the settings of the page Train, and start there."""
    check_linked()
    address.journey().links[NAME] = settings_in(address.current_link())
    st.session_state[PRESSED] = True
    st.switch_page(page_of(NAME, url_path=NAME))


def settings_in(link: Mapping[str, str]) -> dict[str, str]:
    """The values in a link of the page Train that count for a map, and which a lesson has set."""
    names = {PRESET.name, *(control.name for control in own_controls()), "fix", "hide"}
    return {name: value for name, value in link.items() if name in names}


def draw() -> None:
    """The page."""
    heading(
        "How much noise, and for which T?",
        "One network for each σ, all else equal; a column for each number of timesteps T.",
    )
    take_settings_of_train()
    left, right = st.columns(2, gap="large")
    asked = read_settings(left, right)
    try:
        (config,) = asked.configs()
        configs = networks(config)
    except ValueError as error:
        complain(error)
        return
    if st.session_state.pop(PRESSED, False):
        start(configs)
    ids = {sigma: id_of(one) for sigma, one in configs.items()}
    statuses = look(ids)
    draw_start(configs, statuses, left)
    map_place, curve_place = st.columns([3, 2], gap="large")
    runs = {sigma: run for sigma, one in statuses.items() if (run := finished(one))}
    with map_place:
        draw_map(config, statuses, runs)
    with curve_place:
        draw_curve(statuses, runs)
    draw_notes(config, runs, len(configs))


def take_settings_of_train() -> None:
    """With an empty link, take over the settings last chosen on the page Train."""
    if st.session_state.setdefault(address.key("arrived"), False):
        return
    st.session_state[address.key("arrived")] = True
    if not address.current_link():
        for name, value in settings_in(address.journey().links.get("train", {})).items():
            address.remember(name, value)


def read_settings(left: Any, right: Any) -> Asked:
    """Draw the controls, the preset on the left and the others on the right; their settings."""
    first = Asked()
    name = PRESET.draw([first], left)
    preset = with_noise(PRESETS[name])
    settings = read(own_controls(), [first, preset], right, "More settings")
    return Asked(name, first.seeds, {METHOD.setting: PLAIN, **settings})


def id_of(config: RunConfig) -> str:
    """The id of the run of a row: from its configuration, or of an example of another version."""
    own = run_id(anchored(config))
    example = None if find_run(own) else example_of(config)
    return example.id if example else own


def look(ids: Mapping[float, str]) -> Statuses:
    """The states of the runs now."""
    return dict(zip(ids, statuses_of(ids.values()), strict=True))


def finished(status: Status) -> Run | None:
    """The run, once it is finished and has an accuracy at every T."""
    return status.run if status.state == "finished" and status.run and status.run.accuracy else None


def start(configs: Mapping[float, RunConfig]) -> None:
    """Submit the runs to the engine, the most instructive ones first."""

    def submit_all() -> None:
        check_linked()
        submit([configs[sigma] for sigma in coarse_to_fine(configs)], sweep=True)

    attempt(submit_all)


def draw_start(configs: Mapping[float, RunConfig], statuses: Statuses, place: Any) -> None:
    """Draw the settings and the buttons in a place, and the progress below."""
    missing = [s for s in statuses.values() if not (s.active or s.state == "finished")]
    active = [status for status in statuses.values() if status.active]
    row = place.container(horizontal=True, vertical_alignment="center")
    if not missing and not active:
        state_badge("finished", row)
    elif missing:
        begun = len(missing) < len(statuses) or any(status.run for status in missing)
        label = f"Train the missing {len(missing)}" if begun else f"Train all {len(missing)}"
        icon = ":material/play_arrow:"
        if row.button(label, type="primary", icon=icon, key="start-map"):
            start(configs)
    mine = [status.id for status in active if status.mine]
    if mine and row.button("Cancel the map", icon=":material/stop:", key="cancel-map"):
        attempt(lambda: withdraw(mine))
    row.markdown(what_trains(configs), width="stretch")
    draw_complaint()
    pause = LOOK_AGAIN["active"] if active else LOOK_AGAIN["missing"] if missing else None
    st.fragment(watch, run_every=pause)(statuses)
    draw_failures(statuses)


def what_trains(configs: Mapping[float, RunConfig]) -> str:
    """The settings of the map in a line."""
    config = configs[MATCHED_SIGMA]
    epochs = config.training.epochs
    parts = [
        short(config.data.name),
        config.model.name,
        METHODS[config.method].title,
        f"{epochs} epoch{'s' * (epochs != 1)}",
        f"seed {config.seed}",
    ]
    return escaped(", ".join(parts))


def watch(drawn: Statuses) -> None:
    """Draw the progress of the map; once a run starts or ends, the whole page is drawn anew.

    Args:
        drawn: the states of the runs when the page was drawn.
    """
    now = look({sigma: status.id for sigma, status in drawn.items()})
    done = sum(status.state == "finished" for status in now.values())
    announce(news(now, done), key="map")
    if any(status.active for status in now.values()):
        st.progress(done / len(now), ", ".join(in_words(now, done)))
    elif done < len(now):
        st.caption(f"{done} of {len(now)} trained. They train one after another.")
    if done < len(now):
        say_if_busy({status.id for status in now.values()})
    if [status.state for status in now.values()] != [status.state for status in drawn.values()]:
        st.rerun()


def news(statuses: Statuses, done: int) -> str:
    """The progress of a map for a screen reader, if it trained during this visit; else empty."""
    ids = {status.id for status in statuses.values()}
    active = any(status.active for status in statuses.values())
    if active:
        st.session_state[AWAITED] = ids
    if st.session_state.get(AWAITED) != ids:
        return ""
    if done == len(statuses):
        return f"Done: all {done} networks of the map are trained."
    return f"{done} of {len(statuses)} trained" + ("." if active else "; no more train now.")


def say_if_busy(ids: Collection[str] = ()) -> None:
    """Say how many runs of other visitors take turns with those of this one, without `ids`."""
    jobs = [job for job in engine().jobs() if job.active and visitor() not in job.users]
    others = sum(job.id not in ids for job in jobs)
    if others:
        runs = "1 run of another visitor waits or trains; yours take turns with it."
        if others > 1:
            runs = f"{others} runs of other visitors wait or train; yours take turns with them."
        st.caption(runs)


def in_words(statuses: Statuses, done: int) -> Iterator[str]:
    """The progress of a map in training: counts, the runs in training, and the time left."""
    yield f"{done} of {len(statuses)} trained"
    for sigma, status in statuses.items():
        if status.state == "running" and status.config:
            progress = read_progress(runs_folder() / status.id)
            epochs = status.config.training.epochs
            where = f"in epoch {progress.epoch} of {epochs}" if progress else "gets ready"
            yield f"σ = {sigma_name(sigma)} {where}"
    left = seconds_left(statuses)
    if words := left_in_words(left if left < math.inf else 0):
        yield f"about {words}"


def seconds_left(statuses: Statuses) -> float:
    """Seconds until all runs of a map have ended; infinite while that is unknown."""
    ends = ends_in(str(runs_folder().absolute()))
    return max(ends.get(one.id, math.inf) for one in statuses.values() if one.active)


def draw_failures(statuses: Statuses) -> None:
    """Why runs failed, or what keeps them from starting; each reason once."""
    reasons: dict[str, list[str]] = {}
    for sigma, status in statuses.items():
        if status.state in ("failed", "damaged", "waiting") and status.reason:
            reasons.setdefault(status.reason, []).append(sigma_name(sigma))
    for reason, sigmas in reasons.items():
        warn(f"σ = {', '.join(sigmas)}: {reason}")


def draw_map(config: RunConfig, statuses: Statuses, runs: Mapping[float, Run]) -> None:
    """The map, its numbers, and what its marks mean."""
    best = best_sigmas(runs)
    missing = {sigma: words_of(status) for sigma, status in statuses.items() if sigma not in runs}
    chart = sigma_map_chart(
        {sigma: curve_of(run) for sigma, run in runs.items()},
        missing,
        timesteps=powers_of_two(config.timesteps),
        best=best,
        colours=colours(),
    )
    show_chart(chart, lambda: table_of(runs), key="sigma-map")
    if runs:
        csv_button(sweep_csv(as_sweep(config, runs)), NAME)


def words_of(status: Status) -> str:
    """The text in the row of a run that is not finished."""
    if status.run is None and not status.job:
        return "not trained yet"
    return WORDS.get(status.state, "has no accuracy")


def curve_of(run: Run) -> SeedCurves:
    """The accuracy of a run at every T."""
    return SeedCurves.of([run.accuracy])


def table_of(runs: Mapping[float, Run]) -> pd.DataFrame:
    """One row per sigma."""
    rows = [
        {
            "σ (v_th)": sigma,
            "validation (%)": validation(run),
            **{f"T = {T} (%)": found for T, found in run.accuracy.thinned().items()},
            "training (s)": (run.result or {}).get("training_seconds"),
        }
        for sigma, run in runs.items()
    ]
    return pd.DataFrame(rows)


def draw_curve(statuses: Statuses, runs: Mapping[float, Run]) -> None:
    """Accuracy against T for one sigma, with that of the matched noise behind."""
    sigma = sigma_control(list(statuses))
    palette = colours()
    run, matched = runs.get(sigma), runs.get(MATCHED_SIGMA)
    lines = {}
    if run:
        colour = palette.noise if sigma else palette.quiet
        lines[f"σ = {sigma_name(sigma)}"] = Line(colour, curve_of(run))
    if matched and sigma != MATCHED_SIGMA:
        lines[f"σ = {sigma_name(MATCHED_SIGMA)}"] = Line(palette.grey, curve_of(matched))
    if not run:
        words = words_of(statuses[sigma]).rstrip(" .")
        st.info(f"σ = {sigma_name(sigma)}: {words}.", icon=":material/info:")
    if not lines:
        return
    chart = accuracy_chart(lines, colours=palette, height=330)
    show_chart(chart, lambda: accuracy_table(lines), key="sigma-curve")
    if run and st.button("Open this run on Train", icon=":material/open_in_new:"):
        address.journey().links.setdefault("train", {})["run"] = run.id
        st.switch_page(page_of("train", url_path="train"))


def sigma_control(sigmas: list[float]) -> float:
    """The slider over the rows of the map."""
    said = address.number("look", MATCHED_SIGMA, sigmas[0], sigmas[-1])
    nearest = min(sigmas, key=lambda sigma: abs(sigma - said))
    found = controls.linked_widget(
        "look",
        nearest,
        lambda **key: st.select_slider(
            "Read the row of σ =", sigmas, format_func=sigma_name, **key
        ),
        default=MATCHED_SIGMA,
        fits=sigmas.__contains__,
    )
    return float(found)


def draw_notes(config: RunConfig, runs: Mapping[float, Run], rows: int) -> None:
    """What the marks in a map of so many rows mean, and which differences are too small."""
    start = with_noise(config).acting_neuron.v_start / config.neuron.v_th
    notes = [
        f"Dashed frame: σ = 1/√12 = {MATCHED_SIGMA:.4f} v_th, as wide as the residual potential.",
        f"σ = 0: trained without noise, from v_init = {start:g} v_th like the others.",
    ]
    if runs:
        notes.insert(0, best_in_words(runs, so_far=len(runs) < rows))
        images = next(iter(runs.values())).accuracy.images or 1
        notes.append(
            f"One network per σ, all of seed {config.seed}: one of {images:,} test images is "
            f"{100 / images:.2g} points, and another seed may change {MARGIN:g} point or more. "
            "Smaller differences say nothing."
        )
    st.markdown("\n".join(f"- {note}" for note in notes))


def best_in_words(runs: Mapping[float, Run], *, so_far: bool) -> str:
    """The sigma with the best validation accuracy, among all rows or those trained so far."""
    best = best_sigmas(runs)
    if not best:
        return "Without validation images no row is marked as the best."
    names = " and ".join(sigma_name(sigma) for sigma in best)
    right = validation(runs[best[0]])
    tie = "" if len(best) == 1 else "; they tie"
    return (
        f"{STAR} Solid frame: most validation images right{' so far' * so_far}, σ = {names} "
        f"({right:.2f} %{tie}). Those are looked at with T = 1 and without noise, when training "
        "ends; the colours show test images."
    )

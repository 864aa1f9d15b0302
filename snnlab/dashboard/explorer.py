"""The page Network: one image on its way through networks, timestep by timestep."""

from __future__ import annotations

import json
from dataclasses import astuple, dataclass
from typing import Any, NamedTuple

import streamlit as st

from snnlab.dashboard import address, controls, drawings
from snnlab.dashboard.choosing import choose_run
from snnlab.dashboard.explorer_neuron import Place, draw_neuron
from snnlab.dashboard.explorer_numbers import (
    Picture,
    frames_of,
    images_that,
    names_of,
    pixels_of,
    timesteps_of,
    watched,
)
from snnlab.dashboard.groups import config_of, titles_of
from snnlab.dashboard.mounted import as_sent, part
from snnlab.dashboard.screen import colours, heading, warn
from snnlab.dashboard.service import is_finished
from snnlab.dashboard.twins import draw_missing_twin, missing_twin, twins_of
from snnlab.data.spec import DataError, can_draw
from snnlab.measure.decisions import KINDS, Kind, next_of
from snnlab.runs.examples import EXAMPLE_IMAGE, FIRST_NOTEBOOK, is_example
from snnlab.runs.store import Run
from snnlab.show.explorer.drawing import PAD_JS, pad_given
from snnlab.show.explorer.frames import VIEWS
from snnlab.show.explorer.player import PLAYER_JS

TEST, DRAW = "Test image", "Draw"
NOTHING, BOTH = "none", "both"
"""Options of the menu of twins beside the run: no other network, or the first two."""
PAD_INK, SENT, COUNTS = "pad-ink", "sent", "counts"
"""In the session, as long as the page is open: the ink that the pad was made with, what was sent to
the player, and how many images of a kind there are."""
MOST_STAGES = 64
"""Stages whose first map a link can name."""
FIRST_KIND: Kind = "lost"
"""The kind of image that is offered first, sought with the twin: it shows why noise helps."""


class InLink(NamedTuple):
    """A control of the page."""

    name: str
    """In links and lessons."""


CONTROLS = tuple(map(InLink, ("run", "beside", "from", "image", "kind")))
"""The controls that a lesson can fix or hide."""
IN_LINKS = ("t", "view", "neuron", "first", drawings.NAME)
"""The other names in a link of this page."""
STYLE = """<style>
.stMainBlockContainer { padding-top: 3.75rem; }
.st-key-explorer { --snn-top: 3.75rem; }
.st-key-explorer h1 { padding: 0; }
.st-key-explorer-neuron { scroll-margin-top: 4.5rem; }
.st-key-explorer [data-testid="stVerticalBlock"] { gap: 0.6rem; }
@media (max-width: 640px) {
  .stMainBlockContainer { padding-top: 4rem !important; }
  [class*="st-key-explorer-row"] [data-testid="stHorizontalBlock"] { gap: 0.4rem; }
  [class*="st-key-explorer-row"] [data-testid="stColumn"] { min-width: 0; flex: 1 1 35%; }
  [class*="st-key-explorer-row"] [data-testid="stColumn"]:has(h1) { flex: 1 1 100%; }
  .st-key-explorer-row-2 [data-testid="stColumn"]:nth-child(1) { flex: 1 1 54%; }
  .st-key-explorer-row-2 [data-testid="stColumn"]:nth-child(3) { flex: 1 1 60%; }
}
</style>"""
"""Keeps the player in sight: on a phone, too, two controls stand side by side."""

MORE = "Currents and residuals"
"""The text of the player's button that leads down to the charts of a neuron."""
START_PLAYER = """(element, tell, frames, options) => mount(element, frames, (event, said) => {
  if (event !== "further") return tell(event, said);
  document.querySelector(".st-key-explorer-neuron")?.scrollIntoView();
}, options)"""
"""JavaScript that starts the player; its event "further" scrolls down to the charts of the
neuron."""

player = part("snnlab.player", PLAYER_JS, START_PLAYER)
pad = part("snnlab.pad", PAD_JS, "(element, tell, given) => mountPad(element, given, tell)")


@dataclass(frozen=True)
class Shown:
    """The runs and the picture that the page shows."""

    runs: tuple[Run, ...]
    """The run in the link comes first."""
    T: int
    picture: Picture


def draw() -> None:
    """The page."""
    with st.container(key="explorer"):
        explorer()


@st.fragment
def explorer() -> None:
    """The controls and all that depends on them, as a fragment: a press redraws only this."""
    row = st.container(key="explorer-row-1")
    title, left, right = row.columns([1.2, 1.4, 1.1], vertical_alignment="bottom")
    with title:
        heading("See it think", "One image, timestep by timestep.")
        st.html(STYLE)
    with left:
        run = choose_run("Network", FIRST_NOTEBOOK)
    if run is None:
        return
    try:
        count = len(watched(run).images)
        runs = choose_beside(run, right)
        T = min(map(timesteps_of, runs))
        picture, place = choose_picture(runs, T, count)
        if picture is not None:
            with place:
                play(Shown(runs, T, picture))
    except (DataError, ValueError, OSError) as error:
        warn(error)
        return
    if len(runs) == 1 and not twins_of(config_of(run)):
        draw_missing_twin(run)


def choose_beside(run: Run, place: Any) -> tuple[Run, ...]:
    """The run, and the twins that are shown beside it."""
    twins = {twin.id: twin for twin in twins_of(config_of(run))}
    if not twins:
        if missing_twin(config_of(run)) is None:
            place.caption("A twin beside it: only for runs with noise and without.")
        return (run,)
    words = titles_of(list(twins.values()))
    words |= ({BOTH: "both"} if len(twins) > 1 else {}) | {NOTHING: "nothing"}
    first = next(iter(twins))
    chosen = controls.select("beside", "Beside it", words, first, place=place, lasting=False)
    if chosen == BOTH:
        return (run, *list(twins.values())[:2])
    return (run, twins[chosen]) if chosen in twins else (run,)


def choose_picture(runs: tuple[Run, ...], T: int, count: int) -> tuple[Picture | None, Any]:
    """The chosen test image or drawing, None if nothing is drawn; and the player's place."""
    row = st.container(key="explorer-row-2")
    line = row.columns([1.7, 1.4, 4.4, 1.4], vertical_alignment="bottom")
    source = TEST
    if can_draw(config_of(runs[0]).data):
        source = controls.segments(
            "from", "Picture", (TEST, DRAW), place=line[0], label_visibility="collapsed"
        )
    else:
        line[0].caption("Drawings of your own: only for runs on digits and MNIST.")
    if source == DRAW:
        return draw_pad(runs, T)
    st.session_state.pop(address.key(PAD_INK), None)
    look_for(runs, T, count, line[2], line[3])
    return choose_image(first_image(runs[0]), count, line[1]), st.container()


def first_image(run: Run) -> int:
    """The test image that is shown at first: for networks of the notebooks, the one shown there."""
    return EXAMPLE_IMAGE if is_example(run, FIRST_NOTEBOOK) else 0


def choose_image(first: int, count: int, place: Any) -> int:
    """The number of a test image, with buttons for the previous and the next one."""
    label = f"Image, 0 to {count - 1}"
    image = controls.linked_widget(
        "image",
        address.whole_number("image", first, 0, count - 1),
        lambda **key: place.number_input(label, 0, count - 1, **key),
        place=place,
        default=first,
        fits=lambda there: 0 <= there < count,
    )
    return int(image)


def look_for(runs: tuple[Run, ...], T: int, count: int, place: Any, beside: Any) -> None:
    """A menu and a button that go to the next test image whose decision changes over time."""
    names = names_of(runs)
    options: dict[str, tuple[int, Kind]] = {
        f"{kind}-{number + 1}": (number, kind) for number in range(len(runs)) for kind in KINDS
    }
    words = {
        option: f"{names[number]}: {KINDS[kind]}" for option, (number, kind) in options.items()
    }
    first = f"{FIRST_KIND}-{len(runs)}"
    chosen = controls.select("kind", "The next image that", words, first, place=place)
    if "image" in address.set_by_lesson():
        return
    number, kind = options[chosen]
    run = runs[number]
    counts = st.session_state.setdefault(address.key(COUNTS), {})
    known = counts.get((run.id, kind, T))
    label = "Next" if known is None else f"Next of {known}" if known else "There is none"
    pressed = beside.button(
        label, key=address.key("next"), disabled=known == 0, width="stretch", type="primary"
    )
    if pressed:
        with place:
            found = images_that(run, kind, T)
        counts[run.id, kind, T] = len(found)
        now = first_image(runs[0])
        image = next_of(found, address.whole_number("image", now, 0, count - 1))
        if image is not None:
            address.remember("image", image, now)
            st.session_state[address.key("image")] = image
        st.rerun()


def draw_pad(runs: tuple[Run, ...], T: int) -> tuple[Picture | None, Any]:
    """Draw the pad, and what the networks see and say; the drawing, and the player's place."""
    ink = drawings.drawing()
    before = st.session_state.setdefault(address.key(PAD_INK), ink)  # its ink at first
    left, right = st.columns([1.2, 2.5], gap="medium")
    seen, said = None, ""
    if ink is not None:
        seen = pixels_of(runs[0], ink)
        said = frames_of(runs, ink, T, starts()).said
    given = pad_given(seen, said, drawings.grey(before), dark=colours().dark)
    with left:
        pad(address.key("pad"), [json.dumps(given).encode()], ink=drawings.keep)
        if ink is not None and not drawings.fits_into_link():
            st.caption("This drawing is too large for the link: it stays for this visit.")
    return ink, right


@st.fragment
def play(shown: Shown) -> None:
    """The player and the chosen neuron, as a fragment: redrawn alone when the player rests."""
    runs, T, picture = shown.runs, shown.T, shown.picture
    if not all(is_finished(run.id) for run in runs):  # a run was deleted, or is trained anew
        st.rerun()
    made = frames_of(runs, picture, T, starts())
    t, view = address.whole_number("t", 1, 1, T), address.choice("view", VIEWS, VIEWS[0])
    place = Place.of(address.link_value("neuron"))
    neuron = list(astuple(place)) if place else None
    options = {"t": t, "view": view, "neuron": neuron, "dark": colours().dark, "more": MORE}
    about = (tuple(run.id for run in runs), picture, T, starts())
    player(
        address.key("player"),
        [made.frames, as_sent(SENT, options, *about)],
        at=lambda message: rest(message, T),
        neuron=choose_neuron,
        more=turn_over,
    )
    if place:
        with st.container(key="explorer-neuron"):
            draw_neuron(runs, picture, T, t, place)


def rest(message: Any, T: int) -> None:
    """Write the timestep and view of the player into the link, once it has come to rest."""
    t, view = number_in(message, "t"), message.get("view") if isinstance(message, dict) else None
    if t is not None and 1 <= t <= T:
        address.remember("t", t, 1)
    if view in VIEWS:
        address.remember("view", view, VIEWS[0])


def choose_neuron(message: Any) -> None:
    """Write the neuron that was chosen in the player into the link, or remove a closed one."""
    if message is None:
        address.forget(["neuron"])
        return
    network, stage, index = (number_in(message, name) for name in ("network", "stage", "index"))
    if network is not None and stage is not None and index is not None:
        address.remember("neuron", str(Place(network, stage, index)))


def turn_over(message: Any) -> None:
    """Show other maps of a stage, as the player has asked for."""
    stage, begin = number_in(message, "stage"), number_in(message, "first")
    if stage is None or begin is None or stage >= MOST_STAGES:
        return
    first = [*starts(), *[0] * (stage + 1 - len(starts()))]
    first[stage] = begin
    address.remember("first", first if any(first) else None)


def starts() -> tuple[int, ...]:
    """The map at which each stage starts, from the link."""
    said = (address.link_value("first") or "").split(",")[:MOST_STAGES]
    return tuple(int(part) if part.isascii() and part.isdigit() else 0 for part in said)


def number_in(message: Any, name: str) -> int | None:
    """A number from a browser's message; None if it is missing, negative or no number."""
    value = message.get(name) if isinstance(message, dict) else None
    return value if isinstance(value, int) and value >= 0 else None

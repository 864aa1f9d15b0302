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
"""Beside the run: no other network, or the first two."""
PAD_INK, SENT, COUNTS = "pad-ink", "sent", "counts"
"""In the session, as long as the page is open: the ink that the pad was made with, what was sent to
the player, and how many images of a kind there are."""
MOST_STAGES = 64
"""Whose first map a link tells."""
FIRST_KIND: Kind = "lost"
"""Looked for at first, in the network beside: it shows what noise in training is good for."""


class InLink(NamedTuple):
    """A control of the page."""

    name: str
    """In links and lessons."""


CONTROLS = tuple(map(InLink, ("run", "beside", "from", "image", "kind")))
"""Those that a lesson can fix or hide."""
IN_LINKS = ("t", "view", "neuron", "first", drawings.NAME)
"""What else a link holds."""
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
"""The player is to be in sight: on a phone, too, two controls stand beside one another."""

MORE = "Currents and residuals"
"""On the button in the player that leads to what the page shows of a neuron."""
BELOW = """(element, tell, frames, options) => mount(element, frames, (event, said) => {
  if (event !== "further") return tell(event, said);
  document.querySelector(".st-key-explorer-neuron")?.scrollIntoView();
}, options)"""
"""How the player starts; what leads further leads down the page."""

player = part("snnlab.player", PLAYER_JS, BELOW)
pad = part("snnlab.pad", PAD_JS, "(element, tell, given) => mountPad(element, given, tell)")


@dataclass(frozen=True)
class Shown:
    """What the page shows."""

    runs: tuple[Run, ...]
    """That of the link first."""
    T: int
    picture: Picture


def draw() -> None:
    """The page."""
    with st.container(key="explorer"):
        explorer()


@st.fragment
def explorer() -> None:
    """Controls and what follows them; a press draws nothing else of the page anew."""
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
    """A test image, or a drawing, None if nothing is drawn yet; and the place for the player."""
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
    """The test image that is shown at first: the one of the notebooks for their networks."""
    return EXAMPLE_IMAGE if is_example(run, FIRST_NOTEBOOK) else 0


def choose_image(first: int, count: int, place: Any) -> int:
    """The number of a test image; beside it the buttons for the one before and the next."""
    label = f"Image, 0 to {count - 1}"
    image = controls.held(
        "image",
        address.whole("image", first, 0, count - 1),
        lambda **key: place.number_input(label, 0, count - 1, **key),
        place=place,
        default=first,
        fits=lambda there: 0 <= there < count,
    )
    return int(image)


def look_for(runs: tuple[Run, ...], T: int, count: int, place: Any, beside: Any) -> None:
    """Go to the next test image at which a network does not stay with its first decision."""
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
        image = next_of(found, address.whole("image", now, 0, count - 1))
        if image is not None:
            address.remember("image", image, now)
            st.session_state[address.key("image")] = image
        st.rerun()


def draw_pad(runs: tuple[Run, ...], T: int) -> tuple[Picture | None, Any]:
    """The pad with what the networks see and say; the drawing, and the place for the player."""
    ink = drawings.drawing()
    before = st.session_state.setdefault(address.key(PAD_INK), ink)  # when the pad was made
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
    """The player, and the neuron that was chosen in it; when it rests, this is drawn anew alone."""
    runs, T, picture = shown.runs, shown.T, shown.picture
    if not all(is_finished(run.id) for run in runs):  # somebody has deleted it, or trains it anew
        st.rerun()
    made = frames_of(runs, picture, T, starts())
    t, view = address.whole("t", 1, 1, T), address.choice("view", VIEWS, VIEWS[0])
    place = Place.of(address.said("neuron"))
    neuron = list(astuple(place)) if place else None
    options = {"t": t, "view": view, "neuron": neuron, "dark": colours().dark, "more": MORE}
    about = (tuple(run.id for run in runs), picture, T, starts())
    player(
        address.key("player"),
        [made.frames, as_sent(SENT, options, *about)],
        at=lambda told: rest(told, T),
        neuron=choose_neuron,
        more=turn_over,
    )
    if place:
        with st.container(key="explorer-neuron"):
            draw_neuron(runs, picture, T, t, place)


def rest(told: Any, T: int) -> None:
    """The link follows the player once it has come to rest."""
    t, view = number_in(told, "t"), told.get("view") if isinstance(told, dict) else None
    if t is not None and 1 <= t <= T:
        address.remember("t", t, 1)
    if view in VIEWS:
        address.remember("view", view, VIEWS[0])


def choose_neuron(told: Any) -> None:
    """A neuron was chosen in the player, or closed."""
    if told is None:
        address.forget(["neuron"])
        return
    network, stage, index = (number_in(told, name) for name in ("network", "stage", "index"))
    if network is not None and stage is not None and index is not None:
        address.remember("neuron", str(Place(network, stage, index)))


def turn_over(told: Any) -> None:
    """Other maps of a stage are to be shown."""
    stage, begin = number_in(told, "stage"), number_in(told, "first")
    if stage is None or begin is None or stage >= MOST_STAGES:
        return
    first = [*starts(), *[0] * (stage + 1 - len(starts()))]
    first[stage] = begin
    address.remember("first", first if any(first) else None)


def starts() -> tuple[int, ...]:
    """The map at which each stage starts, from the link."""
    said = (address.said("first") or "").split(",")[:MOST_STAGES]
    return tuple(int(part) if part.isascii() and part.isdigit() else 0 for part in said)


def number_in(told: Any, name: str) -> int | None:
    """A number that is not negative from what a browser has told; None: it is none."""
    value = told.get(name) if isinstance(told, dict) else None
    return value if isinstance(value, int) and value >= 0 else None

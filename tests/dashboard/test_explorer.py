"""The page Network: what it sends to the browser, its link, drawings, one neuron."""

from __future__ import annotations

import base64
import json
import shutil
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from snnlab.dashboard import drawings, explorer
from snnlab.dashboard.explorer_neuron import Place
from snnlab.dashboard.explorer_numbers import frames_of, images_that, names_of, watched
from snnlab.dashboard.lesson import lesson_link
from snnlab.measure.decisions import KINDS
from snnlab.measure.one_image import see_image
from snnlab.network.net import SpikingNet
from snnlab.runs.presets import compared
from snnlab.runs.run import run as train
from snnlab.runs.store import Run, list_runs
from snnlab.show.explorer.drawing import SIDE
from tests.dashboard.conftest import SMALL, Open
from tests.dashboard.fake_engine import FakeEngine
from tests.dashboard.test_distributions import plain, run_of
from tests.dashboard.test_pages import alt_texts, words

REST = "without noise, from rest"
DRAWING = {"from": explorer.DRAW}


def sent(app: AppTest) -> dict[str, list[Any]]:
    """What every part of the page was given, by its name."""
    assert not app.exception
    found = {}
    for element in app.get("bidi_component"):
        name = element.proto.component_name.removeprefix("snnlab.")
        found[name] = [json.loads(line) for line in element.proto.bytes.split(b"\n")]
    return found


def seven() -> np.ndarray[Any, Any]:
    """A drawing."""
    bits = np.zeros((SIDE, SIDE), bool)
    bits[25:37, 35:105] = True
    for row in range(37, 120):
        left = 93 - (row - 37) // 2
        bits[row, left : left + 12] = True
    return bits


def told(bits: np.ndarray[Any, Any]) -> dict[str, Any]:
    """A drawing as the pad tells it."""
    return {"side": SIDE, "pixels": base64.b64encode(drawings.inked(bits)).decode()}


def after(call: str, **link: str) -> AppTest:
    """The link after a function of the page has been called."""
    script = (
        "from snnlab.dashboard import address, drawings, explorer\n"
        f"address.enter('explorer')\n{call}\n"
    )
    app = AppTest.from_string(script)
    for name, value in link.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def test_the_first_visit_shows_a_test_image_in_both_networks(runs: Path, open_page: Open) -> None:
    app = open_page("explorer")
    frames, options = sent(app)["player"]
    assert frames["T"] == 8
    assert [network["name"] for network in frames["networks"]] == ["with noise", REST]
    assert frames["title"] == f"Test image 0, of class {frames['classes'][frames['label']]}"
    assert options == {
        "t": 1,
        "view": "spikes",
        "neuron": None,
        "dark": False,
        "more": explorer.MORE,
    }
    assert set(app.query_params) == {"run", "beside"}


def test_what_is_sent_is_what_the_neurons_did(runs: Path) -> None:
    run = run_of(runs, "noise")
    there = watched(run)
    seen = see_image(there.net, there.images.normalised(slice(3, 4))[0], 8)
    frames = json.loads(frames_of((run,), 3, 8, (0,)).frames)
    (network,) = frames["networks"]
    assert network["decisions"] == seen.decisions
    blob = zlib.decompress(base64.b64decode(frames["data"]))
    stage = network["stages"][0]
    spikes = np.frombuffer(blob, np.uint8, stage["shown"] * 8 * stage["height"] * stage["width"])
    neurons = spikes.reshape(8, -1)[:, : stage["neurons"]]
    assert (neurons == seen.stages[0].spikes.reshape(8, -1)).all()


def test_a_network_of_bptt_is_as_in_training_after_as_many_timesteps(runs: Path) -> None:
    config = replace(SMALL, method="bptt", bptt_timesteps=3)
    trained = train(config, runs)
    (network,) = json.loads(frames_of((trained,), 3, 8, ()).frames)["networks"]
    for stage in network["stages"]:
        assert stage["moved"][2] == 0 < stage["moved"][0]


def test_a_link_is_followed(runs: Path, open_page: Open) -> None:
    quiet = run_of(runs, "no-noise")
    app = open_page("explorer", run=quiet.id, beside="none", image="5", t="3", view="h")
    frames, options = sent(app)["player"]
    assert [network["name"] for network in frames["networks"]] == [REST]
    assert frames["title"].startswith("Test image 5, ")
    assert (options["t"], options["view"]) == (3, "h")
    assert app.query_params["t"] == "3"


@pytest.mark.sample(2)
@pytest.mark.parametrize("value", ["", "-1", "1e999", "9" * 40, "ä", "None", "<b>,x", "0,0,0", "²"])
def test_a_link_that_makes_no_sense_gives_defaults(value: str, runs: Path, open_page: Open) -> None:
    names = ("run", "beside", "from", "image", "kind", "t", "view", "neuron", "first", "ink", "fix")
    frames, options = sent(open_page("explorer", **dict.fromkeys(names, value)))["player"]
    assert options["t"] in (1, 8)
    assert options["view"] == "spikes"
    assert frames["title"].startswith("Test image ")


def test_when_the_player_moves_nothing_is_sent_again(runs: Path, open_page: Open) -> None:
    app = open_page("explorer")
    before = app.get("bidi_component")[0].proto.bytes
    app.session_state["journey"].links["explorer"] |= {"t": "5", "view": "h"}
    app.run()
    assert app.get("bidi_component")[0].proto.bytes == before
    app.number_input(key="explorer:image").set_value(4).run()
    frames, options = sent(app)["player"]
    assert frames["title"].startswith("Test image 4")
    assert (options["t"], options["view"]) == (5, "h")  # as the player was left
    assert app.query_params["image"] == "4"


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_next_goes_from_one_image_of_a_kind_to_the_next(
    kind: str, runs: Path, open_page: Open
) -> None:
    run = run_of(runs, "no-noise")
    found = images_that(run, kind, 8)  # type: ignore[arg-type]
    app = open_page("explorer", kind=f"{kind}-2", image="0")
    next(button for button in app.button if button.label == "Next").click().run()
    assert not app.exception
    label = app.button(key="explorer:next").label
    if not found:
        assert label == "There is none"
        assert app.button(key="explorer:next").disabled
        return
    assert label == f"Next of {len(found)}"
    image = next((image for image in found if image > 0), found[0])
    assert app.query_params.get("image", "0") == str(image)
    assert sent(app)["player"][0]["title"].startswith(f"Test image {image},")


@pytest.mark.slow
def test_the_link_follows_what_the_player_tells(empty: Path) -> None:
    app = after("explorer.rest({'t': 5, 'view': 'rates'}, 8)")
    assert app.query_params["t"] == "5"
    assert app.query_params["view"] == "rates"
    chosen = "explorer.choose_neuron({'network': 0, 'stage': 1, 'index': 530})"
    assert after(chosen).query_params["neuron"] == "1,2,531"
    assert "neuron" not in after(f"{chosen}\nexplorer.choose_neuron(None)").query_params
    app = after("explorer.turn_over({'stage': 1, 'first': 64})")
    assert app.query_params["first"] == "0,64"


@pytest.mark.sample(3)
@pytest.mark.parametrize(
    "said",
    [
        *("None", "[]", "'x'", "7", "{'t': 99}"),
        "{'t': 'x', 'stage': [], 'network': None, 'side': 1}",
        "{'t': 0, 'view': [], 'stage': 10**9, 'first': 1, 'network': -1, 'index': 1.5}",
    ],
)
def test_nonsense_from_a_browser_changes_nothing(said: str, empty: Path) -> None:
    calls = (f"rest({said}, 8)", f"choose_neuron({said})", f"turn_over({said})")
    app = after("\n".join(f"explorer.{call}" for call in calls) + f"\ndrawings.keep({said})")
    assert not dict(app.query_params)


def test_a_drawing_is_read_back_from_a_short_text() -> None:
    text = drawings.packed(seven())
    assert drawings.unpacked(text) == drawings.inked(seven())
    assert len(text) < drawings.MOST_CHARACTERS / 3
    everywhere = np.ones((SIDE, SIDE), bool)
    assert drawings.unpacked(drawings.packed(everywhere)) == drawings.inked(everywhere)
    for wrong in ("", "a", "ä", text[:-9], "!" + text, drawings.packed(everywhere & False)):
        assert drawings.unpacked(wrong) is None
    bomb = base64.urlsafe_b64encode(zlib.compress(bytes(10**7))).decode()
    assert drawings.unpacked(bomb) is None


def test_a_drawing_is_seen_by_the_networks_and_judged_by_nobody(
    runs: Path, open_page: Open
) -> None:
    app = open_page("explorer", ink=drawings.packed(seven()), **DRAWING)
    (pad,) = sent(app)["pad"]
    frames, _ = sent(app)["player"]
    assert frames["title"] == "Your drawing"
    assert frames["label"] is None
    assert frames["image"]["shape"] == [1, 8, 8]
    assert pad["seen"]["width"] == 8
    assert pad["said"] == frames["said"][-1]
    assert "right" not in pad["said"]
    assert "wrong" not in pad["said"]


@pytest.mark.slow
def test_a_drawing_stays_while_networks_change(runs: Path, open_page: Open) -> None:
    app = open_page("explorer", ink=drawings.packed(seven()), **DRAWING)
    app.selectbox(key="explorer:run").set_value(run_of(runs, "no-noise").id).run()
    frames, _ = sent(app)["player"]
    assert frames["title"] == "Your drawing"
    assert frames["networks"][0]["name"] == REST


@pytest.mark.slow
def test_what_is_drawn_stands_in_the_link_if_it_is_short(empty: Path) -> None:
    app = after(f"drawings.keep({told(seven())!r})")
    assert app.query_params["ink"] == drawings.packed(seven())
    scribble = np.random.default_rng(0).random((SIDE, SIDE)) < 0.5
    app = after(f"drawings.keep({told(scribble)!r})", ink=drawings.packed(seven()))
    assert "ink" not in app.query_params
    assert app.session_state[drawings.IN_SESSION] == drawings.inked(scribble)
    app = after("drawings.keep(None)", ink=drawings.packed(seven()))
    assert "ink" not in app.query_params


def test_without_a_drawing_there_is_only_the_pad(runs: Path, open_page: Open) -> None:
    assert set(sent(open_page("explorer", **DRAWING))) == {"pad"}


def test_who_cannot_draw_is_told_for_what_one_can(
    runs: Path, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(explorer, "can_draw", lambda data: False)
    app = open_page("explorer", ink=drawings.packed(seven()), **DRAWING)
    assert set(sent(app)) == {"player"}
    assert "only for runs on digits and MNIST" in words(app)


@pytest.mark.slow
def test_a_neuron_in_the_link_is_shown_with_its_residuals(runs: Path, open_page: Open) -> None:
    app = open_page("explorer", neuron="2,1,3", t="4")
    assert not app.exception
    assert f"{REST}: stage 1, neuron 3" in plain(words(app))
    path, residuals = alt_texts(app)
    assert "Current " in path
    assert "Residual potentials of one neuron" in residuals
    assert "On this image: " in words(app)
    link = app.get("page_link")[0].proto
    assert "currents=" in link.query_string
    _, options = sent(app)["player"]
    assert options["neuron"] == [1, 0, 2]


def test_a_neuron_that_is_closed_in_the_player_leaves_the_link() -> None:
    assert "neuron" not in after("explorer.choose_neuron(None)", neuron="2,1,3").query_params
    chosen = "explorer.choose_neuron({'network': 0, 'stage': 1, 'index': 4})"
    assert after(chosen).query_params["neuron"] == "1,2,5"


def test_a_run_that_is_deleted_while_it_plays_draws_the_page_anew(runs: Path) -> None:
    run = run_of(runs, "noise")
    app = AppTest.from_string(
        "import streamlit as st\n"
        "from snnlab.dashboard import address, explorer\n"
        "address.enter('explorer')\n"
        "st.session_state['turn'] = turn = st.session_state.get('turn', 0) + 1\n"
        "if turn < 3:\n"
        "    explorer.play(explorer.Shown(st.session_state['runs'], 8, 0))\n"
    )
    app.session_state["runs"] = (run,)
    assert set(sent(app.run())) == {"player"}
    shutil.rmtree(run.folder)
    app.run()
    assert not app.exception
    assert app.session_state["turn"] == 3


def test_a_method_without_a_twin_says_so(
    runs: Path, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(explorer, "twins_of", lambda config: [])
    monkeypatch.setattr(explorer, "missing_twin", lambda config: None)
    assert "A twin beside it: only" in words(open_page("explorer"))


@pytest.mark.sample(2)
@pytest.mark.parametrize(
    "place", ["3,1,1", "1,9,1", "1,1,9999", "1,1", "0,1,1", "1,1,1,1", "a,b,c"]
)
def test_a_neuron_that_is_not_there_is_not_shown(place: str, runs: Path, open_page: Open) -> None:
    app = open_page("explorer", neuron=place)
    assert not app.exception
    assert not alt_texts(app)


def test_places_are_counted_from_1_in_links() -> None:
    assert Place.of("1,2,531") == Place(0, 1, 530)
    assert str(Place(0, 1, 530)) == "1,2,531"


def test_a_missing_twin_can_be_trained(
    runs: Path, open_page: Open, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("snnlab.dashboard.twins.finished_runs", lambda: [run_of(runs, "noise")])
    app = open_page("explorer")
    assert len(sent(app)["player"][0]["networks"]) == 1
    next(button for button in app.button if button.label == "Train the twin").click().run()
    assert engine.jobs()[0].config == compared(SMALL)["no-noise-half"]


def test_neurons_that_cannot_be_watched_are_a_sentence(
    runs: Path, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: SpikingNet, *abilities: str, **more: Any) -> None:
        raise ValueError("its neurons cannot be watched")

    watched.clear()
    monkeypatch.setattr(SpikingNet, "neuron_layers", refuse)
    app = open_page("explorer")
    assert not app.exception
    assert "its neurons cannot be watched" in " ".join(warning.value for warning in app.warning)
    watched.clear()


def test_both_twins_are_named_apart(runs: Path) -> None:
    noisy: Run = run_of(runs, "noise")
    quiet = [run for run in list_runs(runs) if run != noisy]
    assert names_of((noisy, *quiet)) == ["with noise", REST]
    assert len(set(names_of((noisy, *quiet, *quiet)))) == 3


def test_a_lesson_fixes_the_image(runs: Path, open_page: Open) -> None:
    link = lesson_link("http://here", "explorer", {"image": "3", "t": "5"}, ["image"], ["run"])
    assert link == "http://here/explorer?image=3&t=5&fix=image&hide=run"
    app = open_page("explorer", image="3", t="5", fix="image", hide="run")
    assert app.number_input(key="explorer:image").disabled
    assert "explorer:run" not in [box.key for box in app.selectbox]
    assert "explorer:next" not in [button.key for button in app.button]
    assert sent(app)["player"][0]["title"].startswith("Test image 3,")

"""The player in a real browser, on a bare page: by mouse, finger and keyboard."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch

from snnlab.measure.one_image import see_image
from snnlab.network import Architecture, build
from snnlab.neuron import Neuron, Noise
from snnlab.show.explorer.frames import frames, lanes
from snnlab.show.explorer.player import PLAYER_JS, player_page
from snnlab.show.modules import for_script
from tests.dashboard.browser import browsing

pytestmark = pytest.mark.slow

T = 8
BARE = '<!doctype html><meta name="viewport" content="width=device-width"><title>x</title>'
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 844}

# Whether each neuron of a canvas is drawn as a spike, in the order of the data.
LIT = """(canvas, [maps, height, width]) => {
  const scale = Number(canvas.dataset.scale), gap = Number(canvas.dataset.gap);
  const columns = Number(canvas.dataset.columns);
  const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const lit = [];
  for (let m = 0; m < maps; m++) for (let r = 0; r < height; r++) for (let c = 0; c < width; c++) {
    const x = (m % columns) * (width * scale + gap) + c * scale + Math.floor(scale / 2);
    const y = Math.floor(m / columns) * (height * scale + gap) + r * scale + Math.floor(scale / 2);
    lit.push(data[4 * (y * canvas.width + x) + 3]);
  }
  return lit;
}"""


# Milliseconds to the first picture, and of steps in three views until they are laid out.
PACE = """async () => {
  const place = document.createElement("div");
  document.body.append(place);
  const frame = () => new Promise(requestAnimationFrame);
  let began = performance.now();
  window.mount(place, window.made, null, {});
  while (!place.querySelector("[data-ready]")) await frame();
  const first = [performance.now() - began], steps = [];
  for (const view of ["spikes", "h", "rates"]) {
    place.querySelector(`[data-key="view-${view}"]`).click();
    for (const key of ["step", "step", "back"]) {
      await frame();
      began = performance.now();
      place.querySelector(`[data-key="${key}"]`).click();
      place.offsetHeight;
      place.querySelector("canvas[data-stage]").getContext("2d").getImageData(0, 0, 1, 1);
      steps.push(performance.now() - began);
    }
  }
  return {first, steps};
}"""


def seen_by(name: str, shape: tuple[int, int, int], noise: Noise | None, v_init: float | None):
    """An untrained network with one image, all of whose stages fire."""
    arch = Architecture(name, width=16)
    neuron = Neuron(v_init=v_init)
    net = build(arch, image_shape=shape, classes=10, seed=0, neuron=neuron, noise=noise)
    generator = torch.Generator().manual_seed(0)
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm1d | torch.nn.BatchNorm2d):
            module.bias.data.uniform_(-0.2, 0.6, generator=generator)
            module.running_var.uniform_(0.05, 0.5, generator=generator)
    return see_image(net, torch.randn(shape, generator=generator), T)


def frames_of(name: str, shape: tuple[int, int, int], networks: int = 2) -> dict[str, Any]:
    known = {
        "noise": seen_by(name, shape, Noise(), None),
        "without": seen_by(name, shape, None, None),
        "from rest": seen_by(name, shape, None, 0.0),
    }
    chosen = dict(list(known.items())[:networks])
    pixels = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
    classes = [str(k) for k in range(10)]
    return frames(lanes(chosen), pixels, classes, title="Test image 3, a 4", label=4)


MNIST = (1, 28, 28)


@pytest.fixture(scope="module")
def shown() -> dict[str, Any]:
    return frames_of("convnet", MNIST)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with browsing() as started:
        yield started


def opened(browser: Any, html: str, size: dict[str, int] = WIDE, **options: Any) -> Any:
    """A page with the player in it, drawn; whatever goes wrong in its script fails the test."""
    page = browser.new_context(viewport=size, **options).new_page()
    page.wrong = []
    page.on("pageerror", lambda error: page.wrong.append(str(error)))
    page.on("request", lambda request: page.wrong.append(request.url))
    page.set_content(BARE + html)
    page.wait_for_selector(".snn[data-ready]")
    return page


def hosted(made: dict[str, Any], options: str = "{t: 1, view: 'spikes', dark: null}") -> str:
    """A host that writes down what it is told."""
    return (
        f'<div id="here"></div><script type="module">{PLAYER_JS}\nwindow.told = [];'
        f"window.made = {for_script(made)}; window.mount = mount;"
        'window.player = mount(document.getElementById("here"), window.made,'
        f"(name, value) => window.told.push([name, value]), {options});</script>"
    )


def spikes_of(made: dict[str, Any], network: int, stage: int) -> np.ndarray:
    """As they were sent, (T, neurons)."""
    at = made["networks"][network]["stages"][stage]
    size = made["T"] * at["shown"] * at["height"] * at["width"]
    data = np.frombuffer(zlib.decompress(base64.b64decode(made["data"])), np.uint8)
    return data[at["at"] : at["at"] + size].reshape(made["T"], -1)


def assert_drawn(page: Any, made: dict[str, Any], t: int) -> None:
    """On every canvas a neuron is lit exactly where the data has a spike at t."""
    for n, network in enumerate(made["networks"]):
        for s, stage in enumerate(network["stages"]):
            canvas = page.locator(f'canvas[data-network="{n}"][data-stage="{s}"]')
            lit = canvas.evaluate(LIT, [stage["shown"], stage["height"], stage["width"]])
            there = slice(None) if stage["is_map"] else slice(stage["neurons"])
            spikes = spikes_of(made, n, s)[t - 1]
            assert 0 < spikes.sum() < spikes.size
            np.testing.assert_array_equal(np.array(lit)[there] == 255, spikes[there] == 1)
            if not stage["is_map"]:
                assert not any(lit[stage["neurons"] :])  # the padding is not drawn
            assert canvas.get_attribute("aria-label") == stage["says"][t - 1]


def at(page: Any) -> int:
    return int(page.locator(".snn").first.get_attribute("data-t"))


def press(page: Any, name: str) -> None:
    page.locator(f'[data-key="{name}"]').click()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["1280", "390"])
def test_steps_and_slider_draw_what_the_data_says(browser, shown, size, scheme):
    page = opened(browser, player_page(shown), size, color_scheme=scheme)
    assert_drawn(page, shown, 1)
    press(page, "step")
    press(page, "step")
    assert_drawn(page, shown, 3)
    press(page, "back")
    assert_drawn(page, shown, 2)
    assert page.locator(".said").inner_text() == shown["said"][1]
    slider = page.locator('[data-key="slider"]')
    box = slider.bounding_box()
    page.mouse.click(box["x"] + box["width"] - 3, box["y"] + box["height"] / 2)
    assert at(page) == T
    assert_drawn(page, shown, T)
    assert page.locator('[data-key="step"]').is_disabled()
    sideways = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert sideways <= 0
    ink = page.locator(".snn").evaluate("root => root.style.getPropertyValue('--ink')")
    assert ink == shown["colours"][scheme]["ink"]
    assert not page.wrong


def test_a_row_of_neurons_is_drawn_without_its_padding(browser):
    made = frames_of("mlp", (1, 8, 8), networks=1)
    for stage in made["networks"][0]["stages"]:  # as if a neuron were missing
        stage["neurons"] -= 1
    page = opened(browser, player_page(made, t=2))
    assert_drawn(page, made, 2)
    scale = int(page.locator("canvas[data-stage='0']").get_attribute("data-scale"))
    assert scale > 12  # sixteen neurons do not stay tiny


def test_play_goes_through_the_stages_and_ends(browser, shown):
    page = opened(browser, hosted(shown))
    press(page, "speed-fast")
    # every change of a stage and of the readout, in the order in which they come
    page.evaluate(
        """() => { window.order = [];
        for (const canvas of document.querySelectorAll('canvas[data-network="0"]'))
          new MutationObserver(() => order.push([Number(canvas.dataset.stage), canvas.dataset.t]))
            .observe(canvas, {attributes: true, attributeFilter: ["data-t"]}); }"""
    )
    press(page, "play")
    page.wait_for_function("document.querySelector('.cell.fires')")
    assert page.locator('[data-key="play"]').inner_text() == "Pause"
    # nothing is said in play: there stands what was there before, and no other region speaks
    assert page.locator("[aria-live]").inner_text() == shown["said"][0]
    assert page.get_by_role("status").count() == 0
    page.wait_for_function("document.querySelector('[data-shows]').dataset.shows === 'play'")
    assert at(page) == T
    assert_drawn(page, shown, T)
    first = [stage for stage, t in page.evaluate("window.order") if t == "2"]
    assert list(dict.fromkeys(first)) == [0, 1, 2]
    page.wait_for_function("window.told.length")
    assert page.evaluate("window.told") == [["at", {"t": T, "view": "spikes"}]]
    assert page.locator("[aria-live]").inner_text() == shown["said"][-1]
    press(page, "play")  # starts over
    page.wait_for_function("document.querySelector('.snn').dataset.t < 4")
    press(page, "play")
    stopped = at(page)
    assert_drawn(page, shown, stopped)
    assert not page.wrong


def test_on_a_phone_the_buttons_stay_in_sight_while_one_scrolls_to_the_maps(browser, shown):
    page = opened(browser, hosted(shown), NARROW)
    page.locator(".verdict").first.scroll_into_view_if_needed()
    assert page.locator(".image").bounding_box()["y"] < 0
    play = page.get_by_role("button", name="Play")
    top = play.bounding_box()["y"]
    assert 0 <= top < 40
    page.mouse.click(*(side + 10 for side in (play.bounding_box()["x"], top)))
    page.get_by_role("button", name="Pause").wait_for()
    legend = page.locator(".legend").bounding_box()
    assert legend["height"] < 60  # and no hole stands between the choices and the maps
    assert not page.wrong


def test_pictures_differ_between_views(browser, shown):
    page = opened(browser, hosted(shown))
    drawn = set()
    for view in ("spikes", "h", "v", "rates"):
        press(page, f"view-{view}")
        drawn.add(page.locator("canvas[data-stage='0']").first.evaluate("c => c.toDataURL()"))
        assert page.locator(f'[data-key="view-{view}"]').get_attribute("aria-pressed") == "true"
    assert len(drawn) == 4


def test_the_host_is_told_once_where_quick_presses_came_to_rest(browser, shown):
    page = opened(browser, hosted(shown))
    page.evaluate(  # in one go: on a busy machine each press may take longer than the rest
        """for (const view of ["h", "v", "rates"])
             document.querySelector(`[data-key="view-${view}"]`).click()"""
    )
    page.wait_for_function("window.told.length")
    page.wait_for_timeout(500)
    assert page.evaluate("window.told") == [["at", {"t": 1, "view": "rates"}]]


def test_keys(browser, shown):
    page = opened(browser, hosted(shown))
    page.locator(".snn").focus()
    for key, t in [("ArrowRight", 2), ("End", T), ("ArrowLeft", T - 1), ("Home", 1)]:
        page.keyboard.press(key)
        assert at(page) == t
    page.keyboard.press("Space")
    page.wait_for_function("document.querySelector('[data-shows]').dataset.shows === 'pause'")
    page.keyboard.press("Space")
    page.wait_for_function("document.querySelector('[data-shows]').dataset.shows === 'play'")
    page.locator('[data-key="slider"]').focus()
    before = at(page)
    page.keyboard.press("ArrowRight")
    assert at(page) == before + 1  # once, not twice
    page.wait_for_function(  # said once it rests, and not over what is said of a neuron
        "t => document.querySelector('[aria-live]').textContent.startsWith(`After ${t} `)",
        arg=before + 1,
    )
    canvas = page.locator("canvas[data-network='1'][data-stage='1']")
    canvas.focus()
    before = at(page)
    for key in ("ArrowRight", "ArrowDown", "ArrowDown", "ArrowLeft", "ArrowRight"):
        page.keyboard.press(key)
    assert at(page) == before
    assert page.locator("[aria-live]").inner_text().startswith("map 1, row 3, column 2: ")
    assert page.locator(".spot:visible").count() >= 1
    page.keyboard.press("Enter")
    chosen = [value for name, value in page.evaluate("window.told") if name == "neuron"]
    width = shown["networks"][1]["stages"][1]["width"]
    assert chosen == [{"network": 1, "stage": 1, "index": 2 * width + 1}]
    assert page.locator(".opened").is_visible()
    page.keyboard.press("Escape")
    assert page.locator(".opened").is_hidden()
    assert not page.wrong


def centre(page: Any, canvas: Any, stage: dict[str, Any], index: int) -> tuple[float, float]:
    """Where a neuron stands on the screen."""
    canvas.scroll_into_view_if_needed()
    box, ratio = canvas.bounding_box(), page.evaluate("devicePixelRatio")
    scale, gap, columns = (
        int(canvas.get_attribute(f"data-{name}")) for name in ("scale", "gap", "columns")
    )
    height, width = stage["height"], stage["width"]
    m, r, c = index // (height * width), index // width % height, index % width
    x = (m % columns) * (width * scale + gap) + (c + 0.5) * scale
    y = (m // columns) * (height * scale + gap) + (r + 0.5) * scale
    return box["x"] + x / ratio, box["y"] + y / ratio


def assert_on_screen(page: Any, size: dict[str, int]) -> None:
    """The tip beside a neuron does not stand out at the sides."""
    tip = page.locator(".tip").bounding_box()
    assert tip["x"] >= 0
    assert tip["x"] + tip["width"] <= size["width"]


@pytest.mark.parametrize("finger", [False, True], ids=["mouse", "finger"])
def test_the_neuron_that_is_pressed_opens(browser, shown, finger):
    size = NARROW if finger else WIDE
    options = {"has_touch": finger, "is_mobile": finger, "device_scale_factor": 2 if finger else 1}
    page = opened(browser, hosted(shown), size, **options)
    stage = shown["networks"][1]["stages"][2]
    index = 3 * stage["height"] * stage["width"] + 2 * stage["width"] + 4
    canvas = page.locator("canvas[data-network='1'][data-stage='2']")
    x, y = centre(page, canvas, stage, index)
    if not finger:
        page.mouse.move(x, y)
        assert page.locator(".tip").inner_text().startswith("map 4, row 3, column 5: ")
        assert_on_screen(page, size)
    (page.touchscreen.tap if finger else page.mouse.click)(x, y)
    if finger:
        assert_on_screen(page, size)
    page.wait_for_function("window.told.length")
    assert page.evaluate("window.told") == [["neuron", {"network": 1, "stage": 2, "index": index}]]
    assert "map 4, row 3, column 5" in page.locator(".opened h4").inner_text()
    page.locator(".opened summary").click()
    cells = page.locator(".opened tbody tr td:nth-child(2)").all_inner_texts()
    assert [int(text) for text in cells] == spikes_of(shown, 1, 2)[:, index].tolist()
    if finger:
        small = page.evaluate(
            """() => [...document.querySelectorAll('.snn button')]
            .map(button => button.getBoundingClientRect())
            .filter(box => box.width && (box.width < 44 || box.height < 44)).length"""
        )
        assert small == 0
        assert canvas.evaluate("c => getComputedStyle(c).touchAction") == "manipulation"
    assert not page.wrong


def test_no_travelling_light_where_motion_is_not_wanted(browser, shown):
    options = "{t: 1, view: 'spikes', dark: false, playing: true}"
    page = opened(browser, hosted(shown, options), reduced_motion="reduce")
    page.wait_for_timeout(700)
    assert at(page) == 1  # it does not start by itself
    press(page, "speed-fast")
    page.evaluate(
        """() => { window.lit = 0; new MutationObserver(() =>
        window.lit += document.querySelectorAll('.fires').length)
        .observe(document.querySelector('.body'), {attributes: true, subtree: true}); }"""
    )
    press(page, "play")
    page.wait_for_function("document.querySelector('.snn').dataset.t === '4'")
    press(page, "play")
    assert page.evaluate("window.lit") == 0
    moves = page.locator(".fill").first.evaluate("bar => getComputedStyle(bar).transitionDuration")
    assert moves in ("0s", "0s, 0s")
    moving = opened(browser, hosted(shown, options))
    moving.wait_for_function("document.querySelector('.snn').dataset.t > 1")  # else it does


def test_new_frames_stay_at_t_and_view(browser, shown):
    other = frames_of("convnet", MNIST, networks=3)
    page = opened(browser, hosted(shown))
    press(page, "step")
    press(page, "view-h")
    press(page, "speed-slow")
    page.evaluate("other => window.player.update(other, {t: 1, view: 'spikes'})", other)
    page.wait_for_function("document.querySelectorAll('.head').length === 3")
    assert at(page) == 2
    for name in ("view-h", "speed-slow"):
        assert page.locator(f'[data-key="{name}"]').get_attribute("aria-pressed") == "true"
    page.evaluate("other => window.player.update(other, {t: 5, view: 'spikes'})", other)
    page.wait_for_function("document.querySelector('.snn').dataset.t === '5'")  # the host's wish
    press(page, "view-spikes")
    assert_drawn(page, other, 5)
    page.evaluate("window.player.remove()")
    assert page.locator("#here").inner_html() == ""
    assert not page.wrong


def test_more_maps_are_asked_for_where_somebody_answers(browser, shown, monkeypatch):
    monkeypatch.setattr("snnlab.show.explorer.frames.MOST_MAPS", 8)
    made = frames_of("convnet", MNIST, networks=1)
    page = opened(browser, hosted(made))
    press(page, "more-0")
    assert page.evaluate("window.told") == [["more", {"stage": 0, "first": 8}]]
    alone = opened(browser, player_page(made))
    assert alone.get_by_text("maps 1 to 8").first.is_visible()
    assert alone.get_by_role("button", name=made["words"]["more"]).count() == 0


def test_of_many_classes_the_strongest_and_nobody_knows_the_true_one(browser, shown):
    weak = [f"class {k}" for k in range(10, 14)]
    networks = [
        network | {"readout": [[*at, -90, -91, 99, -92] for at in network["readout"]]}
        for network in shown["networks"]
    ]
    made = shown | {"classes": [*shown["classes"], *weak], "networks": networks, "label": None}
    page = opened(browser, player_page(made))
    names = page.locator(".bars").first.locator(".bar-name").all_inner_texts()
    assert len(names) == 10
    assert "class 12" in names
    assert not {"class 10", "class 11", "class 13"} & set(names)
    assert page.get_by_text("the strongest 10 of 14 classes").is_visible()
    assert page.get_by_text(made["words"]["true_class"]).count() == 0


def test_an_old_browser_is_told_so(browser, shown):
    page = browser.new_page()
    page.add_init_script("delete window.DecompressionStream")
    page.goto("about:blank")
    page.set_content(BARE + player_page(shown))
    page.get_by_text(shown["words"]["broken"]).wait_for()


def test_two_on_one_page_and_one_in_a_shadow(browser, shown):
    page = opened(browser, player_page(shown, t=2) + player_page(shown, t=5))
    page.wait_for_function("document.querySelectorAll('.snn[data-ready]').length === 2")
    times = page.locator(".snn").evaluate_all("all => all.map(root => root.dataset.t)")
    assert times == ["2", "5"]
    page.locator('[data-key="step"]').nth(1).click()
    times = page.locator(".snn").evaluate_all("all => all.map(root => root.dataset.t)")
    assert times == ["2", "6"]
    shadow = hosted(shown).replace(
        'document.getElementById("here")',
        'document.getElementById("here").attachShadow({mode: "open"})',
    )
    page = opened(browser, shadow)
    press(page, "step")
    assert_drawn(page, shown, 2)
    assert not page.wrong


def test_a_step_is_quick(browser, record_property):
    made = frames_of("convnet", MNIST, networks=3)
    page = opened(browser, hosted(made))
    pace = page.evaluate(PACE)
    record_property("pace", pace)
    views = np.reshape(pace["steps"], (3, 3))
    assert views.min(1).max() < 100  # the best of each view: other work may share the machine


def test_without_colours_of_its_own_it_still_shows_bars_and_choices(browser, shown):
    page = opened(browser, player_page(shown), forced_colors="active")
    colours = page.evaluate(
        """() => ["body", ".bar-row.chosen .fill", ".bar-row:not(.chosen) .fill",
          '.segments [aria-pressed="true"]', '.segments [aria-pressed="false"]']
          .map((place) => getComputedStyle(document.querySelector(place)).backgroundColor)"""
    )
    paper, chosen, other, pressed, loose = colours
    assert len({paper, chosen, other}) == 3
    assert pressed != loose
    page.locator("canvas[data-stage]").first.focus()
    page.keyboard.press("ArrowRight")
    assert (
        page.locator(".spot:visible").evaluate("s => getComputedStyle(s).outlineStyle") == "solid"
    )


@pytest.mark.parametrize("key", ["close", "further", "numbers", "table"])
def test_what_has_the_focus_in_an_opened_neuron_keeps_it(browser, shown, key):
    page = opened(browser, hosted(shown, "{t: 1, more: 'Further'}"))
    page.locator("canvas[data-stage]").first.click(position={"x": 5, "y": 5})
    page.locator(".opened summary").click()
    page.locator(".opened .table").evaluate("table => { table.scrollTop = 9; }")
    page.locator(f'.opened [data-key="{key}"]').focus()
    page.evaluate("document.querySelector('[data-key=\"step\"]').click()")
    assert at(page) == 2
    assert page.evaluate("document.activeElement.dataset.key") == key
    assert page.locator(".opened .table").evaluate("table => table.scrollTop") == 9

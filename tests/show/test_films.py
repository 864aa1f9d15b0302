"""Films: what they are given is what snnlab computes, and all that a page needs."""

from __future__ import annotations

import copy
import json
import math
import re
from dataclasses import replace

import numpy as np
import pytest
import torch

from snnlab.data import load_data
from snnlab.measure.residuals import residuals
from snnlab.network import Architecture, build
from snnlab.neuron import Neuron, Noise, trace
from snnlab.show import web
from snnlab.show.films import Chapter, Film, idea
from snnlab.show.films.film import KINDS
from snnlab.show.films.idea import CROWD_STEPS, GOLDEN, MOST_IMAGES, edges

MOST = 2_000_000
"""Bytes of a film."""


@pytest.fixture(scope="module")
def trained():
    """A network with active neurons, and images."""
    data = load_data("digits")
    net = build(
        Architecture("mlp", width=32),
        image_shape=data.image_shape,
        classes=10,
        noise=Noise(),
        seed=0,
    )
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm1d):
            module.bias.data.fill_(0.3)
            module.running_var.fill_(0.2)
    return net.eval(), data.test


@pytest.fixture(scope="module")
def film(trained):
    return idea(*trained, timesteps=8, stage=1)


def one_neuron(current: float, steps: int):
    return trace(torch.full((steps, 1), current, dtype=torch.float64), Neuron())


@pytest.mark.parametrize(("name", "current"), [("quarter", 0.25), ("golden", GOLDEN)])
def test_one_neuron_hops_as_it_does_in_the_library(film, name, current):
    shown = film.scene[name]
    path = one_neuron(current, len(shown["h"]))
    assert np.allclose(shown["h"], path.h.numpy(), atol=1e-5)
    assert np.array_equal(shown["spikes"], path.spikes.numpy())
    v = path.v[:, 0].numpy()
    filled = shown["histogram"]
    assert filled["counts"][-1] == np.histogram(v, edges())[0].tolist()
    assert filled["counts"][3] == np.histogram(v[:3], edges())[0].tolist()
    assert filled["mean"] == pytest.approx(v.mean())
    assert filled["std"] == pytest.approx(v.std())


def test_a_quarter_knows_four_places_and_the_golden_ratio_fills_the_circle(film):
    quarter, golden = (
        film.scene[name]["histogram"]["counts"][-1] for name in ("quarter", "golden")
    )
    assert [count for count in quarter if count] == [3, 3, 3, 3]
    inside = golden[10:30]
    assert sum(inside) == sum(golden) == 200
    assert min(inside) >= 8
    assert max(inside) <= 12


def test_the_noise_is_matched_and_reaches_outside(film):
    law = film.scene["law"]
    assert (law["mean"], law["std"]) == (0.5, pytest.approx(1 / math.sqrt(12)))
    assert law["outside"] == pytest.approx(math.erfc(math.sqrt(12) / 2 / math.sqrt(2)))
    width = law["x"][1] - law["x"][0]
    assert sum(law["density"]) * width == pytest.approx(1, abs=0.01)


def test_only_the_active_neurons_of_the_crowd_are_in_its_histogram(film):
    crowd = film.scene["crowd"]
    h, spikes = np.array(crowd["h"]), np.array(crowd["spikes"])
    assert h.shape == spikes.shape == (CROWD_STEPS, 120)
    fired = spikes.sum(0)
    groups = np.where(fired == 0, 0, np.where(fired == CROWD_STEPS, 2, 1))
    assert crowd["groups"] == groups.tolist()
    left = (h - spikes)[:-1, groups == 1]
    assert sum(crowd["histogram"]["counts"][-1]) == left.size == crowd["histogram"]["total"]
    assert crowd["histogram"]["mean"] == pytest.approx(left.mean(), abs=1e-4)
    assert crowd["histogram"]["std"] == pytest.approx(left.std(), abs=1e-4)
    silent, active, saturated = np.bincount(groups, minlength=3)
    assert crowd["sizes"] == [f"{silent} silent", f"{active} active", f"{saturated} saturated"]
    assert f"The residuals of the {active} active ones" in film.chapters[3].said
    assert h[:, fired == 0].min() < -5  # they drift away


def test_the_layer_is_what_residuals_measures(film, trained):
    net, images = trained
    found = residuals(net, images.first(MOST_IMAGES), 8)[1]
    shown = film.scene["layer"]["histogram"]
    assert (shown["mean"], shown["std"]) == pytest.approx((found.mean, found.std))
    assert shown["total"] == found.neurons * 7
    merged = np.array(found.density).reshape(-1, 5).sum(1)[10:50] * shown["total"] / 100
    assert np.abs(merged - shown["counts"][-1]).max() <= 2  # at an edge of two bins
    said = film.chapters[4].said
    assert f"mean {found.mean:.3f} and deviation {found.std:.3f}\u00a0v_th" in said
    assert f"{100 * found.silent:.0f}\u00a0% silent" in said
    law = film.scene["layer"]["law"]
    assert (law["mean"], law["std"]) == (0.5, pytest.approx(12**-0.5))


def test_its_neurons_are_those_of_the_first_image(film, trained):
    net, images = trained
    from snnlab.network import record

    seen = record(net, images.normalised(slice(1)), 8)[1]
    layer = film.scene["layer"]
    assert np.allclose(layer["h"], seen.h[:, 0].numpy(), atol=1e-4)
    assert np.array_equal(layer["spikes"], seen.spikes[:, 0].numpy())
    pixels = images.pixels[0]
    assert layer["image"]["rgb"][::3] == pixels.flatten().tolist()


def test_a_network_without_noise_says_so(trained):
    net, images = trained
    quiet = build(
        Architecture("mlp", width=32), image_shape=images.pixels.shape[1:], classes=10, seed=0
    )
    quiet.load_state_dict(net.state_dict(), strict=False)
    made = idea(quiet, images.first(4), timesteps=4)
    assert made.scene["layer"]["law"] is None
    assert "It trained without noise." in made.chapters[4].said


@pytest.mark.parametrize(("reset", "beta"), [("subtract", 0.8), ("zero", 1.0)])
def test_its_neurons_land_where_their_own_reset_leaves_them(trained, reset, beta):
    net, images = trained
    other = build(
        Architecture("mlp", width=32),
        image_shape=images.pixels.shape[1:],
        classes=10,
        neuron=Neuron(reset=reset, beta=beta, v_th=2.0),
        seed=0,
    )
    other.load_state_dict(net.state_dict(), strict=False)
    layer = idea(other.eval(), images.first(1), timesteps=8).scene["layer"]
    h, spikes = np.array(layer["h"]), np.array(layer["spikes"])
    left = h * (1 - spikes) if reset == "zero" else h - spikes
    assert np.allclose(h - spikes if layer["v"] is None else layer["v"], left, atol=1e-4)
    assert 0 < spikes.mean() < 1


@pytest.mark.parametrize("timesteps", [2, 3])
def test_a_network_may_run_for_few_timesteps(trained, timesteps):
    net, images = trained
    made = idea(net, images.first(4), timesteps=timesteps)
    landed = made.scene["layer"]["moments"]
    assert len(landed) == timesteps
    inside = [step for step in made.steps if landed[0] <= step <= landed[-1] + 0.5]
    assert len(inside) == timesteps


@pytest.mark.parametrize(("bias", "groups"), [(-9.0, "100 % are silent"), (9.0, "100 % saturated")])
def test_a_stage_without_active_neurons_is_said_in_words(trained, bias, groups):
    net, images = trained
    other = copy.deepcopy(net)
    for module in other.modules():
        if isinstance(module, torch.nn.BatchNorm1d):
            module.bias.data.fill_(bias)
    made = idea(other, images.first(4), timesteps=4)
    assert made.scene["layer"]["histogram"]["mean"] is None
    json.dumps(made.given(), allow_nan=False)  # what a browser can read
    said = made.chapters[4].said.replace("\u00a0", " ")
    assert "No neuron is active" in said
    assert groups in said


def test_without_a_network_it_ends_with_what_it_means():
    short = idea()
    names = [chapter.name for chapter in short.chapters]
    assert names == ["One neuron", "It fills the circle", "The noise", "A crowd", "What this means"]
    assert 60 <= short.length < 80
    assert "layer" not in short.scene


def test_a_film_is_small_and_all_words_are_resolved(film):
    html = film.html()
    assert len(html.encode()) < MOST
    given = film.given()
    for text in (given["title"], given["alt"], *(c["said"] for c in given["chapters"])):
        assert not re.search(r"[{}]|nan|None", text), text
    templates = set(re.findall(r"\{(\w+)\}", json.dumps(given["words"])))
    assert templates == {"now", "length", "spikes", "t", "T"}
    assert 60 <= film.length <= 90


def test_steps_are_seen_with_the_chapter_that_they_belong_to(film):
    begins = [chapter.at for chapter in film.chapters]
    assert set(begins[1:]) <= set(film.steps)
    assert film.steps[-1] == film.length
    for name, chapter in zip(
        ("quarter", "golden", "noise", "crowd", "layer"), film.chapters, strict=False
    ):
        assert film.scene["begins"][name] == chapter.at


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"kind": "none"}, "unknown film 'none'"),
        ({"chapters": (Chapter(1.0, "a", "b"),)}, "must begin at 0"),
        ({"chapters": ()}, "must begin at 0"),
        ({"steps": (2.0, 1.0)}, "steps must rise"),
        ({"steps": (99.0,)}, "steps must rise"),
    ],
)
def test_what_cannot_play_is_refused(wrong, said):
    made = Film("idea", "t", "a", 5.0, (Chapter(0.0, "a", "b"),), (1.0, 5.0), {})
    with pytest.raises(ValueError, match=re.escape(said)):
        replace(made, **wrong)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"stage": 9}, "stage must be 0 to"),
        ({"timesteps": 1}, "timesteps"),
        ({"images": None}, "images"),
    ],
)
def test_what_cannot_be_watched_is_refused(trained, given, said):
    net, images = trained
    with pytest.raises(ValueError, match=said):
        idea(net, **({"images": images} | given))


def test_it_is_a_widget_in_a_notebook_and_plays_elsewhere(film, monkeypatch):
    bundle, _ = film._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert bundle["text/plain"].startswith("Film: What is left in the membrane. One neuron: Each")
    assert "mountFilm(place, {" in bundle["text/html"]
    monkeypatch.setenv(web.PAGES, "1")
    assert set(film._repr_mimebundle_()[0]) == {"text/plain", "text/html"}


def test_every_kind_has_a_scene():
    from snnlab.show.films.film import FILM_JS

    assert set(re.findall(r"^SCENES\.(\w+) = \w+;$", FILM_JS, re.MULTILINE)) == set(KINDS)

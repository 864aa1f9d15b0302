"""The neuron lab: what a move changes, and what it need not compute again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from snnlab.dashboard import neuron_numbers
from snnlab.dashboard.neuron import CONTROLS, charts
from snnlab.dashboard.neuron_numbers import Settings, curves, timesteps
from snnlab.neuron.spec import Neuron, Noise
from snnlab.show.colours import LIGHT
from tests.dashboard.conftest import Open
from tests.dashboard.test_pages import alt_texts, words


def test_sigma_moves_the_big_picture_without_a_switch(empty: Path, open_page: Open) -> None:
    app = open_page("neuron")
    assert not app.toggle(key="neuron:noise").value
    before, _, _ = alt_texts(app)
    app.slider(key="neuron:sigma").set_value(0.1).run()
    after, _, _ = alt_texts(app)
    assert "noise in its place: mean 0.50, deviation 0.29 v_th" in before
    assert after == before.replace("0.50, deviation 0.29", "0.50, deviation 0.10")
    app.slider(key="neuron:sigma").set_value(0.0).run()
    assert "no noise stands for it" in alt_texts(app)[0]
    assert "With σ = 0" in words(app)


def test_without_noise_nothing_is_said_of_it(empty: Path, open_page: Open) -> None:
    app = open_page("neuron", sigma="0", noise="1", step="2")
    firing, residual = alt_texts(app)[1:]
    assert "In one timestep, without noise, the neuron fires with probability 0.00" in firing
    assert residual.endswith("between 0.00 and 1.00 v_th, with density 1.03 at most.")
    assert "none: σ is 0" in words(app)
    assert "No noise stands for what is left over" in [title.value for title in app.subheader]
    assert "noise, drawn" not in str(app.get("vega_lite_chart")[2].proto.spec)


def test_a_residual_that_is_out_of_sight_is_said_to_be(empty: Path, open_page: Open) -> None:
    drifting = alt_texts(open_page("neuron", current="-0.3"))[2]
    assert "Without noise it lies outside of -1 to 2 v_th" in drifting


def test_wide_noise_is_drawn_as_far_as_the_picture_goes() -> None:
    wide = Settings(noisy=True, noise=Noise(sigma=1.0))
    chart = charts(wide, timesteps(wide), curves(wide), LIGHT)["potential"]
    rows = chart.to_dict()["datasets"]["all"]
    floor, roof = (row["potential"] for row in rows if row["name"] == "ends")
    noise = [row["potential"] for row in rows if row["name"] == "noise"]
    assert roof > 2
    assert min(noise) < floor + 0.03
    assert max(noise) > roof - 0.03


def test_a_box_without_controls_is_not_there(empty: Path, open_page: Open) -> None:
    boxed = ",".join(control.name for control in CONTROLS if control.boxed)
    assert "More of the neuron" in [box.label for box in open_page("neuron").expander]
    app = open_page("neuron", hide=boxed)
    assert "More of the neuron" not in [box.label for box in app.expander]


def test_a_link_with_noise_in_the_trace_still_means_it(empty: Path, open_page: Open) -> None:
    app = open_page("neuron", noise="1", sigma="0.3")
    assert app.toggle(key="neuron:noise").value
    assert alt_texts(app) != alt_texts(open_page("neuron", sigma="0.3"))


@pytest.mark.parametrize("family", ["gaussian", "uniform", "logistic"])
def test_noise_in_the_trace_grows_smoothly_with_sigma(family: str) -> None:
    slow = Neuron(v_th=1.0, v_init=0.5)
    small, large = (
        timesteps(Settings(noisy=True, neuron=slow, noise=Noise(family, sigma)))
        for sigma in (0.1, 0.2)
    )
    assert large.deviation == pytest.approx([2 * one for one in small.deviation], abs=1e-9)
    assert any(small.deviation)


def test_a_move_computes_only_what_depends_on_it() -> None:
    kept = ("path", "rates", "probabilities", "densities", "residuals")
    counts = {name: getattr(neuron_numbers, name).cache_info for name in kept}

    def computed(settings: Settings) -> set[str]:
        """What was not known before."""
        before = {name: count().misses for name, count in counts.items()}
        timesteps(settings)
        curves(settings)
        return {name for name, count in counts.items() if count().misses > before[name]}

    first = Settings(current=0.4321, T=37, neuron=Neuron(v_th=1.05, v_init=0.123))
    first = replace(first, noise=Noise(sigma=0.777))
    assert computed(first) == set(kept)
    assert computed(first) == set()
    assert computed(replace(first, current=0.4322)) == {"path", "residuals"}
    assert computed(replace(first, T=38)) == {"path", "rates"}
    assert computed(replace(first, noise=Noise(sigma=0.778))) == {"probabilities", "densities"}
    assert computed(replace(first, quiet=True)) <= {"probabilities", "densities"}

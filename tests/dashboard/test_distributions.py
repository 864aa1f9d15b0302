"""The page Distributions: verdicts, twins, before and after training."""

from __future__ import annotations

import importlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from snnlab.dashboard.distributions import MOST_VALUES, measured, untrained
from snnlab.dashboard.groups import config_of, group_names
from snnlab.dashboard.predictions import network_and_data
from snnlab.dashboard.twins import are_twins, missing_twin, twins_of
from snnlab.neuron.spec import Noise
from snnlab.runs.presets import compared
from snnlab.runs.run import run
from snnlab.runs.store import Run, list_runs
from tests.dashboard.conftest import SMALL, VISITOR, Open
from tests.dashboard.fake_engine import FakeEngine
from tests.dashboard.test_pages import alt_texts, press, words

QUIET = replace(SMALL, method="no-noise")


def plain(text: str) -> str:
    """Markdown without its escapes."""
    return text.replace("\\", "")


def run_of(root: Path, method: str) -> Run:
    return next(run for run in list_runs(root) if config_of(run).method == method)


@pytest.mark.slow
def test_a_run_and_its_twin_stand_side_by_side(runs: Path, open_page: Open) -> None:
    app = open_page("distributions", T="8")
    assert not app.exception
    said = plain(words(app))
    noisy, quiet = (title.capitalize() for title in group_names([SMALL, QUIET]))
    for title in (noisy, quiet):
        for when in ("after training", "before training"):
            assert f"**{title}, {when}**" in said
    assert f"{noisy}: the noise fits in" in said
    assert f"{quiet}: evenly spread noise would fit in" in said
    assert said.count("distance ") >= 4
    assert len(alt_texts(app)) == 4
    assert "timesteps 2 to 8 together" in said
    table = app.dataframe[-1].value
    assert table.shape == (2, 5)
    assert "v_th: " in table.iloc[0, 1]


@pytest.mark.slow
def test_the_other_run_shows_the_same_pair(runs: Path, open_page: Open) -> None:
    one = open_page("distributions", run=run_of(runs, "noise").id, T="8")
    other = open_page("distributions", run=run_of(runs, "no-noise").id, T="8")
    assert alt_texts(one) == alt_texts(other)
    assert "layer 2" in alt_texts(one)[0]


@pytest.mark.slow
def test_a_layer_and_T_stand_in_the_link(runs: Path, open_page: Open) -> None:
    app = open_page("distributions", layer="1", T="4")
    assert "layer 1" in alt_texts(app)[0]
    assert "timesteps 2 to 4 together" in words(app)
    assert "layer 2" in alt_texts(open_page("distributions", layer="7"))[0]  # there is none


@pytest.mark.slow
def test_silent_and_saturated_neurons_are_shown_on_demand(runs: Path, open_page: Open) -> None:
    app = open_page("distributions", T="8")
    assert "silent" in words(app)  # counted in any case
    assert "of them between" not in words(app)
    app.toggle(key="distributions:apart").set_value(True).run()
    assert app.query_params["apart"] == "1"
    assert "90\u00a0% of them between" in words(app)
    assert all("90 % of them between" in text for text in alt_texts(app))
    assert "not shown" not in "".join(alt_texts(app))


def test_a_twin_that_is_not_there_can_be_trained(
    runs: Path, open_page: Open, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    noisy = run_of(runs, "noise")
    only = lambda: [noisy]  # noqa: E731
    monkeypatch.setattr("snnlab.dashboard.twins.finished_runs", only)
    app = open_page("distributions", run=noisy.id, T="8")
    assert len(alt_texts(app)) == 2
    assert "Its twin is not here yet: without noise, from v_th / 2." in words(app)
    press(app, "Train the twin")
    (job,) = engine.jobs()
    assert job.users == (VISITOR,)
    assert job.config == compared(SMALL)["no-noise-half"]
    assert are_twins(job.config, SMALL)
    assert "Train the twin" not in [button.label for button in app.button]
    assert app.get("progress")  # it trains
    engine.become(job.id, "failed", "the disk is full")
    app.run()
    assert "the disk is full" in plain(words(app))
    assert "Train the twin" in [button.label for button in app.button]


def test_twins_differ_in_the_noise_alone() -> None:
    assert are_twins(SMALL, QUIET)
    assert are_twins(QUIET, SMALL)
    assert are_twins(replace(SMALL, noise=Noise(sigma=0.1)), QUIET)
    for other in compared(SMALL).values():
        assert are_twins(SMALL, other) == (other.method == "no-noise")
    for changed in (
        SMALL,
        replace(QUIET, seed=1),
        replace(QUIET, model=replace(QUIET.model, width=9)),
        replace(QUIET, training=replace(QUIET.training, epochs=3)),
        replace(QUIET, method="bptt"),
    ):
        assert not are_twins(SMALL, changed)
    title, twin = missing_twin(QUIET) or pytest.fail("none")
    assert (title, twin.method) == ("with noise", "noise")
    assert missing_twin(replace(SMALL, method="target-noise")) is None


@pytest.mark.slow
def test_one_of_several_twins_is_chosen(runs: Path, open_page: Open) -> None:
    half = run(compared(SMALL)["no-noise-half"], runs)
    noisy = run_of(runs, "noise")
    assert twins_of(SMALL)[0].id == half.id  # not the one from rest
    app = open_page("distributions", run=noisy.id)
    assert len(alt_texts(app)) == 4
    box = app.selectbox(key="distributions:twin")
    assert len(box.options) == len(set(box.options)) == 2
    box.set_value(run_of(runs, "no-noise").id).run()
    assert not app.exception
    assert len(alt_texts(app)) == 4


@pytest.mark.slow
@pytest.mark.parametrize("method", ["target-noise", "bptt"])
def test_a_run_without_a_twin_stands_alone(method: str, runs: Path, open_page: Open) -> None:
    done = run(replace(SMALL, method=method), runs)
    app = open_page("distributions", run=done.id)
    assert not app.exception
    assert not app.warning
    assert len(alt_texts(app)) == 2
    assert "Train the twin" not in [button.label for button in app.button]


def test_before_training_it_has_the_weights_of_that_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first: dict[str, torch.Tensor] = {}

    def watched(net: Any, *given: Any, **more: Any) -> Any:
        first.update({name: value.clone() for name, value in net.state_dict().items()})
        return fit(net, *given, **more)

    runner = importlib.import_module("snnlab.runs.run")
    fit = runner.fit
    monkeypatch.setattr(runner, "fit", watched)
    done = run(replace(SMALL, seed=3), tmp_path)
    trained, data = network_and_data(done)
    before = untrained(done, data)
    learned = dict(before.named_parameters())
    assert len(learned) > 4
    for name, value in learned.items():
        torch.testing.assert_close(value.detach(), first[name], rtol=0, atol=0)
    assert any(not torch.equal(value, first[name]) for name, value in trained.named_parameters())
    assert [layer.noise for layer in before.neuron_layers()] == [Noise(), Noise()]


def test_before_training_deep_layers_are_not_silent(runs: Path) -> None:
    """Without statistics for batch norm they would be."""
    found = measured(run_of(runs, "noise"), 8, wide=False)
    assert all(layer.found.active > 0.1 for layer in found.before)


def test_little_is_in_memory_at_once(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes, module = [], importlib.import_module("snnlab.measure.residuals")

    def watched(*given: Any, batch_size: int, **more: Any) -> Any:
        sizes.append(batch_size)
        return found(*given, batch_size=batch_size, **more)

    found = module.residuals
    monkeypatch.setattr(module, "residuals", watched)
    monkeypatch.setattr("snnlab.dashboard.distributions.neurons_of", lambda *_: [2**20, 10])
    result = measured(run_of(runs, "noise"), 4, wide=True)
    assert sizes == 2 * [MOST_VALUES // (4 * 2**20)]
    assert result.images == 16

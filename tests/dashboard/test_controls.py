"""Controls and the settings that they stand for; configurations on their journey."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest
from streamlit.testing.v1 import AppTest

from snnlab.dashboard import lesson, neuron, training_settings
from snnlab.dashboard.address import link_text
from snnlab.dashboard.controls import Control, possible
from snnlab.dashboard.downloads import notebook
from snnlab.dashboard.training_settings import Asked
from snnlab.jobs.fair_queue import FairQueue, Job
from snnlab.jobs.queue_file import QueueFile
from snnlab.neuron.spec import MATCHED_SIGMA, Noise
from snnlab.runs.config import RunConfig, anchored, from_dict, to_dict
from snnlab.runs.methods import METHODS, plays_a_part
from snnlab.runs.presets import PRESETS, with_noise
from snnlab.runs.store import Run, run_id
from snnlab.settings import declared
from tests.dashboard.conftest import Open
from tests.dashboard.fake_engine import FakeEngine


def start(app: AppTest) -> AppTest:
    next(button for button in app.button if button.label == "Start").click().run()
    assert not app.exception
    assert not app.error
    return app


def read_from_queue(config: RunConfig, root: Path) -> RunConfig:
    file, queue = QueueFile(root), FairQueue()
    file.read()
    queue.waiting.append(Job(run_id(config), ("ada",), config, 0.0))
    file.write(queue)
    (entry,) = QueueFile(root).read().waiting
    return entry.config


def read_from_notebook(config: RunConfig, root: Path) -> RunConfig:
    run = Run(root / "run", "interrupted", config, {}, [], None)
    cells = nbformat.reads(notebook(run).decode(), 4).cells
    names: dict[str, RunConfig] = {}
    exec(next(cell.source for cell in cells if cell.cell_type == "code"), names)
    return names["config"]


@pytest.mark.sample(4)
@pytest.mark.parametrize(
    ("preset", "method"),
    [*((preset, "noise") for preset in PRESETS), *(("digits", method) for method in METHODS)][1:],
)
def test_a_configuration_survives_its_journey(
    preset: str, method: str, empty: Path, tmp_path: Path, open_page: Open, engine: FakeEngine
) -> None:
    config = replace(PRESETS[preset], method=method)
    start(open_page("train", preset=preset, method=method))
    (job,) = engine.jobs()
    arrived = {
        "dict": from_dict(to_dict(config)),
        "JSON": from_dict(json.loads(json.dumps(to_dict(config)))),
        "queue": read_from_queue(config, tmp_path),
        "notebook": read_from_notebook(config, tmp_path),
        "link": job.config,
    }
    assert {way: run_id(one) for way, one in arrived.items()} == dict.fromkeys(
        arrived, run_id(config)
    )
    assert job.id == run_id(anchored(config))


def test_the_chosen_preset_is_what_is_trained(
    empty: Path, open_page: Open, engine: FakeEngine
) -> None:
    app = open_page("train", preset="mnist", epochs="9", sigma="0.7", seeds="2", run="x")
    app.selectbox(key="train:preset").set_value("cifar10").run()
    assert app.query_params == {"preset": "cifar10", "seeds": "2", "run": "x"}
    start(app)
    assert engine.jobs()[0].config == with_noise(PRESETS["cifar10"])


@pytest.mark.slow
def test_a_control_is_added_in_one_place(
    empty: Path, open_page: Open, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    added = Control("smooth", "Label smoothing", "training.label_smoothing")
    monkeypatch.setattr(training_settings, "CONTROLS", (*training_settings.CONTROLS, added))
    digits = PRESETS["digits"]
    smooth = replace(digits, training=replace(digits.training, label_smoothing=0.2))
    monkeypatch.setitem(PRESETS, "digits", smooth)

    app = open_page("train")
    app.slider(key="train:smooth").set_value(0.15).run()
    assert app.query_params["smooth"] == "0.15"
    start(app)
    assert engine.jobs()[-1].config.training.label_smoothing == 0.15
    app.selectbox(key="train:preset").set_value("digits").run()
    assert app.slider(key="train:smooth").value == 0.2
    start(app)
    assert engine.jobs()[-1].config == with_noise(smooth)

    assert "smooth" in lesson.names("train")
    link = {"smooth": "0.3", "fix": "smooth"}
    assert open_page("train", **link).slider(key="train:smooth").disabled
    app = open_page("train", smooth="0.3", hide="smooth")
    assert "train:smooth" not in [slider.key for slider in app.slider]
    start(app)
    assert engine.jobs()[-1].config.training.label_smoothing == 0.3
    assert open_page("train", smooth="7").query_params["smooth"] == "0.5"


@pytest.mark.parametrize("page", [neuron, training_settings])
def test_every_control_stands_for_a_setting(page: object) -> None:
    starts = [neuron.DEFAULTS] if page is neuron else [Asked(), RunConfig()]
    controls: tuple[Control, ...] = page.CONTROLS  # type: ignore[attr-defined]
    assert len({control.name for control in controls}) == len(controls)
    assert len({control.setting for control in controls}) == len(controls)
    for control in controls:
        group, field = control.found(starts)
        assert field in declared(type(group))


def test_a_control_that_stands_for_nothing_is_refused() -> None:
    for setting in ("colour", "colour.hue", "noise.colour", "seed.colour"):
        with pytest.raises(ValueError, match=rf"'{setting}', which is no setting"):
            Control("colour", "Colour", setting).draw([Asked(), RunConfig()])
    with pytest.raises(ValueError, match=r"training\.learning_rate needs a range"):
        Control("rate", "Rate", "training.learning_rate").draw([RunConfig()])


def test_a_control_offers_what_makes_sense() -> None:
    assert "empirical" not in possible(Noise(), "family", ("gaussian", "empirical"))
    measured = Noise("empirical", quantiles=(0.0, 0.4, 1.0))
    assert possible(measured, "family", ("gaussian", "empirical")) == ("empirical",)


@pytest.mark.sample(1)
@pytest.mark.parametrize("method", METHODS)
def test_a_method_shows_what_counts_for_it(method: str, empty: Path, open_page: Open) -> None:
    app = open_page("train", method=method)
    app.session_state["train:more"] = True
    app.run()
    shown = {widget.key for kind in (app.slider, app.selectbox) for widget in kind}
    for control in training_settings.CONTROLS:
        if control.options is not None and not control.options():
            assert f"train:{control.name}" not in shown  # images of one's own have a size to choose
            continue
        assert (f"train:{control.name}" in shown) == plays_a_part(control.setting, method)


def test_what_does_not_count_stays_as_the_preset_has_it(
    empty: Path, open_page: Open, engine: FakeEngine
) -> None:
    start(open_page("train", method="bptt", sigma="0.1", schedule="50", bptt="2"))
    (job,) = engine.jobs()
    config = replace(PRESETS["digits-mlp"], method="bptt", bptt_timesteps=2)
    assert job.config == config


@pytest.mark.sample(1)
@pytest.mark.parametrize("sigma", [0.29, MATCHED_SIGMA, 0.1 + 0.2, 1.0])
def test_a_number_in_a_link_is_read_back_as_it_was(
    sigma: float, empty: Path, open_page: Open, engine: FakeEngine
) -> None:
    start(open_page("train", sigma=link_text(sigma), mu="0.25"))
    assert engine.jobs()[0].config.noise == Noise(sigma=sigma, mu=0.25)


def test_a_link_of_before_means_what_it_meant(
    empty: Path, open_page: Open, engine: FakeEngine
) -> None:
    link = (
        "preset=digits-mlp&method=noise&sigma=0.29&epochs=7&seeds=1&T=16&mu=0.5&family=uniform"
        "&schedule=70&data=digits&model=mlp&device=auto&kept=0&at=8"
    )
    app = start(open_page("train", **dict(part.split("=") for part in link.split("&"))))
    (job,) = engine.jobs()
    preset = with_noise(PRESETS["digits-mlp"])
    assert job.config == replace(
        preset,
        noise=Noise("uniform", 0.29),
        training=replace(preset.training, epochs=7, noise_fraction=0.7),
    )
    assert app.query_params["schedule"] == "70"


def test_a_preset_leaves_what_a_lesson_has_set(
    empty: Path, open_page: Open, engine: FakeEngine
) -> None:
    link = {"sigma": "0.1", "epochs": "2", "mu": "0.1", "fix": "sigma,seeds", "hide": "epochs,T"}
    app = open_page("train", **link)
    app.selectbox(key="train:preset").set_value("digits").run()
    next(button for button in app.button if button.label == "Start").click().run()
    assert not app.exception
    (job,) = engine.jobs()
    there = job.config
    assert (there.model, there.noise.sigma, there.training.epochs) == (
        PRESETS["digits"].model,
        0.1,
        2,
    )
    assert there.noise.mu == PRESETS["digits"].noise.mu  # of no concern to the lesson
    before = PRESETS["digits-mlp"].timesteps  # hidden where it stood, and so it stays
    assert (app.query_params["T"], there.timesteps) == (str(before), before)


def test_a_link_says_what_was_moved(empty: Path, open_page: Open) -> None:
    app = open_page("neuron")
    assert app.query_params == {}
    app.slider(key="neuron:current").set_value(0.4).run()
    assert app.query_params == {"current": "0.4"}
    app.slider(key="neuron:current").set_value(0.3).run()
    assert app.query_params == {"current": "0.3"}


def test_the_lab_starts_from_the_matched_noise(empty: Path, open_page: Open) -> None:
    app = open_page("neuron")
    assert app.slider(key="neuron:sigma").value == MATCHED_SIGMA
    assert neuron.DEFAULTS.noise == Noise()
    app.slider(key="neuron:sigma").set_value(0.0).run()
    assert not app.exception
    assert "fires with probability 0.00" in app.subheader[1].value


def test_a_method_from_outside_is_offered_and_trained(
    empty: Path, open_page: Open, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = replace(METHODS["noise"], title="half the noise")
    monkeypatch.setitem(METHODS, "half-noise", own)
    app = open_page("train", method="half-noise")
    assert "half the noise" in app.selectbox(key="train:method").options
    assert "train:sigma" in [slider.key for slider in app.slider]
    start(app)
    (job,) = engine.kept.values()
    assert job.config.method == "half-noise"

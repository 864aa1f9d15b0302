"""The page Train: three starts in one press, curves of before, verdicts, images, what is heard."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from snnlab.dashboard import earlier
from snnlab.dashboard.address import MOST_CHARACTERS
from snnlab.dashboard.groups import Group, group_names, group_runs, lines_of
from snnlab.dashboard.live import Status, news
from snnlab.dashboard.results import verdict_of
from snnlab.dashboard.train import MOST_SHOWN
from snnlab.dashboard.training_settings import MOST_SEEDS, Asked
from snnlab.jobs.fair_queue import MOST_JOBS
from snnlab.measure.curve import AccuracyCurve
from snnlab.runs.config import ConfigError, RunConfig
from snnlab.runs.examples import SMALL_DIGITS, bring_examples, example_configs
from snnlab.runs.methods import COMPARED
from snnlab.runs.presets import PRESETS, compared, with_noise
from snnlab.runs.run import run
from snnlab.runs.store import Run, list_runs, run_id
from snnlab.show.colours import DARK, LIGHT
from tests.dashboard.conftest import SMALL, VISITOR, Open
from tests.dashboard.fake_engine import FakeEngine
from tests.dashboard.test_pages import alt_texts, press, words

TITLES = [side.title for side in COMPARED.values()]


def finished(config: RunConfig, **result: object) -> Run:
    """A finished run with a result and no folder."""
    return Run(Path("runs") / run_id(config), "finished", config, {}, [], dict(result))


def curve(lost: int, gained: int, images: int = 449) -> dict[str, object]:
    """A result with an accuracy at T = 1 and 2."""
    accuracy = {"1": 90.0, "2": 90.0 + 100 * (gained - lost) / images}
    return {"accuracy": accuracy, "test_images": images, "changed": {"2": [lost, gained]}}


def metric_names(app: AppTest) -> list[str]:
    return [metric.label for metric in app.metric]


@pytest.mark.parametrize("preset", PRESETS)
def test_all_three_differ_in_nothing_but_their_start(preset: str) -> None:
    asked = Asked(preset, 2, {"method": "bptt", "training.epochs": 3})
    configs = asked.all_three()
    assert [config.seed for config in configs] == [0, 0, 0, 1, 1, 1]  # all three curves come early
    preset_with = with_noise(PRESETS[preset])
    training = replace(preset_with.training, epochs=3)
    assert configs[:3] == list(compared(replace(preset_with, training=training)).values())
    same = [replace(c.acting, method="noise", neuron=SMALL.neuron, seed=0) for c in configs]
    assert all(one == same[0] for one in same)


def test_the_first_of_the_three_is_what_start_trains() -> None:
    asked = Asked(settings={"noise.sigma": 0.2})
    assert asked.all_three()[0] == asked.configs()[0]


def test_all_three_need_noise() -> None:
    with pytest.raises(ConfigError, match="as σ is 0"):
        Asked(settings={"noise.sigma": 0}).all_three()


def test_one_press_asks_for_no_more_than_one_may_have() -> None:
    assert len(Asked(seeds=MOST_SEEDS).all_three()) <= min(MOST_JOBS, MOST_SHOWN)
    longest = f"{'d' * 24}-resnet18-no-noise-s0-{'0' * 8}"
    assert len(",".join([longest] * MOST_SHOWN)) <= MOST_CHARACTERS


def test_one_press_asks_for_all_three(runs: Path, open_page: Open, engine: FakeEngine) -> None:
    app = press(open_page("train", sigma="0.4", epochs="3", fix="sigma"), "Train all three")
    assert not app.exception
    jobs = engine.jobs()
    assert [group_names([job.config])[0] for job in jobs] == [f"{TITLES[0]}, σ = 0.4", *TITLES[1:]]
    assert {(job.config.noise.sigma, job.config.training.epochs) for job in jobs} == {(0.4, 3)}
    assert app.query_params["run"] == ",".join(job.id for job in jobs)


def test_why_nothing_was_started_is_said(runs: Path, open_page: Open, engine: FakeEngine) -> None:
    app = press(open_page("train", sigma="0"), "Train all three")
    assert not engine.jobs()
    assert "set it above 0" in app.error[0].value.replace("\\", "")


@pytest.mark.parametrize(("method", "offered"), [("bptt", False), ("noise", True)])
def test_a_lesson_that_sets_the_method_sets_it(
    method: str, offered: bool, empty: Path, open_page: Open
) -> None:
    for way in ("fix", "hide"):
        app = open_page("train", method=method, **{way: "method"})
        assert ("Train all three" in [button.label for button in app.button]) == offered


def test_what_is_there_is_shown_at_once(empty: Path, open_page: Open, engine: FakeEngine) -> None:
    bring_examples(empty)
    app = press(open_page("train"), "Train all three")
    assert not app.exception
    assert not engine.jobs()
    assert len(app.query_params["run"].split(",")) == 3
    assert metric_names(app) == [f"{TITLES[0]}, σ = 0.289", *TITLES[1:]]
    said = words(app).replace("\\", "")
    for title in TITLES:
        assert f"**{title}" in said
    assert "kept: less than 1 point lost" in said
    assert "lost: more than chance would take" in said
    assert example_configs(SMALL_DIGITS)[:3] == tuple(compared(PRESETS["digits-mlp"]).values())


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_the_three_have_names_colours_and_dashes_of_their_own(colours: object) -> None:
    sides = compared(replace(SMALL, noise=replace(SMALL.noise, sigma=0.2))).values()
    others = [replace(SMALL, method="bptt"), replace(SMALL, noise=replace(SMALL.noise, sigma=0.3))]
    groups = group_runs([finished(config) for config in [*others, *sides]], colours)  # type: ignore[arg-type]
    assert [group.name.split(", σ")[0] for group in groups] == [TITLES[0], *TITLES, "BPTT, T = 4"]
    looks = [side.look for side in COMPARED.values()]
    found = {group.name: group for group in groups}
    for side, config in zip(COMPARED.values(), sides, strict=True):
        (own,) = [g for g in groups if g.runs[0].config == config]
        if side.method == "no-noise":
            assert own is found[side.title]
            assert own.colour == colours.hue(side.look.hue)  # type: ignore[attr-defined]
    assert len({group.colour for group in groups}) == len(groups)
    dashes = [str(group.dashes) for group in groups if group.dashes]
    assert len(set(dashes)) == len(dashes) > len(looks)


def test_runs_that_train_alike_are_one_line() -> None:
    given = replace(SMALL, model=replace(SMALL.model, norm_weight=0.5))
    assert given != SMALL
    (group,) = group_runs([finished(SMALL), finished(replace(given, seed=1))], LIGHT)
    assert [run.config.seed for run in group.runs if run.config] == [0, 1]


def test_earlier_runs_are_told_apart_from_those_in_front() -> None:
    """Even if they are other seeds of the same."""
    first, second = finished(SMALL, **curve(0, 1)), finished(replace(SMALL, seed=1), **curve(1, 0))
    front, behind = group_runs([first], LIGHT, [second])
    assert behind.name == f"{front.name}, earlier"
    lines = lines_of([front, behind])
    assert [line.faint for line in lines.values()] == [False, True]
    assert [line.images for line in lines.values()] == [(449,), (449,)]


def test_curves_that_share_no_timestep_are_left_out() -> None:
    results = [{"accuracy": {"1": 90.0}}, {"accuracy": {"2": 90.0}}]
    runs = [finished(replace(SMALL, seed=n), **result) for n, result in enumerate(results)]
    assert lines_of(group_runs(runs, LIGHT)) == {}


def behind(app: AppTest) -> list[str]:
    """Names of the earlier curves, as the chart says them."""
    (said,) = [text for text in alt_texts(app) if text.startswith("Mean test accuracy")]
    return [part.split(":")[0] for part in said.split("; ") if ", earlier:" in part]


@pytest.mark.slow
def test_what_was_shown_stays_behind_and_can_be_pinned(
    runs: Path, open_page: Open, engine: FakeEngine
) -> None:
    noisy, quiet = sorted((run.id for run in list_runs(runs)), key=lambda id: "no-noise" in id)
    app = open_page("train", run=noisy)
    assert behind(app) == []
    press(app, "Start")
    assert app.session_state[earlier.BEHIND] == [noisy]
    app.query_params["run"] = quiet  # as if that were what was started
    app.session_state["journey"].links["train"]["run"] = quiet
    app.run()
    assert behind(app) == ["with noise, σ = 0.289, earlier"]
    assert metric_names(app) == ["without noise, from rest"]
    (pills,) = app.get("button_group")
    assert "press one to pin it" in pills.proto.label
    pills.set_value([noisy.rsplit("-", 1)[1]]).run()
    assert not app.exception
    assert app.query_params["pin"] == noisy.rsplit("-", 1)[1]
    assert "Clear" not in [button.label for button in app.button]  # all are pinned

    link = {"run": quiet, "pin": app.query_params["pin"]}
    second = open_page("train", visitor="f" * 16, **link)  # the link takes it along
    assert behind(second) == ["with noise, σ = 0.289, earlier"]
    (pills,) = second.get("button_group")
    pills.set_value([]).run()
    assert "pin" not in second.query_params

    (pills,) = app.get("button_group")
    pills.set_value([]).run()
    assert behind(press(app, "Clear")) == []
    assert not app.exception


def test_a_pinned_run_in_front_stays_pinned(runs: Path, open_page: Open) -> None:
    noisy, quiet = sorted((run.id for run in list_runs(runs)), key=lambda id: "no-noise" in id)
    marks = ",".join(id.rsplit("-", 1)[1] for id in (noisy, quiet))
    app = open_page("train", run=noisy, pin=marks)
    assert behind(app) == ["without noise, from rest, earlier"]
    assert set(app.query_params["pin"].split(",")) == set(marks.split(","))


def test_gained_and_lost_images_are_those_of_the_certificate(
    runs: Path, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = next(run for run in list_runs(runs) if run.config and run.config.method == "noise")
    lost, gained = done.accuracy.changed[8]
    assert lost + gained > 0  # else this test could not fail
    app = open_page("train", run=done.id, at="8")
    said = f"Of all 60 test images **{gained} gained** and **{lost} lost**: net {gained - lost:+d}."
    assert said in words(app)
    assert f"(lost {lost}, gained {gained})" in words(app)
    assert all(f"**{kind}: " in words(app) for kind, n in (("Gained", gained), ("Lost", lost)) if n)

    monkeypatch.setattr("snnlab.dashboard.predictions.MOST_IMAGES", {"digits": 20})
    from snnlab.dashboard.predictions import predictions

    predictions.clear()
    app = open_page("train", run=done.id, at="8")
    predictions.clear()
    assert "Of the first 20 test images" in words(app)
    assert f"on all 60: {gained} gained, {lost} lost" in words(app)


@pytest.mark.slow
def test_each_run_has_its_certificate_and_its_images(runs: Path, open_page: Open) -> None:
    run(replace(SMALL, method="target-noise"), runs)
    ids = {run.config.method: run.id for run in list_runs(runs) if run.config}
    app = open_page("train", run=",".join(ids.values()))
    picker = app.selectbox(key="train:of")
    assert picker.value == ids["noise"]
    assert len(picker.options) == 3
    for method, told in (
        ("target-noise", "All weights equal, bit for bit"),
        ("no-noise", "Trained without noise, so there is none to drop"),
    ):
        app.selectbox(key="train:of").set_value(ids[method]).run()
        assert not app.exception
        assert not app.warning
        assert told in words(app)
        assert "Images that T\u00a0=\u00a08 changes" in words(app)


@pytest.mark.slow
def test_a_converted_network_says_why_it_has_no_certificate(runs: Path, open_page: Open) -> None:
    done = run(replace(SMALL, method="ann"), runs)
    app = open_page("train", run=done.id)
    assert not app.exception
    assert "Trained without spikes and converted afterwards" in words(app)


def test_a_run_of_one_timestep_has_nothing_to_read(runs: Path, open_page: Open) -> None:
    done = run(replace(SMALL, timesteps=1), runs)
    app = open_page("train", run=done.id)
    assert not app.exception
    assert "train:at" not in [slider.key for slider in app.slider]
    assert len(app.metric) == 1


@pytest.mark.parametrize("missing", ["weights_equal", "timesteps", "images", "accuracy"])
def test_a_certificate_with_parts_missing_is_said(
    missing: str, runs: Path, open_page: Open
) -> None:
    done = next(run for run in list_runs(runs) if run.config and run.config.method == "noise")
    result = json.loads((done.folder / "result.json").read_text())
    del result["certificate"][missing], result["hashes"]
    (done.folder / "result.json").write_text(json.dumps(result))
    app = open_page("train", run=done.id)
    assert not app.exception
    said = app.warning[0].value.replace("\\", "")
    assert said == f"The certificate of this run cannot be read: the certificate lacks {missing}"


def test_the_verdict_of_seeds_counts_them() -> None:
    kept, lost = finished(SMALL, **curve(0, 9)), finished(replace(SMALL, seed=1), **curve(20, 1))
    sign, said = verdict_of(Group("a", "", [kept, lost]), 2) or ("", "")
    assert said == "kept with 1 of 2 seeds, lost with 1 (lost 20, gained 10 in all)."
    assert "grey" in sign
    sign, said = verdict_of(Group("a", "", [lost]), 2) or ("", "")
    assert said == "lost: more than chance would take (lost 20, gained 1)."
    assert "red" in sign
    assert verdict_of(Group("a", "", [finished(SMALL, accuracy={"1": 9.0, "2": 9.0})]), 2) is None
    assert isinstance(kept.accuracy, AccuracyCurve)


def test_what_is_heard_changes_a_few_times_in_a_training() -> None:
    config = replace(SMALL, training=replace(SMALL.training, epochs=30))
    epoch = {"epoch": 1}
    heard = []
    for done in range(31):
        runs = Run(Path("a"), "running", config, {}, [epoch] * done, None)
        waits = Status("b", "waiting", None, replace(runs, metrics=[]))
        heard.append(news([Status("a", "running", None, runs), waits]))
    assert len(set(heard)) == 5
    assert heard[0] == "Training 1 of 2: with noise, σ = 0.289, seed 0."
    assert heard[16] == "Training 1 of 2: with noise, σ = 0.289, seed 0, epoch 15 of 30."
    assert news([waits, waits]) == "Waiting."
    assert news([Status("a", "failed", None, runs), waits]) == "1 of 2 have ended."
    ended = [Status("a", "finished", None, finished(config, **curve(0, 4)))]
    assert news(ended) == "Done: with noise, σ = 0.289, seed 0, 90.89 % at T = 2."
    assert news([Status("a", "failed", None, runs)]).startswith("Failed: with noise")


def test_many_runs_share_a_line_where_they_stand_alike(
    empty: Path, open_page: Open, engine: FakeEngine
) -> None:
    configs = [replace(SMALL, seed=seed) for seed in range(5)]
    ids = [job.id for job in engine.submit(configs[:3], user=VISITOR)]
    ids += [job.id for job in engine.submit(configs[3:], user="another")]
    app = open_page("train", run=",".join(ids))
    assert not app.exception
    assert sum("seed " in line.value for line in app.markdown) == 1  # the one that trains
    assert "4 of 5 runs" in [line.value for line in app.markdown]
    said = words(app)
    assert "Starts next" in said
    assert "The last of them: number 4 in the queue" in said
    cancel = [button for button in app.button if button.label == "Cancel"]
    assert len(cancel) == 2
    cancel[1].click().run()
    assert not app.exception
    states = [engine.job(id).status for id in ids]  # type: ignore[union-attr]
    assert states == ["running", "cancelled", "cancelled", "waiting", "waiting"]  # one's own
    app = press(open_page("train", run=",".join(ids)), "Go on")
    states = [engine.job(id).status for id in ids]  # type: ignore[union-attr]
    assert states == ["running", *["waiting"] * 4]

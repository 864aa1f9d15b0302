"""The noise laboratory: what it measures, that it goes on where it stopped, what it refuses."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from snnlab.data.spec import DataError
from snnlab.learning.spec import Training
from snnlab.network.spec import Architecture
from snnlab.runs.config import ConfigError, RunConfig
from snnlab.runs.files import RunError
from snnlab.runs.store import list_runs
from snnlab.studies.breaks import Breaks
from snnlab.studies.calibration import VARIANTS, Calibration
from snnlab.studies.laboratory import Laboratory
from snnlab.studies.noise_sweep import NONE, NoiseSweep, best_sigma
from snnlab.studies.robustness import KINDS, Robustness, gain
from snnlab.studies.study import Watch

QUICK = {"rounds": 1, "betas": (0.9,)}


@pytest.fixture
def convnet(tiny: RunConfig) -> RunConfig:
    """A small network that pools."""
    training = Training(epochs=1, batch_size=25)
    return replace(tiny, model=Architecture("convnet", width=4), training=training)


def steps_of(watch: list[str]) -> Watch:
    """A watch that notes the labels of all steps."""
    return Watch(on_step=lambda step: watch.append(f"{step.number}/{step.steps} {step.label}"))


def test_a_sweep_measures_every_family_sigma_and_seed(tiny: RunConfig, tmp_path: Path) -> None:
    seen: list[str] = []
    lab = Laboratory(replace(tiny, training=replace(tiny.training, epochs=1)), 2, tmp_path / "lab")
    asked = NoiseSweep(("gaussian", "uniform"), (0.3, 0.1))
    found = asked.carry_out(replace(lab, watch=steps_of(seen)))
    points = {(p["family"], p["sigma"], p["seed"]) for p in found["points"]}
    families = [(f, s) for f in ("gaussian", "uniform") for s in (0.1, 0.3)]
    assert points == {(f, s, seed) for f, s in [*families, (NONE, 0.0)] for seed in (0, 1)}
    assert all(set(p["accuracy"]) == {"1", "2", "4"} for p in found["points"])
    assert [step.split()[0] for step in seen] == [f"{i}/10" for i in range(1, 11)]
    assert len(found["best"]) == 2 * 3
    runs = list_runs(lab.folder / "runs")
    noises = [(r.config.noise.family, r.config.noise.sigma) for r in runs if r.config is not None]
    assert set(families) <= set(noises)
    assert sum(r.config.method == "no-noise" for r in runs if r.config) == 2


def test_a_finished_experiment_answers_at_once(tiny: RunConfig, tmp_path: Path) -> None:
    lab, asked = Laboratory(tiny, 1, tmp_path / "lab"), NoiseSweep(("gaussian",), (0.3,))
    first, seen = asked.carry_out(lab), list[str]()
    before = (lab.folder / "sweep.json").read_bytes()
    assert asked.carry_out(replace(lab, watch=steps_of(seen))) == first
    assert seen == []
    assert (lab.folder / "sweep.json").read_bytes() == before


@pytest.mark.slow
def test_a_stopped_experiment_goes_on(convnet: RunConfig, tmp_path: Path) -> None:
    asked = Breaks(("reset to zero", "max pooling"))

    def stopping(after: int) -> Watch:
        def on_step(step: object) -> None:
            nonlocal after
            after -= 1
            if after < 0:
                raise KeyboardInterrupt

        return Watch(on_step=on_step)

    stopped = Laboratory(convnet, 2, tmp_path / "stopped")
    with pytest.raises(KeyboardInterrupt):
        asked.carry_out(replace(stopped, watch=stopping(4)))
    kept = {path: path.stat().st_mtime_ns for path in (stopped.folder / "measured").iterdir()}
    assert len(kept) == 4
    later = asked.carry_out(stopped)
    whole = asked.carry_out(Laboratory(convnet, 2, tmp_path / "whole"))
    assert later["entries"] == whole["entries"]
    assert all(path.stat().st_mtime_ns == time for path, time in kept.items())


def test_another_experiment_in_the_folder_is_refused(tiny: RunConfig, tmp_path: Path) -> None:
    asked = NoiseSweep(("gaussian",), (0.3,))
    asked.carry_out(Laboratory(tiny, 1, tmp_path))
    with pytest.raises(RunError, match=r"holds another sweep \(other sigmas\)"):
        NoiseSweep(("gaussian",), (0.2,)).carry_out(Laboratory(tiny, 1, tmp_path))
    with pytest.raises(RunError, match=r"other start, seeds"):
        asked.carry_out(Laboratory(replace(tiny, seed=1), 2, tmp_path))


def test_an_experiment_that_is_refused_leaves_no_folder(tiny: RunConfig, tmp_path: Path) -> None:
    few = replace(tiny, data=replace(tiny.data, train_size=5000))
    with pytest.raises(DataError, match="5000"):
        NoiseSweep(("gaussian",), (0.3,)).carry_out(Laboratory(few, 1, tmp_path / "lab"))
    assert not (tmp_path / "lab").exists()


@pytest.mark.slow
def test_switches_change_what_they_say(convnet: RunConfig, tmp_path: Path) -> None:
    found = Breaks().carry_out(Laboratory(convnet, 1, tmp_path / "lab"))
    by_name = {entry["name"]: entry for entry in found["entries"]}
    assert list(by_name) == list(found["switches"])
    usual = by_name.pop("as it should be")
    at_one = {name: entry["accuracy"]["1"] for name, entry in by_name.items()}
    assert at_one["reset to zero"] == usual["accuracy"]["1"]  # the first step knows no reset
    errors = {name: entry["errors"] for name, entry in by_name.items()}
    assert all(len(stages) == 3 for stages in errors.values())
    unchanged = [name for name in errors if errors[name] == usual["errors"]]
    assert unchanged == []
    for name, stages in errors.items():
        first = stages[0]["root_mean_square"]
        assert first["unevenness"] == 0, name  # the image is the same at each timestep


def test_a_network_without_pooling_has_no_maxima(tiny: RunConfig, tmp_path: Path) -> None:
    found = Breaks(("max pooling",)).carry_out(Laboratory(tiny, 1, tmp_path / "lab"))
    assert [entry["name"] for entry in found["entries"]] == ["as it should be"]


@pytest.mark.slow
def test_calibration_measures_residuals_rounds_and_leaks(tiny: RunConfig, tmp_path: Path) -> None:
    found = Calibration(rounds=2, betas=(0.9,)).carry_out(Laboratory(tiny, 1, tmp_path / "lab"))
    assert [entry["stage"] for entry in found["residuals"]] == [1, 2]
    for entry in found["residuals"]:
        assert {"gaussian", "uniform", "training"} == set(entry["distances"])
        assert len(entry["channels"]) == 16
    assert [entry["round"] for entry in found["rounds"]] == [1, 2]
    leaks = [(entry["beta"], entry["variant"]) for entry in found["leaks"]]
    assert leaks == [(1.0, "IF"), *((0.9, variant) for variant in VARIANTS)]
    noise = {entry["variant"]: entry["noise"] for entry in found["leaks"]}
    assert noise["matched to the leak"][0]["sigma"] == pytest.approx(0.3162, abs=1e-4)
    assert noise["made leaky after training"] == [None, None]
    by_variant = {entry["variant"]: entry["accuracy"] for entry in found["leaks"]}
    assert by_variant["made leaky after training"]["1"] == by_variant["IF"]["1"]


def test_robustness_compares_the_two_networks(tiny: RunConfig, tmp_path: Path) -> None:
    asked = Robustness((0.0, 0.5), (0.5,), (1.0,), draws=2)
    found = asked.carry_out(Laboratory(tiny, 1, tmp_path / "lab"))
    assert {p["method"] for p in found["points"]} == {"noise", "no-noise"}
    assert {(p["kind"], p["strength"]) for p in found["points"]} == {
        ("input_noise", 0.0),
        ("input_noise", 0.5),
        ("weight_noise", 0.5),
        ("dropped_spikes", 1.0),
    }
    assert len(found["gains"]) == 4 * 3
    lost = [p["accuracy"]["4"] for p in found["points"] if p["kind"] == "dropped_spikes"]
    assert max(lost) <= 15  # without spikes every image looks the same
    assert json.loads(json.dumps(found)) == found


def point(family: str, sigma: float, seed: int, accuracy: float) -> dict[str, object]:
    return {"family": family, "sigma": sigma, "seed": seed, "accuracy": {"8": accuracy}}


def test_the_best_sigma_is_found_with_its_rivals() -> None:
    points = [
        *(point(NONE, 0.0, seed, 90.0 + seed) for seed in (0, 1, 2)),
        *(point("gaussian", 0.3, seed, 97.0 + seed / 2) for seed in (0, 1, 2)),
        *(point("gaussian", 0.4, seed, 97.5 + seed / 2) for seed in (0, 1, 2)),
        *(point("uniform", 0.5, seed, 99.0) for seed in (0, 1, 2)),
    ]
    found = best_sigma(points, "gaussian", 8)
    assert (found["sigma"], found["accuracy"]) == (0.4, 98.0)
    assert found["level"] == [0.3, 0.4]
    assert (found["matched"], found["behind"]) == (0.3, 0.5)
    assert found["interval"] == pytest.approx([0.5, 0.5])
    assert best_sigma(points[:3] + points[3:4], "gaussian", 8)["sigma"] == 0.3


def test_the_gain_is_taken_seed_by_seed() -> None:
    values = {"noise": (90.0, 80.0), "no-noise": (88.0, 78.0)}
    points = [
        {"method": m, "seed": s, "kind": "input_noise", "strength": 0.1, "accuracy": {"8": a}}
        for m, accuracies in values.items()
        for s, a in enumerate(accuracies)
    ]
    found = gain(points, "input_noise", 0.1, 8)
    assert (found["noise"], found["no-noise"], found["gain"]) == (85.0, 83.0, 2.0)
    assert found["interval"] == pytest.approx([2.0, 2.0])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Laboratory(RunConfig(), 0), "seeds must be at least 1, got 0"),
        (lambda: Laboratory(RunConfig(method="ann")), "starts from method noise, got --method ann"),
        (lambda: NoiseSweep(("pink",)), "unknown noise family 'pink'; valid: gaussian"),
        (lambda: NoiseSweep(()), "families must be some of gaussian, .*, got none"),
        (lambda: NoiseSweep(sigmas=(0.0,)), r"sigmas\[0\] must be a number above 0, got 0"),
        (lambda: NoiseSweep(sigmas=()), "sigmas must be numbers above 0, got none"),
        (lambda: Breaks(("magic",)), "unknown switch 'magic'; valid: as it should be, no noise"),
        (lambda: Breaks(error_timesteps=0), "error_timesteps must be at least 1, got 0"),
        (lambda: Calibration(rounds=0), "rounds must be at least 1, got 0"),
        (lambda: Calibration(tolerance=0), "tolerance must be a number above 0, got 0"),
        (lambda: Calibration(betas=(1.0,)), r"betas\[0\] must lie in \(0, 1\), got 1.0"),
        (lambda: Robustness(draws=0), "draws must be at least 1, got 0"),
        (
            lambda: Robustness(dropped_spikes=(2.0,)),
            r"dropped_spikes\[0\] must lie in \[0, 1\]",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(make, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make()


def test_every_kind_of_disturbance_has_strengths() -> None:
    assert all(0.0 in getattr(Robustness(), kind) for kind in KINDS)
    folder = NoiseSweep.default_folder(RunConfig())
    assert folder == Path("runs/noise/sweep-digits-mlp")

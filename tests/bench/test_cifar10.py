"""The methods on all of CIFAR-10: what is trained, in which order, and what the report says."""

from __future__ import annotations

import json
import math
import re
import shutil
from dataclasses import asdict, replace

import pytest
import torch

from snnlab.bench import cifar10
from snnlab.bench.cifar10 import (
    ONE_PASS,
    RACERS,
    SCORED,
    Comparison,
    FullSize,
    Plan,
    cifar10_config,
)
from snnlab.bench.cifar10_tables import goal_table
from snnlab.bench.result_tables import Record
from snnlab.bench.tuning import ShortTraining
from snnlab.cli.main import main
from snnlab.data.spec import DataSpec
from snnlab.learning.spec import Training
from snnlab.measure.curve import AccuracyCurve
from snnlab.network.spec import Architecture
from snnlab.runs.config import RunConfig
from snnlab.runs.files import RunError
from snnlab.runs.provenance import environment
from snnlab.studies.audit import read_race
from snnlab.studies.race import TERMS, asked_in, by_method

SMALL = FullSize(
    RunConfig(
        device="cpu",
        timesteps=max(SCORED),
        bptt_timesteps=2,
        conversion_timesteps=max(SCORED),
        conversion_images=100,
        data=DataSpec("digits", train_size=200, validation_fraction=0.0, test_size=100),
        model=Architecture("mlp", width=16),
        training=Training(batch_size=50),
    ),
    seconds=90,
    epochs=2,
    short_epochs=3,
)
PEAKS = {"ann": 4e-3, "qcfs": 8e-3, "noise": 16e-3, "noise-then-spikes": 8e-3, "bptt": 2e-3}
"""Where the made-up short trainings are best."""
SECONDS = {"ann": 1.0, "qcfs": 1.1, "noise": 1.2, "noise-then-spikes": 1.5, "bptt": 4.0}
"""What one epoch of them takes."""


def made_up_trainings(patch):
    """Short trainings that take no time, and no steps to warm up; returns the former."""

    def made_up(config):
        method, rate = config.method, config.training.learning_rate
        score = 90 - abs(rate - PEAKS[method]) / PEAKS[method]
        epochs = config.training.epochs
        curves = {"": [score] * len(SCORED)}
        return ShortTraining(
            method, rate, score, curves, epochs, 0.9 * SECONDS[method] * epochs, ""
        )

    patch.setattr(cifar10, "short_training", made_up)
    patch.setattr(cifar10, "warm_up", lambda asked: None)
    return made_up


@pytest.fixture
def at_once(monkeypatch):
    """Made-up short trainings in this test."""
    return made_up_trainings(monkeypatch)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The folder of a comparison with one seed."""
    folder = tmp_path_factory.mktemp("finished")
    with pytest.MonkeyPatch.context() as patch:
        made_up_trainings(patch)
        Comparison(folder, SMALL).train(1)
    return folder


def test_the_trainings_are_those_of_full_size():
    config = cifar10_config("cifar10", None, "resnet18", 1)
    assert (config.device, config.bptt_timesteps, config.timesteps) == ("cuda", 2, 8)
    assert (config.data.validation_fraction, config.data.train_size) == (0.0, None)
    assert (config.data.shift, config.data.flip) == (4, True)  # a folder has other defaults
    assert config.conversion_images == 10_000
    assert config.model.readout_gain == 1  # with which ReLU and QCFS are better
    training = config.training
    assert (training.precision, training.augment, training.batch_size) == ("bfloat16", True, 512)
    assert set(RACERS) == {*ONE_PASS, "bptt"} == {*PEAKS}


@pytest.mark.slow
def test_rates_come_first_and_bptt_gets_the_seconds_of_the_best_method(at_once, tmp_path):
    found = Comparison(tmp_path, SMALL)
    said: list[str] = []
    found.train(1, said=said.append)
    begun = [line.split(" s: ")[1] for line in said if " s: " in line]
    assert begun[:3] == [f"ann, 3 epochs, peak learning rate {x}" for x in (0.008, 0.004, 0.002)]
    assert begun[-5:] == [f"{method}, seed 0" for method in RACERS]
    assert found.race_config().learning_rates == PEAKS
    used = {one["method"]: one for one in found.trainings()}
    assert {name: one["learning_rate"] for name, one in used.items()} == PEAKS
    assert {used[method]["epochs"] for method in ONE_PASS} == {2}
    seconds = used["noise-then-spikes"]["training_seconds"]
    assert used["bptt"]["epochs"] == max(1, math.ceil(seconds / SECONDS["bptt"]))
    race = read_race(tmp_path)
    assert set(by_method(race, TERMS[0])) == set(ONE_PASS)
    assert set(by_method(race, TERMS[1])) == {"bptt"}
    assert asked_in(race).timed_method == "noise-then-spikes"
    text = found.place.read_text(encoding="utf-8")
    for part in (
        "**90.00**",
        "the seconds of noise, then spikes, rounded up",
        "| at most 1.25 times the seconds of the ReLU network",
        "ahead of QCFS",
    ):
        assert part in text
    assert main(["race", str(tmp_path), "--keep", str(tmp_path / "kept.json")]) == 0
    assert main(["audit", str(tmp_path / "kept.json"), "--json"]) == 0


def test_epochs_are_what_fits_into_the_seconds(at_once, tmp_path):
    found = Comparison(tmp_path, replace(SMALL, epochs=None, seconds=31))
    for method, peak in PEAKS.items():
        found.try_rate(method, peak)
    plan = found.make_plan()
    assert plan == Plan(PEAKS, pytest.approx(SECONDS), dict.fromkeys(ONE_PASS, 20))  # 31 / 1.5
    done = {"method": "noise-then-spikes", "seed": 0, "training_seconds": 30.0, "failed": ""}
    rate = {"learning_rate": 8e-3, "epochs": 20}
    found.note(found.file("noise-then-spikes", 0), done | rate)
    assert found.planned("bptt").epochs["bptt"] == 8  # 30 / 4 rounded up
    assert found.plan.epochs["bptt"] == 8


@pytest.mark.slow
def test_it_goes_on_where_it_stopped_without_the_run_folders(at_once, tmp_path):
    said: list[str] = []
    Comparison(tmp_path, SMALL).train(0, said=said.append)
    rates = {file: file.read_text() for file in tmp_path.glob("rates/*.json")}
    assert len(rates) == 17
    again = Comparison(tmp_path, SMALL)
    again.train(1, said=said.append)
    first = {file: file.read_text() for file in tmp_path.glob("trainings/*.json")}
    assert len(first) == len(RACERS)
    shutil.rmtree(tmp_path / "runs")
    said.clear()
    again = Comparison(tmp_path, SMALL)
    again.train(2, said=said.append)
    assert [line for line in said if "seed 0" in line] == []
    assert [one["seed"] for one in again.trainings()] == [0] * 5 + [1] * 5
    assert {file: file.read_text() for file in rates | first} == rates | first
    assert "±" in again.text()
    assert "One seed" not in again.text()


def test_nothing_begins_that_would_not_end_in_time(at_once, tmp_path):
    said: list[str] = []
    found = Comparison(tmp_path, SMALL)
    found.train(1, minutes=1e-9, said=said.append)
    assert said[0].startswith("ann, 3 epochs, peak learning rate 0.008: left for later")
    assert list(tmp_path.iterdir()) == []  # a call that did nothing binds nobody
    for method, peak in PEAKS.items():
        found.try_rate(method, peak)
    found.make_plan()
    found.train(1, minutes=1.9 / 60, said=said.append)  # an epoch of ReLU takes 1 s, it has two
    assert "ann, seed 0: left for later, with all that follows: it needs about 2 s" in said[-1]
    assert said[-1].endswith("of 0.0316667 minutes have passed; give more minutes")


def test_a_failure_is_written_and_the_others_go_on(at_once, monkeypatch, tmp_path):
    def fails(config, folder):
        if config.method == "qcfs":
            raise torch.OutOfMemoryError("CUDA out of memory")
        return whole(config, folder)

    whole = cifar10.run
    monkeypatch.setattr(cifar10, "run", fails)
    found = Comparison(tmp_path, SMALL)
    found.train(1)
    done = {one["method"]: one["failed"] for one in found.trainings()}
    assert done.keys() == set(RACERS)
    assert done.pop("qcfs") == "too little memory (CUDA out of memory)"
    assert set(done.values()) == {""}
    text = re.sub(" +", " ", found.text())
    assert "| QCFS, converted | 0 | 0.008 | 2 | failed | |" in text
    assert "Failed: qcfs, seed 0: too little memory (CUDA out of memory)." in text
    assert "To try them again delete their files in trainings/." in text
    assert "No comparison yet: with seed 0 qcfs is missing." in text
    assert not (tmp_path / "race.json").exists()


@pytest.mark.slow
def test_a_method_that_no_rate_trains_is_left_out(at_once, monkeypatch, tmp_path):
    def some_fail(config):
        made = at_once(config)
        if config.method != "bptt":
            return made
        return replace(made, score=0.0, curves={}, seconds=None, failed="the loss became nan")

    monkeypatch.setattr(cifar10, "short_training", some_fail)
    found = Comparison(tmp_path, SMALL)
    found.train(1)
    assert [one["method"] for one in found.trainings()] == list(ONE_PASS)
    text = re.sub(" +", " ", found.text())
    assert "Failed: bptt 0.0005, bptt 0.001, bptt 0.002, bptt 0.004, bptt 0.008" in text
    assert text.count("the loss became nan.") == 1
    assert "| BPTT | failed | failed |" in text
    assert found.race() is None


@pytest.mark.parametrize("content", ["", "{", "{}", "[]", '{"score": 1}'])
@pytest.mark.parametrize("name", ["rates/ann-0.004.json", "plan.json", "trainings/qcfs-s0.json"])
def test_a_damaged_file_is_named(name, content, finished, tmp_path):
    shutil.copytree(finished, tmp_path / "here")
    file = tmp_path / "here" / name
    file.write_text(content)
    with pytest.raises(RunError, match=f"{re.escape(str(file))} is damaged: delete it"):
        Comparison(tmp_path / "here", SMALL).train(2)


def test_other_files_beside_them_do_not_count(finished, tmp_path):
    shutil.copytree(finished, tmp_path / "here")
    for name in ("rates/._ann-0.004.json", "trainings/notes.json", "trainings/._ann-s0.json"):
        (tmp_path / "here" / name).write_text("{")
    text = Comparison(tmp_path / "here", SMALL).text()
    assert text.split("\n")[3:] == Comparison(finished, SMALL).text().split("\n")[3:]


def test_trainings_of_another_plan_are_refused(finished, tmp_path):
    shutil.copytree(finished, tmp_path / "here")
    found = Comparison(tmp_path / "here", SMALL)
    plan = found.plan
    plan.epochs["ann"] = 5
    found.note(tmp_path / "here" / "plan.json", asdict(plan))
    with pytest.raises(
        RunError, match=r"ann-s0.json is not what its name and the plan say .epochs was 2, now 5"
    ):
        found.text()


@pytest.mark.parametrize("lost", [["plan.json"], ["plan.json", "rates"]], ids=str)
def test_a_lost_plan_is_that_of_the_trainings(lost, finished, tmp_path, at_once):
    shutil.copytree(finished, tmp_path / "here")
    found = Comparison(tmp_path / "here", SMALL)
    before = found.plan
    (tmp_path / "here" / "plan.json").unlink()
    if "rates" in lost:
        shutil.rmtree(tmp_path / "here" / "rates")
    said: list[str] = []
    found.train(1, said=said.append)
    assert said == []  # nothing was missing
    assert found.plan.epochs == before.epochs
    assert found.plan.learning_rates == before.learning_rates


def test_lost_rates_are_not_missed_once_there_is_a_plan(finished, tmp_path, at_once):
    shutil.copytree(finished, tmp_path / "here")
    found = Comparison(tmp_path / "here", SMALL)
    before = found.plan
    for name in ("rates", "trainings"):
        shutil.rmtree(tmp_path / "here" / name)
    plan = replace(before, epochs=dict.fromkeys(ONE_PASS, 2))
    found.note(tmp_path / "here" / "plan.json", asdict(plan))
    done = {"method": "noise-then-spikes", "seed": 0, "training_seconds": 30.0, "failed": ""}
    found.note(found.file("noise-then-spikes", 0), done | {"learning_rate": 8e-3, "epochs": 2})
    assert found.planned("bptt").epochs["bptt"] == 8  # 30 / 4 rounded up


def test_a_file_under_another_name_is_refused(finished, tmp_path):
    shutil.copytree(finished, tmp_path / "here")
    found = Comparison(tmp_path / "here", SMALL)
    shutil.copy(found.file("ann", 0), found.file("ann", 1))
    with pytest.raises(RunError, match=r"ann-s1.json is not what .*seed was 0, now 1"):
        found.text()
    found.file("ann", 1).unlink()
    shutil.copy(found.rate_file("ann", 4e-3), found.rate_file("ann", 2e-3))
    with pytest.raises(RunError, match=r"ann-0.002.json is not what .*learning_rate was 0.004"):
        found.text()


def test_if_nothing_can_be_trained_the_reason_is_said(at_once, monkeypatch, tmp_path):
    def all_fail(config):
        made = at_once(config)
        return replace(made, score=0.0, curves={}, seconds=None, failed="the loss became nan")

    monkeypatch.setattr(cifar10, "short_training", all_fail)
    with pytest.raises(RunError, match=r"no learning rate could train.*became nan; to try again"):
        Comparison(tmp_path, SMALL).train(1)


@pytest.mark.parametrize("content", ["{}", "", "[]"])
def test_a_damaged_description_is_refused(content, finished, tmp_path):
    shutil.copytree(finished, tmp_path / "here")
    (tmp_path / "here" / "asked.json").write_text(content)
    with pytest.raises(RunError, match=f"{re.escape(str(tmp_path / 'here'))}.*choose another"):
        Comparison(tmp_path / "here", SMALL)


def test_trainings_without_what_they_compare_are_refused(finished, tmp_path):
    shutil.copytree(finished, tmp_path / "here")
    (tmp_path / "here" / "asked.json").unlink()
    with pytest.raises(RunError, match="holds trainings but no asked"):
        Comparison(tmp_path / "here", SMALL)


def test_another_comparison_has_another_folder(finished):
    other = replace(SMALL, config=replace(SMALL.config, model=Architecture("mlp", width=8)))
    with pytest.raises(
        RunError, match=r"width was 16, now 8\): choose another folder with --folder"
    ):
        Comparison(finished, other)


def test_a_setting_that_was_added_since_does_not_count(finished, tmp_path):
    file = tmp_path / "asked.json"
    shutil.copy(finished / "asked.json", file)
    asked = json.loads(file.read_text())
    del asked["config"]["training"]["noise_floor"]
    file.write_text(json.dumps(asked))
    Comparison(tmp_path, SMALL)


def test_another_gpu_has_another_folder(finished, monkeypatch):
    here = environment("cpu")
    other = here | {"hardware": here["hardware"] | {"gpu": "another"}}
    monkeypatch.setattr(cifar10, "environment", lambda device: other)
    with pytest.raises(RunError, match=r"machine was .*, now 'another'"):
        Comparison(finished, SMALL)


def test_different_code_is_said(finished, tmp_path):
    shutil.copytree(finished, tmp_path / "here")
    found = Comparison(tmp_path / "here", SMALL)
    assert "NOT all with the same code" not in found.text()
    file = found.rate_file("qcfs", 4e-3)
    one = found.noted(file)
    found.note(file, one | {"environment": one["environment"] | {"code": "0123456789ab"}})
    assert "NOT all with the same code: " in found.text()
    assert "code 0123456789ab" in found.text()


def made_up_race(finished, accuracies, seconds):
    """A race of one seed with these accuracies: (ReLU, QCFS twice, ours), by T from 1 to 8."""
    race = read_race(finished)
    runs = {entry["method"]: entry for entry in race["entries"]}
    relu, first, second, ours = accuracies
    runs["ann"]["ann_accuracy"] = relu
    curves = [AccuracyCurve(first).to_json(), AccuracyCurve(second).to_json()]
    runs["qcfs"]["subset"]["conversions"] = dict(zip(("one", "two"), curves, strict=True))
    runs["noise-then-spikes"] |= AccuracyCurve(ours).entries()
    for method, taken in seconds.items():
        runs[method]["training_seconds"] = taken
    return goal_table(Record("made-up", race)).split("\n")[2:]


@pytest.mark.parametrize(
    ("ours", "seconds", "verdicts"),
    [
        # 94 and 94.5 are the least for a ReLU network of 95; QCFS has 90, 93, 94, ...
        ([91, 94, *[94.5] * 6], 125.0, ["yes", "yes", "yes", "yes"]),
        ([91, 93.9, *[94.5] * 6], 125.1, ["no", "yes", "yes", "no"]),
        ([91, 94, *[94.4] * 6], 90.0, ["yes", "no", "yes", "yes"]),
        ([91, 94, 94, *[94.5] * 5], 90.0, ["yes", "yes", "no", "yes"]),  # as good as QCFS
        ([91, 94, *[94.5] * 5, 94.5 - 2e-13], 90.0, ["yes", "yes", "yes", "yes"]),  # rounding
    ],
)
def test_goals_are_judged_by_what_was_measured(ours, seconds, verdicts, finished):
    # Each conversion of QCFS is the better one at some T.
    qcfs = [90, 80, 94, 80, 94, 80, 94, 80], [80, 93, 80, 94, 80, 94, 80, 94]
    rows = made_up_race(finished, (95, *qcfs, ours), {"ann": 100.0, "noise-then-spikes": seconds})
    assert [row.split("|")[-2].strip() for row in rows] == verdicts


def test_the_command_trains_in_place_of_the_parts(at_once, monkeypatch, tmp_path, capsys):
    cpu = lambda asked: torch.device("cpu")  # noqa: E731
    monkeypatch.setattr("snnlab.runs.assemble.pick_device", cpu)
    monkeypatch.setattr(cifar10, "cifar10_config", lambda *given: SMALL.config)
    options = ["--cifar10", "--epochs", "2", "--folder", str(tmp_path), "--minutes", "1e-9"]
    assert main(["bench-gpu", *options]) == 0
    said = capsys.readouterr()
    assert "peak learning rate 0.008: left for later, with all that follows" in said.err
    assert "# CIFAR-10, all training images: mlp" in said.out
    assert (tmp_path / "cifar10-resnet18" / "report.md").is_file()

"""`snnlab convert` answers: a certificate for spiking runs, a conversion for ANNs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from snnlab.measure.statistics import PairedImages
from snnlab.runs.store import Run

Ask = Callable[..., Any]
Runs = dict[str, Run]


def fingerprint(folder: Path) -> dict[str, str]:
    """A digest of every file in a folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_convert_answers_with_the_certificate(ask: Ask, finished: Runs) -> None:
    run = finished["noise"]
    before = fingerprint(run.folder.parent)
    said = ask("convert", run.id, "--timesteps", "6", "--device", "cpu", "--json")
    assert (said.status, said.err) == (0, "")
    certificate = said.json
    assert certificate["run"] == run.id
    assert certificate["weights_equal"] is True
    assert certificate["logits_equal_at_1"] is True
    assert certificate["timesteps"] == 6
    assert certificate["warm_up"] == 0
    assert certificate["images"] == 100
    by_T = {int(T): value for T, value in certificate["accuracy"].items()}
    assert list(by_T) == [1, 2, 3, 4, 5, 6]
    assert {T: by_T[T] for T in run.accuracy} == run.accuracy
    lost, gained = certificate["changed"]["6"]
    assert certificate["verdict"] == PairedImages(100, lost, gained).verdict
    assert certificate["lossless"] is (certificate["verdict"] == "kept")
    assert by_T[6] - by_T[1] == pytest.approx(gained - lost)
    assert 0 <= certificate["accuracy_with_noise_at_1"] <= 100
    assert fingerprint(run.folder.parent) == before


def test_convert_answers_in_text(ask: Ask, finished: Runs) -> None:
    with_noise = ask("convert", finished["noise"].id, "--timesteps", "2")
    assert (with_noise.status, with_noise.err) == (0, "")
    lines = with_noise.out.splitlines()
    assert lines[0] == f"conversion of {finished['noise'].id} to T = 2"
    assert [line.split("  ")[-1].strip() for line in lines[1:4]] == [
        "yes",
        "yes",
        "0, every step counts",
    ]
    assert lines[4].endswith(" %")
    changed = finished["noise"].accuracy.since_1(2)
    assert lines[5].endswith(f"  {changed.text()}")
    assert lines[-1].split()[2:] == [f"{finished['noise'].accuracy[T]:.2f}" for T in (1, 2)]
    without = ask("convert", finished["no-noise"].id, "--timesteps", "2")
    assert without.out.splitlines()[4].endswith("with noise   -")


def test_convert_puts_neurons_into_a_relu_network(ask: Ask, finished: Runs) -> None:
    run = finished["ann"]
    before = fingerprint(run.folder.parent)
    plain = (
        "--ann.no-half-threshold-start",
        "--ann.correct-bias-at",
        "0",
        "--ann.threshold",
        "max",
    )
    said = ask("convert", run.id, "--timesteps", "64", *plain, "--json").json
    assert run.result is not None
    assert said["ann_accuracy"] == run.result["ann_accuracy"]
    assert said["ann"]["rule"] == {"threshold": "max", "percentile": 99.9, "per_channel": True}
    assert said["warm_up"] == 0
    assert len(said["thresholds"][0]) == 32  # one per neuron of the first layer
    assert said["loss"] == said["ann_accuracy"] - said["accuracy"]["64"]
    assert said["accuracy"]["64"] > said["accuracy"]["1"]
    best = ask("convert", run.id, "--timesteps", "64", "--json").json
    assert best["ann"]["correct_bias_at"] == 4
    assert best["accuracy"]["2"] > said["accuracy"]["2"]
    assert fingerprint(run.folder.parent) == before


def test_convert_says_in_text_how_it_did_so(ask: Ask, finished: Runs) -> None:
    said = ask("convert", finished["ann"].id, "--timesteps", "2", "--ann.no-per-channel")
    lines = said.out.splitlines()
    assert lines[0] == f"conversion of {finished['ann'].id} to spiking neurons, T = 2"
    ends = [line.split("  ")[-1].strip() for line in lines[1:5]]
    wanted = ["99.9th percentile of each layer", "v_th / 2", "at T = 4", "0, every step counts"]
    assert ends == wanted
    assert f"{finished['ann'].result['ann_accuracy']:.2f} %" in lines[5]

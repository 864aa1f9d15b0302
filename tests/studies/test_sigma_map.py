"""The map of sigma and T: its networks, their order, the best of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from snnlab.neuron.spec import MATCHED_SIGMA, Noise
from snnlab.runs.config import ConfigError, RunConfig
from snnlab.runs.store import Run
from snnlab.studies.noise_sweep import SIGMAS
from snnlab.studies.sigma_map import (
    as_sweep,
    best_sigmas,
    coarse_to_fine,
    networks,
    quiet_twin,
    validation,
)
from snnlab.studies.sweep_table import sweep_csv

CONFIG = RunConfig(timesteps=2, noise=Noise(mu=0.4))


def ended(right: float | None, accuracy: float = 90.0) -> Run:
    metrics = [{"epoch": 1, "validation_accuracy": 0.0}, {"validation_accuracy": right}]
    result = {"accuracy": {"1": accuracy}, "test_images": 60, "training_seconds": 1.0}
    return Run(Path("run"), "finished", CONFIG, {}, metrics, result)


def test_only_sigma_differs_between_networks_with_noise() -> None:
    rows = networks(replace(CONFIG, method="bptt"))
    assert list(rows) == sorted([0.0, *SIGMAS])
    for sigma in SIGMAS:
        assert rows[sigma] == replace(CONFIG, noise=replace(CONFIG.noise, sigma=sigma))


def test_without_noise_all_else_is_equal() -> None:
    quiet = quiet_twin(CONFIG)
    assert quiet.acting_noise is None
    assert quiet.acting_neuron == CONFIG.acting_neuron  # from the mean of the noise
    assert quiet.acting_neuron.v_init == 0.4
    assert (quiet.training, quiet.data, quiet.seed) == (CONFIG.training, CONFIG.data, CONFIG.seed)


def test_a_sigma_that_follows_from_a_table_cannot_be_swept() -> None:
    measured = Noise("empirical", quantiles=(0.0, 0.4, 1.0))
    with pytest.raises(ConfigError):
        networks(replace(CONFIG, noise=measured))


def test_the_order_shows_the_range_early() -> None:
    order = coarse_to_fine(networks(CONFIG))
    assert order == [MATCHED_SIGMA, 0.0, 1.0, 0.1, 0.5, 0.05, 0.2, 0.4, 0.7]
    assert coarse_to_fine([0.3, 0.1]) == [0.1, 0.3]
    assert coarse_to_fine([0.7]) == [0.7]


def test_the_best_have_most_validation_images_right_at_the_end() -> None:
    runs = {0.0: ended(97.0, 99.0), 0.1: ended(98.0, 80.0), 0.2: ended(98.0), 0.4: ended(None)}
    assert best_sigmas(runs) == [0.1, 0.2]  # whatever the test images say
    assert best_sigmas({0.4: ended(None)}) == []
    assert best_sigmas({}) == []
    assert validation(replace(ended(1.0), metrics=[])) is None


def test_a_map_is_a_table_of_a_sweep() -> None:
    runs = {MATCHED_SIGMA: ended(98.0, 95.0), 0.0: ended(97.0, 94.0)}
    lines = sweep_csv(as_sweep(CONFIG, runs)).splitlines()
    assert lines[0].startswith("noise.sigma,timesteps,seeds,accuracy")
    assert [line.split(",")[0] for line in lines[1:]] == ["0.0", str(MATCHED_SIGMA)]

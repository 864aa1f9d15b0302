"""A training that takes a blink, one finished run of it, and copies of that to spoil."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from snnlab.data.spec import DataSpec
from snnlab.learning.spec import Training
from snnlab.network.spec import Architecture
from snnlab.runs.config import RunConfig
from snnlab.runs.run import run
from snnlab.runs.store import Run, load_run

TINY = RunConfig(
    device="cpu",
    timesteps=4,
    conversion_timesteps=4,
    data=DataSpec("digits", train_size=100, test_size=50),
    model=Architecture("mlp", width=16),
    training=Training(epochs=2, batch_size=25),
)
"""Four steps per epoch."""


@pytest.fixture(scope="session")
def tiny() -> RunConfig:
    """The configuration of a small network that is trained for two epochs."""
    return TINY


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A finished run of `tiny`; it belongs to all tests, so leave it as it is."""
    return run(TINY, tmp_path_factory.mktemp("finished") / "runs")


@pytest.fixture
def mine(finished: Run, tmp_path: Path) -> Run:
    """A copy of the finished run, alone in its folder of runs, to spoil at will."""
    shutil.copytree(finished.folder, tmp_path / "runs" / finished.id)
    return load_run(finished.id, tmp_path / "runs")


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty folder, away from the user's runs, data and cache."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SNNLAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("SNNLAB_DATA", str(tmp_path / "sets"))

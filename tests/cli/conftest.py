"""Finished runs to ask questions about, and a way to ask them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from snnlab.cli.main import main
from snnlab.data.spec import DataSpec
from snnlab.learning.spec import Training
from snnlab.network.spec import Architecture
from snnlab.runs.config import RunConfig
from snnlab.runs.run import run
from snnlab.runs.store import Run, load_run

ROOT = Path(__file__).parents[2]
TINY = RunConfig(
    device="cpu",
    timesteps=4,
    conversion_timesteps=4,
    data=DataSpec("digits", train_size=200, test_size=100),
    model=Architecture("mlp", width=32),
    training=Training(epochs=2, batch_size=25),
)
OPTIONS = [
    *("train", "--method", "noise", "--device", "cpu"),
    *("--timesteps", "4", "--conversion-timesteps", "4"),
    *("--data.train-size", "200", "--data.test-size", "100"),
    *("--model.name", "mlp", "--model.width", "32"),
    *("--training.epochs", "2", "--training.batch-size", "25"),
]
"""The command line of `TINY`."""


class Answer(NamedTuple):
    """What a command did."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one JSON object on stdout."""
        value = json.loads(self.out)
        assert isinstance(value, dict)
        assert self.out.endswith("}\n")
        assert self.out.count("\n") == 1
        return value


@pytest.fixture(scope="session")
def tiny() -> RunConfig:
    """The configuration of a small network that is trained for two epochs."""
    return TINY


@pytest.fixture(scope="session")
def options() -> list[str]:
    """The arguments that train `tiny`."""
    return OPTIONS


@pytest.fixture
def ask(capfd: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    """Carry out a command line in this process."""

    def call(*args: str | Path) -> Answer:
        capfd.readouterr()
        status = main([str(arg) for arg in args])
        return Answer(status, *capfd.readouterr())

    return call


@pytest.fixture
def program() -> Callable[..., subprocess.Popen[str]]:
    """Start `snnlab` as a program of its own, as a shell would."""
    script = "import sys; from snnlab.cli.main import main; sys.exit(main())"
    environ = {key: value for key, value in os.environ.items() if key != "PYTHONUNBUFFERED"}
    environ["PYTHONPATH"] = str(ROOT)

    def start(*args: str | Path, **options: Any) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", script, *map(str, args)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
        return subprocess.Popen(command, text=True, env=environ, **pipes)

    return start


@pytest.fixture(scope="session")
def all_finished(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """A finished run of some methods; they belong to all tests, so leave them as they are."""
    root = tmp_path_factory.mktemp("finished") / "runs"
    return {name: run(replace(TINY, method=name), root) for name in ("noise", "no-noise", "ann")}


@pytest.fixture
def finished(all_finished: dict[str, Run], own_folders: Path) -> dict[str, Run]:
    """Copies of the finished runs, in the folder that commands use when they are told no other."""
    root = own_folders / "runs"
    shutil.copytree(all_finished["noise"].folder.parent, root)
    return {name: load_run(done.id, root) for name, done in all_finished.items()}


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder, away from the user's runs, data and cache."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SNNLAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("SNNLAB_DATA", str(tmp_path / "sets"))
    monkeypatch.setenv("COLUMNS", "80")
    return tmp_path

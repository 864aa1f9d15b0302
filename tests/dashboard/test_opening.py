"""What the server does before the first visitor comes."""

from __future__ import annotations

import asyncio
import gc
import os
import runpy
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import streamlit

from snnlab.dashboard import joining, opening
from snnlab.jobs import engine as engines
from snnlab.jobs.fair_queue import QueueFull
from snnlab.runs.config import RunConfig
from tests.dashboard.fake_engine import FakeEngine

ROOT = Path(__file__).resolve().parents[2]


def test_streamlit_run_finds_the_server_in_app_py() -> None:
    assert isinstance(runpy.run_path(str(ROOT / "app.py"), run_name="app")["app"], streamlit.App)


@pytest.mark.slow
def test_the_engine_starts_and_ends_with_the_server(runs: Path, engine: FakeEngine) -> None:
    engine.submit([RunConfig()], user="ada")

    async def live() -> None:
        async with opening.opened(streamlit.App(ROOT / "app.py")):
            assert engines._engines
            assert engine.jobs()

    asyncio.run(live())
    assert not engine.jobs()  # it was closed


def test_what_trains_loads_beside_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the first line of app.py on; not where a cluster trains."""
    warmed: list[str] = []
    monkeypatch.setattr(opening, "warm_up", lambda: warmed.append("up"))
    runpy.run_path(str(ROOT / "app.py"), run_name="app")
    assert warmed == ["up"]
    monkeypatch.setenv("SNNLAB_SCHEDULER", "node7")
    runpy.run_path(str(ROOT / "app.py"), run_name="app")
    assert warmed == ["up"]


@pytest.mark.slow
def test_an_address_that_makes_no_sense_ends_the_server_in_a_line() -> None:
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "app.py")]
    command += ["--server.headless", "true", "--server.address", "127.0.0.1"]
    environ = os.environ | {"SNNLAB_SCHEDULER": "127.0.0.1:abc"}
    ended = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=100)
    assert ended.returncode == 1
    assert ended.stderr.startswith("snnlab: SNNLAB_SCHEDULER must be the address of a Dask")
    assert ended.stderr.endswith("got '127.0.0.1:abc'\n")
    assert ended.stderr.count("\n") == 1


@pytest.mark.slow
def test_the_garbage_collector_passes_over_what_is_loaded(
    empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "load", lambda modules: None)
    monkeypatch.delitem(sys.modules, opening.SKIPPED_MODULE, raising=False)  # restored afterwards
    gc.unfreeze()
    opening.get_ready()
    assert gc.get_freeze_count() > 100_000
    assert sys.modules.pop(opening.SKIPPED_MODULE) is None  # an import says: not installed


def test_a_module_that_cannot_be_imported_keeps_nobody_from_the_next(
    caplog: pytest.LogCaptureFixture,
) -> None:
    opening.load(["snnlab.is_not_there", "colorsys"])
    assert "snnlab.is_not_there" in caplog.text
    assert "colorsys" in sys.modules


def test_the_engine_of_these_tests_refuses_too_many(engine: FakeEngine) -> None:
    for seed in range(3):
        engine.submit([RunConfig(seed=seed)], user="ada")
    with pytest.raises(QueueFull):
        engine.submit([RunConfig(seed=3)], user="ada")


def test_it_says_where_it_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    options = {"server.address": "127.0.0.1", "server.port": 8601, "server.baseUrlPath": ""}
    monkeypatch.setattr(joining.config, "get_option", options.get)
    assert joining.by_name() == "http://127.0.0.1:8601/"
    options["server.address"] = "0.0.0.0"
    assert joining.by_name() == f"http://{socket.gethostname()}:8601/"

"""What the server does before the first visitor comes."""

from __future__ import annotations

import asyncio
import gc
import runpy
import socket
import sys
import time
from pathlib import Path

import pytest
import streamlit

from snnlab.dashboard import opening, service
from snnlab.experiment import engine as engines
from snnlab.experiment.config import RunConfig
from snnlab.experiment.job import QueueFull
from tests.dashboard.fake_engine import FakeEngine

ROOT = Path(__file__).resolve().parents[2]


def test_streamlit_run_finds_the_server_in_app_py() -> None:
    assert isinstance(runpy.run_path(str(ROOT / "app.py"), run_name="app")["app"], streamlit.App)


def test_processes_that_train_load_no_streamlit_with_it() -> None:
    assert "streamlit" not in runpy.run_path(str(ROOT / "app.py"), run_name="__mp_main__")


def test_the_engine_starts_and_ends_with_the_server(runs: Path, engine: FakeEngine) -> None:
    engine.submit(RunConfig(), user="ada")

    async def live() -> None:
        async with opening.opened(streamlit.App(ROOT / "app.py")):
            assert engines._engines
            assert engine.jobs()

    asyncio.run(live())
    assert not engines._engines
    assert not engine.jobs()  # it was closed


def test_an_engine_that_nobody_asked_for_does_not_start_when_the_server_has_ended(
    runs: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Path] = []
    monkeypatch.setattr(service, "shared_engine", started.append)
    monkeypatch.setattr(service, "CALM", 0.5)
    service.prepare.clear()

    async def live(seconds: float) -> None:
        async with opening.opened(streamlit.App(ROOT / "app.py")):
            await asyncio.sleep(seconds)

    asyncio.run(live(0))
    time.sleep(1)
    assert not started
    service.prepare.clear()
    asyncio.run(live(1.5))
    assert started == [runs.absolute()]


def test_the_garbage_collector_passes_over_what_is_loaded(
    empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "load", lambda modules: None)
    gc.unfreeze()
    opening.get_ready()
    assert gc.get_freeze_count() > 100_000


def test_a_module_that_cannot_be_imported_keeps_nobody_from_the_next(
    caplog: pytest.LogCaptureFixture,
) -> None:
    opening.load(["snnlab.is_not_there", "colorsys"])
    assert "snnlab.is_not_there" in caplog.text
    assert "colorsys" in sys.modules


def test_the_engine_of_these_tests_refuses_too_many(engine: FakeEngine) -> None:
    for seed in range(3):
        engine.submit(RunConfig(seed=seed), user="ada")
    with pytest.raises(QueueFull):
        engine.submit(RunConfig(seed=3), user="ada")


def test_what_is_left_out_is_there_again_afterwards() -> None:
    def found() -> bool:
        try:
            return bool(__import__("colorsys"))
        except ImportError:
            return False

    sys.modules.pop("colorsys", None)
    with opening.left_out("colorsys"):
        assert not found()
    assert found()
    with opening.left_out("colorsys"):  # whoever has it keeps it
        assert found()


def test_it_says_where_it_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    options = {"server.address": "127.0.0.1", "server.port": 8601, "server.baseUrlPath": ""}
    monkeypatch.setattr(opening.config, "get_option", options.get)
    assert opening.address() == "http://127.0.0.1:8601/"
    options["server.address"] = "0.0.0.0"
    assert opening.address() == f"http://{socket.gethostname()}:8601/"

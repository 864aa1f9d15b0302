"""Thirty visitors at once, each with a connection of its own, as browsers make them."""

from __future__ import annotations

import asyncio
import shutil
import statistics
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.dashboard.browser import served, server_process
from tests.dashboard.crowd import Found, crowd, opened, table

pytestmark = pytest.mark.slow
VISITORS, SECONDS, MOST_GROWTH = 30, 120, 200 * 2**20
MOST_BYTES = 4096
"""That go to the browser when the player has come to rest."""


def memory(process: psutil.Process) -> int:
    return int(process.memory_info().rss)


def visit(address: str, seconds: float, page: str = "") -> Found:
    """All visitors move the slider of the current without a pause, or play in the explorer."""
    found, until = Found(), time.perf_counter() + seconds
    visitors: dict[str, Any] = {"clients": VISITORS, "slider": "Current", "page": page}
    asyncio.run(crowd(address, until=until, found=found, **visitors))
    return found


def test_thirty_visitors_for_two_minutes(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "runs"
    shutil.copytree(trained, root)
    with served(root) as address:
        server = server_process(address)
        visit(address, 1)  # everything is loaded
        before = memory(server)
        found = visit(address, SECONDS)
        growth = memory(server) - before
    with capsys.disabled():
        print(f"\n{table(found, 'thirty visitors')}; {growth / 2**20:.0f} MiB more")  # noqa: T201
    assert len(found.redraws) >= 2 * VISITORS
    assert growth < MOST_GROWTH, f"the server grew by {growth / 2**20:.0f} MiB"


def test_thirty_visitors_in_the_explorer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with served(tmp_path / "runs") as address:  # with the examples
        server = server_process(address)
        visit(address, 20, "explorer")  # everything is loaded
        before = memory(server)
        found = visit(address, SECONDS / 2, "explorer")
        growth = memory(server) - before
    with capsys.disabled():
        print(f"\n{table(found, 'thirty in the explorer')}; {growth / 2**20:.0f} MiB more")  # noqa: T201
    assert len(found.images) >= VISITORS
    assert len(found.redraws) >= 2 * VISITORS
    assert statistics.median(step.size for step in found.redraws) < MOST_BYTES
    assert growth < MOST_GROWTH, f"the server grew by {growth / 2**20:.0f} MiB"


def test_a_move_redraws_the_lab_alone(trained: Path, tmp_path: Path) -> None:
    async def moved(address: str) -> None:
        page = await opened(address, "0" * 16, query="T=9")
        whole = await page.open()
        part = await page.move("Current", 0.75)
        assert "One neuron" in whole.texts
        assert "One neuron" not in part.texts
        assert "7 spikes in 9 timesteps: rate 0.78" in part.texts
        assert page.query == "T=9&current=0.75"  # the link follows
        assert part.size < whole.size
        await page.move("Noise σ (v_th)", 0.5)
        assert page.query == "T=9&current=0.75&sigma=0.5"
        page.connection.close()

    root = tmp_path / "runs"
    shutil.copytree(trained, root)
    with served(root) as address:
        asyncio.run(moved(address))

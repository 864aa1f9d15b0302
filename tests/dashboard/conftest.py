"""Finished runs that took a blink, an engine that trains nothing, pages without a browser."""

from __future__ import annotations

import io
import shutil
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from snnlab.dashboard import first_look, kept_archives
from snnlab.data.spec import DataSpec
from snnlab.jobs import engine as engines
from snnlab.jobs.pool import Outcome
from snnlab.learning.spec import Training
from snnlab.network.spec import Architecture
from snnlab.runs.config import RunConfig
from snnlab.runs.run import run
from tests.dashboard.browser import browsing, chromium, served
from tests.dashboard.fake_engine import FakeEngine

SMALL = RunConfig(
    timesteps=8,
    conversion_timesteps=8,
    device="cpu",
    data=DataSpec("digits", train_size=300, test_size=60),
    model=Architecture("mlp", width=8),
    training=Training(epochs=2, batch_size=64),
)
VISITOR = "0123456789abcdef"
PETS = {"cat": 8, "dog": 8}
"""Classes of an archive that can be trained on, and how many images each has."""


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two finished runs, with and without noise."""
    from dataclasses import replace

    root = tmp_path_factory.mktemp("trained")
    run(SMALL, root)
    run(replace(SMALL, method="no-noise"), root)
    return root


@pytest.fixture
def runs(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of these runs, which the dashboard shows."""
    root = tmp_path / "runs"
    shutil.copytree(trained, root)
    monkeypatch.setenv("SNNLAB_RUNS", str(root))
    return root


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder without runs."""
    monkeypatch.setenv("SNNLAB_RUNS", str(tmp_path / "none"))
    return tmp_path / "none"


@pytest.fixture(autouse=True)
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    """The engine of the dashboard."""
    root = Path("runs")
    for name in ("runs", "empty"):
        if name in request.fixturenames:
            root = request.getfixturevalue(name)
    fake = FakeEngine(root)
    monkeypatch.setattr(engines, "_engines", {root.absolute(): fake})
    return fake


def picture(size: tuple[int, int] = (8, 8), value: int = 100, kind: str = "png") -> bytes:
    """An image of one grey value; size (height, width)."""
    file = io.BytesIO()
    Image.new("L", size[::-1], value).save(file, kind)
    return file.getvalue()


def packed(
    classes: dict[str, int], kind: str = "zip", *, size: tuple[int, int] = (8, 8), **more: bytes
) -> bytes:
    """An archive with so many images of each class, and more members by name."""
    members = {
        f"{name}/{i}.png": picture(size, (10 * i + 40 * at) % 256)
        for at, (name, count) in enumerate(classes.items())
        for i in range(count)
    } | more
    return archive_of(members, kind)


def archive_of(members: dict[str, bytes], kind: str = "zip") -> bytes:
    """An archive of these members; kind "zip", or as `tarfile` names its modes, "w:gz"."""
    file = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(file, "w") as archive:
            for name, content in members.items():
                # of one date: equal bytes, whenever made
                archive.writestr(zipfile.ZipInfo(name), content)
        return file.getvalue()
    with tarfile.open(fileobj=file, mode=kind) as tar:  # type: ignore[call-overload]
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return file.getvalue()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A dashboard with the examples, for tests in a browser."""
    chromium()
    with served(tmp_path_factory.mktemp("served") / "runs") as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A browser without a screen."""
    with browsing() as started:
        yield started


Open = Callable[..., AppTest]


@pytest.fixture(autouse=True)
def nothing_shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Start asks the engine: examples are those that a test has brought."""
    monkeypatch.setattr("snnlab.dashboard.service.SHIPPED", tmp_path / "nothing")


@pytest.fixture
def open_page() -> Open:
    """Draw a page for a visitor: `open_page("train", sigma="0.1")` is the link ?sigma=0.1."""

    def opened(page: str, visitor: str = VISITOR, **link: str) -> AppTest:
        script = (
            "import importlib\n"
            "from snnlab.dashboard import address\n"
            f"address.enter({page!r})\n"
            f"importlib.import_module('snnlab.dashboard.{page}').draw()\n"
        )
        app = AppTest.from_string(script, default_timeout=30)
        app.session_state["snnlab_visitor"] = visitor
        for name, value in link.items():
            app.query_params[name] = value
        return app.run()

    return opened


@pytest.fixture
def look_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Archives of images are looked at without another process."""
    monkeypatch.setenv("SNNLAB_CACHE", str(tmp_path / "cache"))

    def here(archive: Path, notes: Path, samples: Path) -> Outcome:
        job = {"archive": archive, "notes": notes, "samples": samples}
        return first_look.look({name: str(path) for name, path in job.items()})

    monkeypatch.setattr(kept_archives, "looked_at", here)

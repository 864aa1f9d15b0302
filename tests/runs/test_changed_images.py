"""Images that change at the same path make another run; what reads an old one says so."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from snnlab.data.spec import DataSpec, DataWarning
from snnlab.learning.spec import Training
from snnlab.runs.config import RunConfig
from snnlab.runs.provenance import changed_images, described_data
from snnlab.runs.run import run
from snnlab.runs.store import run_id


@pytest.fixture(params=["folder", "archive"])
def pictures(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    monkeypatch.setenv("SNNLAB_CACHE", str(tmp_path / "cache"))
    path = tmp_path / ("pets" if request.param == "folder" else "pets.zip")
    write(path, 12)
    return path


def write(path: Path, count: int) -> None:
    folder = path.with_name("pets")
    for i in range(count):
        file = folder / ("cat", "dog")[i % 2] / f"{i:02}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((4, 4), 10 * i, dtype=np.uint8)).save(file)
    if path.suffix:
        with zipfile.ZipFile(path, "w") as packed:
            for file in sorted(folder.rglob("*.png")):
                packed.write(file, file.relative_to(folder).as_posix())


def test_changed_images_are_another_run_and_are_told(pictures: Path, tmp_path: Path):
    config = RunConfig(data=DataSpec(str(pictures)), training=Training(epochs=1), timesteps=2)
    first = run(config, tmp_path / "runs")
    assert run(config, tmp_path / "runs").environment == first.environment
    assert changed_images(config, first.environment) == ""
    write(pictures, 24)
    said = changed_images(config, first.environment)
    assert said == f"the images of {pictures} have changed since this run was trained on them"
    with pytest.warns(DataWarning, match="have changed since this run"):
        first.data()
    again = run(config, tmp_path / "runs")
    assert again.id != first.id
    assert again.result is not None
    assert again.result["test_images"] == 6
    assert changed_images(config, again.environment) == ""


def test_a_module_of_ones_own_that_changed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    config = RunConfig(data=DataSpec("drawn_by_me:pair"))
    (tmp_path / "drawn_by_me.py").write_text("SHADE = 1\n", encoding="utf-8")
    before = {"data": described_data(config)}
    assert changed_images(config, before) == ""
    (tmp_path / "drawn_by_me.py").write_text("SHADE = 2\n", encoding="utf-8")
    assert "images of drawn_by_me:pair have changed" in changed_images(config, before)


def test_what_cannot_be_read_has_no_digest(tmp_path: Path):
    gone = replace(RunConfig(), data=DataSpec(str(tmp_path / "gone.zip")))
    assert run_id(gone) == run_id(gone)
    assert changed_images(gone, {"data": {"images": "0" * 12}}) == ""
    assert changed_images(RunConfig(), {}) == ""

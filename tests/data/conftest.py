"""Fixtures for the data room: a cache of its own for each test, and small image folders."""

from __future__ import annotations

import tarfile
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep every test away from the user's folders."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("SNNLAB_CACHE", str(folder))
    monkeypatch.delenv("SNNLAB_DATA", raising=False)
    return folder


@pytest.fixture
def write_image() -> Callable[..., Path]:
    """A function that writes one image of a single value, or of the pixels given."""

    def write(path: Path, value: object = 100, size: tuple[int, int] = (6, 6)) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = value if isinstance(value, np.ndarray) else np.full(size, value, dtype=np.uint8)
        Image.fromarray(pixels).save(path)
        return path

    return write


@pytest.fixture
def write_folder(write_image: Callable[..., Path]) -> Callable[..., Path]:
    """A function that writes `count` images for each folder; image i has the value 10 i."""

    def write(root: Path, folders: Iterable[str] = ("cat", "dog"), count: int = 8) -> Path:
        for folder in folders:
            for i in range(count):
                write_image(root / folder / f"{i:02}.png", 10 * i)
        return root

    return write


@pytest.fixture
def pack() -> Callable[..., Path]:
    """A function that packs a folder into an archive, of the kind that its name says."""

    def pack(root: Path, archive: Path, prefix: str = "") -> Path:
        if archive.suffix == ".zip":
            with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
                for path in sorted(root.rglob("*")):
                    packed.write(path, prefix + path.relative_to(root).as_posix())
            return archive
        mode = {".gz": "w:gz", ".xz": "w:xz", ".bz2": "w:bz2"}.get(archive.suffix, "w")
        with tarfile.open(archive, mode) as tar:
            for path in sorted(root.rglob("*")):
                tar.add(path, prefix + path.relative_to(root).as_posix(), recursive=False)
        return archive

    return pack

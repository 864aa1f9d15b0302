"""The cache of decoded images: used, renewed, repaired, bounded, dispensable."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from snnlab.data import cache, folder, load_data

Write = Callable[..., Path]


@pytest.fixture
def decodings(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by the number of images each time that images are decoded."""
    counts: list[int] = []
    decode = folder.decode

    def counted(files, *more):
        counts.append(len(files))
        return decode(files, *more)

    monkeypatch.setattr(folder, "decode", counted)
    return counts


def entries(own_cache: Path) -> list[Path]:
    return sorted((own_cache / "decoded").glob("*"))


def test_the_second_load_decodes_nothing(
    tmp_path: Path, write_folder: Write, own_cache: Path, decodings: list[int]
):
    root = str(write_folder(tmp_path / "pets"))
    first, second = load_data(root), load_data(root)
    assert decodings == [16]
    assert len(entries(own_cache)) == 1
    assert second.classes == first.classes
    for split in ("train", "validation", "test"):
        assert torch.equal(getattr(second, split).pixels, getattr(first, split).pixels)
        assert torch.equal(getattr(second, split).labels, getattr(first, split).labels)


def test_a_change_of_file_or_size_decodes_anew(
    tmp_path: Path, write_folder: Write, write_image: Write, decodings: list[int]
):
    root = write_folder(tmp_path / "pets")
    load_data(str(root))
    write_image(root / "cat" / "new.png", 255)
    load_data(str(root))
    os.utime(root / "dog" / "00.png", (1, 1))
    load_data(str(root))
    load_data(str(root), image_size=4)
    assert decodings == [16, 17, 17, 17]


@pytest.mark.parametrize("keep", [0, 20, -1])
def test_a_damaged_entry_is_replaced(
    keep: int, tmp_path: Path, write_folder: Write, own_cache: Path, decodings: list[int]
):
    root = str(write_folder(tmp_path / "pets"))
    load_data(root)
    (entry,) = entries(own_cache)
    whole = entry.read_bytes()
    entry.write_bytes(whole[:keep])
    load_data(root)
    assert decodings == [16, 16]
    assert entry.read_bytes() == whole


def test_a_cache_that_cannot_be_written_is_done_without(
    tmp_path: Path, write_folder: Write, own_cache: Path
):
    own_cache.write_text("a file where the folder should be")
    assert len(load_data(str(write_folder(tmp_path / "pets"))).train) == 11


def test_the_entries_used_longest_ago_make_room(
    tmp_path: Path, write_folder: Write, own_cache: Path, monkeypatch: pytest.MonkeyPatch
):
    roots = [str(write_folder(tmp_path / name)) for name in ("one", "two", "three")]
    load_data(roots[0])
    (first,) = entries(own_cache)
    load_data(roots[1])
    (second,) = set(entries(own_cache)) - {first}
    os.utime(first, (1, 1))
    os.utime(second, (2, 2))
    load_data(roots[0])  # makes the second the one used longest ago
    monkeypatch.setattr(cache, "CACHE_LIMIT", int(2.5 * first.stat().st_size))
    load_data(roots[2])
    assert first in entries(own_cache)
    assert second not in entries(own_cache)
    assert len(entries(own_cache)) == 2

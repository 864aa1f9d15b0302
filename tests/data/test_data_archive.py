"""Archives of images: read whole, within limits, or refused."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch

from snnlab.data import load_data
from snnlab.data.archive import read_archive
from snnlab.data.limits import OWN, UPLOADED
from snnlab.data.passed_over import PassedOver
from snnlab.data.spec import DataError, DataWarning

Write = Callable[..., Path]
LIMITS = [
    ({"images": 15}, "more than 15 images; give a smaller archive"),
    ({"images": 5}, "more than 15 files in it|more than 5 images"),
    ({"unpacked": 1000}, "more than 0.977 KB unpacked|KB unpacked; unpack it and give the folder"),
    ({"decoded": 500}, "16 images of 1 x 6 x 6 take more than"),
    ({"pixels": 35}, "image 'cat/00.png' has 6 x 6 pixels, more than"),
]


def pack_member(path: Path, member: tarfile.TarInfo, content: bytes = b"") -> Path:
    """A tar archive with a single member."""
    member.size = member.size or len(content)
    with tarfile.open(path, "w") as tar:
        tar.addfile(member, io.BytesIO(content) if content else None)
    return path


@pytest.mark.sample(3)
@pytest.mark.parametrize("ending", ["zip", "tar", "tar.gz", "tar.xz", "tar.bz2"])
@pytest.mark.parametrize("prefix", ["", "./", "pets/"])
def test_an_archive_gives_what_the_folder_gives(
    ending: str, prefix: str, tmp_path: Path, write_folder: Write, pack: Write
):
    root = write_folder(tmp_path / "pets")
    (root / "notes.txt").write_text("no image")
    write_folder(root / "__MACOSX", ("cat",))
    with pytest.warns(DataWarning, match=r"'notes.txt'.*'__MACOSX'"):
        folder = load_data(str(root))
    with pytest.warns(DataWarning, match=r"notes.txt'.*__MACOSX'"):
        packed = load_data(str(pack(root, tmp_path / f"p.{ending}", prefix)))
    assert packed.classes == folder.classes == ("cat", "dog")
    for split in ("train", "validation", "test"):
        ours, theirs = getattr(packed, split), getattr(folder, split)
        assert torch.equal(ours.pixels, theirs.pixels)
        assert torch.equal(ours.labels, theirs.labels)


@pytest.mark.parametrize("name", ["../cat/1.png", "/cat/1.png", "cat/../../1.png", "..\\1.png"])
def test_members_that_point_out_of_the_archive_are_refused(name: str, tmp_path: Path):
    path = pack_member(tmp_path / "bad.tar", tarfile.TarInfo(name), b"x")
    with pytest.raises(DataError, match="points out of the archive"):
        load_data(str(path))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_in_an_archive_are_refused(kind: bytes, tmp_path: Path):
    member = tarfile.TarInfo("cat/1.png")
    member.type, member.linkname = kind, "/etc/passwd"
    with pytest.raises(DataError, match=r"'cat/1.png' is a link or a device"):
        load_data(str(pack_member(tmp_path / "bad.tar", member)))


def test_limits_of_an_archive(tmp_path: Path, write_folder: Write, pack: Write):
    root = write_folder(tmp_path / "pets")
    for path in (pack(root, tmp_path / f"pets.{ending}") for ending in ("tar.xz", "zip")):
        for limits, message in LIMITS:
            with pytest.raises(DataError, match=message):
                load_data(str(path), limits=replace(OWN, **limits))
    with pytest.raises(DataError, match="more than 15 images; give a smaller folder"):
        load_data(str(root), limits=replace(OWN, images=15))


def test_a_member_of_absurd_size_is_refused_unread(tmp_path: Path):
    member = tarfile.TarInfo("cat/1.png")
    member.size = 10**15
    path = tmp_path / "bad.tar"
    path.write_bytes(member.tobuf(tarfile.GNU_FORMAT) + bytes(10_240))
    with pytest.raises(DataError, match="more than 4 GB unpacked"):
        load_data(str(path))


@pytest.mark.parametrize("ending", ["zip", "tar", "tar.gz", "tar.xz", "tar.bz2"])
@pytest.mark.parametrize("fault", ["cut", "flipped"])
def test_a_damaged_archive_is_never_half_read(
    ending: str, fault: str, tmp_path: Path, write_folder: Write, pack: Write
):
    path = pack(write_folder(tmp_path / "pets"), tmp_path / f"pets.{ending}")
    content = bytearray(path.read_bytes())
    if fault == "cut":
        content = content[: len(content) // 3]
    else:
        content[(len(content) // 1024) * 512 + 150 if ending == "tar" else len(content) // 2] ^= (
            0xFF
        )
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"not a whole (zip|tar) archive|cannot be read"):
        load_data(str(path))


def test_a_tar_archive_cut_between_members_is_not_whole(tmp_path: Path):
    whole, cut = tmp_path / "whole.tar", tmp_path / "cut.tar"
    with tarfile.open(whole, "w") as tar:
        for i in range(6):
            member = tarfile.TarInfo(f"{'cat' if i % 2 else 'dog'}/{i}.png")
            member.size = 100 * i + 512 * (i == 2)
            tar.addfile(member, io.BytesIO(bytes(member.size)))
        end = tar.offset
    content = whole.read_bytes()
    for length in range(512, end + 1, 512):
        cut.write_bytes(content[:length])
        with pytest.raises(DataError, match="not a whole tar archive"):
            read_archive(cut, PassedOver())
    for length in range(end + 512, len(content) + 1, 512):
        cut.write_bytes(content[:length])
        assert len(read_archive(cut, PassedOver())[0]) == 6


def test_an_empty_file_is_called_empty(tmp_path: Path):
    for name in ("none.zip", "none.tar"):
        (tmp_path / name).touch()
        with pytest.raises(DataError, match=r"the file is empty \(0 bytes\)"):
            load_data(str(tmp_path / name))


def test_other_files_are_no_archive(tmp_path: Path):
    path = tmp_path / "notes.txt"
    path.write_text("no archive" * 100)
    with pytest.raises(
        DataError,
        match=r"notes.txt: neither a folder nor .*; valid: .zip",
    ):
        load_data(str(path))


@pytest.mark.slow
def test_real_cifar_archive(shared_data: Path):
    path = shared_data / "cifar10-images.tar.xz"
    if not path.is_file():
        pytest.skip("no CIFAR-10 archive in the shared data")
    options = {"train_size": 20_000, "test_size": 2000, "flip": True}
    data = load_data(str(path), **options)
    assert data.classes[:2] == ("airplane", "automobile")
    assert (len(data.train), len(data.validation), len(data.test)) == (20_000, 5000, 2000)
    assert torch.bincount(data.train.labels).tolist() == [2000] * 10
    assert data.train.mean.tolist() == pytest.approx([0.491, 0.482, 0.447], abs=3e-3)
    assert data.train.flip
    again = load_data(str(path), **options)  # from the cache
    assert torch.equal(again.train.pixels, data.train.pixels)


def test_no_limit_for_uploads_is_above_that_for_own_files():
    ours = {name: value for name, value in asdict(OWN).items() if name != "way_out"}
    assert all(asdict(UPLOADED)[name] <= value for name, value in ours.items())

"""Zip archives: what the programs of three systems write, and what must not be believed."""

from __future__ import annotations

import contextlib
import io
import random
import stat
import struct
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from snnlab.data import load_data
from snnlab.data.archive import read_archive
from snnlab.data.limits import OWN
from snnlab.data.passed_over import PassedOver
from snnlab.data.spec import ARCHIVE_ENDINGS, DataError, DataSpec, DataWarning

Write = Callable[..., Path]


def picture(value: int = 100) -> bytes:
    """A PNG of 6 x 6 pixels."""
    file = io.BytesIO()
    Image.fromarray(np.full((6, 6), value, dtype=np.uint8)).save(file, "png")
    return file.getvalue()


def pets(count: int = 8) -> dict[str, bytes]:
    """Cats and dogs, by name."""
    return {f"{kind}/{i}.png": picture(10 * i) for kind in ("cat", "dog") for i in range(count)}


def pack(path: Path, members: Mapping[str, bytes], **more: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in {**members, **more}.items():
            entry = zipfile.ZipInfo(name)
            entry.filename, entry.compress_type = name, zipfile.ZIP_DEFLATED  # backslashes stay
            packed.writestr(entry, content)
    return path


def classes(path: Path) -> tuple[str, ...]:
    return load_data(str(path)).classes


def with_flag(path: Path, flag: int) -> Path:
    """Every entry gets a flag, in its own header and in the list at the end."""
    content = bytearray(path.read_bytes())
    for mark, place in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        at = content.find(mark)
        while at >= 0:
            (flags,) = struct.unpack_from("<H", content, at + place)
            struct.pack_into("<H", content, at + place, flags | flag)
            at = content.find(mark, at + 4)
    path.write_bytes(content)
    return path


def test_folders_hidden_files_and_inner_archives_are_passed_over(tmp_path: Path):
    inner = pack(tmp_path / "inner.zip", {"fish/1.png": picture()}).read_bytes()
    more = {"pets/": b"", "pets/cat/": b"", "__MACOSX/pets/cat/._1.png": b"no image"}
    more |= {"pets/.DS_Store": b"x", "pets/inner.zip": inner, "pets/notes.txt": b"x"}
    images = {f"pets/{name}": content for name, content in pets().items()}
    with pytest.warns(DataWarning) as told:
        assert classes(pack(tmp_path / "p.zip", images | more)) == ("cat", "dog")
    assert str(told[0].message) == (
        f"{tmp_path / 'p.zip'}: passed over 1 file that is no image by its name: "
        "'pets/notes.txt'; 2 hidden files or folders, or ones that a system adds: '__MACOSX', "
        "'pets/.DS_Store'; 1 archive inside (unpack it): 'pets/inner.zip'"
    )


def test_an_empty_class_folder_in_a_zip_is_named(tmp_path: Path):
    with pytest.raises(DataError, match="class folder 'fish' holds no image"):
        classes(pack(tmp_path / "p.zip", pets() | {"fish/": b""}))


def test_the_separators_of_windows_are_read(tmp_path: Path):
    members = {name.replace("/", "\\"): content for name, content in pets().items()}
    assert classes(pack(tmp_path / "p.zip", members)) == ("cat", "dog")


@pytest.mark.parametrize("encoding", ["utf-8", "cp437"])
def test_names_without_the_mark_of_utf_8_are_read(encoding: str, tmp_path: Path):
    stand_in = b"k\xc3\xa4fer" if encoding == "utf-8" else "käfer".encode("cp437")
    plain = "k" + "x" * (len(stand_in) - 4) + "fer"
    path = pack(tmp_path / "p.zip", {n.replace("cat", plain): c for n, c in pets().items()})
    path.write_bytes(path.read_bytes().replace(plain.encode() + b"/", stand_in + b"/"))
    assert classes(path) == ("dog", "käfer")


def test_of_two_members_of_one_name_the_later_counts(tmp_path: Path):
    path = pack(tmp_path / "p.zip", pets())
    with zipfile.ZipFile(path, "a") as packed, pytest.warns(UserWarning, match="Duplicate"):
        packed.writestr("cat/0.png", picture(250))
    passed = PassedOver()
    images, _ = read_archive(path, passed)
    assert images["cat/0.png"] == picture(250)
    assert len(images) == 16
    assert passed.names == {"twice": {"cat/0.png"}}


@pytest.mark.parametrize(
    "name", ["../cat/1.png", "/cat/1.png", "cat/../../1.png", "C:\\cat\\1.png"]
)
def test_members_that_point_out_of_a_zip_are_refused(name: str, tmp_path: Path):
    with pytest.raises(DataError, match="points out of the archive"):
        classes(pack(tmp_path / "p.zip", pets() | {name: picture()}))


def test_a_link_in_a_zip_is_refused(tmp_path: Path):
    path = tmp_path / "p.zip"
    with zipfile.ZipFile(path, "w") as packed:
        entry = zipfile.ZipInfo("cat/1.png")
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        packed.writestr(entry, "/etc/passwd")
    with pytest.raises(DataError, match=r"'cat/1.png' is a link or a device"):
        classes(path)


def test_locked_images_are_said_to_be(tmp_path: Path):
    with pytest.raises(DataError, match=r"p.zip: member 'cat/0.png' is locked with a password"):
        classes(with_flag(pack(tmp_path / "p.zip", pets()), 0x1))


def test_an_unknown_compression_is_said_to_be(tmp_path: Path):
    path = pack(tmp_path / "p.zip", pets())
    content = path.read_bytes()
    for mark, place in ((b"PK\3\4", 8), (b"PK\1\2", 10)):
        parts = content.split(mark)
        at = place - 4
        changed = [part[:at] + struct.pack("<H", 97) + part[at + 2 :] for part in parts[1:]]
        content = mark.join([parts[0], *changed])
    path.write_bytes(content)
    with pytest.raises(DataError, match="compressed in a way that cannot be read here"):
        classes(path)


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path):
    bomb = pack(tmp_path / "p.zip", {"cat/1.png": bytes(50_000_000)})
    assert bomb.stat().st_size < 100_000
    with pytest.raises(DataError, match="more than 10 MB unpacked"):
        read_archive(bomb, PassedOver(), replace(OWN, unpacked=10 * 2**20))


@pytest.mark.parametrize("said", [5, 10**9])
def test_a_zip_that_lies_about_a_size_is_refused(said: int, tmp_path: Path):
    path = pack(tmp_path / "p.zip", {"cat/1.png": bytes(1000)})
    content = bytearray(path.read_bytes())
    for mark, place in ((b"PK\3\4", 22), (b"PK\1\2", 24)):
        struct.pack_into("<I", content, content.find(mark) + place, said)
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"member 'cat/1.png'"):
        read_archive(path, PassedOver())


def test_many_members_over_the_same_bytes_count_each_time(tmp_path: Path):
    path = pack(tmp_path / "p.zip", {"cat/1.png": bytes(10_000)})
    with zipfile.ZipFile(path, "a") as packed:
        first = packed.filelist[0]
        for i in range(2, 50):
            other = zipfile.ZipInfo(f"cat/{i}.png")
            for name in ("compress_type", "CRC", "compress_size", "file_size", "header_offset"):
                setattr(other, name, getattr(first, name))
            packed.filelist.append(other)
        packed._didModify = True  # type: ignore[attr-defined]
    with pytest.raises(DataError, match=r"unpacked|differ|verlap"):
        read_archive(path, PassedOver(), replace(OWN, unpacked=100_000))


@pytest.mark.parametrize("part", [0.3, 0.99])
def test_a_zip_that_was_cut_off_is_said_to_be(part: float, tmp_path: Path):
    path = pack(tmp_path / "p.zip", pets())
    path.write_bytes(path.read_bytes()[: int(part * path.stat().st_size)])
    with pytest.raises(DataError, match=r"p.zip: not a whole zip archive: its list of files"):
        classes(path)


def test_a_large_zip_of_64_bits_is_read(tmp_path: Path):
    path = tmp_path / "p.zip"
    with zipfile.ZipFile(path, "w") as packed:
        for name, content in pets().items():
            with packed.open(name, "w", force_zip64=True) as member:
                member.write(content)
    assert classes(path) == ("cat", "dog")


@pytest.mark.parametrize("ending", ["zip", "tar"])
def test_no_flipped_byte_gives_anything_but_a_sentence(
    ending: str, tmp_path: Path, write_folder: Write
):
    if ending == "zip":
        good = pack(tmp_path / "p.zip", pets(2)).read_bytes()
    else:
        import tarfile

        root = write_folder(tmp_path / "pets", count=2)
        with tarfile.open(tmp_path / "p.tar", "w") as packed:
            packed.add(root, "")
        good = (tmp_path / "p.tar").read_bytes()
    draw = random.Random(0)
    path, refused = tmp_path / f"bad.{ending}", 0
    for _ in range(400):
        content = bytearray(good)
        for _ in range(draw.choice((1, 1, 20))):
            content[draw.randrange(len(content))] = draw.randrange(256)
        path.write_bytes(content)
        with contextlib.suppress(DataError):  # and nothing else
            read_archive(path, PassedOver())
            refused -= 1
        refused += 1
    assert refused > 40


@pytest.mark.parametrize("ending", ARCHIVE_ENDINGS)
def test_every_ending_of_an_archive_is_taken_for_a_path(ending: str):
    assert DataSpec(f"pets{ending}").name == f"pets{ending}"
    assert DataSpec(f"pets{ending.upper()}")


def test_a_gigantic_image_is_refused_by_its_header(tmp_path: Path, write_folder: Write):
    root = write_folder(tmp_path / "pets")
    Image.new("1", (14_000, 14_000)).save(root / "cat" / "x.png")
    with pytest.raises(DataError, match=r"image 'cat/x.png' has more than 179 million pixels"):
        load_data(str(root), image_size=6)


def test_an_entry_that_hides_the_next_is_told(tmp_path: Path, write_folder: Write, pack: Write):
    path = pack(write_folder(tmp_path / "d"), tmp_path / "d.zip")
    content = bytearray(path.read_bytes())
    first = content.index(b"PK\x01\x02")
    second = content.index(b"PK\x01\x02", first + 4)
    content[first + 32 : first + 34] = struct.pack(
        "<H", content.index(b"PK\x01\x02", second + 4) - second
    )
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"its list holds 17 files, its end says 18"):
        load_data(str(path))

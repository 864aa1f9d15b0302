"""Links that lead nowhere or in circles, files that cannot be read, names of other systems."""

from __future__ import annotations

import os
import tarfile
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from snnlab.data import decode, listing, load_data
from snnlab.data.archive import readable
from snnlab.data.spec import DataError, DataWarning

Write = Callable[..., Path]


def refused(path: Path, message: str) -> None:
    with pytest.raises(DataError, match=message) as told:
        load_data(str(path))
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("name", ["cat/x.png", "fish", "cat/deeper/x.png", "notes.txt"])
def test_a_dangling_link_is_named(name: str, tmp_path: Path, write_folder: Write):
    root = write_folder(tmp_path / "pets")
    link = root / name
    link.parent.mkdir(exist_ok=True)
    link.symlink_to("gone/away")
    refused(root, rf"pets: link '{name}' leads nowhere to 'gone/away'; remove it, or bring back")


def test_hidden_links_matter_as_little_as_hidden_files(tmp_path: Path, write_folder: Write):
    root = write_folder(tmp_path / "pets")
    (root / ".#lock").symlink_to("user@host:123")  # as Emacs writes it
    with pytest.warns(DataWarning, match="1 hidden file .*'.#lock'"):
        load_data(str(root))


def test_links_in_a_circle_are_named(tmp_path: Path, write_folder: Write):
    root = write_folder(tmp_path / "pets")
    (root / "cat" / "a.png").symlink_to(root / "cat" / "b.png")
    (root / "cat" / "b.png").symlink_to(root / "cat" / "a.png")
    refused(root, "link 'cat/a.png' leads nowhere")


def test_a_second_name_of_a_folder_is_named(tmp_path: Path, write_folder: Write):
    root = write_folder(tmp_path / "pets")
    (root / "Aal").symlink_to(root / "dog")  # before it in the alphabet
    with pytest.warns(DataWarning, match="1 link that is not followed, .*: 'Aal'"):
        data = load_data(str(root))
    assert data.classes == ("cat", "dog")


def test_what_is_no_file_is_named(tmp_path: Path, write_folder: Write):
    root = write_folder(tmp_path / "pets")
    os.mkfifo(root / "cat" / "pipe.png")
    refused(root, "'cat/pipe.png' is a device or a pipe, no file; remove it")


def test_what_may_not_be_read_is_named(
    tmp_path: Path, write_folder: Write, monkeypatch: pytest.MonkeyPatch
):
    root = write_folder(tmp_path / "pets")
    denied = PermissionError(13, "Permission denied", str(root / "cat" / "03.png"))
    with monkeypatch.context() as patch:
        usual = decode.Image.open

        def open_image(source: object, **options: object) -> object:
            if str(source).endswith("cat/03.png"):
                raise denied
            return usual(source, **options)  # type: ignore[arg-type]

        patch.setattr(decode.Image, "open", open_image)
        refused(root, r"image 'cat/03.png' cannot be read: Permission denied; remove it, or")
    usual_scan = os.scandir

    def scan(path: Path) -> object:
        if path.name == "dog":
            raise denied
        return usual_scan(path)

    monkeypatch.setattr(listing.os, "scandir", scan)
    refused(root, "pets: folder 'dog' cannot be read: Permission denied$")


@pytest.mark.parametrize("how", ["folder", "zip", "tar"])
def test_one_class_in_two_forms_of_letters_is_one(
    how: str, tmp_path: Path, write_folder: Write, pack: Write
):
    composed, apart = (unicodedata.normalize(form, "Käfer") for form in ("NFC", "NFD"))
    folders = (f"train/{composed}", "train/dog", f"test/{apart}", "test/dog")
    root = write_folder(tmp_path / "p", folders)
    write_folder(root, [f"train/{apart}/more"], count=3)
    data = load_data(str(root if how == "folder" else pack(root, tmp_path / f"p.{how}")))
    assert data.classes == (composed, "dog")
    assert len(data.test) == 16
    assert len(data.train) + len(data.validation) == 19


@pytest.mark.parametrize("how", ["folder", "tar"])
@pytest.mark.parametrize("encoding", ["latin-1", "cp437", "utf-8"])
def test_names_that_are_no_utf_8_are_read_as_letters(
    encoding: str, how: str, tmp_path: Path, write_folder: Write
):
    root = write_folder(tmp_path / "p")
    name = os.fsdecode("Käfer".encode(encoding))
    (root / "cat").rename(root / name)
    path = root
    if how == "tar":
        path = tmp_path / "p.tar"
        with tarfile.open(path, "w") as packed:
            packed.add(root, "p")
    data = load_data(str(path))
    assert data.classes == ("Käfer", "dog")
    assert readable("Käfer") == "Käfer"
    assert readable("half \ud83d") == "half ?"


def test_an_archive_of_windows_that_was_unpacked_elsewhere_is_read(
    tmp_path: Path, write_image: Write
):
    for name in ("cat", "dog"):
        for i in range(8):
            write_image(tmp_path / "p" / f"pets\\{name}\\{i}.png", 10 * i)
    assert load_data(str(tmp_path / "p")).classes == ("cat", "dog")


def test_pictures_in_other_formats_are_named(tmp_path: Path, write_folder: Write, pack: Write):
    root = write_folder(tmp_path / "pets")
    for i in range(5):
        (root / "cat" / f"IMG_{i}.HEIC").write_bytes(b"\0\0\0\x18ftypheic")
    said = r"5 pictures in a format that is not read here \(save them as JPEG or PNG\): "
    for path in (root, pack(root, tmp_path / "pets.zip")):
        with pytest.warns(DataWarning, match=said + r"'cat/IMG_0.HEIC', .*, \.\.\.$"):
            load_data(str(path))
    (root / "fish").mkdir()
    (root / "cat" / "IMG_0.HEIC").rename(root / "fish" / "0.HEIC")
    refused(root, "class folder 'fish' holds no image that is read here, only 'fish/0.HEIC' or")


def test_a_folder_without_images_says_what_is_there(tmp_path: Path):
    (tmp_path / "p" / "cat").mkdir(parents=True)
    (tmp_path / "p" / "cat" / "1.heic").write_bytes(b"x")
    (tmp_path / "p" / "notes.txt").write_bytes(b"x")
    refused(tmp_path / "p", r"no images found; .*1 file that is no image .*'cat/1.heic'")


def test_files_of_no_image_that_come_later_are_named_although_the_images_come_from_the_cache(
    tmp_path: Path, write_folder: Write
):
    root = write_folder(tmp_path / "pets")
    assert load_data(str(root)).notes == ()
    (root / "labels.csv").write_text("x")
    with pytest.warns(DataWarning, match="labels.csv"):
        data = load_data(str(root))
    assert data.notes == ("1 file that is no image by its name: 'labels.csv'",)


def test_messages_keep_the_end_of_a_long_path(tmp_path: Path, write_folder: Write):
    root = write_folder(tmp_path / "d", ("a" * 120, "b" * 120))
    for name in ("first.png", "second.png"):
        bad = root / ("a" * 120) / name
        bad.write_bytes(b"none")
        with pytest.raises(DataError, match=rf"image \.\.\. 'a+/{name}' cannot be read"):
            load_data(str(root))
        bad.unlink()

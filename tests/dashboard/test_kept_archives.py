"""Archives that visitors bring: what is accepted trains, what is refused is said, a class has room.

The look at an archive is taken in this process here, but for one test.
"""

from __future__ import annotations

import errno
import io
import json
import os
import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from snnlab.dashboard import first_look, kept_archives
from snnlab.dashboard.first_look import ArchiveContents
from snnlab.dashboard.kept_archives import (
    KeptArchive,
    every,
    keep,
    kept_at,
    of_visitor,
    remove,
    stage,
)
from snnlab.dashboard.trouble import said_of
from snnlab.data.limits import UPLOADED
from snnlab.data.sources import load_data
from snnlab.data.spec import DataError
from snnlab.learning.spec import Training
from snnlab.network.spec import Architecture
from snnlab.runs.config import RunConfig, with_settings
from snnlab.runs.run import run
from tests.dashboard.conftest import PETS, archive_of, packed, picture

ANN, BEN = "a" * 16, "b" * 16
pytestmark = pytest.mark.usefixtures("look_here")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "runs" / kept_archives.FOLDER


def bring(content: bytes, folder: Path, visitor: str = ANN, name: str = "pets.zip") -> KeptArchive:
    return keep(stage(memoryview(content), folder), name, visitor, folder)


def seen(kept: KeptArchive) -> ArchiveContents:
    assert kept.look is not None
    return kept.look


def animated(kind: str) -> bytes:
    file = io.BytesIO()
    frames = [Image.new("L", (8, 8), value) for value in (0, 200)]
    frames[0].save(file, kind, save_all=True, append_images=frames[1:])
    return file.getvalue()


def gigantic() -> bytes:
    file = io.BytesIO()
    Image.new("1", (9000, 9000)).save(file, "png")
    return file.getvalue()


def noisy(size: int) -> bytes:
    """An image that no compression makes small."""
    file = io.BytesIO()
    Image.frombytes("L", (size, size), random.Random(0).randbytes(size * size)).save(file, "bmp")
    return file.getvalue()


GOOD: dict[str, Callable[[], bytes]] = {
    "zip": lambda: packed(PETS),
    "tar": lambda: packed(PETS, "w"),
    "tar.gz": lambda: packed(PETS, "w:gz"),
    "tar.xz": lambda: packed(PETS, "w:xz"),
    "few": lambda: packed({"cat": 3, "dog": 3}),
    "tiny images": lambda: packed(PETS, size=(2, 3)),
    "long images": lambda: packed(PETS, size=(9, 40)),
    "large images": lambda: packed({"cat": 4, "dog": 4}, size=(90, 70)),
    "mixed sizes": lambda: packed(PETS, **{"dog/x.png": picture((30, 50))}),
    "a line among them": lambda: packed(PETS, **{"dog/x.png": picture((1, 500))}),
    "colour": lambda: archive_of(
        {f"{name}/{i}.bmp": colourful(i) for name in ("cat", "dog") for i in range(6)}
    ),
    "splits": lambda: archive_of(
        {
            f"{split}/{name}/{i}.png": picture(value=10 * i)
            for split in ("train", "val", "test")
            for name in ("cat", "dog")
            for i in range(3)
        }
    ),
    "splits of a download": lambda: archive_of(
        {
            f"{split}/{split}/{name}/{i}.png": picture(value=10 * i)
            for split in ("seg_train", "seg_test")
            for name in ("sea", "street")
            for i in range(4)
        }
    ),
    "of Windows": lambda: archive_of(
        {f"p\\{name}\\{i}.png": picture(value=i) for name in PETS for i in range(8)}
    ),
    "twenty classes": lambda: packed({f"class {i}": 4 for i in range(20)}),
}
BAD: dict[str, tuple[Callable[[], bytes], str]] = {
    "no archive": (
        lambda: b"not an archive" * 100,
        "neither a folder nor a zip or tar archive of images; valid: .zip",
    ),
    "nothing": (lambda: b"", "the file is empty"),
    "empty zip": (lambda: archive_of({}), "no images found; expected <class>/<image>"),
    "no images": (lambda: archive_of({"notes.txt": b"x"}), "no images found; expected"),
    "outside": (lambda: packed(PETS, **{"../x.png": picture()}), "points out of the archive"),
    "root": (lambda: packed(PETS, "w", **{"/etc/x.png": picture()}), "points out of the archive"),
    "one class": (lambda: packed({"cat": 8}), "only one class, 'cat'"),
    "no class": (lambda: archive_of({"1.png": picture()}), "lies in no class folder"),
    "too few": (lambda: packed({"cat": 1, "dog": 1}), "classes without any: cat, dog"),
    "empty class": (lambda: packed(PETS, **{"fish/": b""}), "class folder 'fish' holds no image"),
    "corrupt": (lambda: packed(PETS, **{"dog/x.png": b"x"}), "image 'dog/x.png' cannot be read"),
    "half": (lambda: packed(PETS, **{"dog/x.png": picture()[:-30]}), "'dog/x.png' cannot be read"),
    "flat splits": (
        lambda: packed({"Train": 8, "Test": 8}),
        "'Train', by its name the split to train on, lie in no class folders",
    ),
    "gigantic": (lambda: packed(PETS, **{"dog/x.png": gigantic()}), "9,000 x 9,000 pixels, more"),
    "cut": (lambda: packed(PETS)[:-40], "not a whole zip archive: its list of files"),
    "cut tar": (lambda: packed(PETS, "w:gz")[:-40], "not a whole tar archive"),
    "nested": (lambda: archive_of({"pets.zip": packed(PETS)}), "no images found"),
}


def colourful(value: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8), (200, 20 * value, 0)).save(file, "bmp")
    return file.getvalue()


@pytest.mark.parametrize("name", GOOD)
def test_what_is_accepted_is_trained_on_at_every_size_that_is_offered(
    name: str, folder: Path, tmp_path: Path
) -> None:
    kept = bring(GOOD[name](), folder)
    for side in seen(kept).sizes:
        data = load_data(str(kept.path), image_size=side)
        assert data.image_shape[1:] == ((side, side) if side else seen(kept).smallest)
        assert len(data.train) >= len(data.classes)
    small = RunConfig(timesteps=2, conversion_timesteps=2, device="cpu")
    small = with_settings(
        small,
        {
            "data.name": str(kept.path),
            "data.image_size": seen(kept).sizes[0],
            "model": Architecture("convnet", width=2),
            "training": Training(epochs=1, batch_size=4),
        },
    )
    assert run(small, tmp_path / "trained").status == "finished"


@pytest.mark.parametrize("name", BAD)
def test_what_is_refused_is_said_in_a_line_as_training_says_it_and_leaves_nothing(
    name: str, folder: Path, tmp_path: Path
) -> None:
    make, message = BAD[name]
    with pytest.raises(DataError, match=message) as refused:
        bring(make(), folder)
    assert list(folder.iterdir()) == []
    said = str(refused.value)
    assert "\n" not in said
    assert str(folder) not in said
    if name != "gigantic":  # a limit for visitors; one's own may be so large
        path = tmp_path / "pets.zip"
        path.write_bytes(make())
        with pytest.raises(DataError) as refused:
            load_data(str(path))
        assert str(refused.value).replace(str(path), "pets.zip") == said


def test_a_look_says_what_is_there(folder: Path) -> None:
    kept = bring(packed({"cat": 8, "dog": 9}, **{"dog/x.png": picture((30, 50))}), folder)
    look = seen(kept)
    assert look.classes == {"cat": 8, "dog": 10}
    assert (look.smallest, look.largest, look.one_size) == ((8, 8), (30, 50), False)
    assert look.sizes[0] == first_look.RESIZED
    assert None not in look.sizes
    with Image.open(kept_archives.picture_of(kept.path)) as shown:
        assert shown.height == first_look.SIDE
    assert set(look.samples) == {"cat", "dog"}
    assert seen(bring(packed(PETS), folder)).sizes[0] is None  # as they are


def test_what_is_passed_over_is_said(folder: Path) -> None:
    more = {"__MACOSX/cat/._0.png": b"x", "dog/x.gif": animated("gif"), "notes.txt": b"x"}
    kept = bring(packed(PETS, **more), folder)
    assert seen(kept).notes == (
        "1 file that is no image by its name: 'notes.txt'",
        "1 hidden file or folder, or one that a system adds: '__MACOSX'",
        "1 image with more frames or pages, of which the first is read: 'dog/x.gif'",
    )


def test_images_too_large_for_a_class_are_offered_smaller() -> None:
    look = ArchiveContents({"cat": 10_000, "dog": 10_000}, 3, (400, 400), (400, 400), one_size=True)
    assert look.sizes[0] == 32
    assert max(side for side in look.sizes if side) == 64
    assert all(20_000 * 3 * side**2 <= UPLOADED.decoded for side in look.sizes if side)


def test_what_two_bring_is_there_once_and_goes_when_neither_wants_it(folder: Path) -> None:
    first, second = bring(packed(PETS), folder), bring(packed(PETS), folder, BEN, "b.zip")
    assert first.path == second.path
    assert len(every(folder)) == 1
    assert (second.name(ANN), second.name(BEN), second.name("c")) == (
        "pets.zip",
        "b.zip",
        "pets.zip",
    )
    remove(second, ANN)
    assert of_visitor(folder, ANN) == []
    assert [one.id for one in of_visitor(folder, BEN)] == [first.id]
    assert load_data(str(first.path)).classes == ("cat", "dog")
    remove(second, BEN)
    assert list(folder.iterdir()) == []
    with pytest.raises(DataError, match="uploaded and have been removed"):
        kept_archives.check_still_there(str(first.path))
    assert bring(packed(PETS), folder).path == first.path  # and its runs have images again
    kept_archives.check_still_there(str(first.path))


def test_the_teacher_removes_for_all(folder: Path) -> None:
    kept = bring(packed(PETS), folder)
    bring(packed(PETS), folder, BEN)
    remove(kept, None)
    assert list(folder.iterdir()) == []


def test_one_visitor_has_three_and_a_class_of_thirty_one_each(folder: Path) -> None:
    for count in (4, 5, 6):
        bring(packed({"cat": count, "dog": 4}), folder)
    bring(packed({"cat": 4, "dog": 4}), folder)  # known already
    with pytest.raises(DataError, match="3 archives here, as many as one may have"):
        bring(packed({"cat": 7, "dog": 4}), folder)
    for number in range(30):
        bring(packed({"cat": 8 + number, "dog": 4}), folder, f"{number:016x}")
    assert len(every(folder)) == 33
    assert 30 * kept_archives.MOST_BYTES <= kept_archives.MOST_TOTAL


def test_all_archives_together_are_bounded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bring(packed(PETS), folder)
    monkeypatch.setattr(kept_archives, "MOST_TOTAL", 5000)
    with pytest.raises(DataError, match=r"together would take more than 4\.88 KB"):
        bring(packed({"cat": 30, "dog": 30}), folder, BEN)
    assert len(every(folder)) == 1
    monkeypatch.setattr(kept_archives, "MOST_BYTES", 100)
    with pytest.raises(DataError, match="at most 100 B are taken"):
        bring(packed(PETS), folder, BEN)


@pytest.mark.parametrize(
    ("number", "words"), [(errno.ENOSPC, "disk of the server is full"), (errno.EROFS, "read-only")]
)
def test_a_disk_that_takes_nothing_is_said(
    number: int, words: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", fails)
        with pytest.raises(OSError, match=os.strerror(number)) as refused:
            bring(packed(PETS), folder)
        assert words in said_of(refused.value)
    monkeypatch.setattr(kept_archives, "write_json", fails)
    with pytest.raises(OSError, match=os.strerror(number)):
        bring(packed(PETS), folder)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("note", ["", "[]", "{}", '{"owners": 3, "look": {"classes": 7}}'])
def test_a_damaged_note_hides_nothing_from_the_teacher(note: str, folder: Path) -> None:
    kept = bring(packed(PETS), folder)
    kept_archives.note_of(kept.path).write_text(note)
    (there,) = every(folder)
    assert (there.look, there.owners) == (None, {})
    assert seen(bring(packed(PETS), folder, BEN)).images == 16  # and it can be brought again
    remove(there, None)
    assert every(folder) == []


@pytest.mark.parametrize("look", [None, 3, {}, {"classes": 7}])
def test_whose_an_archive_is_outlives_damage_to_what_is_in_it(look: object, folder: Path) -> None:
    kept = bring(packed(PETS), folder)
    bring(packed(PETS), folder, BEN, "b.zip")
    note = kept_archives.note_of(kept.path)
    note.write_text(json.dumps(json.loads(note.read_text()) | {"look": look}))
    (there,) = of_visitor(folder, ANN)
    assert (there.look, there.name(ANN), there.name(BEN)) == (None, "pets.zip", "b.zip")
    remove(there, ANN)
    (there,) = of_visitor(folder, BEN)
    assert of_visitor(folder, ANN) == []
    assert there.path.is_file()
    again = bring(packed(PETS), folder)
    assert seen(again).images == 16
    assert set(again.owners) == {ANN, BEN}


def test_what_is_in_an_archive_outlives_damage_to_whose_it_is(folder: Path) -> None:
    kept = bring(packed(PETS), folder)
    note = kept_archives.note_of(kept.path)
    note.write_text(json.dumps(json.loads(note.read_text()) | {"owners": 3}))
    assert kept_at(kept.path) == KeptArchive(kept.path, {}, kept.look)


def test_what_an_ended_server_left_is_cleared_away(folder: Path) -> None:
    left = stage(memoryview(packed(PETS)), folder)
    os.utime(left, (time.time() - 2 * kept_archives.ABANDONED,) * 2)
    bring(packed({"cat": 9, "dog": 9}), folder)
    assert not left.exists()


def test_an_archive_from_before_stays_whatever_is_found_in_it(folder: Path) -> None:
    content = packed({"cat": 1, "dog": 1})
    staged = stage(memoryview(content), folder)
    old = folder / f"{staged.name.split('.')[1]}.zip"
    old.write_bytes(content)
    with pytest.raises(DataError):
        keep(staged, "old.zip", ANN, folder)
    assert old.read_bytes() == content


@pytest.mark.parametrize("id", ["../x.zip", "0.zip", "0123456789abcdef.exe", "", "."])
def test_an_id_from_a_link_is_nothing_but_an_id(id: str, folder: Path) -> None:
    assert kept_at(folder / id) is None


def test_the_limits_of_the_server_agree_with_those_of_the_page() -> None:
    import tomllib

    root = Path(__file__).resolve().parents[2]
    settings = tomllib.loads((root / ".streamlit" / "config.toml").read_text())
    assert settings["server"]["maxUploadSize"] * 2**20 == kept_archives.MOST_BYTES


@pytest.mark.slow
def test_the_look_is_taken_in_a_process_of_its_own(tmp_path: Path) -> None:
    for content, end in ((packed(PETS), "finished"), (packed({"cat": 8}), "failed")):
        path = tmp_path / f"{end}.zip"
        path.write_bytes(content)
        outcome = first_look.looked_at(path, tmp_path / "notes", tmp_path / "samples")
        assert outcome.status == end
    assert json.loads((tmp_path / "notes").read_text())["classes"] == PETS
    assert "only one class, 'cat'" in outcome.reason

"""Archives that visitors bring."""

from __future__ import annotations

import gzip
import io
import tarfile
from pathlib import Path

import pytest
from PIL import Image

from snnlab.dashboard import upload
from snnlab.data.spec import DataError


def archive(names: list[str], kind: str = "w") -> bytes:
    """A tar archive with a small picture under each name."""
    picture = io.BytesIO()
    Image.new("L", (8, 8)).save(picture, "png")
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=kind) as tar:  # type: ignore[call-overload]
        for name in names:
            entry = tarfile.TarInfo(name)
            entry.size = len(picture.getvalue())
            tar.addfile(entry, io.BytesIO(picture.getvalue()))
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["w", "w:gz", "w:xz"])
def test_a_good_archive_is_kept_under_a_name_of_our_own(kind: str, tmp_path: Path) -> None:
    path = upload.keep_archive(archive(["a/1.png", "b/2.png"], kind), tmp_path)
    assert path.parent == tmp_path
    assert path.suffix == ".tar"
    assert upload.keep_archive(path.read_bytes(), tmp_path) == path


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"not an archive", "not a"),
        (archive(["../outside.png"]), "points out of the archive"),
        (archive(["/etc/passwd.png"]), "points out of the archive"),
        (archive(["notes.txt"]), "no images"),
        (archive([]), "no images|not a"),
    ],
)
def test_a_bad_archive_is_refused_and_leaves_nothing(
    content: bytes, message: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=message):
        upload.keep_archive(content, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_size_count_and_number_of_archives_are_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = archive(["a/1.png", "b/2.png"])
    monkeypatch.setattr(upload, "MOST_BYTES", 10)
    with pytest.raises(DataError, match="bytes"):
        upload.keep_archive(good, tmp_path)
    monkeypatch.undo()
    monkeypatch.setattr(upload, "MOST_IMAGES", 0)
    with pytest.raises(DataError, match="holds more"):
        upload.keep_archive(good, tmp_path)
    monkeypatch.undo()
    bomb = io.BytesIO()
    with tarfile.open(fileobj=bomb, mode="w") as tar:
        entry = tarfile.TarInfo("a/1.png")
        entry.size = 2**40
        tar.addfile(tarfile.TarInfo("a/0.png"))
        bomb.write(entry.tobuf())
    with pytest.raises(DataError, match="holds more"):
        upload.keep_archive(gzip.compress(bomb.getvalue()), tmp_path)
    upload.keep_archive(good, tmp_path)
    monkeypatch.setattr(upload, "MOST_ARCHIVES", 1)
    with pytest.raises(DataError, match="archives are here"):
        upload.keep_archive(archive(["c/1.png", "d/2.png"]), tmp_path)

"""Images that a visitor brings: a tar archive, bounded, kept beside the runs.

The archive is never unpacked to disk; only images inside it are read, see `data.archive`.
"""

from __future__ import annotations

import hashlib
import tarfile
from pathlib import Path
from typing import Any

import streamlit as st

from snnlab.dashboard.service import runs_folder
from snnlab.data.archive import read_archive
from snnlab.data.spec import DataError
from snnlab.data.whole_files import written_whole

FOLDER = ".uploads"
MOST_BYTES, MOST_UNPACKED, MOST_IMAGES = 50 * 2**20, 400 * 2**20, 20_000
"""Of the archive, of all that is in it, and of the images in it."""
MOST_ARCHIVES = 20
"""In the folder; more are refused."""
SUFFIXES = ("tar", "gz", "bz2", "xz")


def uploads() -> dict[str, str]:
    """The archives of this session, path to title."""
    mine: dict[str, str] = st.session_state.setdefault("uploads", {})
    return mine


def upload_control(place: Any) -> None:
    """A field for an archive of images, unless `place` is None."""
    if place is None:
        return
    file = place.file_uploader(
        "Your images (.tar)",
        type=list(SUFFIXES),
        help="A tar archive of class/image, 50 MB and 20,000 images at most.",
    )
    if file is not None:
        try:
            path = keep_archive(file.getvalue(), runs_folder() / FOLDER)
        except DataError as error:
            place.error(f"This archive cannot be used: {error}", icon=":material/error:")
        else:
            uploads()[str(path)] = f"your images, {path.stat().st_size / 2**20:.1f} MB"


def keep_archive(content: bytes, folder: Path) -> Path:
    """Check an archive and write it under a name of our own.

    Raises:
        DataError: too large, too many images or archives, or no whole archive of images.
    """
    if len(content) > MOST_BYTES:
        raise DataError(f"it has {len(content):,} bytes, at most {MOST_BYTES:,} are taken")
    path = folder / f"{hashlib.sha256(content).hexdigest()[:16]}.tar"
    if path.is_file():
        return path
    folder.mkdir(parents=True, exist_ok=True)
    if len(list(folder.glob("*.tar"))) >= MOST_ARCHIVES:
        raise DataError(f"{MOST_ARCHIVES} archives are here already; ask for one to be removed")
    with written_whole(path) as partial:
        partial.write_bytes(content)
        check_size(partial)
        images, _ = read_archive(partial)
        if not images:
            raise DataError("there are no images in it, as class/image")
    return path


def check_size(path: Path) -> None:
    """Raise DataError if there is too much in an archive; stops at the first byte too many."""
    total = count = 0
    try:
        with tarfile.open(path, mode="r|*") as archive:
            for member in archive:
                total, count = total + max(member.size, 0), count + 1
                if total > MOST_UNPACKED or count > 2 * MOST_IMAGES:
                    raise DataError(
                        f"it holds more than {MOST_UNPACKED // 2**20} MB or {MOST_IMAGES:,} images"
                    )
    except DataError:
        raise
    except (tarfile.TarError, EOFError, OSError, ValueError) as error:
        raise DataError(f"not a tar archive: {error}") from error

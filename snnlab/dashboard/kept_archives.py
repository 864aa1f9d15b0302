"""Archives that visitors upload, kept beside the runs, with their owners and contents.

    runs/.uploads/<hash>.zip     the archive as uploaded; training reads it here
    runs/.uploads/<hash>.json    its owners and its contents
    runs/.uploads/<hash>.png     a few of its images

If two visitors upload the same archive, it is stored once, and removed when both have removed it.
Nothing is unpacked to disk.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from uuid import uuid4

from snnlab.dashboard.first_look import ArchiveContents, looked_at
from snnlab.data.archive import kind_of
from snnlab.data.limits import in_words
from snnlab.data.spec import DataError
from snnlab.data.whole_files import patiently
from snnlab.runs.files import RunError, read_json, write_json
from snnlab.settings import settle

FOLDER = ".uploads"
MOST_BYTES = 50 * 2**20
"""Largest size of one archive."""
MOST_EACH = 3
"""Archives of one visitor."""
MOST_TOTAL = 3 * 2**30
"""Bytes of all archives: twice as many as thirty students need for one of the largest size each."""
LONGEST_NAME = 40
"""Characters of a file's name that are shown."""
ABANDONED = 3600.0
"""Seconds after which a staged archive is removed: the server ended before it was checked."""
ID = re.compile(r"[0-9a-f]{16}\.(zip|tar(\.(gz|bz2|xz))?)")
GONE = (
    "the images of this run were uploaded and have been removed since. Upload the same archive "
    "once more and they are here again"
)
CHECK_LOCK = threading.Lock()
"""Held while an archive is checked: one at a time, to bound the memory."""
OWNERS_LOCK = threading.Lock()
"""Held, always briefly, while the owners of an archive are changed."""


@dataclass(frozen=True)
class KeptArchive:
    """An archive that is kept."""

    path: Path
    owners: dict[str, tuple[str, float]]
    """By visitor: the name of the file, and when it was uploaded, in seconds since 1970."""
    look: ArchiveContents | None
    """Its contents; None if no file describes them."""

    def __post_init__(self) -> None:
        settle(self)

    @property
    def id(self) -> str:
        """Its name in links."""
        return self.path.name

    @property
    def bytes(self) -> int:
        """Size of the file; 0 if it has just been removed."""
        with contextlib.suppress(OSError):
            return self.path.stat().st_size
        return 0

    def name(self, visitor: str = "") -> str:
        """The name of the file when a visitor uploaded it; for others, that of its first owner."""
        names = [self.owners[visitor]] if visitor in self.owners else list(self.owners.values())
        return names[0][0] if names else self.id


def stage(content: memoryview, folder: Path) -> Path:
    """Write an upload to disk under a hidden name, to be checked by `keep`.

    Raises:
        DataError: it is too large.
        OSError: it cannot be written.
    """
    if len(content) > MOST_BYTES:
        raise DataError(
            f"it has {in_words(len(content))}, at most {in_words(MOST_BYTES)} are taken"
        )
    name = hashlib.sha256(content).hexdigest()[:16]
    path = folder / f".{name}.{uuid4().hex}.partial"
    folder.mkdir(parents=True, exist_ok=True)
    clear_away(folder)
    try:
        path.write_bytes(content)
    except OSError:
        path.unlink(missing_ok=True)
        raise
    return path


def keep(staged: Path, name: str, visitor: str, folder: Path) -> KeptArchive:
    """Check a staged archive, and keep it as a visitor's own.

    Args:
        staged: see `stage`; afterwards this file is gone.
        name: of the file on the visitor's machine.
        visitor: who uploaded it.
        folder: of the archives.

    Raises:
        DataError: there are too many archives, or this one cannot be trained on.
        OSError: it cannot be written.
    """
    shown = "".join(c for c in name if c.isprintable())[-LONGEST_NAME:] or "archive"
    try:
        with CHECK_LOCK:
            path = folder / f"{staged.name.split('.')[1]}{ending_of(staged, shown)}"
            there = kept_at(path)
            own = [one.id for one in of_visitor(folder, visitor)]
            if path.name not in own and len(own) >= MOST_EACH:
                raise DataError(
                    f"you have {len(own)} archives here, as many as one may have. Choose one of "
                    "them as data set and remove it, then upload this one again"
                )
            if there is None or there.look is None:
                if total(folder) > MOST_TOTAL:  # with this one
                    raise DataError(
                        f"all archives together would take more than {in_words(MOST_TOTAL)}. "
                        "Remove one of yours, or ask your teacher to"
                    )
                check(staged, path, shown)
            return take_over(path, shown, visitor)
    finally:
        staged.unlink(missing_ok=True)


def ending_of(staged: Path, shown: str) -> str:
    """The file ending for the format in an archive's first bytes; errors call it `shown`."""
    try:
        return kind_of(staged).ending
    except DataError as error:
        raise DataError(f"{shown}: {error}") from None


def take_over(path: Path, name: str, visitor: str) -> KeptArchive:
    """Make a visitor an owner of an archive that is kept already.

    Raises:
        DataError: it has just been removed.
    """
    with OWNERS_LOCK:
        there = kept_at(path)
        if there is None:
            raise DataError("somebody removed the same archive just now; upload it once more")
        owners = {**there.owners}
        owners.setdefault(visitor, (name, time.time()))
        note(path, owners)
        return replace(there, owners=owners)


def check(staged: Path, path: Path, name: str) -> None:
    """Move a staged archive to its place and check it there, where its training will read it.

    Raises:
        DataError: it cannot be trained on; then it is removed.
    """
    known = path.exists()  # kept without a note: not removed, since runs may need it
    patiently(lambda: staged.replace(path))
    notes = path.with_suffix(".look")
    outcome = looked_at(path, notes, picture_of(path))
    try:
        if outcome.status != "finished":
            raise DataError(outcome.reason.replace(str(path), name))
        with OWNERS_LOCK:
            there = kept_at(path)  # whose it was, where the note of what is in it was damaged
            owners = there.owners if there else {}
            write_json(note_of(path), {"owners": owners, "look": read_json(notes)})
    except (DataError, OSError, RunError):
        if not known:
            erase(path)
        raise
    finally:
        notes.unlink(missing_ok=True)


def kept_at(path: Path) -> KeptArchive | None:
    """The archive at a path; None if it is missing, or the file with its contents is unreadable.

    If only its owners or only its contents are damaged in that file, the other is still used.
    """
    if not ID.fullmatch(path.name) or not path.is_file():
        return None
    try:
        noted = read_json(note_of(path))
    except RunError:
        return None
    kept = KeptArchive(path, {}, None)
    with contextlib.suppress(ValueError, TypeError, KeyError):
        kept = replace(kept, owners=noted["owners"])
    with contextlib.suppress(ValueError, TypeError, KeyError):
        kept = replace(kept, look=ArchiveContents(**noted["look"]))
    return kept


def every(folder: Path) -> list[KeptArchive]:
    """All archives, the latest first; archives without readable notes come last."""
    found = [kept_at(path) or KeptArchive(path, {}, None) for path in archives(folder)]
    return sorted(found, key=lambda one: -max((when for _, when in one.owners.values()), default=0))


def of_visitor(folder: Path, visitor: str) -> list[KeptArchive]:
    """The archives that a visitor uploaded, the latest first."""
    return [one for one in every(folder) if visitor in one.owners]


def archives(folder: Path) -> list[Path]:
    """The paths of all archives."""
    try:
        return [path for path in folder.iterdir() if ID.fullmatch(path.name)]
    except OSError:
        return []


def remove(kept: KeptArchive, visitor: str | None) -> None:
    """Remove a visitor from an archive's owners, or all (None); without owners it is erased.

    Raises:
        OSError: it cannot be removed.
    """
    with OWNERS_LOCK:
        there = kept_at(kept.path)
        others = {} if there is None or visitor is None else dict(there.owners)
        others.pop(visitor or "", None)
        if others:
            note(kept.path, others)
        else:
            erase(kept.path)


def check_still_there(data: str) -> None:
    """Raise DataError if a data set is an archive that was removed."""
    path = Path(data)
    if path.parent.name == FOLDER and not path.exists():
        raise DataError(GONE)


def title_of(data: str) -> str | None:
    """The name of the archive that a run was trained on; None if its data set is no archive."""
    path = Path(data)
    if path.parent.name != FOLDER:
        return None
    kept = kept_at(path)
    return kept.name() if kept else f"removed images {path.name[:4]}"


def note(path: Path, owners: Mapping[str, tuple[str, float]]) -> None:
    """Write the owners of an archive; the description of its contents stays."""
    there = kept_at(path)
    look = asdict(there.look) if there and there.look else None
    write_json(note_of(path), {"owners": owners, "look": look})


def note_of(path: Path) -> Path:
    """The path of the JSON file with owners and contents of an archive."""
    return path.with_name(f"{path.name[:16]}.json")


def picture_of(path: Path) -> Path:
    """The path of the picture of a few images."""
    return path.with_name(f"{path.name[:16]}.png")


def erase(path: Path) -> None:
    """Remove an archive with its notes and picture; the notes go first, as they list it."""
    for part in (note_of(path), path, picture_of(path)):
        part.unlink(missing_ok=True)


def total(folder: Path) -> int:
    """Bytes of all archives, kept or staged."""
    found = 0
    for path in folder.iterdir():
        with contextlib.suppress(OSError):  # gone meanwhile
            found += path.stat().st_size
    return found


def clear_away(folder: Path) -> None:
    """Remove staged archives that an earlier server has left behind."""
    for path in folder.glob(".*.partial"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > ABANDONED:
                path.unlink()

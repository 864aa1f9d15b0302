"""The archives that visitors bring, kept beside the runs: whose they are and what is in them.

    runs/.uploads/<hash>.zip     as it was brought; training reads it there
    runs/.uploads/<hash>.json    whose it is, and what is in it
    runs/.uploads/<hash>.png     a few of its images

What two bring is there once, and goes when neither wants it. Nothing is unpacked to disk.
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

from snnlab.dashboard.first_look import Look, looked_at
from snnlab.data.archive import kind_of
from snnlab.data.limits import in_words
from snnlab.data.spec import DataError
from snnlab.data.whole_files import patiently
from snnlab.runs.files import RunError, read_json, write_json
from snnlab.settings import settle

FOLDER = ".uploads"
MOST_BYTES = 50 * 2**20
"""Of one archive."""
MOST_EACH = 3
"""Archives of one visitor."""
MOST_TOTAL = 3 * 2**30
"""Bytes of all together: twice what a class of thirty brings, with one archive of the largest size
each."""
LONGEST_NAME = 40
"""Characters of a file's name that are shown."""
ABANDONED = 3600.0
"""Seconds after which what was never looked at is removed: the server was ended meanwhile."""
ID = re.compile(r"[0-9a-f]{16}\.(zip|tar(\.(gz|bz2|xz))?)")
GONE = (
    "the images of this run were uploaded and have been removed since. Upload the same archive "
    "once more and they are here again"
)
LOOKING = threading.Lock()
"""Held while an archive is looked at: one at a time, which bounds the memory."""
CHANGING = threading.Lock()
"""Held while it is noted or removed whose an archive is; never for long."""


@dataclass(frozen=True)
class Kept:
    """An archive that is here."""

    path: Path
    owners: dict[str, tuple[str, float]]
    """By visitor: how the file was called, and when it was brought, in seconds since 1970."""
    look: Look | None
    """What is in it; None where nobody noted it."""

    def __post_init__(self) -> None:
        settle(self)

    @property
    def id(self) -> str:
        """Names it in links."""
        return self.path.name

    @property
    def bytes(self) -> int:
        """Of the file; 0 if it has just gone."""
        with contextlib.suppress(OSError):
            return self.path.stat().st_size
        return 0

    def name(self, visitor: str = "") -> str:
        """How a visitor called it; for others, how the first one did."""
        names = [self.owners[visitor]] if visitor in self.owners else list(self.owners.values())
        return names[0][0] if names else self.id


def stage(content: memoryview, folder: Path) -> Path:
    """Write what was brought to disk under a hidden name, to be looked at by `keep`.

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


def keep(staged: Path, name: str, visitor: str, folder: Path) -> Kept:
    """Look at an archive that was staged, and keep it as a visitor's own.

    Args:
        staged: see `stage`; it is gone afterwards.
        name: of the file, as the visitor called it.
        visitor: who brought it.
        folder: of the archives.

    Raises:
        DataError: there are too many, or it is none that can be trained on.
        OSError: it cannot be written.
    """
    shown = "".join(c for c in name if c.isprintable())[-LONGEST_NAME:] or "archive"
    try:
        with LOOKING:
            path = folder / f"{staged.name.split('.')[1]}{ending_of(staged, shown)}"
            there = kept_at(path)
            own = [one.id for one in of_visitor(folder, visitor)]
            if path.name not in own and len(own) >= MOST_EACH:
                raise DataError(
                    f"you have {len(own)} archives here, as many as one may have. Choose one of "
                    "them as data set and remove it, then upload this one again"
                )
            if there is None or there.look is None:
                if total(folder) > MOST_TOTAL:  # this one included
                    raise DataError(
                        f"all archives together would take more than {in_words(MOST_TOTAL)}. "
                        "Remove one of yours, or ask your teacher to"
                    )
                check(staged, path, shown)
            return take_over(path, shown, visitor)
    finally:
        staged.unlink(missing_ok=True)


def ending_of(staged: Path, shown: str) -> str:
    """The ending of an archive by its first bytes; an error names it as its owner does."""
    try:
        return kind_of(staged).ending
    except DataError as error:
        raise DataError(f"{shown}: {error}") from None


def take_over(path: Path, name: str, visitor: str) -> Kept:
    """Note that an archive that is here is a visitor's, too.

    Raises:
        DataError: it has just been removed.
    """
    with CHANGING:
        there = kept_at(path)
        if there is None:
            raise DataError("somebody removed the same archive just now; upload it once more")
        owners = {**there.owners}
        owners.setdefault(visitor, (name, time.time()))
        note(path, owners)
        return replace(there, owners=owners)


def check(staged: Path, path: Path, name: str) -> None:
    """Have an archive looked at in its place, where its training will find what was read.

    Raises:
        DataError: it cannot be trained on; then it is not there.
    """
    known = path.exists()  # without a note: runs may need it, whatever is found
    patiently(lambda: staged.replace(path))
    notes = path.with_suffix(".look")
    outcome = looked_at(path, notes, picture_of(path))
    try:
        if outcome.status != "finished":
            raise DataError(outcome.reason.replace(str(path), name))
        with CHANGING:
            there = kept_at(path)  # whose it was, where the note of what is in it was damaged
            owners = there.owners if there else {}
            write_json(note_of(path), {"owners": owners, "look": read_json(notes)})
    except (DataError, OSError, RunError):
        if not known:
            erase(path)
        raise
    finally:
        notes.unlink(missing_ok=True)


def kept_at(path: Path) -> Kept | None:
    """The archive at a path; None if there is none, or no note that can be read.

    Where only a part of the note is damaged, the other one holds: whose it is, or what is in it.
    """
    if not ID.fullmatch(path.name) or not path.is_file():
        return None
    try:
        noted = read_json(note_of(path))
    except RunError:
        return None
    kept = Kept(path, {}, None)
    with contextlib.suppress(ValueError, TypeError, KeyError):
        kept = replace(kept, owners=noted["owners"])
    with contextlib.suppress(ValueError, TypeError, KeyError):
        kept = replace(kept, look=Look(**noted["look"]))
    return kept


def every(folder: Path) -> list[Kept]:
    """All archives, the latest first; those that no note tells of, last."""
    found = [kept_at(path) or Kept(path, {}, None) for path in archives(folder)]
    return sorted(found, key=lambda one: -max((when for _, when in one.owners.values()), default=0))


def of_visitor(folder: Path, visitor: str) -> list[Kept]:
    """Those that a visitor brought, the latest first."""
    return [one for one in every(folder) if visitor in one.owners]


def archives(folder: Path) -> list[Path]:
    """The paths of all archives."""
    try:
        return [path for path in folder.iterdir() if ID.fullmatch(path.name)]
    except OSError:
        return []


def remove(kept: Kept, visitor: str | None) -> None:
    """Take an archive from a visitor, or from everybody (None); it goes when nobody has it.

    Raises:
        OSError: it cannot be removed.
    """
    with CHANGING:
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
    """How an archive was called, for the data set of a run; None if the set is no archive."""
    path = Path(data)
    if path.parent.name != FOLDER:
        return None
    kept = kept_at(path)
    return kept.name() if kept else f"removed images {path.name[:4]}"


def note(path: Path, owners: Mapping[str, tuple[str, float]]) -> None:
    """Write whose an archive is; what is in it stays."""
    there = kept_at(path)
    look = asdict(there.look) if there and there.look else None
    write_json(note_of(path), {"owners": owners, "look": look})


def note_of(path: Path) -> Path:
    """Where what is known of an archive is written."""
    return path.with_name(f"{path.name[:16]}.json")


def picture_of(path: Path) -> Path:
    """Where a few of its images lie."""
    return path.with_name(f"{path.name[:16]}.png")


def erase(path: Path) -> None:
    """Remove an archive and what is known of it: first what lists it."""
    for part in (note_of(path), path, picture_of(path)):
        part.unlink(missing_ok=True)


def total(folder: Path) -> int:
    """Bytes of all that is kept or waits."""
    found = 0
    for path in folder.iterdir():
        with contextlib.suppress(OSError):  # gone meanwhile
            found += path.stat().st_size
    return found


def clear_away(folder: Path) -> None:
    """Remove what a server that was ended has left."""
    for path in folder.glob(".*.partial"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > ABANDONED:
                path.unlink()

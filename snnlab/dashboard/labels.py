"""Labels of runs: a title, a note, and the owner.

    runs/.labels/<id>.json

They lie beside the run folders, as a run has an owner before it has a folder. Title and note are
always shown as plain text.
"""

from __future__ import annotations

import shutil
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from snnlab.data.whole_files import patiently
from snnlab.runs.files import RunError, read_json, write_json
from snnlab.runs.store import ID, Run

LABELS = ".labels"
MOST_TITLE, MOST_NOTE = 60, 2000


@dataclass(frozen=True)
class Label:
    """Title, note and owner of a run."""

    title: str = ""
    """Shown in place of the settings; if empty, the settings are shown."""
    note: str = ""
    """Any text."""
    owner: str = ""
    """The visitor who started it; empty if it was not started in a browser."""


def label_path(root: Path, id: str) -> Path:
    """The path of the label of a run.

    Raises:
        RunError: it is no id of a run.
    """
    if not ID.fullmatch(id):
        raise RunError(f"a run id holds letters, digits, '.', '_' and '-' only, got {id!r}")
    return root / LABELS / f"{id}.json"


def label_of(run: Run) -> Label:
    """The label of a run; an empty one if there is none, or it is malformed."""
    return read_label(run.folder.parent, run.id)


def read_label(root: Path, id: str) -> Label:
    """The label of the run `id` in the folder `root`, see `label_of`."""
    try:
        found = read_json(label_path(root, id))
    except RunError:
        return Label()
    texts = {key: found.get(key) for key in asdict(Label())}
    return Label(**{key: text if isinstance(text, str) else "" for key, text in texts.items()})


def write_label(run: Run, visitor: str, *, title: str, note: str) -> None:
    """Change title and note of a run that the visitor owns.

    Raises:
        RunError: one of them is too long, or the run is somebody else's.
    """
    check_owner(run, visitor)
    title = " ".join(title.split())
    if len(title) > MOST_TITLE or len(note) > MOST_NOTE:
        raise RunError(
            f"a title has {MOST_TITLE} characters at most and a note {MOST_NOTE}; "
            f"got {len(title)} and {len(note)}"
        )
    keep(run.folder.parent, run.id, replace(label_of(run), title=title, note=note))


def own(root: Path, id: str, visitor: str) -> None:
    """Make the visitor the owner of a run, unless it has one or existed before."""
    label_path(root, id)  # raises unless it is an id
    if not (root / id).exists() and not read_label(root, id).owner:
        keep(root, id, replace(read_label(root, id), owner=visitor))


def keep(root: Path, id: str, label: Label) -> None:
    """Write a label."""
    path = label_path(root, id)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, asdict(label))


def delete(run: Run, visitor: str) -> None:
    """Delete a run of the visitor that is not in training.

    Raises:
        RunError: it is somebody else's, or it trains.
    """
    check_owner(run, visitor)
    if run.status == "running":
        raise RunError(f"run {run.id!r} trains at the moment: cancel it first")
    going = run.folder.with_name(f".{run.id}.deleted")
    patiently(lambda: run.folder.rename(going))  # from here on no list of runs shows it
    shutil.rmtree(going)
    label_path(run.folder.parent, run.id).unlink(missing_ok=True)


def check_owner(run: Run, visitor: str) -> None:
    """Raise RunError unless the run belongs to the visitor."""
    if not visitor or label_of(run).owner != visitor:
        raise RunError(f"run {run.id!r} was not started in this browser: it stays as it is")

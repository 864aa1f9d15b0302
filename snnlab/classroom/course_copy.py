"""A student's own copy of the course, which a newer version of the kit adds to.

What the student has changed is never written over: where the kit has a newer notebook, it is laid
beside the changed one. `LAID` notes what was laid, so that a change is known as the student's.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from snnlab.data.whole_files import written_whole

LAID = ".snnlab-course.json"
"""The file in the copy with a digest for each notebook as it was laid."""


@dataclass
class Laid:
    """What `lay_course` did, by names of files."""

    new: list[str] = field(default_factory=list)
    """Were not there."""
    renewed: list[str] = field(default_factory=list)
    """Were there as an older version of the kit had laid them."""
    beside: dict[str, str] = field(default_factory=dict)
    """Newer files, by that of the student which they lie beside."""

    def told(self, folder: Path) -> str:
        """What was done, in sentences."""
        lines = [f"The course lies in {folder}."]
        if self.renewed:
            lines.append(f"Brought up to date: {', '.join(self.renewed)}.")
        lines += [
            f"You have changed {old}, and this version of snnlab has a newer one: it is {new}."
            for old, new in self.beside.items()
        ]
        return "\n".join(lines)


def lay_course(course: Path, folder: Path) -> Laid:
    """Copy the files of a folder into another one, over nothing that somebody has changed.

    Args:
        course: holds notebooks and README.md, and folders, which stay there.
        folder: of the copy; made if it is not there.

    Raises:
        ValueError: there is something else in its place.

    Example:
        >>> laid = lay_course(home() / "notebooks", Path("snnlab-course"))
        >>> print(laid.told(Path("snnlab-course")))
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise ValueError(f"{str(folder)!r} must be a folder for the course, and is none") from None
    known = digests_in(folder)
    done = Laid()
    for file in sorted(path for path in course.iterdir() if path.suffix in (".ipynb", ".md")):
        content, target = file.read_bytes(), folder / file.name
        newest = digest(content)
        there = digest(target.read_bytes()) if target.is_file() else None
        if there is None and not target.exists():
            done.new.append(file.name)
        elif there == newest or known.get(file.name) == newest:  # as it is, or seen already
            known[file.name] = newest
            continue
        elif there is not None and there == known.get(file.name):
            done.renewed.append(file.name)
        else:
            target = free_name(target)
            done.beside[file.name] = target.name
        with written_whole(target) as partial:
            partial.write_bytes(content)
        known[file.name] = newest
    with written_whole(folder / LAID) as partial:
        partial.write_text(json.dumps(known, indent=1), encoding="utf-8")
    return done


def free_name(path: Path) -> Path:
    """A name beside a file that nothing has: `01_a.new.ipynb`, `01_a.new2.ipynb`."""
    number = 1
    while True:
        free = path.with_name(f"{path.stem}.new{number if number > 1 else ''}{path.suffix}")
        if not free.exists():
            return free
        number += 1


def digests_in(folder: Path) -> dict[str, str]:
    """What was laid in a folder before; nothing, if its note is missing or damaged."""
    with suppress(OSError, ValueError):
        found = json.loads((folder / LAID).read_text(encoding="utf-8"))
        if isinstance(found, dict):
            return {str(name): str(value) for name, value in found.items()}
    return {}


def digest(content: bytes) -> str:
    """Of a file, whichever line ends an editor or git has given it."""
    return hashlib.sha256(content.replace(b"\r\n", b"\n")).hexdigest()

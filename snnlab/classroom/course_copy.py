"""A student's own copy of the course, which a newer version of the kit can update.

Files that the student has changed are never overwritten: a newer notebook is put beside the changed
one. The file `LAID` records the copied files, so that changes by the student are recognised.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from snnlab.data.whole_files import written_whole

LAID = ".snnlab-course.json"
"""The file in the copy with a digest of each notebook at the time it was copied."""


@dataclass
class Laid:
    """What `lay_course` did, by names of files."""

    new: list[str] = field(default_factory=list)
    """Files that were missing."""
    renewed: list[str] = field(default_factory=list)
    """Files that were unchanged since an older version of the kit had copied them."""
    beside: dict[str, str] = field(default_factory=dict)
    """Newer files that were put beside changed ones, by the name of the changed file."""

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
    """Copy the files of a folder into another one, without overwriting changed files.

    Args:
        course: folder with notebooks and README.md; its subfolders are not copied.
        folder: of the copy; made if it is missing.

    Raises:
        ValueError: something that is no folder lies at this path.

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
        elif there == newest or known.get(file.name) == newest:  # as it is, or copied beside
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
    """A free name beside a file: `01_a.new.ipynb`, `01_a.new2.ipynb`."""
    number = 1
    while True:
        free = path.with_name(f"{path.stem}.new{number if number > 1 else ''}{path.suffix}")
        if not free.exists():
            return free
        number += 1


def digests_in(folder: Path) -> dict[str, str]:
    """Digests of the files copied before; empty if `LAID` is missing or damaged."""
    with suppress(OSError, ValueError):
        found = json.loads((folder / LAID).read_text(encoding="utf-8"))
        if isinstance(found, dict):
            return {str(name): str(value) for name, value in found.items()}
    return {}


def digest(content: bytes) -> str:
    """Digest of a file that does not depend on its line endings."""
    return hashlib.sha256(content.replace(b"\r\n", b"\n")).hexdigest()

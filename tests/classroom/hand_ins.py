"""Made-up downloads of learning platforms."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from snnlab.classroom.assignments.collecting.collect import Collected, collect

RELEASE = Path(__file__).parents[2] / "notebooks" / "assignments" / "release"
A1 = (RELEASE / "a1_neuron" / "a1_neuron.ipynb").read_bytes()
A2 = (RELEASE / "a2_noise" / "a2_noise.ipynb").read_bytes()
NOON = (2026, 11, 2, 12, 0, 0)


def saying(text: str, notebook: bytes = A1) -> bytes:
    """A notebook with a written answer."""
    assert b"YOUR ANSWER HERE" in notebook
    return notebook.replace(b"YOUR ANSWER HERE", text.encode())


def zipped(files: dict[str, bytes], times: dict[str, tuple[int, ...]] | None = None) -> bytes:
    """A zip with these files, changed at noon unless told otherwise."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in files.items():
            time = (times or {}).get(name, NOON)
            archive.writestr(zipfile.ZipInfo(name, time), data)  # type: ignore[arg-type]
    return stream.getvalue()


def collected(
    place: Path, files: dict[str, bytes], times: dict[str, tuple[int, ...]] | None = None
) -> list[Collected]:
    """Collect a zip with these files into the folder `course` of a place."""
    (place / "all.zip").write_bytes(zipped(files, times))
    return collect(place / "all.zip", place / "course")


def submitted(course: Path) -> dict[str, str]:
    """The text of every notebook that counts, by student and assignment."""
    found = sorted((course / "submitted").rglob("*.ipynb"))
    return {"/".join(path.parts[-3:-1]): path.read_text("utf-8") for path in found}


def students(course: Path) -> set[str]:
    """The ids below which notebooks were put."""
    return {key.split("/")[0] for key in submitted(course)}

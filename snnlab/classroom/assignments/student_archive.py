"""The archive that students get: notebooks without solutions, the library, how to set it up."""

from __future__ import annotations

import io
import json
import zipfile
from importlib.metadata import distribution
from pathlib import Path

from snnlab import __version__
from snnlab.classroom.assignments.spreadsheets import write_whole
from snnlab.classroom.brought import FOLDER

ARCHIVE = "snnlab-students"
"""Name of the zip file and of the folder in it."""
PACKAGE = Path(__file__).parents[2]
"""The folder `snnlab` of the library."""
LEFT_OUT = (".", "__pyc", FOLDER)
"""Beginnings of names that are no part of the library."""
README = Path(__file__).with_name("student_readme.md")


def write_archive(course: Path) -> Path:
    """Write `release/snnlab-students.zip` with the released notebooks and this library.

    Equal files give an equal archive, byte for byte.

    Args:
        course: the course folder.

    Raises:
        ValueError: nothing is released.
    """
    released = sorted((course / "release").glob("*/*.ipynb"))
    if not released:
        raise ValueError(f"{course / 'release'} holds no notebook; first: snnlab assign release")
    files = {"README.md": README.read_bytes()}
    files |= {file.name: file.read_bytes() for file in released}
    files |= {f"library/{name}": data for name, data in library().items()}
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(f"{ARCHIVE}/{name}")  # dated 1980: the same each time
            info.create_system, info.external_attr = 3, 0o644 << 16
            archive.writestr(info, files[name], zipfile.ZIP_DEFLATED)
    target = course / "release" / f"{ARCHIVE}.zip"
    write_whole(target, stream.getvalue())
    return target


def library() -> dict[str, bytes]:
    """The files of this library by name, whether installed from a clone or a wheel."""
    files = {}
    for path in PACKAGE.rglob("*"):
        name = path.relative_to(PACKAGE.parent)
        if path.is_file() and not any(part.startswith(LEFT_OUT) for part in name.parts):
            files[name.as_posix()] = path.read_bytes()
    files["pyproject.toml"] = project().encode()
    licence = distribution("snnlab").read_text("licenses/LICENSE")
    return files | ({"LICENSE": licence.encode()} if licence else {})


def project() -> str:
    """A `pyproject.toml` with what the installed library needs."""
    installed = distribution("snnlab")
    needs = [need for need in installed.requires or () if "extra ==" not in need]
    supported = installed.metadata["Requires-Python"]
    return f"""\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "snnlab"
version = "{__version__}"
requires-python = {json.dumps(supported)}
dependencies = {json.dumps(needs, indent=4)}

[project.scripts]
snnlab = "snnlab.cli:main"

[tool.hatch.build.targets.wheel]
packages = ["snnlab"]
"""

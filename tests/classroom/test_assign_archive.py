"""What students get: notebooks without solutions and a library that installs, in one archive."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import get_args

import pytest
from packaging.requirements import Requirement

from snnlab.classroom.assignments import student_archive
from snnlab.classroom.assignments.catalogue import ASSIGNMENTS
from snnlab.classroom.assignments.notebooks.reading import read_notebook
from snnlab.classroom.assignments.student_archive import ARCHIVE, write_archive
from snnlab.cli.assign import Step

COURSE = Path(__file__).parents[2] / "notebooks" / "assignments"


@pytest.fixture
def course(tmp_path: Path) -> Path:
    shutil.copytree(COURSE / "release", tmp_path / "course" / "release")
    return tmp_path / "course"


@pytest.fixture
def unpacked(course: Path, tmp_path: Path) -> Path:
    with zipfile.ZipFile(write_archive(course)) as archive:
        archive.extractall(tmp_path)
    return tmp_path / ARCHIVE


def test_it_holds_what_was_released_and_nothing_of_the_teachers(unpacked: Path) -> None:
    names = {path.name for path in unpacked.iterdir()}
    assert names == {"README.md", "library", *(f"{name}.ipynb" for name in ASSIGNMENTS)}
    for name in ASSIGNMENTS:
        released = COURSE / "release" / name / f"{name}.ipynb"
        assert (unpacked / f"{name}.ipynb").read_bytes() == released.read_bytes()
    assert {path.name for path in (unpacked / "library").iterdir()} >= {"snnlab", "pyproject.toml"}
    files = [path for path in unpacked.rglob("*") if path.is_file()]
    for path in files:
        assert not {"source", "tests", "__pycache__"} & set(path.relative_to(unpacked).parts)
        assert path.name != "TEACHERS_GUIDE.md"
    assert len([path for path in files if path.suffix == ".ipynb"]) == len(ASSIGNMENTS)


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_it_holds_no_written_solution(name: str, unpacked: Path) -> None:
    source = read_notebook(COURSE / "source" / name / f"{name}.ipynb")
    written = [
        line
        for cell in source.cells
        if cell.cell_type == "markdown" and cell.metadata.get("nbgrader")
        for line in cell.source.split("\n")
    ]
    files = [path for path in unpacked.rglob("*") if path.suffix in (".py", ".md", ".ipynb")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)
    assert not [line for line in written if line in text]


def test_equal_files_give_an_equal_archive(course: Path) -> None:
    first = write_archive(course).read_bytes()
    assert write_archive(course).read_bytes() == first


def test_it_is_made_of_an_installed_library_too(
    course: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / ".venv" / "lib" / "site-packages" / "snnlab"
    shutil.copytree(student_archive.PACKAGE, place)
    from_here = write_archive(course).read_bytes()
    monkeypatch.setattr(student_archive, "PACKAGE", place)
    assert write_archive(course).read_bytes() == from_here


def test_nothing_released_is_said(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="snnlab assign release"):
        write_archive(tmp_path)


def test_its_library_can_be_installed_from_its_own_description(unpacked: Path) -> None:
    project = tomllib.loads((unpacked / "library" / "pyproject.toml").read_text(encoding="utf-8"))
    needs = {Requirement(need).name for need in project["project"]["dependencies"]}
    assert {"torch", "jupyterlab", "ipywidgets", "nbconvert"} <= needs
    assert not {"pytest", "nbgrader"} & needs
    assert project["project"]["scripts"]["snnlab"] == "snnlab.cli:main"


def test_its_readme_names_files_that_are_there(unpacked: Path) -> None:
    text = (unpacked / "README.md").read_text(encoding="utf-8")
    commands = re.findall(r"^    (.+)$", text, re.M)
    assert len(commands) >= 6
    for notebook in set(re.findall(r"\w+\.ipynb", text)):
        assert (unpacked / notebook).is_file()
    assert (unpacked / "library").is_dir()


@pytest.mark.slow
def test_its_library_checks_a_notebook_by_itself(unpacked: Path) -> None:
    code = "from snnlab.cli.main import main; main(['assign', 'check', 'a1_neuron.ipynb'])"
    said = subprocess.run(
        [sys.executable, "-c", code],
        cwd=unpacked,
        env=os.environ | {"PYTHONPATH": str(unpacked / "library")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "0 of 4 tasks right so far" in said.stdout


@pytest.mark.parametrize("page", ["README.md", "TEACHERS_GUIDE.md"])
def test_what_teachers_read_names_steps_and_files_that_exist(page: str) -> None:
    text = (COURSE / page).read_text(encoding="utf-8")
    steps = set(re.findall(r"snnlab\s+assign\s+(\w+)", text))
    assert len(steps) >= 3
    assert steps <= set(get_args(get_args(Step)[0]))
    for file in re.findall(r"\]\((\w[\w./]+)\)", text):
        assert (COURSE / file).exists(), file
    for file in re.findall(r"notebooks/assignments/[\w./]+\w", text):
        assert (COURSE.parents[1] / file).exists(), file

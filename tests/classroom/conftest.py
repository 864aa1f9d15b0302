"""All exercises and questions of the room, by `module.name`."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

import snnlab.classroom
from snnlab.classroom.assignments.walls import kernel
from snnlab.classroom.assignments.walls.workplace import Workplace
from snnlab.classroom.checking import Exercise
from snnlab.classroom.questions import Question
from tests.classroom.quick_course import (  # noqa: F401 (fixtures)
    done,
    folder,
    graded,
    marked,
    released,
    waiting,
)

FOLDER = Path(snnlab.classroom.__file__).parent


def everything() -> dict[str, Exercise | Question]:
    """What stands in the files `*_exercises.py`."""
    found = {}
    for file in sorted(FOLDER.glob("*_exercises.py")):
        module = importlib.import_module(f"snnlab.classroom.{file.stem}")
        for name, value in vars(module).items():
            if isinstance(value, Exercise | Question):
                found[f"{file.stem.removesuffix('_exercises')}.{name}"] = value
    return found


def pytest_generate_tests(metafunc) -> None:
    """Run a test that asks for `exercise` or `question` with each of them."""
    for asked, kind in (("exercise", Exercise), ("question", Question)):
        if asked in metafunc.fixturenames:
            chosen = {name: v for name, v in everything().items() if isinstance(v, kind)}
            metafunc.parametrize(asked, chosen.values(), ids=chosen)


@pytest.fixture(scope="session")
def workplace() -> Iterator[Workplace]:
    """A process that is ready to run notebooks, walls and all where there are any."""
    with Workplace(walls=kernel.landlock_version() > 0) as place:
        yield place

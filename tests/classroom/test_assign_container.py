"""The recipe of the container for grading fits the package."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
RECIPE = (ROOT / "notebooks" / "assignments" / "Dockerfile").read_text("utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def test_its_python_is_one_of_ours() -> None:
    found = re.search(r"^FROM python:(3\.\d+)-slim$", RECIPE, re.MULTILINE)
    assert found is not None
    ours = [line.rsplit(" ", 1)[-1] for line in PROJECT["project"]["classifiers"]]
    assert found[1] in ours


def test_what_it_copies_is_there() -> None:
    copied = re.findall(r"^COPY (.+) \S+$", RECIPE, re.MULTILINE)
    names = [name for line in copied for name in line.split()]
    assert {"pyproject.toml", "snnlab", PROJECT["project"]["readme"]} <= set(names)
    assert all((ROOT / name).exists() for name in names)
    assert set(PROJECT["project"]["license-files"]) <= set(names)


def test_it_installs_what_grading_needs_and_starts_it() -> None:
    (extras,) = re.findall(r'"\.\[(.+)\]"', RECIPE)
    assert set(extras.split(",")) <= set(PROJECT["project"]["optional-dependencies"])
    (program,) = re.findall(r'^ENTRYPOINT \["(\w+)", "assign"\]$', RECIPE, re.MULTILINE)
    assert program in PROJECT["project"]["scripts"]


def test_its_command_leaves_nothing_open() -> None:
    for option in (
        "--network none",
        "--read-only",
        "--cap-drop ALL",
        "--security-opt no-new-privileges",
    ):
        assert option in RECIPE
    assert re.search(r"^USER (?!root)", RECIPE, re.MULTILINE)

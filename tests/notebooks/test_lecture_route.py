"""The page for lecturers names what is there, and its minutes and weeks add up."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest

from tests.notebooks.conftest import sections_with_notes

FOLDER = Path(__file__).resolve().parent.parent.parent / "notebooks"
PAGE = (FOLDER / "lecture" / "README.md").read_text(encoding="utf-8")
STEMS = sorted(path.stem for path in FOLDER.glob("[0-9]*.ipynb"))
ASSIGNMENTS = sorted(path.name for path in (FOLDER / "assignments" / "source").glob("a*"))


def table(heading):
    """The rows of the first table below a heading, as lists of cells."""
    below = re.split(rf"^#+ {heading}$", PAGE, flags=re.MULTILINE)[1]
    found = re.search(r"(?:^\|.*\n)+", below, re.MULTILINE)
    rows = [[cell.strip() for cell in line[1:-1].split("|")] for line in found[0].splitlines()]
    return rows[2:]


ROUTE = table("One lecture of 90 minutes")
LONG, SHORT = table("A course of ten weeks"), table("The same in six weeks")
LABS = table("Three labs")


def names(cell):
    return re.findall(r"`(\w+)`", cell)


def test_the_route_takes_90_minutes_and_60_without_what_can_go():
    spent = 0
    for at, minutes, *_ in ROUTE:
        assert int(at) == spent
        spent += int(minutes.rstrip("* "))
    assert spent == 90
    assert sum(int(row[1]) for row in ROUTE if not row[1].endswith("*")) == 60


def test_the_route_goes_through_sections_that_are_there():
    for _, _, slides, screen, asked in ROUTE:
        if slides == "a break":
            continue
        number, section = slides.split(": ", 1)
        (stem,) = [stem for stem in STEMS if stem.startswith(number)]
        notebook = nbformat.read(FOLDER / f"{stem}.ipynb", as_version=4)
        assert section in ["title", *sections_with_notes(notebook)], slides
        assert screen
        assert asked.endswith(("?", ".")), slides


def test_the_long_plan_and_the_labs_have_every_notebook_and_every_assignment_once():
    weeks = [name for row in LONG for name in names(row[1])]
    assert weeks + [name for row in LABS for name in names(row[0])] == STEMS
    for column in (2, 3):
        named = [name for row in LONG for name in names(row[column])]
        assert sorted(named) == sorted([*ASSIGNMENTS, "capstone"])


@pytest.mark.parametrize(("plan", "weeks"), [(LONG, 10), (SHORT, 6)])
def test_a_plan_gives_out_what_the_class_is_ready_for(plan, weeks):
    assert [row[0] for row in plan] == [str(week + 1) for week in range(weeks)]
    taught = {name[:2]: week for week, row in enumerate(plan) for name in names(row[1])}
    out = {name: week for week, row in enumerate(plan) for name in names(row[2])}
    back = {name: week for week, row in enumerate(plan) for name in names(row[3])}
    assert set(out) == set(back) <= {*ASSIGNMENTS, "capstone"}
    for name, week in out.items():
        assert back[name] > week, name
        for number in before(name):
            assert taught[number] <= week, f"{name} comes before notebook {number}"


def before(name):
    """The notebooks that an assignment asks for in its header."""
    if name == "capstone":
        return ["05"]
    file = FOLDER / "assignments" / "source" / name / f"{name}.ipynb"
    header = nbformat.read(file, as_version=4).cells[0].source
    (line,) = re.findall(r"^\| Before it \| notebooks (.+) \|$", header, re.MULTILINE)
    return re.findall(r"\d\d", line)


def test_links_lead_somewhere():
    for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", PAGE):
        assert link.startswith("https://") or (FOLDER / "lecture" / link).exists(), link
    for file in ("README.md", "assignments/TEACHERS_GUIDE.md"):
        assert "lecture/README.md" in (FOLDER / file).read_text(encoding="utf-8")


def test_commands_are_those_of_the_makefile():
    makefile = (FOLDER.parent / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"\bmake (\w+)", PAGE):
        assert f"\n{target}:" in makefile, target


def test_pages_of_the_dashboard_have_the_names_they_are_given():
    navigation = (FOLDER.parent / "snnlab" / "dashboard" / "navigation.py").read_text("utf-8")
    for title in ("Neuron lab", "Train", "Sigma map", "Compare", "Teacher"):
        assert f"*{title}*" in PAGE
        assert f'"{title}"' in navigation


def test_a_lab_needs_what_its_notebook_says():
    for lab, needs, asked in LABS:
        (stem,) = names(lab)
        header = nbformat.read(FOLDER / f"{stem}.ipynb", as_version=4).cells[0].source
        (line,) = re.findall(r"^\| What you need \| (.+) \|$", header, re.MULTILINE)
        assert re.findall(r"\[(\d\d) ", line) == needs.split(", ")
        assert asked.endswith("?")

"""Two who wrote one answer are named; a class that solved small tasks alike is not."""

from __future__ import annotations

import shutil
from pathlib import Path

import nbformat
import pytest

from snnlab.classroom.assignments.notebooks.marks import grade_id
from snnlab.classroom.assignments.notebooks.reading import read_notebook
from snnlab.classroom.assignments.similarity import SOLUTION, similar, similar_text

COURSE = Path(__file__).parents[2] / "notebooks" / "assignments"
NAME = "a1_neuron"
LOOP = """def trace(currents, v_th, beta, v_init):
    v, spikes, after = v_init, [], []
    for current in currents:
        h = charge(v, current, beta)
        s = fire(h, v_th)
        v = reset(h, s, v_th)
        spikes.append(s)
        after.append(v)
    return np.array(spikes), np.array(after)"""
BY_INDEX = """def trace(currents, v_th, beta, v_init):
    T = len(currents)
    spikes, v = np.zeros(T), np.zeros(T)
    last = v_init
    for t in range(T):
        h = beta * last + currents[t]
        if h >= v_th:
            spikes[t] = 1
        v[t] = h - v_th * spikes[t]
        last = v[t]
    return spikes, v"""
ODD = """def trace(currents, v_th, beta, v_init):
    state = {"v": v_init, "log": []}
    def step(pair):
        place, x = pair
        up = state["v"] * beta + x
        hit = up >= v_th
        state["v"] = up - (v_th if hit else 0.0)
        state["log"].append((place, int(hit), state["v"]))
        return hit
    total = sum(map(step, enumerate(currents)))
    rows = sorted(state["log"], key=lambda row: row[0])
    assert total == sum(row[1] for row in rows)
    return np.array([row[1] for row in rows]), np.array([row[2] for row in rows])"""
DISGUISED = (
    ODD.replace("state", "memory")
    .replace("step", "advance")
    .replace("total", "how_many")
    .replace("place, x", "n, value")
    .replace("(place,", "(n,")
    .replace("+ x", "+ value")
    .replace("    rows", '    # put in order\n    unused = "7"\n    rows')
)
SAID = "The rate tends to 0.3 because every spike carries one whole threshold of charge away."


def hand_in(course: Path, student: str, answers: dict[str, str]) -> None:
    notebook = read_notebook(COURSE / "release" / NAME / f"{NAME}.ipynb")
    for cell in notebook.cells:
        if grade_id(cell) in answers:
            cell.source = answers[grade_id(cell)]
    file = course / "submitted" / student / NAME / f"{NAME}.ipynb"
    file.parent.mkdir(parents=True)
    nbformat.write(notebook, file)


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """Twelve honest students with two styles between them."""
    for part in ("release", "source"):
        shutil.copytree(COURSE / part / NAME, tmp_path / part / NAME)
    small = {"charge": "def charge(v, current, beta):\n    return v * beta + current"}
    for number in range(12):
        style = LOOP if number % 2 else BY_INDEX
        hand_in(tmp_path, f"honest{number:02}", small | {"trace": style})
    return tmp_path


def names(course: Path) -> list[tuple[str, str, str]]:
    return [(each.task, each.one, each.other) for each in similar(course, [NAME])]


def test_what_many_write_alike_is_not_listed(course: Path) -> None:
    assert names(course) == []
    assert "Nothing stands out" in similar_text([])


def test_a_copy_in_disguise_is_listed_with_both_files(course: Path) -> None:
    hand_in(course, "ada", {"trace": ODD})
    hand_in(course, "bo", {"trace": DISGUISED})
    (found,) = similar(course)
    assert (found.task, found.one, found.other) == ("trace", "ada", "bo")
    assert found.share > 0.8
    for file in (found.one_file, found.other_file):
        assert (course / file).is_file()
        assert file in similar_text([found])
    assert "not what happened" in similar_text([found])


def test_a_copy_in_a_cell_of_its_own_is_found(course: Path) -> None:
    hand_in(course, "ada", {"trace": ODD})
    hand_in(course, "bo", {})
    file = course / "submitted" / "bo" / NAME / f"{NAME}.ipynb"
    notebook = read_notebook(file)
    notebook.cells = [cell for cell in notebook.cells if grade_id(cell) != "trace"]
    notebook.cells.append(nbformat.v4.new_code_cell(DISGUISED))
    nbformat.write(notebook, file)
    assert names(course) == [("trace", "ada", "bo")]


def test_the_solution_of_the_course_tells_nothing_about_code(course: Path) -> None:
    source = read_notebook(course / "source" / NAME / f"{NAME}.ipynb")
    answers = {grade_id(cell): cell.source for cell in source.cells if grade_id(cell)}
    for student in ("ada", "bo"):
        hand_in(course, student, {name: answers[name] for name in ("trace", "reset")})
    assert names(course) == []


def test_equal_sentences_in_written_answers_are_quoted(course: Path) -> None:
    hand_in(course, "ada", {"explain": f"1. {SAID}\n2. I do not know."})
    hand_in(course, "bo", {"explain": f"I think so. {SAID.upper()} And so on."})
    (found,) = similar(course)
    assert (found.task, found.one, found.other) == ("explain", "ada", "bo")
    assert found.sentences == (SAID.lower().replace("0.3", "0 3").rstrip("."),)
    assert found.sentences[0] in similar_text([found])


def test_the_written_solution_is_recognised_and_the_question_is_not(course: Path) -> None:
    source = read_notebook(course / "source" / NAME / f"{NAME}.ipynb")
    written = next(cell.source for cell in source.cells if grade_id(cell) == "explain")
    question = source.cells[-2].source
    hand_in(course, "ada", {"explain": f"{question}\n\nYes."})
    hand_in(course, "bo", {"explain": f"{question}\n\nNo."})
    hand_in(course, "cy", {"explain": written.split("\n")[2]})
    assert [(each.one, each.other) for each in similar(course)] == [(SOLUTION, "cy")]


def test_code_that_cannot_be_read_and_damaged_files_stop_nothing(course: Path) -> None:
    hand_in(course, "ada", {"trace": "def trace(:\n  ((("})
    hand_in(course, "bo", {})
    (course / "submitted" / "bo" / NAME / f"{NAME}.ipynb").write_bytes(b"{")
    assert names(course) == []

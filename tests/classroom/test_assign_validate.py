"""nbgrader's own Validate tells right from wrong; the course, which is not its own, has none."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from jupyterlab_server.config import get_page_config
from nbclient import NotebookClient
from nbformat import NotebookNode
from nbgrader.validator import Validator

from snnlab.classroom.assignments.catalogue import ASSIGNMENTS
from snnlab.classroom.assignments.notebooks.marks import grade_id
from snnlab.classroom.assignments.notebooks.reading import read_notebook

ROOT = Path(__file__).parents[2]
COURSE = ROOT / "notebooks" / "assignments"
NAME = "a1_neuron"


@pytest.fixture(autouse=True)
def _kernels_use_this_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def released(name: str = NAME) -> NotebookNode:
    return read_notebook(COURSE / "release" / name / f"{name}.ipynb")


def solved() -> NotebookNode:
    """The released notebook with the right answers in it."""
    source = read_notebook(COURSE / "source" / NAME / f"{NAME}.ipynb")
    answers = {grade_id(cell): cell.source for cell in source.cells if grade_id(cell)}
    notebook = released()
    for cell in notebook.cells:
        if grade_id(cell) and cell.metadata.nbgrader.solution:
            cell.source = answers[grade_id(cell)]
    return notebook


def failed(notebook: NotebookNode, folder: Path) -> list[str]:
    """The cells that fail validation, by what they hold."""
    nbformat.write(notebook, folder / f"{NAME}.ipynb")
    found = Validator().validate(str(folder / f"{NAME}.ipynb"))
    assert set(found) <= {"failed"}
    return [entry["source"] for entry in found.get("failed", [])]


@pytest.mark.slow
def test_validation_fails_where_nothing_is_answered(tmp_path: Path) -> None:
    tasks = [task.name for task in ASSIGNMENTS[NAME].tasks]
    wanted = [f"{NAME}.{task}.check({task})" for task in tasks]
    assert failed(released(), tmp_path) == [*wanted, "YOUR ANSWER HERE"]


@pytest.mark.slow
def test_validation_succeeds_where_all_is_right(tmp_path: Path) -> None:
    assert failed(solved(), tmp_path) == []


@pytest.mark.slow
def test_validation_fails_for_one_wrong_answer(tmp_path: Path) -> None:
    notebook = solved()
    for cell in notebook.cells:
        if grade_id(cell) == "reset":
            cell.source = "def reset(h, spike, v_th):\n    return h * (1 - spike)"
        if grade_id(cell) == "trace":
            cell.source = cell.source.replace("reset(h, spike, v_th)", "h - v_th * spike")
    assert failed(notebook, tmp_path) == [f"{NAME}.reset.check(reset)"]


@pytest.mark.slow
def test_all_cells_run_although_nothing_is_answered() -> None:
    """What cannot work yet carries the tag `raises-exception`: all checks speak, and in a line."""
    notebook = released()
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    for cell in notebook.cells:
        if grade_id(cell).startswith("check_"):
            box, line = cell.outputs
            assert "Not yet" in box.data["text/html"]
            assert line.ename == "NotYet"
            assert len(line.traceback) == 1


def test_the_course_does_not_offer_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """JupyterLab reads the settings that `make lab` names."""

    def disabled() -> set[str]:
        return {name for name in get_page_config([])["disabledExtensions"] if "nbgrader" in name}

    assert disabled() == set()
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", str(COURSE.parent / ".jupyter"))
    assert disabled() == {"@jupyter/nbgrader"}

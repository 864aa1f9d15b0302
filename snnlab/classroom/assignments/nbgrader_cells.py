"""Steps for nbgrader: restore a notebook, and grade it without running it in a kernel.

`notebooks/assignments/nbgrader_config.py` replaces nbgrader's own steps, which would run a
student's notebook in a kernel, by these, so that formgrader and `nbgrader autograde` are as careful
as `snnlab assign grade`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbgrader.preprocessors import (
    AssignLatePenalties,
    CheckCellMetadata,
    LimitOutput,
    NbGraderPreprocessor,
    OverwriteCells,
    OverwriteKernelspec,
    SaveAutoGrades,
)
from traitlets import Unicode

from snnlab.classroom.assignments.catalogue import ASSIGNMENTS
from snnlab.classroom.assignments.grading.verdicts import Verdict, judged
from snnlab.classroom.assignments.notebooks.marks import check_id, grade_id
from snnlab.classroom.assignments.notebooks.reading import read_notebook
from snnlab.classroom.assignments.notebooks.restoring import restored
from snnlab.classroom.assignments.task import course_seed

Results = Mapping[tuple[str, str], Sequence[Verdict]]
"""Verdicts by student and assignment."""


class RestoreCells(NbGraderPreprocessor):
    """Restores locked cells to their released form; see `restored`."""

    release = Unicode("release", help="Folder of the released notebooks").tag(config=True)

    def preprocess(
        self, nb: NotebookNode, resources: dict[str, Any]
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Restore one notebook."""
        name, notebook = (resources["nbgrader"][key] for key in ("assignment", "notebook"))
        released = Path(self.release) / name / f"{notebook}.ipynb"
        return restored(nb, read_notebook(released)), resources


class JudgeCells(NbGraderPreprocessor):
    """Writes verdict and points below each check cell; nothing runs in a kernel.

    Args:
        results: known verdicts; notebooks without one are judged now.
    """

    def __init__(self, results: Results | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.results = results or {}

    def preprocess(
        self, nb: NotebookNode, resources: dict[str, Any]
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Judge one notebook."""
        student, name = (resources["nbgrader"][key] for key in ("student", "assignment"))
        found = self.results.get((student, name))
        if found is None and name in ASSIGNMENTS:
            ((_, found),) = judged([(student, nb)], ASSIGNMENTS[name], course_seed(), walls=True)
        by_cell = {check_id(verdict.task): verdict for verdict in found or ()}
        for cell in nb.cells:
            if grade_id(cell) in by_cell:
                cell.outputs = outputs_of(by_cell[grade_id(cell)])
        return nb, resources


def outputs_of(verdict: Verdict) -> list[NotebookNode]:
    """The diagnosis, and the points as nbgrader reads them."""
    said = verdict.diagnosis
    sign = "✓" if said.passed else "✗"
    page = f"<div><strong>{sign} {escape(said.verdict)}</strong> {for_page(said.message)}</div>"
    if said.hint and not said.passed:
        page += f"<div>Hint: {for_page(said.hint)}</div>"
    page = f'<div class="tex2jax_ignore">{page}</div>'  # a dollar sign must not begin a formula
    return [
        nbformat.v4.new_output("display_data", {"text/html": page, "text/plain": str(said)}),
        nbformat.v4.new_output("execute_result", {"text/plain": f"{verdict.points:g}"}),
    ]


def for_page(text: str) -> str:
    """Text in HTML, with code between backticks as such, and places to break endless words."""
    broken = re.sub(r"(\S{60})", "\\1\u200b", text)
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(broken))


PUT_IN_ORDER = [RestoreCells, OverwriteKernelspec, OverwriteCells, CheckCellMetadata]
"""Replaces nbgrader's `Autograde.sanitize_preprocessors`."""


def grading_steps(results: Results | None = None) -> list[Any]:
    """Replaces nbgrader's `Autograde.autograde_preprocessors`, which execute the notebook.

    Args:
        results: see `JudgeCells`.
    """
    judge = JudgeCells if results is None else JudgeCells(results)
    return [judge, LimitOutput, SaveAutoGrades, AssignLatePenalties, CheckCellMetadata]

"""The answers in a student's saved notebooks: found, and run as their notebook runs them."""

from __future__ import annotations

import ast
import linecache
import re
from collections.abc import Iterator
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from snnlab.classroom.assignments.notebooks.reading import UnreadableNotebook, read_notebook
from snnlab.classroom.assignments.walls.session import Shell, code_in
from snnlab.classroom.calling import call, random_states_kept
from snnlab.classroom.diagnosis import Diagnosis
from snnlab.classroom.faults import NOT_WRITTEN, missing, told_by_kind
from snnlab.classroom.judging import Judge

SECONDS = 10.0
"""On the clock, for the cell of an answer."""
SECONDS_OF_SCENE = 120.0
"""On the clock, for what the other cells import: a busy machine may take long."""
SCENE = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
"""What an answer may need from the other cells, beside constants; nothing else of them is run."""


class SavedNotebook:
    """A notebook as it was saved last.

    Args:
        file: where it lies.

    Raises:
        UnreadableNotebook: when its cells are asked for, and it is none.
    """

    def __init__(self, file: Path) -> None:
        self.file = file

    @property
    def told(self) -> str:
        """Its name, and when it was saved."""
        saved = datetime.fromtimestamp(self.file.stat().st_mtime)
        return f"{self.file.name}, saved {saved.day} {saved:%b, %H:%M}"

    @cached_property
    def cells(self) -> list[NotebookNode]:
        """Its cells of code."""
        return [cell for cell in read_notebook(self.file).cells if cell.cell_type == "code"]

    def has_tag(self, name: str) -> bool:
        """Whether some cell is that of this exercise; False for what is no notebook."""
        try:
            return f'"exercise:{name}"'.encode() in self.file.read_bytes() and any(
                is_tagged(cell, name) for cell in self.cells
            )
        except (OSError, UnreadableNotebook):
            return False

    def answer(self, name: str, judge: Judge) -> tuple[Any, Diagnosis] | None:
        """The function of this name and what its check says; None: no cell holds it.

        Of several cells the last one counts that holds more than the three dots.
        """
        best: tuple[Any, Diagnosis] | None = None
        for cell in self.holding(name):
            found = self.run(cell, name, judge)
            if found[1] != NOT_WRITTEN:
                return found
            best = best or found
        return best

    def holding(self, name: str) -> Iterator[NotebookNode]:
        """The cells that hold an answer, or its place, from the last one on."""
        gives = re.compile(rf"^(def {name}\b|{name} *=)", re.MULTILINE)
        for cell in reversed(self.cells):
            if is_tagged(cell, name) or gives.search(cell.source):
                yield cell

    def run(self, cell: NotebookNode, name: str, judge: Judge) -> tuple[Any, Diagnosis]:
        """Run the cell of an answer in a scope of its own, and judge the function."""
        scope: dict[str, Any] = {"__name__": "__main__"}
        shell = Shell(lambda code, magic: exec(code_in(code), scope))
        scope |= {"get_ipython": lambda: shell, "display": lambda *what, **how: None}

        here = self.cells.index(cell)

        def set_scene() -> None:
            for place in range(len(self.cells)):
                if place != here:
                    self.set_scene(place, scope)

        with random_states_kept():
            call(set_scene, (), seconds=SECONDS_OF_SCENE)
            scope.pop(name, None)
            outcome = call(lambda: exec(self.compiled(here), scope), (), seconds=SECONDS)
        if name in scope:
            return scope[name], judge.check(scope[name])
        told = told_by_kind(outcome.error) if outcome.error else None
        return None, told or missing(outcome.error)

    def set_scene(self, place: int, scope: dict[str, Any]) -> None:
        """Run the imports, definitions and constants of a cell, as far as they can be run."""
        try:
            tree = ast.parse(code_in(self.cells[place].source))
        except (SyntaxError, ValueError):
            return
        for statement in tree.body:
            if isinstance(statement, SCENE) or is_constant(statement):
                try:
                    exec(compile(ast.Module([statement], []), self.title(place), "exec"), scope)
                except Exception:  # what the answer then lacks, its own check tells
                    continue

    def compiled(self, place: int) -> Any:
        """A cell as code whose lines can be quoted."""
        title, code = self.title(place), code_in(self.cells[place].source)
        linecache.cache[title] = (len(code), None, code.splitlines(keepends=True), title)
        return compile(code, title, "exec", dont_inherit=True)

    def title(self, place: int) -> str:
        """How tracebacks call a cell."""
        return f"<cell {place + 1} of {self.file.name}>"


def is_tagged(cell: NotebookNode, name: str) -> bool:
    """Whether a cell is that of an exercise."""
    tags = cell.metadata.get("tags", [])
    return isinstance(tags, list) and f"exercise:{name}" in tags


def is_constant(statement: ast.stmt) -> bool:
    """Whether a statement gives names to plain values."""
    if not isinstance(statement, ast.Assign):
        return False
    try:
        ast.literal_eval(statement.value)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False
    return True

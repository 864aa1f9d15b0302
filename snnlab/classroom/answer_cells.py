"""The answers in a student's saved notebooks: found, and run as their notebook runs them."""

from __future__ import annotations

import ast
import builtins
import contextlib
import dis
import linecache
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from types import CodeType
from typing import Any

from nbformat import NotebookNode

from snnlab.classroom.assignments.notebooks.reading import UnreadableNotebook, read_notebook
from snnlab.classroom.assignments.walls.session import Shell, code_in
from snnlab.classroom.calling import call, random_states_kept
from snnlab.classroom.diagnosis import Diagnosis
from snnlab.classroom.faults import NOT_WRITTEN, missing, told_by_kind
from snnlab.classroom.judging import Judge

SECONDS = 10.0
"""Seconds of wall-clock time for the cell of an answer."""
SECONDS_OF_OTHERS = 120.0
"""The same for the code that it needs of other cells: imports take long on a busy machine."""


@dataclass(frozen=True)
class Statement:
    """A statement of a cell, and the names by which an answer may need it."""

    place: int
    """Index of its cell."""
    code: CodeType
    gives: frozenset[str]
    """Names that it binds; `*` where it imports all of a module."""
    reads: frozenset[str]
    """Global names that it uses, now or when one of its functions is called."""


class SavedNotebook:
    """A notebook as it was saved last.

    Args:
        file: its path.

    Raises:
        UnreadableNotebook: from `cells`, if the file is no notebook.
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
        """Its code cells."""
        return [cell for cell in read_notebook(self.file).cells if cell.cell_type == "code"]

    def has_tag(self, name: str) -> bool:
        """Whether a cell belongs to this exercise; False if the file is no notebook."""
        try:
            return f'"exercise:{name}"'.encode() in self.file.read_bytes() and any(
                is_tagged(cell, name) for cell in self.cells
            )
        except (OSError, UnreadableNotebook):
            return False

    def answer(self, name: str, judge: Judge) -> tuple[Any, Diagnosis] | None:
        """The function of this name and its diagnosis; None if no cell has it or its template.

        Of several cells, the last right one counts; if none is right, the last one that is more
        than the three dots of the template.
        """
        found: list[tuple[Any, Diagnosis]] = []
        for place in self.holding(name):
            found.append(self.run(place, name, judge))
            if found[-1][1].passed:
                break
        return min(found, key=lambda each: how_far(*each), default=None)

    def holding(self, name: str) -> Iterator[int]:
        """Indices of the cells with an answer or its template, the last one first."""
        gives = re.compile(rf"^(def {name}\b|{name} *[:=])", re.MULTILINE)
        for place, cell in reversed(list(enumerate(self.cells))):
            if is_tagged(cell, name) or gives.search(cell.source):
                yield place

    def run(self, place: int, name: str, judge: Judge) -> tuple[Any, Diagnosis]:
        """Run the cell of an answer in a scope of its own, and judge the function."""
        scope: dict[str, Any] = {"__name__": "__main__"}
        shell = Shell(lambda code, magic: exec(code_in(code), scope))
        scope |= {"get_ipython": lambda: shell, "display": lambda *what, **how: None}
        with random_states_kept():
            call(lambda: self.run_others(place, scope), (), seconds=SECONDS_OF_OTHERS)
            scope.pop(name, None)
            outcome = call(lambda: exec(self.compiled(place), scope), (), seconds=SECONDS)
        if name in scope:
            return scope[name], judge.check(scope[name])
        told = told_by_kind(outcome.error) if outcome.error else None
        return None, told or missing(outcome.error)

    def run_others(self, place: int, scope: dict[str, Any]) -> None:
        """Run the statements of other cells that a cell needs; those that fail are passed over.

        Cells below are used only for names that no cell above defines.
        """
        for statement in self.needed_by(place):
            there = scope.keys() | vars(builtins).keys()
            if statement.place < place or not statement.gives <= there:
                try:
                    exec(statement.code, scope)
                except Exception:  # if the answer needs it, its check will say so
                    continue

    def needed_by(self, place: int) -> list[Statement]:
        """The statements of other cells that define names which a cell uses, directly or not."""
        others = [each for each in self.statements if each.place != place]
        names, needed = {"*", *read_by(self.compiled(place))}, set[Statement]()
        while more := {each for each in others if each.gives & names} - needed:
            needed |= more
            names |= {name for each in more for name in each.reads}
        return [each for each in others if each in needed]

    @cached_property
    def statements(self) -> list[Statement]:
        """All statements of the cells that can be parsed as Python."""
        found = []
        for place, cell in enumerate(self.cells):
            with contextlib.suppress(SyntaxError, ValueError):
                for tree in ast.parse(code_in(cell.source)).body:
                    code = compile(ast.Module([tree], []), self.title(place), "exec")
                    star = isinstance(tree, ast.ImportFrom) and tree.names[0].name == "*"
                    gives = frozenset("*" if star else given_by(code))
                    found.append(Statement(place, code, gives, frozenset(read_by(code))))
        return found

    def compiled(self, place: int) -> Any:
        """A cell, compiled so that tracebacks can quote its lines."""
        title, code = self.title(place), code_in(self.cells[place].source)
        linecache.cache[title] = (len(code), None, code.splitlines(keepends=True), title)
        return compile(code, title, "exec", dont_inherit=True)

    def title(self, place: int) -> str:
        """The name of a cell in tracebacks."""
        return f"<cell {place + 1} of {self.file.name}>"


def is_tagged(cell: NotebookNode, name: str) -> bool:
    """Whether a cell is tagged as that of an exercise."""
    tags = cell.metadata.get("tags", [])
    return isinstance(tags, list) and f"exercise:{name}" in tags


def read_by(code: CodeType) -> set[str]:
    """Global names that code and the functions in it use."""
    inner = [each for each in code.co_consts if isinstance(each, CodeType)]
    own = {
        each.argval
        for each in dis.get_instructions(code)
        if each.opname in ("LOAD_NAME", "LOAD_GLOBAL", "LOAD_FROM_DICT_OR_GLOBALS")
    }
    return own.union(*map(read_by, inner))


def given_by(code: CodeType) -> set[str]:
    """Names that code binds when it is run."""
    return {each.argval for each in dis.get_instructions(code) if each.opname == "STORE_NAME"}


def how_far(answer: Any, diagnosis: Diagnosis) -> tuple[bool, ...]:
    """A key by which better answers come first."""
    return not diagnosis.passed, diagnosis == NOT_WRITTEN, answer is None

"""Hints and solutions run as they stand, with the names that the notebook has at that point."""

from __future__ import annotations

import ast
import importlib
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from snnlab.classroom.checking import Exercise
from tests.notebooks.conftest import code_of, tagged

FOLDER = Path(__file__).resolve().parent.parent.parent / "notebooks"
STEMS = sorted(path.stem for path in FOLDER.glob("*.ipynb"))
SYMBOLS = {"a": 7, "b": 2, "B": 5, "K": 4, "z": 0.5, "rate": 0.25, "input": np.ones(3)}
"""Of pieces such as `a % b`, which explain an operator or a formula."""


def imported(notebook, until) -> dict[str, Any]:
    """What the import statements of the code cells up to and with this one give."""
    names: dict[str, Any] = {}
    for cell in notebook.cells:
        if cell.cell_type == "code":
            tree = ast.parse(cell.source)
            tree.body = [n for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom)]
            exec(compile(tree, "<imports>", "exec"), names)
        if cell is until:
            return names
    raise AssertionError("no such cell")


def exercise_of(notebook, name) -> Any:
    """What the check of an exercise uses."""
    found = re.match(r"(\w+)\.(\w+)\.check", tagged(notebook, "check")[name].source)
    assert found
    module, attribute = found.groups()
    return getattr(importlib.import_module(f"snnlab.classroom.{module}"), attribute)


def function_in(source, names) -> Any:
    """The last function that a piece of code defines."""
    exec(source, names)
    last = [n for n in ast.parse(source).body if isinstance(n, ast.FunctionDef)][-1]
    return names[last.name]


def locals_of(function, arguments) -> dict[str, Any]:
    """The local variables with which a function ends."""
    found: dict[str, Any] = {}

    def watch(frame, event, _):
        if event == "return" and frame.f_code is function.__code__:
            found.update(frame.f_locals)

    sys.setprofile(watch)
    try:
        function(*arguments)
    finally:
        sys.setprofile(None)
    return found


def pieces(cell) -> list[str]:
    """The code between backticks."""
    return [piece for piece in re.findall(r"`([^`\n]+)`", cell.source) if re.search(r"\w", piece)]


def run(piece, names) -> None:
    """Run a piece of code of a hint: an expression, a statement, or what follows `return`.

    A name that the student chooses, such as `z` or `active`, may come from an earlier piece.
    """
    if piece.startswith("."):  # a method: of a tensor or an array that the student has
        piece = f"example{piece}"
    tree = ast.parse(piece.removeprefix("return "))
    exec(compile(tree, "<hint>", "exec"), names)


@pytest.mark.parametrize("stem", STEMS)
def test_every_solution_and_every_hint_runs_in_the_notebook(stem, read_notebook):
    notebook = read_notebook(stem)
    for name, cell in tagged(notebook, "exercise").items():
        exercise = exercise_of(notebook, name)
        if not isinstance(exercise, Exercise):
            continue
        names = imported(notebook, cell)
        names |= {"example": torch.ones(3, 3, 3)}
        solution = function_in(code_of(tagged(notebook, "solution")[name]), dict(names))
        assert exercise.check(solution).passed
        stub = function_in(cell.source, dict(names))
        argument_names = stub.__code__.co_varnames[: stub.__code__.co_argcount]
        given = dict(zip(argument_names, exercise.calls[0], strict=True))
        chosen = locals_of(solution, exercise.calls[0])
        scope = {**SYMBOLS, **chosen, **names, **given}
        for piece in pieces(tagged(notebook, "hint")[name]):
            run(piece, scope)


def test_what_is_not_imported_is_found(read_notebook):
    with pytest.raises(NameError):
        run("math.floor", {})
    with pytest.raises(SyntaxError):
        run("return a b", {})

"""No small change of a solution passes its check, but those that change nothing.

Each comparison, operator, number and name of the solutions in the notebooks is exchanged for
others, one at a time. Whatever passes is on the list of those that are equal to the solution.
"""

from __future__ import annotations

import ast
import copy
import importlib
import math
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
import torch

from snnlab.classroom.checking import Exercise
from tests.classroom.test_student_answers import exercise_named
from tests.notebooks.conftest import code_of, tagged

FOLDER = Path(__file__).resolve().parent.parent.parent / "notebooks"
COMPARISONS = [ast.Gt, ast.GtE, ast.Lt, ast.LtE, ast.Eq, ast.NotEq]
OPERATORS = [ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow]
TURNS = [("floor", "ceil", "trunc"), ("mean", "sum", "amax", "median"), ("argmax", "argmin")]
LOOPS = """
def residual(current, T, v_init, v_th):
    v = v_init
    for _ in range(T):
        h = v + current
        spike = 1 if h >= v_th else 0
        v = h - v_th * spike
    return v

def rounded_rate(current, T):
    v, count = 0.5, 0
    for _ in range(T):
        h = v + current
        spike = 1 if h >= 1 else 0
        v = h - spike
        count = count + spike
    return count / T
"""
EQUAL = {
    ("predicted_classes", "readout.sum(0).argmax(1)"),
    ("predicted_classes", "readout.mean(0).argmax(-1)"),
    ("active_neurons", "(count > 0) & (count != len(spikes))"),
    ("active_neurons", "(count != 0) & (count < len(spikes))"),
    ("active_neurons", "(count > 0) * (count < len(spikes))"),
    ("accuracy_after_each_timestep", "(choices == labels).float().mean(-1)"),
    ("rounded_rate", "math.trunc(T * current + 0.5)"),  # what is negative becomes 0
    ("noise_from_residuals", "residual[(rate != 0) & (rate < 1)]"),
    ("noise_from_residuals", "residual[(rate > 0) & (rate != 1)]"),
    ("noise_from_residuals", "residual[(rate > 0) * (rate < 1)]"),
    ("gradient_through_rates", "(mean > 0) * (mean < v_th)"),
    ("hits_minus_false_alarms", "0.5 * (0 + math.erf("),  # any number in the place of 1
    ("hits_minus_false_alarms", "0.5 * (2 + math.erf("),
    ("hits_minus_false_alarms", "0.5 * (-1 + math.erf("),
    ("hits_minus_false_alarms", "0.5 * (1 * math.erf("),
}
"""What may pass: the exercise, and a piece of the changed code."""


def solutions() -> Iterator[tuple[str, str, str]]:
    """(topic, exercise, source), of the notebooks and in loops."""
    for path in sorted(FOLDER.glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        for name, cell in tagged(notebook, "check").items():
            topic = cell.source.partition("_exercises")[0]
            exercises = importlib.import_module(f"snnlab.classroom.{topic}_exercises")
            if isinstance(getattr(exercises, name), Exercise):
                yield topic, name, code_of(tagged(notebook, "solution")[name])
    for node in ast.parse(LOOPS).body:
        topic = {"residual": "distribution", "rounded_rate": "conversion"}[node.name]
        yield topic, node.name, ast.unparse(node)


def others(node, names) -> Iterator[tuple[str, object]]:
    """What a node may become: which field, and its new value."""
    if isinstance(node, ast.Compare):
        yield from (("ops", [kind()]) for kind in COMPARISONS if type(node.ops[0]) is not kind)
    elif isinstance(node, ast.BinOp):
        yield from (("op", kind()) for kind in OPERATORS if type(node.op) is not kind)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        new = {0, 1, 2, node.value + 1, node.value - 1, -node.value} - {node.value}
        yield from (("value", number) for number in sorted(new))
    elif isinstance(node, ast.Name) and node.id in names:
        yield from (("id", name) for name in [*names, "1", "0"] if name != node.id)
    elif isinstance(node, ast.Attribute):
        for turn in TURNS:
            yield from (("attr", name) for name in turn if node.attr in turn and name != node.attr)


def mutants(source: str) -> set[str]:
    """The source with one thing changed."""
    tree = ast.parse(source)
    nodes = list(ast.walk(tree))
    names = {
        arg.arg for node in nodes if isinstance(node, ast.FunctionDef) for arg in node.args.args
    }
    found = set()
    for place, node in enumerate(nodes):
        for field, value in others(node, sorted(names)):
            changed = copy.deepcopy(tree)
            setattr(list(ast.walk(changed))[place], field, value)
            found.add(ast.unparse(ast.fix_missing_locations(changed)))
    return found


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("topic", "name", "source"),
    [pytest.param(*each, id=f"{each[1]}-{i}") for i, each in enumerate(solutions())],
)
def test_no_change_passes_but_those_that_change_nothing(topic, name, source):
    exercise = exercise_named(topic, name)
    passed, tried = [], 0
    for changed in sorted(mutants(source)):
        scope = {"math": math, "torch": torch}
        try:
            exec(changed, scope)
        except Exception:
            continue
        last = [node for node in ast.parse(changed).body if isinstance(node, ast.FunctionDef)][-1]
        tried += 1
        if exercise.check(scope[last.name]).passed:
            passed.append(changed)
    assert tried >= 3
    unknown = [c for c in passed if not any(n == name and code in c for n, code in EQUAL)]
    assert not unknown, unknown[0]

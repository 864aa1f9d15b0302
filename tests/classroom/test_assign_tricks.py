"""Forged reports and patched checkers: read with care, worth nothing."""

from __future__ import annotations

from collections.abc import Callable

import nbformat
import pytest
from nbformat import NotebookNode

from snnlab.classroom.assignments import a1_neuron
from snnlab.classroom.assignments.catalogue import ASSIGNMENTS
from snnlab.classroom.assignments.grading.verdicts import cells_of, reports_on, verdict_of
from snnlab.classroom.assignments.walls.report import report_of, run_of
from snnlab.classroom.assignments.walls.workplace import Workplace
from snnlab.classroom.checking import Exercise

Points = Callable[..., dict[str, float]]


@pytest.mark.parametrize(
    "line",
    [
        b"nonsense",
        b"[1, 2]",
        b"{}",
        b'{"outcome": {"floats": "AAAA", "shape": [1]}}',
        b'{"outcome": {"floats": "", "shape": [1000000000000]}}',
        b'{"outcome": {"floats": "AAAAAAAAAAA=", "shape": [-1, -1]}}',
        b'{"outcome": ' + b'{"sequence": [' * 5000,
        b'{"outcome": {"kind": 3}, "printed": 4}',
        b'{"outcome": {"nothing": 1}, "printed": 4, "error": {"kind": []}, "changed": "x"}',
        b'{"cell": "x"}',
        b'{"cell": 10}\n{"error": {"kind": 1, "kinds": 2, "message": 3, "line": 4}}',
        b'{"missing": []}',
        b"\xff\xfe\x00",
        b'{"outcome": {"kind": "\\u001b[2J", "text": ""},'
        b' "printed": "", "error": null, "changed": []}',
    ],
)
def test_a_forged_report_is_read_with_care(line: bytes) -> None:
    run = run_of(b'{"calls": "answer"}\n' + line + b"\n")
    report = report_of(run.outcomes["answer"], 1, "exit")
    if report.ended != "exit":
        (outcome,) = report.outcomes
        assert type(outcome.value).__name__.isprintable()


def test_more_outcomes_than_calls_are_cut() -> None:
    line = b'{"outcome": {"nothing": 1}, "printed": "", "error": null, "changed": []}\n'
    run = run_of(b'{"calls": "answer"}\n' + 5 * line)
    assert len(report_of(run.outcomes["answer"], 2, "exit").outcomes) == 2


def notebook(**sources: str) -> NotebookNode:
    """A hand-made notebook with the given task cells."""
    cells = []
    for name, source in sources.items():
        cell = nbformat.v4.new_code_cell(source)
        cell.metadata["nbgrader"] = {"grade_id": name, "solution": True, "grade": False}
        cells.append(cell)
    return nbformat.v4.new_notebook(cells=cells)


@pytest.fixture
def points(workplace: Workplace) -> Points:
    def points(**sources: str) -> dict[str, float]:
        assignment = ASSIGNMENTS["a1_neuron"]
        tasks = [task for task in assignment.tasks if task.name in sources]
        judges = {task.name: task.judge("monday") for task in tasks}
        reports = reports_on(cells_of(notebook(**sources), assignment), judges, workplace)
        return {t.name: verdict_of(t, judges[t.name], reports[t.name]).points for t in tasks}

    return points


PATCHED = """
import sys, json, builtins
class Always:
    def __eq__(self, other): return True
    def __float__(self): return 1.0
for module in list(sys.modules.values()):
    for name in ("check", "same", "allclose", "array_equal"):
        if hasattr(module, name):
            try: setattr(module, name, lambda *a, **k: True)
            except Exception: pass
builtins.abs = lambda x: 0
def charge(v, current, beta): return Always()
"""

FORGED = """
import json, os
worth = {"outcome": {"nothing": True}, "passed": True, "points": 100}
said = {"calls": "charge"}, worth, {"end": 1}
def charge(v, current, beta):
    for fd in range(3, 30):
        try:
            for line in said: os.write(fd, json.dumps(line).encode() + b"\\n")
        except OSError: pass
    return 0
"""


@pytest.mark.sample(2)
@pytest.mark.parametrize(
    "source",
    [
        PATCHED,
        FORGED,
        "def charge(v, current, beta):\n    raise AssertionError",
        "charge = 3",
        "class charge:\n    def __init__(self, *a): self.state_dict = 1 / 0",
        "def charge(*a):\n    return type('T', (), {'__array__': lambda s, *a: 1 / 0})()",
        "def charge(*a):\n    import numpy as np\n    return np.zeros(3_000_000)",
        "def charge(*a):\n    return float('nan')",
        "def charge(*a):\n    return object",
        "def charge(*a):\n    x = []\n    x.append(x)\n    return x",
    ],
)
def test_tricks_gain_no_points(source: str, points: Points) -> None:
    assert points(charge=source) == {"charge": 0.0}


HUNT = """
import gc
def charge(v, current, beta):
    held = [x for x in gc.get_objects() if isinstance(x, (list, tuple)) and len(x) > 9]
    calls = [x for x in held if all(isinstance(c, tuple) and len(c) == 3 for c in x)]
    raise ValueError([c for x in calls for c in x if isinstance(c[0], float)][:9])
"""


@pytest.mark.parametrize("right_first", [False, True])
def test_what_quotes_a_student_never_saw_a_hidden_call(
    workplace: Workplace, right_first: bool
) -> None:
    assignment = ASSIGNMENTS["a1_neuron"]
    task = a1_neuron.charge
    judge = task.judge("monday")
    assert isinstance(judge, Exercise)
    source = HUNT
    if right_first:  # the known cases pass, and the hunt begins at the first hidden one
        known = {call: judge.solution(*call) for call in task.visible.calls}
        source = HUNT.replace(
            "    held",
            f"    if (v, current, beta) in {known!r}:\n"
            f"        return {known!r}[v, current, beta]\n    held",
            1,
        )
    cells = cells_of(notebook(charge=source), assignment)
    report = reports_on(cells, {"charge": judge}, workplace)["charge"]
    said = str(verdict_of(task, judge, report).diagnosis)
    hidden = judge.calls[judge.known :]
    assert len(hidden) > 9
    assert not [call for call in hidden if any(repr(v) in said for v in call if v % 1)]
    assert ("hidden" in said) is right_first


def test_right_functions_get_their_points_beside_broken_ones(points: Points) -> None:
    found = points(
        charge="def charge(v, current, beta):\n    return beta * v + current",
        fire="def fire(h, v_th):\n    import os\n    os._exit(0)",
        reset="%matplotlib inline\ndef reset(h, spike, v_th):\n    return h - v_th * spike",
    )
    assert found == {"charge": 3.0, "fire": 0.0, "reset": 4.0}

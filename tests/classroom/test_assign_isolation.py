"""Hostile and broken code: it runs apart, gains nothing and stops nobody."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
from nbformat import NotebookNode

from snnlab.classroom.assignments import a1_neuron
from snnlab.classroom.assignments.catalogue import ASSIGNMENTS
from snnlab.classroom.assignments.grading import cases_of, verdicts
from snnlab.classroom.assignments.isolation import Job, Report, report_of, run_apart
from snnlab.classroom.assignments.task import COURSE_SEED

POSIX = pytest.mark.skipif(os.name != "posix", reason="limits of processes need POSIX")


def run(source: str, *arguments: Any, seconds: float = 3.0, **options: Any) -> Report:
    return run_apart(Job([source], "answer", [arguments or (4,)], seconds=seconds, **options))


def test_inputs_go_in_and_arrays_come_back() -> None:
    source = "def answer(a, b):\n    print('hi')\n    return a + b, [1, 2], {'k': a}, True"
    value = run(source, np.arange(3), 0.5).replies[0].value
    assert np.array_equal(value[0], [0.5, 1.5, 2.5])
    assert np.array_equal(value[1], [1, 2])
    assert np.array_equal(value[2]["k"], [0, 1, 2])
    assert value[3] == 1


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("import sys; sys.exit(0)", "SystemExit"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("open('/etc/passwd').read()", "PermissionError"),
        ("open('../gradebook.db', 'rb')", "PermissionError"),
        ("open('/proc/self/environ')", "PermissionError"),
        (f"open({str(Path(__file__))!r})", "PermissionError"),
        ("import os; os.system('true')", "PermissionError"),
        ("import os; os.kill(os.getppid(), 9)", "PermissionError"),
        ("import os; os.fork()", "PermissionError"),
        ("import subprocess; subprocess.run(['true'])", "PermissionError"),
        ("import socket; socket.socket().connect(('127.0.0.1', 9))", "PermissionError"),
        ("import ctypes; ctypes.CDLL(None)", "PermissionError"),
        ("import snnlab", "ImportError"),
        ("from snnlab.classroom.assignments import a1_neuron", "ImportError"),
        ("import torch", "ImportError"),
        ("return (lambda f: f(f))(lambda f: f(f))", "RecursionError"),
    ],
)
def test_what_is_forbidden_is_an_error_of_the_answer(body: str, kind: str) -> None:
    error = run(f"def answer(x):\n    {body}").replies[0].error
    assert error is not None
    assert kind in error.kinds


@POSIX
@pytest.mark.parametrize(
    "body",
    [
        "while True: pass",
        pytest.param(
            "import signal\n    signal.signal(signal.SIGXCPU, signal.SIG_IGN)\n"
            "    while True: pass",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            "while True:\n        try:\n            while True: pass\n"
            "        except BaseException: pass",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_an_endless_loop_is_stopped(body: str) -> None:
    report = run(f"def answer(x):\n    {body}", seconds=1.0)
    assert report.replies == [] or report.replies[0].error is not None
    assert report.ended == "time" or report.replies


@POSIX
def test_a_memory_bomb_is_an_error() -> None:
    source = "def answer(x):\n    kept = []\n    while True:\n        kept.append(bytearray(10**8))"
    error = run(source, memory_mb=512).replies[0].error
    assert error is not None
    assert error.kind == "MemoryError"


def test_a_million_lines_of_output_are_dropped() -> None:
    source = "def answer(x):\n    for _ in range(10**6): print('spam')\n    return x"
    reply = run(source, seconds=20).replies[0]
    assert reply.value == 4
    assert len(reply.printed) < 1000


@pytest.mark.parametrize(
    "body", ["import os; os._exit(0)", "import os\n    os.write(1, b'x'); os._exit(1)"]
)
def test_a_process_that_ends_itself_has_no_reply(body: str) -> None:
    assert run(f"def answer(x):\n    {body}").ended == "exit"


def test_the_process_knows_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(COURSE_SEED, "secret")
    monkeypatch.setenv("SNNLAB_ANYTHING", "secret")
    source = "import os\ndef answer(x):\n    return sum('secret' in v for v in os.environ.values())"
    assert run(source).replies[0].value == 0


def test_its_folder_is_empty_and_gone_afterwards() -> None:
    source = (
        "import os\ndef answer(x):\n    return [ord(c) for c in os.getcwd()], len(os.listdir())"
    )
    place, files = run(source).replies[0].value
    folder = Path("".join(map(chr, place.astype(int))))
    assert files == 0
    assert not folder.exists()


def test_the_rest_of_a_cell_survives_an_error() -> None:
    assert run("1 / 0\ndef answer(x): return x\nundefined").replies[0].value == 4


def test_a_missing_function_brings_the_first_error() -> None:
    report = run("def answer(x) return x")
    assert report.ended == "missing"
    assert report.error is not None
    assert report.error.kind == "SyntaxError"


@pytest.mark.parametrize(
    "line",
    [
        b"nonsense",
        b"[1, 2]",
        b"{}",
        b'{"value": {"floats": "AAAA", "shape": [1]}}',
        b'{"value": {"floats": "", "shape": [1000000000000]}}',
        b'{"value": {"floats": "AAAAAAAAAAA=", "shape": [-1, -1]}}',
        b'{"value": ' + b'{"sequence": [' * 5000,
        b'{"value": {"kind": 3}, "printed": 4}',
        b"\xff\xfe\x00",
    ],
)
def test_a_forged_report_is_read_with_care(line: bytes) -> None:
    report = report_of(b"{}\n" + line + b"\n", 1, out_of_time=False)
    assert report.ended == "exit" or isinstance(repr(report.replies[0].value), str)


def notebook(**sources: str) -> NotebookNode:
    """A hand-made notebook with the given task cells."""
    cells = []
    for name, source in sources.items():
        cell = nbformat.v4.new_code_cell(source)
        cell.metadata["nbgrader"] = {"grade_id": name, "solution": True, "grade": False}
        cells.append(cell)
    return nbformat.v4.new_notebook(cells=cells)


def points(**sources: str) -> dict[str, float]:
    cases = cases_of(notebook(**sources), ASSIGNMENTS["a1_neuron"], "monday")
    cases = [case for case in cases if case.task.name in sources]
    return {verdict.task: verdict.points for verdict in verdicts(cases, workers=2)}


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
def charge(v, current, beta):
    line = json.dumps({"value": {"passed": True, "points": 100}, "passed": True}) + "\\n"
    for fd in range(3, 30):
        try: os.write(fd, line.encode())
        except OSError: pass
    return 0
"""


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
def test_tricks_gain_no_points(source: str) -> None:
    assert points(charge=source) == {"charge": 0.0}


def test_right_functions_get_their_points_beside_broken_ones() -> None:
    found = points(
        charge="def charge(v, current, beta):\n    return beta * v + current",
        fire="def fire(h, v_th):\n    import os\n    os._exit(0)",
        reset="%matplotlib inline\n1/0\ndef reset(h, spike, v_th):\n    return h - v_th * spike",
    )
    assert found == {"charge": 3.0, "fire": 0.0, "reset": 4.0}


def test_the_script_imports_nothing_of_the_package() -> None:
    """The process that runs students' code must not hold the right results."""
    from snnlab.classroom.assignments import isolation

    probe = "import sys\ndef answer(x): return sum('snnlab' in name for name in sys.modules)"
    assert run(probe).replies[0].value == 0
    assert isolation.SCRIPT.is_file()
    assert json.loads(isolation.message(Job([], "f", [(1,)])))["library"] is False
    assert a1_neuron.charge.library is False
    assert sys.executable

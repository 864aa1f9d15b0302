"""Hostile and broken code: it runs apart, gains nothing and stops nobody."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from snnlab.classroom.assignments.task import COURSE_SEED
from snnlab.classroom.assignments.walls.report import Report
from snnlab.classroom.assignments.walls.workplace import Cell, Job, Workplace, bare_environment

POSIX = pytest.mark.skipif(os.name != "posix", reason="limits of processes need POSIX")
Run = Callable[..., Report]


@pytest.fixture
def run(workplace: Workplace) -> Run:
    def run(source: str, *arguments: Any, seconds: float = 3.0) -> Report:
        job = Job([Cell(source)], {"answer": [arguments or (4,)]}, {"answer": seconds})
        return workplace.reports(job)["answer"]

    return run


def test_inputs_go_in_and_arrays_come_back(run: Run) -> None:
    source = "def answer(a, b):\n    print('hi')\n    return a + b, [1, 2], {'k': a}, True"
    value = run(source, np.arange(3), 0.5).outcomes[0].value
    assert np.array_equal(value[0], [0.5, 1.5, 2.5])
    assert np.array_equal(value[1], [1, 2])
    assert np.array_equal(value[2]["k"], [0, 1, 2])
    assert value[3] == 1


@pytest.mark.sample(5)
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
        ("from snnlab import classroom", "ImportError"),
        ("from snnlab.classroom.assignments import a1_neuron", "ImportError"),
        ("import snnlab\n    snnlab.classroom", "AttributeError"),
        ("import snnlab.classroom.calling", "ImportError"),
        ("import gc; gc.get_objects()", "PermissionError"),
        ("import os; os.setuid(1)", "PermissionError"),
        ("import time; time.clock_settime(time.CLOCK_REALTIME, 0)", "PermissionError"),
        (
            "import resource\n    resource.setrlimit(resource.RLIMIT_CPU, (-1, -1))",
            "PermissionError",
        ),
        ("return (lambda f: f(f))(lambda f: f(f))", "RecursionError"),
    ],
)
def test_what_is_forbidden_is_an_error_of_the_answer(body: str, kind: str, run: Run) -> None:
    error = run(f"def answer(x):\n    {body}").outcomes[0].error
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
def test_an_endless_loop_is_stopped(body: str, run: Run) -> None:
    report = run(f"def answer(x):\n    {body}", seconds=1.0)
    assert report.outcomes == [] or report.outcomes[0].error is not None
    assert report.ended == "time" or report.outcomes


@pytest.mark.slow
@POSIX
def test_a_memory_bomb_is_an_error(run: Run) -> None:
    source = "def answer(x):\n    kept = []\n    while True:\n        kept.append(bytearray(10**8))"
    error = run(source).outcomes[0].error
    assert error is not None
    assert error.kind == "MemoryError"


@pytest.mark.slow
def test_a_million_lines_of_output_are_dropped(run: Run) -> None:
    source = "def answer(x):\n    for _ in range(10**6): print('spam')\n    return x"
    outcome = run(source, seconds=20).outcomes[0]
    assert outcome.value == 4
    assert len(outcome.printed) < 1000


@pytest.mark.parametrize(
    "body", ["import os; os._exit(0)", "import os\n    os.write(1, b'x'); os._exit(1)"]
)
def test_a_process_that_ends_itself_has_no_reply(body: str, run: Run) -> None:
    assert run(f"def answer(x):\n    {body}").ended == "exit"


def test_the_process_knows_no_secrets(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(COURSE_SEED, "monday")
    monkeypatch.setenv("PASSWORD", "secret")
    assert not {COURSE_SEED, "PASSWORD"} & set(bare_environment("/tmp"))
    source = "import os\ndef answer(x):\n    return {name: 1 for name in os.environ}"
    names = set(run(source).outcomes[0].value)
    there = {"LC_CTYPE", "PATH", "SYSTEMROOT"} | {"KMP_INIT_AT_FORK", "KMP_DUPLICATE_LIB_OK"}
    assert names - there - {name for name in names if name.startswith("TORCH")} <= set(
        bare_environment("/tmp")
    )


def test_its_folder_is_empty_and_gone_afterwards(run: Run) -> None:
    source = (
        "import os\ndef answer(x):\n    return [ord(c) for c in os.getcwd()], len(os.listdir())"
    )
    place, files = run(source).outcomes[0].value
    folder = Path("".join(map(chr, place.astype(int))))
    assert files == 0
    assert not folder.exists()


MACHINE_CODE = {
    "imported": "import ctypes",
    "its inner part": "import _ctypes",
    "another": "import cffi",
    "left in NumPy": "np.ctypeslib.ctypes.memmove",
    "left in NumPy's arrays": "np.zeros(3).ctypes.data_as(np.ctypeslib.ctypes.c_void_p)",
    "left in torch": "torch.ctypes.memmove",
    "left among the modules": "sys.modules['ctypes'].memmove",
    "left in any module": (
        "[m.ctypes.memmove for m in sys.modules.values() if getattr(m, 'ctypes', 0)][0]"
    ),
    "as a submodule": "import ctypes.util",
    "under another name": (
        "import importlib.machinery as m, importlib.util as u\n"
        "    import _struct\n"
        "    path = _struct.__file__.replace('_struct', '_ctypes')\n"
        "    spec = u.spec_from_file_location('other._ctypes', path)\n"
        "    u.module_from_spec(spec)"
    ),
    "by gc": "[o for o in gc.get_objects() if getattr(o, '__name__', '') == 'memmove'][0]",
    "by the frames": (
        "frame, seen = sys._getframe(), []\n"
        "    while frame:\n"
        "        for space in (frame.f_globals, frame.f_locals):\n"
        "            seen += [v for v in space.values() if 'ctypes' in repr(v)[:18]]\n"
        "        frame = frame.f_back\n"
        "    seen[0].memmove"
    ),
}


@pytest.mark.sample(3)
@pytest.mark.parametrize("way", MACHINE_CODE)
def test_machine_code_cannot_be_called(way: str, run: Run) -> None:
    """The kernel's walls hold all the same; see `test_assign_walls`."""
    given = "import sys, gc\nimport numpy as np\nimport torch\n"
    error = run(f"{given}def answer(x):\n    {MACHINE_CODE[way]}\n    return 1").outcomes[0].error
    assert error is not None
    assert {"ImportError", "AttributeError", "KeyError", "IndexError", "PermissionError"} & set(
        error.kinds
    )


def test_the_next_notebook_starts_afresh(run: Run) -> None:
    poison = """
import builtins, json, sys
import numpy as np
np.sqrt = None
json.dumps = lambda *a, **k: '{"end": true}'
sys.modules["math"] = None
builtins.sum = lambda *a: 7
def answer(x): return x
"""
    run(poison)
    source = "import math\ndef answer(x): return sum([x]), math.sqrt(x), np.sqrt(x)"
    assert run(f"import numpy as np\n{source}").outcomes[0].value == (4, 2, 2)


@pytest.mark.sample(4)
@pytest.mark.parametrize(
    "cell",
    [
        "import os\nos.closerange(0, 200)",
        "import os, signal\nos.kill(os.getppid(), signal.SIGSTOP)",
        "import os, signal\nos.killpg(0, signal.SIGKILL)",
        "import os\nos.ftruncate(3, 0)",
        "import os\nos.register_at_fork(before=lambda: os._exit(1))",
        "import os\nfor fd in range(50): os.write(fd, b'x' * 100)",
        "import multiprocessing\nmultiprocessing.Process(target=print).start()",
        "import signal\nfor s in range(1, 30):\n    signal.signal(s, signal.SIG_IGN)",
        "import faulthandler\nfaulthandler.cancel_dump_traceback_later()",
        "import atexit\natexit.register(input)",
        "import threading\nfor _ in range(99): threading.Thread(target=input).start()",
        "import sys\nsys.addaudithook(lambda *a: 1 / 0)",
        "import os\nos.chdir('/')",
        "while True: open('file', 'w')",
    ],
)
def test_an_attack_leaves_the_next_notebook_alone(cell: str, run: Run) -> None:
    run(f"{cell}\ndef answer(x): return x")
    assert run("def answer(x): return x + 1").outcomes[0].value == 5


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_students_code_ends_with_the_grader(tmp_path: Path) -> None:
    """Killed at any moment, grading leaves no process behind."""
    program = """
import sys
from snnlab.classroom.assignments.walls.workplace import Job, Workplace
from snnlab.classroom.assignments.walls.workplace import Cell
from snnlab.classroom.assignments.walls.report import Report
with Workplace(walls=False) as place:
    print(place.process.pid, flush=True)
    place.reports(Job([Cell("while True: pass", seconds=60.0)], {}, {}))
"""
    grader = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert grader.stdout is not None
    pid = int(grader.stdout.readline())
    while not (children := Path(f"/proc/{pid}/task/{pid}/children").read_text().split()):
        time.sleep(0.1)
    grader.kill()
    grader.wait()
    grader.stdout.close()
    end = time.monotonic() + 10
    while any(Path(f"/proc/{each}").exists() for each in (pid, *children)):
        assert time.monotonic() < end
        time.sleep(0.1)


def test_the_process_holds_no_right_results(run: Run) -> None:
    probe = "import sys\ndef answer(x): return ['snnlab.classroom' in n for n in sys.modules]"
    assert not np.any(run(probe).outcomes[0].value)
    hunt = """
import sys
def answer(x):
    frame, names = sys._getframe(), set()
    while frame:
        names |= set(frame.f_globals) | set(frame.f_locals)
        frame = frame.f_back
    return {name: 1 for name in names}
"""
    assert not {"ASSIGNMENTS", "Exercise", "solution"} & set(run(hunt).outcomes[0].value)

"""Cells run in grading as they run in a notebook: each style is compared with IPython itself."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell

from snnlab.classroom.assignments.walls.workplace import Cell, Job, Report, Workplace
from snnlab.classroom.calling import call
from snnlab.classroom.outcomes import Outcome

POSIX = pytest.mark.skipif(os.name != "posix", reason="needs timers of POSIX")

F = "def answer(x):\n    return "
STYLES: dict[str, list[str]] = {
    "a plain function": [F + "2 * x"],
    "comment that ends in a question mark": [F + "2 * x  # is it right?"],
    "line of comment that ends so": ["def answer(x):\n    # why?\n    return 2 * x"],
    "docstring with magic": [
        'def answer(x):\n    """\n    %time it\n    ! and this?\n    """\n    return 2',
    ],
    "string over lines": ['TEXT = """\n%%time\n?\n!ls\n"""\ndef answer(x):\n    return len(TEXT)'],
    "continued line with %": ["def answer(x):\n    return (x\n    % 3\n    )"],
    "continued by a backslash": ["def answer(x):\n    return 17 \\\n        % x"],
    "operator ! in a comment": ["# !important\n" + F + "x != 3"],
    "line magic before": ["%matplotlib inline\n" + F + "x"],
    "indented magic": ["if True:\n    %matplotlib inline\n    y = 3\n" + F + "x + y"],
    "magic in a function": ["def answer(x):\n    %matplotlib inline\n    return x + 1"],
    "magic that assigns": ["y = %matplotlib inline\n" + F + "(x, y is None)"],
    "a shell's lines": ["files = !true\n" + F + "len(files) + x"],
    "a shell": ["!true\n" + F + "x"],
    "help before": ["?len\n" + F + "x"],
    "help after": ["len?\n" + F + "x"],
    "help twice": ["len??\n" + F + "x"],
    "%%time": ["%%time\n" + F + "x + 1"],
    "%%time and %%capture": ["%%capture\n%%time\n" + F + "x + 1"],
    "%%time with lines before": ["\n\n%%time\n" + F + "x + 1"],
    "%time of a call": ["def f():\n    return 5\n%time y = f()\n" + F + "x + y"],
    "value of %time": ["y = %time 2 + 3\n" + F + "x + y"],
    "%%timeit defines nothing": ["answer = lambda x: 3", "%%timeit -n 1 -r 1\nanswer = None"],
    "prompts that were copied": [">>> def answer(x):\n...     return x + 1\n"],
    "an indented cell": ["    def answer(x):\n        return x + 1"],
    "trailing semicolon": ["answer = lambda x: x + 1;"],
    "an expression": ["3 + 4", F + "x", "answer(3)"],
    "an annotated constant": ["Y: float = 1.5", F + "x + Y"],
    "annotation of an unknown type": [
        "from __future__ import annotations\ny: Unknown = 2",
        "def answer(x: Nothing) -> Nowhere:\n    return x + y",
    ],
    "a lambda": ["twice = lambda x: 2 * x", F + "twice(x)"],
    "an array": ["import numpy as np\nW = np.arange(4.0)", F + "W * x"],
    "unpacked": ["a, (b, *c) = 1, (2, 3, 4)", F + "a + b + sum(c) + x"],
    "walrus": ["(y := 5)", F + "x + y"],
    "if True": ["if True:\n    def answer(x):\n        return x + 1"],
    "try": [
        "try:\n    import not_there\nexcept ImportError:\n    def answer(x):\n        return 1",
    ],
    "with": ["import contextlib\nwith contextlib.suppress(ValueError):\n    y = 2", F + "y"],
    "match": ["match 3:\n    case 3:\n        y = 8", F + "y"],
    "split over two cells": ["def helper(x):\n    return x + 1", F + "2 * helper(x)"],
    "helper below": [F + "2 * helper(x)", "def helper(x):\n    return x + 1"],
    "written twice": [F + "1", F + "2"],
    "a decorator": ["import functools\n@functools.cache\ndef answer(x):\n    return x + 1"],
    "decorator of one's own": ["def twice(f):\n    return lambda x: 2 * f(x)\n@twice\n" + F + "x"],
    "a class": ["class Neuron:\n    def __init__(self, v): self.v = v\n" + F + "Neuron(x).v"],
    "a callable object": [
        "class Answer:\n    def __call__(self, x): return x + 1\nanswer = Answer()",
    ],
    "a dataclass": [
        "from dataclasses import dataclass\n@dataclass\nclass P:\n    x: float\n" + F + "P(x).x",
    ],
    "dataclass with annotations as text": [
        (
            "from __future__ import annotations\n"
            "from dataclasses import dataclass\n"
            "from typing import ClassVar"
        ),
        "@dataclass\nclass P:\n    x: float\n    y: ClassVar[int] = 3",
        F + "P(x).x + P.y",
    ],
    "an enum": ["from enum import Enum\nclass E(Enum):\n    A = 3", F + "E.A.value"],
    "a named tuple": [
        "from collections import namedtuple\nP = namedtuple('P', 'x y')",
        F + "P(x, 1)",
    ],
    "global": ["n = 0\ndef answer(x):\n    global n\n    n += 1\n    return n"],
    "a closure": ["def make(k):\n    return lambda x: k * x\nanswer = make(3)"],
    "a generator": ["def answer(x):\n    yield from range(int(x))"],
    "a loop that fills a table": [
        "table = {}\nfor i in range(9):\n    table[i] = i**2",
        F + "table[x]",
    ],
    "a comprehension": ["squares = [i * i for i in range(9)]", F + "squares[x]"],
    "star import": ["from math import *", F + "floor(pi * x)"],
    "imports in a function": ["def answer(x):\n    import math\n    return math.sqrt(x)"],
    "a plot": ["import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()\n" + F + "x"],
    "display": ["display(3)\n" + F + "x"],
    "display that is imported": [
        "from IPython.display import display, HTML\ndisplay(HTML('a'))\n" + F + "x",
    ],
    "prints": ["for i in range(2000): print(i)\n" + F + "x"],
    "await": ["async def f():\n    return 3\ny = await f()", F + "x + y"],
    "await that waits": ["import asyncio\nawait asyncio.sleep(0.01)\ny = 2", F + "x + y"],
    "async for": [
        "async def g():\n    for i in range(3): yield i\ny = [i async for i in g()]",
        F + "y",
    ],
    "deleted": ["y = 1\ndel y", "def answer(x):\n    return 'y' in globals()"],
    "type alias and generics": [
        "from typing import TypeVar\nT = TypeVar('T')\ndef answer(x: T) -> T:\n    return x",
    ],
    "name of the module": [
        "def answer(x):\n    return __name__ == '__main__' and answer.__module__ == '__main__'",
    ],
    "pickled": ["import pickle\nclass P:\n    y = 2\n" + F + "pickle.loads(pickle.dumps(P())).y"],
    "unicode": ["σ = 0.2887\ndef answer(x):\n    return σ * x"],
    "tabs": ["def answer(x):\n\treturn x + 1"],
    "windows line ends": ["def answer(x):\r\n    # 1?\r\n    return x + 1\r\n"],
    "form feed and blank lines": ["\n\n\x0c\ndef answer(x):\n\n\n    return x\n\n"],
    "get_ipython": ["get_ipython().run_line_magic('matplotlib', 'inline')\n" + F + "x"],
    "recursion": ["def answer(x):\n    return 1 if x < 1 else x * answer(x - 1)"],
    "an error of the function": ["def answer(x):\n    y = 3\n    return y / 0"],
    "an assertion": ["def answer(x):\n    assert x > 100, f'{x} is small'"],
}  # fmt: skip


@pytest.fixture(scope="module")
def shell() -> Iterator[InteractiveShell]:
    """IPython as a notebook's kernel has it."""
    main = sys.modules["__main__"]
    shell = InteractiveShell.instance()
    shell.enable_gui = lambda *arguments: None
    yield shell
    InteractiveShell.clear_instance()
    sys.modules["__main__"] = main


def in_a_notebook(shell: InteractiveShell, cells: list[str], *arguments: Any) -> Outcome:
    """What IPython makes of the cells."""
    shell.reset()
    sys.modules["__main__"] = shell.user_module
    for cell in cells:
        shell.run_cell(cell)
    return call(shell.user_ns["answer"], arguments)


def in_grading(workplace: Workplace, cells: list[str], *arguments: Any) -> Report:
    """What grading makes of the cells."""
    job = Job([Cell(cell) for cell in cells], {"answer": [arguments]}, {"answer": 5.0})
    return workplace.reports(job)["answer"]


@pytest.mark.slow
@pytest.mark.parametrize("style", STYLES)
def test_cells_run_as_in_a_notebook(
    style: str, shell: InteractiveShell, workplace: Workplace
) -> None:
    wanted = in_a_notebook(shell, STYLES[style], 4)
    report = in_grading(workplace, STYLES[style], 4)
    assert (report.ended, report.error) == ("", None)
    (found,) = report.outcomes
    assert repr(found) == repr(wanted)


@pytest.mark.slow
def test_errors_quote_the_line_of_the_student(workplace: Workplace) -> None:
    cells = ["%%time\n# ?\ndef answer(x):\n    y = 0\n    return x / y  # why?"]
    error = in_grading(workplace, cells, 4).outcomes[0].error
    assert error is not None
    assert error.line == "return x / y  # why?"


@pytest.mark.sample(4)
@pytest.mark.parametrize(
    "cell",
    [
        "1 / 0",
        "def broken(:",
        "import not_there",
        "raise SystemExit",
        "exit()",
        "import os\nos._exit(3)",
        "import os\nos.abort()",
        "import sys\nsys.setrecursionlimit(10**9)\ndef f(): return f()\nf()",
        "input()",
        "\x00",
        "'\\ud800'.encode()",
        "%%bash\nrm -rf /",
        "%run other.py",
        "%reset -f",
        "%no_such_magic",
        "await 3",
        "kept = []\nwhile True: kept.append(bytearray(10**8))",
        "import sys\nsys.stdout = sys.stderr = None",
        "import warnings\nwarnings.simplefilter('error')",
        "del get_ipython, display",
        "import signal\nsignal.setitimer(signal.ITIMER_REAL, 0.01)",
        "import gc\ngc.freeze()",
        "import threading\nthreading.Thread(target=lambda: [None for _ in iter(int, 1)]).start()",
    ],
)
def test_what_fails_in_a_cell_of_ones_own_does_not_sink_the_rest(
    cell: str, workplace: Workplace
) -> None:
    report = in_grading(workplace, ["y = 3", cell, F + "x + y"], 4)
    assert report.outcomes[0].value == 7


@POSIX
@pytest.mark.slow
@pytest.mark.parametrize(
    "cell",
    [
        "while True: pass",
        "sum(range(10**12))",
        "import time\ntime.sleep(10**6)",
        "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
        "import time\nwhile True:\n    try: time.sleep(9)\n    except BaseException: pass",
        "import signal\nsignal.signal(signal.SIGPROF, signal.SIG_IGN)\nwhile True: pass",
        "import threading\nthreading.Event().wait()",
        "%time while True: pass",
    ],
)
def test_what_takes_for_ever_in_a_cell_of_ones_own_does_not_sink_the_rest(
    cell: str, workplace: Workplace
) -> None:
    job = Job([Cell(cell, seconds=0.5), Cell(F + "x + 3")], {"answer": [(4,)]}, {"answer": 2.0})
    assert workplace.reports(job)["answer"].outcomes[0].value == 7


def test_a_cell_keeps_what_it_defined_before_its_time_ran_out(workplace: Workplace) -> None:
    job = Job(
        [Cell(F + "x + 1\nwhile True: pass", seconds=0.2)], {"answer": [(4,)]}, {"answer": 2.0}
    )
    assert workplace.reports(job)["answer"].outcomes[0].value == 5


def check(name: str) -> Cell:
    return Cell("", check=name)


def both(workplace: Workplace, *cells: str | Cell, **calls: Any) -> dict[str, Report]:
    ready = [cell if isinstance(cell, Cell) else Cell(cell) for cell in cells]
    return workplace.reports(Job(ready, calls, dict.fromkeys(calls, 1.0)))


def test_an_answer_is_called_where_it_is_checked(workplace: Workplace) -> None:
    cells = ["v = 2\ndef one(x): return v * x", check("one"), "v = 100\ndef one(x): return 0"]
    assert both(workplace, *cells, one=[(4,)])["one"].outcomes[0].value == 8


def test_an_answer_that_needs_what_stands_below_is_called_again(workplace: Workplace) -> None:
    cells = ["def one(x): return helper(x)", check("one"), "def helper(x): return x + 1"]
    assert both(workplace, *cells, one=[(4,), (5,)])["one"].outcomes[1].value == 6


def test_an_answer_that_stands_in_another_cell_counts(workplace: Workplace) -> None:
    cells = [Cell("...", answer="one"), check("one"), "def one(x): return x + 1"]
    assert both(workplace, *cells, one=[(4,)])["one"].outcomes[0].value == 5


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("bad", "ended"),
    [("import os; os._exit(0)", "exit"), ("sum(range(10**12))", "time"), ("1 / 0", "")],
)
def test_a_call_that_ends_the_process_costs_its_own_task_only(
    bad: str, ended: str, workplace: Workplace
) -> None:
    cells = [
        "def one(x): return x + 1",
        check("one"),
        f"def two(x):\n    if x > 1: {bad}\n    return x",
        check("two"),
        "def three(x): return x + 3",
        check("three"),
    ]
    calls = {name: [(1,), (2,)] for name in ("one", "two", "three")}
    found = both(workplace, *cells, **calls)
    assert [outcome.value for outcome in found["one"].outcomes] == [2, 3]
    assert [outcome.value for outcome in found["three"].outcomes] == [4, 5]
    assert found["two"].ended == ended
    assert found["two"].outcomes[0].value == 1


def test_a_missing_function_brings_the_first_error_of_its_cell(workplace: Workplace) -> None:
    cells = ["undefined", Cell("def one(x) return x", answer="one"), "1 / 0"]
    report = both(workplace, *cells, one=[(4,)])["one"]
    assert report.ended == "missing"
    assert report.error is not None
    assert report.error.kind == "SyntaxError"
    assert report.error.line == "def one(x) return x"


def test_a_cell_that_ends_python_names_that_for_its_task(workplace: Workplace) -> None:
    cells = [Cell("import os\nos._exit(0)\ndef one(x): return x", answer="one"), check("one")]
    report = both(workplace, *cells, "def two(x): return x", one=[(4,)], two=[(4,)])
    assert report["one"].ended == "exit"
    assert report["two"].outcomes[0].value == 4


def test_arguments_arrive_as_they_are(workplace: Workplace) -> None:
    source = "def kinds(*a):\n    raise ValueError(' '.join(type(x).__name__ for x in a))"
    arguments = (1, 2.0, True, "x", [1], (1,), np.float64(1), np.int64(1), np.zeros(2, np.uint8))
    error = both(workplace, source, kinds=[arguments])["kinds"].outcomes[0].error
    assert error is not None
    assert error.message == "int float bool str list tuple float64 int64 ndarray"


@pytest.mark.slow
def test_training_and_the_library_are_there(workplace: Workplace) -> None:
    source = """
import torch
from snnlab import Architecture, Noise, build
def one(seed):
    net = build(Architecture("mlp", width=2), image_shape=(1, 8, 8), classes=2, seed=seed)
    net(torch.zeros(2, 1, 8, 8), 1).sum().backward()
    return net
"""
    value = both(workplace, source, one=[(0,)])["one"].outcomes[0].value
    assert isinstance(value, dict)
    assert all(isinstance(part, np.ndarray) for part in value.values())

"""A made-up class that hands in whatever classes hand in: who, which files, worth what.

`hand_ins()` gives for each student the files of one folder of a download, the points that the
code is worth (of 16 in assignment 1), and words that the note of the grade must hold.
"""

from __future__ import annotations

import copy
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from snnlab.classroom.assignments.notebooks.marks import grade_id

RELEASE = Path(__file__).parents[2] / "notebooks" / "assignments" / "release"
NAME = "a1_neuron"
CHARGE = "def charge(v, current, beta):\n    return beta * v + current"
FIRE = "def fire(h, v_th):\n    return int(h >= v_th)"
RESET = "def reset(h, spike, v_th):\n    return h - v_th * spike"
TRACE = """def trace(currents, v_th, beta, v_init):
    v, spikes, after = v_init, [], []
    for current in currents:
        h = beta * v + current
        spikes.append(h >= v_th)
        v = h - v_th if h >= v_th else h
        after.append(v)
    return spikes, after"""
RIGHT = {"charge": CHARGE, "fire": FIRE, "reset": RESET, "trace": TRACE}
ALL = 16.0
Change = Callable[[NotebookNode], None]


@dataclass(frozen=True)
class HandedIn:
    """What one student hands in, and what becomes of it."""

    files: dict[str, bytes]
    points: float
    note: str = ""
    """Words that the note of the grade holds."""


def filled(answers: dict[str, str], *changes: Change, name: str = NAME) -> NotebookNode:
    """A released notebook with answers in its cells."""
    notebook: NotebookNode = nbformat.read(RELEASE / name / f"{name}.ipynb", as_version=4)
    for cell in notebook.cells:
        if grade_id(cell) in answers:
            cell.source = answers[grade_id(cell)]
    for change in changes:
        change(notebook)
    return notebook


def data_of(notebook: NotebookNode) -> bytes:
    """A notebook as its file's bytes."""
    return json.dumps(notebook, indent=1).encode("utf-8", "surrogatepass")


def own_cell(source: str, place: int = 0, kind: str = "code") -> Change:
    """Put a cell of the student's own somewhere."""

    def change(notebook: NotebookNode) -> None:
        make = nbformat.v4.new_code_cell if kind == "code" else nbformat.v4.new_markdown_cell
        notebook.cells.insert(place if place >= 0 else len(notebook.cells), make(source))

    return change


def after(answer: str, source: str, kind: str = "code") -> Change:
    """Put a cell of the student's own below an answer."""

    def change(notebook: NotebookNode) -> None:
        place = [grade_id(cell) for cell in notebook.cells].index(answer) + 1
        own_cell(source, place, kind)(notebook)

    return change


def without_marks(notebook: NotebookNode) -> None:
    """As an editor leaves it that drops what it does not know."""
    for cell in notebook.cells:
        cell.metadata.pop("nbgrader", None)


def without_ids(notebook: NotebookNode) -> None:
    """As an old notebook program saves it."""
    notebook.nbformat_minor = 4
    for cell in notebook.cells:
        cell.pop("id", None)


def without_checks(notebook: NotebookNode) -> None:
    """All check cells go, forged ones with many points come."""
    for cell in list(notebook.cells):
        if grade_id(cell).startswith("check_"):
            notebook.cells.remove(cell)
            false = copy.deepcopy(cell)
            false.source = "100"
            false.metadata.nbgrader.update(points=100, solution=True)
            value = {"text/plain": "100"}
            false.outputs = [nbformat.v4.new_output("execute_result", value, execution_count=1)]
            notebook.cells.append(false)


def answer_twice(notebook: NotebookNode) -> None:
    """The stub of an answer is copied below the answer that was worked on."""
    released = nbformat.read(RELEASE / NAME / f"{NAME}.ipynb", as_version=4)
    notebook.cells += [cell for cell in released.cells if grade_id(cell) == "charge"]


def answer_as_text(notebook: NotebookNode) -> None:
    """The written answer became a raw cell."""
    for cell in notebook.cells:
        if grade_id(cell) == "explain":
            cell.cell_type = "raw"
            cell.source = "The rate is 0.3, in a raw cell."


def with_million_lines(notebook: NotebookNode) -> None:
    """Output of a million lines."""
    cell = next(cell for cell in notebook.cells if cell.cell_type == "code")
    cell.outputs = [nbformat.v4.new_output("stream", text="spam\n" * 1_000_000)]


def zipped(files: dict[str, bytes]) -> bytes:
    """A zip file."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return stream.getvalue()


def one(points: float, answers: dict[str, str], *changes: Change, note: str = "") -> HandedIn:
    """A notebook under its right name."""
    return HandedIn({f"{NAME}.ipynb": data_of(filled(RIGHT | answers, *changes))}, points, note)


def with_line(task: str, line: str) -> dict[str, str]:
    """A right answer with one more line at its top."""
    return {task: RIGHT[task].replace(":\n", f":\n    {line}\n", 1)}


def styles() -> dict[str, HandedIn]:
    """Right answers, each written in another way."""
    uses = {"fire": "def fire(h, v_th):\n    return int(h >= ONE * v_th)"}
    in_place = TRACE.replace("    v, ", "    currents *= 1.0\n    currents += 0.0\n    v, ")
    by_torch = (
        "import torch\ndef charge(v, current, beta):\n    return torch.tensor(beta * v) + current"
    )
    exact = "from decimal import Decimal as D\ndef charge(v, current, beta):\n"
    exact += "    return D(beta) * D(v) + D(current)"
    shaped = "def charge(v, current, beta):\n    return np.atleast_1d(beta * v + current)"
    again = """def trace(currents, v_th, beta, v_init):
    if len(currents) == 0:
        return [], []
    h = charge(v_init, currents[0], beta)
    v = reset(h, fire(h, v_th), v_th)
    spikes, after = trace(currents[1:], v_th, beta, v)
    return [fire(h, v_th), *spikes], [v, *after]"""
    called = (
        "class Fire:\n    def __call__(self, h, v_th):\n        return h >= v_th\nfire = Fire()"
    )
    bound = "from functools import partial\nfire = partial(lambda k, h, v_th: k * (h >= v_th), 1)"
    ready = "from snnlab import Neuron\nimport torch\n" + CHARGE.replace(
        "beta *", "Neuron().beta * beta *"
    )
    return {
        "right": one(ALL, {}),
        "question in a comment": one(ALL, with_line("charge", "# is that all?")),
        "question at the end": one(ALL, {"charge": CHARGE + "  # right?"}),
        "percent in a docstring": one(ALL, with_line("fire", '"""\n    % of v_th\n    """')),
        "help in a docstring": one(
            ALL, with_line("fire", '"""\n    fires?\n    ! always\n    """')
        ),
        "continued percent": one(
            ALL, {"reset": RESET.replace("v_th * spike", "v_th * (7 \\\n    % 2) * spike")}
        ),
        "help above": one(ALL, {"charge": "?abs\nlen?\n" + CHARGE}),
        "shell": one(ALL, {"charge": "files = !ls\n!ls\n" + CHARGE}),
        "magic value": one(ALL, {"charge": "here = %pwd\n%matplotlib inline\n" + CHARGE}),
        "timed": one(ALL, {"trace": "%%time\n" + TRACE}),
        "annotated constant": one(ALL, uses, own_cell("ONE: float = 1.0")),
        "computed constant": one(ALL, uses, own_cell("import math\nONE = math.cos(0) ** 2")),
        "unpacked": one(ALL, uses, own_cell("ONE, TWO = 1.0, 2.0")),
        "array": one(ALL, uses, own_cell("import numpy as n\nONE = n.ones(3)[1]")),
        "lambda": one(ALL, {"charge": "charge = lambda v, current, beta: beta * v + current"}),
        "if True": one(ALL, {"charge": "if True:\n    " + CHARGE.replace("\n", "\n    ")}),
        "two cells": one(
            ALL,
            {"charge": "def charge(v, current, beta):\n    return leak(v, beta) + current"},
            after("charge", "def leak(v, beta):\n    return beta * v"),
        ),
        "answer below": one(ALL, {"charge": "# see below"}, after("charge", CHARGE)),
        "in place": one(ALL, {"trace": in_place}),
        "torch": one(ALL, {"charge": by_torch}),
        "decimals": one(ALL, {"charge": exact}),
        "shape of one": one(ALL, {"charge": shaped}),
        "recursion": one(ALL, {"trace": again}),
        "an object": one(ALL, {"fire": called}),
        "a partial": one(ALL, {"fire": bound}),
        "the library": one(ALL, {"charge": ready}),
        "awaits": one(ALL, {}, own_cell("import asyncio\nawait asyncio.sleep(0)")),
        "a broken own cell": one(ALL, {}, own_cell("this is no Python"), own_cell("1 / 0")),
    }


def troubles() -> dict[str, HandedIn]:
    """Code that is wrong, loops, breaks or attacks."""
    leave = {"charge": "import sys\ndef charge(v, current, beta):\n    sys.exit(0)"}
    loop = {"reset": "def reset(h, spike, v_th):\n    while True: pass"}
    bomb = {"fire": "def fire(h, v_th):\n    return len([bytearray(10**9) for _ in range(99)])"}
    spy = {"charge": "def charge(*a):\n    return float(open('../../gradebook.db', 'rb').read(1))"}
    tell = {"charge": "def charge(*a):\n    raise ValueError(a)"}
    fork = {"charge": "import os\ndef charge(v, current, beta):\n    while os.fork() >= 0: pass"}
    move = {"charge": "import ctypes\ndef charge(*a):\n    ctypes.memmove(id(a), id(0), 8)"}
    patch = "import numpy as np, json\nnp.allclose = np.array_equal = lambda *a, **k: True\n"
    patch += "json.dumps = lambda *a, **k: '{}'"
    wrong = {name: f"def {name}(*a):\n    return 0.125" for name in RIGHT}
    return {
        "nothing": HandedIn({f"{NAME}.ipynb": data_of(filled({}))}, 0),
        "strict": one(13, {"fire": "def fire(h, v_th):\n    return int(h > v_th)"}),
        "prints": one(13, {"charge": CHARGE.replace("return", "print(") + ")"}),
        "leaves": one(13, leave),
        "loops": one(12, loop),
        "fills the memory": one(13, bomb),
        "spies": one(13, spy),
        "tells": one(13, tell),
        "forks": one(13, fork),
        "moves memory": one(13, move),
        "patches": one(4, wrong | {"reset": RESET}, own_cell(patch)),
        "forges": one(0, wrong, without_checks),
        "own loop": one(ALL, {}, own_cell("while True: pass")),
        "own exit": one(ALL, {}, own_cell("import os\nos._exit(0)")),
        "own training": one(ALL, {}, own_cell("import time\ntime.sleep(10**6)", -1)),
        "own memory": one(ALL, {}, own_cell("x = [bytearray(10**9) for _ in range(99)]")),
        "own flood": one(ALL, {}, own_cell("for _ in range(10**6): print('spam')")),
        "output": one(ALL, {}, with_million_lines),
    }


def files() -> dict[str, HandedIn]:
    """Right work in odd files, and no work."""
    right = data_of(filled(RIGHT))
    strict = data_of(filled(RIGHT | {"fire": "def fire(h, v_th):\n    return int(h > v_th)"}))
    named, old = f"{NAME}.ipynb", nbformat.convert(filled(RIGHT), 3)
    accents = {"explain": "Für drei Zehntel: der Überschuss bleibt."}
    accented = json.dumps(filled(RIGHT | accents), ensure_ascii=False)
    return {
        "BOM": HandedIn({named: b"\xef\xbb\xbf" + right}, ALL),
        "UTF-16": HandedIn({named: accented.encode("utf-16")}, ALL),
        "cp1252": HandedIn({named: accented.encode("cp1252", "replace")}, ALL),
        "lone surrogate": one(ALL, with_line("charge", "# \ud83d")),
        "version 3": HandedIn({named: nbformat.writes(old, version=3).encode()}, ALL),
        "no marks": one(ALL, {}, without_marks),
        "no ids": one(ALL, {}, without_ids),
        "copied stub": one(ALL, {}, answer_twice),
        "another name": HandedIn({"Abgabe final (2).ipynb": right}, ALL, "was called"),
        "named as text": HandedIn({f"{named}.txt": right}, ALL, "was called"),
        "in a zip": HandedIn({"work.zip": zipped({f"my work/{named}": right})}, ALL),
        "a zip in a zip": HandedIn({"a.zip": zipped({"b.zip": zipped({named: right})})}, ALL),
        "damaged beside": HandedIn({named: right, "a1_neuron(1).ipynb": right[:500]}, ALL),
        "two versions": HandedIn({"old.ipynb": right, named: strict}, 13, "was taken"),
        "a scan too": HandedIn({named: right, "scan.pdf": b"%PDF"}, ALL),
        "truncated": HandedIn({named: right[:2000]}, 0, NAME),
        "empty": HandedIn({named: b""}, 0, NAME),
        "a page": HandedIn({named: b"<!DOCTYPE html><html></html>"}, 0, NAME),
        "damaged zip": HandedIn({"work.zip": zipped({named: right})[:300]}, 0, "work.zip"),
        "docx": HandedIn({"work.docx": zipped({"word/document.xml": b"<w/>"})}, 0, "work.docx"),
        "rar": HandedIn({"work.rar": b"Rar!\x1a\x07\x00"}, 0, "work.rar"),
        "7z": HandedIn({"work.7z": b"7z\xbc\xaf\x27\x1c"}, 0, "work.7z"),
        "pdf": HandedIn({"scan.pdf": b"%PDF"}, 0, "scan.pdf"),
        "written below": one(ALL, {}, after("explain", "The rate is 0.3, below.", "markdown")),
        "written as raw": one(ALL, {}, answer_as_text),
        "script": one(
            ALL, {"explain": "[z](jav&#x61;script:alert(1)) <img src=x onerror=alert(1)>"}
        ),
    }


def hand_ins() -> dict[str, HandedIn]:
    """All of them, by what they are an example of."""
    return styles() | troubles() | files()

"""Read notebooks, put solutions in, and run them in a fresh kernel without a network."""

from __future__ import annotations

import copy
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parent.parent.parent

UNPLUG = """
import socket as _socket

def _refuse(*arguments, **options):
    raise OSError("this notebook is run without a network")

for _name in ("connect", "connect_ex", "sendto"):
    setattr(_socket.socket, _name, _refuse)
_socket.getaddrinfo = _refuse
"""
"""The kernel itself talks through ZeroMQ, which does not use Python's sockets."""


WITHOUT_NOTES = ("Quiz", "Further reading")
"""Sections that nobody speaks to: the quiz is part of the recap, reading is for home."""
LIVE = re.compile(r"show\.widgets\.(\w+_explorer|LivePicture)\(")
"""A call that makes a live picture: one of the room's own, or one that a cell draws itself."""


@pytest.fixture(scope="session")
def read_notebook() -> Callable[[str], NotebookNode]:
    """Reads notebooks/NAME.ipynb."""
    return lambda stem: nbformat.read(ROOT / "notebooks" / f"{stem}.ipynb", as_version=4)


@pytest.fixture(scope="session")
def solved() -> Callable[[NotebookNode], NotebookNode]:
    """Puts the solutions of a notebook into its exercises; returns a new notebook."""

    def put_in(notebook: NotebookNode) -> NotebookNode:
        result = copy.deepcopy(notebook)
        solutions = {name: code_of(cell) for name, cell in tagged(result, "solution").items()}
        for name, cell in tagged(result, "exercise").items():
            cell.source = solutions[name]
        return result

    return put_in


@pytest.fixture
def execute(tmp_path: Path) -> Callable[[NotebookNode], NotebookNode]:
    """Runs a copy of a notebook top to bottom in an empty folder; an error in a cell is raised."""

    def run(notebook: NotebookNode) -> NotebookNode:
        result = copy.deepcopy(notebook)
        result.cells.insert(0, nbformat.v4.new_code_cell(UNPLUG))
        paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(filter(None, paths)),
            "OMP_NUM_THREADS": "1",
            "SNNLAB_NOTEBOOKS": "fast",
        }
        environment.pop("MPLBACKEND", None)  # as in JupyterLab, the kernel chooses its own
        client = NotebookClient(
            result,
            timeout=300,
            kernel_name="python3",
            resources={"metadata": {"path": str(tmp_path)}},
            store_widget_state=False,
        )
        client.execute(env=environment)
        result.cells.pop(0)
        return result

    return run


def tagged(notebook: NotebookNode, kind: str) -> dict[str, Any]:
    """The cells tagged `kind:NAME`, by name."""
    found = {}
    for cell in notebook.cells:
        for tag in cell.metadata.get("tags", []):
            if tag.startswith(f"{kind}:"):
                found[tag.partition(":")[2]] = cell
    return found


def code_of(cell: NotebookNode) -> str:
    """The code in the one fenced block of a solution."""
    blocks = re.findall(r"^```python\n(.*?)^```", cell.source, re.DOTALL | re.MULTILINE)
    assert len(blocks) == 1, f"a solution has one block of Python, found {len(blocks)}"
    return blocks[0].rstrip()


def numbered(markdown: str) -> list[str]:
    """The items of the numbered lists in a text, without their numbers."""
    return [item.strip() for item in re.split(r"^\d+\. ", markdown, flags=re.M)[1:]]


def sections_with_notes(notebook: NotebookNode) -> list[str]:
    """The level-2 headings that a lecturer speaks to, in their order."""
    found = [heading for heading, _ in _by_section(notebook)]
    return [heading for heading in dict.fromkeys(found) if heading not in ("", *WITHOUT_NOTES)]


def questions_to_touch(notebook: NotebookNode) -> dict[str, list[str]]:
    """For each heading, the numbered questions that stand right above a live picture."""
    asked: dict[str, list[str]] = {}
    last = ""
    for heading, text in _by_section(notebook):
        if text.startswith("```") and LIVE.search(text):
            asked.setdefault(heading, []).extend(numbered(last))
        last = text
    return {heading: questions for heading, questions in asked.items() if questions}


def _by_section(notebook: NotebookNode) -> Iterator[tuple[str, str]]:
    """Each piece of a notebook and the heading over it: text, or code with a fence before it."""
    heading = ""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            yield heading, f"```\n{cell.source}"
            continue
        before, *rest = re.split(r"^## (.+)$", cell.source, flags=re.M)
        yield heading, before
        for heading, text in zip(rest[::2], rest[1::2], strict=True):
            yield heading, text

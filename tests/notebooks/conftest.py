"""Read notebooks, put solutions in, and run them in a fresh kernel without a network."""

from __future__ import annotations

import copy
import os
import re
from collections.abc import Callable
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

"""Any cell can be run again, after any later one, and gives what it gave."""

from __future__ import annotations

import copy
import symtable
from pathlib import Path

import pytest
from nbformat import NotebookNode

from tests.notebooks.test_notebook_execution import results, verdicts

FOLDER = Path(__file__).resolve().parent.parent.parent / "notebooks"
STEMS = sorted(path.stem for path in FOLDER.glob("*.ipynb"))
LIGHT = [
    "01_spiking_neuron",
    "02_membrane_potential_distributions",
    "03_noise_is_the_gradient",
    "04_single_step_training",
    "09_biology",
]


def given_and_read(source: str) -> tuple[set[str], set[str]]:
    """Names that a cell gives, and names that it takes from other cells."""
    top = symtable.symtable(source, "<cell>", "exec")
    given = {s.get_name() for s in top.get_symbols() if s.is_assigned() or s.is_imported()}
    read, inner = set(), [top]
    while inner:
        table = inner.pop()
        inner += table.get_children()
        read |= {s.get_name() for s in table.get_symbols() if s.is_global() and s.is_referenced()}
    return given, read - given


@pytest.mark.parametrize("stem", STEMS)
def test_a_name_that_later_cells_use_is_given_by_one_cell(stem, read_notebook):
    """Or else who goes back and runs a cell again meets another object under its name."""
    givers, readers = {}, {}
    for cell in read_notebook(stem).cells:
        if cell.cell_type == "code":
            given, read = given_and_read(cell.source)
            for name in given:
                givers.setdefault(name, []).append(cell.id)
            for name in read:
                readers.setdefault(name, []).append(cell.id)
    doubled = {name: ids for name, ids in givers.items() if name in readers and len(ids) > 1}
    assert not doubled, doubled


def once_more_backwards(notebook: NotebookNode) -> NotebookNode:
    """Each code cell runs a second time, the last one first."""
    doubled = copy.deepcopy(notebook)
    again = [copy.deepcopy(cell) for cell in notebook.cells if cell.cell_type == "code"]
    for cell in again:
        cell.id = f"again-{cell.id}"
    doubled.cells += reversed(again)
    return doubled


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("stem", LIGHT)
def test_every_cell_gives_the_same_after_all_later_ones(stem, read_notebook, solved, execute):
    done = execute(once_more_backwards(solved(read_notebook(stem))))
    found = results(done)
    again = {k.removeprefix("again-"): v for k, v in found.items() if k.startswith("again-")}
    first = {k: v for k, v in found.items() if not k.startswith("again-")}
    assert again.keys() == first.keys()
    for cell, value in first.items():
        assert without_names(again[cell]) == without_names(value), cell
    assert set(verdicts(done).values()) == {"That's right."}


def without_names(outputs: list) -> list:
    """Outputs without the names of widgets, which are counted through."""
    return [
        each
        if isinstance(each, str)
        else {kind: text for kind, text in each.items() if "Box(" not in str(text)}
        for each in outputs
    ]

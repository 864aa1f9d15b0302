"""The capstone is built from what a student has written, and says of each part whose it is."""

from __future__ import annotations

import re

import nbformat
import pytest

from snnlab.classroom.own_answers import NEEDED
from tests.notebooks.conftest import code_of, tagged

SOME_RIGHT_SOME_NOT = {
    "one_step": None,  # the solution
    "matched_noise": None,
    "surrogate_slope": "def surrogate_slope(current, mu, sigma):\n    return 1",
    "noisy_spikes": "def noisy_spikes(current, noise, v_th):\n    raise ValueError('not today')",
    "accuracy_after_each_timestep": None,
    "mean_and_spread": "while True:\n    pass",
}
"""What stands in the exercise cells; those that are not named keep their three dots."""


def write(folder, read_notebook, answers):
    """Write the notebooks of the exercises with these answers."""
    for stem in sorted({needed.notebook for needed in NEEDED}):
        notebook = read_notebook(stem)
        solutions = tagged(notebook, "solution")
        for name, cell in tagged(notebook, "exercise").items():
            if name in answers:
                cell.source = answers[name] or code_of(solutions[name])
        nbformat.write(notebook, folder / f"{stem}.ipynb")


def said_by(notebook):
    """All text that the notebook puts out, and the table of parts as plain text."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    texts = [o.get("text", "") or o.get("data", {}).get("text/plain", "") for o in outputs]
    return "\n".join(texts), next(text for text in texts if text.startswith("one_step "))


def accuracy_at_16(said):
    """Mean test accuracy with noise, and from rest."""
    found = re.search(r"At T = 16 .*?: (.+?) ± .+ with noise, .*?, (\S+) ± \S+ % from rest", said)
    return tuple(map(float, found.groups()))


def test_the_capstone_shows_no_part_of_the_solution_of_its_exercises(read_notebook):
    notebook = read_notebook("capstone")
    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    for needed in NEEDED:
        assert f"parts.{needed.name}(" in code, "each part is used"
        assert f"def {needed.name}(" not in code


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_with_all_answers_everything_is_the_students(read_notebook, execute, tmp_path):
    write(tmp_path, read_notebook, {needed.name: None for needed in NEEDED})
    said, table = said_by(execute(read_notebook("capstone")))
    assert table.count("✓ yours") == 9
    assert said.count("All 9 parts are yours.") >= 7
    assert "from the kit" not in said
    with_noise, from_rest = accuracy_at_16(said)
    assert with_noise > 95  # 98.1 where it was written; other processors round otherwise
    assert with_noise > from_rest + 2
    same = re.search(r"([\d.]+) % of all decisions at T = 1 to 16 are the same", said)
    assert float(same[1]) > 99.5


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_with_broken_answers_it_goes_on_with_the_kits_and_says_so(read_notebook, execute, tmp_path):
    write(tmp_path, read_notebook, SOME_RIGHT_SOME_NOT)
    said, table = said_by(execute(read_notebook("capstone")))
    rows = {line.split()[0]: line for line in table.splitlines()}
    own = {name for name, line in rows.items() if "✓ yours" in line}
    assert own == {"one_step", "matched_noise", "accuracy_after_each_timestep"}
    assert "yours, but the check says" in rows["surrogate_slope"]
    assert "ValueError: not today" in rows["noisy_spikes"]
    assert "took too long and was stopped" in rows["mean_and_spread"]
    assert "not written yet" in rows["rates"]
    assert said.count("3 of 9 parts are yours, 6 come from the kit.") >= 7
    assert accuracy_at_16(said)[0] > 95

"""The full preset: every notebook runs with its network, on few images and for a few epochs.

Data are the small MNIST that comes with the package, in the place of all of MNIST. So this shows
that nothing in a notebook is made for the fast preset alone; how long a GPU takes it does not.
"""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

FOLDER = Path(__file__).resolve().parent.parent.parent / "notebooks"
TRAINED = sorted(
    path.stem for path in FOLDER.glob("*.ipynb") if "settings.training" in path.read_text("utf-8")
)

SHRINK = """
from dataclasses import replace as _replace

import snnlab as _snnlab
import snnlab.classroom as _classroom
import snnlab.runs as _runs

_preset, _load, _presets = _classroom.preset, _snnlab.load_data, _runs.PRESETS
_few = {"train_size": 600, "test_size": 256}


def _small(name=None):
    full = _preset("full")
    return _replace(full, training=_replace(full.training, epochs=4), seeds=2)


def _mnist(name, device="cpu"):
    if name == "mnist-5k":  # what the networks that come with the kit have learned
        return _load(name, device=device)
    assert name == "mnist"
    return _load("mnist-5k", device=device, **_few)


_classroom.preset, _snnlab.load_data = _small, _mnist
_race = _presets["mnist"]
_race = _replace(
    _race,
    data=_replace(_race.data, name="mnist-5k", **_few),
    training=_replace(_race.training, epochs=1),
)
_runs.PRESETS = {"mnist": _race}
"""


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("stem", TRAINED)
def test_a_notebook_runs_with_the_full_preset(stem, read_notebook, execute):
    notebook = read_notebook(stem)
    notebook.cells.insert(0, nbformat.v4.new_code_cell(SHRINK))
    notebook.cells.append(nbformat.v4.new_code_cell("assert settings.name == 'full'"))
    done = execute(notebook)
    for cell in done.cells:
        for output in cell.get("outputs", []):
            assert output.output_type != "error", output


def test_they_are_those_that_train():
    assert len(TRAINED) >= 6

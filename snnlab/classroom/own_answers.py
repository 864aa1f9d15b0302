"""A student's answers to the exercises of the course, as parts from which the capstone builds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from snnlab.classroom import (
    conversion_exercises,
    distribution_exercises,
    gradient_exercises,
    neuron_exercises,
    quickstart_exercises,
    training_exercises,
)
from snnlab.classroom.answer_cells import SavedNotebook
from snnlab.classroom.assignments.notebooks.reading import UnreadableNotebook
from snnlab.classroom.faults import NOT_WRITTEN
from snnlab.classroom.parts import RIGHT, Part, Parts

NEEDED: Final = (
    Part(neuron_exercises, "one_step", "01_spiking_neuron", of_numbers=True),
    Part(distribution_exercises, "matched_noise", "02_membrane_potential_distributions"),
    Part(gradient_exercises, "surrogate_slope", "03_noise_is_the_gradient", of_numbers=True),
    Part(training_exercises, "noisy_spikes", "04_single_step_training"),
    Part(conversion_exercises, "accuracy_after_each_timestep", "05_from_one_to_many_timesteps"),
    Part(training_exercises, "mean_and_spread", "04_single_step_training"),
    Part(quickstart_exercises, "predicted_classes", "00_quickstart"),
    Part(quickstart_exercises, "rates", "00_quickstart"),
    Part(distribution_exercises, "active_neurons", "02_membrane_potential_distributions"),
)
"""The exercises whose answers become parts, in the order in which the capstone uses them."""


def own_answers(folder: Path | str = ".") -> Parts:
    """Read a student's answers from the notebooks of a folder, and check each.

    The last saved version of each notebook is read. If an answer is missing, not written or wrong,
    the kit's solution is used, and the table says so. No content of a notebook raises an error.

    Args:
        folder: of the notebooks; by default that of the calling notebook.

    Example:
        >>> parts = own_answers()
        >>> parts.told()
        'None of the 9 parts is yours yet: all come from the kit.'
    """
    others = [SavedNotebook(file) for file in newest_first(Path(folder))]
    return Parts(part_of(needed, others) for needed in NEEDED)


def newest_first(folder: Path) -> list[Path]:
    """The notebooks of a folder, the last saved one first."""
    try:
        files = [file for file in folder.glob("*.ipynb") if file.is_file()]
        return sorted(files, key=lambda file: file.stat().st_mtime, reverse=True)
    except OSError:
        return []


def part_of(needed: Part, saved: list[SavedNotebook]) -> Part:
    """The part for an exercise: from its notebook, or from another one that holds it."""
    found: list[Part] = []
    for notebook in candidates(needed, saved):
        found.append(read_from(notebook, needed))
        if found[-1].own or found[-1].said.startswith(WRONG):
            return found[-1]
    if found:
        return found[0]
    return replace(needed, said=f"there is no {needed.notebook}.ipynb beside this notebook")


NOT_YET_WRITTEN = "not written yet"
WRONG = "yours, but the check says: "


def candidates(needed: Part, saved: list[SavedNotebook]) -> Iterator[SavedNotebook]:
    """Notebooks that may hold an answer: first its own, then copies under other names."""
    named = [notebook for notebook in saved if notebook.file.stem == needed.notebook]
    yield from named
    for notebook in saved:
        if notebook not in named and notebook.has_tag(needed.name):
            yield notebook


def read_from(notebook: SavedNotebook, needed: Part) -> Part:
    """The part with the answer in a notebook."""
    try:
        part = replace(needed, source=notebook.told)
        found = notebook.answer(needed.name, needed.exercise)
    except UnreadableNotebook as error:
        return replace(needed, said=f"{error}", source=notebook.file.name)
    except OSError as error:
        said = f"it cannot be read: {error.strerror}"
        return replace(needed, said=said, source=notebook.file.name)
    if found is None:
        return replace(part, said="its cell is not in this notebook")
    answer, diagnosis = found
    if diagnosis.passed:
        return replace(part, answer=answer, said=RIGHT)
    written = diagnosis != NOT_WRITTEN
    return replace(part, said=f"{WRONG}{diagnosis.message}" if written else NOT_YET_WRITTEN)

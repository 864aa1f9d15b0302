"""Pages of feedback, written by nbgrader in parallel for students whose points changed."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from nbgrader.converters import GenerateFeedback
from tqdm import tqdm

from snnlab.classroom.assignments.catalogue import ASSIGNMENTS
from snnlab.classroom.assignments.course import CourseError, convert, course_directory
from snnlab.classroom.assignments.grading.state import load_state, save_state, states_of

Progress = Callable[..., Any]
"""Wraps an iteration, as `tqdm` does: takes items, `total` and `desc`."""
UNSHOWN: Progress = partial(tqdm, disable=True)

AT_ONCE = 15
"""Pages in a lot: a process prepares nbgrader once per lot."""
FEW = 4
"""Number of pages from which on several processes are faster than one."""


def write_pages(folder: Path, workers: int, progress: Progress) -> None:
    """Write all pages that are out of date; a page that cannot be written is missing afterwards.

    Args:
        folder: the course folder.
        workers: processes at once.
        progress: shows the progress.
    """
    for name in ASSIGNMENTS:
        stale = [state.student for state in states_of(folder, name) if state.page_is_stale]
        lot = AT_ONCE if len(stale) > AT_ONCE * workers else -(-len(stale) // workers)
        lots = [stale[place : place + lot] for place in range(0, len(stale), lot or 1)]
        done = carried_out(folder, name, lots, workers if len(stale) >= FEW else 1)
        each = (student for students in done for student in students)
        for student in progress(each, total=len(stale), desc=f"feedback on {name}"):
            state = load_state(folder, name, student)
            save_state(folder, state, page=state.counted)


def carried_out(
    folder: Path, name: str, lots: Sequence[Sequence[str]], workers: int
) -> Iterator[Sequence[str]]:
    """Write lots of pages; yield each lot when it is done."""
    if workers < 2 or len(lots) < 2 or sys.platform != "linux":
        yield from map(write_lot, repeat(folder), repeat(name), lots)
        return
    with ProcessPoolExecutor(workers, get_context("fork")) as pool:
        yield from pool.map(write_lot, repeat(folder), repeat(name), lots)


def write_lot(folder: Path, name: str, students: Sequence[str]) -> Sequence[str]:
    """Write the pages of these students only; return their ids."""
    directory = course_directory(folder, name)
    others = {place.parent.name for place in folder.glob(f"autograded/*/{name}")} - set(students)
    directory.student_id_exclude = ",".join(sorted(others))
    with contextlib.suppress(CourseError):  # the missing page shows it
        convert(GenerateFeedback, directory)
    return students

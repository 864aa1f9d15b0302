"""The table `written.csv`: what it holds, and how it is written without losing what was typed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from snnlab.classroom.assignments.grading.kept import Kept
from snnlab.classroom.assignments.grading.records import Score
from snnlab.classroom.assignments.spreadsheets import back_up, read_rows, write_rows

WRITTEN = "written.csv"
WHICH = ("student", "assignment", "task")
FIELDS = (*WHICH, "maximum", "points", "given", "comment", "said", "note", "answer")
"""Columns of `written.csv`. `given` and `said` hold points and comment that count so far: by them a
cell that was changed in one copy of the table is told from one that is old."""
MOST_OF_AN_ANSWER = 5000
"""Characters of an answer in the table."""
EARLIER = "points were given for an earlier text"

Key = tuple[str, str, str]
"""Student, assignment, task."""


def key_of(score: Score) -> Key:
    """Which answer a score is about."""
    return score.student, score.assignment, score.task


def number_in(text: str) -> float | None:
    """A number as any spreadsheet writes it, or None."""
    try:
        number = float(text.replace("\u2009", "").replace(",", "."))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def write_table(folder: Path, found: Sequence[Score], kept: Callable[[str, str], Kept]) -> None:
    """Write `written.csv`: all answers that people mark, and every row that was there.

    Points and comments that were typed and not entered yet stay. The table as it was goes to
    `backups/` if it changes.

    Args:
        folder: the course folder.
        found: what the gradebook says.
        kept: what is known about a student's hand-in of an assignment.
    """
    file = folder / WRITTEN
    old = read_rows(file)
    typed = {tuple(row.get(name, "") for name in WHICH): row for row in old}
    rows: dict[tuple[str, ...], dict[str, str]] = dict(typed)
    for score in found:
        key = key_of(score)
        if score.for_people or key in typed:
            row = row_of(score, kept(score.student, score.assignment))
            rows[key] = typed.get(key, {}) | row | dict(unentered(typed.get(key), score))
    ordered = sorted(rows.items(), key=lambda item: (item[0][1], item[0][2], item[0][0]))
    extra = [name for name in (old[0] if old else ()) if name not in FIELDS]
    before = file.read_bytes() if file.is_file() else None
    write_rows(file, [*FIELDS, *extra], [row for _, row in ordered])
    back_up(file, before)


def row_of(score: Score, kept: Kept) -> dict[str, str]:
    """The row of an answer, as the gradebook has it."""
    points = "" if score.by_hand is None else f"{score.by_hand:g}"
    earlier = score.by_hand is not None and kept.given_for_another_text(score.task)
    note = EARLIER if earlier else ""
    answer = kept.answers.get(score.task, "")
    if len(answer) > MOST_OF_AN_ANSWER:
        answer = answer[:MOST_OF_AN_ANSWER] + " [... the rest is in autograded/]"
    counts = (f"{score.maximum:g}", points, points, score.comment, score.comment)
    return dict(zip(FIELDS, (*key_of(score), *counts, note, answer), strict=True))


def unentered(typed: Mapping[str, str] | None, score: Score) -> Iterator[tuple[str, str]]:
    """Cells of a row that somebody typed and that are not in the gradebook yet."""
    if typed is None:
        return
    points = typed.get("points", "").strip()
    if points and points != typed.get("given", "").strip() and number_in(points) != score.by_hand:
        yield "points", points
    comment = typed.get("comment", "").strip()
    if comment not in (typed.get("said", "").strip(), score.comment):
        yield "comment", comment

"""What `snnlab assign` says to people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from snnlab.cli.answer import table

if TYPE_CHECKING:
    from snnlab.classroom.assignments.collecting.collect import Collected
    from snnlab.classroom.assignments.grading.class_grading import Change, Graded
    from snnlab.classroom.assignments.grading.grades import Grade, TaskSummary

TO_CONFIRM = "these points do not count yet; to let them count: snnlab assign grade --yes"


def check_text(entry: dict[str, Any]) -> str:
    """The verdicts on one notebook."""
    lines = [f"{entry['file']}: {entry['assignment']}, known cases only"]
    for task in entry["tasks"]:
        sign = "right" if task["passed"] else "not yet"
        lines.append(f"  {task['task']:<20} {sign:<8} {task['message']}")
        if task["hint"] and not task["passed"]:
            lines.append(f"  {'':<20} {'':<8} Hint: {task['hint']}")
    if entry["unanswered"]:
        lines.append(f"  not answered yet: {', '.join(entry['unanswered'])}")
    if entry["missing"]:
        lines.append(f"  cells that are missing: {', '.join(entry['missing'])}")
    passed = [task for task in entry["tasks"] if task["passed"]]
    points = sum(task["possible"] for task in passed)
    possible = sum(task["possible"] for task in entry["tasks"])
    lines.append(
        f"  {len(passed)} of {len(entry['tasks'])} tasks right so far, {points} of {possible} "
        "points in code if the hidden cases pass too"
    )
    return "\n".join(lines)


def collected_text(found: Sequence[Collected]) -> str:
    """What was collected."""
    rows = [
        [entry.student, entry.assignment or "none", "yes" if entry.taken else "no", entry.note]
        for entry in found
    ]
    taken = [entry.student for entry in found if entry.taken]
    text = table(["student", "assignment", "taken", "note"], rows)
    return f"{text}\n{len(taken)} notebooks of {len(set(taken))} students taken"


def grades_table(grades: Sequence[Grade]) -> str:
    """The grades."""
    return formatted(
        grades,
        {
            "student": "{0.student}",
            "assignment": "{0.assignment}",
            "points": "{0.points:g} of {0.maximum:g}",
            "to be read": "{0.pending:g}",
            "late": "{0.late}",
            "note": "{0.note}",
        },
    )


def formatted(entries: Sequence[Any], columns: Mapping[str, str]) -> str:
    """A table with a row for each entry; `columns`: the format of each cell by its heading."""
    return table(list(columns), [[form.format(e) for form in columns.values()] for e in entries])


def graded_text(done: Graded, folder: Path) -> str:
    """What grading did."""
    lines = [
        grades_table(done.grades),
        f"{done.judged} notebooks judged; grades in {folder / 'grades.csv'}, "
        f"feedback in {folder / 'feedback'}",
        f"written answers: fill in points in {folder / 'written.csv'}, then: snnlab assign enter",
    ]
    if done.nobodys:
        files = ", ".join(done.nobodys)
        lines.append(f"{len(done.nobodys)} files count for nobody, see handins.csv: {files}")
    if done.changes:
        lines += ["", changes_text(done.changes)]
    if done.held:
        lines.append(TO_CONFIRM)
    return "\n".join(lines)


def changes_text(changes: Sequence[Change]) -> str:
    """Points that change against those that count."""
    columns = {"so far": "{0.before:g}", "now": "{0.after:g}", "why": "{0.why}"}
    which = {name: f"{{0.{name}}}" for name in ("student", "assignment", "task")}
    return formatted(changes, which | columns)


def entered_text(changed: int, grades: Sequence[Grade], folder: Path) -> str:
    """What became of the points given by hand."""
    pending = sum(1 for each in grades if each.pending)
    return (
        f"{changed} answers changed; grades in {folder / 'grades.csv'}, "
        f"feedback in {folder / 'feedback'}\n{pending} notebooks wait to be read"
    )


def report_text(found: Sequence[TaskSummary]) -> str:
    """Per task how many passed, and the most frequent mistake."""
    lines = []
    for each in found:
        lines.append(f"{each.assignment} {each.task}: {each.passed} of {each.handed_in} passed")
        if each.times:
            lines.append(f"    most often ({each.times}): {each.most_frequent}")
    return "\n".join(lines)

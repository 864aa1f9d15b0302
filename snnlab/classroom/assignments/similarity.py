"""Find answers of a class with similar unusual parts: a hint where to look, never a verdict."""

from __future__ import annotations

import ast
import builtins
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from IPython.core.inputtransformer2 import TransformerManager
from nbformat import NotebookNode

from snnlab.classroom.assignments import places
from snnlab.classroom.assignments.catalogue import names_of
from snnlab.classroom.assignments.notebooks.marks import by_hand, grade_id, is_answer
from snnlab.classroom.assignments.notebooks.reading import UnreadableNotebook, read_notebook
from snnlab.classroom.assignments.notebooks.restoring import answer_in, restored

GRAM = 8
"""Nodes of a syntax tree that are compared as one piece."""
FEWEST = 12
"""Unusual pieces that the shorter of two answers must have."""
SHARE = 0.7
"""Share of the unusual pieces of the shorter answer that the other must have, too."""
WORDS = 8
"""Words of a sentence that is compared; shorter ones may be equal by chance."""
SHARED_NAMES = {*dir(builtins), "np", "numpy", "math", "torch"}
"""Names that are not the student's own."""
SOLUTION = "(solution)"
"""In the place of a student: the text of `source/`, which is public."""

Pieces = dict[str, set[Hashable]]
"""The pieces of an answer, by student."""


@dataclass(frozen=True)
class Similar:
    """Two answers that share pieces which few others have."""

    assignment: str
    task: str
    one: str
    """The first student."""
    other: str
    """The other student."""
    share: float
    """Share of the unusual pieces of the shorter answer that the other has, too: 0 to 1."""
    one_file: str
    """Path of the first student's notebook in the course folder."""
    other_file: str
    sentences: tuple[str, ...] = ()
    """For written answers: the sentences that both have word by word."""


def similar(course: Path, names: Sequence[str] = ()) -> list[Similar]:
    """Compare everybody's answers, task by task.

    Names, literals, docstrings and comments are ignored, and also pieces that were released, are
    in the solution, or are shared by many students, since these prove nothing.

    Args:
        course: the course folder.
        names: assignments; none: all.

    Returns:
        Pairs, the most alike first.
    """
    found = []
    for name in names_of(names):
        if not places.all_submitted(course, name):
            continue
        code, text = answers_of(course, name)
        for tasks, fewest, least in ((code, FEWEST, SHARE), (text, 1, 0.0)):
            for task, pieces in tasks.items():
                given = pieces.pop("", set())
                unusual = unusual_pieces(pieces, given)
                for one, other, share in pairs(unusual, fewest, least):
                    both = unusual[one] & unusual[other] if tasks is text else ()
                    files = (file_of(one, name), file_of(other, name))
                    shared = tuple(sorted(map(str, both)))
                    found.append(Similar(name, task, one, other, round(share, 2), *files, shared))
    return sorted(found, key=lambda s: (-s.share, s.assignment, s.task, s.one, s.other))


def answers_of(course: Path, name: str) -> tuple[dict[str, Pieces], dict[str, Pieces]]:
    """Pieces of code and texts by task and student; those under no student's id were given."""
    released, source = read_notebook(places.released(course, name)), places.source(course, name)
    files = {places.owner(file): file for file in places.all_submitted(course, name)}
    code: dict[str, Pieces] = defaultdict(lambda: defaultdict(set))
    text: dict[str, Pieces] = defaultdict(lambda: defaultdict(set))
    asked = {s for cell in released.cells for s in sentences(cell.source)}
    if source.is_file():
        files[SOLUTION] = source
    for student, file in files.items():
        try:
            notebook = restored(read_notebook(file), released)
        except UnreadableNotebook:
            continue
        for cell in notebook.cells:
            if not is_answer(cell):
                continue
            if cell.cell_type == "code":
                owner = "" if student == SOLUTION else student
                code[grade_id(cell)][owner] |= pieces_of(code_for(cell, notebook))
            else:
                text[grade_id(cell)][student] |= sentences(cell.source)
                text[grade_id(cell)][""] = set(asked)
    for cell in filter(is_answer, released.cells):
        code[grade_id(cell)][""] |= pieces_of(cell.source)
    return code, text


def code_for(cell: NotebookNode, notebook: NotebookNode) -> str:
    """The code of a task: its cell, or, if that is empty, the cells that define its function."""
    if answer_in(cell.source) or by_hand(cell):
        return str(cell.source)
    defines = re.compile(rf"^def {grade_id(cell)}\b", re.M)
    return "\n".join(c.source for c in notebook.cells if defines.search(c.source))


def pieces_of(code: str) -> set[Hashable]:
    """All sequences of `GRAM` nodes in the syntax tree, with names replaced by numbers."""
    try:
        nodes = list(nodes_of(ast.parse(TransformerManager().transform_cell(code))))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    return {same_names(nodes[i : i + GRAM]) for i in range(len(nodes) - GRAM + 1)}


def nodes_of(node: ast.AST) -> Iterator[tuple[str, str]]:
    """Kind and name of each node, from the top down: no literals, annotations or docstrings."""
    name = next((str(getattr(node, f)) for f in ("id", "arg", "attr") if hasattr(node, f)), "")
    own = isinstance(node, ast.Name | ast.arg) and name not in SHARED_NAMES
    kind = type(node).__name__ + ("" if own else name)
    yield kind, name if own else ""
    for child in ast.iter_child_nodes(node):
        is_text = isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)
        is_note = child in (getattr(node, "annotation", None), getattr(node, "returns", None))
        if not (is_text or is_note or isinstance(child, ast.expr_context)):
            yield from nodes_of(child)


def same_names(nodes: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """A piece in which each name is the number of its first appearance."""
    numbers: dict[str, int] = {}
    return tuple(
        f"{kind}{numbers.setdefault(name, len(numbers))}" if name else kind for kind, name in nodes
    )


def sentences(text: str) -> set[Hashable]:
    """The longer sentences of a text, in small letters and without punctuation."""
    found = (" ".join(re.findall(r"\w+", part.lower())) for part in re.split(r"[.!?;:]\s|\n", text))
    return {sentence for sentence in found if sentence.count(" ") >= WORDS - 1}


def unusual_pieces(pieces: Pieces, given: Collection[Hashable]) -> Pieces:
    """Pieces neither given nor shared by more than five students and a tenth of the class."""
    counts = Counter(piece for each in pieces.values() for piece in each)
    most = max(5, len(pieces) // 10)
    return {
        student: {piece for piece in each if piece not in given and counts[piece] <= most}
        for student, each in pieces.items()
    }


def pairs(pieces: Pieces, fewest: int, least: float) -> Iterator[tuple[str, str, float]]:
    """Pairs of students who share pieces, with the shared part of the shorter answer."""
    holders: dict[Hashable, list[str]] = defaultdict(list)
    for student, each in sorted(pieces.items()):
        for piece in each:
            holders[piece].append(student)
    shared = Counter(pair for students in holders.values() for pair in combinations(students, 2))
    for (one, other), count in shared.items():
        shorter = min(len(pieces[one]), len(pieces[other]))
        if shorter >= fewest and count / shorter >= least:
            yield one, other, count / shorter


def file_of(student: str, name: str) -> str:
    """The path of a notebook in the course folder."""
    if student == SOLUTION:
        return places.source(Path(), name).as_posix()
    return places.submitted(Path(), student, name).as_posix()


def similar_text(found: Sequence[Similar]) -> str:
    """The pairs in words."""
    lines = []
    for each in found:
        lines.append(
            f"{each.assignment} {each.task}: {each.one} and {each.other}, {each.share:.0%} of what "
            f"is unusual\n    {each.one_file}\n    {each.other_file}"
        )
        lines += [f"    both: {sentence}" for sentence in each.sentences]
    return "\n".join([*lines, "", HINT] if lines else [NOTHING])


NOTHING = "Nothing stands out: what is alike is short, was given, or is shared by many."
HINT = (
    "This is where to look, not what happened. Read both notebooks side by side: people who learn\n"
    "together, use one book or ask one chatbot write alike. Left out is what was given, stands in\n"
    "the solution or is shared by many, so short tasks such as `charge` are hardly ever listed."
)

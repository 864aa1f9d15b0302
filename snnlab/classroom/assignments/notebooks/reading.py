"""Read a notebook even if an editor, browser or platform has damaged its file slightly."""

from __future__ import annotations

import contextlib
import json
import logging
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4.rwbase import rejoin_lines

from snnlab.classroom.assignments.spreadsheets import text_of

MOST_BYTES = 50 << 20
"""Largest notebook that is read."""
CELL_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
HALF_CHARACTER = re.compile("[\ud800-\udfff]|\\\\u[dD][89a-fA-F]")
"""A surrogate, as character or JSON escape: one half of a character such as an emoji."""


class UnreadableNotebook(ValueError):
    """A file that is no notebook; the message says why."""


def read_notebook(file: Path) -> NotebookNode:
    """Read a notebook of any version as version 4.5.

    Raises:
        UnreadableNotebook: too large, damaged, or no notebook at all.
    """
    try:
        if file.stat().st_size > MOST_BYTES:
            raise UnreadableNotebook(f"{file.name} is larger than {MOST_BYTES >> 20} MB")
        return parse_notebook(file.read_bytes(), file.name)
    except OSError as error:
        raise UnreadableNotebook(f"{file.name} cannot be read: {error.strerror}") from error


def parse_notebook(data: bytes, name: str) -> NotebookNode:
    """A notebook from the bytes of its file; see `read_notebook`.

    The text may be in UTF-8, UTF-16 or cp1252; anything after the notebook is ignored. Fields and
    outputs that the format does not know are removed, and every cell gets a unique id, the same
    each time. The result is valid, with the cells and texts of the file.
    """
    try:
        with quiet():
            return valid(first_object(data))
    except RecursionError:
        raise UnreadableNotebook(f"{name} is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise UnreadableNotebook(
            f"{name} is not a notebook: line {error.lineno}, column {error.colno}: {error.msg}"
        ) from error
    except Exception as error:  # nbformat raises all kinds of errors
        text = " ".join(str(error).split())[:150]
        raise UnreadableNotebook(f"{name} is not a notebook: {text}") from error


def notebook_bytes(notebook: NotebookNode) -> bytes:
    """A notebook as the bytes of a file, the same for equal notebooks."""
    with quiet():
        return (nbformat.writes(notebook) + "\n").encode("utf-8", "replace")


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Suppress warnings of nbformat: the problems are repaired or reported here."""
    log = logging.getLogger("traitlets")
    before, log.disabled = log.disabled, True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.disabled = before


def first_object(data: bytes) -> dict[str, Any]:
    """The JSON object with which a file begins."""
    if not data.strip(b"\0 \t\r\n"):
        raise ValueError("the file is empty")
    text = decoded(data).lstrip("\ufeff \t\r\n")
    found, _ = json.JSONDecoder().raw_decode(text)
    if HALF_CHARACTER.search(text):  # joins two halves; a single one becomes a question mark
        whole = json.dumps(found, ensure_ascii=False).encode("utf-16-le", "surrogatepass")
        found = json.loads(whole.decode("utf-16-le", "replace"))
    if not isinstance(found, dict):
        raise ValueError(f"it holds a {type(found).__name__} in place of cells")
    return found


def decoded(data: bytes) -> str:
    """The text of a notebook's file."""
    if b"\0" not in data[:4]:  # UTF-16 has one in every other place
        with contextlib.suppress(UnicodeDecodeError):
            return data.decode("utf-8", "surrogatepass")
    return text_of(data)


def valid(raw: dict[str, Any]) -> NotebookNode:
    """A valid notebook of version 4.5, repaired from a JSON object."""
    version = int(raw.get("nbformat", 3 if "worksheets" in raw else 4))
    if version > nbformat.current_nbformat:
        raise ValueError(f"version {version} of the format is not known here")
    if version < nbformat.current_nbformat:
        raw = nbformat.reads(json.dumps(raw), as_version=nbformat.current_nbformat)
    if not isinstance(raw.get("cells"), list):
        raise ValueError("it has no cells")
    cells = [tidy(cell, place) for place, cell in enumerate(raw["cells"])]
    give_ids(cells)
    notebook = nbformat.from_dict(
        {
            "nbformat": nbformat.current_nbformat,
            "nbformat_minor": nbformat.current_nbformat_minor,
            "metadata": table_of(raw.get("metadata")),
            "cells": cells,
        }
    )
    for repair in (without_odd_outputs, without_odd_metadata):
        if not is_valid(notebook):
            repair(notebook)
    nbformat.validate(notebook)
    return rejoin_lines(notebook)


def tidy(cell: Any, place: int) -> dict[str, Any]:
    """The fields of a cell that the format knows."""
    if not isinstance(cell, dict):
        raise ValueError(f"cell {place + 1} is a {type(cell).__name__}")
    kind = cell.get("cell_type")
    source = cell.get("source", "")
    lines = source if isinstance(source, list) else [source or ""]
    if not all(isinstance(line, str) for line in lines):
        raise ValueError(f"cell {place + 1} has no text")
    known = kind if kind in ("code", "markdown") else "raw"
    fields = {
        "cell_type": known,
        "id": cell.get("id"),
        "metadata": table_of(cell.get("metadata")),
        "source": "".join(lines),
    }
    if known == "code":
        outputs, count = cell.get("outputs"), cell.get("execution_count")
        fields["outputs"] = outputs if isinstance(outputs, list) else []
        fields["execution_count"] = count if type(count) is int and count >= 0 else None
    elif isinstance(cell.get("attachments"), dict):
        fields["attachments"] = cell["attachments"]
    return fields


def table_of(value: Any) -> dict[str, Any]:
    """A JSON object, or an empty one in place of anything else."""
    return value if isinstance(value, dict) else {}


def give_ids(cells: list[dict[str, Any]]) -> None:
    """Give every cell a unique id; of several with the same id the first one keeps it."""
    taken: set[str] = set()
    for cell in cells:
        own = cell["id"]
        if isinstance(own, str) and CELL_ID.fullmatch(own) and own not in taken:
            taken.add(own)
        else:
            cell["id"] = None
    free = (id for number in range(2 * len(cells)) if (id := f"cell-{number:03}") not in taken)
    for cell in cells:
        cell["id"] = cell["id"] or next(free)


def is_valid(value: Any, part: str | None = None) -> bool:
    """Whether a notebook, or a part of one, is valid for nbformat."""
    try:
        nbformat.validate(value, ref=part, version=4, version_minor=5)
    except Exception:  # it raises all kinds of errors
        return False
    return True


def without_odd_outputs(notebook: NotebookNode) -> None:
    """Remove invalid outputs."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if is_valid(output, "output")]


def without_odd_metadata(notebook: NotebookNode) -> None:
    """Remove all metadata but the marks of the assignment."""
    notebook.metadata = NotebookNode()
    for cell in notebook.cells:
        marks = cell.metadata.get("nbgrader")
        cell.metadata = NotebookNode(nbgrader=marks) if isinstance(marks, dict) else NotebookNode()
        if not is_valid(cell.get("attachments", {}), "misc/attachments"):
            del cell["attachments"]

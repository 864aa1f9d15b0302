"""Notebooks are read as they were meant, or it is said what is wrong with them."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Callable
from typing import Any

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat import NotebookNode

from snnlab.classroom.assignments.catalogue import assignment_of
from snnlab.classroom.assignments.notebooks.marks import grade_id
from snnlab.classroom.assignments.notebooks.reading import (
    UnreadableNotebook,
    notebook_bytes,
    parse_notebook,
)
from tests.classroom.hand_ins import A1, saying

TEXT = saying("Größe – “rate”").decode().replace("→", "to")
ENCODED = {
    "utf-8": TEXT.encode(),
    "utf-8 with BOM": TEXT.encode("utf-8-sig"),
    "two BOMs": b"\xef\xbb\xbf" + TEXT.encode("utf-8-sig"),
    "utf-16": TEXT.encode("utf-16"),
    "utf-16 without BOM": TEXT.encode("utf-16-le"),
    "the other utf-16": TEXT.encode("utf-16-be"),
    "cp1252": TEXT.encode("cp1252"),
    "NUL at the end": TEXT.encode() + b"\0\0\0",
    "something after it": TEXT.encode() + b"\n}}</html>",
    "twice": TEXT.encode() * 2,
    "Windows lines": TEXT.replace("\n", "\r\n").encode(),
    "escaped": json.dumps(json.loads(TEXT)).encode(),
}


def sources(notebook: NotebookNode) -> list[str]:
    return [cell.source for cell in notebook.cells]


@pytest.mark.parametrize("kind", ENCODED)
def test_any_encoding_gives_the_same_notebook(kind: str) -> None:
    notebook = parse_notebook(ENCODED[kind], "a.ipynb")
    assert notebook_bytes(notebook).decode() == TEXT


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (r'"\ud83d\ude00"', "😀"),
        (r'"x\ud83d"', "x\ufffd"),
        (b'"x\xed\xa0\xbd"', "x\ufffd"),
        (b'"\xed\xa0\xbd\xed\xb8\x80"', "😀"),
        (r'"\"\\ud83d\""', r'"\ud83d"'),  # six letters of code
    ],
)
def test_halves_of_characters(data: str | bytes, shown: str) -> None:
    raw = data.encode() if isinstance(data, str) else data
    cell = b'{"cell_type": "code", "source": ' + raw + b"}"
    notebook = parse_notebook(b'{"nbformat": 4, "cells": [' + cell + b"]}", "a.ipynb")
    assert sources(notebook) == [shown]
    assert shown in parse_notebook(notebook_bytes(notebook), "a.ipynb").cells[0].source


def without_ids(raw: Any) -> None:
    raw["nbformat_minor"] = 2
    for cell in raw["cells"]:
        del cell["id"]


def with_one_id(raw: Any) -> None:
    for cell in raw["cells"]:
        cell["id"] = "same"


def with_odd_ids(raw: Any) -> None:
    for place, cell in enumerate(raw["cells"]):
        cell["id"] = ["", None, 7, "a b", "x" * 99, "cell-000"][place % 6]


def of_colab(raw: Any) -> None:
    raw["metadata"] |= {"colab": {"provenance": []}, "accelerator": "GPU"}
    raw["nbformat_minor"] = 0
    for cell in raw["cells"]:
        cell["metadata"] |= {"id": "Xy", "colab": {"base_uri": "x"}, "outputId": "7"}
        cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": ["a\n", "b"]}]


def of_deepnote(raw: Any) -> None:
    raw["metadata"] = {"deepnote": {}, "kernelspec": 3, "language_info": {}}
    raw["nbformat_minor"] = 99
    for cell in raw["cells"]:
        cell["block_group"], cell["metadata"]["tags"] = "ab", "not a list"
        cell["source"] = cell["source"][0] if len(cell["source"]) == 1 else cell["source"]


def with_odd_outputs(raw: Any) -> None:
    good = {"output_type": "stream", "name": "stdout", "text": "kept"}
    for cell in raw["cells"]:
        cell["outputs"] = [{"x": 1}, 7, good] if cell["cell_type"] == "code" else None
        cell["execution_count"] = "*"
        cell["attachments"] = 3


def with_missing_fields(raw: Any) -> None:
    for name in ("metadata", "nbformat", "nbformat_minor"):
        del raw[name]
    for cell in raw["cells"]:
        cell.pop("outputs", None)
        cell.pop("execution_count", None)


CHANGES = [
    without_ids,
    with_one_id,
    with_odd_ids,
    of_colab,
    of_deepnote,
    with_odd_outputs,
    with_missing_fields,
]


@pytest.mark.parametrize("change", CHANGES)
def test_what_editors_do_is_undone_in_silence(
    change: Callable[[Any], None], caplog: pytest.LogCaptureFixture
) -> None:
    raw = json.loads(A1)
    change(raw)
    caplog.set_level(logging.DEBUG)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        notebook = parse_notebook(json.dumps(raw).encode(), "a.ipynb")
        again = nbformat.reads(notebook_bytes(notebook).decode(), as_version=4)
        nbformat.validate(again)
    assert not caplog.records
    assert again == notebook
    original = parse_notebook(A1, "a.ipynb")
    assert sources(notebook) == sources(original)
    assert list(map(grade_id, notebook.cells)) == list(map(grade_id, original.cells))
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)
    assert notebook_bytes(parse_notebook(json.dumps(raw).encode(), "b")) == notebook_bytes(notebook)


def test_outputs_that_are_some_are_kept() -> None:
    raw = json.loads(A1)
    with_odd_outputs(raw)
    notebook = parse_notebook(json.dumps(raw).encode(), "a.ipynb")
    kept = [output.text for cell in notebook.cells for output in cell.get("outputs", [])]
    assert kept == ["kept"] * sum(cell.cell_type == "code" for cell in notebook.cells)


def test_version_3_is_read() -> None:
    old = nbformat.convert(parse_notebook(A1, "a.ipynb"), 3)
    notebook = parse_notebook(nbformat.v3.nbjson.writes(old).encode(), "a.ipynb")
    assert assignment_of(notebook) is not None
    assert sources(notebook) == sources(parse_notebook(A1, "a.ipynb"))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "a.ipynb is not a notebook: the file is empty"),
        (b" \n\0\0", "the file is empty"),
        (b'{\n "cells": [\n  {"a": 1\n', "line 4, column 1: Expecting ',' delimiter"),
        (b'{"cells": 3}\0\0', "it has no cells"),
        (b"<<<<<<< HEAD\n{}", "line 1, column 1"),
        (b"%PDF-1.5 \xff\xfe", "line 1, column 1"),
        (b"[1]", "it holds a list in place of cells"),
        (b'{"cells": 3}', "it has no cells"),
        (b'{"cells": [3]}', "cell 1 is a int"),
        (b'{"cells": [{"cell_type": "code", "source": [3]}]}', "cell 1 has no text"),
        (b'{"nbformat": 5, "cells": []}', "version 5 of the format"),
        (b'{"nbformat": "x", "cells": []}', "not a notebook"),
        (b'{"cells": ' + b"[" * 100_000, "nested too deeply"),
        (b'{"nbformat": ' + b"9" * 5000 + b"}", "Exceeds the limit"),
        (b'{"worksheets": [{}], "nbformat": 3}', "not a notebook"),
    ],
)
def test_what_is_no_notebook_says_why(data: bytes, said: str) -> None:
    with pytest.raises(UnreadableNotebook) as caught:
        parse_notebook(data, "a.ipynb")
    assert said in str(caught.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
FIELDS = ("source", "metadata", "id", "outputs", "execution_count", "attachments")
CELL = st.fixed_dictionaries(
    {"cell_type": st.sampled_from(["code", "markdown", "raw", "heading"]) | JSON},
    optional=dict.fromkeys(FIELDS, JSON),
)


@pytest.mark.slow
@given(st.fixed_dictionaries({"cells": st.lists(CELL, max_size=3)}, optional={"metadata": JSON}))
def test_anything_like_a_notebook_is_valid_afterwards_or_named(raw: Any) -> None:
    try:
        notebook = parse_notebook(json.dumps(raw).encode(), "a.ipynb")
    except UnreadableNotebook:
        return
    nbformat.validate(nbformat.reads(notebook_bytes(notebook).decode(), as_version=4))

"""The speaker notes follow the notebooks: section by section, minute by minute."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest

from snnlab.classroom.speaker_notes import read_speaker_notes
from tests.notebooks.conftest import numbered, questions_to_touch, sections_with_notes

FOLDER = Path(__file__).resolve().parent.parent.parent / "notebooks"
NOTES = FOLDER / "lecture" / "notes"
STEMS = sorted(path.stem for path in FOLDER.glob("*.ipynb"))

every_notebook = pytest.mark.parametrize("stem", STEMS)


def notes(stem):
    return read_speaker_notes(NOTES / f"{stem}.md")


def test_notes_are_those_of_the_notebooks():
    assert sorted(path.stem for path in NOTES.glob("*.md")) == STEMS


@every_notebook
def test_every_section_has_notes_and_every_note_a_section(stem, read_notebook):
    assert list(notes(stem).sections) == sections_with_notes(read_notebook(stem))


@every_notebook
def test_the_minutes_are_those_of_the_notebook(stem, read_notebook):
    """Those of its sections, its exercises, and its recap with the quiz."""
    (minutes,) = re.findall(r"^\| Minutes \| (\d+) \|$", read_notebook(stem).cells[0].source, re.M)
    assert sum(s.minutes for s in notes(stem).sections.values()) == int(minutes)


@every_notebook
def test_a_lecturer_finds_what_to_say_and_what_to_leave_out(stem):
    assert notes(stem).opening
    for section in notes(stem).sections.values():
        assert section.minutes > 0, section.heading
        assert all(text for _, text in section.parts), section.heading
        names = [name for name, _ in section.parts]
        assert "Say" in names, section.heading
        assert names.count("If time is short") == 1, section.heading


@every_notebook
def test_every_question_has_its_answer(stem):
    for section in notes(stem).sections.values():
        names = [name for name, _ in section.parts]
        for place, name in enumerate(names):
            if name == "Ask":
                assert names[place + 1 : place + 2] == ["They will answer"], section.heading
        assert names.count("Ask") == names.count("They will answer"), section.heading
        if re.match(r"\d", section.heading):
            assert "Ask" in names, section.heading


@every_notebook
def test_every_question_above_a_live_picture_has_its_answer(stem, read_notebook):
    asked = questions_to_touch(read_notebook(stem))
    answered = {
        section.heading: numbered(text)
        for section in notes(stem).sections.values()
        for name, text in section.parts
        if name == "Touch it" and numbered(text)
    }
    assert list(answered) == list(asked)
    for heading, questions in asked.items():
        assert len(answered[heading]) == len(questions), heading
        assert all(len(answer) > 10 for answer in answered[heading]), heading


NOTE = """# Title

Have it ready.

## 1. First

Minutes: 3

**Say** it.

**Touch it**

1. So.
"""


def test_notes_are_read(tmp_path):
    file = tmp_path / "a.md"
    file.write_text(NOTE, encoding="utf-8")
    read = read_speaker_notes(file)
    assert read.opening == "Have it ready."
    assert read.sections["1. First"].parts == (("Say", "it."), ("Touch it", "1. So."))
    assert (
        read.sections["1. First"].markdown == "3 minutes\n\n**Say** it.\n\n**Touch it**\n\n1. So."
    )


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("# Title", "Title", "does not begin with a title"),
        ("Minutes: 3", "Minutes: some", "a line such as Minutes: 4"),
        ("**Say**", "**Tell**", "belongs to no part: '..Tell.. it.'"),
        ("1. So.", "1. So.\n\n## 1. First\n\nMinutes: 1", "the heading '1. First' twice"),
    ],
)
def test_what_is_wrong_with_notes_is_said(tmp_path, before, after, said):
    file = tmp_path / "a.md"
    file.write_text(NOTE.replace(before, after), encoding="utf-8")
    with pytest.raises(ValueError, match=said):
        read_speaker_notes(file)


def test_questions_are_those_right_above_a_live_picture():
    cells = [
        nbformat.v4.new_markdown_cell("1. a goal\n\n## 1. First\n\n1. no question\n"),
        nbformat.v4.new_code_cell("print()"),
        nbformat.v4.new_markdown_cell(
            "Ends it.\n\n## 2. Touch it\n\nMove.\n\n1. one\n2. two\n   more"
        ),
        nbformat.v4.new_code_cell("show.widgets.neuron_explorer()"),
        nbformat.v4.new_markdown_cell("## Quiz\n\n## Further reading"),
    ]
    notebook = nbformat.v4.new_notebook(cells=cells)
    assert questions_to_touch(notebook) == {"2. Touch it": ["one", "two\n   more"]}
    assert sections_with_notes(notebook) == ["1. First", "2. Touch it"]

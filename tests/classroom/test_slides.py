"""Notebooks cut into slides: what is shown, what is left out, what fits, and what comes with it."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from snnlab.classroom import slides
from snnlab.classroom.slide_cells import TAGS, cut_into_slides
from snnlab.classroom.slide_text import LINES, Sized, lines, packed, paragraphs, together
from snnlab.classroom.slides import CourseSlides, write_index
from snnlab.classroom.speaker_notes import SectionNotes, SpeakerNotes
from snnlab.show import web

FOLDER = Path(__file__).resolve().parent.parent.parent / "notebooks"
FILES = sorted(FOLDER.glob("*.ipynb"))
SETUP = new_code_cell("settings = preset()")
PICTURE = new_output("execute_result", data={"text/html": "<figure><img src='x'></figure>"})
LIVE = new_output("execute_result", data={"text/html": "<p><input></p>"})


def of(*cells, notes=None):
    """The slides of some cells, each as a list of its cells."""
    found = cut_into_slides(new_notebook(cells=list(cells)), notes)
    made = []
    for cell in found.cells:
        if kind(cell) in ("slide", "subslide"):
            made.append([])
        made[-1].append(cell)
    return made


def kind(cell):
    return cell.metadata.get("slideshow", {}).get("slide_type")


def texts(slide):
    return [cell.source for cell in slide]


def told(text):
    return new_output("stream", name="stdout", text=text)


def test_a_section_begins_a_slide_and_what_belongs_to_it_lies_below():
    made = of(new_markdown_cell("# A\n\nIntro.\n\n## 1. B\n\nb\n\n### C\n\nc\n\n## 2. D\n\nd"))
    assert [kind(slide[0]) for slide in made] == ["slide", "slide", "subslide", "slide"]
    assert texts(made[1]) == ["## 1. B\n\nb"]
    assert texts(made[2]) == ["### C\n\nc"]


def test_later_slides_of_a_section_say_which_it_is():
    made = of(new_markdown_cell("## 1. B $v$\n\n" + "\n\n".join(["long " * 60] * 5)))
    assert len(made) > 1
    assert '<p class="running">1. B $v$</p>' in made[1][0].source


def test_code_that_draws_is_left_out_and_tags_make_exceptions():
    def codes(source, *tags):
        cell = new_code_cell(source, outputs=[told("out")], metadata={"tags": list(tags)})
        shown = [c for slide in of(SETUP, cell) for c in slide if c.cell_type == "code"]
        return [c.source for c in shown if c.source], [c for c in shown if c.outputs]

    assert codes("x = 1")[0] == ["x = 1"]
    assert codes("show.picture(x)")[0] == []
    assert codes("many = many_seeds(1)")[0] == []
    assert codes("show.picture(x)", "slide:code")[0] == ["show.picture(x)"]
    assert codes("x = 1", "slide:no-code")[0] == []
    assert len(codes("x = 1", "slide:no-code")[1]) == 1
    assert (
        of(new_markdown_cell("# A"), new_code_cell("x", metadata={"tags": ["slide:skip"]}))[1:]
        == []
    )


def test_code_and_what_it_wrote_are_one_slide_if_they_fit():
    cell = new_code_cell("x = 1\nprint(x)", outputs=[told("1\n"), told("2\n")])
    (slide,) = of(new_markdown_cell("## 1. A\n\nLook."), SETUP, cell)[-1:]
    assert [bool(c.get("outputs")) for c in slide] == [False, False, True]
    assert slide[-1].outputs[0].text == "1\n2"


def test_a_picture_closes_a_slide_and_one_with_controls_has_its_own():
    few, after = new_markdown_cell("## 1. A\n\nLook."), new_markdown_cell("After.")
    made = of(few, SETUP, new_code_cell("show.x()", outputs=[PICTURE]), after)
    assert [len(slide) for slide in made] == [2, 2]
    assert made[0][1].outputs == [PICTURE]
    made = of(few, SETUP, new_code_cell("show.x()", outputs=[LIVE]), after)
    assert [len(slide) for slide in made] == [1, 2, 2]
    many = new_markdown_cell("## 1. A\n\n" + "long " * 100)
    assert len(of(many, SETUP, new_code_cell("show.x()", outputs=[PICTURE]))) == 2


def test_of_an_exercise_the_task_is_shown():
    def tagged(new, source, tag, **more):
        return new(source, metadata={"tags": [f"{tag}:rates"]}, **more)

    made = of(
        new_markdown_cell("## Exercises"),
        SETUP,
        new_markdown_cell("### Exercise 1\n\nDo it."),
        tagged(new_code_cell, "def rates(x):\n    return ...", "exercise", outputs=[told("no")]),
        tagged(new_code_cell, "rates.check(rates)", "check", outputs=[told("wrong")]),
        tagged(new_markdown_cell, "<details>hint</details>", "hint"),
        tagged(new_markdown_cell, "<details>solution</details>", "solution"),
        new_markdown_cell("### Question\n\n- **a)** yes"),
        tagged(new_code_cell, 'answer = "?"', "exercise"),
    )
    assert texts(made[0]) == [
        "## Exercises\n\n### Exercise 1\n\nDo it.",
        "def rates(x):\n    return ...",
    ]
    assert texts(made[1]) == ["### Question\n\n- **a)** yes"]
    assert len(made) == 2


QUIZ = """## Quiz

Answer aloud.

**1.** Why?

<details>
<summary>Answer 1</summary>

Because.

</details>

**2.** How?

<details>
<summary>Answer 2</summary>

So.

</details>"""


def test_a_quiz_shows_its_answers_at_the_next_key():
    made = of(new_markdown_cell(QUIZ, metadata={"tags": ["quiz"]}))
    assert [texts(slide)[-2:] for slide in made] == [
        ["## Quiz\n\n**1.** Why?", "Because."],
        ["### Quiz\n\n**2.** How?", "So."],
    ]
    assert [kind(slide[-1]) for slide in made] == ["fragment", "fragment"]


def test_notes_go_with_the_first_slide_of_their_section():
    section = SectionNotes("1. A", 3, (("Say", "it."),))
    notes = SpeakerNotes("Have it ready.", {"1. A": section})
    long = "\n\n".join(["long " * 60] * 5)
    made = of(new_markdown_cell(f"# T\n\nIntro.\n\n## 1. A\n\n{long}\n\n## 2. B\n\nb"), notes=notes)
    said = [[c.source for c in slide if kind(c) == "notes"] for slide in made]
    assert said == [["Have it ready."], ["3 minutes\n\n**Say** it."], *[[]] * (len(made) - 2)]


def test_prose_is_cut_between_its_pieces_and_none_is_lost():
    for file in FILES:
        for cell in nbformat.read(file, as_version=4).cells:
            if cell.cell_type == "markdown" and "<details>" not in cell.source:
                pieces = [piece.what for piece in paragraphs(cell.source)]
                assert "".join("".join(pieces).split()) == "".join(cell.source.split())
                assert "".join(together(pieces).split()) == "".join(cell.source.split())


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_no_text_of_a_notebook_is_too_long_for_a_slide(file):
    for slide in of(*nbformat.read(file, as_version=4).cells):
        prose = "\n\n".join(c.source for c in slide if c.cell_type == "markdown")
        assert sum(piece.lines for piece in paragraphs(prose)) <= LINES + 1.5, prose
        assert any(
            re.search(r"\w", re.sub(r"^(#+|<p class).*$", "", c.source, flags=re.M))
            or kind(c) == "fragment"
            for c in slide
        ), f"nothing on it: {texts(slide)}"


def test_slides_are_filled_evenly_and_what_leads_is_not_the_last():
    assert [[p.what for p in s] for s in packed([Sized(n, LINES / 3) for n in range(4)])] == [
        [0, 1],
        [2, 3],
    ]
    led = [Sized("a", LINES - 2), Sized("these:", 1.5, leads=True), Sized("b", 1.5)]
    assert [[piece.what for piece in slide] for slide in packed(led)] == [["a"], ["these:", "b"]]
    assert packed([]) == []
    assert len(packed([Sized("x", 3 * LINES)])) == 1


def test_lines_are_those_that_are_seen():
    assert lines("[ten letters](" + "x" * 500 + ")") == lines("ten letters")
    assert lines("$v_{\\mathrm{th}}$ " * 10) < 2
    assert lines("word " * 100) > 6


def test_tags_in_notebooks_are_known():
    used = [
        tag
        for file in FILES
        for cell in nbformat.read(file, as_version=4).cells
        for tag in cell.metadata.get("tags", [])
        if tag.startswith("slide:")
    ]
    assert used
    assert set(used) <= set(TAGS)
    guide = (FOLDER.parent / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert all(f"`{tag}`" in guide for tag in TAGS)


@pytest.fixture(scope="module")
def page():
    cells = [new_markdown_cell("# Title & more\n\n$v$ [next](01_a.ipynb)"), SETUP]
    made, _ = CourseSlides().from_notebook_node(new_notebook(cells=cells))
    return made


def test_the_file_holds_everything_that_it_shows(page):
    markup = re.sub(r"(<(script|style)\b[^>]*>).*?</\2>", r"\1", page, flags=re.DOTALL)
    assert not re.search(r"<(script|link|img)[^>]*\b(src|href)=", markup)
    assert not re.search(
        r"@import|url\((?!data:)", re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    )
    assert page.count("RevealNotes") > 1
    assert "<math" in page
    assert 'href="01_a.html"' in page


def test_styles_are_in_the_head_whatever_scripts_say(monkeypatch):
    """A library that draws charts writes pages itself, so it has the end of a head in its text."""
    monkeypatch.setitem(web.SCRIPTS, "odd", lambda: 'const page = "<head></head>";')
    cell = new_markdown_cell('# A\n\n<p data-needs="odd">x</p>')
    made, _ = CourseSlides().from_notebook_node(new_notebook(cells=[cell]))
    assert 'const page = "<head></head>";' in made
    assert made.index(".reveal .slides") < made.index("const page")


def test_without_reveal_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setattr(slides, "find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError, match="pip install sphinx-revealjs"):
        CourseSlides().from_notebook_node(new_notebook(cells=[new_markdown_cell("# A")]))


def test_the_index_lists_what_is_in_the_folder(tmp_path, page):
    with pytest.raises(FileNotFoundError, match="no slides"):
        write_index(tmp_path)
    (tmp_path / "00_a.html").write_text(page, encoding="utf-8")
    write_index(tmp_path)
    write_index(tmp_path)  # it does not list itself
    index = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert re.findall(r'<a href="(.*?)">(.*?)</a>', index) == [("00_a.html", "00 Title &amp; more")]

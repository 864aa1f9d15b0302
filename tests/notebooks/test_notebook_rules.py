"""What every notebook has, and how it is stored; see the section Notebooks of the guide."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import re
from itertools import pairwise
from pathlib import Path

import nbformat
import pytest

from snnlab.classroom.checking import Exercise
from snnlab.classroom.questions import Question
from snnlab.show import widgets
from tests.notebooks.conftest import LIVE

FOLDER = Path(__file__).resolve().parent.parent.parent / "notebooks"
STEMS = sorted(path.stem for path in FOLDER.glob("*.ipynb"))
MOST_LINES, MOST_COLUMNS = 15, 100

every_notebook = pytest.mark.parametrize("stem", STEMS)


def codes(notebook):
    return codes_of(notebook.cells)


def texts(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "markdown"]


def tags(cell):
    return cell.metadata.get("tags", [])


def names(notebook, kind):
    """NAME of each tag `kind:NAME`, in the order of the cells."""
    found = [tag for cell in notebook.cells for tag in tags(cell) if tag.startswith(f"{kind}:")]
    return [tag.partition(":")[2] for tag in found]


def calls(notebook):
    """Every call in the code, as (index of the cell, name of what is called, node)."""
    for index, cell in enumerate(notebook.cells):
        if cell.cell_type == "code":
            for node in ast.walk(ast.parse(cell.source)):
                if isinstance(node, ast.Call):
                    yield index, ast.unparse(node.func), node


@every_notebook
def test_format(stem, read_notebook):
    notebook = read_notebook(stem)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert notebook.metadata.kernelspec.name == "python3"
    assert set(notebook.metadata) == {"kernelspec", "language_info"}  # no widget state
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)
    assert re.fullmatch(r"\d\d_[a-z0-9]+(_[a-z0-9]+)*|capstone", stem)


@every_notebook
def test_outputs_are_stripped(stem, read_notebook):
    for cell in codes(read_notebook(stem)):
        assert cell.outputs == []
        assert cell.execution_count is None
        assert set(cell.metadata) <= {"tags"}


@every_notebook
def test_code_cells_are_short(stem, read_notebook):
    for cell in codes(read_notebook(stem)):
        lines = cell.source.splitlines()
        assert 1 <= len(lines) <= MOST_LINES, cell.source
        assert max(map(len, lines)) <= MOST_COLUMNS, cell.source


@every_notebook
def test_header(stem, read_notebook):
    first = read_notebook(stem).cells[0]
    assert tags(first) == ["header"]
    assert len(re.findall(r"^\d\. ", first.source, re.MULTILINE)) == 3, "three goals"
    rows = dict(re.findall(r"^\| (\w[\w ]*) \| (.+) \|$", first.source, re.MULTILINE))
    assert set(rows) == {"Minutes", "What you need", "Data", "Device"}
    assert rows["Minutes"].isdigit()


@every_notebook
def test_preset_is_chosen_in_the_first_code_cell(stem, read_notebook):
    assert "preset()" in codes(read_notebook(stem))[0].source


@every_notebook
def test_headings(stem, read_notebook):
    levels = []
    for cell in texts(read_notebook(stem)):
        levels += [len(marks) for marks in re.findall(r"^(#+) ", cell.source, re.MULTILINE)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(lower - upper <= 1 for upper, lower in pairwise(levels))


@every_notebook
def test_links_lead_somewhere(stem, read_notebook):
    links = []
    for cell in texts(read_notebook(stem)):
        links += re.findall(r"\[[^\]]+\]\(([^)]+)\)", cell.source)
    assert "README.md" in links
    for link in links:
        assert link.startswith("https://") or (FOLDER / link).is_file(), link


@every_notebook
def test_formulas_are_closed(stem, read_notebook):
    for cell in texts(read_notebook(stem)):
        outside = re.sub(r"```.*?```|`[^`]*`", "", cell.source, flags=re.DOTALL)
        assert outside.replace("$$", "").count("$") % 2 == 0, cell.source
        assert outside.count("$$") % 2 == 0, cell.source
        assert outside.count("{") == outside.count("}"), cell.source


@every_notebook
def test_commands_of_latex_have_one_backslash(stem, read_notebook):
    for cell in texts(read_notebook(stem)):
        assert not re.search(r"\\\\[a-zA-Z]", cell.source), cell.source


@every_notebook
def test_symbols_of_the_guide_are_used(stem, read_notebook):
    for cell in texts(read_notebook(stem)):
        for formula in re.findall(r"\$([^$]+)\$", cell.source):
            assert not re.search(r"\\tau|\\vartheta|V_\{|v_\{?(thr|reset|rest)", formula), formula


@every_notebook
def test_who_is_asked_to_predict_gets_a_sketch(stem, read_notebook):
    """In the section in which the word falls; the header and the exercises ask nothing."""
    cells, asked = read_notebook(stem).cells, 0
    for index, cell in enumerate(cells):
        if cell.cell_type != "markdown" or tags(cell):
            continue
        if re.search(r"\b(Predict|Sketch)\b", cell.source):
            asked += 1
            following = next(c for c in cells[index + 1 :] if c.cell_type == "code")
            assert "show.widgets.sketch(" in following.source, cell.source
    assert asked


@every_notebook
def test_figures_that_a_chapter_is_about_carry_a_prediction(stem, read_notebook):
    key = ("accuracy_against_timesteps", "accuracy_against_sigma")
    for cell in codes(read_notebook(stem)):
        if any(f"show.{name}(" in cell.source for name in key):
            assert "show.lay_prediction(" in cell.source


@every_notebook
def test_labels_of_sketches_fit_their_picture(stem, read_notebook):
    for cell in codes(read_notebook(stem)):
        if "show.widgets.sketch(" in cell.source:
            (label,) = re.findall(r'y_label="([^"]+)"', cell.source)
            assert len(label) <= 27, label  # as many as 4.5 inches hold


@every_notebook
def test_sketch_comes_after_a_question_and_before_the_answer_is_computed(stem, read_notebook):
    cells = read_notebook(stem).cells
    for index, cell in enumerate(cells):
        if cell.cell_type == "code" and "show.widgets.sketch(" in cell.source:
            assert cells[index - 1].cell_type == "markdown"


@every_notebook
def test_a_prediction_comes_before_its_measurement(stem, read_notebook):
    notebook = read_notebook(stem)
    asked, shown = {}, {}
    for index, cell in enumerate(notebook.cells):
        if cell.cell_type == "code":
            for name in re.findall(r"^(\w+) = show\.widgets\.sketch\(", cell.source, re.MULTILINE):
                asked[name] = index
            for name in re.findall(r"show\.lay_prediction\(ax, (\w+)", cell.source):
                shown.setdefault(name, index)
                assert f"{name}.told(" in cell.source, cell.source
    assert asked
    assert all(shown.get(name, -1) > index for name, index in asked.items()), (asked, shown)


def live_pictures(notebook):
    """Calls that make a live picture."""
    return [(name, node) for _, name, node in calls(notebook) if LIVE.match(f"{name}(")]


@every_notebook
def test_a_live_picture_is_there(stem, read_notebook):
    notebook = read_notebook(stem)
    assert live_pictures(notebook), [name for _, name, _ in calls(notebook)]


@every_notebook
def test_every_live_picture_is_alive_on_its_web_page(stem, read_notebook):
    for name, node in live_pictures(read_notebook(stem)):
        if name.endswith("LivePicture"):
            assert "on_page" in {keyword.arg for keyword in node.keywords}, ast.unparse(node)
        else:
            made = inspect.getsource(getattr(widgets, name.rpartition(".")[2]))
            ways = "on_page=", "recording(", "NetworkExplorer("
            assert any(way in made for way in ways), name


@every_notebook
def test_every_figure_has_a_summary(stem, read_notebook):
    shown = [node for _, name, node in calls(read_notebook(stem)) if name == "show.picture"]
    assert shown
    for node in shown:
        assert len(node.args) == 2, ast.unparse(node)
    sources = " ".join(cell.source for cell in codes(read_notebook(stem)))
    assert "plt." not in sources
    assert "matplotlib" not in sources


@every_notebook
def test_exercises_are_complete_and_folded(stem, read_notebook):
    notebook = read_notebook(stem)
    exercises = names(notebook, "exercise")
    for kind in ("check", "hint", "solution"):
        assert names(notebook, kind) == exercises
    for cell in notebook.cells:
        if any(tag.startswith(("hint:", "solution:")) for tag in tags(cell)):
            assert cell.source.startswith("<details>\n<summary>")
            assert cell.source.endswith("</details>")


@every_notebook
def test_two_exercises_in_code_and_a_question(stem, read_notebook):
    notebook = read_notebook(stem)
    kinds = []
    for cell in codes(notebook):
        if any(tag.startswith("check:") for tag in tags(cell)):
            module, name, answer = re.fullmatch(
                r"(\w+_exercises)\.(\w+)\.check\((\w+)\)", cell.source
            ).groups()
            assert f"check:{name}" in tags(cell)
            found = getattr(importlib.import_module(f"snnlab.classroom.{module}"), name)
            kinds.append(type(found))
            if isinstance(found, Question):
                assert answer == "answer"
                asked = text_before(notebook, cell)
                letters = re.findall(r"^- \*\*([a-z])\)\*\* ", asked, re.MULTILINE)
                assert letters == list(found.because)
    assert kinds.count(Exercise) >= 2
    assert kinds.count(Question) >= 1


def text_before(notebook, cell):
    """The text above the exercise that this check belongs to."""
    place = [other.id for other in notebook.cells].index(cell.id)
    return next(c.source for c in reversed(notebook.cells[:place]) if c.cell_type == "markdown")


@every_notebook
def test_later_cells_do_without_the_answers(stem, read_notebook):
    notebook = read_notebook(stem)
    for position, cell in enumerate(notebook.cells):
        if any(tag.startswith("exercise:") for tag in tags(cell)):
            tree = ast.parse(cell.source)
            written = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
            later = notebook.cells[position + 2 :]  # after the check
            assert not written & {name for c in codes_of(later) for name in names_in(c)}


def codes_of(cells):
    return [cell for cell in cells if cell.cell_type == "code"]


def names_in(cell):
    """Every variable that the code of a cell reads or writes."""
    return {node.id for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Name)}


@every_notebook
def test_recap_quiz_and_reading_close_it(stem, read_notebook):
    notebook = read_notebook(stem)
    titles = re.findall(r"^## (.+)$", "\n".join(c.source for c in texts(notebook)), re.MULTILINE)
    assert titles[-3:] == ["Recap", "Quiz", "Further reading"]
    quiz = next(cell.source for cell in notebook.cells if "quiz" in tags(cell))
    assert quiz.count("<details>") == quiz.count("</details>") == 3
    assert len(re.findall(r"^\*\*\d\.\*\* ", quiz, re.MULTILINE)) == 3


def test_the_index_lists_every_notebook_in_order():
    index = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"\]\((\d\d_\w+|capstone)\.ipynb\)", index) == STEMS


@every_notebook
def test_stored_as_jupyter_stores_it(stem):
    """No line of a cell is lost or joined when JupyterLab saves the file."""
    text = (FOLDER / f"{stem}.ipynb").read_text(encoding="utf-8")
    assert text.endswith("}\n")
    assert json.loads(text)["cells"]


@every_notebook
def test_every_training_is_shown_live(stem, read_notebook):
    for _, name, node in calls(read_notebook(stem)):
        if name == "snnlab.fit":
            assert "watch" in {keyword.arg for keyword in node.keywords}, ast.unparse(node)
        if name == "race":
            assert "live.watch" in ast.unparse(node)

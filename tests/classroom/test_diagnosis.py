"""Diagnoses and questions: what they say, in text and in HTML."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest

from snnlab.classroom.diagnosis import Diagnosis, NotYet
from snnlab.classroom.questions import Question

QUESTION = Question("b", {"a": "Too early.", "b": "Just so.", "c": "Too late."}, "Look again.")


def test_text():
    assert repr(Diagnosis(True, "Well done.")) == "That's right. Well done."
    assert str(Diagnosis(False, "No.", "Look.")) == "Not yet. No.\nHint: Look."


@pytest.mark.parametrize(
    "message", ["v < v_th & `h >= v_th`", "<script>alert(1)</script>", "a ` b"]
)
def test_html_is_escaped_and_well_formed(message):
    html = Diagnosis(False, message, "see `x < 1`")._repr_html_()
    assert "<script>" not in html
    tree = ElementTree.fromstring(html)
    assert tree.get("role") == "status"
    shown = "".join(tree.itertext())
    assert "Not yet." in shown  # words, not colour alone
    assert message.replace("`", "") in shown.replace("`", "")


def test_code_is_marked():
    assert "<code>h &gt;= v_th</code>" in Diagnosis(False, "Test `h >= v_th`.")._repr_html_()


@pytest.mark.parametrize("answer", ["b", "B", " b) ", "(b)", "b."])
def test_the_right_option_in_any_spelling(answer):
    assert QUESTION.check(answer).passed


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ("a", "Too early."),
        ("c", "Too late."),
        ("?", "not chosen yet"),
        ("", "not chosen yet"),
        ("d", "no option 'd'"),
        ("because of the noise", "no option"),
        (2, "got an int"),
        (None, "got a NoneType"),
        (["b"], "got a list"),
    ],
)
def test_other_answers_have_their_own_diagnosis(answer, message):
    diagnosis = QUESTION.check(answer)
    assert not diagnosis.passed
    assert message in diagnosis.message


def test_a_question_needs_a_right_option():
    with pytest.raises(ValueError, match="got 'd'"):
        Question("d", {"a": "", "b": ""})


def test_a_failed_check_shows_a_box_and_one_line_in_a_notebook(capsys):
    interactive = pytest.importorskip("IPython.core.interactiveshell")
    shell = interactive.InteractiveShell.instance()
    try:
        shell.run_cell("from snnlab.classroom.assignments import a1_neuron")
        result = shell.run_cell("a1_neuron.fire.check(lambda h, v_th: 0)")
        said = capsys.readouterr().out
    finally:
        interactive.InteractiveShell.clear_instance()
    assert isinstance(result.error_in_exec, NotYet)
    assert "Hint: " in said
    assert "Traceback" not in said
    assert said.count("Not yet.") == 2

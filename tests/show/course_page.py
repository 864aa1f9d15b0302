"""A small page of the course: cells with what they show, without a kernel."""

from __future__ import annotations

from typing import Any

import nbformat

from snnlab.classroom.page import CoursePage
from snnlab.show import curves, prediction
from snnlab.show.picture import picture
from snnlab.show.web import making_web_pages
from snnlab.show.widgets.sketch import Sketch, sketch


def shown(html: str) -> Any:
    """An output that shows HTML."""
    return nbformat.v4.new_output("display_data", {"text/html": html})


def printed(text: str) -> Any:
    """An output of `print`."""
    return nbformat.v4.new_output("stream", text=f"{text}\n")


def cell(source: str, *outputs: Any) -> Any:
    """A cell of code with its outputs."""
    return nbformat.v4.new_code_cell(source, outputs=list(outputs), execution_count=1)


def page_of(*cells: Any) -> str:
    """The page of these cells."""
    notebook = nbformat.v4.new_notebook(cells=list(cells))
    return CoursePage().from_notebook_node(notebook)[0]


X, MEASURED, SPAN = [1, 2, 4, 8, 16], [62.0, 70.0, 90.0, 95.5, 97.25], (0.0, 100.0)


def answered_sketch() -> tuple[Sketch, Any]:
    """A sketch of accuracy against T, and the axes that answer it, with limits from 50 to 100."""
    guess = sketch(X, span=SPAN, x_label="Timesteps T", y_label="Test accuracy (%)")
    labels = {"x_label": "Timesteps T", "y_label": "Test accuracy (%)"}
    ax = curves.line_chart(X, {"measured": MEASURED}, **labels)
    ax.set_xscale("log", base=2)
    ax.set_ylim(50, 100)
    return guess, prediction.lay_prediction(ax, guess)


def prediction_cells() -> list[Any]:
    """The reader predicts; what is below gives the answer away, as far as the next section."""
    with making_web_pages():
        guess, ax = answered_sketch()
        asked = guess._repr_mimebundle_()["text/html"]
        told = guess.told(X, MEASURED)
        result = picture(ax, "It rises.").html()
    return [
        nbformat.v4.new_markdown_cell("# Predict"),
        cell("guess", shown(asked)),
        nbformat.v4.new_markdown_cell("A text between stays."),
        cell("certificate", printed("accuracy from T = 1 to 16: 62 to 97 %")),
        cell("answer", printed(told), shown(result)),
        nbformat.v4.new_markdown_cell("A text behind tells it too."),
        cell("again", printed("A table tells it as well.")),
        nbformat.v4.new_markdown_cell("Its last words.\n\n## The next section stays"),
        cell("later", printed("A later output stays.")),
    ]


def prediction_page() -> str:
    """A page of these cells."""
    return page_of(*prediction_cells())

"""The diagnosis of an answer, shown in a notebook or as text."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field
from html import escape

_BOX = (
    "border-left: 0.5em solid {edge}; background: #FFFFFF; color: #222222; padding: 0.6em 1em; "
    "margin: 0.3em 0; max-width: 60em; font-size: 110%; line-height: 1.5"
)
_PASSED, _FAILED = "#00664A", "#A84300"  # green and vermillion, dark enough to read on white


@dataclass(frozen=True)
class Diagnosis:
    """The verdict on one answer. Shown by a notebook as a box, elsewhere as text.

    Example:
        >>> Diagnosis(False, "Your reset happens before the threshold is tested.")
        Not yet. Your reset happens before the threshold is tested.
    """

    passed: bool
    """Whether the answer is right."""
    message: str
    """What is right or wrong about it, in a sentence or two."""
    hint: str = ""
    """A hint on where to look next; may be empty."""
    printed: str = field(default="", compare=False)
    """What the answer printed in one call, and in which one; may be empty. It is shown in a
    notebook only: it is no part of the verdict, and grading leaves it out."""

    @property
    def verdict(self) -> str:
        """The verdict in two words, so that it is not expressed by colour alone."""
        return "That's right." if self.passed else "Not yet."

    def __str__(self) -> str:
        text = f"{self.verdict} {self.message}"
        text = f"{text}\nHint: {self.hint}" if self.hint else text
        return f"{text}\n{self.printed}" if self.printed else text

    __repr__ = __str__

    def _repr_html_(self) -> str:
        sign = "✓" if self.passed else "✗"
        colour = _PASSED if self.passed else _FAILED
        hint = (
            f"<details><summary>A hint</summary>{_lines(self.hint)}</details>" if self.hint else ""
        )
        printed = f"<pre>{escape(self.printed)}</pre>" if self.printed else ""
        return (
            f'<div role="status" style="{_BOX.format(edge=colour)}">'
            f'<strong style="color: {colour}"><span aria-hidden="true">{sign}</span> '
            f"{escape(self.verdict)}</strong> {_lines(self.message)}{hint}{printed}</div>"
        )


class NotYet(AssertionError):
    """Raised by a check that is not passed, as nbgrader's Validate looks for errors.

    A notebook shows one line of it in place of a traceback, below the box with the diagnosis.

    Args:
        diagnosis: of the answer.
    """

    def __init__(self, diagnosis: Diagnosis) -> None:
        super().__init__(str(diagnosis))
        self.diagnosis = diagnosis

    def _render_traceback_(self) -> list[str]:
        """The one line that IPython shows."""
        said = f"{self.diagnosis.verdict} {self.diagnosis.message}"
        return [textwrap.shorten(said, 200, placeholder=" ...")]


def not_yet(message: str, hint: str = "") -> Diagnosis:
    """The verdict on an answer that is not right."""
    return Diagnosis(False, message, hint)


def _lines(text: str) -> str:
    """Escaped text as HTML; text between backticks becomes code."""
    parts = escape(text).split("`")
    if len(parts) % 2 == 0:  # a lone backtick is only a backtick
        return escape(text).replace("\n", "<br>")
    marked = "".join(f"<code>{p}</code>" if i % 2 else p for i, p in enumerate(parts))
    return marked.replace("\n", "<br>")

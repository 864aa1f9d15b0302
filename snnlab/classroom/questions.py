"""Questions with a few options, each wrong one with its own diagnosis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from snnlab.classroom.comparing import kind_of
from snnlab.classroom.diagnosis import Diagnosis, not_yet


@dataclass(frozen=True)
class Question:
    """A multiple-choice question. Its text is in the notebook, the diagnoses are here.

    Raises:
        ValueError: the right option has no explanation, or there is nothing to choose from.

    Example:
        >>> Question("b", {"a": "Time does not run back.", "b": "Yes."}).check("B")
        That's right. Yes.
    """

    right: str
    """Letter of the right option, lower case."""
    because: Mapping[str, str]
    """By letter, what is right or wrong about the option."""
    hint: str = ""
    """A hint for students who chose a wrong option."""

    def __post_init__(self) -> None:
        if self.right not in self.because or len(self.because) < 2:
            raise ValueError(f"right must be one of two or more options, got {self.right!r}")

    def check(self, answer: Any) -> Diagnosis:
        """Judge an answer: the letter of an option, in any case, alone or with `)` or `.`."""
        letters = ", ".join(f'"{letter}"' for letter in self.because)
        if not isinstance(answer, str):
            return not_yet(
                f"An answer is a letter in quotation marks, one of {letters}; got "
                f"{kind_of(answer)}."
            )
        letter = answer.strip().strip("().").lower()
        if letter in ("", "?"):
            return not_yet(f"You have not chosen yet. Write one of {letters}.")
        if letter not in self.because:
            return not_yet(f"There is no option {answer[:20]!r}. Write one of {letters}.")
        passed = letter == self.right
        return Diagnosis(passed, self.because[letter], "" if passed else self.hint)

"""The base of all judges of answers: the calls to make, and how to judge their outcomes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from snnlab.classroom.calling import Arguments, outcomes_of
from snnlab.classroom.comparing import shown
from snnlab.classroom.diagnosis import Diagnosis
from snnlab.classroom.outcomes import MOST_TEXT, Outcome, without_addresses


class Judge(ABC):
    """Calls, and a judgement of their outcomes, for answers in a notebook or in grading."""

    calls: Sequence[Arguments]
    """Positional arguments of each call: the known ones first, then the hidden ones."""
    hidden: Sequence[str]
    """The kind of case of each hidden call; these are the last ones of `calls`."""
    seconds: float
    """Seconds for all known calls together: wall-clock in a notebook, processor time in grading."""

    @abstractmethod
    def judge(self, outcomes: Sequence[Outcome]) -> Diagnosis:
        """Judge the outcomes of the calls.

        Args:
            outcomes: one for each call, in order, or fewer if the last one has an error.
        """

    def check(self, answer: Any) -> Diagnosis:
        """Make the calls in this process, and judge. No error of the answer is raised.

        Args:
            answer: the function that the student wrote.
        """
        known, hidden = self.calls[: self.known], self.calls[self.known :]
        outcomes = list(outcomes_of(answer, known, seconds=self.seconds))
        if all(outcome.error is None for outcome in outcomes):
            outcomes += outcomes_of(answer, hidden, seconds=self.seconds_hidden)
        return replace(self.judge(outcomes), printed=printed_in(outcomes[: self.known], known))

    @property
    def known(self) -> int:
        """Number of known calls."""
        return len(self.calls) - len(self.hidden)

    @property
    def seconds_hidden(self) -> float:
        """Seconds for all hidden calls together: for each at least as many as for a known one."""
        return self.seconds * max(1.0, len(self.hidden) / self.known)


def printed_in(outcomes: Sequence[Outcome], calls: Sequence[Arguments]) -> str:
    """What an answer printed in one call: the one with an error, else the first that printed.

    Only the beginning is shown. This is for students who print to see what their code does.

    Args:
        outcomes: of the calls that were made.
        calls: arguments of each.
    """
    places = [i for i, outcome in enumerate(outcomes) if outcome.printed.strip()]
    if not places:
        return ""
    i = places[-1] if outcomes[places[-1]].error is not None else places[0]
    text = without_addresses(outcomes[i].printed).rstrip()
    cut = f"{text[:MOST_TEXT]} ..." if len(text) >= MOST_TEXT else text
    return f"Printed when called with {shown(tuple(calls[i]))[:MOST_TEXT]}:\n{cut}"

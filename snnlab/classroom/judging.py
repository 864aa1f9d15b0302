"""What judges an answer: it knows the calls to make, and what their outcomes are worth."""

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
    """One way to ask for outcomes and one way to judge them, wherever the answer runs."""

    calls: Sequence[Arguments]
    """Positional arguments of each call: the known ones first, then the hidden ones."""
    hidden: Sequence[str]
    """What kind of case each hidden call is: the last ones of `calls`."""
    seconds: float
    """For all known calls together: in a notebook on the clock, in grading of a processor."""

    @abstractmethod
    def judge(self, outcomes: Sequence[Outcome]) -> Diagnosis:
        """Judge what the calls did.

        Args:
            outcomes: one for each call, in order, or fewer if the last one has an error.
        """

    def check(self, answer: Any) -> Diagnosis:
        """Make the calls here, and judge. Whatever the answer does, this raises nothing.

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
        """For all hidden calls together: as much for each as a known one has, or more."""
        return self.seconds * max(1.0, len(self.hidden) / self.known)


def printed_in(outcomes: Sequence[Outcome], calls: Sequence[Arguments]) -> str:
    """What an answer printed in one call: the one with an error, else the first that printed.

    One call, and only the beginning of it: for those who print to see what their code does.

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

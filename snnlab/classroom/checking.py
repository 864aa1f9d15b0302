"""Check a function that a student wrote, and say what is wrong with it.

An exercise knows the right function and a catalogue of wrong ones. The answer is called, and
what it returns is compared with what they return: an answer that does as a wrong function of
the catalogue does has made its mistake, however it is written.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from snnlab.classroom.calling import Outcome, OutOfTime, call
from snnlab.classroom.comparing import NotNumbers, Parts, parts, same, shown
from snnlab.classroom.diagnosis import Diagnosis, not_yet
from snnlab.classroom.faults import PRINTED, not_a_function, said_by, stopped_with

Arguments = tuple[Any, ...]


@dataclass(frozen=True)
class Mistake:
    """A way to get an exercise wrong."""

    answer: Callable[..., Any]
    """A function that makes the mistake and no other."""
    message: str
    """What is wrong, in words the student knows."""
    hint: str = ""
    """What to do about it, without giving the solution away."""


def wrong_order(right: Callable[..., tuple[Any, ...]], hint: str) -> Mistake:
    """The mistake of returning the right results in the reverse order.

    Args:
        right: the right function.
        hint: which result comes first.
    """

    def answer(*arguments: Any) -> tuple[Any, ...]:
        return right(*arguments)[::-1]

    return Mistake(answer, "The two results are in the wrong order.", hint)


@dataclass(frozen=True)
class Exercise:
    """A function to write, and how it is judged.

    Example:
        >>> double = Exercise(lambda x: 2 * x, [(1.5,), (-3.0,)], [])
        >>> double.check(lambda x: x + x).passed
        True
    """

    solution: Callable[..., Any]
    """The right function. It returns a number, an array, or a tuple of these."""
    calls: Sequence[Arguments]
    """Positional arguments of each call: some that tell all the mistakes apart."""
    mistakes: Sequence[Mistake]
    """The catalogue, the more telling mistakes first."""
    praise: str = ""
    """What a right answer has shown."""
    seconds: float = 10.0
    """After which a call is given up."""

    def check(self, answer: Any) -> Diagnosis:
        """Judge an answer. Whatever the answer does, this raises nothing.

        Args:
            answer: the function that the student wrote.
        """
        try:
            return self._fault_of_form(answer) or self._judge(answer)
        except Exception as error:  # an object made to be awkward: even looking at it fails
            return not_yet(
                "Your answer cannot be looked at: looking at it raises "
                f"`{type(error).__name__}: {said_by(error)}`",
                f"Return {self._wanted(self.calls[0])}.",
            )

    def _judge(self, answer: Callable[..., Any]) -> Diagnosis:
        """Call the answer with all arguments and compare."""
        found = []
        for arguments in self.calls:
            outcome = call(answer, arguments, seconds=self.seconds)
            fault = self._fault_of_call(outcome, arguments)
            if fault is not None:
                return fault
            found.append(outcome)
        return self._verdict(found)

    def _fault_of_form(self, answer: Any) -> Diagnosis | None:
        """What keeps the answer from being called, or None."""
        names = self._names
        if not callable(answer):
            return not_a_function(answer)
        try:
            signature = inspect.signature(answer)
        except (TypeError, ValueError):  # of Python itself, and keeps its arguments secret
            return None
        try:
            signature.bind(*names)
        except TypeError:
            return not_yet(
                f"Your function must take {_counted(len(names), 'argument')}, in this order: "
                f"{', '.join(names)}. Yours is `{getattr(answer, '__name__', 'it')}{signature}`.",
                "Put the first line of the function back to what it was.",
            )
        return None

    def _fault_of_call(self, outcome: Outcome, arguments: Arguments) -> Diagnosis | None:
        """What kept a call from giving a result, or None."""
        if outcome.error is not None:
            return self._fault_of_error(outcome.error, outcome.place, arguments)
        if outcome.value is Ellipsis or isinstance(outcome.value, NotImplementedError):
            return _NOT_WRITTEN
        if outcome.value is None and outcome.printed:
            return PRINTED
        if outcome.value is None:
            return _NOT_WRITTEN
        try:
            parts(outcome.value, self.solution(*arguments))
        except NotNumbers as error:
            return not_yet(
                f"Your function returns {error}; it should return {self._wanted(arguments)}.",
                f"For {self._quoted(arguments)} the result is {shown(self.solution(*arguments))}.",
            )
        return None

    def _fault_of_error(self, error: BaseException, place: str, arguments: Arguments) -> Diagnosis:
        if isinstance(error, NotImplementedError):
            return _NOT_WRITTEN
        if isinstance(error, OutOfTime):
            return not_yet(
                f"Your function had not finished after {self.seconds:g} seconds.",
                "Is there a loop that never ends? See what changes from one round to the next.",
            )
        hint = f"Call it yourself and look: {self._quoted(arguments)}."
        return stopped_with(f"{type(error).__name__}: {said_by(error)}", place, hint)

    def _verdict(self, outcomes: list[Outcome]) -> Diagnosis:
        """Compare all results, with the right ones first, then with the known mistakes."""
        right = [self.solution(*arguments) for arguments in self.calls]
        got = [parts(o.value, like) for o, like in zip(outcomes, right, strict=True)]
        wanted = [parts(value, value) for value in right]
        if _all_same(got, wanted):
            return self._changed(outcomes) or Diagnosis(True, self.praise)
        for mistake in self.mistakes:
            if _all_same(got, self._results_of(mistake, right)):
                return not_yet(mistake.message, mistake.hint)
        return self._first_difference(got, wanted, outcomes)

    def _results_of(self, mistake: Mistake, right: list[Any]) -> list[Parts]:
        pairs = zip(self.calls, right, strict=True)
        return [parts(mistake.answer(*arguments), like) for arguments, like in pairs]

    def _changed(self, outcomes: list[Outcome]) -> Diagnosis | None:
        """The diagnosis for an answer that changes its arguments, or None."""
        for arguments, outcome in zip(self.calls, outcomes, strict=True):
            for name, before, after in zip(self._names, arguments, outcome.arguments, strict=True):
                if _changed(before, after):
                    return not_yet(
                        f"The result is right, but your function changes its argument `{name}`.",
                        "Whoever calls it may still need the old values: "
                        "write `x = x + y` in place of `x += y`.",
                    )
        return None

    def _first_difference(
        self, got: list[Parts], wanted: list[Parts], outcomes: list[Outcome]
    ) -> Diagnosis:
        """The diagnosis for a mistake that nobody has catalogued."""
        i = next(i for i, pair in enumerate(zip(got, wanted, strict=True)) if not same(*pair))
        arguments = self.calls[i]
        for mine, right in zip(got[i], wanted[i], strict=True):
            if mine.shape != right.shape:
                return not_yet(
                    f"Your result has the shape {mine.shape}; it should have {right.shape}.",
                    f"This was for {self._quoted(arguments)}.",
                )
        fits = sum(same(*pair) for pair in zip(got, wanted, strict=True))
        solved = f"{fits} of {len(got)} cases are right. " if fits else ""
        return not_yet(
            f"{solved}For {self._quoted(arguments)} your function returns "
            f"{shown(outcomes[i].value)}; it should return {shown(self.solution(*arguments))}.",
            "Work this one case out on paper, line by line, and compare.",
        )

    @property
    def _names(self) -> list[str]:
        """Names of the arguments."""
        return list(inspect.signature(self.solution).parameters)

    def _quoted(self, arguments: Arguments) -> str:
        """Arguments by name, as a student would write them."""
        pairs = zip(self._names, arguments, strict=True)
        return "`" + ", ".join(f"{name} = {shown(value)}" for name, value in pairs) + "`"

    def _wanted(self, arguments: Arguments) -> str:
        """What kind of result is right."""
        right = self.solution(*arguments)
        if isinstance(right, tuple):
            return _counted(len(right), "value")
        shape = parts(right, right)[0].shape
        return f"numbers of shape {shape}" if shape else "a number"


_NOT_WRITTEN = not_yet(
    "Nothing is returned yet.",
    "Put your code in place of the three dots, and run both cells again.",
)


def _all_same(one: list[Parts], other: list[Parts]) -> bool:
    return all(same(a, b) for a, b in zip(one, other, strict=True))


def _changed(before: Any, after: Any) -> bool:
    try:
        return not same(parts(after, 0), parts(before, 0))
    except NotNumbers:  # settings and other objects, which have no values to compare
        return False


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"

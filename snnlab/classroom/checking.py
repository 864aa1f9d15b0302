"""Check a function that a student wrote, and say what is wrong with it.

An exercise knows the right function and a catalogue of wrong ones. The answer is called, and
its results are compared with theirs. An answer with the results of a wrong function of the
catalogue has made the same mistake, however it is written.
"""

from __future__ import annotations

import inspect
import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from snnlab.classroom.calling import Arguments
from snnlab.classroom.comparing import (
    MOST_SHOWN,
    NotNumbers,
    Parts,
    first_difference,
    parts,
    same,
    shown,
)
from snnlab.classroom.diagnosis import Diagnosis, not_yet
from snnlab.classroom.faults import CHANGES, counted, fault_of, hidden_case, quoted, right
from snnlab.classroom.judging import Judge
from snnlab.classroom.outcomes import Outcome, as_data
from snnlab.classroom.relations import PLACES, only_one_wrong, related


@dataclass(frozen=True)
class Mistake:
    """A way to get an exercise wrong."""

    answer: Callable[..., Any]
    """A function that makes the mistake and no other."""
    message: str
    """What is wrong, in words that the student knows."""
    hint: str = ""
    """What to do about it, without giving the solution away."""
    variants: tuple[Callable[..., Any], ...] = ()
    """Other functions that make the same mistake with other results."""

    @property
    def answers(self) -> tuple[Callable[..., Any], ...]:
        """All functions that make this mistake."""
        return (self.answer, *self.variants)


def changed_result(
    right: Callable[..., Any], change: Callable[[Any], Any], message: str, hint: str
) -> Mistake:
    """A mistake that changes the right result at the end.

    Args:
        right: the right function.
        change: turns the right result into the wrong one.
        message, hint: of the mistake.
    """

    def answer(*arguments: Any) -> Any:
        return change(right(*arguments))

    return Mistake(answer, message, hint)


def wrong_order(right: Callable[..., tuple[Any, ...]], hint: str) -> Mistake:
    """The mistake of returning the right results in the reverse order.

    Args:
        right: the right function.
        hint: which result comes first.
    """
    message = "The two results are in the wrong order."
    return changed_result(right, lambda results: results[::-1], message, hint)


def percent(right: Callable[..., Any]) -> Mistake:
    """The mistake of returning percent where a share is right."""
    message = "You return percent. Asked for is a number from 0 to 1."
    return changed_result(right, lambda share: 100 * share, message, "Do not multiply by 100.")


ASKED_FOR_DEVIATION = "the variance. Asked for is the standard deviation."


def variance(right: Callable[..., Any]) -> Mistake:
    """The mistake of returning a variance where a standard deviation is right."""
    message = f"You return {ASKED_FOR_DEVIATION}"
    return changed_result(right, lambda deviation: deviation**2, message, "Take the square root.")


def mean_and_variance(right: Callable[..., tuple[Any, Any]]) -> Mistake:
    """The mistake of returning (mean, variance) where (mean, standard deviation) is right."""
    return changed_result(
        right,
        lambda results: (results[0], results[1] ** 2),
        f"Your second number is {ASKED_FOR_DEVIATION}",
        "Take the square root.",
    )


@dataclass(frozen=True)
class Exercise(Judge):
    """A function to write, and how it is judged.

    Example:
        >>> double = Exercise(lambda x: 2 * x, [(1.5,), (-3.0,)], [])
        >>> double.check(lambda x: x + x).passed
        True
    """

    solution: Callable[..., Any]
    """The right function. It returns a number, an array, or a tuple of these."""
    calls: Sequence[Arguments]
    """Positional arguments of each call, chosen so that all mistakes give different results.

    Small calls come first; the smallest wrong one is shown. A call that occurs twice (the same
    tuple) reveals answers that draw random numbers of their own.
    """
    mistakes: Sequence[Mistake]
    """The catalogue; of mistakes with the same results, the first one is named."""
    praise: str = ""
    """What a right answer shows, as praise."""
    seconds: float = 10.0
    """Seconds for all known calls together; a right answer needs less than one."""
    hidden: Sequence[str] = ()
    """Kind of each hidden case: the last ones of `calls`."""

    def judge(self, outcomes: Sequence[Outcome]) -> Diagnosis:
        """Compare all results, with the right ones first, then with the known mistakes."""
        known = self.known
        return (
            self._fault_of_known(outcomes[:known])
            or self._fault_of_hidden(outcomes[known:])
            or right(self.praise, self._names, outcomes)
        )

    def _fault_of_known(self, outcomes: Sequence[Outcome]) -> Diagnosis | None:
        """The diagnosis for the known cases, or None."""
        calls = self.calls[: self.known]
        wanted = [as_data(self.solution(*arguments)) for arguments in calls]
        for arguments, outcome, like in zip(calls, outcomes, wanted, strict=False):
            fault = fault_of(outcome, self._names, arguments, outcomes)
            fault = fault or self._fault_of_form(outcome, arguments, like)
            if fault is not None:
                return fault
        got = [parts(o.value, like) for o, like in zip(outcomes, wanted, strict=True)]
        right_parts = [parts(like, like) for like in wanted]
        if _all_same(got, right_parts):
            return None
        for mistake in self.mistakes:
            for answer in mistake.answers:
                found = [as_data(answer(*arguments)) for arguments in calls]
                if _all_same(got, [parts(*pair) for pair in zip(found, wanted, strict=True)]):
                    return not_yet(mistake.message, mistake.hint)
        for (i, one), (j, other) in itertools.combinations(enumerate(calls), 2):
            if one is other and not same(got[i], got[j]):
                return CHANGES
        said = related(got, right_parts, self._names, calls)
        return not_yet(*said) if said else self._smallest_difference(got, right_parts, outcomes)

    def _fault_of_hidden(self, outcomes: Sequence[Outcome]) -> Diagnosis | None:
        """The diagnosis for the first wrong hidden case, which only names its kind, or None."""
        calls = self.calls[self.known :]
        for arguments, outcome, kind in zip(calls, outcomes, self.hidden, strict=False):
            like = as_data(self.solution(*arguments))
            fault = fault_of(outcome, self._names, arguments)
            fault = fault or self._fault_of_form(outcome, arguments, like)
            if fault or not same(parts(outcome.value, like), parts(like, like)):
                return hidden_case(kind, outcome)
        return None

    def _fault_of_form(self, outcome: Outcome, arguments: Arguments, like: Any) -> Diagnosis | None:
        """The diagnosis for a result that cannot be compared, or None."""
        try:
            parts(outcome.value, like)
        except NotNumbers as error:
            return not_yet(
                _one_of_several(outcome.value, like)
                or f"Your function returns {error}; it should return {_wanted(like)}.",
                f"{_form(like)}For {quoted(self._names, arguments)} the result is {shown(like)}.",
            )
        return None

    def _smallest_difference(
        self, got: list[Parts], wanted: list[Parts], outcomes: Sequence[Outcome]
    ) -> Diagnosis:
        """The diagnosis for an uncatalogued mistake: a relation, or the smallest wrong case."""
        cases = list(zip(got, wanted, self.calls, outcomes, strict=False))
        wrong = [case for case in cases if not same(case[0], case[1])]
        mine, right, arguments, outcome = min(wrong, key=lambda case: _size(case[2]))
        case = quoted(self._names, arguments)
        for one, other in zip(mine, right, strict=True):
            if one.shape != other.shape:
                return not_yet(_of_another_shape(one.shape, other.shape), f"This was for {case}.")
        fit = len(cases) - len(wrong)
        solved = f"{fit} of {len(cases)} cases are right. " if fit else ""
        columns = zip(zip(*got, strict=True), zip(*wanted, strict=True), strict=True)
        places = [place for place, column in enumerate(columns) if not same(*column)]
        if len(places) == 1 < len(mine):
            solved = f"{only_one_wrong(places[0], len(mine))} "
        hint = "Work this one case out on paper, line by line, and compare."
        if max(part.size for part in right) > MOST_SHOWN:
            return not_yet(f"{solved}For {case}: {first_difference(mine, right)}.", hint)
        it_should = shown(right if len(right) > 1 else right[0])
        return not_yet(
            f"{solved}For {case} your function returns {shown(outcome.value)}; "
            f"it should return {it_should}.",
            hint,
        )

    @property
    def _names(self) -> list[str]:
        """Names of the arguments: those without a default."""
        parameters = inspect.signature(self.solution).parameters.values()
        return [each.name for each in parameters if each.default is each.empty]


def _all_same(one: list[Parts], other: list[Parts]) -> bool:
    return all(same(a, b) for a, b in zip(one, other, strict=True))


def _size(arguments: Arguments) -> int:
    """The size of a case: how many numbers a student must look at."""
    return sum(
        int(np.prod(getattr(argument, "shape", np.shape(argument)))) for argument in arguments
    )


def _of_another_shape(mine: tuple[int, ...], like: tuple[int, ...]) -> str:
    """A message on the wrong shape of a result."""
    if not like:
        return f"Your result holds {counted(math.prod(mine), 'number')}; it should be one number."
    said = f"Your result has the shape {mine}; it should have {like}."
    if not mine:
        return f"Your result is one number; it should have the shape {like}."
    return f"{said} It has a dimension too many." if len(mine) > len(like) else said


def _one_of_several(value: Any, like: Any) -> str:
    """The message if a result is only one of several values; else empty."""
    if not isinstance(like, tuple) or isinstance(value, tuple | dict):
        return ""
    for place, part in zip(PLACES, like, strict=False):
        try:
            if same(parts(value, part), parts(part, part)):
                return (
                    f"Your function returns one value ({shown(value)}): the {place} of the "
                    f"{len(like)} that are asked for."
                )
        except NotNumbers:
            return ""
    return ""


def _form(like: Any) -> str:
    """How several values are returned."""
    if not isinstance(like, tuple):
        return ""
    return "Write the values one after the other, with commas: `return one, other`. "


def _wanted(like: Any) -> str:
    """What kind of result is right."""
    if isinstance(like, tuple):
        return counted(len(like), "value")
    return f"numbers of shape {like.shape}" if like.shape else "a number"

"""What keeps an answer from being judged by its numbers, said as a diagnosis."""

from __future__ import annotations

from typing import Any

from snnlab.classroom.calling import Outcome, OutOfTime
from snnlab.classroom.comparing import shown
from snnlab.classroom.diagnosis import Diagnosis, not_yet

NOT_WRITTEN = not_yet(
    "Nothing is returned yet.",
    "Put your code in place of the placeholder, end it with `return`, and run both cells again.",
)
TOO_LONG = not_yet(
    "Your function took too long and was stopped.",
    "Is there a loop that never ends? See what changes from one round to the next.",
)
PRINTED = not_yet(
    "Your function prints its result, but returns nothing.",
    "Write `return` where it says `print`.",
)


def not_a_function(answer: Any) -> Diagnosis:
    """The diagnosis for what cannot be called."""
    return not_yet(
        f"The check needs your function, but got {shown(answer)}.",
        "Hand over the function by its name, without brackets and arguments.",
    )


def stopped(kind: str, message: str, line: str = "") -> Diagnosis:
    """The diagnosis for an error that a call raised."""
    if kind == "NotImplementedError":
        return NOT_WRITTEN
    if kind == "MemoryError":
        return not_yet(
            "Your function asks for more memory than there is.",
            "Is there a list or an array that grows in every round?",
        )
    hint = "Call it yourself with small numbers and look at each value on the way."
    return stopped_with(f"{kind}: {message}", line, hint)


def stopped_with(error: str, line: str, hint: str) -> Diagnosis:
    """The diagnosis for an error that was raised in a line, if it is known in which."""
    where = f" in the line `{line}`" if line else ""
    return not_yet(f"Your function stopped with an error{where}: `{error.strip(': ')}`", hint)


def fault_of(outcome: Outcome) -> Diagnosis | None:
    """What kept one call from giving a result, or None."""
    if isinstance(outcome.error, OutOfTime):
        return TOO_LONG
    if outcome.error is not None:
        return stopped(type(outcome.error).__name__, said_by(outcome.error), outcome.place)
    if outcome.value is None and outcome.printed:
        return PRINTED
    if outcome.value is None or outcome.value is Ellipsis:
        return NOT_WRITTEN
    return None


def said_by(error: BaseException) -> str:
    """The message of an error, which a student's own error class may refuse to give."""
    try:
        return str(error)[:200]
    except Exception:
        return ""

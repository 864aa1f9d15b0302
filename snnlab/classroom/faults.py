"""The catalogue of faults that an answer to any task can have.

A notebook's check, `snnlab assign check` and grading use the same words for the same fault.
"""

from __future__ import annotations

from collections.abc import Sequence

from snnlab.classroom.calling import Arguments
from snnlab.classroom.comparing import shown
from snnlab.classroom.diagnosis import Diagnosis, not_yet
from snnlab.classroom.outcomes import Outcome, Raised

NOT_WRITTEN = not_yet(
    "Nothing is returned yet.",
    "Put your code in place of the placeholder, end it with `return`, and run both cells again.",
)
PRINTED = not_yet(
    "Your function prints, but returns nothing.",
    "Write `return` where it says `print`, or after it: a check sees only what is returned.",
)
WITHOUT_A_RETURN = (
    "Some way through your code ends without `return`: after a loop, or where no `if` is true."
)
CHANGES = not_yet(
    "Your function returns something else when it is called once more with the same arguments.",
    "Does it draw random numbers of its own, or keep something from one call to the next? "
    "All that it needs comes in as arguments.",
)
ERRORS = {
    "NotImplementedError": NOT_WRITTEN,
    "OutOfTime": not_yet(
        "Your function took too long and was stopped.",
        "Is there a loop that never ends? See what changes from one round to the next.",
    ),
    "MemoryError": not_yet(
        "Your function asks for more memory than there is.",
        "Is there a list or an array that grows in every round?",
    ),
    "SystemExit": not_yet(
        "Your function ended Python before it returned anything.",
        "No sys.exit or os._exit: end a function with `return`.",
    ),
}
"""Diagnoses by the class of an error, where the class says enough."""
HINTS = {
    **dict.fromkeys(
        ("Boolean value of Tensor", "truth value of an array"),
        "`if`, `and`, `or` and `a < x < b` decide about one number, and here are many. "
        "Compare all at once, and join conditions with `&` or `|`, each in brackets.",
    ),
    **dict.fromkeys(
        ("only one element tensors", "only length-1 arrays", "only 0-dimensional arrays"),
        "The functions of `math` take one number. Those of `torch` and `numpy` take many.",
    ),
    "math domain error": "A root or a logarithm of a negative number? Look at the signs.",
    "'list' and 'list'": "Lists do not calculate number by number. Go through them with `zip`.",
    "must match the size of tensor": "Two shapes do not fit. Print `.shape` of both.",
    "could not be broadcast": "Two shapes do not fit. Print `.shape` of both.",
    "NameError": "Is the name spelt right? What is not an argument must be made or imported first.",
    "UnboundLocalError": "It is used before it has a value. Give it one before the loop.",
    "IndexError": "You go beyond the end: indices run from 0 to the length minus 1.",
    "ZeroDivisionError": "What you divide by is 0 here.",
    "has no attribute": "What you have there is something else than you think. Print its `type`.",
    "RecursionError": "Your function calls itself without an end.",
}
"""Hints by words in the message of an error; the first one that fits is used."""


def fault_of(
    outcome: Outcome,
    names: Sequence[str],
    arguments: Arguments,
    others: Sequence[Outcome] = (),
) -> Diagnosis | None:
    """The diagnosis for a known call without a result, or None.

    Args:
        outcome: of the call.
        names: of the arguments.
        arguments: of the call.
        others: outcomes of all known calls, to see whether only some return nothing.
    """
    if outcome.error is not None:
        return fault_of_error(outcome.error, names, arguments)
    if outcome.value is not None:
        return None
    if any(other.value is not None for other in others):
        return not_yet(
            f"For {quoted(names, arguments)} your function returns nothing, in other cases it "
            "does return something.",
            WITHOUT_A_RETURN,
        )
    return PRINTED if outcome.printed else NOT_WRITTEN


def fault_of_error(error: Raised, names: Sequence[str], arguments: Arguments) -> Diagnosis:
    """The diagnosis for an error in a known call."""
    told = told_by_kind(error)
    if told is not None:
        return told
    if error.kind == "NotAFunction":
        return not_yet(
            f"The check needs your function, but got {error.message}.",
            "Hand over the function by its name, without brackets and arguments.",
        )
    if error.kind == "OtherArguments":
        return not_yet(
            f"Your function must take {counted(len(names), 'argument')}, in this order: "
            f"{', '.join(names)}. Yours is `{error.message}`.",
            "Put the first line of the function back to what it was.",
        )
    quoted_call = f"Call it yourself and look: {quoted(names, arguments)}."
    hint = next((hint for words, hint in HINTS.items() if words in said_by(error)), "")
    where = f" in the line `{error.line}`" if error.line else ""
    return not_yet(
        f"Your function stopped with an error{where}: `{said_by(error)}`",
        f"{hint} {quoted_call}".strip(),
    )


def told_by_kind(error: Raised) -> Diagnosis | None:
    """The diagnosis in `ERRORS` for the class of an error, or one above it; else None."""
    return next((ERRORS[kind] for kind in (error.kind, *error.kinds) if kind in ERRORS), None)


def missing(error: Raised | None) -> Diagnosis:
    """The diagnosis if the cells do not define the function.

    Args:
        error: the first error in the cells.
    """
    if error is None:
        return not_yet(
            "Your function is not there.",
            "Keep the name of the function and the cell in which it was.",
        )
    return not_yet(
        f"Your function is not there. The first error of your code is in the line "
        f"`{error.line}`: `{said_by(error)}`",
        "Keep the name of the function, and run the whole notebook from the top.",
    )


def hidden_case(kind: str, outcome: Outcome | None = None) -> Diagnosis:
    """The diagnosis for a wrong hidden case: its kind and what happened, but no number and no text.

    Args:
        kind: of the case.
        outcome: of its call, if there was an error; None: its result is wrong.
    """
    happened, hint = "", "Make such a case yourself, and compare with what you expect."
    if outcome is not None and outcome.error is not None:
        told = told_by_kind(outcome.error)
        happened = f" {told.message if told else 'Your function stopped with an error.'}"
        hint = told.hint if told else "Make such a case yourself, and see where it stops."
    elif outcome is not None and outcome.value is None:
        happened, hint = " There your function returns nothing.", WITHOUT_A_RETURN
    return not_yet(f"All known cases are right, but not a hidden one: {kind}.{happened}", hint)


def right(praise: str, names: Sequence[str], outcomes: Sequence[Outcome]) -> Diagnosis:
    """The diagnosis for a right answer, with a note if it changes its arguments in place."""
    changed = sorted({place for outcome in outcomes for place in outcome.changed})
    if not changed:
        return Diagnosis(True, praise)
    which = " and ".join(f"`{names[place]}`" for place in changed)
    note = (
        f"Note: your function changes its {'arguments' if len(changed) > 1 else 'argument'} "
        f"{which} in place. Whoever calls it may still need the old values: write `x = x + y` "
        "for `x += y`."
    )
    return Diagnosis(True, f"{praise} {note}".strip())


def said_by(error: Raised) -> str:
    """Kind and message of an error."""
    return f"{error.kind}: {error.message}".strip(": ")


def quoted(names: Sequence[str], arguments: Arguments) -> str:
    """Arguments by name, as a student would write them."""
    pairs = zip(names, arguments, strict=True)
    return "`" + ", ".join(f"{name} = {shown(value)}" for name, value in pairs) + "`"


def counted(number: int, what: str) -> str:
    """A number with a noun in singular or plural."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"

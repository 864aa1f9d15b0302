"""How a setting is declared, and checked once, where its dataclass is made. No torch here.

The type of a field says what its values are, and `Valid` beside it which of them make sense:

    epochs: Annotated[int, Valid(low=1, usual=(1, 200))] = 20

Command line, files, links, sliders and Python all end in the dataclass, so `settle` there is the
one place that tells whole numbers, numbers, booleans and text apart. Python alone would take 2.5
epochs, and as `10 == 10.0`, one configuration would have two ids.
"""

from __future__ import annotations

import difflib
import math
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from functools import cache
from numbers import Integral, Real
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints


@dataclass(frozen=True)
class Valid:
    """Which values of a setting make sense, besides their type; and where a slider stands."""

    low: float | None = None
    """The lowest valid number."""
    above: float | None = None
    """Valid numbers lie above it."""
    high: float | None = None
    """The highest valid number."""
    below: float | None = None
    """Valid numbers lie below it."""
    options: Callable[[], Iterable[str]] | None = None
    """Called whenever a value is checked, returns the valid texts: for choices that can grow. It
    must not be a lambda inside a class, where annotations do not see the names of the module."""
    called: str = ""
    """What messages call the setting; default: the name of its field."""
    hint: str = ""
    """Stands in brackets at the end of the message that refuses a value."""
    usual: tuple[float, float] | None = None
    """The ends of the slider."""
    step: float | None = None
    """The distance between two neighbouring positions of the slider."""

    def allows(self, number: float) -> bool:
        """Whether a number lies in the range."""
        return (
            (self.low is None or number >= self.low)
            and (self.above is None or number > self.above)
            and (self.high is None or number <= self.high)
            and (self.below is None or number < self.below)
        )

    @property
    def range(self) -> str:
        """The range in words that follow "must"."""
        lower, upper = (
            next((x for x in pair if x is not None), None)
            for pair in ((self.low, self.above), (self.high, self.below))
        )
        if lower is None and upper is None:
            return "be a finite number"
        if upper is None:
            return f"be {'a number above' if self.low is None else 'at least'} {lower:g}"
        if lower is None:
            return f"be {'below' if self.high is None else 'at most'} {upper:g}"
        left, right = "[" if self.above is None else "(", "]" if self.below is None else ")"
        return f"lie in {left}{lower:g}, {upper:.10g}{right}"


LONGEST_QUOTE = 100
"""How many characters of a refused value a message quotes at most."""

TYPE_IN_WORDS: dict[type, str] = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "text",
}
"""What messages call a type."""


def settle(settings: Any, error: type[ValueError] = ValueError) -> None:
    """Bring every value of a dataclass into its declared type, or refuse it.

    Call it first in `__post_init__`. A whole number becomes a float where a float is declared, a
    list becomes a tuple, and a number of NumPy one of Python.

    Args:
        settings: a dataclass instance; may be frozen.
        error: the exception to raise; its message quotes name and value and says what is valid.
    """
    kind: type = type(settings)
    for name, hint in declared(kind).items():
        value = getattr(settings, name)
        settled = checked(name, hint, value, error)
        if settled is not value:
            object.__setattr__(settings, name, settled)


def checked(name: str, hint: Any, value: Any, error: type[ValueError] = ValueError) -> Any:
    """Convert a value to its declared type, or raise an error.

    Args:
        name: name of the setting or the argument, for the message.
        hint: a type, with `Valid` in an `Annotated` where not every value makes sense.
        value: the value to convert.
        error: the exception to raise.

    Example:
        >>> checked("levels", Count, 0)
        ValueError: levels must be at least 1, got 0
    """
    valid = validity(hint)
    try:
        return converted(hint, value, valid.called or name)
    except Refused as refused:
        raise error(f"{refused} ({valid.hint})" if valid.hint else str(refused)) from None


def count(name: str, value: Any) -> int:
    """Return `value` if it is a whole number of at least 1, such as a number of timesteps.

    Raises:
        ValueError: it is something else.
    """
    return int(checked(name, Count, value))


@cache
def declared(kind: type) -> dict[str, Any]:
    """The fields of a dataclass with their types; an `Annotated` stays as it is."""
    hints = get_type_hints(kind, include_extras=True)
    return {field.name: hints[field.name] for field in fields(kind)}


def validity(hint: Any) -> Valid:
    """The `Valid` beside a type; without one, a `Valid` that allows everything."""
    notes = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
    return next((note for note in notes if isinstance(note, Valid)), Valid())


def without_notes(hint: Any) -> Any:
    """The type alone, without the `Annotated` around it."""
    return get_args(hint)[0] if get_origin(hint) is Annotated else hint


def without_none(hint: Any) -> Any:
    """The type alone, as `without_notes`; of "a type or None" only the type."""
    kind = without_notes(hint)
    if get_origin(kind) in (Union, UnionType):
        (kind,) = (option for option in get_args(kind) if option is not NoneType)
    return without_notes(kind)


def options_of(hint: Any) -> list[str] | None:
    """The valid texts where a setting is one of several; else None."""
    valid, kind = validity(hint), without_none(hint)
    if valid.options is not None:
        return list(valid.options())
    return list(get_args(kind)) if get_origin(kind) is Literal else None


def nearest(word: str, known: Iterable[str]) -> list[str]:
    """The known words that somebody may have meant, the likeliest first.

    A known word counts if it contains the word, or differs from it in a few letters. Upper and
    lower case do not matter.
    """
    typed, words = word.lower(), list(known)
    containing = [one for one in words if typed and typed in one.lower()]
    containing.sort(key=lambda one: (one.lower() != typed, not one.lower().startswith(typed)))
    as_written = {one.lower(): one for one in words}
    alike = difflib.get_close_matches(typed, as_written, n=3)
    return list(dict.fromkeys([*containing, *(as_written[one] for one in alike)]))


def suggestion(word: str, known: Iterable[str]) -> str:
    """The end of a message about an unknown word: "; did you mean ...?", or nothing."""
    near = nearest(word, known)
    if not near:
        return ""
    shown = ", ".join(map(repr, near[:8])) + (" ..." if len(near) > 8 else "")
    return f"; did you mean {shown}?" if len(near) == 1 else f"; did you mean one of {shown}?"


class Refused(ValueError):
    """A value that a setting cannot have."""


def converted(hint: Any, value: Any, called: str, none: str = "") -> Any:
    """Convert a value as `checked` does, but raise Refused.

    Args:
        hint: the declared type.
        value: the value to convert.
        called: what the message calls the value.
        none: " or None" where None is valid, too; follows the type in the message.
    """
    valid, kind = validity(hint), without_notes(hint)
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        if value is None:
            return None
        (option,) = (one for one in get_args(kind) if one is not NoneType)
        if valid != Valid() or get_origin(option) is not Annotated:
            # A Valid beside the union counts before one inside it.
            option = Annotated[without_notes(option), valid]
        return converted(option, value, called, " or None")
    options = options_of(hint)
    if options is not None:
        if not isinstance(value, str) or value not in options:
            raise Refused(
                f"unknown {valid.called or called} {quoted(value)}; valid: {', '.join(options)}"
            )
        return str(value)
    if origin is tuple:
        return converted_list(get_args(kind), value, called)
    if origin is dict:
        return converted_mapping(get_args(kind), value, called)
    if kind not in TYPE_IN_WORDS:  # a group of settings, a path
        if not isinstance(value, kind):
            raise Refused(f"{called} must be {with_article(kind)}{none}, got {quoted(value)}")
        return value
    return converted_single(kind, valid, value, called, none)


def with_article(kind: type) -> str:
    """The name of a type with its article."""
    return f"{'an' if kind.__name__[0] in 'AEIOU' else 'a'} {kind.__name__}"


def converted_list(kinds: tuple[Any, ...], value: Any, called: str) -> tuple[Any, ...]:
    """Convert a list of values to a tuple. Raises Refused.

    Args:
        kinds: the arguments of the tuple type: one type for each value, or a type and `...`.
        value: list, tuple or one-dimensional array.
        called: what the message calls the value.
    """
    any_length = kinds[-1] is Ellipsis
    if hasattr(value, "tolist") and value.ndim == 1:  # an array
        value = list(value) if str(getattr(value, "device", "")) == "meta" else value.tolist()
    if not isinstance(value, list | tuple) or not (any_length or len(value) == len(kinds)):
        size = "" if any_length else f" of {len(kinds)}"
        raise Refused(f"{called} must be a list{size}, got {quoted(value)}")
    inner = [kinds[0]] * len(value) if any_length else kinds
    parts = enumerate(zip(inner, value, strict=True))
    return tuple(converted(kind, one, f"{called}[{i}]") for i, (kind, one) in parts)


def converted_mapping(kinds: tuple[Any, Any], value: Any, called: str) -> dict[str, Any]:
    """Convert a dictionary; `kinds` are the types of its names and values. Raises Refused."""
    if not isinstance(value, Mapping):
        raise Refused(f"{called} must be values by name, got {quoted(value)}")
    name_kind, kind = kinds
    pairs = {converted(name_kind, name, called): one for name, one in value.items()}
    return {name: converted(kind, one, f"{called}[{name}]") for name, one in pairs.items()}


def quoted(value: Any) -> str:
    """A refused value as one line for a message: shortened if long; an array as type and shape."""
    try:
        text = repr(value)
    except ValueError:  # Python writes no number of more than some thousand digits
        return "a number with thousands of digits"
    if "\n" in text and hasattr(value, "dtype") and hasattr(value, "shape"):
        return f"an array {value.dtype} {tuple(value.shape)}"
    text = " ".join(text.splitlines())
    return text if len(text) <= LONGEST_QUOTE else f"{text[:LONGEST_QUOTE]} ..."


def quoted_path(path: str) -> str:
    """A path as one line for a message; of a long one only the end, which has the file's name.

    Example:
        >>> quoted_path("long/" * 40 + "cat.png")[:12], quoted_path("cat.png")
        ("... '/long/l", "'cat.png'")
    """
    full = repr(path)
    return full if len(full) <= LONGEST_QUOTE else f"... {path[2 - LONGEST_QUOTE :]!r}"


def converted_single(kind: type, valid: Valid, value: Any, called: str, none: str) -> Any:
    """Convert a number, a boolean or a text. Raises Refused."""
    fits = {
        bool: isinstance(value, bool) or type(value).__name__ == "bool",  # NumPy's, too
        int: isinstance(value, Integral) and not isinstance(value, bool),
        float: isinstance(value, Real) and not isinstance(value, bool),
        str: isinstance(value, str | os.PathLike),
    }
    if not fits[kind]:
        raise Refused(f"{called} must be {TYPE_IN_WORDS[kind]}{none}, got {quoted(value)}")
    if kind is str:
        return os.fspath(value)
    try:
        settled = kind(value)
    except OverflowError:
        raise Refused(f"{called} must {valid.range}, got one that is too large") from None
    infinite = kind is float and not math.isfinite(settled)
    if kind is not bool and (infinite or not valid.allows(settled)):
        raise Refused(f"{called} must {valid.range}, got {quoted(value)}")
    return settled or kind(0)  # -0.0 becomes 0.0: they are equal, but differ as texts in JSON


Count = Annotated[int, Valid(low=1)]
"""A whole number of at least 1."""
Positive = Annotated[float, Valid(above=0)]
"""A number above 0."""
Share = Annotated[float, Valid(low=0, high=1)]
"""A number in [0, 1]."""
Seed = Annotated[int, Valid(low=0, high=2**31 - 1)]
"""A seed of random numbers, in the range that every library takes."""

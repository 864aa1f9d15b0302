"""A student's functions as parts to build with; missing ones are replaced by the kit's."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from html import escape
from types import ModuleType
from typing import Any

from snnlab.classroom.applied import on_each_number, on_tensors
from snnlab.classroom.calling import OutOfTime, raised, stopped_after
from snnlab.classroom.checking import Exercise
from snnlab.classroom.faults import said_by

Function = Callable[..., Any]
RIGHT = "yours, and right"
SECONDS_IN_ALL = 60.0
"""Seconds of processor time for all calls of one of the student's functions together."""
SECONDS_OF_CALL = 120.0
"""Wall-clock seconds for one call; after these it counts as an endless loop."""


@dataclass(frozen=True)
class Part:
    """A function to build with, either the student's or the kit's."""

    exercises: ModuleType
    """Those of its notebook."""
    name: str
    """Name of its exercise."""
    notebook: str
    """Stem of the notebook's file name."""
    of_numbers: bool = False
    """Whether it takes numbers, so that it is called for each number of a tensor."""
    answer: Function | None = None
    """The student's function, if it is right."""
    said: str = ""
    """The state of the student's answer in words."""
    source: str = ""
    """The notebook from which it was read."""

    @property
    def exercise(self) -> Exercise:
        """The exercise, with its check and the kit's solution."""
        found: Exercise = getattr(self.exercises, self.name)
        return found

    @property
    def own(self) -> bool:
        """Whether it is the student's."""
        return self.answer is not None

    @cached_property
    def applied(self) -> Function:
        """The function, applicable to tensors."""
        function = self.answer or self.exercise.solution
        if self.of_numbers:
            return on_each_number(function, self.exercise.calls)
        return on_tensors(function, self.exercise.solution(*self.exercise.calls[0]))


class Parts(Mapping[str, Function]):
    """The parts by name, as `parts.one_step` or `parts["one_step"]`. A notebook shows their table.

    A function that is assigned, `parts["one_step"] = mine`, is checked first.

    Args:
        parts: with different names.
    """

    def __init__(self, parts: Iterable[Part]) -> None:
        self._parts = {part.name: part for part in parts}
        self._spent = dict.fromkeys(self._parts, 0.0)

    def __iter__(self) -> Iterator[str]:
        return iter(self._parts)

    def __len__(self) -> int:
        return len(self._parts)

    def __getitem__(self, name: str) -> Function:
        part = self._known(name)

        def use(*given: Any) -> Any:
            if not self._parts[name].own:
                return self._parts[name].applied(*given)
            started = time.process_time()
            try:
                with stopped_after(SECONDS_OF_CALL):
                    found = self._parts[name].applied(*given)
            except (Exception, SystemExit, OutOfTime) as error:
                self._give_up(name, f"stopped here with {said_by(raised(error)).rstrip('.')}")
                return self._parts[name].applied(*given)
            self._spent[name] += time.process_time() - started
            if self._spent[name] > SECONDS_IN_ALL:
                self._give_up(name, f"has taken {SECONDS_IN_ALL:.0f} s here, which is too long")
            return found

        use.__name__ = part.name
        return use

    def __getattr__(self, name: str) -> Function:
        if name.startswith("_") or name not in self._parts:
            raise AttributeError(f"parts are {', '.join(self._parts)}; got {name!r}")
        return self[name]

    def __setitem__(self, name: str, answer: Any) -> None:
        """Check a function, print the diagnosis, and use the function if it is right."""
        part = self._known(name)
        diagnosis = part.exercise.check(answer)
        if diagnosis.passed:
            self._parts[name] = replace(part, answer=answer, said=RIGHT, source="given here")
            self._spent[name] = 0.0
        tell(f"{name}: {diagnosis}\n{self.told()}")

    @property
    def own(self) -> list[str]:
        """Names of the parts that are the student's."""
        return [name for name, part in self._parts.items() if part.own]

    def told(self) -> str:
        """A sentence on how many parts are the student's."""
        own, everything = len(self.own), len(self)
        if own == 0:
            return f"None of the {everything} parts is yours yet: all come from the kit."
        if own == everything:
            return f"All {everything} parts are yours."
        from_kit = everything - own
        verbs = "is" if own == 1 else "are", "comes" if from_kit == 1 else "come"
        return f"{own} of {everything} parts {verbs[0]} yours, {from_kit} {verbs[1]} from the kit."

    def _known(self, name: str) -> Part:
        if name not in self._parts:
            raise KeyError(f"parts are {', '.join(self._parts)}; got {name!r}")
        return self._parts[name]

    def _give_up(self, name: str, why: str) -> None:
        """Use the kit's part from now on, and say so."""
        said = f"yours passed its check, but {why}"
        self._parts[name] = replace(self._parts[name], answer=None, said=said)
        tell(f"{name}: {said}. From here on the kit's solution stands in. {self.told()}")

    def __repr__(self) -> str:
        rows = [
            f"{name:30s} {whose(part):12s} {part.said}{f' ({part.source})' * bool(part.source)}"
            for name, part in self._parts.items()
        ]
        return "\n".join([*rows, self.told()])

    def _repr_html_(self) -> str:
        cells = "".join(
            f"<tr><th scope='row' style='{_CELL}'><code>{name}</code></th>"
            f"<td style='{_CELL}; white-space: nowrap'>{whose(part)}</td>"
            f"<td style='{_CELL}; min-width: 11em'>{escape(part.said)}</td>"
            f"<td style='{_CELL}'>{escape(part.source)}</td></tr>"
            for name, part in self._parts.items()
        )
        heads = "".join(
            f"<th scope='col' style='{_CELL}'>{head}</th>"
            for head in ("part", "built from", "your answer", "read from")
        )
        return (
            f"<p><strong>{escape(self.told())}</strong></p><div style='overflow-x: auto'>"
            f"<table style='margin: 0'><thead><tr>{heads}</tr></thead>"
            f"<tbody>{cells}</tbody></table></div>"
        )


_CELL = "text-align: left; vertical-align: top"


def tell(text: str) -> None:
    """Print below the running cell."""
    print(text)  # noqa: T201 (the notebook is where a student reads)


def whose(part: Part) -> str:
    """Whose function a part is, with a sign that is visible from afar."""
    return "✓ yours" if part.own else "the kit's"

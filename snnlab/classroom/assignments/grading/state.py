"""The state of each hand-in, in a file of its own: grading goes on where it was stopped."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from snnlab.classroom.assignments import places
from snnlab.classroom.assignments.grading.verdicts import Verdict
from snnlab.classroom.assignments.spreadsheets import digest, write_whole
from snnlab.classroom.diagnosis import Diagnosis
from snnlab.runs.provenance import code_digest


@dataclass(frozen=True)
class State:
    """One student's hand-in of one assignment: what it is worth, and what counts so far."""

    student: str
    assignment: str
    notebook: str = ""
    """Digest of the bytes that were judged."""
    checks: str = ""
    """Digest of the checks that judged them."""
    verdicts: tuple[Verdict, ...] = ()
    fault: str = ""
    """Why the notebook could not be judged, or its points not entered; empty if neither is so."""
    counted: str = ""
    """Notebook and checks behind the points in gradebook and feedback; empty if there are none."""
    points: Mapping[str, float] = field(default_factory=dict)
    """Points by task in gradebook and feedback."""
    answers: Mapping[str, str] = field(default_factory=dict)
    """Text by task in gradebook and feedback, for those who read it."""
    read: Mapping[str, str] = field(default_factory=dict)
    """Digest by task of the text for which points were given by hand."""
    remark: str = ""
    """What a reader of the grade has to know about the notebook; empty if nothing."""
    page: str = ""
    """As `counted`, of the points that the page of feedback shows."""

    @property
    def key(self) -> str:
        """Digest of notebook and checks."""
        return f"{self.notebook}-{self.checks}"

    @property
    def counts(self) -> bool:
        """Whether gradebook and feedback hold these very verdicts."""
        return self.counted == self.key

    @property
    def page_is_stale(self) -> bool:
        """Whether a page of feedback is to be written."""
        return bool(self.counted) and not self.fault and self.page != self.counted

    def given_for_another_text(self, task: str) -> bool:
        """Whether the points that a task has were given for an earlier answer."""
        return task in self.read and self.read[task] != digest(self.answers.get(task, ""))


def checks_digest(released: bytes, seed: str) -> str:
    """Digest of all that decides about a verdict, but for the notebook."""
    folder = Path(__file__).parents[2]
    own = [file.read_bytes() for file in sorted(folder.rglob("*.py"))]
    return digest(released, seed, code_digest(), *own)


def file_of(course: Path, assignment: str, student: str) -> Path:
    """The file with the state of a hand-in."""
    return course / places.REMEMBERED / assignment / f"{student}.json"


def load_state(course: Path, assignment: str, student: str) -> State:
    """The state of a hand-in; an empty one, where its file is missing or damaged."""
    try:
        said = json.loads(file_of(course, assignment, student).read_bytes())
        verdicts = tuple(verdict_of(each) for each in said.pop("verdicts"))
        return State(**said | {"student": student, "assignment": assignment, "verdicts": verdicts})
    except (OSError, ValueError, KeyError, TypeError):
        return State(student, assignment)


def state_of(course: Path, file: Path) -> State:
    """The state of a notebook of `submitted/`."""
    return load_state(course, file.parent.name, places.owner(file))


def verdict_of(said: dict[str, Any]) -> Verdict:
    """A verdict from JSON."""
    return Verdict(**said | {"diagnosis": Diagnosis(**said["diagnosis"])})


def save_state(course: Path, state: State, **changes: Any) -> State:
    """Write a state with these changes to its file; the new state."""
    state = replace(state, **changes)
    data = json.dumps(asdict(state), ensure_ascii=True).encode()
    write_whole(file_of(course, state.assignment, state.student), data)
    return state


def states_of(course: Path, assignment: str) -> Iterator[State]:
    """The states of all hand-ins of an assignment, student by student."""
    for file in sorted((course / places.REMEMBERED / assignment).glob("*.json")):
        yield load_state(course, assignment, file.stem)

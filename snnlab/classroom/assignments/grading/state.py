"""The state of each hand-in in a file of its own, so that grading can continue after a stop."""

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
    """One student's hand-in of one assignment: its verdicts, and the points that count so far."""

    student: str
    assignment: str
    notebook: str = ""
    """Digest of the bytes that were judged."""
    checks: str = ""
    """Digest of the checks that judged them."""
    verdicts: tuple[Verdict, ...] = ()
    fault: str = ""
    """Why the notebook could not be judged or its points not recorded; else empty."""
    counted: str = ""
    """The `key` of the notebook and checks whose points are recorded; empty if there are none."""
    points: Mapping[str, float] = field(default_factory=dict)
    """Recorded points by task."""
    answers: Mapping[str, str] = field(default_factory=dict)
    """Recorded text of each answer that is marked by hand, by task."""
    read: Mapping[str, str] = field(default_factory=dict)
    """Digest of the text for which points were given by hand, by task."""
    remark: str = ""
    """A remark on the notebook for the table of grades; may be empty."""
    page: str = ""
    """Like `counted`, for the points on the page of feedback."""

    @property
    def key(self) -> str:
        """Digest of notebook and checks."""
        return f"{self.notebook}-{self.checks}"

    @property
    def counts(self) -> bool:
        """Whether exactly these verdicts are recorded."""
        return self.counted == self.key

    @property
    def page_is_stale(self) -> bool:
        """Whether the page of feedback is out of date."""
        return bool(self.counted) and not self.fault and self.page != self.counted

    def given_for_another_text(self, task: str) -> bool:
        """Whether the points of a task were given for an earlier answer."""
        return task in self.read and self.read[task] != digest(self.answers.get(task, ""))


def checks_digest(released: bytes, seed: str) -> str:
    """Digest of everything but the notebook that determines a verdict."""
    folder = Path(__file__).parents[2]
    own = [file.read_bytes() for file in sorted(folder.rglob("*.py"))]
    return digest(released, seed, code_digest(), *own)


def file_of(course: Path, assignment: str, student: str) -> Path:
    """The file with the state of a hand-in."""
    return course / places.REMEMBERED / assignment / f"{student}.json"


def load_state(course: Path, assignment: str, student: str) -> State:
    """The state of a hand-in; an empty one if its file is missing or damaged."""
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

"""`snnlab audit`: the claims of the paper's abstract, judged by races."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated

import tyro

from snnlab.cli.answer import answer
from snnlab.runs.files import RunError
from snnlab.runs.store import usual_runs
from snnlab.studies.audit import judge, list_races, origin, read_race
from snnlab.studies.claims import Claim
from snnlab.studies.race import RACE


@dataclass(frozen=True)
class Audit:
    """Say for each claim of the paper's abstract whether races here support it.

    Supported: the interval over seeds lies wholly on the claimed side. Contradicted: wholly on the
    other. Undecided: neither, and how many seeds would decide is said. Untested: it cannot ask.
    """

    races: Annotated[
        tuple[Path, ...], tyro.conf.Positional, tyro.conf.arg(metavar="[RACE ...]")
    ] = ()
    """Folders of races, or their names in --root, or files in which `snnlab race --keep` keeps one;
    default: all races there."""
    root: Path | None = None
    """Folder of the races; default: races in the folder of runs."""
    runs: Path = field(default_factory=usual_runs)
    """Folder of the run folders."""
    json: bool = False
    """Print one JSON object instead of text."""

    def execute(self) -> None:
        """Judge and answer."""
        root = self.root or RACE.root(self.runs)
        folders = [each if each.exists() else root / each for each in self.races]
        if not (folders := folders or list_races(root)):
            raise RunError(f"no races in {root} yet: snnlab race")
        races, claims, texts = [], [], []
        for folder in folders:
            race = read_race(folder)
            entry, heading = origin(folder.name, race)
            judged = judge(race)
            races.append(entry)
            claims += [{"race": folder.name} | asdict(claim) for claim in judged]
            texts.append(claims_text(heading, judged))
        from snnlab.studies.lifelike import judge_neuron  # it loads torch

        neuron = judge_neuron()
        texts.append(claims_text("without a race: one neuron\n", neuron))
        found = {"races": races, "claims": claims, "neuron": [asdict(claim) for claim in neuron]}
        answer(found, "\n\n".join(texts), as_json=self.json)


def claims_text(heading: str, claims: Sequence[Claim]) -> str:
    """The claims for people."""
    return "\n".join([heading, *(claim.text() for claim in claims)])

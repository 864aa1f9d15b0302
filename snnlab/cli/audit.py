"""`snnlab audit`: the claims of the paper's abstract, judged by races."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro

from snnlab.cli.answer import answer
from snnlab.runs.files import RunError
from snnlab.runs.store import usual_runs
from snnlab.studies.audit import (
    audit_entry,
    audit_text,
    list_races,
    neuron_entries,
    neuron_text,
    read_race,
)
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
        races = [(folder, read_race(folder)) for folder in folders]
        entries = [audit_entry(folder, race) for folder, race in races]
        claims = [claim for entry in entries for claim in entry.pop("claims")]
        found = {"races": entries, "claims": claims, "neuron": neuron_entries()}
        texts = [audit_text(folder, race) for folder, race in races]
        answer(found, "\n\n".join([*texts, neuron_text()]), as_json=self.json)

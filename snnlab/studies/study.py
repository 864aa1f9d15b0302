"""The common code of all studies: a folder, steps with progress, and a result in JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from snnlab.runs.config import RunConfig
from snnlab.runs.files import RunError, optional_json, read_json, write_json
from snnlab.runs.hashes import check_sealed, sealed
from snnlab.runs.provenance import code_digest
from snnlab.runs.store import COLLECTION, data_in_names, runs_folder

if TYPE_CHECKING:
    from snnlab.learning.fit import Batch, Epoch

Result = dict[str, Any]
Entry = dict[str, Any]
Item = TypeVar("Item")


@dataclass(frozen=True)
class Step:
    """One training or measurement that is about to start."""

    number: int
    """1 to `steps`."""
    steps: int
    """How many the study has."""
    label: str
    """What it is, in a few words."""


@dataclass(frozen=True)
class Watch:
    """Callbacks of a study for a progress display; each may be left out."""

    on_step: Callable[[Step], None] = lambda step: None
    on_batch: Callable[[Batch], None] | None = None
    on_epoch: Callable[[Epoch], None] | None = None

    def steps(
        self,
        plan: Sequence[Item],
        label: Callable[[Item], str],
        *,
        before: int = 0,
        total: int | None = None,
    ) -> Iterator[Item]:
        """The items of a plan one by one, each announced as a step.

        Args:
            plan: one item per step.
            label: says what a step is.
            before: steps that the study has done already.
            total: steps of the whole study; None: those of the plan.
        """
        for number, item in enumerate(plan, start=before + 1):
            self.on_step(Step(number, total or len(plan), label(item)))
            yield item


@dataclass(frozen=True)
class Kind:
    """A kind of study, and the path of its results: `runs/<shelf>/<folder>/<name>.json`."""

    name: str
    """Its name in messages, and that of its file."""
    shelf: str
    """Name of the folder that holds the folders of such studies."""
    key: str = "asked"
    """The key of the study's configuration in the file."""
    option: str = "--out"
    """Option of the command line that chooses another folder."""

    @property
    def file(self) -> str:
        """The name of the file that holds the result."""
        return f"{self.name}.json"

    def root(self, runs: Path | None = None) -> Path:
        """The folder of the folders, in the folder of runs."""
        return runs_folder(runs) / self.shelf

    @contextmanager
    def open(self, folder: Path, asked: Result) -> Iterator[Result | None]:
        """Prepare the folder of a study, and write its configuration there.

        If the block raises before anything is measured, a folder that was made here is removed, so
        that another study can have its name.

        Args:
            folder: the folder of this study alone.
            asked: everything that determines the result.

        Yields:
            The present content of the file; None in a new folder.

        Raises:
            RunError: the folder holds another study.
        """
        asked = json.loads(json.dumps(asked))
        there = optional_json(folder / self.file)
        if there is not None:
            check_sealed(self.file, there)
            held = there.get(self.key, {})
            different = [name for name in asked | held if held.get(name) != asked.get(name)]
            if different:
                raise RunError(
                    f"{folder} holds another {self.name} (other {', '.join(different)}): choose "
                    f"another folder with {self.option}, or delete this one"
                )
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / COLLECTION, {"holds": self.file})
        if folder.parent.name == self.shelf:  # no run either, for those who list the folder above
            write_json(folder.parent / COLLECTION, {"holds": f"folders with {self.file}"})
        if there is None:
            write_json(folder / self.file, {self.key: asked, "finished": False, "entries": []})
        try:
            yield there
        except Exception:
            if there is None and not any(path.is_dir() for path in folder.iterdir()):
                for name in (self.file, COLLECTION):
                    (folder / name).unlink(missing_ok=True)
                with suppress(OSError):  # something else lies in it
                    folder.rmdir()
            raise

    def conduct(self, folder: Path, asked: Result, work: Callable[[], Result]) -> Result:
        """Carry out a study, or take it from its folder if this code has finished it.

        Args:
            folder: the folder of this study alone.
            asked: everything that determines the result, as values for JSON.
            work: carries it out; returns values for the file, with an `environment`.

        Returns:
            The content of the file.

        Raises:
            RunError: the folder holds another study.
        """
        with self.open(folder, asked) as there:
            made_by = (there or {}).get("environment") or {}
            if there and there.get("finished") and made_by.get("code") == code_digest():
                return there
            done = {self.key: asked, "finished": True} | work()
            write_json(folder / self.file, sealed(done))
        return read_json(folder / self.file)


def name_of(config: RunConfig) -> str:
    """The name of a study's folder, from its data and network."""
    return f"{data_in_names(config)}-{config.model.name}"


def groups(entries: Iterable[Entry], *keys: str) -> dict[Any, list[Entry]]:
    """Entries with the same values of some keys together, in the order in which these appear.

    Args:
        entries: of a study.
        keys: one or more; of several, a group's key is the tuple of their values.
    """
    found: dict[Any, list[Entry]] = {}
    for entry in entries:
        values = tuple(entry[key] for key in keys)
        found.setdefault(values if len(keys) > 1 else values[0], []).append(entry)
    return found

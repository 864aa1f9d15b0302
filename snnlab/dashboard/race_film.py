"""Runs that have trained, and races, as a film on the page Compare."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from snnlab.dashboard.film import Packed, draw_film, packed
from snnlab.dashboard.groups import Group, entry_of
from snnlab.dashboard.screen import warn
from snnlab.runs import methods
from snnlab.runs.files import RunError
from snnlab.runs.methods import COMPARED, METHODS
from snnlab.runs.recorded import Recorded, recorded
from snnlab.runs.store import Run
from snnlab.studies.recorded_race import recorded_runs
from snnlab.studies.study import Result

LABEL = "Show them as a film: training against the clock, then T from 1 to 16"


def draw_film_of_runs(groups: Sequence[Group]) -> None:
    """The switch, and the film of some runs, in which each group is a line."""
    draw_film(LABEL, lambda: film_of_runs(groups))


def draw_film_of_race(race: Result, folder: Path) -> None:
    """The switch, and the film of a race that lies in a folder."""
    draw_film(LABEL, lambda: film_of_race(race, folder))


def film_of_runs(groups: Sequence[Group]) -> Packed:
    """A film of what these runs remember; of a run that does not, the page says why.

    Raises:
        ValueError: none of them does, or there are more lines than a film has room for.
    """
    from snnlab.show.films.race import race  # here, as it loads matplotlib

    found = {label_of(group): (group.name, list(remembered(group.runs))) for group in groups}
    shown = {label: runs for label, (_, runs) in found.items() if runs}
    if not shown:
        raise RunError("There is no film of these runs: none of them remembers its epochs.")
    return packed(race(shown, names={label: found[label][0] for label in shown}))


def film_of_race(race: Result, folder: Path) -> Packed:
    """A film of a race, all methods with equally many epochs."""
    from snnlab.show.films.race import race as film_of

    return packed(film_of(recorded_runs(race, folder)))


def label_of(group: Group) -> str:
    """What has the look of a group, where the group has it for itself; else its name."""
    look = entry_of(group.config).look
    names = dict.fromkeys([*METHODS, *COMPARED])
    own = (name for name in names if (found := methods.entry_of(name)) and found.look == look)
    return next(own) if group.dashes is not None else group.name


def remembered(runs: Sequence[Run]) -> Iterator[Recorded]:
    """Runs that say how long each epoch took, and what it brought; of the others it is said."""
    for run in runs:
        try:
            yield recorded(run)
        except RunError as problem:
            warn(f"Not in the film: {problem}.")

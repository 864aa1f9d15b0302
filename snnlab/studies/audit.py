"""The audit: test the claims of the paper's abstract with races on this machine.

`claims` holds the rules, `abstract` and `speedup` the tests with a race, `lifelike` those without.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from snnlab.runs.files import RunError, read_json
from snnlab.runs.hashes import check_sealed
from snnlab.settings import suggestion
from snnlab.studies.abstract import TESTS
from snnlab.studies.claims import Claim
from snnlab.studies.evidence import Evidence
from snnlab.studies.race import RACE
from snnlab.studies.study import Result
from snnlab.studies.tables import machine_in_words, versions_in_words


def judge(race: Result) -> list[Claim]:
    """Judge the claims of the abstract that a race can test, in its order; see `claims`.

    Args:
        race: content of race.json.

    Raises:
        RunError: the race is not finished, or lacks something that every race has.

    Example:
        >>> [claim.status for claim in judge(read_race(Path("runs/races/digits")))]
    """
    with reading(race):
        evidence = Evidence(race)
        return [test.judge(evidence) for test in TESTS]


@contextmanager
def reading(race: Result) -> Iterator[None]:
    """Raise RunError if a race is not finished, or lacks a value that the block reads."""
    if not race.get("finished"):
        raise RunError("the race is not finished; the same snnlab race command goes on with it")
    try:
        yield
    except RunError:
        raise
    except KeyError as error:
        raise RunError(f"the race is damaged: {RACE.file} lacks {error}") from error
    except (IndexError, TypeError, AttributeError, OverflowError, ZeroDivisionError) as error:
        kind = f"a value of {RACE.file} is of another kind than it should be"
        raise RunError(f"the race is damaged: {kind} ({error})") from error
    except ValueError as error:
        raise RunError(f"the race is damaged: {RACE.file} {error}") from error


def origin(name: str, race: Result) -> tuple[dict[str, Any], str]:
    """Configuration and environment of a race: as an entry for JSON, and as lines of text.

    Args:
        name: name of the race.
        race: content of race.json.

    Raises:
        RunError: the race is not finished, or damaged.
    """
    with reading(race):
        start, made_by = race["race"]["start"], race.get("environment", {})
        data, model = start["data"]["name"], start["model"]["name"]
        epochs, seeds = start["training"]["epochs"], ", ".join(map(str, race["race"]["seeds"]))
        command = " ".join(made_by.get("command") or ["an unknown command"])
        lines = [
            f"race {name}: {data}, {model}, {epochs} epochs, seeds {seeds}",
            f"  on {machine_in_words(made_by.get('hardware') or {})}; "
            + versions_in_words(made_by.get("versions") or {}),
            f"  by {command}; code {made_by.get('code')}, commit {made_by.get('git_commit')}",
        ]
    entry = {"race": name, "data": data, "model": model, "environment": made_by}
    return entry, "\n".join(lines)


def read_race(folder: Path) -> dict[str, Any]:
    """The content of a race's race.json, or of a file in which a race is kept.

    Raises:
        RunError: there is no race in the folder, it cannot be read, or somebody changed it.
    """
    if folder.is_file():
        race = read_json(folder)
        check_sealed(folder.name, race)
        if RACE.key not in race:
            raise RunError(f"{folder} holds no race: it lacks {RACE.key!r}")
        return race
    if not folder.is_dir():
        near = suggestion(folder.name, [one.name for one in list_races(folder.parent)])
        raise RunError(f"no race in {folder}: no such folder; snnlab race makes one{near}")
    race = read_json(folder / RACE.file)
    check_sealed(RACE.file, race)
    return race


def list_races(root: Path) -> list[Path]:
    """The folders of all races in a folder, by name."""
    if not root.is_dir():
        return []
    return sorted(folder for folder in root.iterdir() if (folder / RACE.file).is_file())

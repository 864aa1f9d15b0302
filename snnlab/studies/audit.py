"""The audit: what the paper's abstract claims, and what races on this machine say to it.

`claims` holds the rules, `abstract` and `speedup` what a race is asked, `lifelike` what needs none.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from snnlab.runs.files import RunError, read_json
from snnlab.runs.hashes import check_sealed
from snnlab.settings import meant
from snnlab.studies.abstract import TESTS
from snnlab.studies.claims import Claim
from snnlab.studies.evidence import Evidence
from snnlab.studies.race import RACE
from snnlab.studies.study import Result


def judge(race: Result) -> list[Claim]:
    """Every claim of the abstract that one race can judge, in its order; see `claims`.

    Args:
        race: content of race.json.

    Raises:
        RunError: the race is not finished, or lacks something that every race has.

    Example:
        >>> [claim.status for claim in judge(read_race(Path("runs/races/digits")))]
    """
    if not race.get("finished"):
        raise RunError("the race is not finished; the same snnlab race command goes on with it")
    with telling_damage():
        evidence = Evidence(race)
        return [test.judge(evidence) for test in TESTS]


@contextmanager
def telling_damage() -> Iterator[None]:
    """A RunError for what a file should hold and does not."""
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


def neuron_entries() -> list[dict[str, Any]]:
    """The claim about the neuron, which no race is asked about, as the JSON answer holds it."""
    from snnlab.studies.lifelike import judge_neuron  # it takes torch to import

    return [asdict(claim) for claim in judge_neuron()]


def neuron_text() -> str:
    """The same for people."""
    from snnlab.studies.lifelike import judge_neuron

    return "\n".join(
        ["without a race: one neuron", "", *(claim.text() for claim in judge_neuron())]
    )


@telling_damage()
def audit_entry(folder: Path, race: Result) -> dict[str, Any]:
    """A race with its claims and what made it, as the JSON answer holds it."""
    made_by = race.get("environment", {})
    return {
        "race": folder.name,
        "data": race["race"]["start"]["data"]["name"],
        "model": race["race"]["start"]["model"]["name"],
        "environment": made_by,
        "claims": [{"race": folder.name} | asdict(claim) for claim in judge(race)],
    }


@telling_damage()
def audit_text(folder: Path, race: Result) -> str:
    """The same for people."""
    start, made_by = race["race"]["start"], race.get("environment", {})
    hardware = made_by.get("hardware") or {}
    versions = made_by.get("versions") or {}
    lines = [
        f"race {folder.name}: {start['data']['name']}, {start['model']['name']}, "
        f"{start['training']['epochs']} epochs, seeds {', '.join(map(str, race['race']['seeds']))}",
        f"  on {hardware.get('gpu') or hardware.get('processor', 'an unknown machine')}, "
        f"{hardware.get('threads', '?')} thread(s); "
        + ", ".join(f"{name} {version}" for name, version in versions.items()),
        f"  by {' '.join(made_by.get('command') or ['an unknown command'])}; "
        f"code {made_by.get('code')}, commit {made_by.get('git_commit')}",
        "",
    ]
    return "\n".join(lines) + "\n".join(claim.text() for claim in judge(race))


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
        near = meant(folder.name, [one.name for one in list_races(folder.parent)])
        raise RunError(f"no race in {folder}: no such folder; snnlab race makes one{near}")
    race = read_json(folder / RACE.file)
    check_sealed(RACE.file, race)
    return race


def list_races(root: Path | None = None) -> list[Path]:
    """The folders of all races, by name; None: of those in the folder of runs."""
    root = root or RACE.root()
    if not root.is_dir():
        return []
    return sorted(folder for folder in root.iterdir() if (folder / RACE.file).is_file())

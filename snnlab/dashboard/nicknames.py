"""Nicknames of visitors: one that they chose, or two words derived from their id.

    runs/.nicknames.json

They are kept beside the runs. The id itself is never shown: whoever knows it can act as its owner.
"""

from __future__ import annotations

import hashlib
import threading
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from snnlab.runs.files import RunError, read_json, write_json

FILE = ".nicknames.json"
MOST_CHARACTERS = 24
MOST_KEPT = 1000
"""Names that are kept; the oldest are forgotten."""
LOCK = threading.Lock()
"""Held while names are changed."""
KINDS = """
Amber Blue Brave Breezy Bright Brisk Calm Cheerful Clear Clever Copper Coral Crisp Curious
Daring Deep Eager Early Fair Fleet Gentle Glad Golden Grand Green Happy Hardy Honest Humble
Indigo Jade Jolly Keen Kind Lively Lofty Loyal Lucky Lunar Mellow Merry Mighty Misty Modest
Neat Noble Patient Placid Proud Quick Quiet Rapid Ready Royal Silver Smart Solar Steady
Sturdy Sunny Swift Tidy Vivid Warm
"""
ANIMALS = """
Badger Beaver Bee Bison Bumblebee Camel Cheetah Cobra Condor Cormorant Crane Cricket Deer
Dolphin Dragonfly Eagle Falcon Ferret Finch Firefly Flamingo Fox Gecko Gibbon Giraffe Hare
Hawk Heron Ibex Ibis Jackal Jaguar Kestrel Kiwi Koala Lark Lemur Leopard Lynx Magpie Marten
Moose Newt Ocelot Octopus Oriole Osprey Otter Owl Panda Panther Pelican Penguin Puffin Robin
Salmon Seal Sparrow Squid Stork Swan Tiger Turtle Wolf
"""


class NicknameError(ValueError):
    """A name that is not allowed; the message says why."""


def nicknames(root: Path) -> dict[str, str]:
    """The names that are kept in a folder of runs, by visitor."""
    path = root / FILE
    try:
        return kept_names(path, path.stat().st_mtime_ns)
    except OSError:
        return {}


@lru_cache(maxsize=4)
def kept_names(path: Path, stamp: int) -> dict[str, str]:
    """The names in the file; damaged entries are passed over."""
    try:
        found = read_json(path)
    except RunError:
        return {}
    return {id: name for id, name in found.items() if isinstance(name, str) and is_name(name)}


def called(visitor: str, names: dict[str, str]) -> str:
    """The nickname of a visitor.

    Example:
        >>> called("0123456789abcdef", {})
        'Steady Heron'
    """
    return names.get(visitor) or made_up(visitor)


def made_up(visitor: str) -> str:
    """Two words derived from the id of a visitor."""
    number = int.from_bytes(hashlib.sha256(visitor.encode()).digest()[:4], "big")
    kinds, animals = KINDS.split(), ANIMALS.split()
    kind, animal = divmod(number % (len(kinds) * len(animals)), len(animals))
    return f"{kinds[kind]} {animals[animal]}"


def choose(root: Path, visitor: str, wanted: str) -> str:
    """Give a visitor a nickname; if another has it already, with a number: "Ada (2)".

    Args:
        root: the folder of runs.
        visitor: whose name it is.
        wanted: the nickname; if empty, the two words derived from the id.

    Returns:
        The name.

    Raises:
        NicknameError: too long, or without a letter.
        OSError: it cannot be kept.
    """
    name = " ".join(unicodedata.normalize("NFKC", wanted).split()) or made_up(visitor)
    if not is_name(name) or len(name) > MOST_CHARACTERS:
        raise NicknameError(
            f"a nickname has 1 to {MOST_CHARACTERS} characters, one of them a letter; "
            f"got {wanted[:40]!r}"
        )
    with LOCK:
        names = nicknames(root) | {}
        names.pop(visitor, None)
        name = not_taken(name, names.values())
        names[visitor] = name
        root.mkdir(parents=True, exist_ok=True)
        write_json(root / FILE, dict(list(names.items())[-MOST_KEPT:]))
        kept_names.cache_clear()  # two changes may have the same time stamp
    return name


def settle(root: Path, visitor: str) -> None:
    """Keep the derived name of a visitor who starts a run, so that nobody else gets the same."""
    if visitor not in nicknames(root):
        choose(root, visitor, "")


def is_name(text: str) -> bool:
    """Whether a text can be shown as a name: it has no characters that turn or break a line."""
    return text.isprintable() and any(sign.isalpha() for sign in text) and len(text) < 40


def not_taken(name: str, taken: Iterable[str]) -> str:
    """The name, with a number behind it if others have it."""
    others = {other.casefold() for other in taken}
    found, number = name, 1
    while found.casefold() in others:
        number += 1
        found = f"{name} ({number})"
    return found

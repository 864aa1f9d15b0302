"""Names of people in any script: ids made from them, and comparisons."""

from __future__ import annotations

import functools
import hashlib
import itertools
import re
import unicodedata

from anyascii import anyascii

LETTERS = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "oe", "å": "aa", "æ": "ae"}
)
LONGEST_ID = 60


def new_id(name: str, number: str, taken: set[str]) -> str:
    """A new id from name and number; it is added to `taken`."""
    first = f"{identifier(name)}_{number}" if number else identifier(name)
    first = re.sub(r"[^a-z0-9]+", "_", first.lower())
    further = (f"{first}_{again}" for again in itertools.count(2))
    id = next(id for id in itertools.chain([first], further) if id not in taken)
    taken.add(id)
    return id


def identifier(name: str) -> str:
    """A name in small letters, digits and underscores, valid as a folder on any system."""
    text = anyascii(first_last(composed(name)).lower().translate(LETTERS)).lower()
    text = re.sub(r"[^a-z0-9]+", "_", text).strip("_")
    if text and len(text) <= LONGEST_ID:
        return text
    digest = hashlib.sha256(composed(name).encode("utf-8", "replace")).hexdigest()[:12]
    return f"{text[:40]}_{digest}" if text else f"student_{digest}"


def composed(text: str) -> str:
    """Text in which a letter and its accent are one character."""
    return unicodedata.normalize("NFC", text).strip()


def fold(text: str) -> str:
    """Text without capitals."""
    return composed(text).casefold()


@functools.cache
def normal(name: str) -> str:
    """A name for comparisons: without capitals, accents and punctuation, first name first."""
    text = unicodedata.normalize("NFKD", fold(first_last(composed(name))).translate(LETTERS))
    text = re.sub(r"(?<=[a-z])[\u0300-\u036f]+", "", text)  # of Latin letters only
    words = [word for word in re.split(r"[\s_.,;'\u2019-]+", composed(text)) if word]
    return " ".join(words) or composed(name)


@functools.cache
def joined(name: str) -> frozenset[str]:
    """The words of a name joined to one, in every order."""
    words = normal(name).split()
    orders = itertools.permutations(words) if len(words) < 6 else [words]
    return frozenset("".join(order) for order in orders)


def alike(one: str, other: str) -> bool:
    """Whether two names have a word in common, or one contains the other."""
    a, b = normal(one), normal(other)
    words = set(a.split()) | set(b.split())
    return a == b or any(
        (w in a.split() and w in b.split())
        or (len(w) > 2 and w in a.replace(" ", "") and w in b.replace(" ", ""))
        for w in words
    )


def first_last(name: str) -> str:
    """`Ann Lee` for `Lee, Ann`."""
    last, comma, first = name.partition(",")
    return f"{first.strip()} {last.strip()}" if comma and first.strip() else name.strip()

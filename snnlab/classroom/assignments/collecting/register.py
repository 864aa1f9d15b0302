"""Identify the people of each download in the table of students, or add them to it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from snnlab.classroom.assignments.collecting.names import (
    alike,
    first_last,
    fold,
    joined,
    new_id,
    normal,
)
from snnlab.classroom.assignments.collecting.platforms import Owner
from snnlab.classroom.assignments.collecting.students import STUDENTS, Student

LISTED, NAMES = 1, 2
"""Indices in the result of `Register.fitting`: numbers and logins in the table; names."""


class Register:
    """Finds the people of a download in the table of students, and adds new ones."""

    def __init__(self, students: Mapping[str, Student]) -> None:
        self.students = dict(students)
        self.taken = set(map(fold, students))

    def known_names(self) -> Callable[[str], bool]:
        """A function that says whether a name is an id, login or full name of a known student."""
        people = list(map(marks_of_person, self.students.values()))
        known = [set().union(*marks) for marks in zip(*people, strict=True)]

        def is_known(name: str) -> bool:
            marks = marks_of_owner(Owner(first_last(name)))
            return any(some & all_ for some, all_ in zip(marks, known, strict=False))

        return is_known

    def identify(self, owners: Iterable[Owner]) -> tuple[dict[Owner, str], dict[Owner, str]]:
        """Ids of the owners in one download, and for unclear owners the reason.

        An owner is identified by the number or login of the platform; else by a number, login or
        other name in the table; else by the name, if only one person has it. Owners with the same
        name and different numbers are different people.
        """
        meant = one_for_each_key(owners)
        everyone = sorted(set(meant.values()), key=lambda owner: (owner.name, owner.tag))
        ids: dict[Owner, str] = {}
        unclear: dict[Owner, str] = {}
        for level, found in enumerate(self.fitting(everyone)):
            if level == NAMES:
                unclear |= in_two_spellings([owner for owner in everyone if owner not in ids])
            rest = [owner for owner in everyone if owner not in ids and owner not in unclear]
            claimed = {id: owner for owner, id in ids.items()}
            free = {owner: found[owner] - set(claimed) for owner in rest}
            wanted: dict[str, list[Owner]] = defaultdict(list)
            for owner in rest:
                for id in free[owner]:
                    wanted[id].append(owner)
            for owner in rest:
                mine = free[owner]
                rivals = [o for id in mine for o in wanted[id] if o != owner]
                agreeing = [id for id in mine if self.agree(owner, id)]
                if found[owner] and not mine and not owner.key:
                    unclear[owner] = question(owner, found[owner], map(claimed.get, found[owner]))
                elif len(agreeing) == 1 and not rivals:
                    (ids[owner],) = agreeing
                elif mine and not agreeing:
                    unclear[owner] = self.whose_number(owner, min(mine))
                elif mine:
                    unclear[owner] = question(owner, mine, rivals)
        for owner in everyone:
            if owner not in unclear:
                ids[owner] = self.remember(owner, ids.get(owner, ""))
        known = {owner: ids[each] for owner, each in meant.items() if each in ids}
        return known, {o: unclear[each] for o, each in meant.items() if each in unclear}

    def fitting(self, owners: Sequence[Owner]) -> list[dict[Owner, set[str]]]:
        """Possible ids of each owner: by number, by table, by name, by joined name."""
        by_mark: dict[tuple[int, str], set[str]] = defaultdict(set)
        for person in self.students.values():
            for level, marks in enumerate(marks_of_person(person)):
                for mark in marks:
                    by_mark[level, mark].add(person.student)
        levels: list[dict[Owner, set[str]]] = [{} for _ in range(4)]
        for owner in owners:
            for level, marks in enumerate(marks_of_owner(owner)):
                # A number of Moodle may happen to equal somebody's number in a class list.
                doubted = owner.platform == "moodle" and level == LISTED
                levels[level][owner] = {
                    id
                    for mark in marks
                    for id in by_mark.get((level, mark), ())
                    if not other_key(owner, self.students[id])
                    and (not doubted or self.agree(owner, id))
                }
        return levels

    def agree(self, owner: Owner, id: str) -> bool:
        """Whether a number can belong to this student: the names must have something in common."""
        names = self.students[id].names
        named = self.students[id].name and owner.key.isdigit()
        return not named or any(alike(owner.name, name) for name in names)

    def whose_number(self, owner: Owner, id: str) -> str:
        """A message on what to do about a number that belongs to somebody with another name."""
        return (
            f"not taken: {owner.tag} is the number of {id} ({self.students[id].name}); if that is "
            f"{owner.name}, write this name into the column also of that row of {STUDENTS}; if "
            f"not, add a row with the name {owner.name} and {owner.tag} in also"
        )

    def remember(self, owner: Owner, id: str) -> str:
        """Add the names and keys of a download to the table; return the id."""
        if not id:
            number = owner.key if owner.key.isdigit() else ""
            label = owner.name if number else owner.key or owner.name
            id = new_id(label, number, self.taken)
            self.students[id] = Student(id)
        known = self.students[id]
        also = list(known.also)
        if owner.key and owner.key not in known.tags.get(owner.platform, ()):
            also.append(owner.tag)
        named = {normal(name) for name in [id, owner.key, *known.names]}
        if known.name and normal(owner.name) not in named:
            also.append(re.sub("[;:]", " ", owner.name))
        number = known.number or (owner.key if owner.key.isdigit() else "")
        name = known.name or owner.name
        self.students[id] = replace(known, name=name, number=number, also=tuple(also))
        return id


def marks_of_owner(owner: Owner) -> tuple[set[str], set[str], set[str], set[str]]:
    """The marks by which an owner is looked up, the surest first; see `Register.fitting`."""
    label, one_word = fold(owner.key or owner.name), " " not in normal(owner.name)
    return (
        {owner.tag} - {""},
        {label} if owner.key else {label, f"id {label}"},
        {normal(owner.name)},
        {("whole " if one_word else "word ") + each for each in joined(owner.name)},
    )


def marks_of_person(person: Student) -> tuple[set[str], set[str], set[str], set[str]]:
    """The marks by which a student is found; see `marks_of_owner`."""
    pairs = {(" " not in normal(name), each) for name in person.names for each in joined(name)}
    return (
        {f"{platform}:{key}" for platform, keys in person.tags.items() for key in keys},
        person.keys | {f"id {fold(person.student)}"},
        set(map(normal, person.names)),
        {("word " if one_word else "whole ") + each for one_word, each in pairs},
    )


def one_for_each_key(owners: Iterable[Owner]) -> dict[Owner, Owner]:
    """One owner for each number or login; a number with two different names is not used."""
    same: dict[str, list[Owner]] = defaultdict(list)
    for owner in owners:
        same[owner.tag or owner.name].append(owner)
    meant: dict[Owner, Owner] = {}
    for group in same.values():
        first = min(group, key=lambda owner: (" " not in owner.name, owner.name))
        no_number = first.key.isdigit() and not all(alike(first.name, o.name) for o in group)
        meant |= {owner: Owner(owner.name) if no_number else first for owner in group}
    return meant


def in_two_spellings(owners: Sequence[Owner]) -> dict[Owner, str]:
    """Owners without a number whose name is spelled in two ways in one download."""
    same: dict[str, list[Owner]] = defaultdict(list)
    for owner in owners:
        if not owner.key:
            same[normal(owner.name)].append(owner)
    return {
        owner: question(owner, (), [other for other in group if other != owner])
        for group in same.values()
        if len(group) > 1
        for owner in group
    }


def other_key(owner: Owner, person: Student) -> bool:
    """Whether the platform knows the student by another key, so that the owner is somebody else.

    Moodle is excepted, as its number is another one in each assignment.
    """
    keys = person.tags.get(owner.platform, set())
    return bool(owner.key) and owner.platform != "moodle" and bool(keys) and owner.key not in keys


def question(owner: Owner, ids: Iterable[str], rivals: Iterable[Owner | None]) -> str:
    """A message on who an owner may be, and how to decide it in the table of students."""
    label = owner.tag or owner.name
    called = f"{owner.name} ({label})" if owner.tag else owner.name
    others = ", ".join(rival.tag or rival.name for rival in rivals if rival)
    return (
        f"not taken: {called} may be {' or '.join(sorted(ids)) or 'the same person as'}"
        f"{' and so may ' if ids and others else ' '}{others}".rstrip()
        + f"; write {label} into the column also of the right row of {STUDENTS}, a new row if "
        "there is none"
    )

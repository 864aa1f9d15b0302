"""Owner and time of each file of a bulk download, read from the paths of each platform."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath

from snnlab.classroom.assignments.catalogue import ASSIGNMENTS
from snnlab.classroom.assignments.collecting.names import first_last
from snnlab.classroom.assignments.places import STAMP

PLATFORMS = {
    "moodle": re.compile(
        r"(?P<name>.+?)_(?P<late>late_)?(?P<key>\d+)_(?:[^\W\d_]+_){0,2}"
        r"(?:file|onlinetext|datei\w*?|text\w*?|fichier\w*?)(?:_.*)?",
        re.IGNORECASE,
    ),
    "brightspace": re.compile(
        r"(?P<key>\d+)-\d+ - (?P<name>.+?) - (?P<when>[^-]*\b\d{4}\b[^-]*?)(?: - .*)?"
    ),
    "sakai": re.compile(r"(?P<name>[^()]+,[^()]+)\((?P<key>[^()]+)\)"),
    "canvas": re.compile(r"(?P<name>[^_]+)_(?P<late>late_)?(?P<key>\d+)_\d+_.+", re.IGNORECASE),
    "blackboard": re.compile(r"(?P<label>.+?)_attempt_(?P<when>\d{4}(?:-\d\d){5})(?:[_.].*)?"),
}
"""The form of the names of students' files or folders, by platform."""
BLACKBOARD_SAYS = re.compile(r"^Name:\s*(?P<name>.+?)\s*\((?P<key>[^()]+)\)\s*$", re.MULTILINE)
DATES = ("%b %d, %Y %I:%M %p", "%B %d, %Y %I:%M %p", "%d %B, %Y %H:%M", "%d %b, %Y %H:%M")
LISTS = (".txt", ".csv", ".html", ".xml", ".json", ".ini", ".db", ".md")
"""Endings of files that platforms and systems add to the hand-ins."""


@dataclass(frozen=True)
class Owner:
    """Who handed in a file, as named in a download."""

    name: str
    platform: str = ""
    """Empty for plain folders and files."""
    key: str = ""
    """The platform's number or login for this person."""

    @property
    def tag(self) -> str:
        """The key in the form of the table of students."""
        return f"{self.platform}:{self.key}" if self.key else ""


@dataclass(frozen=True)
class Label:
    """Owner, time and lateness of a file, from its path."""

    owner: Owner | None
    """None if the path names nobody."""
    group: str = ""
    """The folder of the owners' folders; different names in one group are different people."""
    time: datetime | None = None
    """None if the path has no time."""
    late: bool = False
    """Whether the platform calls it late."""


class Paths:
    """The paths of one download, and the label of each.

    Args:
        paths: of all its files.
        texts: texts that platforms have added, by path.
        known: says whether a name is that of a student of this course.
        title: name of the download, which is often that of its first folder, too.
    """

    def __init__(
        self,
        paths: Sequence[PurePosixPath],
        texts: Mapping[PurePosixPath, str],
        known: Callable[[str], bool],
        title: str,
    ) -> None:
        self.paths, self.known, self.title = paths, known, title
        self.depth = self.shared_folders()
        self.blackboard = blackboard_owners(paths, texts)
        self.flat = flat_names([p for p in paths if len(p.parts) == self.depth + 1])
        self.stamps = {p.parent: stamp_of(text) for p, text in texts.items() if p.name == STAMP}

    def labels(self) -> list[Label]:
        """The label of each path, in order."""
        return [self.of_platform(path) or self.of_plain(path) for path in self.paths]

    def of_platform(self, path: PurePosixPath) -> Label | None:
        """The label from the first part in the form of a platform; None if there is none."""
        for place, part in enumerate(path.parts):
            for platform, pattern in PLATFORMS.items():
                match = pattern.fullmatch(part)
                if not match:
                    continue
                found = match.groupdict()
                time = date_of(found.get("when") or "")
                if platform == "blackboard":
                    owner = self.blackboard[found["label"]]
                else:
                    owner = Owner(first_last(found["name"]), platform, found["key"].casefold())
                if platform == "sakai":
                    time = self.stamps.get(PurePosixPath(*path.parts[: place + 1]))
                return Label(owner, "/".join(path.parts[:place]), time, bool(found.get("late")))
            if part.lower().endswith(".zip") and place >= self.depth:
                return None  # names inside a student's zip do not name another owner
        return None

    def of_plain(self, path: PurePosixPath) -> Label:
        """The label of a path without a part in the form of a platform."""
        group, rest = path.parts[: self.depth], path.parts[self.depth :]
        while len(rest) > 2 and rest[0] in ASSIGNMENTS:
            group, rest = (*group, rest[0]), rest[1:]
        if rest[0].startswith("."):
            return Label(None)
        if len(rest) == 1:
            name = self.flat.get(path.name, "")
        else:
            name = without_assignment(rest[0]) or stem_of(rest[0])
        # nbgrader and JupyterHub write the time beside what they collected, in UTC.
        exchanged = path.parent.name in ASSIGNMENTS and len(rest) > 2
        time = self.stamps.get(path.parent) if exchanged else None
        return Label(Owner(first_last(name)) if name else None, "/".join(group), time)

    def shared_folders(self) -> int:
        """How many levels of folders lie above those of the students."""
        depth = 0
        while (folder := self.shared_part(depth)) and not (
            self.names_student(folder) or not self.holds_class(depth)
        ):
            depth += 1
        return depth

    def shared_part(self, depth: int) -> str:
        """The folder at this depth that contains all files; empty if there is none."""
        parts = {p.parts[depth] if len(p.parts) > depth + 1 else "" for p in self.paths}
        return parts.pop() if len(parts) == 1 else ""

    def holds_class(self, depth: int) -> bool:
        """Whether a folder that contains all files is that of a class, and not of one student."""
        folder = self.paths[0].parts[depth]
        if any(map(self.names_student, {path.parts[depth + 1] for path in self.paths})):
            return True
        inside = {path.parts[depth + 1] for path in self.paths if len(path.parts) > depth + 2}
        if not inside:
            return folder in ASSIGNMENTS or named_after_people(self.paths)
        if folder in (self.title, "submitted", *ASSIGNMENTS):
            return True
        if len(inside) > 1 or inside <= set(ASSIGNMENTS):
            return not inside <= set(ASSIGNMENTS)
        return bool(self.shared_part(depth + 1)) and self.holds_class(depth + 1)

    def names_student(self, part: str) -> bool:
        """Whether the name of a file or folder has the form of a platform, or is a student's."""
        is_label = any(pattern.fullmatch(part) for pattern in PLATFORMS.values())
        return is_label or self.known(stem_of(part))


def named_after_people(paths: Iterable[PurePosixPath]) -> bool:
    """Whether files in one folder are those of several students, as in `Ann - a1_neuron.ipynb`."""
    notebooks = [path for path in paths if ".ipynb" in path.name.lower()]
    names = [path.name for path in notebooks]
    owners = set(flat_names(notebooks).values())
    told = all(" - " in name or any(a in name for a in ASSIGNMENTS) for name in names)
    one_each = len(owners) == len(names) or all(" - " in name for name in names)
    return len(owners) > 1 and told and one_each and "" not in owners


def flat_names(paths: Iterable[PurePosixPath]) -> dict[str, str]:
    """The owner's name, read from the file name, of each file outside of students' folders."""
    names = [path.name for path in paths if path.suffix.lower() not in LISTS]
    if not any(".ipynb" in name.lower() for name in names):  # no notebooks there
        names = [name for name in names if stem_of(name) != name]
    labels = {name: without_assignment(name) for name in names}
    halves = [label.split(" - ", 1) for label in labels.values() if " - " in label]
    title_first = len({left for left, _ in halves}) == 1 and len(halves) > 1
    return {
        name: (label.split(" - ", 1)[title_first] if " - " in label else label).strip()
        for name, label in labels.items()
    }


def without_assignment(name: str) -> str:
    """The name of a file or folder without ending, assignment and signs of a copy."""
    label = stem_of(name)
    for assignment in ASSIGNMENTS:
        label = label.replace(assignment, "")
    label = re.sub(r"\(\d+\)|^(copy of|kopie von|copie de)\b", "", label, flags=re.IGNORECASE)
    return label.strip(" _-")


def stem_of(name: str) -> str:
    """A name without the ending of a notebook, a document or an archive."""
    ending = r"\.(ipynb|zip|rar|7z|tar|gz|tgz|pdf|docx?|py)\b.*$"
    return re.sub(ending, "", name, flags=re.IGNORECASE)


def blackboard_owners(
    paths: Iterable[PurePosixPath], texts: Mapping[PurePosixPath, str]
) -> dict[str, Owner]:
    """The owner for each label of Blackboard, which is task and login: `Lab_j_smith`.

    The text that Blackboard adds to a hand-in names both. Without it, the task is the common
    beginning of all labels, or the first word.
    """
    found: dict[str, Owner] = {}
    words: dict[str, list[str]] = {}
    for path in paths:
        for match in filter(None, map(PLATFORMS["blackboard"].fullmatch, path.parts)):
            label = match["label"]
            words[label] = title_as_one_word(label).split("_")
            said = BLACKBOARD_SAYS.search(texts.get(path, ""))
            if said and label.endswith(said["key"]):
                key = said["key"].casefold()
                found[label] = Owner(first_last(said["name"]), "blackboard", key)
    shared = 0
    while len(words) > 1 and all(len(w) > shared + 1 for w in words.values()):
        (word, *others) = {w[shared] for w in words.values()}
        if others or len(word) == 1:  # one letter: of `j_smith` and `j_stone`
            break
        shared += 1
    for label, parts in words.items():
        login = "_".join(parts[shared or (len(parts) > 1) :])
        found.setdefault(label, Owner(login, "blackboard", login.casefold()))
    return found


def title_as_one_word(label: str) -> str:
    """A label in which the name of a known assignment is made one word."""
    for assignment in ASSIGNMENTS:
        label = label.replace(assignment, assignment.replace("_", ""))
    return label


def date_of(text: str) -> datetime | None:
    """The time in a name; None if it has no form that platforms use."""
    text = re.sub(r"\b(\d{1,2})(\d\d)( [AP]M)?$", r"\1:\2\3", text.strip())
    for form in (*DATES, "%Y-%m-%d-%H-%M-%S"):
        with contextlib.suppress(ValueError):
            return datetime.strptime(text, form)
    return None


def stamp_of(text: str) -> datetime | None:
    """The time in a `timestamp.txt`: of Sakai in local time, of nbgrader with its zone."""
    with contextlib.suppress(ValueError):
        if text[:14].isdigit():
            return datetime.strptime(text[:14], "%Y%m%d%H%M%S")
        zone = re.search(r"[+-]\d{4}$", text.strip())
        moment = f"{text[:19]} {zone[0] if zone else '+0000'}"
        moment_there = datetime.strptime(moment, "%Y-%m-%d %H:%M:%S %z")
        return moment_there.astimezone().replace(tzinfo=None)
    return None

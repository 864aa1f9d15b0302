"""Speaker notes of a notebook: a Markdown file for the lecturer, one part for each section.

The notes contain expected answers, so they are not in the notebooks that students get, but in
`lecture/notes/NAME.md` beside `NAME.ipynb`. Such a file has this form:

    # Quickstart

    What to have ready before the lesson.

    ## 1. A neuron that fires

    Minutes: 3

    **Say** what is on nobody's slide.

    **Ask** a question?

    **They will answer** this, and what to reply.

    **Touch it**

    1. The expected answer to the first question of the list above the live picture.

    **If time is short** what to leave out.

Its level-2 headings are exactly those of the notebook, in the same order. Text before the first one
belongs to the title. **Ask** may occur several times, each time with its answer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PARTS: Final = ("Say", "Ask", "They will answer", "Touch it", "If time is short")
"""The words in bold that a part of the notes begins with."""


@dataclass(frozen=True)
class SectionNotes:
    """The notes for one section."""

    heading: str
    minutes: int
    """Minutes for the whole section, with questions, sketches and live pictures."""
    parts: tuple[tuple[str, str], ...]
    """The name of each part, one of `PARTS`, and its Markdown, in their order."""

    @property
    def markdown(self) -> str:
        """The notes as Markdown for the speaker view of a slide."""
        said = [
            f"**{name}** {text}" if text[:1] != "1" else f"**{name}**\n\n{text}"
            for name, text in self.parts
        ]
        return "\n\n".join([f"{self.minutes} minutes", *said])


@dataclass(frozen=True)
class SpeakerNotes:
    """The notes of a notebook."""

    opening: str
    """Markdown on what to have ready."""
    sections: dict[str, SectionNotes]
    """By heading."""


def read_speaker_notes(file: Path) -> SpeakerNotes:
    """Read the notes of a notebook.

    Raises:
        FileNotFoundError: no such file.
        ValueError: a section without minutes, with text outside its parts, or twice.

    Example:
        >>> notes = read_speaker_notes(Path("notebooks/lecture/notes/00_quickstart.md"))
        >>> notes.sections["5. Why"].minutes
        2
    """
    _, *pieces = re.split(r"^# .+\n", file.read_text(encoding="utf-8"), maxsplit=1, flags=re.M)
    if not pieces:
        raise ValueError(f"{file.name} does not begin with a title, such as # Quickstart")
    opening, *rest = re.split(r"^## (.+)\n", pieces[0], flags=re.M)
    sections: dict[str, SectionNotes] = {}
    for heading, text in zip(rest[::2], rest[1::2], strict=True):
        if heading in sections:
            raise ValueError(f"{file.name} has the heading {heading!r} twice")
        sections[heading] = _section(f"{file.name}, {heading!r}", heading, text)
    return SpeakerNotes(opening.strip(), sections)


def _section(place: str, heading: str, text: str) -> SectionNotes:
    """The notes below a heading."""
    minutes = re.match(r"\s*Minutes: (\d+)\s*\n", text)
    if not minutes:
        raise ValueError(f"{place} does not begin with a line such as Minutes: 4")
    begin = rf"^\*\*({'|'.join(PARTS)})\*\*"
    before, *rest = re.split(begin, text[minutes.end() :], flags=re.M)
    if before.strip():
        raise ValueError(f"{place} has text that belongs to no part: {before.strip()[:60]!r}")
    parts = tuple((name, said.strip()) for name, said in zip(rest[::2], rest[1::2], strict=True))
    return SectionNotes(heading, int(minutes[1]), parts)

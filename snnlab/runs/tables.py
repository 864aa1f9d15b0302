"""Tables as text: Markdown for people, CSV for programs; and what stands above them."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from typing import Any

Entry = dict[str, Any]


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]], *, names: int = 1) -> str:
    """A Markdown table, columns of one width: the first `names` flush left, the others right."""
    lines = [[cell.replace("|", "\\|") for cell in line] for line in (header, *rows)]
    padded = aligned(lines, names=names)
    rule = "|".join(
        "-" * (len(cell) + 2) if i < names else "-" * (len(cell) + 1) + ":"
        for i, cell in enumerate(padded[0])
    )
    head, *body = (f"| {' | '.join(cells)} |" for cells in padded)
    return "\n".join([head, f"|{rule}|", *body])


def aligned(lines: Sequence[Sequence[str]], *, names: int = 1) -> list[list[str]]:
    """Cells padded to the width of their column: the first `names` flush left, others right."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return [
        [
            text.ljust(width) if i < names else text.rjust(width)
            for i, (text, width) in enumerate(zip(line, widths, strict=True))
        ]
        for line in lines
    ]


def document(*parts: str) -> str:
    """Paragraphs, headings and tables as one Markdown text."""
    return "\n\n".join(parts) + "\n"


def heading(
    title: str, asked: dict[str, Any], made_by: dict[str, Any], seeds: str, machine: str = ""
) -> str:
    """What was measured, where, and by what command.

    Args:
        title: what the study is.
        asked: `start`, its configuration, and its `seeds`, as its JSON file holds them.
        made_by: see `provenance.environment`.
        seeds: what is to be said of the seeds.
        machine: the same of the machine.
    """
    start, hardware = asked["start"], made_by["hardware"]
    where = f"{hardware.get('gpu') or hardware['processor']}, {hardware['threads']} thread(s)"
    lines = [
        f"# {title}: {start['data']['name']}, {start['model']['name']}",
        "",
        f"- seeds {', '.join(map(str, asked['seeds']))}; {seeds}",
        f"- {where}{machine}",
        "- " + ", ".join(f"{name} {version}" for name, version in made_by["versions"].items()),
        f"- code {made_by['code']}, commit {made_by['git_commit'] or 'unknown'}",
        f"- `{' '.join(made_by['command'])}`",
    ]
    return "\n".join(lines)


def groups(entries: Iterable[Entry], key: Callable[[Entry], Any]) -> dict[Any, list[Entry]]:
    """Entries with the same key together, in the order in which the keys appear."""
    found: dict[Any, list[Entry]] = {}
    for entry in entries:
        found.setdefault(key(entry), []).append(entry)
    return found


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A CSV with a line that names the columns."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([columns, *rows])
    return text.getvalue()

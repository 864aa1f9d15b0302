"""Writes the tables of RESULTS.md from the races that are kept in results/.

`python -m snnlab.bench.results`, in the folder of both, writes anew what stands between two marks:

    <!-- table epochs digits digits-rest T=1,2,4,8 methods=noise,no-noise -->
    <!-- end -->

`epochs` is the kind of table, one of `result_tables.KINDS`; then come the names of files in
results/ and, if not all that is usual is to be shown, T and methods. Where a file is not there the
table stays as it is; the first table takes those that are. `snnlab race --keep FILE` writes them.
"""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from snnlab.bench.result_tables import KINDS, Record, notes, sentence
from snnlab.settings import suggestion
from snnlab.studies.audit import read_race

FOLDER, PAGE = Path("results"), Path("RESULTS.md")
"""The folder of the races, and the page with the tables."""
MARKED = re.compile(r"(<!-- table ([^\n]*?) -->\n)(.*?)(<!-- end -->)", re.DOTALL)
WIDTH = 140
"""Longest line below a table, in characters."""


@dataclass(frozen=True)
class Mark:
    """The table that a mark in the page requests."""

    kind: str
    """One of `KINDS`."""
    names: list[str]
    """Names of files, without their ending."""
    timesteps: list[int]
    """T to show; none: the usual ones."""
    methods: list[str]
    """Methods to show; none: all."""

    @classmethod
    def of(cls, text: str) -> Mark:
        """Read a mark from its words.

        Raises:
            ValueError: an unknown kind of table, or another option.
        """
        kind, *words = text.split()
        options = dict(word.split("=", 1) for word in words if "=" in word)
        shown, methods = options.pop("T", ""), options.pop("methods", "")
        if options:
            raise ValueError(f"a table has the options T and methods, got {', '.join(options)}")
        if kind not in KINDS:
            raise ValueError(
                f"unknown table {kind!r}; valid: {', '.join(KINDS)}{suggestion(kind, KINDS)}"
            )
        return cls(
            kind,
            [word for word in words if "=" not in word],
            [int(T) for T in shown.split(",") if T],
            [method for method in methods.split(",") if method],
        )


def written(page: str, folder: Path) -> str:
    """The page with every table that can be written from the races in a folder.

    Args:
        page: Markdown with marks.
        folder: of the races.

    Raises:
        ValueError: a mark that asks for what there is not.
        RunError: a file that is damaged, or was changed after it was written.
    """

    def table(found: re.Match[str]) -> str:
        opening, asked, held, closing = found.groups()
        mark = Mark.of(asked)
        there = [name for name in mark.names if (folder / f"{name}.json").is_file()]
        if not there or (mark.kind != "first" and there != mark.names):
            return opening + held + closing
        races = {name: read_race(folder / f"{name}.json") for name in there}
        records = [Record(name, race, mark.methods) for name, race in races.items()]
        return opening + below(mark, records) + closing

    return MARKED.sub(table, page)


def below(mark: Mark, records: Sequence[Record]) -> str:
    """A table with its remark, and the origin of each of its races."""
    table, says = KINDS[mark.kind](records, mark.timesteps)
    said = " ".join([sentence(says), *notes(records)])
    lines = [filled(said), *(filled(f"- {record.made_by}", "  ") for record in records)]
    return f"\n{table}\n\n{lines[0]}\n\n" + "\n".join(lines[1:]) + "\n\n"


def filled(text: str, indent: str = "") -> str:
    """Wrap a paragraph, without breaking a word or an option of a command."""
    return textwrap.fill(
        text, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def main() -> None:
    """Write the page in this folder again."""
    if not PAGE.is_file():
        raise SystemExit(f"there is no {PAGE} here: run this in the folder of {PAGE} and {FOLDER}/")
    before = PAGE.read_text(encoding="utf-8")
    after = written(before, FOLDER)
    PAGE.write_text(after, encoding="utf-8")
    sys.stdout.write(f"{PAGE}: {'written' if after != before else 'nothing new'}\n")


if __name__ == "__main__":
    main()

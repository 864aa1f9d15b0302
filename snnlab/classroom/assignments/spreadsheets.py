"""Tables as CSV: written completely or not at all, read in any form that spreadsheets save."""

from __future__ import annotations

import csv
import hashlib
import io
import os
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

from snnlab.data.whole_files import written_whole

FORMULA = ("=", "+", "-", "@", "\t")
"""Beginnings of cells that a spreadsheet would treat as formulas."""
SEPARATORS = ",;\t|"
LONGEST_CELL = 1 << 24
CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f]")
"""Control characters, which no table contains."""


def write_whole(file: Path, data: bytes) -> None:
    """Write a file so that at any moment it is completely the old or the new one."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(file) as partial, partial.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def digest(*parts: bytes | str) -> str:
    """Sixteen hex digits of all parts."""
    whole = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        whole.update(hashlib.sha256(data).digest())
    return whole.hexdigest()[:16]


def write_rows(
    file: Path, fields: Sequence[str], rows: Iterable[Mapping[str, Any]], *, backup: bool = False
) -> None:
    """Write a table. Cells that a spreadsheet would take for formulas get an apostrophe.

    Args:
        file: the table.
        fields: its columns.
        rows: cells by column; other columns are an error, missing cells are empty.
        backup: whether to copy the old table to `backups/` if it changes.
    """
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, list(fields), restval="")
    writer.writeheader()
    for row in rows:
        writer.writerow({key: harmless(value) for key, value in row.items()})
    data = stream.getvalue().encode("utf-8-sig", errors="replace")
    before = file.read_bytes() if backup and file.is_file() else data
    write_whole(file, data)
    if before != data:
        stamp = time.strftime("%Y%m%d-%H%M%S")
        name = f"{file.stem}-{stamp}-{digest(before)[:6]}.csv"
        write_whole(file.parent / "backups" / name, before)


def harmless(value: Any) -> Any:
    """A cell that no spreadsheet treats as a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def read_rows(file: Path) -> list[dict[str, str]]:
    """Read a table, empty if there is no file; row i here is row i + 2 in a spreadsheet.

    Separators may be comma, semicolon, tab or bar; encodings UTF-8 with or without BOM, UTF-16 or
    cp1252. Names of columns are in small letters; a missing one is `column 7`, for instance. The
    apostrophe of `harmless` is removed.

    Raises:
        ValueError: the file is no table.
    """
    if not file.is_file():
        return []
    text = text_of(file.read_bytes())
    if not text.strip() or CONTROL.search(text):
        what = "holds a workbook or other bytes, not text" if text.strip() else "is empty"
        raise ValueError(f"{file.name} {what}; save it as CSV, or put it aside")
    first, _, rest = text.partition("\n")
    if first.strip().lower().startswith("sep="):  # Excel's own note about the separator
        text, first = rest, rest.partition("\n")[0]
    separator = max(SEPARATORS, key=first.count)
    csv.field_size_limit(LONGEST_CELL)
    try:
        table = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
    except csv.Error as error:
        raise ValueError(f"{file.name} is no table: {error}") from error
    columns = {
        name.strip().lower() or f"column {number}": map(as_typed, cells)
        for number, (name, *cells) in enumerate(zip_longest(*table, fillvalue=""), 1)
        if name.strip() or any(map(str.strip, cells))
    }
    rows = (dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True))
    return [row for row in rows if any(map(str.strip, row.values()))]


def text_of(data: bytes) -> str:
    """The text of a file of unknown encoding; raises nothing."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace")
    if b"\x00" in data[:200]:
        encoding = "utf-16-be" if data[:1] == b"\x00" else "utf-16-le"
        return data.decode(encoding, errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def as_typed(cell: str) -> str:
    """A cell without the apostrophe of `harmless`."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(FORMULA) else cell

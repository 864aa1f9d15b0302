"""Files and tables: written whole or not at all, read back from whatever a spreadsheet saved."""

from __future__ import annotations

import csv
import hashlib
import io
import os
import re
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

FORMULA = ("=", "+", "-", "@", "\t")
"""How a cell begins that a spreadsheet would compute."""
SEPARATORS = ",;\t|"
LONGEST_CELL = 1 << 24
CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f]")
"""What stands in no table."""


def write_whole(file: Path, data: bytes) -> None:
    """Write a file so that it is the old one or the new one at any moment, never a part of one."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def digest(*parts: bytes | str) -> str:
    """Sixteen hex digits of all parts."""
    whole = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        whole.update(hashlib.sha256(data).digest())
    return whole.hexdigest()[:16]


def write_rows(file: Path, fields: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Write a table. Cells that a spreadsheet would take for formulas get an apostrophe."""
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, list(fields), restval="")
    writer.writeheader()
    for row in rows:
        writer.writerow({key: harmless(value) for key, value in row.items()})
    write_whole(file, stream.getvalue().encode("utf-8-sig", errors="replace"))


def harmless(value: Any) -> Any:
    """A cell that no spreadsheet computes."""
    if isinstance(value, str) and value.startswith(FORMULA):
        return "'" + value
    return value


def read_rows(file: Path) -> list[dict[str, str]]:
    """Read a table, none if there is no file; a row in a spreadsheet is its place here plus 2.

    Comma, semicolon, tab or bar; UTF-8 with or without BOM, UTF-16, cp1252. Names of columns are
    small letters, `column 7` where there is none; the apostrophe of `harmless` goes.

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
    table = table or [[]]
    width = max(len(cells) for cells in table)
    names = [cell.strip().lower() for cell in table[0]] + [""] * (width - len(table[0]))
    unnamed = {i for i, name in enumerate(names) if not name}
    used = {i for cells in table[1:] for i, cell in enumerate(cells) if cell.strip()}
    names = [name or f"column {i + 1}" for i, name in enumerate(names)]
    kept = [i for i in range(width) if i not in unnamed - used]
    return [
        {names[i]: as_typed(cells[i]) if i < len(cells) else "" for i in kept}
        for cells in table[1:]
        if any(cell.strip() for cell in cells)
    ]


def back_up(file: Path, before: bytes | None) -> None:
    """Put a table as it was before into `backups/`, if it is another one now."""
    if before is not None and before != file.read_bytes():
        stamp = time.strftime("%Y%m%d-%H%M%S")
        write_whole(
            file.parent / "backups" / f"{file.stem}-{stamp}-{digest(before)[:6]}.csv", before
        )


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

"""JSON and text files of run folders: checked when read, written completely or not at all."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, TypeGuard

from snnlab.data.spec import why
from snnlab.data.whole_files import patiently, written_whole

MOST_BYTES = 16 * 2**20
"""Largest size of a text file in a run folder: ten times that of the largest run."""


class RunError(ValueError):
    """A run that does not exist or cannot be read; the message says which runs there are."""


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file.

    Raises:
        RunError: the file is missing or holds something else.
    """
    try:
        text = read_text(path)
        value = json.loads(text)
        if "\\u" in text:  # an escape can encode half a character, which cannot be displayed
            json.dumps(value, ensure_ascii=False).encode()
    except FileNotFoundError:
        raise RunError(f"{path.name} is missing") from None
    except (OSError, ValueError, RecursionError) as error:
        raise RunError(f"{path.name} cannot be read: {why(error)}") from error
    if not isinstance(value, dict):
        raise RunError(f"{path.name} must hold an object, got {type(value).__name__}")
    return value


def optional_json(path: Path) -> dict[str, Any] | None:
    """Like `read_json`, None if there is no such file."""
    return read_json(path) if path.exists() else None


def read_text(path: Path, errors: str = "strict") -> str:
    """The content of a text file.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no file, no text, or longer than any run writes one.
    """
    if path.exists() and not path.is_file():  # reading a pipe would wait for ever
        raise ValueError("it is not a file")
    with patiently(lambda: path.open(encoding="utf-8", errors=errors)) as file:
        text = file.read(MOST_BYTES + 1)
    if len(text) > MOST_BYTES:
        raise ValueError(f"it has more than {MOST_BYTES // 2**20} MB")
    return text


def finite(value: Any) -> Any:
    """The value with None in place of infinite numbers and NaN, which JSON cannot hold."""
    if isinstance(value, dict):
        return {str(key): finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Write a JSON object to a file, whole or not at all."""
    write_text(path, json.dumps(value, indent=2) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a text file, whole or not at all."""
    with written_whole(path) as partial:
        partial.write_text(text, encoding="utf-8")


def is_number(value: Any) -> TypeGuard[float]:
    """Whether something is a number (not a boolean) between -1e15 and 1e15."""
    return not isinstance(value, bool) and isinstance(value, int | float) and abs(value) < 1e15

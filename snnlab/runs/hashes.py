"""Hashes that show whether a measurement, its configuration or its weights were changed."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from snnlab.data.spec import why
from snnlab.runs.files import RunError, read_json
from snnlab.settings import quoted

WEIGHTS = "weights.safetensors"
HASHES, VALUES = "hashes", "values"
"""Keys in a result: its hashes; and among them, that of its own values."""


def digest(values: Any) -> str:
    """SHA-256 of values that JSON can hold, in hex digits; the order of keys does not matter."""
    as_json = json.loads(json.dumps(values))  # turns keys into texts, which sort differently
    return hashlib.sha256(json.dumps(as_json, sort_keys=True).encode()).hexdigest()


def config_digest(folder: Path) -> str:
    """SHA-256 of the values in config.json."""
    return digest(read_json(folder / "config.json"))


def sealed(values: dict[str, Any], files: dict[str, str] | None = None) -> dict[str, Any]:
    """A result with its own hash added, and those of files that belong to it."""
    return values | {HASHES: (files or {}) | {VALUES: digest(values)}}


def sealed_result(result: dict[str, Any], folder: Path) -> dict[str, Any]:
    """A measurement with hashes of itself, of the configuration and of the weights (the bytes)."""
    files = {"config.json": config_digest(folder), WEIGHTS: weights_digest(folder)}
    return sealed(result, files)


def check_sealed(name: str, values: dict[str, Any]) -> None:
    """Raise RunError if a result was changed after it was written to the file `name`."""
    found = digest({key: value for key, value in values.items() if key != HASHES})
    check_hash(VALUES, found, values, name)


def weights_digest(folder: Path) -> str:
    """SHA-256 of the file of the weights.

    Raises:
        RunError: it cannot be read.
    """
    try:
        with (folder / WEIGHTS).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise RunError(f"{WEIGHTS} cannot be read: {why(error)}") from error


def check_hash(key: str, found: str, result: dict[str, Any], name: str = "result.json") -> None:
    """Raise RunError unless a hash is the recorded one; results of older versions have none.

    Args:
        key: the key of the recorded hash.
        found: the hash of the present content.
        result: the result with the recorded hashes.
        name: name of the result's file.
    """
    if HASHES not in result:
        return
    hashes = result[HASHES]
    if not isinstance(hashes, dict) or not isinstance(hashes.get(key), str):
        raise RunError(f"{name} must hold {HASHES} as text by file, got {quoted(hashes)}")
    if hashes[key] != found:
        changed = name if key == VALUES else key
        raise RunError(
            f"{changed} was changed after it was measured: its SHA-256 begins with {found[:8]}, "
            f"{quoted(hashes[key][:8])} was recorded"
        )

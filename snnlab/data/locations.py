"""Where data sets lie on this machine."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_cache_dir


def cache_folder() -> Path:
    """$SNNLAB_CACHE, or the user's cache folder for this program."""
    given = os.environ.get("SNNLAB_CACHE")
    return Path(given).expanduser() if given else Path(user_cache_dir("snnlab", appauthor=False))


def data_folder(root: str | Path | None = None) -> Path:
    """The folder of downloaded sets: `root`, or $SNNLAB_DATA, or a part of the cache folder."""
    given = root or os.environ.get("SNNLAB_DATA")
    return Path(given).expanduser() if given else cache_folder() / "downloads"

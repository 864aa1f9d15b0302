"""What a wheel holds beside the package; see `snnlab/classroom/brought.py`."""

import runpy
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class BringTheCourse(BuildHookInterface):
    """Put the course and the dashboard's page into the wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Name the files, and where in the wheel they go."""
        if version == "editable":  # they are found where they are
            return
        root = Path(self.root)
        brought = runpy.run_path(str(root / "snnlab" / "classroom" / "brought.py"))
        for file in brought["files"](root):
            place = f"snnlab/{brought['FOLDER']}/{file.relative_to(root).as_posix()}"
            build_data["force_include"][str(file)] = place

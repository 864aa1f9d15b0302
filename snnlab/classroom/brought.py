"""Files that a wheel contains besides the package: the course, and the dashboard's script.

In a checkout these files lie beside the package; `hatch_build.py` puts them into the wheel, with
the same folders, below `snnlab/_brought`. Assignments and notes for lecturers are left out, as they
contain the answers.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

FILES = (
    *("app.py", ".streamlit/config.toml"),
    *("notebooks/*.ipynb", "notebooks/README.md", "notebooks/.jupyter/labconfig/*.json"),
)
"""The files, as patterns relative to the folder of the checkout."""
FOLDER = "_brought"
"""Their folder in an installed package."""
PACKAGE = Path(__file__).resolve().parents[1]


def files(root: Path) -> Iterator[Path]:
    """The files of `FILES` in a checkout, or in the folder of an installed package."""
    for pattern in FILES:
        yield from sorted(root.glob(pattern))


def home() -> Path:
    """The folder that holds them: this checkout, or the one in the installed package.

    Raises:
        ValueError: this installation does not contain them.
    """
    for root in (PACKAGE / FOLDER, PACKAGE.parent):
        if (root / "app.py").is_file() and (root / "notebooks" / "README.md").is_file():
            return root
    raise ValueError(
        f"the snnlab in {str(PACKAGE)!r} came without course and dashboard; "
        "install a wheel of it, or the whole checkout, with pip install"
    )

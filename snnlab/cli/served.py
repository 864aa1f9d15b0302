"""`snnlab app` and `snnlab lab`: the dashboard and the course, in a browser.

Both start the server of another package, and pass all options to it except the few defined here.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import tyro

from snnlab.classroom.brought import PACKAGE, home
from snnlab.cli.answer import need
from snnlab.cli.help import ASKING

SERVED = ("app", "lab")
"""The commands with a server."""
OWN_FLAGS = ("--no-browser", *ASKING)
"""Options after `app` or `lab` that are not passed on."""
COPY = Path("snnlab-course")
"""Default folder for the copy of the course; a checkout needs none."""
Further = tyro.conf.Suppress[tuple[str, ...]]


@dataclass(frozen=True)
class App:
    """Open the dashboard in a browser; it is served to this machine only.

    All other options go to Streamlit: snnlab app --server.port 8600
    """

    no_browser: bool = False
    """Only print the address."""
    further: Further = ()
    """What Streamlit gets."""

    def execute(self) -> None:
        """Serve until Ctrl-C."""
        need("streamlit", "the dashboard needs streamlit: pip install streamlit")
        page = home() / "app.py"
        from streamlit.web import cli

        from snnlab.dashboard import opening

        if not self.no_browser:
            opening.shown_by.append(opening.show_in_browser)
        streamlit: Any = cli  # our options stand in .streamlit/config.toml, beside the page
        try:
            streamlit.main(["run", str(page), *self.further], standalone_mode=False)
        except streamlit.click.Abort:  # Ctrl-C
            pass
        except streamlit.click.ClickException as error:
            raise ValueError(error.format_message()) from None


@dataclass(frozen=True)
class Lab:
    """Open the course in JupyterLab; from a wheel, in a copy that is yours to change.

    All other options go to JupyterLab: snnlab lab my-course --port 8890
    """

    folder: Annotated[Path | None, tyro.conf.Positional, tyro.conf.arg(metavar="[FOLDER]")] = None
    """Where the copy is laid; by default in snnlab-course, and a checkout is opened itself."""
    no_browser: bool = False
    """Only print the address."""
    further: Further = ()
    """What JupyterLab gets."""

    def execute(self) -> None:
        """Lay the copy, and serve until Ctrl-C."""
        need("jupyterlab", "the course needs jupyterlab: pip install jupyterlab")
        course = home() / "notebooks"
        checkout = course.parent == PACKAGE.parent
        if self.folder is None and checkout:
            root = course
        elif self.folder is not None and self.folder == Path():
            raise ValueError("lab needs the path of a folder, got '' or '.': name one for the copy")
        else:
            from snnlab.classroom.course_copy import lay_course

            root = (self.folder or COPY).expanduser().resolve()
            print(lay_course(course, root).told(root))
        sys.stdout.flush()
        settings = [str(course / ".jupyter"), os.environ.get("JUPYTER_CONFIG_PATH", "")]
        os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(filter(None, settings))
        from jupyterlab.labapp import LabApp

        options = [f"--ServerApp.root_dir={root}", "--LabApp.default_url=/lab/tree/README.md"]
        options += ["--no-browser"] * self.no_browser
        LabApp.launch_instance([*options, *self.further])


def divided(args: Sequence[str]) -> tuple[list[str], tuple[str, ...]]:
    """Arguments of a command: ours, and of `app` and `lab` those that the server gets.

    Example:
        >>> divided(["lab", "here", "--port", "8890", "--no-browser"])
        (['lab', '--no-browser', 'here'], ('--port', '8890'))
    """
    if not args or args[0] not in SERVED:
        return list(args), ()
    command, *rest = args
    own = [command, *(word for word in rest if word in OWN_FLAGS)]
    rest = [word for word in rest if word not in OWN_FLAGS]
    while rest and not rest[0].startswith("-"):
        own.append(rest.pop(0))
    return own, tuple(rest)

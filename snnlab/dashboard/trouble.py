"""Errors on the server: shown to the visitor in a line, while the rest of the page stays usable."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import streamlit as st

from snnlab.dashboard.screen import complain, warn
from snnlab.data.whole_files import written_whole
from snnlab.runs.files import RunError

REFUSALS = (ValueError, OSError)
"""Errors of an action that the visitor is told: refusals of the kit, and errors of the disk."""
IN_THE_WAY = (errno.ENOTDIR, errno.EEXIST, errno.EISDIR, errno.ELOOP)
SAID = {
    (errno.EROFS, errno.EACCES, errno.EPERM): "The folder of runs is read-only, so nothing was "
    "changed. Whoever runs the server can change that.",
    (errno.ENOENT, errno.ESTALE): "What this needs is not in the folder of runs any more. "
    "Somebody may have deleted it.",
    IN_THE_WAY: "Something else lies where the folder of runs should be, so nothing was written. "
    "Whoever runs the server can move it away.",
}
"""Sentences for errors of the operating system, by their numbers."""
COMPLAINT = "complaint"
"""In the session: why the last action was refused."""
WENT_WRONG = "Something went wrong here, and this part of the page is missing"
LOG = logging.getLogger(__name__)


def said_of(error: BaseException) -> str:
    """An error in words for a visitor: no path, no error number, but what can be done.

    Example:
        >>> said_of(OSError(30, "Read-only file system"))
        'The folder of runs is read-only, so nothing was changed. Whoever runs the server can ...'
    """
    from snnlab.runs.problems import is_disk_error  # here: it needs torch

    if not isinstance(error, OSError):
        return str(error) or type(error).__name__
    if is_disk_error(error):
        return (
            "The disk of the server is full, so nothing was written. "
            "Delete runs that nobody needs, then try again."
        )
    unknown = f"The server could not do that: {error.strerror or type(error).__name__}."
    return next((said for numbers, said in SAID.items() if error.errno in numbers), unknown)


def trouble_with(root: Path) -> str:
    """A sentence that says why the folder of runs cannot be read; empty if it can."""
    try:
        with os.scandir(root):
            return ""
    except FileNotFoundError:
        return (
            "The folder of runs is not there: it was deleted or moved. The next run makes it anew."
        )
    except OSError as error:
        if error.errno in IN_THE_WAY:
            return "Something else lies where the folder of runs should be: no run can be read."
        return f"The folder of runs cannot be read ({error.strerror})."


def try_to_write(root: Path) -> None:
    """Make the folder of runs if it is missing, and see whether it can be written to.

    Raises:
        RunError: it is not there and cannot be made; the log of the server says where.
        OSError: nothing can be written there.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
    except FileNotFoundError as error:  # no folder can be made in /proc, say
        LOG.error("the folder of runs cannot be made: %s", error)
        raise RunError(
            f"The folder of runs is not there and cannot be made ({error.strerror}), so nothing "
            "was written. Whoever runs the server can change that: its log names the folder."
        ) from error
    with written_whole(root / ".room") as partial:
        partial.write_bytes(bytes(4096))
    (root / ".room").unlink(missing_ok=True)


def attempt(action: Callable[[], object]) -> None:
    """Do an action and redraw the page; if it is refused, `draw_complaint` says why."""
    try:
        action()
    except REFUSALS as error:
        st.session_state[COMPLAINT] = said_of(error)
    st.rerun()


def attempt_here(action: Callable[[], object]) -> None:
    """The same in a form or popover: a refusal is shown in place, without redrawing the page."""
    try:
        action()
    except REFUSALS as error:
        complain(said_of(error))
    else:
        st.rerun()


def draw_complaint() -> None:
    """Say why the last action was refused, once."""
    if said := st.session_state.pop(COMPLAINT, None):
        complain(said)


@contextlib.contextmanager
def guarded(name: str, root: Path) -> Iterator[None]:
    """Catch any error of a page: show a sentence, and write the traceback to the server's log.

    This is for unforeseen errors. Those that can be foreseen are handled where they happen.

    Args:
        name: of the page, for the log.
        root: the folder of runs; if it is unusable, the page says so first.
    """
    if trouble := trouble_with(root):
        warn(trouble)
    try:
        yield
    except Exception as error:
        LOG.exception("page %s", name)
        complain(f"{WENT_WRONG}: {said_of(error)}")

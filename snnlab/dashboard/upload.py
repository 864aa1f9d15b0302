"""Images that visitors upload: the field on the page Train, and the list for the teacher."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx

from snnlab.dashboard import address
from snnlab.dashboard.first_look import ArchiveContents
from snnlab.dashboard.kept_archives import (
    FOLDER,
    ID,
    MOST_BYTES,
    MOST_TOTAL,
    KeptArchive,
    every,
    keep,
    kept_at,
    of_visitor,
    picture_of,
    remove,
    stage,
)
from snnlab.dashboard.screen import complain, escaped, warn
from snnlab.dashboard.service import active_jobs, runs_folder
from snnlab.dashboard.trouble import REFUSALS, attempt_here, said_of, try_to_write
from snnlab.dashboard.visitor import name_of_user, visitor
from snnlab.data.limits import UPLOADED, in_words
from snnlab.data.own_data import check_offered
from snnlab.data.spec import ARCHIVE_ENDINGS, DataError
from snnlab.jobs.fair_queue import Job

DATA = "data"
"""The name in links of the control that chooses the data set."""
ENDINGS = tuple(dict.fromkeys(f".{ending.rpartition('.')[2]}" for ending in ARCHIVE_ENDINGS))
"""File endings that the browser accepts; it compares only the last part of a name."""
MOST_NAMED = 4
"""Classes that a sentence names."""
NUMBER, STAGED, REFUSED, CHOSEN = "upload-number", "upload-staged", "upload-refused", "upload-new"
"""In the session: the number of the field, which is a new one after each upload; the upload that
waits to be checked; why the last one was refused; the id of the last one that was kept."""
MISSING = "upload-missing"
"""In the session: whether the images of the link were gone when the page was last drawn."""
NOT_HERE = "The images of this link are not here (any more)."


def folder() -> Path:
    """The folder of the archives."""
    return runs_folder().absolute() / FOLDER


def offered() -> dict[str, KeptArchive]:
    """The archives that this visitor can choose, by id: the own ones, and one in the link."""
    found = {one.id: one for one in of_visitor(folder(), visitor())}
    linked = address.link_value(DATA) or ""
    if linked not in found and (kept := kept_at(folder() / linked)):
        found[linked] = kept
    return found


def title_of_upload(id: str) -> str:
    """The name of an archive in the menu."""
    kept = kept_at(folder() / id)
    if kept is None or kept.look is None:
        return id
    return f"{kept.name(visitor())}: {kept.look.images:,} images, uploaded"


def located(name: str) -> str:
    """The name of a data set for a training: the path, if it is an archive."""
    return str(folder() / name) if ID.fullmatch(name) else name


def newly_kept() -> str | None:
    """The id of an archive that was just kept; the next call returns None."""
    found = st.session_state.pop(CHOSEN, None)
    return None if found is None else str(found)


def chosen() -> KeptArchive | None:
    """The archive that is chosen as data set, if one is."""
    return kept_at(folder() / (address.link_value(DATA) or ""))


def upload_control(place: Any) -> None:
    """A field that uploads an archive of images, and the error of the last upload.

    It is left out if the place is None, or a lesson has set the data.
    """
    linked = address.link_value(DATA) or ""
    missing = bool(ID.fullmatch(linked)) and kept_at(folder() / linked) is None
    st.session_state[MISSING] = missing
    if missing:
        st.warning(NOT_HERE, icon=":material/link_off:")
    try:
        check_offered(linked)
    except DataError as error:
        warn(error)
    if place is None or DATA in address.set_by_lesson():
        return
    key = f"upload-{st.session_state.get(NUMBER, 0)}"
    place.file_uploader(
        "Your images (zip or tar)",
        type=ENDINGS,
        max_upload_size=MOST_BYTES // 2**20,
        key=key,
        on_change=take_in,
        args=(key,),
        help="One folder of images for each class, packed into one file; or such folders in "
        "train and test. "
        f"{in_words(MOST_BYTES)} and {UPLOADED.images:,} images at most.",
    )
    if (staged := st.session_state.pop(STAGED, None)) is not None:
        with place, st.spinner("Looking at your images ..."):
            look_at(*staged)
    if reason := st.session_state.get(REFUSED):
        complain(reason, place)


def check_linked() -> None:
    """Raise DataError if the images of the link have gone: the control has just left them."""
    if st.session_state.get(MISSING):
        raise DataError(NOT_HERE)


def take_in(key: str) -> None:
    """Write the uploaded file to disk, and free its memory."""
    file = st.session_state.get(key)
    if file is None:
        return
    st.session_state.pop(REFUSED, None)
    try:
        try_to_write(runs_folder())  # else it is not said that it is this folder
        st.session_state[STAGED] = stage(file.getbuffer(), folder()), file.name
    except REFUSALS as error:
        refuse(file.name, error)
    st.session_state[NUMBER] = st.session_state.get(NUMBER, 0) + 1
    context = get_script_run_ctx()
    if context is not None and isinstance(context.uploaded_file_mgr, MemoryUploadedFileManager):
        context.uploaded_file_mgr.remove_file(context.session_id, file.file_id)


def look_at(staged: Path, name: str) -> None:
    """Keep an archive if it can be trained on, choose it, and redraw the page."""
    try:
        st.session_state[CHOSEN] = keep(staged, name, visitor(), folder()).id
    except REFUSALS as error:
        refuse(name, error)
    else:
        st.rerun()


def refuse(name: str, error: Exception) -> None:
    """Remember why an upload was refused, until the next one."""
    said = said_of(error)
    st.session_state[REFUSED] = said if said.startswith(name) else f"{name}: {said}"


def sizes() -> tuple[int | None, ...]:
    """Image sizes to choose from, the suggested one first; none unless an archive is chosen."""
    kept = chosen()
    return kept.look.sizes if kept and kept.look else ()


def size_in_words(side: int | None) -> str:
    """An image size with its cost, which grows with the number of pixels."""
    kept = chosen()
    if kept is None or kept.look is None:
        return str(side)
    look, suggested = kept.look, kept.look.sizes[0]
    words = in_pixels(look.smallest if side is None else (side, side))
    if side == suggested:
        return f"{words}, as they are" if side is None else f"{words}, suggested"
    share = look.pixels(side) / look.pixels(suggested)
    return (
        f"{words}, {share:.0f} times the work"
        if share >= 10
        else f"{words}, {share:.2g} times the work"
    )


def draw_chosen(place: Any) -> None:
    """The contents of the chosen archive, and a button that removes it."""
    kept = chosen()
    if place is None or kept is None or kept.look is None:
        return
    picture = picture_of(kept.path)
    with contextlib.suppress(OSError):
        alt = f"{len(kept.look.samples)} of the images: {', '.join(kept.look.samples)}"
        place.image(picture.read_bytes(), alt=alt, width="content")
    place.caption(escaped_summary(kept))
    if kept.look.notes:
        place.caption("  \n".join(["Passed over:", *map(escaped, kept.look.notes)]))
    if visitor() not in kept.owners or DATA in address.set_by_lesson():
        return
    with place.popover("Remove", icon=":material/delete:"):
        st.write("Your archive goes; runs that were trained on it stay, without their images.")
        if st.button("Remove for good", key=f"remove-{kept.id}", type="primary"):
            attempt_here(lambda: remove_own(kept))


def escaped_summary(kept: KeptArchive) -> str:
    """Number, classes and sizes of the images as Markdown."""
    look = kept.look
    assert look is not None
    parts = [f"{look.images:,} images", "grey" if look.channels == 1 else "colour"]
    parts += [sizes_in_words(look), in_words(kept.bytes)]
    return f"{escaped(', '.join(parts))}.  \n{escaped(classes_in_words(look))}"


def sizes_in_words(look: ArchiveContents) -> str:
    """The sizes of the images in words, width first as in image viewers."""
    first, last = in_pixels(look.smallest), in_pixels(look.largest)
    return f"{first} pixels" if look.one_size else f"{first} to {last} pixels"


def in_pixels(size: tuple[int, int]) -> str:
    """A size, given as (height, width), as width × height."""
    return f"{size[1]:,} × {size[0]:,}"


def classes_in_words(look: ArchiveContents) -> str:
    """The classes with their numbers of images.

    Example:
        >>> classes_in_words(look)
        'cat 8, dog 8'
    """
    named = [f"{name} {count:,}" for name, count in look.classes.items()]
    if len(named) <= MOST_NAMED:
        return ", ".join(named)
    fewest, most = min(look.classes.values()), max(look.classes.values())
    each = f"{fewest:,}" if fewest == most else f"{fewest:,} to {most:,}"
    names = ", ".join(list(look.classes)[:MOST_NAMED])
    return f"{len(named):,} classes with {each} images each: {names}, ..."


def remove_own(kept: KeptArchive) -> None:
    """Remove an archive of the visitor.

    Raises:
        DataError: a run of the visitor needs it.
        OSError: it cannot be removed.
    """
    if any(visitor() in job.users for job in users_of(kept)):
        raise DataError("A run of yours that waits or trains needs these images: cancel it first.")
    remove(kept, visitor())
    address.forget([DATA, "size"])


def users_of(kept: KeptArchive) -> list[Job]:
    """The jobs that wait or train and need an archive."""
    path = kept.path.absolute()
    return [job for job in active_jobs() if Path(job.config.data.name).absolute() == path]


def draw_uploaded() -> None:
    """For the teacher: all archives with owners, contents and users, and buttons to remove them."""
    found = every(folder())
    if not found:
        st.info("Nobody has uploaded images.", icon=":material/photo_library:")
        return
    used = sum(one.bytes for one in found)
    st.caption(
        f"{len(found)} {'archive' if len(found) == 1 else 'archives'}, {in_words(used)} of the "
        f"{in_words(MOST_TOTAL)} that this server keeps."
    )
    for kept in found:
        draw_archive(kept)


def draw_archive(kept: KeptArchive) -> None:
    """One archive in the teacher's list."""
    frame = st.container(border=True)
    line, end = frame.columns([5, 1], vertical_alignment="center")
    wanted = users_of(kept)
    whose = [
        f"{name_of_user(visitor)}, {time.strftime('%d %b %H:%M', time.localtime(when))}"
        for visitor, (_, when) in kept.owners.items()
    ]
    parts = [in_words(kept.bytes)]
    if kept.look is not None:
        parts += [f"{kept.look.images:,} images", sizes_in_words(kept.look)]
        parts += [classes_in_words(kept.look)]
    if wanted:
        parts.append(f"{runs(len(wanted))} or {'trains' if len(wanted) == 1 else 'train'} on it")
    text = f"**{escaped(kept.name())}**, {escaped(', '.join(parts))}.  \n"
    line.markdown(text + escaped(f"By {'; '.join(whose) or 'an unknown visitor'}"))
    with end.popover("Remove", icon=":material/delete:", key=f"uploaded-{kept.id}"):
        st.write("It goes for everybody. Runs that were trained on it stay, without their images.")
        if wanted:
            st.write(f"{runs(len(wanted))} for it and will fail.")
        if st.button("Remove for good", key=f"uploaded-remove-{kept.id}", type="primary"):
            attempt_here(lambda: remove(kept, None))


def runs(number: int) -> str:
    """A number of waiting runs in words."""
    return "1 run waits" if number == 1 else f"{number} runs wait"
